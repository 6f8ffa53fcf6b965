/* killtest.h - a worker that is killed, and the judge of what it leaves behind.
 *
 * Everything about work n follows from n, so the judge knows what to look for. The
 * worker writes n to its standard output when the work was acknowledged to it.
 *
 *   deposit   a command under a key
 *   transfer  the bundled saga funds_transfer
 *   note      an append to a plain stream, at an exact expected version
 *   notes     the same to two streams at once
 *   errand    a saga: money is held, somebody asked, a while waited (a few ms, or over
 *             a second, so that kills find it waiting), something delivered; a third of
 *             them fail there, and give the money back
 *   voyage    the same with a delivery that cannot be repeated, but be asked about
 *
 * Beside them a schedule starts a run each second.
 */
#ifndef SARN_TESTS_CRASH_KILLTEST_H
#define SARN_TESTS_CRASH_KILLTEST_H

#include <sarn/payments.h>
#include <sarn/sarn.h>

#include "kill_schema.h"

#define KILL_ACCOUNTS     16u
#define KILL_NOTE_STREAMS 8u
#define KILL_IN_FLIGHT    32u
#define KILL_BACK_MAX     64u     /* Works that a life does again, at most. */
#define KILL_WORKS_MAX    200000u /* Of one log. */
#define KILL_MODULES      3u

#define KILL_NOTES       "notes"
#define KILL_LATER_NOTES "later_notes"
#define KILL_ERRAND      "errand"
#define KILL_VOYAGE      "voyage"
#define KILL_TICK        "tick"

extern const struct sarn_module *const kill_modules[KILL_MODULES];

/* --- kill_load.c: what work n is --- */

enum kill_kind {
    KILL_IS_DEPOSIT,
    KILL_IS_TRANSFER,
    KILL_IS_NOTE,
    KILL_IS_NOTES,
    KILL_IS_ERRAND,
    KILL_IS_VOYAGE
};

enum kill_kind kill_kind_of(uint64_t n);
int64_t kill_amount(uint64_t n);
/* An errand or a voyage: it is bound to fail. */
bool kill_fails(uint64_t n);
int64_t kill_wait_us(uint64_t n);
uint32_t kill_account(uint64_t n);
/* The i-th stream of a note or notes; how many. */
uint32_t kill_note_stream(uint64_t n, uint32_t i);
uint32_t kill_note_count(uint64_t n);

/* --- kill_worker.c --- */

/* Work from first on until killed, on the log at path; limit works, 0: no end. */
int kill_work(const char *path, uint64_t first, uint64_t limit);

/* --- kill_judge.c, kill_books.c --- */

/* What the log says of the books. */
struct kill_books {
    int64_t paid_in;
    uint64_t notes[KILL_NOTE_STREAMS], sums[KILL_NOTE_STREAMS];
    uint64_t ticks;
    int64_t last_tick; /* Second of its day; -1: none. */
};

/* What is known of the log between two kills. */
struct kill_judge {
    const char *path;
    uint64_t hash, position; /* Of what was read last time: a running hash, its end. */
    unsigned char *acked;    /* By work. */
    unsigned char *begun;    /* How often its effect, or its start, is in the log. */
    unsigned char *ended;    /* How often it is in the log that it ended. */
    unsigned char *held;     /* Errands: money that is held, or was. */
    unsigned char *undone;   /* Errands: money that was given back. */
    uint64_t acks, events;
    uint64_t begun_max; /* No work beyond this has left a trace. */
    struct kill_books books;
    uint64_t reading_hash, last_note;
    bool prefix_held;
};

void kill_judge_init(struct kill_judge *judge, const char *path);
void kill_judge_done(struct kill_judge *judge);
/* Read the log after a kill and hold it to its promises. Says what is wrong and ends
 * the program with 1 when it is not. all_ended: nobody works on it any more. */
void kill_judge_inspect(struct kill_judge *judge, bool all_ended);

/* Do the tables say what the events say? later: the async ones have caught up. */
void kill_books_check(const struct kill_books *books, sarn_log *log, bool later);
/* A tick was started: the next one after the last, or it is wrong. */
void kill_books_tick(struct kill_books *books, struct sarn_str stream);

_Noreturn void kill_wrong(const char *what, uint64_t n);
_Noreturn void kill_die(const char *what, const char *why);
void kill_must(sarn_status status, const struct sarn_error *error, const char *what);

#endif
