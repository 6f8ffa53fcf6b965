/* The engine's turn, as far as executions go. See orchestrator_state.h for the rest. */
#include "engine/orchestrator.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/orchestrator_state.h"

#define RECOVER_MAX    256u
#define LAST_TRIES_MAX 3u /* Appends that may fail while winding up. */

/* --- create and destroy --- */

sarn_status sarn__orchestrator_create(sarn_engine *engine, struct sarn_error *error)
{
    const struct sarn_heap *heap = &engine->log.ports.heap;
    struct sarn__orchestrator *made = sarn__heap_alloc(heap, sizeof(*made));
    uint32_t workers = engine->options.workers > 0 ? engine->options.workers : 1;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    engine->orchestrator = made;
    sarn__map_init(&made->runs, heap);
    sarn__timers_init(&made->timers, heap);
    made->jobs_max = workers < UINT32_MAX / SARN__JOBS_PER_WORKER
                         ? workers * SARN__JOBS_PER_WORKER
                         : UINT32_MAX;
    made->bytes_max = SARN__RUN_BYTES_MAX;
    made->recover_from = 1;
    made->scratch = sarn_arena_create(heap);
    if (made->scratch == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    return SARN_OK;
}

/* Forget who is where: the runs themselves stay in the map. */
static void empty(struct sarn__runs *runs)
{
    while (sarn__runs_pop(runs) != NULL) {
    }
}

void sarn__orchestrator_destroy(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn_heap heap = engine->log.ports.heap;
    struct sarn_error closed;

    if (orchestrator == NULL) {
        return;
    }
    sarn__error_set(&closed, SARN_ERR_CLOSED,
                    "the engine was closed; the execution goes on at the next open");
    empty(&orchestrator->gated);
    empty(&orchestrator->ready);
    empty(&orchestrator->ended);
    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        while (orchestrator->runs.buckets[i] != NULL) {
            struct sarn__run *run =
                SARN__OF(orchestrator->runs.buckets[i], struct sarn__run, node);

            sarn__run_answer_error(engine, run, SARN_ERR_CLOSED, &closed);
            sarn__step_job_destroy(run->job); /* Never handed out. */
            run->job = NULL;
            sarn__run_destroy(orchestrator, run);
        }
    }
    for (uint32_t i = 0; i < orchestrator->definition_count; i++) {
        sarn__heap_free(&heap, orchestrator->definitions[i]);
    }
    sarn__heap_free(&heap, orchestrator->definitions);
    sarn__map_done(&orchestrator->runs);
    sarn__timers_done(&orchestrator->timers);
    sarn_arena_destroy(orchestrator->scratch);
    sarn__heap_free(&heap, orchestrator);
    engine->orchestrator = NULL;
}

/* --- starting and joining --- */

/* A start request, taken apart. */
struct starting {
    const struct sarn_start *start;
    const struct sarn__definition *definition;
    struct sarn_str stream;
    struct sarn_str input;
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
    uint8_t digest[SARN__DIGEST_BYTES];
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
    SARN__TRY(ports->hash.ops->digest(ports->hash.self, &starting->input, 1, digest));
    memcpy(starting->hash, digest, sizeof(starting->hash));
    return SARN_OK;
}

/* The run of that id, from memory or from the log; NULL: there is none yet. */
static sarn_status find_or_load(sarn_engine *engine,
                                const struct starting *starting,
                                struct sarn__run **found,
                                struct sarn_error *error)
{
    uint32_t tenant = starting->start->tenant;
    struct sarn__run *run =
        sarn__run_find(engine->orchestrator, tenant, starting->stream);
    struct sarn__head head;
    sarn_status status;

    *found = run;
    if (run != NULL) {
        return sarn__run_load(engine, run, error);
    }
    SARN__TRY(
        sarn__writer_head(&engine->writer, tenant, starting->stream, &head, error));
    if (head.number == 0 || head.deleted) {
        return SARN_OK;
    }
    run = sarn__run_create(engine->orchestrator, tenant, starting->stream,
                           starting->definition);
    if (run == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory joining an execution");
    }
    /* Whatever this process started is in memory, so somebody else began it. */
    run->recovered = run->orphaned = true;
    status = sarn__run_load(engine, run, error);
    if (status == SARN_OK) {
        *found = run;
        return SARN_OK;
    }
    sarn__run_destroy(engine->orchestrator, run);
    return status == SARN_ERR_NOT_FOUND ? SARN_OK : status;
}

/* Is nobody going to come back to run by itself? So it is after it was loaded to be
 * joined. */
static bool is_idle(const struct sarn__run *run)
{
    return run->place == SARN__NOWHERE && run->job == NULL && run->timer.place == 0;
}

