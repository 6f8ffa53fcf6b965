/* Telling a run something from outside of its own turn. */
#include "core/fail.h"
#include "engine/orchestrator_state.h"

/* From the log: whatever this process has begun and the store does not know is in
 * memory, so somebody else began it, or it slept. */
static sarn_status load(sarn_engine *engine,
                        uint32_t tenant,
                        struct sarn_str stream,
                        struct sarn__run **run,
                        struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__run *made = sarn__run_create(orchestrator, tenant, stream, NULL);
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory loading an execution");
    }
    made->recovered = made->orphaned = true;
    status = sarn__run_load(engine, made, error);
    if (status != SARN_OK) {
        sarn__run_destroy(orchestrator, made);
        return status == SARN_ERR_NOT_FOUND ? SARN_OK : status;
    }
    /* If nothing comes of it, its own turn lets go of it. */
    sarn__run_move(orchestrator, made, SARN__CALLED);
    *run = made;
    return SARN_OK;
}

sarn_status sarn__run_take_up(sarn_engine *engine,
                              uint32_t tenant,
                              struct sarn_str stream,
                              struct sarn__run **run,
                              struct sarn_error *error)
{
    struct sarn__run *found = sarn__run_find(engine->orchestrator, tenant, stream);
    struct sarn__head head;

    *run = NULL;
    if (found != NULL) {
        SARN__TRY(sarn__run_load(engine, found, error));
        *run = found;
        return SARN_OK;
    }
    SARN__TRY(sarn__writer_head(&engine->writer, tenant, stream, &head, error));
    if (head.number == 0 || head.deleted) {
        return SARN_OK;
    }
    return load(engine, tenant, stream, run, error);
}

sarn_status sarn__run_tell(sarn_engine *engine,
                           struct sarn__run *run,
                           const struct sarn__meta *meta,
                           const struct sarn__execution_event *event,
                           struct sarn_error *error)
{
    struct sarn_error why = {SARN_OK, ""};
    struct sarn__unit unit;
    struct sarn_uuid run_id;
    sarn_status status = sarn__run_load(engine, run, error);

    if (status != SARN_OK) {
        return status;
    }
    run_id = run->execution->beginning.run_id;
    sarn__unit_begin(&unit, engine, run,
                     sarn_uuid_is_zero(meta->causation_id) ? run_id
                                                           : meta->causation_id);
    unit.meta.actor = meta->actor;
    unit.meta.origin = meta->origin;
    unit.meta.command = meta->command;
    status = sarn__unit_record(&unit, run, event, &why);
    unit.meta.command = NULL;
    if (status == SARN_ERR_CORRUPT) { /* Nothing has changed. */
        return sarn__fail(error, SARN_ERR_STATE, "%s", why.text);
    }
    if (status != SARN_OK) {
        sarn__unit_abandon(&unit);
    } else {
        unit.meta.actor = unit.meta.origin = (struct sarn_str){NULL, 0};
        unit.meta.causation_id = run_id;
        status = sarn__run_go_on(&unit, &why);
    }
    if (status != SARN_OK) {
        sarn__run_postpone(engine, run, &why);
        return sarn__fail(error, status, "%s", why.text);
    }
    (void)sarn__runs_pump(engine);
    return SARN_OK;
}
