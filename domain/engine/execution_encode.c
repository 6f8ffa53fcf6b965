/* An execution's events, to the log. */
#include <assert.h>

#include "engine/execution_log.h"
#include "sarn/events.h"

#define FACT struct sarn__execution_event

/* Any of the events, as a struct of its type, with what it points to. */
struct data {
    union {
        struct sarn_execution_started started;
        struct sarn_step_started step_started;
        struct sarn_step_succeeded step_succeeded;
        struct sarn_step_failed step_failed;
        struct sarn_step_timed_out step_timed_out;
        struct sarn_step_reconciled step_reconciled;
        struct sarn_step_waiting step_waiting;
        struct sarn_step_cancelled step_cancelled;
        struct sarn_step_inherited step_inherited;
        struct sarn_group_joined group_joined;
        struct sarn_execution_upgraded upgraded;
        struct sarn_signal_received signal;
        struct sarn_update_accepted update;
        struct sarn_promise_settled promise;
        struct sarn_child_ended child;
        struct sarn_cancel_requested cancel;
        struct sarn_undo_requested undo;
        struct sarn_execution_paused paused;
        struct sarn_execution_resumed resumed;
        struct sarn_reset_requested reset;
        struct sarn_execution_rewound rewound;
        struct sarn_execution_unparked unparked;
        struct sarn_compensation_began compensation_began;
        struct sarn_execution_completed completed;
        struct sarn_execution_compensated compensated;
        struct sarn_execution_continued continued;
        struct sarn_execution_parked parked;
        struct sarn_execution_slept slept;
    };
    struct sarn_attribute_value attributes[SARN_ATTRIBUTES_MAX];
    struct sarn_attribute_value removed[SARN_ATTRIBUTES_MAX];
};

/* The first visit is not written. */
static uint32_t visit_of(const FACT *fact)
{
    return fact->visit <= 1 ? 0 : fact->visit;
}

/* A view of id, which lives as long as what is written; absent where it is zero. */
static struct sarn_str uuid_bytes(const struct sarn_uuid *id)
{
    return sarn_uuid_is_zero(*id)
               ? (struct sarn_str){NULL, 0}
               : (struct sarn_str){(const char *)id->bytes, sizeof(id->bytes)};
}

static void attributes_of(const struct sarn__attribute *attributes,
                          uint32_t count,
                          struct sarn_attribute_value *values)
{
    assert(count <= SARN_ATTRIBUTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        values[i] =
            (struct sarn_attribute_value){attributes[i].name, attributes[i].value};
    }
}

/* --- the beginning --- */

static const struct sarn_type *to_started(struct sarn_str workflow,
                                          struct sarn_str workflow_id,
                                          const FACT *fact,
                                          struct data *data)
{
    const struct sarn__beginning *beginning = fact->beginning;

    assert(beginning != NULL);
    attributes_of(fact->attributes, fact->attribute_count, data->attributes);
    data->started = (struct sarn_execution_started){
        .workflow = workflow,
        .workflow_id = workflow_id,
        .run_id = uuid_bytes(&beginning->run_id),
        .definition_version = beginning->definition_version,
        .fingerprint = beginning->fingerprint,
        .input = beginning->input,
        .input_hash = {(const char *)beginning->input_hash,
                       sizeof(beginning->input_hash)},
        .window = {fact->steps, fact->step_count},
        .deadline_us = beginning->deadline_us,
        .priority = beginning->priority,
        .attributes = {data->attributes, fact->attribute_count},
        .parent = beginning->parent,
        .parent_run = uuid_bytes(&beginning->parent_run),
        .parent_step = beginning->parent_step,
        .parent_visit = beginning->parent_visit <= 1 ? 0 : beginning->parent_visit,
        .parent_close = beginning->parent_close,
        .continued_from = uuid_bytes(&beginning->continued_from),
        .forked_from = beginning->forked_from,
        .forked_run = uuid_bytes(&beginning->forked_run),
        .schedule = beginning->schedule,
        .replaces = fact->was,
    };
    return &sarn_execution_started_type;
}

