/* Runs: found, made, loaded, dropped, reaped. */
#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/map_key.h"
#include "engine/misfits.h"
#include "engine/orchestrator_state.h"

static const char *name_of(const struct sarn__run *run)
{
    return sarn__map_key_name(run->node.key).data;
}

struct sarn_str sarn__run_stream(const struct sarn__run *run)
{
    return (struct sarn_str){name_of(run), run->name_size};
}

struct sarn_str sarn__run_workflow(const struct sarn__run *run)
{
    return sarn__category(sarn__run_stream(run));
}

struct sarn_str sarn__run_workflow_id(const struct sarn__run *run)
{
    uint32_t workflow = sarn__run_workflow(run).size;

    if (workflow == run->name_size) {
        return (struct sarn_str){NULL, 0};
    }
    return (struct sarn_str){name_of(run) + workflow + 1,
                             run->name_size - workflow - 1};
}

/* --- lists --- */

static void leave(struct sarn__orchestrator *orchestrator, struct sarn__run *run)
{
    struct sarn__runs *runs = &orchestrator->places[run->where];

    if (run->where == SARN__NOWHERE) {
        return;
    }
    if (run->in_line.lane != NULL) {
        sarn__line_give_up(&orchestrator->line, &run->in_line);
        run->where = SARN__NOWHERE;
        return;
    }
    orchestrator->leaving_count -= run->where == SARN__LEAVING ? 1 : 0;
    if (run->previous == NULL) {
        runs->first = run->next;
    } else {
        run->previous->next = run->next;
    }
    if (run->next == NULL) {
        runs->last = run->previous;
    } else {
        run->next->previous = run->previous;
    }
    run->next = run->previous = NULL;
    run->where = SARN__NOWHERE;
}

void sarn__run_move(struct sarn__orchestrator *orchestrator,
                    struct sarn__run *run,
                    enum sarn__where where)
{
    struct sarn__runs *runs = &orchestrator->places[where];

    leave(orchestrator, run);
    if (where != SARN__GATED) {
        orchestrator->reserved -= run->reserved;
        run->reserved = 0;
    }
    if (where == SARN__NOWHERE) {
        return;
    }
    run->where = (uint8_t)where;
    if (where == SARN__READY &&
        sarn__line_wait(&orchestrator->line, &run->in_line, run->tenant,
                        run->priority) == SARN_OK) {
        return;
    }
    run->previous = runs->last;
    if (runs->last == NULL) {
        runs->first = run;
    } else {
        runs->last->next = run;
    }
    runs->last = run;
    orchestrator->leaving_count += where == SARN__LEAVING ? 1 : 0;
}

struct sarn__run *sarn__run_take_from(struct sarn__orchestrator *orchestrator,
                                      enum sarn__where where)
{
    struct sarn__run *run = orchestrator->places[where].first;
    struct sarn__entry *entry =
        where == SARN__READY ? sarn__line_take(&orchestrator->line) : NULL;

    if (entry != NULL) {
        run = SARN__OF(entry, struct sarn__run, in_line);
        run->where = SARN__NOWHERE;
    } else if (run != NULL) {
        leave(orchestrator, run);
    }
    return run;
}

void sarn__run_set_priority(struct sarn__run *run, uint32_t priority)
{
    run->priority =
        (uint8_t)(priority < SARN__PRIORITIES ? priority : SARN__PRIORITIES - 1);
}

bool sarn__runs_are_ready(const struct sarn__orchestrator *orchestrator)
{
    return orchestrator->line.count > 0 ||
           orchestrator->places[SARN__READY].first != NULL;
}

static void link_newest(struct sarn__orchestrator *orchestrator, struct sarn__run *run)
{
    run->newer = NULL;
    run->older = orchestrator->newest;
    if (orchestrator->newest == NULL) {
        orchestrator->oldest = run;
    } else {
        orchestrator->newest->newer = run;
    }
    orchestrator->newest = run;
}

