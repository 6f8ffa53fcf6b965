/* The life of an execution: what may follow in which status, and its beginning. */
#include "core/execution.h"

#include <assert.h>

#include "core/execution_parts.h"

void sarn__execution_init(struct sarn__execution *execution, struct sarn_arena *arena)
{
    *execution = (struct sarn__execution){.arena = arena};
}

/* --- what it is --- */

bool sarn__execution_is_closed(const struct sarn__execution *execution)
{
    switch (execution->status) {
    case SARN_EXECUTION_COMPLETED:
        return !execution->asked_to_undo;
    case SARN_EXECUTION_COMPENSATED:
    case SARN_EXECUTION_CANCELLED:
    case SARN_EXECUTION_TERMINATED:
    case SARN_EXECUTION_TIMED_OUT:
    case SARN_EXECUTION_CONTINUED:
    case SARN_EXECUTION_UNDONE:
        return true;
    default:
        return false;
    }
}

bool sarn__execution_is_over(const struct sarn__execution *execution)
{
    return execution->status == SARN_EXECUTION_PARKED ||
           sarn__execution_is_closed(execution);
}

void sarn__execution_recovered(struct sarn__execution *execution, bool intents)
{
    for (struct sarn__step *step = execution->first; step != NULL; step = step->next) {
        if (step->state == SARN__WAITING || step->state == SARN__BACKOFF) {
            step->orphaned = step->permitted;
        } else if (step->state == SARN__RUNNING || step->state == SARN__COMPENSATING) {
            step->orphaned = intents;
        }
    }
}

bool sarn__execution_is_orphaned(const struct sarn__execution *execution)
{
    for (const struct sarn__step *step = execution->first; step != NULL;
         step = step->next) {
        if (step->orphaned &&
            (step->state == SARN__RUNNING || step->state == SARN__COMPENSATING)) {
            return true;
        }
    }
    return false;
}

/* --- the beginning of a run --- */

static sarn_status copy_beginning(struct sarn__execution *execution,
                                  const struct sarn__beginning *from,
                                  struct sarn_error *error)
{
    struct sarn__beginning *to = &execution->beginning;

    *to = *from;
    SARN__TRY(sarn__execution_copy(execution, from->input, &to->input, error));
    SARN__TRY(sarn__execution_copy(execution, from->parent, &to->parent, error));
    SARN__TRY(
        sarn__execution_copy(execution, from->parent_step, &to->parent_step, error));
    SARN__TRY(
        sarn__execution_copy(execution, from->forked_from, &to->forked_from, error));
    return sarn__execution_copy(execution, from->schedule, &to->schedule, error);
}

/* A run begins from nothing, whatever was before it. */
static sarn_status started(struct sarn__execution *execution,
                           const struct sarn__execution_event *event,
                           struct sarn_error *error)
{
    struct sarn__execution run = {.arena = execution->arena};
    struct sarn__pending pending = {0};

    SARN__TRY(sarn__visit_prepare_window(&run, event, &pending, error));
    if (event->beginning != NULL) {
        SARN__TRY(copy_beginning(&run, event->beginning, error));
    }
    SARN__TRY(sarn__execution_set_attributes(&run, event, &run.attributes,
                                             &run.attribute_count, error));
    sarn__visit_link(&run, &pending);
    run.started_us = event->time_us;
    run.status = SARN_EXECUTION_RUNNING;
    *execution = run;
    return SARN_OK;
}

static sarn_status upgraded(struct sarn__execution *execution,
                            const struct sarn__execution_event *event)
{
    if (event->beginning != NULL) {
        execution->beginning.definition_version = event->beginning->definition_version;
        execution->beginning.fingerprint = event->beginning->fingerprint;
    }
    return SARN_OK;
}

/* --- what may follow --- */

#define IN(status) (1u << SARN_EXECUTION_##status)
#define GOING      (IN(RUNNING) | IN(COMPENSATING))

/* The statuses that an event may follow. Those of a step say more (execution_step.c);
 * STARTED also follows nothing, and every closed run. */
