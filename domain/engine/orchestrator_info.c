/* Questions about executions. */
#include <stdio.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

uint32_t sarn__orchestrator_running(const sarn_engine *engine)
{
    return engine->orchestrator->jobs_out;
}

uint64_t sarn__orchestrator_executions(const sarn_engine *engine)
{
    return engine->orchestrator->runs.count - engine->orchestrator->leaving_count;
}

/* A step that is under way, or waits. */
static const struct sarn__step *find_current(const struct sarn__execution *execution)
{
    const struct sarn__step *visit = execution->first;

    while (visit != NULL &&
           (visit->state == SARN__WAITING || sarn__visit_is_over(visit))) {
        visit = visit->next;
    }
    return visit;
}

/* Where it is, as far as the definition registered now can tell. */
static sarn_status current_step(sarn_engine *engine,
                                struct sarn_str workflow,
                                const struct sarn__execution *execution,
                                struct sarn_arena *arena,
                                struct sarn_str *step)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn_workflow *registered =
        sarn__registry_workflow(engine->log.registry, workflow);
    const struct sarn__step *current = find_current(execution);
    const struct sarn__definition *definition = NULL;
    struct sarn__plan *plan = orchestrator->plan;

    if (current != NULL) {
        *step = current->id;
        return SARN_OK;
    }
    if (registered == NULL) {
        return SARN_OK;
    }
    definition = sarn__run_definition(orchestrator, registered);
    if (definition == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn__plan(execution, definition, sarn__writer_now(&engine->writer), plan);
    return plan->count == 0 ? SARN_OK
                            : sarn_arena_copy(arena, plan->duties[0].step_id, step);
}

static sarn_status fill_info(sarn_engine *engine,
                             struct sarn_str workflow,
                             const struct sarn__execution *execution,
                             struct sarn_arena *arena,
                             struct sarn_execution_info *info)
{
    struct sarn_execution_info found = {
        .status = execution->status,
        .steps_done = execution->done_count,
        .run_id = execution->beginning.run_id,
        .paused = execution->paused,
        .ending = execution->asked_to_end,
        .definition_version = execution->beginning.definition_version,
        .deadline_us = execution->beginning.deadline_us};

    switch ((enum sarn_execution_status)execution->status) {
    case SARN_EXECUTION_RUNNING:
        SARN__TRY(current_step(engine, workflow, execution, arena, &found.step));
        break;
    case SARN_EXECUTION_COMPENSATING:
    case SARN_EXECUTION_COMPENSATED:
    case SARN_EXECUTION_TIMED_OUT:
        found.step = execution->failure.step;
        found.text = execution->failure.text;
        break;
    case SARN_EXECUTION_PARKED:
        found.step = execution->parked.step;
        found.text = execution->parked.text;
        break;
    case SARN_EXECUTION_CANCELLED:
    case SARN_EXECUTION_TERMINATED:
    case SARN_EXECUTION_UNDONE:
        found.text = execution->asked_text;
        break;
    case SARN_EXECUTION_COMPLETED:
    case SARN_EXECUTION_CONTINUED:
        break;
    }
    *info = found;
    return SARN_OK;
}

sarn_status sarn__orchestrator_execution(sarn_engine *engine,
                                         uint32_t tenant,
                                         struct sarn_str workflow,
                                         struct sarn_str workflow_id,
                                         struct sarn_arena *arena,
                                         struct sarn_execution_info *info,
                                         struct sarn_error *error)
{
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
    int size = snprintf(name, sizeof(name), "%.*s-%.*s", (int)workflow.size,
                        workflow.data, (int)workflow_id.size, workflow_id.data);
    struct sarn__execution *execution = NULL;
    struct sarn__execution_trace trace;
    struct sarn__head head;

    if (size > 0 && size < (int)sizeof(name)) {
        struct sarn_str stream = {name, (uint32_t)size};

        SARN__TRY(sarn__store_head(&engine->log.store, tenant, stream, &head, error));
        SARN__TRY(sarn__execution_read(&engine->log.store, engine->log.decoder, &head,
                                       arena, engine->orchestrator->loading, &execution,
                                       &trace, error));
    }
    if (execution == NULL) {
        return sarn__fail(
            error, SARN_ERR_NOT_FOUND, "workflow \"%.*s\" has no execution \"%.*s\"",
            (int)workflow.size, workflow.data, (int)workflow_id.size, workflow_id.data);
    }
    if (fill_info(engine, workflow, execution, arena, info) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory reading an execution");
    }
    return SARN_OK;
}
