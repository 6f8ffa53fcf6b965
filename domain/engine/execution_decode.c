/* An execution's events, from the log. */
#include <string.h>

#include "core/fail.h"
#include "engine/execution_log.h"
#include "sarn/events.h"

#define FACT struct sarn__execution_event

/* The first visit is not written. */
static uint32_t visit_of(uint32_t visit)
{
    return visit == 0 ? 1 : visit;
}

static struct sarn_uuid uuid_of(struct sarn_str bytes)
{
    struct sarn_uuid id = {{0}};

    if (bytes.size == sizeof(id.bytes)) {
        memcpy(id.bytes, bytes.data, sizeof(id.bytes));
    }
    return id;
}

/* --- those that need memory --- */

static const struct sarn__attribute *attributes_of(
    const struct sarn_attribute_value *values, uint32_t count, struct sarn_arena *arena)
{
    struct sarn__attribute *attributes =
        sarn_arena_alloc(arena, count * sizeof(*attributes));

    for (uint32_t i = 0; attributes != NULL && i < count; i++) {
        attributes[i] = (struct sarn__attribute){values[i].name, values[i].value};
    }
    return attributes;
}

static bool
from_started(const struct sarn_event *event, struct sarn_arena *arena, FACT *fact)
{
    const struct sarn_execution_started *data = event->data;
    struct sarn__beginning *beginning = sarn_arena_alloc(arena, sizeof(*beginning));

    if (beginning == NULL) {
        return false;
    }
    *beginning = (struct sarn__beginning){
        .definition_version = data->definition_version,
        .fingerprint = data->fingerprint,
        .run_id = uuid_of(data->run_id),
        .input = data->input,
        .deadline_us = data->deadline_us,
        .priority = data->priority,
        .parent = data->parent,
        .parent_run = uuid_of(data->parent_run),
        .parent_step = data->parent_step,
        .parent_visit = data->parent.size > 0 ? visit_of(data->parent_visit) : 0,
        .parent_close = data->parent_close,
        .continued_from = uuid_of(data->continued_from),
        .forked_from = data->forked_from,
        .forked_run = uuid_of(data->forked_run),
        .schedule = data->schedule,
    };
    if (data->input_hash.size == sizeof(beginning->input_hash)) {
        memcpy(beginning->input_hash, data->input_hash.data,
               sizeof(beginning->input_hash));
    }
    *fact = (FACT){.kind = SARN__STARTED,
                   .was = data->replaces,
                   .steps = data->window.data,
                   .step_count = data->window.size,
                   .beginning = beginning,
                   .attribute_count = data->attributes.size};
    fact->attributes =
        attributes_of(data->attributes.data, data->attributes.size, arena);
    return fact->attributes != NULL;
}

static bool
from_upgraded(const struct sarn_event *event, struct sarn_arena *arena, FACT *fact)
{
    const struct sarn_execution_upgraded *data = event->data;
    struct sarn__beginning *beginning = sarn_arena_alloc(arena, sizeof(*beginning));

    if (beginning == NULL) {
        return false;
    }
    beginning->definition_version = data->definition_version;
    beginning->fingerprint = data->fingerprint;
    *fact = (FACT){.kind = SARN__UPGRADED, .beginning = beginning};
    return true;
}

static bool from_step_succeeded(const struct sarn_event *event,
                                struct sarn_arena *arena,
                                FACT *fact)
{
    const struct sarn_step_succeeded *data = event->data;

    *fact = (FACT){.kind = SARN__STEP_SUCCEEDED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .attempt = data->attempt,
                   .compensation = data->compensation,
                   .output = data->output,
                   .steps = data->window.data,
                   .step_count = data->window.size,
                   .chose = data->chose,
                   .next = data->next,
                   .name = data->signal,
                   .continues = data->continues,
                   .input = data->continue_input};
    if (data->attributes.size == 0 && data->removed.size == 0) {
        return true;
    }
    fact->attributes =
        attributes_of(data->attributes.data, data->attributes.size, arena);
    fact->attribute_count = data->attributes.size;
    if (data->removed.size == data->attributes.size) {
        fact->removed = attributes_of(data->removed.data, data->removed.size, arena);
    }
    return fact->attributes != NULL &&
           (fact->removed != NULL || data->removed.size != data->attributes.size);
}

/* --- steps --- */

static void from_step_started(const void *event, FACT *fact)
{
    const struct sarn_step_started *data = event;

    *fact = (FACT){.kind = SARN__STEP_STARTED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .attempt = data->attempt,
                   .compensation = data->compensation,
                   .deadline_us = data->deadline_us};
}

