/* takeover.h - processes that fight for one log, and are stopped at chosen moments.
 *
 * A moment is just before, or just after, a call of LMDB's or of the system's that
 * begins, writes, syncs or ends a write transaction; moments of a life are counted, so
 * that it can be stopped (SIGSTOP) at any of them, again and again. A life is a process
 * that opens the log and works items off, each under its own idempotency key.
 *
 * What lives tell is in memory that they share with the referee, which forks them.
 */
#ifndef SARN_TESTS_CRASH_TAKEOVER_H
#define SARN_TESTS_CRASH_TAKEOVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sarn/status.h"

#define TAKEOVER_ITEMS_MAX 65536u
#define TAKEOVER_LIVES     4u

struct takeover_life {
    /* Told to it: */
    uint32_t flags; /* SARN_OPEN_x */
    uint32_t first, count;
    uint32_t window;     /* Items in flight at once. */
    uint32_t rest_after; /* Stop outside of a transaction, after so many; 0: do not. */
    atomic_uint stop_at; /* The moment; 0: none. */
    atomic_bool stop_outside; /* At the next moment outside of a transaction. */
    /* It tells: */
    atomic_uint moments;
    atomic_bool inside; /* Of a write transaction, at the moment it stopped at. */
    atomic_int opened;  /* How opening ended; -1: it has not. */
    char text[SARN_ERROR_TEXT_BYTES];           /* Of the open. */
    atomic_uint acked, repeated, deposed, late; /* late: acked after it was deposed. */
    atomic_int strange;                         /* Another status than these. */
};

/* One log, who fights for it, and what was acknowledged. */
struct takeover_ring {
    char path[256];
    atomic_uchar acked[TAKEOVER_ITEMS_MAX]; /* By item. */
    struct takeover_life lives[TAKEOVER_LIVES];
};

struct takeover_sums {
    atomic_uint rounds, inside, outside, deposed, killed, lost, late;
};

/* --- takeover_moments.c --- */

/* From now on, this process stops where life says. NULL: nowhere. */
void takeover_moments_of(struct takeover_life *life);

/* --- takeover_life.c --- */

/* Fork a life in its slot, which is told already. */
pid_t takeover_start(struct takeover_ring *ring, uint32_t slot);
/* Wait until it stops or ends. true: it has stopped. */
bool takeover_await(pid_t life);
/* Let one that has stopped go on, and wait again. */
bool takeover_go_on(pid_t life);
void takeover_kill(pid_t life);

/* --- takeover_judge.c --- */

/* Hold the log to what was acknowledged: all of it is there, each item once and whole,
 * epochs do not go back, and it verifies. Counts what is lost, and commits that are
 * late. Nobody is in the middle of anything. */
void takeover_judge(struct takeover_ring *ring,
                    uint32_t items,
                    struct takeover_sums *sums);

/* --- takeover_fight.c --- */

/* One life that is stopped at that moment, another that takes over. false: there is no
 * such moment any more. */
bool takeover_walk(struct takeover_ring *ring,
                   uint32_t moment,
                   struct takeover_sums *sums);
/* The same of a life that is stopped while it takes over. */
bool takeover_walk_taker(struct takeover_ring *ring,
                         uint32_t moment,
                         struct takeover_sums *sums);
/* rounds of stopping, taking over and killing on one log, drawn from seed. */
void takeover_rounds(struct takeover_ring *ring,
                     uint32_t rounds,
                     uint64_t seed,
                     struct takeover_sums *sums);

_Noreturn void
takeover_wrong(const struct takeover_ring *ring, const char *what, const char *why);

#endif