static void join(sarn_engine *engine,
                 struct sarn__run *run,
                 struct sarn__request *request,
                 const struct starting *starting)
{
    struct sarn_str id = starting->start->workflow_id;
    struct sarn_reply reply = {.status = SARN_ERR_KEY_REUSED, .version = -1};
    struct sarn_error error;

    if (memcmp(run->execution->input_hash, starting->hash, sizeof(starting->hash)) ==
        0) {
        request->waiting = 1; /* Not the first: see reply_end(). */
        sarn__run_wait(run, request);
        sarn__run_answer(engine, run);
    } else {
        sarn__error_set(&error, SARN_ERR_KEY_REUSED,
                        "execution \"%.*s\" of workflow \"%s\" was started with "
                        "another input: choose another id",
                        (int)id.size, id.data, starting->start->workflow);
        reply.text = error.text;
        sarn__answer_later(engine, request, &reply);
    }
    if (is_idle(run)) {
        sarn__run_advance(engine, run);
    }
}

static sarn_status begin(sarn_engine *engine,
                         struct sarn__request *request,
                         const struct starting *starting,
                         struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__run *run = sarn__run_create(orchestrator, starting->start->tenant,
                                             starting->stream, starting->definition);
    struct sarn_arena *arena = NULL;
    struct sarn__execution *execution = NULL;
    sarn_status status;

    if (run != NULL) {
        arena = sarn_arena_create(&orchestrator->runs.heap);
    }
    if (arena != NULL) {
        execution = sarn_arena_alloc(arena, sizeof(*execution));
    }
    if (execution == NULL) {
        sarn_arena_destroy(arena);
        if (run != NULL) {
            sarn__run_destroy(orchestrator, run);
        }
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory starting an execution");
    }
    sarn__execution_init(execution, arena);
    sarn__run_keep(orchestrator, run, execution);
    sarn__run_wait(run, request);
    status = sarn__run_begin(engine, run, starting->start, starting->input,
                             starting->hash, error);
    if (status != SARN_OK) {
        run->waiters_first = run->waiters_last = NULL; /* Still the caller's. */
        sarn__run_destroy(orchestrator, run);
    }
    return status;
}

void sarn__orchestrator_start(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__run *run = NULL;
    struct starting starting;
    sarn_status status = take_apart(engine, request, &starting, &error);

    if (status == SARN_OK) {
        status = find_or_load(engine, &starting, &run, &error);
    }
    if (status == SARN_OK && run != NULL) {
        join(engine, run, request, &starting);
    } else if (status == SARN_OK) {
        status = begin(engine, request, &starting, &error);
    }
    if (status != SARN_OK) {
        sarn__answer_error(engine, request, status, &error);
    }
    sarn__runs_trim(engine);
}

/* --- attempts --- */

void sarn__orchestrator_finish(sarn_engine *engine, struct sarn__job *job)
{
    struct sarn__step_job *finished = SARN__OF(job, struct sarn__step_job, job);
    struct sarn__run *run = finished->run;

    assert(engine->orchestrator->jobs_out > 0 && run->job == finished);
    assert(run->held == NULL); /* What came before is durable, or may be made again. */
    engine->orchestrator->jobs_out -= 1;
    run->job = NULL;
    if (engine->stopped != SARN_OK) {
        sarn__step_job_destroy(finished); /* The next open asks what became of it. */
        return;
    }
    if (finished->call.made) {
        sarn__run_observe(engine, run, &finished->call);
        run->held = finished;
    } else { /* Its host is leaving: there is nothing to record but that. */
        sarn__step_job_destroy(finished);
        if (!engine->winding) {
            return;
        }
    }
    sarn__run_advance(engine, run);
    sarn__runs_pump(engine);
    sarn__runs_trim(engine);
}

/* --- durability --- */

void sarn__orchestrator_durable(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__run *last = orchestrator->gated.last;
    struct sarn__run *run = NULL;

    /* Those that are gated anew on the way are for another time. */
    while (run != last && orchestrator->gated.first->gate <= engine->durable) {
        run = sarn__runs_pop(&orchestrator->gated);
        sarn__step_job_destroy(run->held);
        run->held = NULL;
        run->orphaned = sarn__execution_is_orphaned(run->execution);
        sarn__run_answer(engine, run);
        sarn__run_advance(engine, run);
    }
    sarn__runs_pump(engine);
    sarn__runs_reap(engine);
    sarn__runs_trim(engine);
}

/* Nobody can know more than what is durable. What is held stays: the step was made. */
static void fall_back(sarn_engine *engine, struct sarn__run *run)
{
    sarn__run_drop_state(engine->orchestrator, run);
    run->last_position = run->gate = engine->durable;
    /* Results of its windows were lost: those steps may have run. */
    run->recovered = true;
    if (run->place != SARN__NOWHERE || run->job != NULL) {
        return;
    }
    if (engine->winding && engine->orchestrator->last_tries < LAST_TRIES_MAX) {
        /* There will be no later, and what is held would have to be asked about. */
        sarn__runs_push(&engine->orchestrator->ready, run, SARN__READY);
    } else {
        sarn__run_postpone(engine, run);
    }
}

void sarn__orchestrator_append_failed(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn_error error = engine->commit_job.error;

    if (engine->stopped != SARN_OK) {
        return; /* sarn__orchestrator_halted() has said so. */
    }
    empty(&orchestrator->gated);
    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        struct sarn__map_node *node = orchestrator->runs.buckets[i];

        while (node != NULL) {
            struct sarn__run *run = SARN__OF(node, struct sarn__run, node);

            node = node->next;
            if (run->started_position > engine->durable) {
                sarn__run_answer_error(engine, run, engine->commit_job.status, &error);
                sarn__run_destroy(orchestrator, run);
            } else if (run->last_position > engine->durable) {
                fall_back(engine, run);
            }
        }
    }
    if (engine->winding) {
        orchestrator->last_tries += 1;
        sarn__runs_pump(engine);
    }
}