static void unlink_run(struct sarn__orchestrator *orchestrator, struct sarn__run *run)
{
    if (run->newer == NULL) {
        orchestrator->newest = run->older;
    } else {
        run->newer->older = run->older;
    }
    if (run->older == NULL) {
        orchestrator->oldest = run->newer;
    } else {
        run->older->newer = run->newer;
    }
    run->newer = run->older = NULL;
}

/* --- one run --- */

struct sarn__run *sarn__run_find(const struct sarn__orchestrator *orchestrator,
                                 uint32_t tenant,
                                 struct sarn_str stream)
{
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node =
        sarn__map_find(&orchestrator->runs, sarn__map_key(key, tenant, stream));

    return node == NULL ? NULL : SARN__OF(node, struct sarn__run, node);
}

struct sarn__run *sarn__run_create(struct sarn__orchestrator *orchestrator,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   const struct sarn__definition *definition)
{
    uint32_t key_size = SARN__MAP_KEY_TENANT_BYTES + stream.size;
    struct sarn__run *run = NULL;

    /* Room for its timer is made now: giving it one later cannot fail. */
    if (sarn__timers_reserve(&orchestrator->timers, orchestrator->runs.count + 1) ==
        SARN_OK) {
        run = sarn__heap_alloc(&orchestrator->runs.heap, sizeof(*run) + key_size);
    }
    if (run == NULL) {
        return NULL;
    }
    run->node.key = sarn__map_key((char *)(run + 1), tenant, stream);
    run->name_size = (uint16_t)stream.size;
    run->tenant = tenant;
    run->definition = definition;
    if (sarn__map_insert(&orchestrator->runs, &run->node) != SARN_OK) {
        sarn__heap_free(&orchestrator->runs.heap, run);
        return NULL;
    }
    return run;
}

void sarn__run_destroy(struct sarn__orchestrator *orchestrator, struct sarn__run *run)
{
    assert(run->jobs == NULL && run->waiters_first == NULL);
    sarn__run_move(orchestrator, run, SARN__NOWHERE);
    sarn__admit_drop(orchestrator, run);
    sarn__run_drop_state(orchestrator, run);
    sarn__run_forget_held(run);
    sarn__timers_clear(&orchestrator->timers, &run->timer);
    sarn__map_remove(&orchestrator->runs, &run->node);
    sarn__heap_free(&orchestrator->runs.heap, run);
}

/* --- states --- */

static void keep(struct sarn__orchestrator *orchestrator,
                 struct sarn__run *run,
                 struct sarn__execution *execution)
{
    assert(run->execution == NULL);
    run->execution = execution;
    run->bytes = SARN__RUN_OVERHEAD + (uint32_t)sarn_arena_bytes(execution->arena);
    orchestrator->bytes += run->bytes;
    link_newest(orchestrator, run);
}

sarn_status sarn__run_make_state(struct sarn__orchestrator *orchestrator,
                                 struct sarn__run *run)
{
    struct sarn_arena *arena = sarn_arena_create(&orchestrator->runs.heap);
    struct sarn__execution *execution =
        arena == NULL ? NULL : sarn_arena_alloc(arena, sizeof(*execution));

    if (execution == NULL) {
        sarn_arena_destroy(arena);
        return SARN_ERR_NOMEM;
    }
    sarn__execution_init(execution, arena);
    run->is_counted = true; /* It begins, or it was before. */
    keep(orchestrator, run, execution);
    return SARN_OK;
}

struct sarn__execution *sarn__run_take_state(struct sarn__orchestrator *orchestrator,
                                             struct sarn__run *run)
{
    struct sarn__execution *execution = run->execution;

    unlink_run(orchestrator, run);
    orchestrator->bytes -= run->bytes;
    run->execution = NULL;
    return execution;
}

void sarn__run_drop_state(struct sarn__orchestrator *orchestrator,
                          struct sarn__run *run)
{
    if (run->execution != NULL) {
        sarn_arena_destroy(sarn__run_take_state(orchestrator, run)->arena);
    }
}

/* The intents of attempts that are out, or back, are our own, whatever else the log
 * holds. */
