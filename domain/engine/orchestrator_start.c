/* Starting executions, and joining those that are there. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

/* --- the first event --- */

int64_t sarn__run_deadline_us(int64_t now_us, int64_t timeout_us)
{
    return timeout_us <= 0                   ? 0
           : timeout_us > INT64_MAX - now_us ? INT64_MAX
                                             : now_us + timeout_us;
}

sarn_status sarn__run_hash_input(sarn_engine *engine,
                                 struct sarn_str input,
                                 uint8_t hash[SARN__INPUT_HASH_BYTES])
{
    const struct sarn_hash *port = &engine->log.ports.hash;
    uint8_t digest[SARN__DIGEST_BYTES];

    SARN__TRY(port->ops->digest(port->self, &input, 1, digest));
    memcpy(hash, digest, SARN__INPUT_HASH_BYTES);
    return SARN_OK;
}

sarn_status sarn__run_write_start(struct sarn__unit *unit,
                                  struct sarn__run *run,
                                  const struct sarn__birth *birth,
                                  struct sarn_error *error)
{
    struct sarn_str *window =
        sarn_arena_alloc(unit->arena, SARN__WINDOW_STEPS_MAX * sizeof(*window));
    struct sarn__execution_event event;
    struct sarn__beginning known, beginning = birth->beginning;
    sarn_status status;

    if (window == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    sarn__plan_start(run->definition, window, &known, &event);
    beginning.definition_version = known.definition_version;
    beginning.fingerprint = known.fingerprint;
    if (sarn_uuid_is_zero(beginning.run_id)) {
        SARN__TRY(sarn__writer_uuid(&unit->engine->writer, unit->meta.time_us,
                                    &beginning.run_id, error));
    }
    event.beginning = &beginning;
    event.attributes = birth->attributes;
    event.attribute_count = birth->attribute_count;
    event.was = birth->replaces;
    unit->meta.actor = birth->actor;
    unit->meta.origin = birth->origin;
    sarn__run_set_priority(run, beginning.priority);
    status = sarn__unit_record(unit, run, &event, error);
    unit->meta.actor = unit->meta.origin = (struct sarn_str){NULL, 0};
    return status;
}

/* --- a start request, taken apart --- */

struct starting {
    const struct sarn_start *start;
    const struct sarn__definition *definition;
    struct sarn_str stream;
    struct sarn_str input;
    struct sarn_str schedule; /* That starts it. */
    uint32_t replaces;        /* As sarn__birth's. */
    uint8_t hash[SARN__INPUT_HASH_BYTES];
};

static sarn_status take_apart(sarn_engine *engine,
                              struct sarn__request *request,
                              struct starting *starting,
                              struct sarn_error *error)
{
    const struct sarn_ports *ports = &engine->log.ports;
    const struct sarn_start *start = &request->as.start;
    struct sarn_str name = sarn_str(start->workflow);
    const struct sarn_workflow *workflow =
        sarn__registry_workflow(engine->log.registry, name);
    char *stream = sarn_arena_alloc(request->arena,
                                    (size_t)name.size + 1 + start->workflow_id.size);

    assert(workflow != NULL); /* Checked when the request was made. */
    *starting = (struct starting){
        .start = start,
        .definition = sarn__run_definition(engine->orchestrator, workflow)};
    if (stream == NULL || starting->definition == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory starting an execution");
    }
    memcpy(stream, name.data, name.size);
    stream[name.size] = '-';
    memcpy(stream + name.size + 1, start->workflow_id.data, start->workflow_id.size);
    starting->stream =
        (struct sarn_str){stream, name.size + 1 + start->workflow_id.size};
    if (workflow->input != NULL) {
        SARN__TRY(ports->codec.ops->encode(ports->codec.self, workflow->input,
                                           start->input, request->arena,
                                           &starting->input, error));
    }
    return sarn__run_hash_input(engine, starting->input, starting->hash);
}

/* --- beginning --- */

static sarn_status copy_attributes(const struct sarn_start *start,
                                   struct sarn_arena *arena,
                                   struct sarn__birth *birth)
{
    struct sarn__attribute *attributes = NULL;

    if (start->attribute_count == 0) {
        return SARN_OK;
    }
    attributes = sarn_arena_alloc(arena, start->attribute_count * sizeof(*attributes));
    if (attributes == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < start->attribute_count; i++) {
        attributes[i] = (struct sarn__attribute){start->attributes[i].name,
                                                 start->attributes[i].value};
    }
    birth->attributes = attributes;
    birth->attribute_count = start->attribute_count;
    return SARN_OK;
}

/* Write the first event of run, whose state is empty, and go on from there. On failure
 * nothing was written. */
static sarn_status begin_run(sarn_engine *engine,
                             struct sarn__run *run,
                             const struct starting *starting,
                             struct sarn_error *error)
{
    const struct sarn_start *start = starting->start;
    int64_t now_us = sarn__writer_now(&engine->writer);
    struct sarn__birth birth = {.beginning = {.input = starting->input,
                                              .priority = start->priority,
                                              .schedule = starting->schedule},
                                .replaces = starting->replaces,
                                .actor = start->actor,
                                .origin = start->origin};
    struct sarn__unit unit;
    sarn_status status;

