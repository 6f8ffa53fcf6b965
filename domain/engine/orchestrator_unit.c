/* One unit: what a run, and those it is tied to, must write whole or not at all. */
#include <assert.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

void sarn__unit_begin(struct sarn__unit *unit,
                      sarn_engine *engine,
                      struct sarn__run *run,
                      struct sarn_uuid run_id)
{
    sarn_arena_reset(engine->orchestrator->scratch);
    *unit = (struct sarn__unit){.engine = engine,
                                .run = run,
                                .arena = engine->orchestrator->scratch,
                                .plan = engine->orchestrator->plan,
                                .mark = sarn__writer_mark(&engine->writer),
                                .meta = {.correlation_id = run->correlation_id,
                                         .causation_id = run_id,
                                         .time_us = sarn__writer_now(&engine->writer),
                                         .tenant = run->tenant},
                                .last_position = run->last_position,
                                .last_version = run->last_version};
    unit->plan->count = 0;
    unit->plan->wake_us = INT64_MAX;
    unit->plan->winding = false;
}

static struct sarn__touched *find_touched(const struct sarn__unit *unit,
                                          const struct sarn__run *run)
{
    struct sarn__touched *touched = unit->touched;

    while (touched != NULL && touched->run != run) {
        touched = touched->next;
    }
    return touched;
}

static sarn_status touch(struct sarn__unit *unit, struct sarn__run *run, bool begun)
{
    struct sarn__touched *touched = find_touched(unit, run);

    if (run == unit->run || touched != NULL) {
        return SARN_OK;
    }
    touched = sarn_arena_alloc(unit->arena, sizeof(*touched));
    if (touched == NULL) {
        return SARN_ERR_NOMEM;
    }
    *touched = (struct sarn__touched){.next = unit->touched,
                                      .run = run,
                                      .last_position = run->last_position,
                                      .last_version = run->last_version,
                                      .begun = begun};
    unit->touched = touched;
    return SARN_OK;
}

sarn_status sarn__unit_made(struct sarn__unit *unit, struct sarn__run *run)
{
    return touch(unit, run, true);
}

/* What an execution is told says what its status was; what is planned for it does so
 * already. */
static bool says_what_was(enum sarn__fact kind)
{
    return kind == SARN__CANCEL_REQUESTED || kind == SARN__RESET_REQUESTED;
}

sarn_status sarn__unit_record(struct sarn__unit *unit,
                              struct sarn__run *run,
                              const struct sarn__execution_event *event,
                              struct sarn_error *error)
{
    struct sarn__execution_event timed = *event;
    struct sarn__meta meta = unit->meta;
    struct sarn__written written;

    timed.time_us = meta.time_us;
    if (run != unit->run) {
        meta.correlation_id = run->correlation_id;
        meta.tenant = run->tenant;
    }
    if (touch(unit, run, false) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    if (says_what_was(timed.kind)) {
        timed.was = run->execution->status;
    }
    SARN__TRY(sarn__execution_apply(run->execution, &timed, error));
    if (timed.kind == SARN__UNPARKED) {
        timed.status = run->execution->status;
    }
    if (timed.kind == SARN__CANCEL_REQUESTED && timed.was == run->execution->status) {
        timed.was = 0; /* It says that what was parked is running again: it is not. */
    }
    SARN__TRY(sarn__execution_write(&unit->engine->writer, &meta, sarn__run_stream(run),
                                    sarn__run_workflow(run), sarn__run_workflow_id(run),
                                    &timed, &written, error));
    run->last_position = written.position;
    run->last_version = written.version;
    run->asleep = timed.kind == SARN__SLEPT;
    if (run == unit->run) {
        unit->count += 1;
        unit->last = timed;
    }
    return SARN_OK;
}

static void wait_for(struct sarn__unit *unit, struct sarn__run *run)
{
    run->gate = run->last_position;
    sarn__writer_wait(&unit->engine->writer);
}

void sarn__unit_end(struct sarn__unit *unit)
{
    struct sarn__run *run = unit->run;

    for (struct sarn__touched *touched = unit->touched; touched != NULL;
         touched = touched->next) {
        wait_for(unit, touched->run);
        sarn__run_move(unit->engine->orchestrator, touched->run, SARN__CALLED);
    }
    if (unit->count == 1 && unit->touched == NULL && run->definition != NULL &&
        sarn__plan_may_lag(run->execution, &unit->last, unit->plan)) {
        sarn__run_forget_held(run); /* Lost, it would be made again. */
    } else if (unit->count > 0) {
        wait_for(unit, run);
    }
}

static void restore(struct sarn__unit *unit,
                    struct sarn__run *run,
                    uint64_t position,
                    uint64_t version)
{
    run->last_position = position;
    run->last_version = version;
    sarn__run_drop_state(unit->engine->orchestrator, run);
    if (position > unit->engine->durable) {
        sarn__writer_wait(&unit->engine->writer); /* It is folded again after that. */
    }
}

void sarn__unit_abandon(struct sarn__unit *unit)
{
    sarn__unit_rollback(unit->engine, &unit->mark);
    restore(unit, unit->run, unit->last_position, unit->last_version);
    sarn__run_hold_again(unit->run);
    for (struct sarn__touched *touched = unit->touched; touched != NULL;
         touched = touched->next) {
        if (touched->begun) {
            sarn__run_destroy(unit->engine->orchestrator, touched->run);
        } else {
            restore(unit, touched->run, touched->last_position, touched->last_version);
        }
    }
}
