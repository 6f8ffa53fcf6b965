/* One turn of one schedule: what its plan says, recorded and begun. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"
#include "engine/schedules_state.h"

/* What is written without anybody having asked. */
static sarn_status new_meta(sarn_engine *engine,
                            const struct sarn__held_schedule *held,
                            struct sarn__meta *meta,
                            struct sarn_error *error)
{
    *meta = (struct sarn__meta){.time_us = sarn__writer_now(&engine->writer),
                                .tenant = held->tenant};
    return sarn__writer_uuid(&engine->writer, meta->time_us, &meta->correlation_id,
                             error);
}

/* --- stopping what is under way --- */

static bool may_be_stopped(const struct sarn__execution *execution, bool terminate)
{
    return !sarn__execution_is_over(execution) &&
           execution->status != SARN_EXECUTION_COMPENSATING &&
           (!execution->asked_to_end || (terminate && !execution->asked_terminate));
}

/* Ask the runs under way to end. SARN_ERR_STATE: one of them cannot be told yet; those
 * that were are not told again. */
static sarn_status stop_others(sarn_engine *engine,
                               const struct sarn__held_schedule *held,
                               bool terminate,
                               struct sarn_error *error)
{
    const struct sarn__schedule *schedule = &held->schedule;
    const int64_t *runs = schedule->runs.items;
    struct sarn__execution_event event = {.kind = SARN__CANCEL_REQUESTED,
                                          .terminate = terminate,
                                          .text =
                                              SARN_STR("its schedule is due again")};
    struct sarn__meta meta = {.tenant = held->tenant};

    for (uint32_t i = 0; i < schedule->runs.count; i++) {
        char id[SARN__SCHEDULE_RUN_ID_BYTES], name[SARN_STREAM_NAME_BYTES_MAX + 1];
        struct sarn_str run_id = sarn__schedule_run_id(schedule->id, runs[i], id);
        struct sarn__run *run = NULL;
        sarn_status status;
        int size =
            snprintf(name, sizeof(name), "%.*s-%.*s", (int)schedule->spec.workflow.size,
                     schedule->spec.workflow.data, (int)run_id.size, run_id.data);

        SARN__TRY(sarn__run_take_up(engine, held->tenant,
                                    (struct sarn_str){name, (uint32_t)size}, &run,
                                    error));
        if (run == NULL || !may_be_stopped(run->execution, terminate)) {
            continue;
        }
        status = sarn__run_tell(engine, run, &meta, &event, error);
        if (status != SARN_OK && status != SARN_ERR_STATE) {
            return status;
        }
    }
    return SARN_OK;
}

/* --- firing --- */

/* Can a run of workflow begin with the input that is recorded? */
static sarn_status check_input(sarn_engine *engine,
                               const struct sarn__held_schedule *held,
                               const struct sarn_workflow *workflow,
                               struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    struct sarn_str input = held->schedule.spec.input;

    if ((workflow->input == NULL) != (input.data == NULL)) {
        return sarn__fail(error, SARN_ERR_SCHEMA, "the workflow takes %s input now",
                          workflow->input == NULL ? "no" : "an");
    }
    return workflow->input == NULL
               ? SARN_OK
               : codec->ops->verify(codec->self, workflow->input, input, error);
}

/* Begin the run of the plan, in the unit. */
static sarn_status begin(sarn_engine *engine,
                         const struct sarn__held_schedule *held,
                         const struct sarn_workflow *workflow,
                         const struct sarn__meta *meta,
                         struct sarn_error *error)
{
    const struct sarn__new_run wanted = {.workflow = workflow,
                                         .workflow_id =
                                             engine->schedules->plan.event.workflow_id,
                                         .input = held->schedule.spec.input,
                                         .schedule = held->schedule.id,
                                         .correlation_id = meta->correlation_id,
                                         .tenant = held->tenant};

    return sarn__orchestrator_begin(engine, &wanted, error);
}

/* Write the plan's event, and begin its run with it. SARN_ERR_EXISTS: one of its id is
 * under way. On failure nothing was written. */
static sarn_status write_and_begin(sarn_engine *engine,
                                   const struct sarn__held_schedule *held,
                                   const struct sarn_workflow *workflow,
                                   const struct sarn__meta *meta,
                                   struct sarn__written *written,
                                   struct sarn_error *error)
{
    const struct sarn__schedule_event *event = &engine->schedules->plan.event;
    struct sarn__mark mark = sarn__writer_mark(&engine->writer);
    sarn_status status = sarn__schedule_write(
        &engine->writer, meta, sarn__held_stream(held), event, written, error);

    if (status == SARN_OK) {
        status = begin(engine, held, workflow, meta, error);
    }
    if (status != SARN_OK) {
        sarn__unit_rollback(engine, &mark);
    }
    return status;
}

/* Record that the plan's time has come, and begin its run with it; or, when that cannot
 * be, record why not. On failure nothing was written. */
static sarn_status fire(sarn_engine *engine,
                        struct sarn__held_schedule *held,
                        const struct sarn_workflow *workflow,
                        struct sarn_error *error)
{
    struct sarn__schedule_plan *plan = &engine->schedules->plan;
    bool starts = plan->event.outcome == SARN_SCHEDULE_STARTED;
    struct sarn_error why = {SARN_OK, ""};
    struct sarn__written written;
    struct sarn__meta meta;
    sarn_status status;

