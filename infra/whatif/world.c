#include "infra/whatif/world.h"

#include <stdio.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"
#include "infra/yajl/json.h"

/* How long who is behind may take: pauses before retries are drawn anew. */
#define BEHIND_US_MAX (INT64_C(60) * 1000000)

/* --- life --- */

static void *resize(void *arg, void *memory, size_t size)
{
    struct sarn__world *world = arg;
    void *resized = world->heap.resize(world->heap.arg, memory, size);

    world->starved = world->starved || (resized == NULL && size > 0);
    return resized;
}

sarn_status sarn__world_check(const struct sarn__world *world, struct sarn_error *error)
{
    return !world->starved
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM,
                            "out of memory running executions again; ask about fewer, "
                            "by a range of positions");
}

sarn_status sarn__world_open(struct sarn__world *world,
                             const struct sarn_module *const *modules,
                             uint32_t module_count,
                             void *context,
                             int64_t start_us,
                             const struct sarn_heap *heap,
                             struct sarn_error *error)
{
    struct sarn__sim_options options = {
        .seed = 1,
        .options = {.module_count = module_count,
                    .context = context,
                    .heap = {.resize = resize, .arg = world},
                    .workers = UINT32_MAX}, /* What is held keeps nobody waiting. */
        .codec = world->codec,
        .json = sarn__yajl_json(),
        .hooks = {.arg = world, .work = sarn__world_work},
        .start_us = start_us,
        .still = true}; /* What a step calls now is what it was. */
    const struct sarn_module **rewired = NULL;

    world->heap = *heap;
    world->arena = sarn_arena_create(heap);
    if (world->arena != NULL) {
        rewired =
            sarn_arena_alloc(world->arena, module_count * sizeof(struct sarn_module *));
    }
    for (uint32_t i = 0; rewired != NULL && i < module_count; i++) {
        rewired[i] = sarn__world_rewire(world, modules[i]);
        if (rewired[i] == NULL) {
            rewired = NULL;
        }
    }
    if (rewired == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u modules",
                          module_count);
    }
    options.options.modules = rewired;
    return sarn__sim_create(&options, &world->sim, error);
}

void sarn__world_close(struct sarn__world *world)
{
    sarn__world_let_go(world);
    sarn__sim_destroy(world->sim);
    sarn_arena_destroy(world->arena);
}

void sarn__world_run(struct sarn__world *world, int64_t time_us)
{
    for (;;) {
        int64_t wake_us;

        while (!world->starved && sarn__sim_move(world->sim)) {
        }
        wake_us = sarn__sim_wake_us(world->sim);
        if (world->starved || wake_us > time_us || wake_us == INT64_MAX) {
            break;
        }
        sarn__sim_advance(world->sim, wake_us - sarn__sim_now_us(world->sim));
    }
    if (time_us != INT64_MAX && sarn__sim_now_us(world->sim) < time_us) {
        sarn__sim_advance(world->sim, time_us - sarn__sim_now_us(world->sim));
    }
}

static bool had_ended(const struct sarn__past *past)
{
    return past->status != SARN_EXECUTION_RUNNING &&
           past->status != SARN_EXECUTION_COMPENSATING;
}

/* The first from past on that had ended, and goes on here; NULL: there is none. */
static struct sarn__past *first_behind(const struct sarn__world *world,
                                       struct sarn__past *past)
{
    const struct sarn__orchestrator *orchestrator =
        sarn__sim_engine(world->sim)->orchestrator;

    for (; past != NULL; past = past->next) {
        const struct sarn__run *run = NULL;

        if (!past->run_again || past->unanswered || !had_ended(past)) {
            continue;
        }
        run = sarn__run_find(orchestrator, past->tenant, past->stream);
        if (run != NULL &&
            (run->execution == NULL || !sarn__execution_is_over(run->execution))) {
            return past;
        }
    }
    return NULL;
}

void sarn__world_finish(struct sarn__world *world)
{
    int64_t end_us = sarn__sim_now_us(world->sim) + BEHIND_US_MAX;
    struct sarn__past *behind = world->old->first;

    world->position = UINT64_MAX;
    sarn__world_ask_all_again(world);
    for (;;) {
        int64_t wake_us;

        while (!world->starved && sarn__sim_move(world->sim)) {
        }
        behind = first_behind(world, behind);
        wake_us = sarn__sim_wake_us(world->sim);
        if (world->starved || behind == NULL || wake_us > end_us) {
            break;
        }
        if (wake_us > sarn__sim_now_us(world->sim)) {
            sarn__sim_advance(world->sim, wake_us - sarn__sim_now_us(world->sim));
        }
    }
}

/* --- what happens --- */

static sarn_status refuse(char refused[SARN_ERROR_TEXT_BYTES],
                          sarn_status status,
                          const char *text,
                          struct sarn_error *error)
{
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(error, status, "%s", text);
    }
    snprintf(refused, SARN_ERROR_TEXT_BYTES, "%.255s", text);
    return SARN_OK;
}

static sarn_status fill_start(struct sarn__world *world,
                              const struct sarn_event *event,
                              const struct sarn__execution_event *fact,
                              struct sarn_start *start,
                              struct sarn_error *why)
{
    const struct sarn__beginning *beginning = fact->beginning;
    struct sarn_str name = sarn__category(event->stream);
    const struct sarn_workflow *workflow = sarn__registry_workflow(
        sarn__engine_log(sarn__sim_engine(world->sim))->registry, name);
    void *input = NULL;

