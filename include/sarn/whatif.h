/* whatif.h - what would be different, had this code run from the beginning?
 *
 * sarn_what_if() takes the executions that a range of an old log has started and runs
 * them again, with the modules given, in memory. External steps are not called: each is
 * answered from history, by step, run, visit and attempt, where the old log has the
 * answer; a compensation that history does not know is taken to succeed. What came from
 * outside (signals, cancels, what an operator decided) is told again at its time.
 * Events that no execution wrote stand at their place as they were: commands are not in
 * a log, so what an aggregate would have decided otherwise is not asked; its events are
 * folded by the new code, and local steps of executions decide on top of them.
 *
 * The old log is only read; nothing is written anywhere.
 *
 * Threads: [any thread]; blocks for as long as it takes.
 */
#ifndef SARN_WHATIF_H
#define SARN_WHATIF_H

#include "sarn/execution.h"

#ifdef __cplusplus
extern "C" {
#endif

enum sarn_change_kind {
    SARN_CHANGE_STEPS = 1, /* The first event of an execution that would be another. */
    SARN_CHANGE_EVENTS,    /* The first event that its local steps would write. */
    SARN_CHANGE_END,       /* It would end otherwise, or not be begun, or newly. */
    SARN_CHANGE_COMPENSATION, /* A step would be compensated and was not, or not and
                                 was. */
    SARN_CHANGE_ROW,          /* A projection's row would be another. */
    SARN_CHANGE_NO_ANSWER,    /* History does not say what an external step would have
                                 done; the execution stays there. */
    SARN_CHANGE_NOT_COMPARED  /* What cannot be said, and why (would_be). */
};

/* One difference, for a person. Dies with the call. */
struct sarn_change {
    uint32_t kind; /* enum sarn_change_kind */
    uint32_t tenant;
    struct sarn_str subject;       /* The execution's stream; a projection's name. */
    struct sarn_str was, would_be; /* Text. */
};
typedef void sarn_change_fn(void *arg, const struct sarn_change *change);

struct sarn_trial {
    uint32_t struct_size;
    uint32_t module_count;
    const struct sarn_module *const *modules; /* The code that would have run. */
    /* The code that has made the rows of the projections, which are not compared where
     * it is not given. */
    const struct sarn_module *const *old_modules;
    uint32_t old_module_count;
    uint32_t reserved;
    uint64_t from, to; /* Positions of the starts that are run again; to 0: the end. */
    void *context;     /* For sarn_step_context() in local steps. */
    struct sarn_heap heap;      /* All NULL: malloc. */
    sarn_change_fn *change;     /* May be NULL. */
    sarn_progress_fn *progress; /* May be NULL. */
    void *arg;
    /* Results: */
    uint64_t events;                             /* Read. */
    uint64_t executions;                         /* Run again, */
    uint64_t different;                          /* and of them came out otherwise. */
    uint64_t compensated_more, compensated_less; /* Steps. */
    uint64_t unanswered;
    uint64_t rows, rows_different;
    uint64_t not_compared;
};
#define SARN_TRIAL_INIT                                                                \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_trial)                                       \
    }

/* path: the old log, which may have a live owner. SARN_OK also where there are
 * differences: look at trial, whose results are written only then. Errors as
 * sarn_log_open(); SARN_ERR_INVALID: the modules contradict themselves; SARN_ERR_NOMEM;
 * what progress answered. */
SARN_API SARN_MUST_USE sarn_status sarn_what_if(const char *path,
                                                struct sarn_trial *trial,
                                                struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