    if (plan->cancels || plan->terminates) {
        SARN__TRY(stop_others(engine, held, plan->terminates, error));
    }
    SARN__TRY(new_meta(engine, held, &meta, error));
    if (starts && check_input(engine, held, workflow, &why) != SARN_OK) {
        sarn__schedule_pass_over(plan, SARN_SCHEDULE_REFUSED, sarn_str(why.text));
        starts = false;
    }
    if (starts) {
        status = write_and_begin(engine, held, workflow, &meta, &written, error);
        if (status != SARN_ERR_EXISTS) {
            SARN__TRY(status);
            sarn__held_fold(engine, held, &plan->event, &written);
            return SARN_OK;
        }
        sarn__schedule_pass_over(plan, SARN_SCHEDULE_OVERLAPPED,
                                 (struct sarn_str){NULL, 0});
    }
    return sarn__held_record(engine, held, &meta, &plan->event, &written, error);
}

/* --- a turn --- */

/* Its zone cannot be had any more: it is paused, and says why, until somebody sees to
 * it and resumes it. */
static sarn_status pause_it(sarn_engine *engine,
                            struct sarn__held_schedule *held,
                            const char *reason,
                            struct sarn_error *error)
{
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_PAUSED,
                                         .reason = sarn_str(reason)};
    struct sarn__written written;
    struct sarn__meta meta;

    SARN__TRY(new_meta(engine, held, &meta, error));
    return sarn__held_record(engine, held, &meta, &event, &written, error);
}

/* Once in a while, say how it stands: nobody has to read what was before. */
static sarn_status tell_anew(sarn_engine *engine,
                             struct sarn__held_schedule *held,
                             struct sarn_error *error)
{
    const struct sarn__schedule_standing standing =
        sarn__schedule_stand(&held->schedule);
    const struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_SET,
                                               .spec = held->schedule.spec,
                                               .standing = &standing,
                                               .told_anew = true};
    struct sarn__written written;
    struct sarn__meta meta;

    if (!held->schedule.exists ||
        held->next_version - held->set_version <= SARN__SCHEDULE_FOLD_MAX) {
        return SARN_OK;
    }
    SARN__TRY(new_meta(engine, held, &meta, error));
    return sarn__held_record(engine, held, &meta, &event, &written, error);
}

static sarn_status fall_asleep(sarn_engine *engine,
                               struct sarn__held_schedule *held,
                               int64_t until_us,
                               struct sarn_error *error)
{
    const struct sarn__schedule *schedule = &held->schedule;
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_SLEPT,
                                         .to_us = until_us};
    struct sarn__written written;
    struct sarn__meta meta;

    sarn__timers_clear(&engine->schedules->timers, &held->timer);
    if (until_us != INT64_MAX) {
        sarn__timers_set(&engine->schedules->timers, &held->timer, until_us);
    }
    if (!schedule->awake && schedule->slept_us == until_us) {
        return SARN_OK;
    }
    SARN__TRY(tell_anew(engine, held, error));
    SARN__TRY(new_meta(engine, held, &meta, error));
    return sarn__held_record(engine, held, &meta, &event, &written, error);
}

/* Plan with the zone that it names. A zone that is gone pauses it. */
static sarn_status plan_now(sarn_engine *engine,
                            struct sarn__held_schedule *held,
                            struct sarn_error *error)
{
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status = SARN_OK;

    if (held->schedule.exists) {
        status = sarn__held_zone(engine, held, &why);
    }
    if (status == SARN_ERR_NOMEM || status == SARN_ERR_IO) { /* It may be there yet. */
        return sarn__fail(error, status, "%s", why.text);
    }
    if (status != SARN_OK && !held->schedule.paused) {
        SARN__TRY(pause_it(engine, held, why.text, error));
    }
    sarn__schedule_plan(&held->schedule, status == SARN_OK ? &held->zone : NULL,
                        sarn__writer_now(&engine->writer), &engine->schedules->plan);
    return SARN_OK;
}

sarn_status sarn__schedule_advance(sarn_engine *engine,
                                   struct sarn__held_schedule *held,
                                   bool *more,
                                   struct sarn_error *error)
{
    const struct sarn__schedule_plan *plan = &engine->schedules->plan;
    const struct sarn_workflow *workflow = NULL;

    *more = false;
    SARN__TRY(sarn__held_load(engine, held, error));
    if (held->schedule.exists) {
        workflow =
            sarn__registry_workflow(engine->log.registry, held->schedule.spec.workflow);
        if (workflow == NULL) {
            return SARN_OK; /* Another program's. */
        }
    }
    for (uint32_t fires = 0; fires < SARN__SCHEDULE_FIRES_MAX; fires++) {
        SARN__TRY(plan_now(engine, held, error));
        if (!plan->fires) {
            return fall_asleep(engine, held, plan->wake_us, error);
        }
        if (sarn__writer_is_full(&engine->writer)) {
            break;
        }
        assert(workflow != NULL); /* What is not there does not fire. */
        SARN__TRY(fire(engine, held, workflow, error));
        /* What was folded anew, or could not be. */
        SARN__TRY(sarn__held_load(engine, held, error));
    }
    *more = true;
    return SARN_OK;
}
