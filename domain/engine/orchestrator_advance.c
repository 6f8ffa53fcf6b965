/* One unit: everything that a run needs at once, written whole or not at all. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

/* A run on its way through one unit. */
struct unit {
    sarn_engine *engine;
    struct sarn__run *run;
    struct sarn_arena *arena; /* Of what is written. */
    struct sarn__mark mark;
    struct sarn__meta meta;
    uint32_t count;                       /* Events written. */
    struct sarn__execution_event last;    /* The last of them. */
    uint64_t last_position, last_version; /* Of the run, before. */
};

static void begin(struct unit *unit,
                  sarn_engine *engine,
                  struct sarn__run *run,
                  struct sarn_uuid run_id)
{
    sarn_arena_reset(engine->orchestrator->scratch);
    *unit = (struct unit){.engine = engine,
                          .run = run,
                          .arena = engine->orchestrator->scratch,
                          .mark = sarn__writer_mark(&engine->writer),
                          .meta = {.correlation_id = run->correlation_id,
                                   .causation_id = run_id,
                                   .time_us = sarn__writer_now(&engine->writer),
                                   .tenant = run->tenant},
                          .last_position = run->last_position,
                          .last_version = run->last_version};
}

/* Write one event and fold it. */
static sarn_status record(struct unit *unit,
                          const struct sarn__execution_event *event,
                          struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__written written;

    SARN__TRY(
        sarn__execution_write(&unit->engine->writer, &unit->meta, sarn__run_stream(run),
                              sarn_str(run->definition->workflow->name),
                              sarn__run_workflow_id(run), event, &written, error));
    SARN__TRY(sarn__execution_apply(run->execution, event, error));
    run->last_position = written.position;
    run->last_version = written.version;
    unit->count += 1;
    unit->last = *event;
    return SARN_OK;
}

static sarn_status settle(struct unit *unit,
                          const struct sarn__duty *duty,
                          const struct sarn__outcome *outcome,
                          struct sarn_error *error)
{
    struct sarn__execution_event event;