    run->correlation_id = start->correlation_id;
    if (sarn_uuid_is_zero(run->correlation_id)) {
        SARN__TRY(
            sarn__writer_uuid(&engine->writer, now_us, &run->correlation_id, error));
    }
    SARN__TRY(
        sarn__writer_uuid(&engine->writer, now_us, &birth.beginning.run_id, error));
    memcpy(birth.beginning.input_hash, starting->hash, sizeof(starting->hash));
    birth.beginning.deadline_us = sarn__run_deadline_us(
        now_us, start->timeout_us > 0 ? start->timeout_us
                                      : run->definition->workflow->timeout_us);
    sarn__unit_begin(&unit, engine, run, birth.beginning.run_id);
    status = copy_attributes(start, unit.arena, &birth);
    if (status == SARN_OK) {
        status = sarn__run_write_start(&unit, run, &birth, error);
    }
    if (status != SARN_OK) {
        sarn__unit_abandon(&unit);
        return status;
    }
    run->started_position = run->last_position;
    return sarn__run_go_on(&unit, error);
}

/* The first run of an id. request waits for it; NULL: nobody does. */
static sarn_status begin_first(sarn_engine *engine,
                               struct sarn__request *request,
                               const struct starting *starting,
                               struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__run *run = sarn__run_create(orchestrator, starting->start->tenant,
                                             starting->stream, starting->definition);
    sarn_status status = SARN_ERR_NOMEM;

    if (run != NULL) {
        status = sarn__run_make_state(orchestrator, run);
    }
    if (status != SARN_OK) {
        if (run != NULL) {
            sarn__run_destroy(orchestrator, run);
        }
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory starting an execution");
    }
    if (request != NULL) {
        sarn__run_wait(run, request);
    }
    status = begin_run(engine, run, starting, error);
    if (status != SARN_OK) {
        run->waiters_first = run->waiters_last = NULL; /* Still the caller's. */
        sarn__run_destroy(orchestrator, run);
    }
    return status;
}

/* One more run of an id whose last one is over, durably. */
static sarn_status begin_again(sarn_engine *engine,
                               struct sarn__run *run,
                               struct sarn__request *request,
                               const struct starting *starting,
                               struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint64_t started = run->started_position;
    struct starting again = *starting;
    sarn_status status;

    again.replaces = run->execution->status;
    assert(run->jobs == NULL && run->held == NULL && run->waiters_first == NULL);
    sarn__run_drop_state(orchestrator, run);
    status = sarn__run_make_state(orchestrator, run);
    if (status != SARN_OK) {
        sarn__run_move(orchestrator, run, SARN__LEAVING);
        return sarn__fail(error, status, "out of memory starting an execution");
    }
    run->definition = starting->definition;
    run->recovered = run->orphaned = run->misfit = false;
    if (request != NULL) {
        sarn__run_wait(run, request);
    }
    status = begin_run(engine, run, &again, error);
    if (status != SARN_OK) {
        run->waiters_first = run->waiters_last = NULL;
        run->started_position = started;
        sarn__run_drop_state(orchestrator, run);
        sarn__run_move(orchestrator, run, SARN__LEAVING);
    }
    return status;
}

/* --- an execution that exists --- */

static void refuse(sarn_engine *engine,
                   struct sarn__request *request,
                   sarn_status status,
                   const char *why)
{
    const struct sarn_start *start = &request->as.start;
    struct sarn_reply reply = {.status = status, .version = -1};
    struct sarn_error error;

    sarn__error_set(&error, status, "execution \"%.*s\" of workflow \"%.60s\" %s",
                    start->workflow_id.size > 100 ? 100 : (int)start->workflow_id.size,
                    start->workflow_id.data, start->workflow, why);
    reply.text = error.text;
    sarn__answer_later(engine, request, &reply);
}

/* run is waited for by request, and so stays in memory. */
static void
stay(sarn_engine *engine, struct sarn__run *run, struct sarn__request *request)
{
    sarn__run_wait(run, request);
    if (run->where == SARN__LEAVING) { /* Nobody waited for it until now. */
        sarn__run_move(engine->orchestrator, run, SARN__CALLED);
    }
}

static void join(sarn_engine *engine,
                 struct sarn__run *run,
                 struct sarn__request *request,
                 const struct starting *starting)
{
    const struct sarn__beginning *beginning = &run->execution->beginning;

    if (memcmp(beginning->input_hash, starting->hash, sizeof(starting->hash)) != 0) {
        refuse(engine, request, SARN_ERR_KEY_REUSED,
               "was started with another input: choose another id");
        return;
    }
    request->waiting = SARN__WAITS_JOINED;
    stay(engine, run, request);
    sarn__run_answer(engine, run);
}

/* It ends first: then request comes back. */
static sarn_status replace(sarn_engine *engine,
                           struct sarn__run *run,
                           struct sarn__request *request,
                           struct sarn_error *error)
{
    struct sarn__execution_event event = {.kind = SARN__CANCEL_REQUESTED,
                                          .terminate = true,
                                          .text = SARN_STR("a new run replaces it")};
    struct sarn__meta meta = {.actor = request->as.start.actor,
                              .origin = request->as.start.origin};
    sarn_status status = SARN_OK;

