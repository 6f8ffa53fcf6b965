/* An execution, folded from its stream. */
#include "engine/execution_log.h"

#include "core/fail.h"

struct reading {
    struct sarn__decoder *decoder;
    struct sarn_arena *arena, *scratch;
    struct sarn__execution *execution; /* NULL: no event of one yet. */
    struct sarn__execution_trace *trace;
    struct sarn_error *error;
};

static sarn_status begin(struct reading *reading)
{
    reading->execution = sarn_arena_alloc(reading->arena, sizeof(*reading->execution));
    if (reading->execution == NULL) {
        return sarn__fail(reading->error, SARN_ERR_NOMEM,
                          "out of memory reading an execution");
    }
    sarn__execution_init(reading->execution, reading->arena);
    return SARN_OK;
}

static sarn_status read_one(void *arg, const struct sarn__record *record)
{
    struct reading *reading = arg;
    struct sarn__execution_event fact;
    struct sarn_event event;
    struct sarn_error why = {SARN_OK, ""};

    sarn_arena_reset(reading->scratch);
    SARN__TRY(sarn__decoder_event(reading->decoder, record, 0, reading->scratch, &event,
                                  reading->error));
    SARN__TRY(sarn__execution_event(&event, reading->scratch, &fact, reading->error));
    if (fact.kind == 0) {
        return SARN_OK;
    }
    if (reading->execution == NULL) {
        SARN__TRY(begin(reading));
    }
    if (fact.kind == SARN__STARTED) {
        reading->trace->correlation_id = record->correlation_id;
        reading->trace->started_position = record->position;
    }
    reading->trace->last_position = record->position;
    reading->trace->last_version = record->version;
    reading->trace->asleep = fact.kind == SARN__SLEPT;
    if (sarn__execution_apply(reading->execution, &fact, &why) != SARN_OK) {
        return sarn__fail(reading->error, why.status, "position %llu: %.200s",
                          (unsigned long long)record->position, why.text);
    }
    return SARN_OK;
}

/* Runs before the latest one are over, and nothing of them is needed. */
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
    uint64_t from = 0;

    if (head->number != 0 && !head->deleted) {
        SARN__TRY(sarn__store_run_start(store, head->number, &from, error));
        SARN__TRY(sarn__store_read_forward(store, head, from, UINT64_MAX, read_one,
                                           &reading, error));
    }
    *execution = reading.execution;
    *trace = seen;
    return SARN_OK;
}
