/* Is a step of a workflow well formed? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/definition.h"
#include "core/execution.h"
#include "core/fail.h"
#include "engine/module_check.h"
#include "engine/registry.h"
#include "engine/step_call.h"

#define KNOWN_FLAGS SARN_STEP_IDEMPOTENT

/* --- retries and timeouts --- */

static const char *retry_problem(const struct sarn_retry *retry)
{
    double backoff = retry->backoff_coefficient;

    if (retry->initial_interval_us < 0 || retry->maximum_interval_us < 0) {
        return "an interval is negative";
    }
    if (retry->maximum_interval_us != 0 &&
        retry->maximum_interval_us < retry->initial_interval_us) {
        return "maximum_interval_us is less than initial_interval_us";
    }
    if (!isfinite(backoff) || backoff < 0.0 || (backoff > 0.0 && backoff < 1.0)) {
        return "backoff_coefficient must be 1 or more (or 0 for the default)";
    }
    /* Written so that a NaN is refused, too. */
    if (!(retry->jitter >= 0.0 && retry->jitter <= 1.0)) {
        return "jitter must be from 0 to 1";
    }
    if (retry->non_retryable_count > 0 && retry->non_retryable == NULL) {
        return "non_retryable_count is set, but there is no list";
    }
    for (uint32_t i = 0; i < retry->non_retryable_count; i++) {
        if (retry->non_retryable[i] == NULL) {
            return "a non-retryable code is NULL";
        }
        if (strlen(retry->non_retryable[i]) >= SARN__STEP_CODE_BYTES) {
            return "a non-retryable code has over 127 bytes, and codes are cut there";
        }
    }
    return NULL;
}

static bool is_said(const struct sarn_retry *retry)
{
    return retry->initial_interval_us != 0 || retry->maximum_interval_us != 0 ||
           retry->backoff_coefficient != 0.0 || retry->maximum_attempts != 0 ||
           retry->non_retryable_count != 0 || retry->jitter != 0.0;
}

/* What is pure would fail again. One attempt is what it gets anyway. */
static const char *needless_problem(const struct sarn_step *step)
{
    if (is_said(&step->retry) && step->retry.maximum_attempts != 1 &&
        step->kind != SARN_STEP_EXTERNAL) {
        return "it has a retry policy, and only an external step is tried again";
    }
    if (is_said(&step->compensation_retry) &&
        step->compensation_retry.maximum_attempts != 1 &&
        sarn__step_undoes_locally(step)) {
        return "it has a compensation_retry, and only an external compensation is "
               "tried again";
    }
    return NULL;
}

static const char *timeouts_problem(const struct sarn_step *step)
{
    const struct sarn_timeouts *timeouts = &step->timeouts;
    bool attempts = timeouts->start_to_close_us != 0 || timeouts->heartbeat_us != 0 ||
                    timeouts->compensation_us != 0;

    if (timeouts->start_to_close_us < 0 || timeouts->schedule_to_close_us < 0 ||
        timeouts->heartbeat_us < 0 || timeouts->compensation_us < 0) {
        return "a timeout is negative";
    }
    if (sarn__step_is_local(step) &&
        (attempts || timeouts->schedule_to_close_us != 0)) {
        return "a local step takes no time: it has no timeouts";
    }
    if (sarn__step_waits(step) && attempts) {
        return "a step that waits has no timeout but schedule_to_close_us";
    }
    return NULL;
}

/* --- what its kind asks for --- */

static const char *functions_problem(const struct sarn_step *step)
{
    bool needs_run = step->kind == SARN_STEP_EXTERNAL || step->kind == SARN_STEP_LOCAL;

    if (step->kind > SARN_STEP_CHILD) {
        return "its kind is none of enum sarn_step_kind";
    }
    if (needs_run && step->run == NULL) {
        return "it has no function run";
    }
    if (step->run != NULL &&
        (step->kind == SARN_STEP_SIGNAL || step->kind == SARN_STEP_PROMISE)) {
        return "it has a function run, and a step of its kind only waits";
    }
    if (step->reconcile != NULL && step->kind != SARN_STEP_EXTERNAL) {
        return "it has a function reconcile, and only an external step can be in doubt";
    }
    if ((step->flags & ~KNOWN_FLAGS) != 0) {
        return "it has flags that this version does not know";
    }
    if (step->flags != 0 && step->kind != SARN_STEP_EXTERNAL) {
        return "it is SARN_STEP_IDEMPOTENT, which only an external step can be";
    }
    return NULL;
}