static const struct sarn_type *to_upgraded(const FACT *fact, struct data *data)
{
    assert(fact->beginning != NULL);
    data->upgraded = (struct sarn_execution_upgraded){
        .definition_version = fact->beginning->definition_version,
        .fingerprint = fact->beginning->fingerprint};
    return &sarn_execution_upgraded_type;
}

/* --- steps --- */

static const struct sarn_type *to_step_succeeded(const FACT *fact, struct data *data)
{
    uint32_t removed = fact->removed != NULL ? fact->attribute_count : 0;

    attributes_of(fact->attributes, fact->attribute_count, data->attributes);
    attributes_of(fact->removed, removed, data->removed);
    data->step_succeeded = (struct sarn_step_succeeded){
        .step = fact->step,
        .attempt = fact->attempt,
        .compensation = fact->compensation,
        .output = fact->output,
        .window = {fact->steps, fact->step_count},
        .visit = visit_of(fact),
        .group = fact->group,
        .next = fact->next,
        .chose = fact->chose,
        .signal = fact->name,
        .continues = fact->continues,
        .continue_input = fact->input,
        .attributes = {data->attributes, fact->attribute_count},
        .removed = {data->removed, removed}};
    return &sarn_step_succeeded_type;
}

static const struct sarn_type *to_step_started(const FACT *fact, struct data *data)
{
    data->step_started = (struct sarn_step_started){.step = fact->step,
                                                    .attempt = fact->attempt,
                                                    .compensation = fact->compensation,
                                                    .visit = visit_of(fact),
                                                    .group = fact->group,
                                                    .deadline_us = fact->deadline_us};
    return &sarn_step_started_type;
}

static const struct sarn_type *to_step_failed(const FACT *fact, struct data *data)
{
    data->step_failed = (struct sarn_step_failed){.step = fact->step,
                                                  .attempt = fact->attempt,
                                                  .compensation = fact->compensation,
                                                  .code = fact->code,
                                                  .text = fact->text,
                                                  .retry_at_us = fact->retry_at_us,
                                                  .visit = visit_of(fact),
                                                  .group = fact->group};
    return &sarn_step_failed_type;
}

static const struct sarn_type *to_step_timed_out(const FACT *fact, struct data *data)
{
    data->step_timed_out =
        (struct sarn_step_timed_out){.step = fact->step,
                                     .attempt = fact->attempt,
                                     .compensation = fact->compensation,
                                     .visit = visit_of(fact),
                                     .group = fact->group,
                                     .timeout = fact->timeout,
                                     .in_doubt = fact->in_doubt,
                                     .retry_at_us = fact->retry_at_us,
                                     .goes_on = fact->chose,
                                     .next = fact->next,
                                     .text = fact->text};
    return &sarn_step_timed_out_type;
}

static const struct sarn_type *to_step_reconciled(const FACT *fact, struct data *data)
{
    data->step_reconciled =
        (struct sarn_step_reconciled){.step = fact->step,
                                      .attempt = fact->attempt,
                                      .compensation = fact->compensation,
                                      .fate = fact->fate,
                                      .output = fact->output,
                                      .window = {fact->steps, fact->step_count},
                                      .text = fact->text,
                                      .visit = visit_of(fact),
                                      .group = fact->group};
    return &sarn_step_reconciled_type;
}

static const struct sarn_type *to_step_waiting(const FACT *fact, struct data *data)
{
    data->step_waiting =
        (struct sarn_step_waiting){.step = fact->step,
                                   .visit = visit_of(fact),
                                   .group = fact->group,
                                   .due_us = fact->due_us,
                                   .deadline_us = fact->deadline_us,
                                   .child = fact->child,
                                   .child_run = uuid_bytes(&fact->run_id)};
    return &sarn_step_waiting_type;
}

static const struct sarn_type *to_step_cancelled(const FACT *fact, struct data *data)
{
    data->step_cancelled = (struct sarn_step_cancelled){
        .step = fact->step, .visit = visit_of(fact), .group = fact->group};
    return &sarn_step_cancelled_type;
}

