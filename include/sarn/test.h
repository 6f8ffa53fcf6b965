/* test.h - testing workflows without a server, a file, a clock or a sleep.
 *
 * A test is a whole engine over a log in memory. Its clock is virtual and skips to
 * whatever is next, so a wait of a month takes no time; what happens at the same time
 * happens in an order drawn from a seed, so one seed is one run, to the last bit. The
 * engine is one as any other: sarn_call(), sarn_execute(), sarn_control_call(),
 * sarn_load(), sarn_execution_query(), sarn_read() and all the others work on it, and
 * the calls that wait move the test until they are answered.
 *
 *   sarn_test_create(&options, &test, &error);
 *   sarn_test_fail(test, "charge", 1, "down", "terminal is down", &error);
 *   sarn_execute(sarn_test_engine(test), &start, NULL, &error);
 *   sarn_test_expect(test, "order", id,
 *                    "started version 1\n"
 *                    "step charge: attempt 1 failed (terminal is down), next at
 * +100ms\n" "step charge: done at attempt 2\n" "completed\n", &error);
 *   sarn_test_destroy(test);
 *
 * Steps' own functions run where no script says otherwise: an external step's on the
 * caller's thread, where it may call the engine as it might from a worker.
 *
 * sarn_test_crash_everywhere() runs a workflow once, and then once more for every
 * moment at which the power could go and every way in which an answer could be lost;
 * sarn_test_replay() holds recorded histories against the code of today. Both say where
 * they failed in words. No test framework is needed or known: all calls answer as
 * status.h says, and what needs more room than a struct sarn_error is in
 * sarn_test_report().
 *
 * Threads: one per test. Nothing outlives sarn_test_destroy().
 */
#ifndef SARN_TEST_H
#define SARN_TEST_H

#include "sarn/sarn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sarn_test sarn_test;

struct sarn_test_options {
    uint32_t struct_size;
    uint32_t flags;                    /* 0 */
    const struct sarn_options *engine; /* Modules, context, hooks, limits: as for
                                          sarn_open(). NULL: no modules. */
    uint64_t seed;                     /* Any; zero too. */
    int64_t start_us;                  /* When it is at the beginning; 0: 2020-01-01. */
    int64_t patience_us; /* How far one call may move the clock; 0: ten years. */
    uint64_t moves_max;  /* How much one call may do before it is called endless;
                            0: a million. */
};
#define SARN_TEST_OPTIONS_INIT                                                         \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_test_options)                                \
    }

/* Open an engine over an empty log. options may be NULL. Errors as sarn_open(). */
SARN_API SARN_MUST_USE sarn_status
sarn_test_create(const struct sarn_test_options *options,
                 sarn_test **test,
                 struct sarn_error *error);
/* NULL does nothing. Requests that were not answered get SARN_ERR_CLOSED. */
SARN_API void sarn_test_destroy(sarn_test *test);

/* The engine now open; another one after sarn_test_reopen(). Not to be closed, run or
 * started: SARN_ERR_STATE. A call that waits for what does not come (a signal that
 * nobody sends, a step that hangs) ends with SARN_ERR_TIMEOUT when nothing is left to
 * do, and what it asked for goes on without it. */
SARN_API sarn_engine *sarn_test_engine(const sarn_test *test);
/* The same as sarn_engine_log(). */
SARN_API sarn_log *sarn_test_log(const sarn_test *test);
/* What the last call that failed had to say, in full: lines. Lives until the next one
 * fails. Empty: none has. */
SARN_API const char *sarn_test_report(const sarn_test *test);

/* --- time --- */

SARN_API int64_t sarn_test_now_us(const sarn_test *test);
/* Go on until nothing is left to do, skipping from timer to timer; what recurs for
 * ever, such as a schedule, goes on for patience_us. SARN_ERR_TOO_LARGE: over
 * moves_max: something goes round in circles. SARN_ERR_CLOSED: the power is gone, by a
 * script. */
SARN_API SARN_MUST_USE sarn_status sarn_test_run(sarn_test *test,
                                                 struct sarn_error *error);
/* The same, but the clock moves on by by_us, which is >= 0, and no further; 0: what is
 * due now. */
SARN_API SARN_MUST_USE sarn_status sarn_test_advance(sarn_test *test,
                                                     int64_t by_us,
                                                     struct sarn_error *error);

/* --- opening again --- */

/* Close the engine as sarn_close() does, and open the same log again, with other
 * modules (count of them; NULL: the same): how an upgrade finds it. Steps that hang are
 * given up, as after a crash. On failure no engine is open, and this may be called
 * again. Errors as sarn_open(); SARN_ERR_REENTRANT: from a callback or a step. */
