#include "engine/execution_log.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "sarn/events.h"

/* --- from the log --- */

static void from_started(const struct sarn_execution_started *data,
                         struct sarn__execution_event *fact)
{
    fact->kind = SARN__STARTED;
    fact->definition_version = data->definition_version;
    fact->fingerprint = data->fingerprint;
    fact->input = data->input;
    fact->steps = data->window.data;
    fact->step_count = data->window.size;
    if (data->run_id.size == sizeof(fact->run_id.bytes)) {
        memcpy(fact->run_id.bytes, data->run_id.data, sizeof(fact->run_id.bytes));
    }
    if (data->input_hash.size == sizeof(fact->input_hash)) {
        memcpy(fact->input_hash, data->input_hash.data, sizeof(fact->input_hash));
    }
}

static void from_step_started(const struct sarn_step_started *data,
                              struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = SARN__STEP_STARTED,
                                           .step = data->step,
                                           .attempt = data->attempt,
                                           .compensation = data->compensation};
}

static void from_step_succeeded(const struct sarn_step_succeeded *data,
                                struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = SARN__STEP_SUCCEEDED,
                                           .step = data->step,
                                           .attempt = data->attempt,
                                           .compensation = data->compensation,
                                           .output = data->output,
                                           .steps = data->window.data,
                                           .step_count = data->window.size};
}

static void from_step_failed(const struct sarn_step_failed *data,
                             struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = SARN__STEP_FAILED,
                                           .step = data->step,
                                           .attempt = data->attempt,
                                           .compensation = data->compensation,
                                           .code = data->code,
                                           .text = data->text,
                                           .retry_at_us = data->retry_at_us};
}

static void from_step_reconciled(const struct sarn_step_reconciled *data,
                                 struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = SARN__STEP_RECONCILED,
                                           .step = data->step,
                                           .attempt = data->attempt,
                                           .compensation = data->compensation,
                                           .fate = data->fate,
                                           .output = data->output,
                                           .text = data->text,
                                           .steps = data->window.data,
                                           .step_count = data->window.size};
}

static void from_compensation_began(const struct sarn_compensation_began *data,
                                    struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = SARN__COMPENSATION_BEGAN,
                                           .step = data->step,
                                           .code = data->code,
                                           .text = data->text,
                                           .steps = data->in_doubt.data,
                                           .step_count = data->in_doubt.size};
}

static void from_parked(const struct sarn_execution_parked *data,
                        struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = SARN__PARKED,
                                           .step = data->step,
                                           .compensation = data->compensation,
                                           .code = data->code,
                                           .text = data->text};
}

bool sarn__execution_event(const struct sarn_event *event,
                           struct sarn__execution_event *fact)
{
    *fact = (struct sarn__execution_event){.kind = (enum sarn__fact)0};
    if (event->data == NULL) {
        return false;
    }
    if (event->type == &sarn_execution_started_type) {
        from_started(event->data, fact);
    } else if (event->type == &sarn_step_started_type) {
        from_step_started(event->data, fact);
    } else if (event->type == &sarn_step_succeeded_type) {
        from_step_succeeded(event->data, fact);
    } else if (event->type == &sarn_step_failed_type) {
        from_step_failed(event->data, fact);
    } else if (event->type == &sarn_step_reconciled_type) {
        from_step_reconciled(event->data, fact);
    } else if (event->type == &sarn_compensation_began_type) {
        from_compensation_began(event->data, fact);
    } else if (event->type == &sarn_execution_completed_type) {
        fact->kind = SARN__COMPLETED;
    } else if (event->type == &sarn_execution_compensated_type) {
        fact->kind = SARN__COMPENSATED;
    } else if (event->type == &sarn_execution_parked_type) {
        from_parked(event->data, fact);
    }
    return fact->kind != 0;
}

/* --- to the log --- */

/* Any of the events, as a struct of its type. */
union data {
    struct sarn_execution_started started;
    struct sarn_step_started step_started;
    struct sarn_step_succeeded step_succeeded;
    struct sarn_step_failed step_failed;
    struct sarn_step_reconciled step_reconciled;
    struct sarn_compensation_began compensation_began;
    struct sarn_execution_completed completed;
    struct sarn_execution_compensated compensated;
    struct sarn_execution_parked parked;
};

static struct sarn_str bytes_of(const void *bytes, size_t size)
{
    return (struct sarn_str){bytes, (uint32_t)size};
}

static const struct sarn_type *to_started(struct sarn_str workflow,
                                          struct sarn_str workflow_id,
                                          const struct sarn__execution_event *fact,
                                          struct sarn_execution_started *data)
{
    *data = (struct sarn_execution_started){
        .workflow = workflow,
        .workflow_id = workflow_id,
        .run_id = bytes_of(fact->run_id.bytes, sizeof(fact->run_id.bytes)),
        .definition_version = fact->definition_version,
        .fingerprint = fact->fingerprint,
        .input = fact->input,
        .input_hash = bytes_of(fact->input_hash, sizeof(fact->input_hash)),
        .window = {fact->steps, fact->step_count}};
    return &sarn_execution_started_type;
}