    request->waiting = SARN__WAITS_TO_REPLACE;
    stay(engine, run, request);
    if (!run->execution->asked_terminate && !sarn__execution_is_over(run->execution)) {
        status = sarn__run_tell(engine, run, &meta, &event, error);
    }
    if (status == SARN_ERR_STATE) {
        return SARN_OK; /* It is being undone as it is: that is waited for. */
    }
    if (status != SARN_OK) {
        sarn__run_unwait(run, request);
    }
    return status;
}

static bool is_replaceable(const struct sarn__execution *execution, uint32_t exists)
{
    bool closed = sarn__execution_is_closed(execution);

    switch ((enum sarn_exists)exists) {
    case SARN_EXISTS_RESTART:
        return closed;
    case SARN_EXISTS_RESTART_FAILED:
        return closed && execution->status != SARN_EXECUTION_COMPLETED;
    case SARN_EXISTS_REPLACE:
        return execution->status != SARN_EXECUTION_PARKED;
    case SARN_EXISTS_JOIN:
    case SARN_EXISTS_REFUSE:
        break;
    }
    return false;
}

static sarn_status meet(sarn_engine *engine,
                        struct sarn__run *run,
                        struct sarn__request *request,
                        const struct starting *starting,
                        struct sarn_error *error)
{
    const struct sarn__execution *execution = run->execution;
    uint32_t exists = starting->start->exists;

    if (exists == SARN_EXISTS_JOIN) {
        join(engine, run, request, starting);
        return SARN_OK;
    }
    if (!is_replaceable(execution, exists)) {
        refuse(engine, request, SARN_ERR_EXISTS,
               execution->status == SARN_EXECUTION_PARKED
                   ? "is parked: decide about it first"
               : sarn__execution_is_closed(execution) ? "exists and has ended"
                                                      : "exists and is running");
        return SARN_OK;
    }
    if (!sarn__execution_is_closed(execution)) {
        return replace(engine, run, request, error);
    }
    if (run->last_position > engine->durable || run->jobs != NULL ||
        run->waiters_first != NULL) { /* Its end is to be durable, and told. */
        request->waiting = SARN__WAITS_TO_REPLACE;
        sarn__run_wait(run, request);
        if (run->where == SARN__NOWHERE || run->where == SARN__LEAVING) {
            sarn__run_move(engine->orchestrator, run, SARN__CALLED);
        }
        return SARN_OK;
    }
    return begin_again(engine, run, request, starting, error);
}

void sarn__orchestrator_start(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__run *run = NULL;
    struct starting starting;
    sarn_status status = take_apart(engine, request, &starting, &error);

    if (status == SARN_OK) {
        status = sarn__run_take_up(engine, starting.start->tenant, starting.stream,
                                   &run, &error);
    }
    if (status == SARN_OK && run != NULL) {
        status = meet(engine, run, request, &starting, &error);
    } else if (status == SARN_OK) {
        status = begin_first(engine, request, &starting, &error);
    }
    if (status != SARN_OK) {
        sarn__answer_error(engine, request, status, &error);
    }
    (void)sarn__runs_pump(engine);
    sarn__runs_trim(engine);
}

sarn_status sarn__orchestrator_begin(sarn_engine *engine,
                                     const struct sarn__new_run *wanted,
                                     struct sarn_error *error)
{
    const struct sarn_start start = {.workflow = wanted->workflow->name,
                                     .workflow_id = wanted->workflow_id,
                                     .tenant = wanted->tenant,
                                     .correlation_id = wanted->correlation_id};
    struct starting starting = {
        .start = &start,
        .definition = sarn__run_definition(engine->orchestrator, wanted->workflow),
        .input = wanted->input,
        .schedule = wanted->schedule};
    char stream[SARN_STREAM_NAME_BYTES_MAX + 1];
    struct sarn__run *run = NULL;
    int size = snprintf(stream, sizeof(stream), "%s-%.*s", start.workflow,
                        (int)start.workflow_id.size, start.workflow_id.data);

    assert(size > 0 && (size_t)size < sizeof(stream));
    starting.stream = (struct sarn_str){stream, (uint32_t)size};
    if (starting.definition == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory starting an execution");
    }
    SARN__TRY(sarn__run_hash_input(engine, starting.input, starting.hash));
    SARN__TRY(sarn__run_take_up(engine, start.tenant, starting.stream, &run, error));
    if (run == NULL) {
        return begin_first(engine, NULL, &starting, error);
    }
    if (!sarn__execution_is_closed(run->execution)) {
        return sarn__fail(error, SARN_ERR_EXISTS, "execution \"%s\" is under way",
                          stream);
    }
    if (run->last_position > engine->durable || run->jobs != NULL ||
        run->waiters_first != NULL) {
        return sarn__fail(error, SARN_ERR_STATE, "execution \"%s\" is about to end",
                          stream);
    }
    return begin_again(engine, run, NULL, &starting, error);
}
