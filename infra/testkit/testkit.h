/* testkit.h - inside sarn/test.h: what a test is made of.
 *
 *   test.c       life, time, opening again
 *   drive.c      the calls on its engine, made by moving it; and what becomes of jobs
 *   script.c     what external steps are told to do
 *   history.c    histories as text, held against what was expected
 *   fault.c      faults: as text, and when they strike
 *   trace.c      what happened, for a report
 *   crash.c      crash everywhere: which faults, in which order
 *   crash_run.c  one run with faults
 *   shrink.c     the shortest trace of a failure
 *   replay.c     recorded histories against the code
 *
 * A host like infra/host/, around the simulator of infra/memory/sim.h.
 * Threads: one per test.
 */
#ifndef SARN_INFRA_TESTKIT_TESTKIT_H
#define SARN_INFRA_TESTKIT_TESTKIT_H

#include "engine/step_call.h"
#include "infra/host/host.h"
#include "infra/memory/sim.h"
#include "infra/testkit/text.h"
#include "sarn/test.h"

/* --- faults (fault.c) --- */

#define SARN__FAULTS_MAX 3u /* Of one run. */

enum sarn__fault_kind {
    SARN__FAULT_BEFORE_COMMIT = 1,
    SARN__FAULT_AFTER_COMMIT,
    SARN__FAULT_REPLY_LOST,
    SARN__FAULT_REPLY_NEVER,
    SARN__FAULT_REPLY_DUPLICATE,
    SARN__FAULT_REPLY_LATE,
    SARN__FAULT_REPLY_OVERTAKEN,
    SARN__FAULT_KINDS
};

/* At the nth commit, or call of an external step, from 1. */
struct sarn__fault {
    enum sarn__fault_kind kind;
    uint32_t nth;
};

struct sarn__faults {
    struct sarn__fault faults[SARN__FAULTS_MAX];
    uint32_t count;
};

/* A moment that a run came by, and what can go wrong there. */
struct sarn__boundary {
    bool is_commit;  /* Else a call. */
    bool repeatable; /* Of an idempotent step. */
    bool timed;      /* Its attempt times out. */
};

bool sarn__fault_is_of_commit(enum sarn__fault_kind kind);
/* Can it strike there? */
bool sarn__fault_fits(enum sarn__fault_kind kind,
                      const struct sarn__boundary *boundary);
/* Of a commit (or a call) that is the nth: 0, or what is to go wrong. */
bool sarn__faults_strike(const struct sarn__faults *faults,
                         enum sarn__fault_kind kind,
                         uint32_t nth);
/* "after commit 4, reply 2 lost" */
void sarn__faults_text(const struct sarn__faults *faults,
                       char text[SARN_TEST_FAULTS_BYTES]);
/* SARN_ERR_INVALID: not such a text. */
SARN_MUST_USE sarn_status sarn__faults_parse(const char *text,
                                             struct sarn__faults *faults,
                                             struct sarn_error *error);

/* --- scripts (script.c) --- */

struct sarn__script {
    struct sarn__script *next;
    struct sarn_test_script is; /* Strings and output are copies. */
    uint32_t left;              /* Calls that it is still for. */
};

/* --- a test --- */

/* Jobs that were kept back: linked by next. */
struct sarn__held {
    struct sarn__job *first, **tail;
    uint32_t count;
};

struct sarn__watch {
    /* What is to go wrong; and what there was to go wrong. */
    struct sarn__faults faults;
    uint32_t commits, calls;
    struct sarn__boundary *boundaries; /* In order; kept when recording. */
    uint32_t boundary_count, boundary_capacity;
    bool active;    /* Counting. */
    bool recording; /* Keeps boundaries. */
    bool failed;    /* Out of memory for them. */
    bool struck;    /* Some fault did. */
};

struct sarn_test {
    struct sarn_heap heap;
    struct sarn_test_options options; /* engine: see engine_options. */
    struct sarn_options engine_options;
    const struct sarn_module **modules; /* Of the engine now open, or the next. */
    struct sarn_limit *limits;          /* engine_options has them. */
    struct sarn__sim *sim;
    struct sarn__host *host;  /* Around the engine; NULL: none is open. */
    struct sarn_arena *arena; /* Of scripts. */
    struct sarn__script *scripts, **scripts_tail;
    struct sarn__held hanging; /* Their work is not done. */
    struct sarn__held late;    /* It is: to be handed back when nothing else is left; */
    struct sarn__held overtaken; /* after another one; */
    struct sarn__held never;
    bool late_waited; /* A timer went by while answers were late. */
    bool off;         /* The power is gone. */
    bool inside;      /* In the engine: calls that wait are refused. */
    uint32_t working; /* Steps' functions that are being called now. */
    struct sarn__watch watch;
    struct sarn__trace *trace; /* NULL: nobody wants one. */
    struct sarn__text report;
};

