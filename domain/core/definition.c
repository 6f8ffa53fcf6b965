#include "core/definition.h"

#include <assert.h>

const struct sarn_step *sarn__step_at(const struct sarn_workflow *workflow,
                                      uint32_t index)
{
    assert(index < workflow->step_count);
    return (const struct sarn_step *)(const void *)((const char *)workflow->steps +
                                                    (size_t)index *
                                                        workflow->step_size);
}

bool sarn__step_is_local(const struct sarn_step *step)
{
    return step->kind == SARN_STEP_LOCAL;
}

bool sarn__step_is_repeatable(const struct sarn_step *step)
{
    return !sarn__step_is_local(step) && (step->flags & SARN_STEP_IDEMPOTENT) != 0;
}

uint32_t sarn__window(const struct sarn_workflow *workflow,
                      uint32_t index,
                      struct sarn_str *steps)
{
    uint32_t count = 0;

    for (; index < workflow->step_count && count < SARN__WINDOW_STEPS_MAX; index++) {
        const struct sarn_step *step = sarn__step_at(workflow, index);

        if (!sarn__step_is_repeatable(step)) {
            break;
        }
        steps[count++] = sarn_str(step->id);
    }
    return count;
}

uint32_t sarn__step_index(const struct sarn_workflow *workflow,
                          struct sarn_str id,
                          uint32_t from)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        uint32_t index = (from + i) % workflow->step_count;

        if (sarn_str_equal(sarn_str(sarn__step_at(workflow, index)->id), id)) {
            return index;
        }
    }
    return workflow->step_count;
}
