/* definition.h - a workflow's table of steps, as planning sees it.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_DEFINITION_H
#define SARN_CORE_DEFINITION_H

#include "sarn/workflow.h"

#define SARN__WINDOW_STEPS_MAX 64u

struct sarn__definition {
    const struct sarn_workflow *workflow;
    uint64_t fingerprint; /* Of its step table. */
};

/* The step at index, whatever size the workflow's module was compiled with. */
const struct sarn_step *sarn__step_at(const struct sarn_workflow *workflow,
                                      uint32_t index);
/* Where the step called id is; step_count: nowhere. The search begins at from, since
 * who looks for one step has often found the one before. */
uint32_t sarn__step_index(const struct sarn_workflow *workflow,
                          struct sarn_str id,
                          uint32_t from);

bool sarn__step_is_local(const struct sarn_step *step);
/* May be repeated under its key: fit for a window. */
bool sarn__step_is_repeatable(const struct sarn_step *step);

/* The ids of the steps from index on that may all start before the next sync; steps has
 * room for SARN__WINDOW_STEPS_MAX. How many there are. */
uint32_t sarn__window(const struct sarn_workflow *workflow,
                      uint32_t index,
                      struct sarn_str *steps);

#endif