SARN_API SARN_MUST_USE sarn_status
sarn_test_reopen(sarn_test *test,
                 const struct sarn_module *const *modules,
                 uint32_t module_count,
                 struct sarn_error *error);
/* The power goes: what is durable is all there is, and what is under way is never heard
 * of. Then as sarn_test_reopen(). */
SARN_API SARN_MUST_USE sarn_status sarn_test_power_cut(sarn_test *test,
                                                       struct sarn_error *error);

/* --- scripts: what external steps do --- */

enum sarn_test_act {
    SARN_TEST_REAL,    /* The step's own function runs. */
    SARN_TEST_SUCCEED, /* With output, or (reconcile) with fate. */
    SARN_TEST_FAIL,    /* With code and text. */
    SARN_TEST_HANG     /* It does nothing, until sarn_test_release(). */
};

/* What becomes of the answer, once the step has acted. */
enum sarn_test_reply {
    SARN_TEST_PROMPT,
    SARN_TEST_LOST,      /* The power goes before anybody hears it. */
    SARN_TEST_NEVER,     /* It is not heard of again, until the attempt times out. */
    SARN_TEST_DUPLICATE, /* The step acts twice, under the same key, and the second
                            answer counts: what a step that is declared idempotent has
                            to bear. */
    SARN_TEST_LATE,      /* It comes after everything else that can happen meanwhile,
                            the next timer included. */
    SARN_TEST_OVERTAKEN  /* It comes after an answer that another step gives later. */
};

enum sarn_test_part { SARN_TEST_RUN, SARN_TEST_COMPENSATE, SARN_TEST_RECONCILE };

/* For which calls, and what. Zero members do not restrict. */
struct sarn_test_script {
    uint32_t struct_size;
    uint32_t act;         /* enum sarn_test_act */
    uint32_t reply;       /* enum sarn_test_reply */
    uint32_t part;        /* enum sarn_test_part */
    const char *step;     /* An external step of a registered workflow. */
    const char *workflow; /* NULL: any that has such a step. */
    struct sarn_str workflow_id;
    uint32_t attempt;
    uint32_t times;     /* How many calls it is for; 0: all. */
    const void *output; /* A struct of the step's output type; copied. */
    const char *code;   /* As for sarn_step_fail(). */
    const char *text;
    uint32_t fate; /* enum sarn_step_fate */
    uint32_t reserved;
};
#define SARN_TEST_SCRIPT_INIT                                                          \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_test_script)                                 \
    }

/* Add a script. A call follows the first one that fits it and is not used up; then its
 * own function. SARN_ERR_NOT_FOUND: no external step is called so. */
SARN_API SARN_MUST_USE sarn_status sarn_test_add(sarn_test *test,
                                                 const struct sarn_test_script *script,
                                                 struct sarn_error *error);
/* The usual ones: the next times calls of step's run (0: all) succeed, or fail. */
SARN_API SARN_MUST_USE sarn_status sarn_test_succeed(sarn_test *test,
                                                     const char *step,
                                                     uint32_t times,
                                                     const void *output,
                                                     struct sarn_error *error);
SARN_API SARN_MUST_USE sarn_status sarn_test_fail(sarn_test *test,
                                                  const char *step,
                                                  uint32_t times,
                                                  const char *code,
                                                  const char *text,
                                                  struct sarn_error *error);
/* The next call of step's run hangs. */
SARN_API SARN_MUST_USE sarn_status sarn_test_hang(sarn_test *test,
                                                  const char *step,
                                                  struct sarn_error *error);
/* Calls of step that hang go on, each by the next script that fits it. How many. */
SARN_API uint32_t sarn_test_release(sarn_test *test, const char *step);
/* How many calls of step hang now. */
SARN_API uint32_t sarn_test_hanging(const sarn_test *test, const char *step);
/* Forget all scripts. */
SARN_API void sarn_test_clear(sarn_test *test);

/* --- what happened --- */

/* The history of the latest run of an execution of tenant 0 as text, a line for each
 * event (see sarn_execution_timeline()) but those that only save memory (an execution
 * that sleeps); in arena. */
SARN_API SARN_MUST_USE sarn_status sarn_test_history(sarn_test *test,
                                                     const char *workflow,
                                                     struct sarn_str workflow_id,
                                                     struct sarn_arena *arena,
                                                     const char **text,
                                                     struct sarn_error *error);
/* Is that history made of these lines? Spaces before and after a line do not count; a
 * line "..." stands for any number of lines, "parked: ..." for one that begins so.
 * SARN_ERR_INVALID: it is not; the report is the difference, line by line. */
SARN_API SARN_MUST_USE sarn_status sarn_test_expect(sarn_test *test,
                                                    const char *workflow,
                                                    struct sarn_str workflow_id,
                                                    const char *lines,
                                                    struct sarn_error *error);