    if (sarn__plan_settle(unit->run->execution, unit->run->definition, duty, outcome,
                          unit->meta.time_us, unit->arena, &event) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    return record(unit, &event, error);
}

/* As sarn__plan(), for what only the engine knows. */
static void plan(const struct unit *unit, struct sarn__duty *duty)
{
    const struct sarn__run *run = unit->run;
    struct sarn_error why = {SARN_OK, ""};

    if (run->misfit && !sarn__execution_is_over(run->execution)) {
        (void)!sarn__step_call_verify(&unit->engine->log.ports.codec, run->execution,
                                      run->definition, &why);
        *duty =
            (struct sarn__duty){.kind = SARN__DUTY_PARK, .code = "definition_changed"};
        snprintf(duty->text, sizeof(duty->text), "%s", why.text);
        return;
    }
    sarn__plan(run->execution, run->definition, unit->meta.time_us, duty);
}

/* --- steps --- */

void sarn__run_observe(sarn_engine *engine,
                       const struct sarn__run *run,
                       const struct sarn_step_call *call)
{
    char subject[SARN_STREAM_NAME_BYTES_MAX + SARN_NAME_BYTES_MAX + 2];
    struct sarn_str stream = sarn__run_stream(run);
    int size = 0;

    if (engine->options.hooks.observe != NULL) {
        size = snprintf(subject, sizeof(subject), "%.*s/%s", (int)stream.size,
                        stream.data, call->step->id);
        sarn__engine_observe(engine, SARN_STAGE_STEP, call->status, call->attempt, 0,
                             (struct sarn_str){subject, (uint32_t)size});
    }
}

/* Not the business's no: the same step may well succeed in a second. */
static bool is_outage(sarn_status status)
{
    return status == SARN_ERR_NOMEM || status == SARN_ERR_IO;
}

/* Run or compensate a local step in this unit. What it wrote before it failed is
 * undone: a step is done or not done. */
static sarn_status
run_local(struct unit *unit, const struct sarn__duty *duty, struct sarn_error *error)
{
    struct sarn__mark mark = sarn__writer_mark(&unit->engine->writer);
    struct sarn_step_call call = {.engine = unit->engine, .meta = &unit->meta};
    struct sarn__outcome outcome;

    if (sarn__step_call_init(
            &call, unit->engine, unit->run->execution, unit->run->definition, duty,
            sarn__run_workflow_id(unit->run), false, unit->arena) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a step");
    }
    sarn__step_call_make(&call);
    sarn__run_observe(unit->engine, unit->run, &call);
    if (call.status != SARN_OK && call.command_count > 0) {
        sarn__unit_rollback(unit->engine, &mark);
    }
    if (is_outage(call.status)) {
        return sarn__fail(error, call.status, "step %.100s: %.120s", duty->step->id,
                          call.said_why ? call.text : sarn_status_text(call.status));
    }
    sarn__step_call_outcome(&call, &outcome);
    return settle(unit, duty, &outcome, error);
}

/* Is job's outcome the one that duty asks for? It is not when what the job rested on
 * was forgotten: then the step is run again, under its key. */
static bool answers(const struct sarn__step_job *job, const struct sarn__duty *duty)
{
    return duty->kind == (enum sarn__duty_kind)job->kind &&
           duty->step == job->call.step && duty->compensation == job->compensation &&
           duty->attempt == job->call.attempt;
}

static sarn_status use_held(struct unit *unit, struct sarn_error *error)
{
    struct sarn__step_job *job = unit->run->held;
    struct sarn__outcome outcome;
    struct sarn__duty duty;

    plan(unit, &duty);
    if (!answers(job, &duty)) {
        sarn__step_job_destroy(job);
        unit->run->held = NULL;
        return SARN_OK;
    }
    sarn__step_call_outcome(&job->call, &outcome);
    return settle(unit, &duty, &outcome, error);
}

/* --- the unit --- */

/* Nothing new begins while the engine winds up. */
static bool must_rest(const sarn_engine *engine, const struct sarn__duty *duty)
{
    return engine->winding && (duty->kind == SARN__DUTY_INTEND ||
                               (duty->kind == SARN__DUTY_RUN && duty->local));
}

/* Settle duty here and now. false: it is left. */
static sarn_status carry_out(struct unit *unit,
                             const struct sarn__duty *duty,
                             bool *left,
                             struct sarn_error *error)
{
    struct sarn__outcome nobody = {.fate = SARN_STEP_UNKNOWN,
                                   .text =
                                       SARN_STR("the step has no reconcile to ask")};