void sarn__orchestrator_halted(sarn_engine *engine)
{
    const struct sarn__orchestrator *orchestrator = engine->orchestrator;

    if (orchestrator == NULL) {
        return;
    }
    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        for (struct sarn__map_node *node = orchestrator->runs.buckets[i]; node != NULL;
             node = node->next) {
            struct sarn__run *run = SARN__OF(node, struct sarn__run, node);
            bool known = run->last_position <= engine->durable;

            sarn__run_answer_error(
                engine, run, known ? SARN_ERR_CLOSED : engine->stopped,
                known ? &engine->stopped_error : &engine->commit_job.error);
        }
    }
}

/* --- time, and what was left --- */

void sarn__orchestrator_wake(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__timer *timer = sarn__timers_first(&orchestrator->timers);
    int64_t now_us = 0;

    if (timer != NULL) {
        now_us = sarn__writer_now(&engine->writer);
    }
    while (timer != NULL && timer->due_us <= now_us) {
        struct sarn__run *run = SARN__OF(timer, struct sarn__run, timer);

        sarn__timers_clear(&orchestrator->timers, timer);
        sarn__run_advance(engine, run);
        timer = sarn__timers_first(&orchestrator->timers);
    }
    sarn__runs_pump(engine);
    sarn__runs_reap(engine);
    sarn__runs_trim(engine);
}

int64_t sarn__orchestrator_next_wake(const sarn_engine *engine)
{
    const struct sarn__timer *timer = sarn__timers_first(&engine->orchestrator->timers);

    return timer == NULL || engine->stopped != SARN_OK ? INT64_MAX : timer->due_us;
}

/* Stream numbers, gathered: the tables may not change while they are scanned. */
struct numbers {
    uint64_t items[RECOVER_MAX];
    uint32_t count;
};

static sarn_status gather(void *arg, uint64_t number)
{
    struct numbers *numbers = arg;

    numbers->items[numbers->count] = number;
    numbers->count += 1;
    return SARN_OK;
}

/* Executions of workflows that nobody registered are left alone: another program may
 * know them. */
static sarn_status
recover_one(sarn_engine *engine, uint64_t number, struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn_workflow *workflow = NULL;
    const struct sarn__definition *definition = NULL;
    struct sarn__run *run = NULL;
    struct sarn_str stream;
    uint32_t tenant = 0;

    sarn_arena_reset(orchestrator->scratch);
    SARN__TRY(sarn__store_stream_name(&engine->log.store, number, orchestrator->scratch,
                                      &tenant, &stream, error));
    workflow = sarn__registry_workflow(engine->log.registry, sarn__category(stream));
    if (workflow == NULL || sarn__run_find(orchestrator, tenant, stream) != NULL) {
        return SARN_OK;
    }
    definition = sarn__run_definition(orchestrator, workflow);
    if (definition != NULL) {
        run = sarn__run_create(orchestrator, tenant, stream, definition);
    }
    if (run == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory recovering executions");
    }
    run->recovered = run->orphaned = true;
    sarn__run_advance(engine, run);
    return SARN_OK;
}

bool sarn__orchestrator_recover(sarn_engine *engine, uint32_t limit)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct numbers numbers = {.count = 0};
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    if (orchestrator->recover_from == 0 || limit == 0) {
        return false;
    }
    limit = limit < RECOVER_MAX ? limit : RECOVER_MAX;
    status = sarn__store_executions(&engine->log.store, orchestrator->recover_from,
                                    limit, gather, &numbers, &error);
    for (uint32_t i = 0; status == SARN_OK && i < numbers.count; i++) {
        status = recover_one(engine, numbers.items[i], &error);
    }
    if (status != SARN_OK) {
        if (status != SARN_ERR_NOMEM) {
            sarn__engine_halt(engine, status, &error);
        }
        return status == SARN_ERR_NOMEM; /* Those taken up are found and passed over. */
    }
    sarn__runs_trim(engine);
    if (numbers.count < limit) {
        orchestrator->recover_from = 0;
        return false;
    }
    orchestrator->recover_from = numbers.items[numbers.count - 1] + 1;
    return true;
}

/* Who was only waiting for memory or disk has an outcome to record, or an intent to
 * withdraw, like those that are ready. */
void sarn__orchestrator_stop(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;

    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        for (struct sarn__map_node *node = orchestrator->runs.buckets[i]; node != NULL;
             node = node->next) {
            struct sarn__run *run = SARN__OF(node, struct sarn__run, node);

            if (run->postponed) {
                run->postponed = false;
                sarn__timers_clear(&orchestrator->timers, &run->timer);
                sarn__runs_push(&orchestrator->ready, run, SARN__READY);
            }
        }
    }
    sarn__runs_pump(engine);
}