static void from_step_failed(const void *event, FACT *fact)
{
    const struct sarn_step_failed *data = event;

    *fact = (FACT){.kind = SARN__STEP_FAILED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .attempt = data->attempt,
                   .compensation = data->compensation,
                   .code = data->code,
                   .text = data->text,
                   .retry_at_us = data->retry_at_us};
}

static void from_step_timed_out(const void *event, FACT *fact)
{
    const struct sarn_step_timed_out *data = event;

    *fact = (FACT){.kind = SARN__STEP_TIMED_OUT,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .attempt = data->attempt,
                   .compensation = data->compensation,
                   .timeout = data->timeout,
                   .in_doubt = data->in_doubt,
                   .retry_at_us = data->retry_at_us,
                   .chose = data->goes_on,
                   .next = data->next,
                   .text = data->text};
}

static void from_step_reconciled(const void *event, FACT *fact)
{
    const struct sarn_step_reconciled *data = event;

    *fact = (FACT){.kind = SARN__STEP_RECONCILED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .attempt = data->attempt,
                   .compensation = data->compensation,
                   .fate = data->fate,
                   .output = data->output,
                   .text = data->text,
                   .steps = data->window.data,
                   .step_count = data->window.size};
}

static void from_step_waiting(const void *event, FACT *fact)
{
    const struct sarn_step_waiting *data = event;

    *fact = (FACT){.kind = SARN__STEP_AWAITS,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .due_us = data->due_us,
                   .deadline_us = data->deadline_us,
                   .child = data->child,
                   .run_id = uuid_of(data->child_run)};
}

static void from_step_cancelled(const void *event, FACT *fact)
{
    const struct sarn_step_cancelled *data = event;

    *fact = (FACT){.kind = SARN__STEP_CANCELLED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group};
}

static void from_step_inherited(const void *event, FACT *fact)
{
    const struct sarn_step_inherited *data = event;

    *fact = (FACT){.kind = SARN__STEP_INHERITED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .group = data->group,
                   .output = data->output,
                   .chose = data->chose,
                   .next = data->next};
}

static void from_group_joined(const void *event, FACT *fact)
{
    const struct sarn_group_joined *data = event;

    *fact = (FACT){.kind = SARN__GROUP_JOINED,
                   .step = data->step,
                   .group = data->group,
                   .count = data->succeeded};
}

/* --- what it was told --- */

static void from_signal(const void *event, FACT *fact)
{
    const struct sarn_signal_received *data = event;

    *fact = (FACT){.kind = SARN__SIGNAL_RECEIVED,
                   .name = data->name,
                   .input = data->payload,
                   .carried = data->carried};
}

static void from_update(const void *event, FACT *fact)
{
    const struct sarn_update_accepted *data = event;

    *fact = (FACT){.kind = SARN__UPDATE_ACCEPTED,
                   .name = data->name,
                   .input = data->payload,
                   .output = data->output,
                   .to_step = data->to_step};
}

static void from_promise(const void *event, FACT *fact)
{
    const struct sarn_promise_settled *data = event;

    *fact = (FACT){.kind = SARN__PROMISE_SETTLED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .failed = data->failed,
                   .output = data->output,
                   .code = data->code,
                   .text = data->text};
}

static void from_child_ended(const void *event, FACT *fact)
{
    const struct sarn_child_ended *data = event;

    *fact = (FACT){.kind = SARN__CHILD_ENDED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .compensation = data->compensation,
                   .status = data->status,
                   .output = data->output,
                   .code = data->code,
                   .text = data->text};
}

static void from_cancel(const void *event, FACT *fact)
{
    const struct sarn_cancel_requested *data = event;

    *fact = (FACT){.kind = SARN__CANCEL_REQUESTED,
                   .text = data->reason,
                   .terminate = data->terminate,
                   .was = data->was};
}

static void from_undo(const void *event, FACT *fact)
{
    const struct sarn_undo_requested *data = event;

    *fact = (FACT){.kind = SARN__UNDO_REQUESTED, .text = data->reason};
}

static void from_paused(const void *event, FACT *fact)
{
    const struct sarn_execution_paused *data = event;

    *fact = (FACT){.kind = SARN__PAUSED, .text = data->reason};
}

static void from_resumed(const void *event, FACT *fact)
{
    const struct sarn_execution_resumed *data = event;

    *fact = (FACT){.kind = SARN__RESUMED, .text = data->reason};
}

static void from_reset(const void *event, FACT *fact)
{
    const struct sarn_reset_requested *data = event;

    *fact = (FACT){.kind = SARN__RESET_REQUESTED,
                   .step = data->step,
                   .text = data->reason,
                   .was = data->was,
                   .steps = data->in_doubt.data,
                   .step_count = data->in_doubt.size};
}