    *left = must_rest(unit->engine, duty);
    if (*left) {
        return SARN_OK;
    }
    switch (duty->kind) {
    case SARN__DUTY_RUN:
        if (duty->local) {
            return run_local(unit, duty, error);
        }
        break;
    case SARN__DUTY_RECONCILE:
        if (duty->step->reconcile == NULL) {
            return settle(unit, duty, &nobody, error);
        }
        break;
    case SARN__DUTY_INTEND:
    case SARN__DUTY_UNDO:
    case SARN__DUTY_COMPLETE:
    case SARN__DUTY_UNDONE:
    case SARN__DUTY_PARK:
        return settle(unit, duty, NULL, error);
    case SARN__DUTY_WAIT:
    case SARN__DUTY_NONE:
        break;
    }
    *left = true;
    return SARN_OK;
}

static sarn_status
drive(struct unit *unit, struct sarn__duty *duty, struct sarn_error *error)
{
    bool left = false;

    if (unit->run->held != NULL) {
        SARN__TRY(use_held(unit, error));
    }
    while (!left) {
        plan(unit, duty);
        SARN__TRY(carry_out(unit, duty, &left, error));
    }
    return SARN_OK;
}

/* What was written is complete: somebody waits for it, unless it may lag. */
static void end(struct unit *unit, const struct sarn__duty *left)
{
    struct sarn__run *run = unit->run;

    if (unit->count == 0) {
        return;
    }
    if (unit->count == 1 && sarn__plan_may_lag(run->execution, &unit->last, left)) {
        sarn__step_job_destroy(run->held); /* Lost, it would be made again. */
        run->held = NULL;
        return;
    }
    run->gate = run->last_position;
    sarn__writer_wait(&unit->engine->writer);
}

/* The unit failed: as if it had not been begun. */
static void abandon(struct unit *unit)
{
    struct sarn__run *run = unit->run;

    sarn__unit_rollback(unit->engine, &unit->mark);
    run->last_position = unit->last_position;
    run->last_version = unit->last_version;
    sarn__run_drop_state(unit->engine->orchestrator, run);
    if (run->last_position > unit->engine->durable) {
        sarn__writer_wait(&unit->engine->writer); /* It is folded again after that. */
    }
}

/* --- what is left --- */

void sarn__run_postpone(sarn_engine *engine, struct sarn__run *run)
{
    int64_t now_us = sarn__writer_now(&engine->writer);

    run->postponed = true;
    sarn__timers_set(&engine->orchestrator->timers, &run->timer,
                     now_us + SARN__RUN_AGAIN_US);
}

/* It cannot be read: neither can anything be done for it. */
static void give_up(sarn_engine *engine,
                    struct sarn__run *run,
                    sarn_status status,
                    const struct sarn_error *error)
{
    const struct sarn_hooks *hooks = &engine->options.hooks;

    if (hooks->log != NULL) {
        hooks->log(hooks->arg, error->text);
    }
    sarn__run_answer_error(engine, run, status, error);
    sarn__run_destroy(engine->orchestrator, run);
}

static void
launch(sarn_engine *engine, struct sarn__run *run, const struct sarn__duty *duty)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__step_job *job = sarn__step_job_create(&orchestrator->runs.heap);

    if (job == NULL ||
        sarn__step_call_init(&job->call, engine, run->execution, run->definition, duty,
                             sarn__run_workflow_id(run), true,
                             job->call.arena) != SARN_OK) {
        sarn__step_job_destroy(job);
        sarn__run_postpone(engine, run);
        return;
    }
    job->run = run;
    job->kind = (uint32_t)duty->kind;
    job->compensation = duty->compensation;
    run->job = job;
    orchestrator->jobs_out += 1;
    sarn__engine_push_job(engine, &job->job);
}

/* The engine winds up before the attempt began, whose intent is durable: say so, or the
 * next open would have to ask. */
static void
withdraw(sarn_engine *engine, struct sarn__run *run, const struct sarn__duty *duty)
{
    const struct sarn__step *recorded =
        sarn__execution_step(run->execution, duty->step_id);
    struct sarn__duty not_done = *duty;
    struct sarn__outcome outcome = {.fate = SARN_STEP_NOT_DONE};
    struct sarn_error error;
    struct unit unit;

    if (duty->kind != SARN__DUTY_RUN || duty->compensation || recorded == NULL ||
        recorded->state != SARN__RUNNING || recorded->orphaned) {
        return;
    }
    not_done.kind = SARN__DUTY_RECONCILE;
    begin(&unit, engine, run, run->execution->run_id);
    if (settle(&unit, &not_done, &outcome, &error) != SARN_OK) {
        abandon(&unit);
        return;
    }
    end(&unit, &not_done);
    sarn__runs_push(&engine->orchestrator->gated, run, SARN__GATED);
}

static void
follow(sarn_engine *engine, struct sarn__run *run, const struct sarn__duty *duty)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;

    if (run->gate > engine->durable) {
        sarn__runs_push(&orchestrator->gated, run, SARN__GATED);
        return;
    }
    switch (duty->kind) {
    case SARN__DUTY_NONE:
        sarn__run_answer(engine, run);
        sarn__runs_push(&orchestrator->ended, run, SARN__ENDED);
        orchestrator->ended_count += 1;
        break;
    case SARN__DUTY_WAIT:
        sarn__timers_set(&orchestrator->timers, &run->timer, duty->due_us);
        break;
    case SARN__DUTY_RUN:
    case SARN__DUTY_RECONCILE:
        if (engine->winding) {
            withdraw(engine, run, duty);
        } else if (orchestrator->jobs_out < orchestrator->jobs_max) {
            launch(engine, run, duty);
        } else {
            sarn__runs_push(&orchestrator->ready, run, SARN__READY);
        }
        break;
    case SARN__DUTY_INTEND: /* It rests. */
    case SARN__DUTY_UNDO:
    case SARN__DUTY_COMPLETE:
    case SARN__DUTY_UNDONE:
    case SARN__DUTY_PARK:
        break;
    }
}