static const unsigned allowed[] = {
    [SARN__STARTED] = 0,
    [SARN__STEP_STARTED] = GOING,
    [SARN__STEP_SUCCEEDED] = GOING | IN(PARKED),
    [SARN__STEP_FAILED] = GOING | IN(PARKED),
    [SARN__STEP_RECONCILED] = GOING | IN(PARKED),
    [SARN__COMPENSATION_BEGAN] = IN(RUNNING) | IN(COMPLETED),
    [SARN__COMPLETED] = IN(RUNNING),
    [SARN__COMPENSATED] = IN(COMPENSATING),
    [SARN__PARKED] = GOING | IN(COMPLETED),
    [SARN__STEP_TIMED_OUT] = GOING | IN(PARKED),
    [SARN__STEP_AWAITS] = IN(RUNNING),
    [SARN__STEP_CANCELLED] = GOING,
    [SARN__STEP_INHERITED] = IN(RUNNING),
    [SARN__GROUP_JOINED] = IN(RUNNING),
    [SARN__UPGRADED] = GOING | IN(PARKED) | IN(COMPLETED),
    [SARN__SIGNAL_RECEIVED] = GOING | IN(PARKED),
    [SARN__UPDATE_ACCEPTED] = GOING | IN(PARKED),
    [SARN__PROMISE_SETTLED] = GOING | IN(PARKED),
    [SARN__CHILD_ENDED] = GOING | IN(PARKED),
    [SARN__CANCEL_REQUESTED] = GOING | IN(PARKED),
    [SARN__UNDO_REQUESTED] = IN(COMPLETED),
    [SARN__PAUSED] = GOING | IN(PARKED),
    [SARN__RESUMED] = GOING | IN(PARKED),
    [SARN__RESET_REQUESTED] = IN(RUNNING) | IN(PARKED) | IN(COMPLETED),
    [SARN__REWOUND] = IN(COMPENSATING),
    [SARN__UNPARKED] = IN(PARKED),
    [SARN__CONTINUED] = IN(RUNNING),
    [SARN__SLEPT] = GOING | IN(PARKED),
};

static bool may_happen(const struct sarn__execution *execution,
                       const struct sarn__execution_event *event)
{
    if (event->kind == SARN__STARTED) {
        return execution->status == 0 || sarn__execution_is_closed(execution);
    }
    if (event->was != 0 && event->was != execution->status) {
        return false;
    }
    /* Of what completed, only what is undone can be parked. */
    return (allowed[event->kind] & (1u << execution->status)) != 0 &&
           (event->kind != SARN__PARKED || !sarn__execution_is_closed(execution));
}

static sarn_status apply(struct sarn__execution *execution,
                         const struct sarn__execution_event *event,
                         struct sarn_error *error)
{
    switch (event->kind) {
    case SARN__STARTED:
        return started(execution, event, error);
    case SARN__STEP_STARTED:
    case SARN__STEP_SUCCEEDED:
    case SARN__STEP_FAILED:
    case SARN__STEP_RECONCILED:
    case SARN__STEP_TIMED_OUT:
    case SARN__STEP_AWAITS:
    case SARN__STEP_CANCELLED:
    case SARN__STEP_INHERITED:
        return sarn__execution_step_changed(execution, event, error);
    case SARN__GROUP_JOINED:
        return sarn__execution_group_joined(execution, event, error);
    case SARN__COMPENSATION_BEGAN:
        return sarn__execution_undo_began(execution, event, error);
    case SARN__COMPLETED:
    case SARN__COMPENSATED:
    case SARN__CONTINUED:
        return sarn__execution_ended(execution, event, error);
    case SARN__PARKED:
        return sarn__execution_parked(execution, event, error);
    case SARN__UNPARKED:
        return sarn__execution_unparked(execution, event, error);
    case SARN__UPGRADED:
        return upgraded(execution, event);
    case SARN__SIGNAL_RECEIVED:
    case SARN__UPDATE_ACCEPTED:
        return sarn__execution_message(execution, event, error);
    case SARN__PROMISE_SETTLED:
    case SARN__CHILD_ENDED:
        return sarn__execution_settled(execution, event, error);
    case SARN__CANCEL_REQUESTED:
    case SARN__UNDO_REQUESTED:
        return sarn__execution_asked(execution, event, error);
    case SARN__PAUSED:
    case SARN__RESUMED:
        return sarn__execution_paused(execution, event, error);
    case SARN__RESET_REQUESTED:
        return sarn__execution_reset(execution, event, error);
    case SARN__REWOUND:
        return sarn__execution_rewound(execution, event, error);
    case SARN__SLEPT:
        break; /* It is not in memory; nothing about it has changed. */
    }
    return SARN_OK;
}

sarn_status sarn__execution_apply(struct sarn__execution *execution,
                                  const struct sarn__execution_event *event,
                                  struct sarn_error *error)
{
    uint32_t serial = 0;

    assert(execution->arena != NULL);
    if (event->kind < SARN__STARTED || event->kind > SARN__SLEPT) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution has an unknown event %d", (int)event->kind);
    }
    if (event->step_count > SARN__EXECUTION_STEPS_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "an execution names over %u steps",
                          SARN__EXECUTION_STEPS_MAX);
    }
    if (!may_happen(execution, event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution has event %d, which cannot follow in status %u",
                          (int)event->kind, execution->status);
    }
    serial = execution->place.serial;
    SARN__TRY(apply(execution, event, error));
    if (execution->place.serial != serial) {
        execution->moved_us = event->time_us;
    }
    return SARN_OK;
}