/* --- test.c --- */

/* The power goes, now: nothing moves any more. */
void sarn__test_power_off(sarn_test *test);
/* Give the simulator back what is held. */
void sarn__test_give_back(sarn_test *test);
/* Open the log again after the power went, or after nothing. */
SARN_MUST_USE sarn_status sarn__test_open_again(sarn_test *test,
                                                struct sarn_error *error);

/* --- drive.c --- */

extern const struct sarn__driver_ops sarn__test_driver;

struct sarn__sim_hooks sarn__test_hooks(sarn_test *test);
void sarn__held_init(struct sarn__held *held);
void sarn__held_push(struct sarn__held *held, struct sarn__job *job);
struct sarn__job *sarn__held_pop(struct sarn__held *held);

/* How far one call may go. */
struct sarn__drive {
    sarn_test *test;
    uint64_t moves_left;
    int64_t until_us;
};
struct sarn__drive sarn__drive_begin(sarn_test *test);
enum sarn__drive_end {
    SARN__DRIVE_MOVED,
    SARN__DRIVE_IDLE,   /* Nothing is left before until_us. */
    SARN__DRIVE_OFF,    /* The power is gone. */
    SARN__DRIVE_ENDLESS /* moves_left is used up. */
};
/* Make a move, or let time pass to the next one. */
enum sarn__drive_end sarn__drive_step(struct sarn__drive *drive);
/* What that end is for a caller who wanted everything done. */
SARN_MUST_USE sarn_status sarn__drive_status(enum sarn__drive_end end,
                                             const struct sarn__drive *drive,
                                             struct sarn_error *error);

/* --- script.c --- */

/* The script that call follows, used once more; NULL: its own function. */
struct sarn__script *sarn__script_take(sarn_test *test,
                                       const struct sarn_step_call *call);
/* Does call belong to step, by that name? */
bool sarn__script_is_step(const struct sarn_step_call *call, const char *step);
/* Do the work of job as script (may be NULL) says. */
void sarn__script_work(struct sarn__job *job, const struct sarn__script *script);
/* The call that a job makes. */
struct sarn_step_call *sarn__call_of(struct sarn__job *job);

/* --- history.c --- */

/* What event tells, as the timeline has it, or its type. arena: for the while. */
void sarn__history_line(sarn_test *test,
                        const struct sarn_event *event,
                        struct sarn_arena *arena,
                        struct sarn__text *text);

/* --- trace.c --- */

struct sarn__trace;

SARN_MUST_USE sarn_status sarn__trace_create(const struct sarn_heap *heap,
                                             struct sarn__trace **trace);
void sarn__trace_destroy(struct sarn__trace *trace);
/* Note something that happened now; does nothing without a trace. */
void sarn__trace_note(sarn_test *test, const char *format, ...) SARN_PRINTF(2, 3);
void sarn__trace_call(sarn_test *test, const struct sarn_step_call *call, uint32_t nth);
/* Everything noted, and the log's events between, as lines. */
SARN_MUST_USE sarn_status sarn__trace_write(sarn_test *test,
                                            struct sarn__text *text,
                                            struct sarn_error *error);

/* --- crash everywhere --- */

/* The plan of a whole search. */
struct sarn__search {
    const struct sarn_test_crash *crash;
    struct sarn_test_options options;
    struct sarn_heap heap;
    struct sarn__fault *all; /* Every single fault, in order of time. */
    uint32_t all_count;
    uint64_t runs;
};

/* How one run went. */
struct sarn__verdict {
    bool held;   /* The invariant. */
    bool struck; /* Some fault did. */
    struct sarn_error why;
    char at[SARN_TEST_FAULTS_BYTES]; /* What failed: the invariant, drive, ... */
};

/* Run once with faults. boundaries (may be NULL): gets what it came by; text (may be
 * NULL): its trace. A status: what is neither held nor not. */
SARN_MUST_USE sarn_status sarn__crash_run(struct sarn__search *search,
                                          const struct sarn__faults *faults,
                                          struct sarn__verdict *verdict,
                                          struct sarn__watch *watch,
                                          struct sarn__text *text,
                                          struct sarn_error *error);
/* Make faults fewer and earlier, as long as the run still fails; verdict is that of
 * what is left. */
SARN_MUST_USE sarn_status sarn__crash_shrink(struct sarn__search *search,
                                             bool in_order,
                                             struct sarn__faults *faults,
                                             struct sarn__verdict *verdict,
                                             struct sarn_error *error);

#endif