static void own_intents(struct sarn__execution *execution,
                        const struct sarn__step_job *jobs)
{
    for (const struct sarn__step_job *job = jobs; job != NULL; job = job->next) {
        struct sarn__step *visit = NULL;

        if (job->claim.kind == SARN__DUTY_CALL) {
            visit =
                sarn__execution_visit(execution, job->claim.step_id, job->claim.visit);
        }
        if (visit != NULL && visit->state == SARN__RUNNING &&
            visit->attempts == job->claim.attempt) {
            visit->orphaned = false;
        }
    }
}

/* Is execution to rest until the version that it was started with is registered? */
static sarn_status is_pinned(sarn_engine *engine,
                             const struct sarn__execution *execution,
                             const struct sarn__definition *latest,
                             bool *pinned,
                             struct sarn_error *error)
{
    struct sarn__misfit misfit;
    bool fits = true;

    *pinned = false;
    if (engine->options.misfits == SARN_MISFIT_PIN &&
        latest->fingerprint != execution->beginning.fingerprint &&
        !sarn__execution_is_over(execution)) {
        SARN__TRY(sarn__misfit_look(&engine->log, execution, latest,
                                    engine->orchestrator->loading, &fits, &misfit,
                                    error));
        *pinned = !fits;
    }
    return SARN_OK;
}

/* The definition that execution was begun with, if it is registered; else the latest.
 * *definition NULL: nobody registered one, or it rests. */
static sarn_status choose_definition(sarn_engine *engine,
                                     const struct sarn__run *run,
                                     const struct sarn__execution *execution,
                                     const struct sarn__definition **definition,
                                     struct sarn_error *error)
{
    const struct sarn__registry *registry = engine->log.registry;
    struct sarn_str name = sarn__run_workflow(run);
    const struct sarn_workflow *workflow = sarn__registry_workflow_version(
        registry, name, execution->beginning.fingerprint);
    const struct sarn__definition *latest;
    bool pinned;

    if (workflow == NULL) {
        workflow = sarn__registry_workflow(registry, name);
    }
    *definition = NULL;
    if (workflow == NULL) {
        return SARN_OK;
    }
    latest = sarn__run_definition(engine->orchestrator, workflow);
    if (latest == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory loading an execution");
    }
    SARN__TRY(is_pinned(engine, execution, latest, &pinned, error));
    *definition = pinned ? NULL : latest;
    return SARN_OK;
}

/* What the log says, and what it cannot: who is gone may have begun more. */
static sarn_status take_up(sarn_engine *engine,
                           struct sarn__run *run,
                           struct sarn__execution *execution,
                           const struct sarn__execution_trace *trace,
                           struct sarn_error *error)
{
    const struct sarn__definition *definition = NULL;

    run->correlation_id = trace->correlation_id;
    run->started_position = trace->started_position;
    run->last_position = trace->last_position;
    run->last_version = trace->last_version;
    run->asleep = trace->asleep;
    if (run->recovered) {
        sarn__execution_recovered(execution, run->orphaned);
        own_intents(execution, run->jobs);
        own_intents(execution, run->held);
    }
    /* Whether it fits depends on what may have begun. */
    SARN__TRY(choose_definition(engine, run, execution, &definition, error));
    run->definition = definition;
    run->misfit = definition != NULL && !sarn__execution_is_over(execution) &&
                  sarn__step_call_verify(&engine->log.ports.codec, execution,
                                         definition, NULL) != SARN_OK;
    keep(engine->orchestrator, run, execution);
    sarn__run_set_priority(run, execution->beginning.priority);
    sarn__admit_loaded(engine, run);
    return SARN_OK;
}

