/* sarn_execution_plan(): what an undo of an execution would do now, from the log alone.
 */
#include <stdio.h>

#include "core/fail.h"
#include "core/plan.h"
#include "engine/definition_log.h"
#include "engine/execution_log.h"
#include "engine/log_parts.h"

#define TEXT(str) (int)(str).size, (str).data

struct planning {
    struct sarn_log *log;
    uint32_t tenant;
    struct sarn_str workflow, workflow_id;
    sarn_undo_fn *handler;
    void *arg;
    struct sarn_arena *arena, *scratch;
    struct sarn_error *error;
};

static sarn_status find(struct planning *planning, struct sarn__execution **execution)
{
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
    int size = snprintf(name, sizeof(name), "%.*s-%.*s", TEXT(planning->workflow),
                        TEXT(planning->workflow_id));
    struct sarn__execution_trace trace;
    struct sarn__head head;

    *execution = NULL;
    if (size > 0 && size < (int)sizeof(name)) {
        struct sarn_str stream = {name, (uint32_t)size};

        SARN__TRY(sarn__store_head(&planning->log->store, planning->tenant, stream,
                                   &head, planning->error));
        SARN__TRY(sarn__execution_read(&planning->log->store, planning->log->decoder,
                                       &head, planning->arena, planning->scratch,
                                       execution, &trace, planning->error));
    }
    return *execution != NULL
               ? SARN_OK
               : sarn__fail(planning->error, SARN_ERR_NOT_FOUND,
                            "workflow \"%.*s\" has no execution \"%.*s\"",
                            TEXT(planning->workflow), TEXT(planning->workflow_id));
}

/* By which definition it would be undone: its own, registered or as the log has it. */
static sarn_status define(struct planning *planning,
                          const struct sarn__execution *execution,
                          struct sarn__definition *definition)
{
    uint64_t fingerprint = execution->beginning.fingerprint;
    const struct sarn_workflow *workflow = sarn__registry_workflow_version(
        planning->log->registry, planning->workflow, fingerprint);
    struct sarn__definition *recorded = NULL;
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status;

    if (workflow != NULL) {
        *definition = (struct sarn__definition){workflow, fingerprint};
        return SARN_OK;
    }
    status = sarn__definition_read(planning->log, planning->workflow, fingerprint,
                                   planning->arena, &recorded, &why);
    if (status == SARN_ERR_NOT_FOUND) {
        return sarn__fail(planning->error, SARN_ERR_NOT_FOUND,
                          "nobody knows version %u of workflow \"%.*s\", by which the "
                          "execution would be undone: load its module",
                          execution->beginning.definition_version,
                          TEXT(planning->workflow));
    }
    if (status != SARN_OK) {
        return sarn__fail(planning->error, status, "%s", why.text);
    }
    *definition = *recorded;
    return SARN_OK;
}

static sarn_status tell(struct planning *planning,
                        const struct sarn__execution *execution,
                        const struct sarn__definition *definition)
{
    struct sarn__undo *undos =
        sarn_arena_alloc(planning->arena, execution->step_count * sizeof(*undos));
    uint32_t count;

    if (undos == NULL) {
        return sarn__fail(planning->error, SARN_ERR_NOMEM, "out of memory for a plan");
    }
    count = sarn__plan_undo(execution, definition, undos);
    for (uint32_t i = 0; i < count; i++) {
        const struct sarn__step *visit = undos[i].visit;
        const struct sarn_undo_step step = {.step = visit->id,
                                            .visit = visit->visit,
                                            .undo = undos[i].undo,
                                            .attempts = visit->compensation_attempts,
                                            .stuck = visit->state == SARN__STUCK};

        SARN__TRY(planning->handler(planning->arg, &step));
    }
    return SARN_OK;
}

static sarn_status plan(struct planning *planning)
{
    struct sarn__execution *execution;
    struct sarn__definition definition;

    SARN__TRY(find(planning, &execution));
    if (sarn__execution_is_closed(execution)) {
        return sarn__fail(planning->error, SARN_ERR_STATE,
                          "the execution is over, %s: there is nothing to undo",
                          sarn_execution_status_text(execution->status));
    }
    SARN__TRY(define(planning, execution, &definition));
    /* Nobody knows here what is under way in its owner: it may have run. */
    sarn__execution_recovered(execution, true);
    return tell(planning, execution, &definition);
}

static sarn_status visit(void *arg)
{
    struct planning *planning = arg;
    sarn_status status;

    planning->arena = sarn_arena_create(&planning->log->ports.heap);
    planning->scratch = sarn_arena_create(&planning->log->ports.heap);
    status =
        planning->arena == NULL || planning->scratch == NULL
            ? sarn__fail(planning->error, SARN_ERR_NOMEM, "out of memory for a plan")
            : plan(planning);
    sarn_arena_destroy(planning->scratch);
    sarn_arena_destroy(planning->arena);
    return status;
}

sarn_status sarn_execution_plan(sarn_log *log,
                                uint32_t tenant,
                                struct sarn_str workflow,
                                struct sarn_str workflow_id,
                                sarn_undo_fn *handler,
                                void *arg,
                                struct sarn_error *error)
{
    struct planning planning = {.log = log,
                                .tenant = tenant,
                                .workflow = workflow,
                                .workflow_id = workflow_id,
                                .handler = handler,
                                .arg = arg,
                                .error = error};

    return sarn__log_visit(log, visit, &planning, error);
}