static const char *members_problem(const struct sarn_step *step)
{
    if (step->delay_us != 0 && step->kind != SARN_STEP_TIMER) {
        return "it has delay_us, and is no timer";
    }
    if (step->delay_us < 0) {
        return "delay_us is negative";
    }
    if (step->output != NULL && step->kind == SARN_STEP_TIMER) {
        return "it has an output, and a timer has none";
    }
    if (step->signal != NULL &&
        (step->kind != SARN_STEP_SIGNAL || step->signal[0] == '\0' ||
         strlen(step->signal) > SARN_NAME_BYTES_MAX)) {
        return "it has a signal, and does not wait for one of 1 to 255 bytes";
    }
    if ((step->child != NULL) != (step->kind == SARN_STEP_CHILD)) {
        return step->child == NULL ? "it names no child"
                                   : "it has a child, and is none";
    }
    if (step->parent_close > SARN_PARENT_CLOSE_ABANDON ||
        (step->parent_close != 0 && step->kind != SARN_STEP_CHILD)) {
        return "its parent_close is none of enum sarn_parent_close, or it is no child";
    }
    if (step->visits_max > SARN__EXECUTION_STEPS_MAX) {
        return "visits_max is over 4096, which is what one run may make";
    }
    return NULL;
}

/* --- other steps that it names --- */

static bool names_step(const struct sarn_workflow *workflow, const char *id)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        if (strcmp(sarn__workflow_step(workflow, i)->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static const char *sequence_problem(const struct sarn_workflow *workflow,
                                    uint32_t index)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);
    const struct sarn_timeouts *timeouts = &step->timeouts;
    struct sarn__element element;

    sarn__element_of(workflow, index, &element);
    if (step->next != NULL && index != element.first + element.count - 1) {
        return "it has a next, and in a group only the last one in the table says what "
               "follows";
    }
    if (step->next != NULL && step->next[0] != '\0' &&
        !names_step(workflow, step->next)) {
        return "its next is no step of this workflow";
    }
    if (step->on_timeout == NULL) {
        return NULL;
    }
    if (step->group != NULL) {
        return "it has on_timeout, and in a group nothing is gone on with but the "
               "group";
    }
    if (step->on_timeout[0] != '\0' && !names_step(workflow, step->on_timeout)) {
        return "its on_timeout is no step of this workflow";
    }
    if (timeouts->start_to_close_us == 0 && timeouts->schedule_to_close_us == 0 &&
        timeouts->heartbeat_us == 0) {
        return "it has on_timeout, and never times out";
    }
    return NULL;
}

/* One signal has one payload, whichever step it meets. */
static const char *signal_problem(const struct sarn_workflow *workflow, uint32_t index)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);

    for (uint32_t i = 0; step->kind == SARN_STEP_SIGNAL && i < index; i++) {
        const struct sarn_step *other = sarn__workflow_step(workflow, i);

        if (other->kind == SARN_STEP_SIGNAL && other->output != step->output &&
            strcmp(sarn__step_signal(other), sarn__step_signal(step)) == 0) {
            return "another step waits for the same signal, with another output";
        }
    }
    return NULL;
}

static const char *dependency_problem(const struct sarn_workflow *workflow,
                                      const struct sarn_step *step)
{
    for (const char *const *id = step->depends_on; id != NULL && *id != NULL; id++) {
        if (!names_step(workflow, *id)) {
            return "it depends on what is no step of this workflow";
        }
    }
    return NULL;
}

sarn_status sarn__step_check(const char *module,
                             const struct sarn_workflow *workflow,
                             uint32_t index,
                             struct sarn_error *error)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);
    const char *problem = functions_problem(step), *where = "";
    char part[160];

    (void)snprintf(part, sizeof(part), "workflow '%.54s', step '%.60s'", workflow->name,
                   step->id);
    problem = problem != NULL ? problem : members_problem(step);
    problem = problem != NULL ? problem : timeouts_problem(step);
    problem = problem != NULL ? problem : sequence_problem(workflow, index);
    problem = problem != NULL ? problem : signal_problem(workflow, index);
    problem = problem != NULL ? problem : dependency_problem(workflow, step);
    if (problem == NULL) {
        where = "in its retry policy, ";
        problem = retry_problem(&step->retry);
        problem = problem != NULL ? problem : retry_problem(&step->compensation_retry);
    }
    if (problem == NULL) {
        where = "";
        problem = needless_problem(step);
    }
    if (problem != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "module '%.60s', %s: %s%s", module,
                          part, where, problem);
    }
    return step->output == NULL
               ? SARN_OK
               : sarn__type_check(module, part, "the output", step->output, error);
}
