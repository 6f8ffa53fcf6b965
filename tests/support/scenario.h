/* scenario.h - one workflow, what is done with it, and what has to hold: crashed
 * everywhere.
 */
#ifndef SARN_TESTS_SUPPORT_SCENARIO_H
#define SARN_TESTS_SUPPORT_SCENARIO_H

#include "support/deeds.h"

struct scenario {
    struct deeds deeds; /* First: the steps' context. */
    const char *what;
    const struct sarn_workflow *workflow, *other; /* other: may be NULL. */
    const struct sarn_limit *limit;
    uint32_t op; /* enum sarn_control_op: of the operator. */
    uint32_t executions;
    sarn_test_fn *setup, *drive, *invariant;
};

/* Crash it everywhere, in a few orders of things; fails the test when something does
 * not hold, and says what. setup NULL: scenario_begin(); drive NULL: scenario_run(). */
void scenario_crash(struct scenario s);

/* Nothing has happened. */
sarn_status scenario_begin(void *arg, sarn_test *test, struct sarn_error *error);
/* Start as many executions as it has, "1" and so on, and see them to their end. */
sarn_status scenario_run(void *arg, sarn_test *test, struct sarn_error *error);
/* One of them; it may be there already, or over. */
sarn_status scenario_start(sarn_test *test,
                           const struct scenario *s,
                           const char *id,
                           const void *input,
                           struct sarn_error *error);
/* Tell "1" something; it may be past it. */
sarn_status scenario_tell(sarn_test *test,
                          const struct scenario *s,
                          struct sarn_control control,
                          struct sarn_error *error);

/* All are completed, and every deed stands once. */
sarn_status scenario_completed(void *arg, sarn_test *test, struct sarn_error *error);
/* "1" was compensated, and no deed stands. */
sarn_status scenario_undone(void *arg, sarn_test *test, struct sarn_error *error);
/* An execution is as wanted: enum sarn_execution_status. */
sarn_status scenario_expect(sarn_test *test,
                            const char *workflow,
                            const char *id,
                            uint32_t wanted,
                            struct sarn_error *error);
/* A deed stands count times. */
sarn_status scenario_stands(const struct scenario *s,
                            const char *name,
                            int32_t count,
                            struct sarn_error *error);

#endif
