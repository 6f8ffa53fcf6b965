/* One run of crash everywhere: a test of its own, from setup to invariant. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/testkit/testkit.h"

#define OPENINGS_MAX (SARN__FAULTS_MAX + 1u)

/* Call one of the user's functions; a failure without words gets some. */
static sarn_status
call(sarn_test_fn *function, void *arg, sarn_test *test, struct sarn_error *why)
{
    sarn_status status;

    *why = (struct sarn_error){SARN_OK, ""};
    status = function(arg, test, why);
    if (status == SARN_OK) {
        return SARN_OK;
    }
    if (why->text[0] == '\0') {
        return sarn__fail(why, status, "%s", sarn_status_text(status));
    }
    why->status = status;
    return status;
}

static bool fail(struct sarn__verdict *verdict, const char *where)
{
    snprintf(verdict->at, sizeof(verdict->at), "%s", where);
    return false;
}

/* Open what is left, and see how far it comes by itself, before time goes on. */
static bool recover(sarn_test *test, struct sarn__verdict *verdict)
{
    while (test->off) {
        sarn_status status = sarn__test_open_again(test, &verdict->why);

        if (status == SARN_OK) {
            status = sarn_test_advance(test, 0, &verdict->why);
        }
        if (status != SARN_OK && !test->off) {
            return fail(verdict, "opening the log again");
        }
    }
    return true;
}

/* Drive, and drive again each time the power has gone, until all is done. */
static bool drive(const struct sarn_test_crash *crash,
                  sarn_test *test,
                  struct sarn__verdict *verdict)
{
    for (uint32_t i = 0; i <= OPENINGS_MAX; i++) {
        sarn_status status = call(crash->drive, crash->arg, test, &verdict->why);

        if (status == SARN_OK && !test->off) {
            status = sarn_test_run(test, &verdict->why);
        }
        if (!test->off) {
            return status == SARN_OK || fail(verdict, "drive");
        }
        if (!recover(test, verdict)) {
            return false;
        }
    }
    (void)sarn__fail(&verdict->why, SARN_ERR_STATE, "the power goes for ever");
    return fail(verdict, "drive");
}

static void take_finding(void *arg, const char *text)
{
    struct sarn__verdict *verdict = arg;

    if (verdict->why.status == SARN_OK) {
        (void)sarn__fail(&verdict->why, SARN_ERR_CORRUPT, "%s", text);
    }
}

/* What the log holds and what it has made of it are the same. */
static bool check_log(sarn_test *test, struct sarn__verdict *verdict)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error why;

    verdict->why = (struct sarn_error){SARN_OK, ""};
    check.finding = take_finding;
    check.arg = verdict;
    if (sarn_log_check(sarn_test_log(test), &check, &why) != SARN_OK) {
        verdict->why = why;
    }
    return verdict->why.status == SARN_OK || fail(verdict, "checking the log");
}

static bool
run(struct sarn__search *search, sarn_test *test, struct sarn__verdict *verdict)
{
    const struct sarn_test_crash *crash = search->crash;

    test->watch.active = true;
    if (!drive(crash, test, verdict)) {
        return false;
    }
    test->watch.active = false;
    if (call(crash->invariant, crash->arg, test, &verdict->why) != SARN_OK) {
        return fail(verdict, "the invariant");
    }
    return check_log(test, verdict);
}

static sarn_status prepare(struct sarn__search *search,
                           sarn_test *test,
                           bool traced,
                           struct sarn_error *error)
{
    if (traced && sarn__trace_create(&test->heap, &test->trace) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a trace");
    }
    if (search->crash->setup != NULL) {
        struct sarn_error why;
        sarn_status status = call(search->crash->setup, search->crash->arg, test, &why);

        if (status != SARN_OK) {
            return sarn__fail(error, status, "%s", why.text);
        }
    }
    return sarn_test_advance(test, 0, error);
}

/* Did it fail for want of memory? Then that says nothing about what was tested. */
static bool is_starved(const sarn_test *test, const struct sarn__verdict *verdict)
{
    const sarn_engine *engine = test->off ? NULL : sarn__sim_engine(test->sim);

    return verdict->why.status == SARN_ERR_NOMEM ||
           (engine != NULL && sarn__engine_stopped(engine) == SARN_ERR_NOMEM);
}

sarn_status sarn__crash_run(struct sarn__search *search,
                            const struct sarn__faults *faults,
                            struct sarn__verdict *verdict,
                            struct sarn__watch *watch,
                            struct sarn__text *text,
                            struct sarn_error *error)
{
    sarn_test *test = NULL;
    sarn_status status;

    *verdict = (struct sarn__verdict){.held = false};
    SARN__TRY(sarn_test_create(&search->options, &test, error));
    search->runs += 1;
    status = prepare(search, test, text != NULL, error);
    if (status == SARN_OK) {
        test->watch.faults = *faults;
        test->watch.recording = watch != NULL;
        verdict->held = run(search, test, verdict);
        verdict->struck = test->watch.struck;
        test->watch.active = false;
    }
    if (status == SARN_OK && !verdict->held && is_starved(test, verdict)) {
        status = sarn__fail(error, SARN_ERR_NOMEM, "%s: %.150s", verdict->at,
                            verdict->why.text);
    }
    if (status == SARN_OK && text != NULL) {
        status = sarn__trace_write(test, text, error);
    }
    if (status == SARN_OK && test->watch.failed) {
        status = sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u boundaries",
                            test->watch.boundary_count);
    }
    if (status == SARN_OK && watch != NULL) {
        *watch = test->watch; /* With its boundaries. */
        test->watch.boundaries = NULL;
    }
    sarn_test_destroy(test);
    return status;
}
