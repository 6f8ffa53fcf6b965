/* powercut.h - power cuts, shared by the parts of powercut:
 *
 *   power_draw.c    numbers drawn from a seed; memory, or the end
 *   power_shim.c    records what a program does to its log's file (LD_PRELOAD)
 *   power_trace.c   reads that again
 *   power_load.c    the works: what is asked of the engine, drawn from a seed
 *   power_voyage.c  a workflow that is in flight over many a cut
 *   power_life.c    a program that is recorded: it does works
 *   power_record.c  makes traces: several lives, some killed, on an old file or none
 *   power_disk.c    a state that the disk may be in after a cut
 *   power_story.c   what a trace says was acknowledged, and the log it led to
 *   power_judge.c   holds a state's file against the story
 *   power_pool.c    judges many states in processes of their own
 *   powercut.c      the command line
 */
#ifndef SARN_TESTS_CRASH_POWERCUT_H
#define SARN_TESTS_CRASH_POWERCUT_H

#include <sarn/payments.h>
#include <sarn/sarn.h>

#include "power_trace.h"

#define POWER_SECTOR    512u
#define POWER_ACCOUNTS  6u
#define POWER_PATH_MAX  512u
#define POWER_PAGES_MAX 10u /* Under way at once: every subset is a state. */

/* Ends the process: nothing can be said about states. */
_Noreturn void power_die(const char *what, const char *why);
/* realloc() of count times size, or the end. */
void *power_resize(void *memory, size_t count, size_t size);
/* The next number under below from the generator seed (splitmix64). */
uint64_t power_draw(uint64_t *seed, uint64_t below);
uint64_t power_mix(uint64_t a, uint64_t b);

/* --- the works --- */

enum power_work_kind {
    POWER_NOTE,     /* One event, without a key. */
    POWER_BATCH,    /* Events in several streams, all or none, under a key. */
    POWER_DEPOSIT,  /* A command under a key. */
    POWER_REFUSAL,  /* A command under a key that is rejected. */
    POWER_TRANSFER, /* funds_transfer, to its end. */
    POWER_VOYAGE,   /* The workflow of power_voyage.c, begun. */
    POWER_TELL      /* An earlier voyage is told to go, or cancelled. */
};

struct power_work {
    enum power_work_kind kind;
    uint64_t number; /* From 1. */
    uint64_t target; /* TELL: which voyage; 0: none. */
    uint32_t account, other;
    int64_t amount;
    uint32_t streams, events; /* Of a batch, events of each stream. */
    uint32_t bytes;           /* Of a note's payload, at least. */
    bool cancel;
};

/* How a work was answered. */
struct power_answer {
    sarn_status status;
    uint64_t position;
    bool repeated;
    char text[SARN_ERROR_TEXT_BYTES];
};

extern const struct sarn_module *const power_modules[3];
extern const struct sarn_module power_voyage_module;

/* Options of an engine with the modules; context is told when a voyage acts. */
struct power_world {
    void (*acted)(void *arg, uint64_t work); /* NULL: nobody asks. */
    void *arg;
};
struct sarn_options power_options(struct power_world *world);

struct power_work power_work_of(uint64_t seed, uint64_t number);
/* Is it the same work when it is sent again? */
bool power_is_keyed(const struct power_work *work);
/* Is that one of the answers that a work may get, now or when it is sent again? */
bool power_may_answer(const struct power_work *work, sarn_status status);
/* Do it and wait for the answer; what an engine of this world may answer. Somebody
 * dispatches, or started is false: then works that need it are left out. */
void power_do(sarn_engine *engine,
              const struct power_work *work,
              bool started,
              struct power_answer *answer);
void power_open_accounts(sarn_engine *engine);
/* Take up voyage or transfer number until it has ended: tell first, unless it is a
 * transfer. How it ended. */
sarn_status power_finish(sarn_engine *engine, const struct power_work *work);
/* Tell a voyage to go, or cancel it; the answer is how it was taken. */
void power_tell(sarn_engine *engine,
                uint64_t voyage,
                bool cancel,
                uint64_t by,
                struct power_answer *answer);
/* The number at the end of text after prefix; 0: it is none of ours. */
uint64_t power_number(struct sarn_str text, const char *prefix);

/* --- recording --- */

struct power_recording {
    const char *self, *shim; /* Programs' paths. */
    char folder[POWER_PATH_MAX], trace[POWER_PATH_MAX], file[POWER_PATH_MAX];
    uint64_t seed; /* Of the works. */
    uint64_t next_work;
    uint32_t lives, works; /* Of a life. */
};