    if (workflow == NULL) {
        return sarn__fail(why, SARN_ERR_NOT_FOUND,
                          "no module given has a workflow \"%.*s\"", (int)name.size,
                          name.data);
    }
    if (workflow->input != NULL) {
        SARN__TRY(sarn__world_decode(world, workflow->input, beginning->input,
                                     world->arena, &input, why));
    }
    *start = (struct sarn_start)SARN_START_INIT;
    start->flags = SARN_START_DETACHED;
    start->workflow = workflow->name;
    start->workflow_id = (struct sarn_str){event->stream.data + name.size + 1,
                                           event->stream.size - name.size - 1};
    start->input = input;
    start->actor = event->actor;
    start->origin = event->origin;
    start->correlation_id = event->correlation_id;
    start->tenant = event->tenant;
    start->exists = SARN_EXISTS_RESTART;
    start->timeout_us =
        beginning->deadline_us > 0 ? beginning->deadline_us - event->time_us : 0;
    start->priority = beginning->priority;
    return SARN_OK;
}

sarn_status sarn__world_start(struct sarn__world *world,
                              const struct sarn_event *event,
                              const struct sarn__execution_event *fact,
                              char refused[SARN_ERROR_TEXT_BYTES],
                              struct sarn_error *error)
{
    struct sarn__sim_outcome outcome = {0};
    struct sarn_error why = {SARN_OK, "it was not started"};
    struct sarn_start start;
    sarn_status status = fill_start(world, event, fact, &start, &why);

    refused[0] = '\0';
    if (status == SARN_OK) {
        status = sarn__sim_start(world->sim, &start, &outcome, &why);
    }
    if (status != SARN_OK) {
        return refuse(refused, status, why.text, error);
    }
    sarn__world_run(world, event->time_us);
    SARN__TRY(sarn__world_check(world, error));
    if (outcome.answers != 1) {
        return sarn__fail(error, SARN_ERR_STATE, "a start was not answered");
    }
    return outcome.status == SARN_OK
               ? SARN_OK
               : refuse(refused, outcome.status, outcome.text, error);
}

static struct sarn__meta meta_of(const struct sarn_event *event)
{
    return (struct sarn__meta){.correlation_id = event->correlation_id,
                               .causation_id = event->causation_id,
                               .time_us = event->time_us,
                               .tenant = event->tenant,
                               .actor = event->actor,
                               .origin = event->origin};
}

sarn_status sarn__world_tell(struct sarn__world *world,
                             const struct sarn_event *event,
                             const struct sarn__execution_event *fact,
                             char refused[SARN_ERROR_TEXT_BYTES],
                             struct sarn_error *error)
{
    sarn_engine *engine = sarn__sim_engine(world->sim);
    struct sarn_error why = {SARN_OK, "there is no such execution"};
    struct sarn__meta meta = meta_of(event);
    struct sarn__run *run = NULL;
    sarn_status status;

    refused[0] = '\0';
    meta.time_us = sarn__writer_now(&engine->writer);
    status = sarn__run_take_up(engine, event->tenant, event->stream, &run, &why);
    if (status == SARN_OK && run == NULL) {
        status = SARN_ERR_NOT_FOUND;
    }
    if (status == SARN_OK) {
        status = sarn__run_tell(engine, run, &meta, fact, &why);
    }
    sarn__sim_poke(world->sim);
    return status == SARN_OK ? SARN_OK : refuse(refused, status, why.text, error);
}

sarn_status sarn__world_append(struct sarn__world *world,
                               const struct sarn_event *event,
                               struct sarn_error *error)
{
    sarn_engine *engine = sarn__sim_engine(world->sim);
    const struct sarn_type *known = NULL;
    struct sarn__meta meta = meta_of(event);
    struct sarn__new_event written_event = {.stream = event->stream,
                                            .type = &sarn_bytes_type,
                                            .type_name = event->type_name,
                                            .payload = event->payload};
    struct sarn__written written;

    if (event->type != NULL) {
        known = sarn__registry_type(sarn__engine_log(engine)->registry,
                                    sarn_str(event->type->name));
    }
    if (known != NULL && known == event->type) { /* By the new code's own schema. */
        sarn_arena_reset(engine->scratch);
        written_event.type = known;
        written_event.type_name =
            known == &sarn_bytes_type ? event->type_name : sarn_str(known->name);
        SARN__TRY(world->codec.ops->encode(world->codec.self, known, event->data,
                                           engine->scratch, &written_event.payload,
                                           error));
    }
    if (sarn__writer_now(&engine->writer) > meta.time_us) {
        meta.time_us = sarn__writer_now(&engine->writer);
    }
    SARN__TRY(
        sarn__writer_put(&engine->writer, &meta, &written_event, &written, error));
    sarn__entities_drop_name(&engine->entities, event->tenant, event->stream);
    sarn__writer_wait(&engine->writer);
    sarn__sim_poke(world->sim);
    if (sarn__writer_is_full(&engine->writer)) {
        sarn__world_run(world, event->time_us);
    }
    return SARN_OK;
}