/* --- crash everywhere --- */

/* The user's part. Each may be called many times, each time on a test of its own, so
 * what it keeps outside of the log belongs into arg, and setup sets it back.
 * SARN_OK: well done. Anything else: error says why. */
typedef sarn_status sarn_test_fn(void *arg, sarn_test *test, struct sarn_error *error);

struct sarn_test_crash {
    uint32_t struct_size;
    uint32_t flags;                          /* 0 */
    const struct sarn_test_options *options; /* Of every test. */
    void *arg;
    /* Set the world back, add scripts, prepare the log; nothing goes wrong here, but
     * that the seed decides the order of things. NULL: nothing to do. */
    sarn_test_fn *setup;
    /* What a client does: send commands, start executions, send signals. Once the power
     * is gone every call on the engine answers SARN_ERR_CLOSED: return it. Then the log
     * is opened again, what can go on at once does, and drive is called again, as a
     * client that begins anew: so its commands and signals have idempotency keys, and
     * its executions ids. */
    sarn_test_fn *drive;
    /* Called when nothing is left to do. */
    sarn_test_fn *invariant;
    /* Runs at most; 0: 10,000. All there are if they are no more, else drawn. */
    uint32_t runs_max;
    /* Further runs, with two or three faults each, drawn. */
    uint32_t several;
    /* Only this, as an earlier report said it: one run. NULL: everything. */
    const char *only;
    sarn_progress_fn *progress; /* Of the runs; may be NULL. Gets arg. */
};
#define SARN_TEST_CRASH_INIT                                                           \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_test_crash)                                  \
    }

#define SARN_TEST_FAULTS_BYTES 160u

struct sarn_test_crash_result {
    uint32_t struct_size;
    uint32_t reserved;
    uint32_t commits; /* Boundaries: each crashed before and after. */
    uint32_t calls;   /* Of external steps. */
    uint32_t faults;  /* There were to try; */
    uint32_t tried;   /* so many were (only: 0, when it was not come by), */
    uint64_t runs;    /* in so many runs, those that looked for a shorter trace too. */
    /* Of a failure: */
    uint64_t seed;
    char only[SARN_TEST_FAULTS_BYTES]; /* "after commit 4, reply 2 lost"; "": it fails
                                          without any. */
    char why[SARN_ERROR_TEXT_BYTES];
    const char *text; /* All of it: seed, faults, and the trace; in arena. */
};
#define SARN_TEST_CRASH_RESULT_INIT                                                    \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_test_crash_result)                           \
    }

/* Run drive once, and count: every commit is a boundary. Then run it anew for each
 * fault: the power goes just before a commit, or just after it; and at each call of an
 * external step (run, compensate or reconcile) its answer is lost with the power, comes
 * late, or after one given later; is never heard of, where the step has timeouts; and
 * the call is made twice, where the step is idempotent. After each, the invariant has
 * to hold, executions are where the log says, and the log's tables are those of its
 * events.
 *
 * SARN_OK: it always did. SARN_ERR_INVALID: it did not, and result says where: with the
 * fewest faults, and the earliest, that were found to do it. arena holds result->text.
 * Others: drive or setup fail without any fault, memory, progress. */
SARN_API SARN_MUST_USE sarn_status
sarn_test_crash_everywhere(const struct sarn_test_crash *crash,
                           struct sarn_arena *arena,
                           struct sarn_test_crash_result *result,
                           struct sarn_error *error);

/* --- replay --- */

struct sarn_test_histories {
    uint32_t struct_size;
    uint32_t module_count;
    const struct sarn_module *const *modules; /* The code of today. */
    const char *const *paths;                 /* Logs, and folders of logs (*.sarn). */
    uint32_t path_count;
    uint32_t reserved;
    sarn_finding_fn *finding; /* One line for each thing that does not fit. May be NULL.
                               */
    void *arg;
    /* Results: */
    uint64_t logs, executions, events;
    uint64_t misfits; /* Findings. */
};
#define SARN_TEST_HISTORIES_INIT                                                       \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_test_histories)                              \
    }

/* Hold recorded histories against the code: every execution, at every point that it
 * went through, could go on with the workflow now registered (a version that is
 * registered beside goes on by itself); every payload can be read; every aggregate can
 * fold its events; every projection folds to the rows that are stored. SARN_OK: read
 * all there is; look at misfits. SARN_ERR_NOT_FOUND: a path holds no log. Others as
 * sarn_log_open(). Writes nothing. */
SARN_API SARN_MUST_USE sarn_status
sarn_test_replay(struct sarn_test_histories *histories, struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
