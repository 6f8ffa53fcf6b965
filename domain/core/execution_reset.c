/* Back to before a step, and forward again. */
#include "core/execution_parts.h"

#define IN(state) SARN__STATE(state)

/* The first of those that came to the same place: the members of a group. */
static uint32_t begun_with(const struct sarn__execution *execution,
                           const struct sarn__step *visit)
{
    uint32_t begun = visit->begun;

    for (const struct sarn__step *other = execution->first;
         other != NULL && visit->group.size > 0; other = other->next) {
        if (other->begun != 0 && other->begun < begun &&
            other->before.serial == visit->before.serial &&
            sarn_str_equal(other->group, visit->group)) {
            begun = other->begun;
        }
    }
    return begun;
}

static bool may_reset(const struct sarn__execution *execution)
{
    return execution->status == SARN_EXECUTION_RUNNING ||
           (execution->status == SARN_EXECUTION_PARKED &&
            execution->parked_from == SARN_EXECUTION_RUNNING) ||
           (execution->status == SARN_EXECUTION_COMPLETED && !execution->asked_to_undo);
}

sarn_status sarn__execution_reset(struct sarn__execution *execution,
                                  const struct sarn__execution_event *event,
                                  struct sarn_error *error)
{
    const struct sarn__step *visit = sarn__execution_step(execution, event->step);

    /* One that was only permitted has not been come to. */
    while (visit != NULL && visit->begun == 0) {
        visit = visit->earlier;
    }
    if (!may_reset(execution) || visit == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution with status %u cannot be reset to step %.*s%s",
                          execution->status, (int)event->step.size, event->step.data,
                          visit == NULL ? ", which has not begun" : "");
    }
    SARN__TRY(sarn__execution_check_doubts(execution, event, error));
    execution->reset_to = visit->id;
    execution->reset_begun = begun_with(execution, visit);
    sarn__execution_doubt(execution, event, execution->reset_begun);
    execution->status = SARN_EXECUTION_COMPENSATING;
    execution->cause = SARN__CAUSE_RESET;
    execution->failure = (struct sarn__trouble){0};
    execution->parked = (struct sarn__trouble){0};
    execution->asked_to_end = false;
    execution->asked_terminate = false;
    execution->asked_text = (struct sarn_str){NULL, 0};
    execution->continues = false;
    execution->output = (struct sarn_str){NULL, 0};
    return SARN_OK;
}

/* What is to be forgotten, and must not be under way. */
static bool is_rewound(const struct sarn__execution *execution,
                       const struct sarn__step *visit)
{
    return visit->begun == 0 || visit->begun >= execution->reset_begun;
}

/* Nothing of it counts any more: neither as done, skipped or expired nor as failed. */
static void forget(struct sarn__execution *execution, struct sarn__step *visit)
{
    if (((IN(WAITING) | IN(BACKOFF)) & (1u << visit->state)) != 0) {
        sarn__visit_become(execution, visit, SARN__CANCELLED);
    } else if (visit->state != SARN__CANCELLED) {
        sarn__visit_become(execution, visit, SARN__UNDONE);
    }
    visit->acted = false;
    visit->orphaned = false;
}

sarn_status sarn__execution_rewound(struct sarn__execution *execution,
                                    const struct sarn__execution_event *event,
                                    struct sarn_error *error)
{
    struct sarn__place place = {0};

    if (execution->cause != SARN__CAUSE_RESET ||
        !sarn_str_equal(event->step, execution->reset_to)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution was rewound to step %.*s, and nobody had asked",
                          (int)event->step.size, event->step.data);
    }
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (is_rewound(execution, visit) &&
            (SARN__UNSETTLED & (1u << visit->state)) != 0) {
            return sarn__fail(error, SARN_ERR_CORRUPT,
                              "an execution was rewound while step %.*s was %s",
                              (int)visit->id.size, visit->id.data,
                              sarn__state_names[visit->state]);
        }
        if (visit->begun == execution->reset_begun) {
            place = visit->before;
        }
    }
    for (struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (is_rewound(execution, visit)) {
            forget(execution, visit);
        }
    }
    place.serial = ++execution->last_serial;
    execution->place = place;
    execution->reset_to = (struct sarn_str){NULL, 0};
    execution->reset_begun = 0;
    execution->cause = SARN__CAUSE_FAILURE;
    execution->status = SARN_EXECUTION_RUNNING;
    return SARN_OK;
}