static const struct sarn_type *to_step(const struct sarn__execution_event *fact,
                                       union data *data)
{
    switch (fact->kind) {
    case SARN__STEP_STARTED:
        data->step_started =
            (struct sarn_step_started){.step = fact->step,
                                       .attempt = fact->attempt,
                                       .compensation = fact->compensation};
        return &sarn_step_started_type;
    case SARN__STEP_SUCCEEDED:
        data->step_succeeded =
            (struct sarn_step_succeeded){.step = fact->step,
                                         .attempt = fact->attempt,
                                         .compensation = fact->compensation,
                                         .output = fact->output,
                                         .window = {fact->steps, fact->step_count}};
        return &sarn_step_succeeded_type;
    case SARN__STEP_FAILED:
        data->step_failed =
            (struct sarn_step_failed){.step = fact->step,
                                      .attempt = fact->attempt,
                                      .compensation = fact->compensation,
                                      .code = fact->code,
                                      .text = fact->text,
                                      .retry_at_us = fact->retry_at_us};
        return &sarn_step_failed_type;
    case SARN__STEP_RECONCILED:
        data->step_reconciled =
            (struct sarn_step_reconciled){.step = fact->step,
                                          .attempt = fact->attempt,
                                          .compensation = fact->compensation,
                                          .fate = fact->fate,
                                          .output = fact->output,
                                          .window = {fact->steps, fact->step_count},
                                          .text = fact->text};
        return &sarn_step_reconciled_type;
    case SARN__STARTED:
    case SARN__COMPENSATION_BEGAN:
    case SARN__COMPLETED:
    case SARN__COMPENSATED:
    case SARN__PARKED:
        break;
    }
    assert(!"not a step's event");
    return NULL;
}

static const struct sarn_type *to_data(struct sarn_str workflow,
                                       struct sarn_str workflow_id,
                                       const struct sarn__execution_event *fact,
                                       union data *data)
{
    switch (fact->kind) {
    case SARN__STARTED:
        return to_started(workflow, workflow_id, fact, &data->started);
    case SARN__STEP_STARTED:
    case SARN__STEP_SUCCEEDED:
    case SARN__STEP_FAILED:
    case SARN__STEP_RECONCILED:
        return to_step(fact, data);
    case SARN__COMPENSATION_BEGAN:
        data->compensation_began = (struct sarn_compensation_began){
            .step = fact->step,
            .code = fact->code,
            .text = fact->text,
            .in_doubt = {fact->steps, fact->step_count}};
        return &sarn_compensation_began_type;
    case SARN__COMPLETED:
        data->completed = (struct sarn_execution_completed){0};
        return &sarn_execution_completed_type;
    case SARN__COMPENSATED:
        data->compensated = (struct sarn_execution_compensated){0};
        return &sarn_execution_compensated_type;
    case SARN__PARKED:
        data->parked =
            (struct sarn_execution_parked){.step = fact->step,
                                           .compensation = fact->compensation,
                                           .code = fact->code,
                                           .text = fact->text};
        return &sarn_execution_parked_type;
    }
    assert(!"not an execution's event");
    return NULL;
}

sarn_status sarn__execution_write(struct sarn__writer *writer,
                                  const struct sarn__meta *meta,
                                  struct sarn_str stream,
                                  struct sarn_str workflow,
                                  struct sarn_str workflow_id,
                                  const struct sarn__execution_event *fact,
                                  struct sarn__written *written,
                                  struct sarn_error *error)
{
    union data data;
    const struct sarn_type *type = to_data(workflow, workflow_id, fact, &data);

    return sarn__writer_put_struct(writer, meta, stream, type, &data, written, error);
}

/* --- a whole stream --- */

struct reading {
    struct sarn__decoder *decoder;
    struct sarn_arena *arena, *scratch;
    struct sarn__execution *execution; /* NULL: no event of one yet. */
    struct sarn__execution_trace *trace;
    struct sarn_error *error;
};

static sarn_status read_one(void *arg, const struct sarn__record *record)
{
    struct reading *reading = arg;
    struct sarn__execution_event fact;
    struct sarn_event event;
    struct sarn_error why = {SARN_OK, ""};

    sarn_arena_reset(reading->scratch);
    SARN__TRY(sarn__decoder_event(reading->decoder, record, 0, reading->scratch, &event,
                                  reading->error));
    if (!sarn__execution_event(&event, &fact)) {
        return SARN_OK;
    }
    if (reading->execution == NULL) {
        reading->execution =
            sarn_arena_alloc(reading->arena, sizeof(*reading->execution));
        if (reading->execution == NULL) {
            return sarn__fail(reading->error, SARN_ERR_NOMEM,
                              "out of memory reading an execution");
        }
        sarn__execution_init(reading->execution, reading->arena);
        reading->trace->correlation_id = record->correlation_id;
        reading->trace->started_position = record->position;
    }
    reading->trace->last_position = record->position;
    reading->trace->last_version = record->version;
    if (sarn__execution_apply(reading->execution, &fact, &why) != SARN_OK) {
        return sarn__fail(reading->error, why.status, "position %llu: %.200s",
                          (unsigned long long)record->position, why.text);
    }
    return SARN_OK;
}

sarn_status sarn__execution_read(struct sarn__store *store,
                                 struct sarn__decoder *decoder,
                                 const struct sarn__head *head,
                                 struct sarn_arena *arena,
                                 struct sarn_arena *scratch,
                                 struct sarn__execution **execution,
                                 struct sarn__execution_trace *trace,
                                 struct sarn_error *error)
{
    struct sarn__execution_trace seen = {.started_position = 0};
    struct reading reading = {decoder, arena, scratch, NULL, &seen, error};

    if (head->number != 0 && !head->deleted) {
        SARN__TRY(sarn__store_read_forward(store, head, head->first_version, UINT64_MAX,
                                           read_one, &reading, error));
    }
    *execution = reading.execution;
    *trace = seen;
    return SARN_OK;
}
