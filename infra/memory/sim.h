/* sim.h - a host for the engine in which nothing happens by chance: one seed is one
 * run.
 *
 * Around a real engine over the memory ports stand a virtual clock and jobs that are
 * done one at a time, on the caller's thread, in an order drawn from the seed. A job
 * has three moments: it is handed out, its work is done (an append is durable, a step
 * has acted), and it is handed back. Between any two of them other jobs may overtake,
 * and the power may go: sarn__sim_crash().
 *
 *   sarn__sim_create(&options, &sim, &error);
 *   sarn__sim_submit(sim, &command, &outcome);
 *   sarn__sim_run(sim);                  // until nothing is left to do
 *   assert(outcome.answers == 1 && outcome.status == SARN_OK);
 *
 * A host like infra/host/, and so the one file of this folder that knows the engine.
 * Ownership: outcomes are the caller's and outlive the sim or their answer.
 * Threads:   one.
 */
#ifndef SARN_INFRA_MEMORY_SIM_H
#define SARN_INFRA_MEMORY_SIM_H

#include "engine/engine.h"
#include "infra/memory/journal.h"

struct sarn__sim;

/* For who wants to decide what becomes of jobs (infra/testkit/). All NULL: nobody. */
struct sarn__sim_hooks {
    void *arg;
    /* Do job's work, instead of the sim: true. false: job is the hook's, done or not,
     * and comes back by sarn__sim_put(), at the latest before a crash or a close. */
    bool (*work)(void *arg, struct sarn__job *job);
    /* A job of this kind was handed back to the engine. */
    void (*handed_back)(void *arg, enum sarn__job_kind kind);
};

struct sarn__sim_options {
    uint64_t seed; /* Any; zero too. */
    /* As for sarn_open(); zero members get its defaults, struct_size is not looked at.
     */
    struct sarn_options options;
    struct sarn_codec codec; /* No ops: the memory one, as for hash. */
    struct sarn_json json;   /* May have no ops. */
    struct sarn_hash hash;
    struct sarn_zones zones; /* No ops: UTC alone. */
    int64_t start_us;        /* Where the clock begins; 0: in 2020. */
    bool still; /* Moves take no time: the clock goes by sarn__sim_advance() alone. */
    struct sarn__sim_hooks hooks;
};

/* What became of a request. All zero before it is submitted. */
struct sarn__sim_outcome {
    uint32_t answers; /* Exactly 1 in the end. */
    sarn_status status;
    char text[SARN_ERROR_TEXT_BYTES];
    uint64_t position;
    int64_t version;
    uint32_t event_count;
    bool repeated;
};

/* Open an engine over an empty store. Errors as sarn__engine_create(). */
SARN_MUST_USE sarn_status sarn__sim_create(const struct sarn__sim_options *options,
                                           struct sarn__sim **sim,
                                           struct sarn_error *error);
/* NULL does nothing. What is not answered is answered SARN_ERR_CLOSED. */
void sarn__sim_destroy(struct sarn__sim *sim);

/* The engine now open, to be asked directly, and its log (the caller is its dispatch
 * thread); NULL after a crash. */
sarn_engine *sarn__sim_engine(struct sarn__sim *sim);
/* The store under it: for its faults and its damage. */
struct sarn__memory_store *sarn__sim_store(struct sarn__sim *sim);
/* The next number of the sim's own draws, for tests that draw too. */
uint64_t sarn__sim_draw(struct sarn__sim *sim, uint64_t below);

/* --- requests: checked and copied at once, done by the moves below --- */

SARN_MUST_USE sarn_status sarn__sim_submit(struct sarn__sim *sim,
                                           const struct sarn_command *command,
                                           struct sarn__sim_outcome *outcome,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__sim_append(struct sarn__sim *sim,
                                           const struct sarn_append *append,
                                           struct sarn__sim_outcome *outcome,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__sim_start(struct sarn__sim *sim,
                                          const struct sarn_start *start,
                                          struct sarn__sim_outcome *outcome,
                                          struct sarn_error *error);
/* Any other request made by sarn__request_x(), which moves. */
void sarn__sim_request(struct sarn__sim *sim,
                       struct sarn__request *request,
                       struct sarn__sim_outcome *outcome);

/* The same for a request that has its reply function already. */
void sarn__sim_hand_over(struct sarn__sim *sim, struct sarn__request *request);

/* The engine was told something directly: a poll would find it. */
void sarn__sim_poke(struct sarn__sim *sim);

/* --- moves --- */

/* Make one move, drawn among those possible: poll the engine, do a job's work, hand a
 * job back. false: none is possible before the clock moves. */
bool sarn__sim_move(struct sarn__sim *sim);
/* Make moves, and move the clock to the engine's next wake when there is none, until
 * there is nothing left at all. Asserts that this takes fewer than a million moves. */
void sarn__sim_run(struct sarn__sim *sim);
/* The same, at most this many moves: for crashing somewhere in between. false: nothing
 * was left before that. */
bool sarn__sim_run_moves(struct sarn__sim *sim, uint64_t moves);
/* When the engine wants to be polled; INT64_MAX: when there is news. */
int64_t sarn__sim_wake_us(const struct sarn__sim *sim);

int64_t sarn__sim_now_us(const struct sarn__sim *sim);
/* Move the clock; by may be negative. */
void sarn__sim_advance(struct sarn__sim *sim, int64_t by_us);

/* A job that the work hook had taken, to be worked on (again by the hook), or to be
 * handed back. */
void sarn__sim_put(struct sarn__sim *sim, struct sarn__job *job, bool worked);
/* Jobs whose work is not done yet, and those not handed back, by kind. */
uint32_t sarn__sim_jobs(const struct sarn__sim *sim, enum sarn__job_kind kind);

/* --- faults --- */

/* The nth append or flush from now ends so. (infra/memory/journal.h) */
void sarn__sim_fail_append(struct sarn__sim *sim,
                           uint32_t nth,
                           enum sarn__memory_fault fault);
/* The power goes: the engine, its requests and its jobs are gone; requests without an
 * answer get SARN_ERR_CLOSED, which says nothing about what became of them. */
void sarn__sim_crash(struct sarn__sim *sim);
/* Stop as sarn_close() does: what runs is finished and recorded, then the engine goes.
 */
void sarn__sim_close(struct sarn__sim *sim);
/* Open what is durable again; after a crash or a close. modules NULL: the same ones. */
SARN_MUST_USE sarn_status sarn__sim_open(struct sarn__sim *sim,
                                         const struct sarn_module *const *modules,
                                         uint32_t module_count,
                                         struct sarn_error *error);
/* What the next open is given: for changing it. */
struct sarn_options *sarn__sim_next_options(struct sarn__sim *sim);
/* Both at once. */
SARN_MUST_USE sarn_status sarn__sim_crash_reopen(struct sarn__sim *sim,
                                                 struct sarn_error *error);

#endif