sarn_status
sarn__run_load(sarn_engine *engine, struct sarn__run *run, struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__execution *execution = NULL;
    struct sarn__execution_trace trace;
    struct sarn_arena *arena = NULL;
    struct sarn_str stream = sarn__run_stream(run);
    struct sarn__head head;
    sarn_status status;

    if (run->execution != NULL) {
        unlink_run(orchestrator, run);
        link_newest(orchestrator, run);
        return SARN_OK;
    }
    if (run->last_position > sarn__writer_folded(&engine->writer)) {
        return sarn__fail(error, SARN_ERR_STATE, "\"%.*s\" is not folded yet",
                          (int)stream.size, stream.data);
    }
    SARN__TRY(sarn__store_head(&engine->log.store, run->tenant, stream, &head, error));
    arena = sarn_arena_create(&orchestrator->runs.heap);
    if (arena == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory loading \"%.*s\"",
                          (int)stream.size, stream.data);
    }
    status = sarn__execution_read(&engine->log.store, engine->log.decoder, &head, arena,
                                  orchestrator->loading, &execution, &trace, error);
    if (status == SARN_OK && execution == NULL) {
        status = sarn__fail(error, SARN_ERR_NOT_FOUND, "\"%.*s\" is no execution",
                            (int)stream.size, stream.data);
    }
    if (status == SARN_OK) {
        status = take_up(engine, run, execution, &trace, error);
    }
    if (status != SARN_OK) {
        sarn_arena_destroy(arena);
    }
    return status;
}

/* Some of its intents are those of who is gone and some are our own: only its state
 * knows which. */
static bool is_mixed(const struct sarn__run *run)
{
    bool own = false;

    if (!run->recovered || !sarn__execution_is_orphaned(run->execution)) {
        return false;
    }
    for (const struct sarn__step *visit = run->execution->first; visit != NULL;
         visit = visit->next) {
        own = own || (visit->state == SARN__RUNNING && !visit->orphaned);
    }
    return own;
}

void sarn__runs_trim(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint64_t folded = sarn__writer_folded(&engine->writer);
    struct sarn__run *run = orchestrator->oldest;

    while (orchestrator->bytes > orchestrator->bytes_max && run != NULL) {
        struct sarn__run *newer = run->newer;

        if (run->last_position <= folded && !is_mixed(run)) {
            run->orphaned = sarn__execution_is_orphaned(run->execution);
            sarn__run_drop_state(orchestrator, run);
        }
        run = newer;
    }
}

void sarn__runs_reap(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint64_t folded = sarn__writer_folded(&engine->writer);
    struct sarn__runs *leaving = &orchestrator->places[SARN__LEAVING];

    while (leaving->first != NULL && leaving->first->last_position <= folded) {
        struct sarn__run *run = leaving->first;

        if (run->asleep && run->timer.due_us <= orchestrator->due.due_us) {
            /* Whoever wakes what is due is past it. */
            sarn__timers_set(&orchestrator->timers, &run->timer, run->timer.due_us);
            sarn__run_move(orchestrator, run, SARN__NOWHERE);
        } else {
            run->inside = NULL; /* Asleep, it stays there. */
            sarn__run_destroy(orchestrator, run);
        }
    }
}

/* --- definitions --- */

const struct sarn__definition *
sarn__run_definition(struct sarn__orchestrator *orchestrator,
                     const struct sarn_workflow *workflow)
{
    struct sarn__definition **grown = NULL;
    struct sarn__definition *definition = NULL;

    for (uint32_t i = 0; i < orchestrator->definition_count; i++) {
        if (orchestrator->definitions[i]->workflow == workflow) {
            return orchestrator->definitions[i];
        }
    }
    grown = sarn__heap_resize(&orchestrator->runs.heap, orchestrator->definitions,
                              (orchestrator->definition_count + 1) *
                                  sizeof(struct sarn__definition *));
    if (grown == NULL) {
        return NULL;
    }
    orchestrator->definitions = grown;
    definition = sarn__heap_alloc(&orchestrator->runs.heap, sizeof(*definition));
    if (definition != NULL) {
        definition->workflow = workflow;
        definition->fingerprint = sarn__workflow_fingerprint(workflow);
        grown[orchestrator->definition_count] = definition;
        orchestrator->definition_count += 1;
    }
    return definition;
}