static const struct sarn_type *to_step_inherited(const FACT *fact, struct data *data)
{
    data->step_inherited = (struct sarn_step_inherited){.step = fact->step,
                                                        .visit = visit_of(fact),
                                                        .group = fact->group,
                                                        .output = fact->output,
                                                        .next = fact->next,
                                                        .chose = fact->chose};
    return &sarn_step_inherited_type;
}

static const struct sarn_type *to_group_joined(const FACT *fact, struct data *data)
{
    data->group_joined = (struct sarn_group_joined){
        .group = fact->group, .step = fact->step, .succeeded = fact->count};
    return &sarn_group_joined_type;
}

/* --- what it was told --- */

static const struct sarn_type *to_signal(const FACT *fact, struct data *data)
{
    data->signal = (struct sarn_signal_received){
        .name = fact->name, .payload = fact->input, .carried = fact->carried};
    return &sarn_signal_received_type;
}

static const struct sarn_type *to_update(const FACT *fact, struct data *data)
{
    data->update = (struct sarn_update_accepted){.name = fact->name,
                                                 .payload = fact->input,
                                                 .output = fact->output,
                                                 .to_step = fact->to_step};
    return &sarn_update_accepted_type;
}

static const struct sarn_type *to_promise(const FACT *fact, struct data *data)
{
    data->promise = (struct sarn_promise_settled){.step = fact->step,
                                                  .visit = visit_of(fact),
                                                  .failed = fact->failed,
                                                  .output = fact->output,
                                                  .code = fact->code,
                                                  .text = fact->text};
    return &sarn_promise_settled_type;
}

static const struct sarn_type *to_child_ended(const FACT *fact, struct data *data)
{
    data->child = (struct sarn_child_ended){.step = fact->step,
                                            .visit = visit_of(fact),
                                            .compensation = fact->compensation,
                                            .status = fact->status,
                                            .output = fact->output,
                                            .code = fact->code,
                                            .text = fact->text};
    return &sarn_child_ended_type;
}

static const struct sarn_type *to_cancel(const FACT *fact, struct data *data)
{
    data->cancel = (struct sarn_cancel_requested){
        .reason = fact->text, .terminate = fact->terminate, .was = fact->was};
    return &sarn_cancel_requested_type;
}

static const struct sarn_type *to_undo(const FACT *fact, struct data *data)
{
    data->undo = (struct sarn_undo_requested){.reason = fact->text};
    return &sarn_undo_requested_type;
}

static const struct sarn_type *to_paused(const FACT *fact, struct data *data)
{
    data->paused = (struct sarn_execution_paused){.reason = fact->text};
    return &sarn_execution_paused_type;
}

static const struct sarn_type *to_resumed(const FACT *fact, struct data *data)
{
    data->resumed = (struct sarn_execution_resumed){.reason = fact->text};
    return &sarn_execution_resumed_type;
}

static const struct sarn_type *to_reset(const FACT *fact, struct data *data)
{
    data->reset =
        (struct sarn_reset_requested){.step = fact->step,
                                      .reason = fact->text,
                                      .was = fact->was,
                                      .in_doubt = {fact->steps, fact->step_count}};
    return &sarn_reset_requested_type;
}

static const struct sarn_type *to_rewound(const FACT *fact, struct data *data)
{
    data->rewound = (struct sarn_execution_rewound){.step = fact->step};
    return &sarn_execution_rewound_type;
}

static const struct sarn_type *to_unparked(const FACT *fact, struct data *data)
{
    data->unparked =
        (struct sarn_execution_unparked){.step = fact->step,
                                         .visit = visit_of(fact),
                                         .compensation = fact->compensation,
                                         .decision = fact->decision,
                                         .output = fact->output,
                                         .reason = fact->text,
                                         .now = fact->status};
    return &sarn_execution_unparked_type;
}

/* --- how it went --- */