static void from_rewound(const void *event, FACT *fact)
{
    const struct sarn_execution_rewound *data = event;

    *fact = (FACT){.kind = SARN__REWOUND, .step = data->step};
}

static void from_unparked(const void *event, FACT *fact)
{
    const struct sarn_execution_unparked *data = event;

    *fact = (FACT){.kind = SARN__UNPARKED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .compensation = data->compensation,
                   .decision = data->decision,
                   .output = data->output,
                   .text = data->reason,
                   .status = data->now};
}

/* --- how it went --- */

static void from_compensation_began(const void *event, FACT *fact)
{
    const struct sarn_compensation_began *data = event;

    *fact = (FACT){.kind = SARN__COMPENSATION_BEGAN,
                   .step = data->step,
                   .code = data->code,
                   .text = data->text,
                   .steps = data->in_doubt.data,
                   .step_count = data->in_doubt.size,
                   .cause = data->cause,
                   .was = data->was};
}

static void from_completed(const void *event, FACT *fact)
{
    const struct sarn_execution_completed *data = event;

    *fact = (FACT){.kind = SARN__COMPLETED, .output = data->output, .was = data->was};
}

static void from_compensated(const void *event, FACT *fact)
{
    const struct sarn_execution_compensated *data = event;

    *fact = (FACT){.kind = SARN__COMPENSATED, .cause = data->cause};
}

static void from_continued(const void *event, FACT *fact)
{
    const struct sarn_execution_continued *data = event;

    *fact = (FACT){.kind = SARN__CONTINUED, .run_id = uuid_of(data->run_id)};
}

static void from_parked(const void *event, FACT *fact)
{
    const struct sarn_execution_parked *data = event;

    *fact = (FACT){.kind = SARN__PARKED,
                   .step = data->step,
                   .visit = visit_of(data->visit),
                   .compensation = data->compensation,
                   .code = data->code,
                   .text = data->text,
                   .was = data->was};
}

static void from_slept(const void *event, FACT *fact)
{
    const struct sarn_execution_slept *data = event;

    *fact = (FACT){.kind = SARN__SLEPT, .due_us = data->until_us};
}

/* --- any of them --- */

static const struct {
    const struct sarn_type *type;
    void (*from)(const void *data, FACT *fact);
} kinds[] = {
    {&sarn_step_started_type, from_step_started},
    {&sarn_execution_completed_type, from_completed},
    {&sarn_step_failed_type, from_step_failed},
    {&sarn_step_waiting_type, from_step_waiting},
    {&sarn_execution_slept_type, from_slept},
    {&sarn_step_timed_out_type, from_step_timed_out},
    {&sarn_step_reconciled_type, from_step_reconciled},
    {&sarn_step_cancelled_type, from_step_cancelled},
    {&sarn_step_inherited_type, from_step_inherited},
    {&sarn_group_joined_type, from_group_joined},
    {&sarn_signal_received_type, from_signal},
    {&sarn_update_accepted_type, from_update},
    {&sarn_promise_settled_type, from_promise},
    {&sarn_child_ended_type, from_child_ended},
    {&sarn_cancel_requested_type, from_cancel},
    {&sarn_undo_requested_type, from_undo},
    {&sarn_execution_paused_type, from_paused},
    {&sarn_execution_resumed_type, from_resumed},
    {&sarn_reset_requested_type, from_reset},
    {&sarn_execution_rewound_type, from_rewound},
    {&sarn_execution_unparked_type, from_unparked},
    {&sarn_compensation_began_type, from_compensation_began},
    {&sarn_execution_compensated_type, from_compensated},
    {&sarn_execution_continued_type, from_continued},
    {&sarn_execution_parked_type, from_parked},
};

static bool view(const struct sarn_event *event, struct sarn_arena *arena, FACT *fact)
{
    if (event->type == &sarn_step_succeeded_type) {
        return from_step_succeeded(event, arena, fact);
    }
    if (event->type == &sarn_execution_started_type) {
        return from_started(event, arena, fact);
    }
    if (event->type == &sarn_execution_upgraded_type) {
        return from_upgraded(event, arena, fact);
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (event->type == kinds[i].type) {
            kinds[i].from(event->data, fact);
            break;
        }
    }
    return true;
}

sarn_status sarn__execution_event(const struct sarn_event *event,
                                  struct sarn_arena *arena,
                                  struct sarn__execution_event *fact,
                                  struct sarn_error *error)
{
    *fact = (FACT){.kind = (enum sarn__fact)0};
    if (event->data == NULL) {
        return SARN_OK;
    }
    if (!view(event, arena, fact)) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory reading an execution");
    }
    fact->time_us = event->time_us;
    return SARN_OK;
}
