#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "engine/module_check.h"
#include "engine/registry.h"

/* Of a struct sarn_step as the first ABI has it: any array of steps is at least this.
 */
#define STEP_BYTES_MIN sizeof(struct sarn_step)
#define KNOWN_FLAGS    SARN_STEP_IDEMPOTENT

const struct sarn_step *sarn__workflow_step(const struct sarn_workflow *workflow,
                                            uint32_t index)
{
    return sarn__step_at(workflow, index);
}

static sarn_status check_retry(const char *module,
                               const char *part,
                               const struct sarn_retry *retry,
                               struct sarn_error *error)
{
    double backoff = retry->backoff_coefficient;
    const char *problem = NULL;

    if (retry->initial_interval_us < 0 || retry->maximum_interval_us < 0) {
        problem = "an interval is negative";
    } else if (retry->maximum_interval_us != 0 &&
               retry->maximum_interval_us < retry->initial_interval_us) {
        problem = "maximum_interval_us is less than initial_interval_us";
    } else if (!isfinite(backoff) || backoff < 0.0 ||
               (backoff > 0.0 && backoff < 1.0)) {
        problem = "backoff_coefficient must be 1 or more (or 0 for the default)";
    } else if (retry->non_retryable_count > 0 && retry->non_retryable == NULL) {
        problem = "non_retryable_count is set, but there is no list";
    }
    for (uint32_t i = 0; problem == NULL && i < retry->non_retryable_count; i++) {
        problem =
            retry->non_retryable[i] == NULL ? "a non-retryable code is NULL" : NULL;
    }
    return problem == NULL ? SARN_OK
                           : sarn__fail(error, SARN_ERR_INVALID,
                                        "module '%.60s', %s: in its retry policy, %s",
                                        module, part, problem);
}

static sarn_status check_step_id(const char *module,
                                 const struct sarn_workflow *workflow,
                                 uint32_t index,
                                 struct sarn_error *error)
{
    const char *id = sarn__workflow_step(workflow, index)->id;

    if (id == NULL || id[0] == '\0' || strlen(id) > SARN_NAME_BYTES_MAX) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "module '%.60s', workflow '%.60s': the id of step %u must have "
            "1 to %u bytes",
            module, workflow->name, index, SARN_NAME_BYTES_MAX);
    }
    for (uint32_t other = 0; other < index; other++) {
        if (strcmp(sarn__workflow_step(workflow, other)->id, id) == 0) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "module '%.60s', workflow '%.60s': two steps have the id "
                              "'%.60s'; an id is unique and never changes",
                              module, workflow->name, id);
        }
    }
    return SARN_OK;
}

static sarn_status check_step(const char *module,
                              const struct sarn_workflow *workflow,
                              uint32_t index,
                              struct sarn_error *error)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);
    const char *problem = NULL;
    char part[160];

    SARN__TRY(check_step_id(module, workflow, index, error));
    (void)snprintf(part, sizeof(part), "workflow '%.54s', step '%.60s'", workflow->name,
                   step->id);
    if (step->run == NULL) {
        problem = "it has no function run";
    } else if (step->kind != SARN_STEP_EXTERNAL && step->kind != SARN_STEP_LOCAL) {
        problem = "its kind is neither SARN_STEP_EXTERNAL nor SARN_STEP_LOCAL";
    } else if ((step->flags & ~KNOWN_FLAGS) != 0) {
        problem = "it has flags that this version does not know";
    }
    if (problem != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "module '%.60s', %s: %s", module,
                          part, problem);
    }
    if (step->output != NULL) {
        SARN__TRY(sarn__type_check(module, part, "the output", step->output, error));
    }
    SARN__TRY(check_retry(module, part, &step->retry, error));
    return check_retry(module, part, &step->compensation_retry, error);
}

sarn_status sarn__workflow_check(const char *module,
                                 const struct sarn_workflow *workflow,
                                 struct sarn_error *error)
{
    SARN__TRY(sarn__category_check(module, "workflow", workflow->name,
                                   SARN__WORKFLOW_NAME_BYTES_MAX, error));
    if (workflow->steps == NULL || workflow->step_count == 0 ||
        workflow->step_count > SARN__STEPS_MAX) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "module '%.60s', workflow '%.60s': it must have 1 to %u steps", module,
            workflow->name, SARN__STEPS_MAX);
    }
    if (workflow->step_size < STEP_BYTES_MIN ||
        workflow->step_size % alignof(struct sarn_step) != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', workflow '%.60s': step_size is %u; fill in "
                          "the steps with SARN_STEPS()",
                          module, workflow->name, workflow->step_size);
    }
    if (workflow->input != NULL) {
        char part[96];

        (void)snprintf(part, sizeof(part), "workflow '%.60s'", workflow->name);
        SARN__TRY(sarn__type_check(module, part, "the input", workflow->input, error));
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        SARN__TRY(check_step(module, workflow, i, error));
    }
    return SARN_OK;
}