static const struct sarn_type *to_compensation_began(const FACT *fact,
                                                     struct data *data)
{
    data->compensation_began =
        (struct sarn_compensation_began){.step = fact->step,
                                         .code = fact->code,
                                         .text = fact->text,
                                         .in_doubt = {fact->steps, fact->step_count},
                                         .cause = fact->cause,
                                         .was = fact->was};
    return &sarn_compensation_began_type;
}

static const struct sarn_type *to_completed(const FACT *fact, struct data *data)
{
    data->completed =
        (struct sarn_execution_completed){.output = fact->output, .was = fact->was};
    return &sarn_execution_completed_type;
}

static const struct sarn_type *to_compensated(const FACT *fact, struct data *data)
{
    data->compensated = (struct sarn_execution_compensated){.cause = fact->cause};
    return &sarn_execution_compensated_type;
}

static const struct sarn_type *to_continued(const FACT *fact, struct data *data)
{
    data->continued =
        (struct sarn_execution_continued){.run_id = uuid_bytes(&fact->run_id)};
    return &sarn_execution_continued_type;
}

static const struct sarn_type *to_parked(const FACT *fact, struct data *data)
{
    data->parked = (struct sarn_execution_parked){.step = fact->step,
                                                  .compensation = fact->compensation,
                                                  .code = fact->code,
                                                  .text = fact->text,
                                                  .visit = visit_of(fact),
                                                  .was = fact->was};
    return &sarn_execution_parked_type;
}

static const struct sarn_type *to_slept(const FACT *fact, struct data *data)
{
    data->slept = (struct sarn_execution_slept){.until_us = fact->due_us};
    return &sarn_execution_slept_type;
}

/* --- any of them --- */

static const struct sarn_type *(*const kinds[])(const FACT *fact, struct data *data) = {
    [SARN__STEP_STARTED] = to_step_started,
    [SARN__STEP_SUCCEEDED] = to_step_succeeded,
    [SARN__STEP_FAILED] = to_step_failed,
    [SARN__STEP_RECONCILED] = to_step_reconciled,
    [SARN__COMPENSATION_BEGAN] = to_compensation_began,
    [SARN__COMPLETED] = to_completed,
    [SARN__COMPENSATED] = to_compensated,
    [SARN__PARKED] = to_parked,
    [SARN__STEP_TIMED_OUT] = to_step_timed_out,
    [SARN__STEP_AWAITS] = to_step_waiting,
    [SARN__STEP_CANCELLED] = to_step_cancelled,
    [SARN__STEP_INHERITED] = to_step_inherited,
    [SARN__GROUP_JOINED] = to_group_joined,
    [SARN__UPGRADED] = to_upgraded,
    [SARN__SIGNAL_RECEIVED] = to_signal,
    [SARN__UPDATE_ACCEPTED] = to_update,
    [SARN__PROMISE_SETTLED] = to_promise,
    [SARN__CHILD_ENDED] = to_child_ended,
    [SARN__CANCEL_REQUESTED] = to_cancel,
    [SARN__UNDO_REQUESTED] = to_undo,
    [SARN__PAUSED] = to_paused,
    [SARN__RESUMED] = to_resumed,
    [SARN__RESET_REQUESTED] = to_reset,
    [SARN__REWOUND] = to_rewound,
    [SARN__UNPARKED] = to_unparked,
    [SARN__CONTINUED] = to_continued,
    [SARN__SLEPT] = to_slept,
};

sarn_status sarn__execution_write(struct sarn__writer *writer,
                                  const struct sarn__meta *meta,
                                  struct sarn_str stream,
                                  struct sarn_str workflow,
                                  struct sarn_str workflow_id,
                                  const struct sarn__execution_event *fact,
                                  struct sarn__written *written,
                                  struct sarn_error *error)
{
    struct data data;
    const struct sarn_type *type = NULL;

    assert(fact->kind >= SARN__STARTED && fact->kind <= SARN__SLEPT);
    type = fact->kind == SARN__STARTED ? to_started(workflow, workflow_id, fact, &data)
                                       : kinds[fact->kind](fact, &data);
    return sarn__writer_put_struct(writer, meta, stream, type, &data, written, error);
}