void sarn__run_advance(sarn_engine *engine, struct sarn__run *run)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__duty duty;
    struct unit unit;
    sarn_status status;

    assert(run->place == SARN__NOWHERE && run->job == NULL);
    if (engine->stopped != SARN_OK) {
        return;
    }
    sarn__timers_clear(&engine->orchestrator->timers, &run->timer);
    run->postponed = false;
    status = sarn__run_load(engine, run, &error);
    if (status == SARN_ERR_NOMEM || status == SARN_ERR_STATE || status == SARN_ERR_IO) {
        sarn__run_postpone(engine, run);
        return;
    }
    if (status != SARN_OK) {
        give_up(engine, run, status, &error);
        return;
    }
    begin(&unit, engine, run, run->execution->run_id);
    status = drive(&unit, &duty, &error);
    if (status != SARN_OK) {
        abandon(&unit);
        sarn__run_postpone(engine, run);
        return;
    }
    end(&unit, &duty);
    follow(engine, run, &duty);
}

void sarn__runs_pump(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;

    while (engine->stopped == SARN_OK && orchestrator->ready.first != NULL &&
           (orchestrator->jobs_out < orchestrator->jobs_max || engine->winding)) {
        sarn__run_advance(engine, sarn__runs_pop(&orchestrator->ready));
    }
}

/* --- the beginning --- */

static sarn_status write_start(struct unit *unit,
                               const struct sarn_start *start,
                               struct sarn_str input,
                               const uint8_t input_hash[SARN__INPUT_HASH_BYTES],
                               struct sarn_uuid run_id,
                               struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn_str *window =
        sarn_arena_alloc(unit->arena, SARN__WINDOW_STEPS_MAX * sizeof(*window));
    struct sarn__execution_event event;

    if (window == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    sarn__plan_start(run->definition, window, &event);
    event.run_id = run_id;
    event.input = input;
    memcpy(event.input_hash, input_hash, SARN__INPUT_HASH_BYTES);
    unit->meta.actor = start->actor;
    unit->meta.origin = start->origin;
    SARN__TRY(record(unit, &event, error));
    run->started_position = run->last_position;
    unit->meta.actor = unit->meta.origin = (struct sarn_str){NULL, 0};
    return SARN_OK;
}

sarn_status sarn__run_begin(sarn_engine *engine,
                            struct sarn__run *run,
                            const struct sarn_start *start,
                            struct sarn_str input,
                            const uint8_t input_hash[SARN__INPUT_HASH_BYTES],
                            struct sarn_error *error)
{
    int64_t now_us = sarn__writer_now(&engine->writer);
    struct sarn_uuid run_id;
    struct sarn__duty duty;
    struct unit unit;
    sarn_status status;

    run->correlation_id = start->correlation_id;
    if (sarn_uuid_is_zero(run->correlation_id)) {
        SARN__TRY(
            sarn__writer_uuid(&engine->writer, now_us, &run->correlation_id, error));
    }
    SARN__TRY(sarn__writer_uuid(&engine->writer, now_us, &run_id, error));
    begin(&unit, engine, run, run_id);
    status = write_start(&unit, start, input, input_hash, run_id, error);
    if (status == SARN_OK) {
        status = drive(&unit, &duty, error);
    }
    if (status != SARN_OK) {
        abandon(&unit);
        return status;
    }
    end(&unit, &duty);
    follow(engine, run, &duty);
    return SARN_OK;
}