/* What a recording begins with; neither base nor archive: nothing. */
struct power_before {
    const char *base;         /* The file that is there; NULL: none. */
    const char *archive;      /* What is imported first of all; NULL: nothing. */
    struct power_mark *marks; /* Of the works that this rests on. */
    uint32_t mark_count;
};

/* Record lives into a new trace. Ends the program when the trace does not lead to the
 * file that is left. */
void power_record(struct power_recording *recording, const struct power_before *before);
/* The bytes of the file at from, as a new file. */
void power_copy(const char *from, const char *to);
/* A life, under the shim: main's --life. */
int power_life(const char *path, uint64_t seed, uint64_t first, uint64_t works);

/* A life that makes a log from an archive: main's --import. */
int power_import(const char *path, const char *archive);

/* --- the disk --- */

#define POWER_LIE_SYNC   1u /* fdatasync does nothing, O_DSYNC either. */
#define POWER_LIE_META   2u /* O_DSYNC does nothing. */
#define POWER_LIE_FOLDER 4u /* fsync of the folder does nothing. */

struct power_pending {
    uint32_t record;
    uint64_t from, to; /* Bytes that it changes. */
    uint64_t size;     /* Of the file after it. */
};

/* A moment with few pages under way, and the number of its first state. */
struct power_moment {
    uint32_t cut;
    uint64_t first;
};

/* What may be found on the disk, one state at a time. */
struct power_disk {
    const struct power_trace *trace;
    uint32_t lies;
    uint32_t first; /* Cuts come after it: the record of the first life. */
    /* The state: */
    uint32_t cut; /* The records before it have happened. */
    bool exists;
    uint64_t size;
    uint8_t *bytes;
    char text[128]; /* How it came about. */
    /* What is durable at the cut, and what was not yet. */
    bool named;
    uint64_t durable_size, now_size, room;
    uint32_t durable_size_record;
    uint32_t *durable; /* By sector: the last record that is; and of the state. */
    uint32_t *chosen;
    struct power_pending *pending;
    uint32_t pending_count, pending_room;
    struct power_moment *moments; /* Of power_disk_count(). */
    uint32_t moment_count;
};

void power_disk_init(struct power_disk *disk,
                     const struct power_trace *trace,
                     uint32_t lies);
void power_disk_done(struct power_disk *disk);
/* State number of seed. */
void power_disk_draw(struct power_disk *disk, uint64_t seed, uint64_t number);
/* How many states there are of moments with at most pages_max pages under way, each
 * subset of these pages once with the old size and once with the new; and then one of
 * them. */
uint64_t power_disk_count(struct power_disk *disk, uint32_t pages_max);
void power_disk_choose(struct power_disk *disk, uint64_t number);
/* All that was written up to record cut, as the page cache has it. */
void power_disk_all(struct power_disk *disk, uint32_t cut);
void power_disk_write(const struct power_disk *disk, const char *path);

/* --- the story --- */

struct power_told {
    uint32_t sent, acked, acted; /* Records; UINT32_MAX: never. */
    sarn_status status;
    uint64_t position;
    uint64_t acted_position;  /* Where the intent is. */
    uint64_t undone_position; /* TRANSFER: where its compensation ended. */
};

struct power_story {
    const struct power_trace *trace;
    uint64_t seed;    /* Of the works. */
    uint64_t *hashes; /* Of events, by position, from 1. */
    uint64_t event_count, base_count;
    struct power_told *works; /* By number, from 1. */
    uint64_t work_count;
};

uint64_t power_event_hash(const struct sarn_event *event);
/* path: where the whole file may be put and read. */
void power_story_read(struct power_story *story,
                      const struct power_trace *trace,
                      const char *path);
void power_story_done(struct power_story *story);
/* The position that must be there at the cut. */
uint64_t power_story_needs(const struct power_story *story, uint32_t cut);

/* --- judging --- */

enum power_verdict { POWER_GOOD, POWER_LOST, POWER_CORRUPT };

struct power_finding {
    enum power_verdict verdict;
    char text[400];
};

/* In a process of its own: the file may crash it. */
void power_judge(const struct power_story *story,
                 const struct power_disk *disk,
                 const char *path,
                 uint64_t seed,
                 struct power_finding *finding);

struct power_run {
    const struct power_story *story;
    const char *folder; /* For states. */
    const char *keep;   /* For those that fail. */
    uint64_t seed, first, count;
    uint32_t lies, workers;
    const char *lie;    /* Its name; NULL: none. */
    uint32_t pages_max; /* 0: drawn; else every subset of so many pages. */
    uint64_t lost, corrupt, judged;
    bool quiet; /* Failures are counted, and not told. */
};

void power_pool_run(struct power_run *run);

#endif
