/* What a run does in one unit: everything that it needs at once. */
#include <assert.h>
#include <stdio.h>

#include "core/fail.h"
#include "core/fit.h"
#include "engine/misfits.h"
#include "engine/orchestrator_state.h"
#include "engine/schedules.h"

#define TRIES_TOLD 2u /* That came to nothing, before whoever waits is told. */

static sarn_status settle(struct sarn__unit *unit,
                          const struct sarn__duty *duty,
                          const struct sarn__outcome *outcome,
                          struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__execution_event event;

    if (sarn__plan_settle(run->execution, run->definition, unit->plan, duty, outcome,
                          unit->meta.time_us, unit->arena, &event) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    return sarn__unit_record(unit, run, &event, error);
}

/* Does the code that is registered now still fit? If not, the plan's text says why. */
static sarn_status
look(struct sarn__unit *unit, bool upgrades, bool *fits, struct sarn_error *error)
{
    const struct sarn__run *run = unit->run;
    const struct sarn__execution *execution = run->execution;
    struct sarn_error why = {SARN_OK, ""};
    struct sarn__misfit misfit = {.reason = ""};

    *fits = true;
    if (upgrades) {
        SARN__TRY(sarn__misfit_look(&unit->engine->log, execution, run->definition,
                                    unit->arena, fits, &misfit, error));
    } else {
        *fits = sarn__step_call_verify(&unit->engine->log.ports.codec, execution,
                                       run->definition, &why) == SARN_OK;
    }
    if (!*fits && misfit.step.size > 0) {
        snprintf(unit->plan->text, sizeof(unit->plan->text),
                 "started with version %u, now version %u: %.*s: %.150s",
                 execution->beginning.definition_version,
                 run->definition->workflow->version,
                 misfit.step.size > 60 ? 60 : (int)misfit.step.size, misfit.step.data,
                 misfit.reason);
    } else if (!*fits) {
        snprintf(unit->plan->text, sizeof(unit->plan->text), "%s",
                 upgrades ? misfit.reason : why.text);
    }
    return SARN_OK;
}

/* As sarn__plan(), for what only the engine knows. */
static sarn_status plan(struct sarn__unit *unit, struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__plan *plan = unit->plan;
    bool upgrades = false, fits = true;

    sarn__plan_held(run->execution, run->definition, sarn__admit_holds(run),
                    unit->meta.time_us, plan);
    upgrades = plan->count > 0 && plan->duties[0].kind == SARN__DUTY_UPGRADE;
    if ((upgrades || run->misfit) && !sarn__execution_is_over(run->execution)) {
        SARN__TRY(look(unit, upgrades, &fits, error));
    }
    if (!fits) {
        plan->duties[0] = (struct sarn__duty){.kind = SARN__DUTY_PARK};
        plan->count = 1;
        plan->code = "definition_changed";
    }
    return SARN_OK;
}

/* --- calls made here --- */

/* Not the business's no: the same step may well succeed in a second. */
static bool is_outage(sarn_status status)
{
    return status == SARN_ERR_NOMEM || status == SARN_ERR_IO;
}

/* Make the call of duty on this thread. What it wrote before it failed is undone: a
 * step is done or not done. */
static sarn_status make_call(struct sarn__unit *unit,
                             const struct sarn__duty *duty,
                             struct sarn_step_call *call,
                             struct sarn__outcome *outcome,
                             struct sarn_error *error)
{
    struct sarn__mark mark = sarn__writer_mark(&unit->engine->writer);

    call->engine = unit->engine;
    call->meta = &unit->meta;
    call->now_us = unit->meta.time_us;
    if (sarn__step_call_init(
            call, unit->engine, unit->run->execution, unit->run->definition, duty,
            sarn__run_workflow_id(unit->run), false, unit->arena) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a step");
    }
    sarn__step_call_make(call);
    sarn__run_observe(unit->engine, unit->run, call);
    if (call->status != SARN_OK && call->command_count > 0) {
        sarn__unit_rollback(unit->engine, &mark);
    }
    if (is_outage(call->status)) {
        return sarn__fail(error, call->status, "step %.100s: %.120s", duty->step->id,
                          call->said_why ? call->text : sarn_status_text(call->status));
    }
    sarn__step_call_outcome(call, outcome);
    return SARN_OK;
}

static sarn_status run_local(struct sarn__unit *unit,
                             const struct sarn__duty *duty,
                             struct sarn_error *error)
{
    struct sarn_step_call call = {.engine = unit->engine};
    struct sarn__outcome outcome;

    SARN__TRY(make_call(unit, duty, &call, &outcome, error));
    return settle(unit, duty, &outcome, error);
}

static sarn_status
await(struct sarn__unit *unit, const struct sarn__duty *duty, struct sarn_error *error)
{
    struct sarn_step_call call = {.engine = unit->engine};
    struct sarn__outcome outcome = {.failed = false};

    if (duty->step->run != NULL) {
        SARN__TRY(make_call(unit, duty, &call, &outcome, error));
    }
    if (duty->step->kind == SARN_STEP_CHILD && !outcome.failed) {
        SARN__TRY(
            sarn__child_begin(unit, duty, call.made ? &call : NULL, &outcome, error));
    }
    return settle(unit, duty, &outcome, error);
}

/* --- duties --- */

static sarn_status undo_child(struct sarn__unit *unit,
                              const struct sarn__duty *duty,
                              struct sarn_error *error)
{
    struct sarn__execution_event ended = {.kind = SARN__CHILD_ENDED,
                                          .step = duty->step_id,
                                          .visit = duty->visit_number,
                                          .compensation = true,
                                          .status = SARN_EXECUTION_UNDONE};
    bool nothing = false;

    SARN__TRY(sarn__child_undo(unit, duty, &nothing, error));
    SARN__TRY(settle(unit, duty, NULL, error));
    return nothing ? sarn__unit_record(unit, unit->run, &ended, error) : SARN_OK;
}

/* A step is given up, or late. An attempt that was never begun is not late; a child is
 * not waited for any more. */
static sarn_status give_up_wait(struct sarn__unit *unit,
                                const struct sarn__duty *duty,
                                struct sarn_error *error)
{
    bool taken = false;

    if (duty->kind == SARN__DUTY_EXPIRE) {
        SARN__TRY(sarn__run_take_back(unit, duty, &taken, error));
    }
    if (taken) {
        return SARN_OK;
    }
    if (duty->visit != NULL && duty->visit->state == SARN__AWAITING) {
        SARN__TRY(sarn__child_leave(unit, duty->visit, error));
    }
    return settle(unit, duty, NULL, error);
}

/* The schedule that has started the unit's run may start the next. */
static sarn_status tell_schedule(struct sarn__unit *unit, struct sarn_error *error)
{
    const struct sarn__execution *execution = unit->run->execution;
    struct sarn_str schedule = execution->beginning.schedule;

    return schedule.size == 0
               ? SARN_OK
               : sarn__schedules_ended(unit->engine, &unit->meta, schedule,
                                       sarn__run_workflow_id(unit->run),
                                       execution->status, error);
}

static sarn_status
finish(struct sarn__unit *unit, const struct sarn__duty *duty, struct sarn_error *error)
{
    SARN__TRY(sarn__children_leave(unit, error));
    SARN__TRY(settle(unit, duty, NULL, error));
    if (duty->kind == SARN__DUTY_UNDO) {
        return SARN_OK;
    }
    SARN__TRY(tell_schedule(unit, error));
    return sarn__child_ended(unit, error);
}

/* Nothing new begins while the engine winds up. */
static bool must_rest(const sarn_engine *engine, const struct sarn__duty *duty)
{
    return engine->winding &&
           (duty->kind == SARN__DUTY_INTEND || duty->kind == SARN__DUTY_LOCAL ||
            duty->kind == SARN__DUTY_AWAIT || duty->kind == SARN__DUTY_UNDO_CHILD);
}

static sarn_status carry_out(struct sarn__unit *unit,
                             const struct sarn__duty *duty,
                             struct sarn_error *error)
{
    switch (duty->kind) {
    case SARN__DUTY_LOCAL:
        return run_local(unit, duty, error);
    case SARN__DUTY_AWAIT:
        return await(unit, duty, error);
    case SARN__DUTY_UNDO_CHILD:
        return undo_child(unit, duty, error);
    case SARN__DUTY_EXPIRE:
    case SARN__DUTY_CANCEL:
        return give_up_wait(unit, duty, error);
    case SARN__DUTY_UNDO:
    case SARN__DUTY_COMPLETE:
    case SARN__DUTY_UNDONE:
        return finish(unit, duty, error);
    case SARN__DUTY_CONTINUE:
        return sarn__run_continue(unit, duty, error);
    case SARN__DUTY_INTEND:
    case SARN__DUTY_GO_ON:
    case SARN__DUTY_FAIL:
    case SARN__DUTY_JOIN:
    case SARN__DUTY_REWIND:
    case SARN__DUTY_PARK:
    case SARN__DUTY_UPGRADE:
        return settle(unit, duty, NULL, error);
    case SARN__DUTY_CALL:
    case SARN__DUTY_RECONCILE:
        break;
    }
    assert(!"a duty that is not carried out here");
    return SARN_ERR_STATE;
}

/* An attempt in doubt that nobody can be asked about. */
static const struct sarn__duty *find_unanswerable(const struct sarn__plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct sarn__duty *duty = &plan->duties[i];

        if (duty->kind == SARN__DUTY_RECONCILE && duty->step->reconcile == NULL) {
            return duty;
        }
    }
    return NULL;
}

/* --- the unit --- */

/* An attempt whose time runs from its intent on is not announced before a worker can
 * have it: it would be late before it began. The run waits for one. */
static bool is_crowded(struct sarn__unit *unit)
{
    const struct sarn__orchestrator *orchestrator = unit->engine->orchestrator;
    const struct sarn__beginning *beginning = &unit->run->execution->beginning;
    const struct sarn__duty *duty = &unit->plan->duties[0];

    if (duty->kind != SARN__DUTY_INTEND || duty->deadline_us == 0 ||
        orchestrator->jobs_out + orchestrator->reserved < orchestrator->jobs_max) {
        return false;
    }
    unit->crowded = true;
    unit->plan->wake_us =
        beginning->deadline_us != 0 ? beginning->deadline_us : INT64_MAX;
    return true;
}

/* The intent of duty is recorded: somebody is to be free for it when it is durable. */
static void reserve(struct sarn__unit *unit, const struct sarn__duty *duty)
{
    if (duty->kind == SARN__DUTY_INTEND && duty->deadline_us != 0) {
        unit->run->reserved += 1;
        unit->engine->orchestrator->reserved += 1;
    }
}

/* What waits here for another attempt of a step of a window leaves no event when it
 * goes on, and so cannot be woken by what the log says. */
static bool may_sleep(const struct sarn__execution *execution)
{
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->state == SARN__BACKOFF && visit->permitted) {
            return false;
        }
    }
    return true;
}

/* Say so when there is nothing to do for a while: then it need not be in memory. */
static sarn_status fall_asleep(struct sarn__unit *unit, struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    const struct sarn__plan *plan = unit->plan;
    struct sarn__execution_event slept = {.kind = SARN__SLEPT};

    if (plan->count > 0 || run->jobs != NULL || run->tickets != NULL ||
        sarn__run_next_look(run, unit->meta.time_us) != INT64_MAX ||
        unit->engine->winding || (run->asleep && !run->rang) ||
        plan->wake_us - unit->meta.time_us <= SARN__RUN_SLEEP_US ||
        sarn__execution_is_over(run->execution) || !may_sleep(run->execution)) {
        return SARN_OK;
    }
    slept.due_us = plan->wake_us == INT64_MAX ? 0 : plan->wake_us;
    return sarn__unit_record(unit, run, &slept, error);
}

/* Its workflow's limit is reached: it has not begun, and may still run out of time. */
static void wait_outside(struct sarn__unit *unit)
{
    const struct sarn__execution *execution = unit->run->execution;

    unit->plan->count = 0;
    unit->plan->winding = false;
    unit->plan->wake_us = execution->beginning.deadline_us != 0
                              ? execution->beginning.deadline_us
                              : INT64_MAX;
}

/* An attempt that is not admitted is held back in the next plan. */
static sarn_status carry_out_admitted(struct sarn__unit *unit,
                                      const struct sarn__duty *duty,
                                      struct sarn_error *error)
{
    bool admitted = true;

    if (duty->kind == SARN__DUTY_INTEND) {
        SARN__TRY(sarn__admit_attempt(unit->engine, unit->run, duty, &admitted, error));
    }
    if (admitted) {
        SARN__TRY(carry_out(unit, duty, error));
        reserve(unit, duty);
    }
    return SARN_OK;
}

static sarn_status drive(struct sarn__unit *unit, struct sarn_error *error)
{
    struct sarn__outcome nobody = {.fate = SARN_STEP_UNKNOWN,
                                   .text =
                                       SARN_STR("the step has no reconcile to ask")};
    const struct sarn__plan *next = unit->plan;
    bool admitted = true;

    SARN__TRY(sarn__run_use_held(unit, error));
    SARN__TRY(sarn__run_expire_silent(unit, error));
    SARN__TRY(sarn__admit_run(unit, &admitted, error));
    if (!admitted) {
        wait_outside(unit);
        return SARN_OK;
    }
    for (;;) {
        const struct sarn__duty *mute = NULL;

        SARN__TRY(plan(unit, error));
        mute = find_unanswerable(next);
        if (mute != NULL) {
            SARN__TRY(settle(unit, mute, &nobody, error));
        } else if (!sarn__plan_is_immediate(next)) {
            return fall_asleep(unit, error);
        } else if (must_rest(unit->engine, &next->duties[0]) || is_crowded(unit)) {
            return SARN_OK;
        } else {
            SARN__TRY(carry_out_admitted(unit, &next->duties[0], error));
        }
        if (unit->last.kind == SARN__STARTED) {
            unit->plan->count = 0; /* A new run: its first steps are another unit. */
            return SARN_OK;
        }
    }
}

/* --- what is left --- */

/* Whoever waits for its end may do so for ever, if nothing changes. */
static void
tell_waiters(sarn_engine *engine, struct sarn__run *run, const struct sarn_error *why)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status =
        sarn__fail(&error, why->status,
                   "%.140s; the execution goes on as soon as it can: start it again to "
                   "hear how it ends",
                   why->text);

    sarn__run_answer_error(engine, run, status, &error);
}

void sarn__run_postpone(sarn_engine *engine,
                        struct sarn__run *run,
                        const struct sarn_error *why)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;

    sarn__run_move(orchestrator, run, SARN__NOWHERE);
    run->postponed = true;
    if (why->status != SARN_OK && why->status != SARN_ERR_STATE) {
        if (run->tries < TRIES_TOLD) {
            run->tries++;
        }
        if (run->tries == TRIES_TOLD) {
            tell_waiters(engine, run, why);
        }
    }
    sarn__timers_set(&orchestrator->timers, &run->timer,
                     sarn__writer_now(&engine->writer) + SARN__RUN_AGAIN_US);
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
    sarn__run_drop_jobs(engine->orchestrator, run);
    sarn__run_destroy(engine->orchestrator, run);
}

/* The engine winds up: what is not out stays as the next open is to find it. */
static void withdraw(sarn_engine *engine, struct sarn__run *run)
{
    struct sarn_error error;
    struct sarn__unit unit;

    sarn__unit_begin(&unit, engine, run, run->execution->beginning.run_id);
    if (sarn__run_withdraw(&unit, &error) != SARN_OK) {
        sarn__unit_abandon(&unit);
        return;
    }
    sarn__unit_end(&unit);
    if (unit.count > 0) {
        sarn__run_move(engine->orchestrator, run, SARN__GATED);
    }
}

/* When the run is to be looked at, by itself. */
static void set_timer(sarn_engine *engine, struct sarn__run *run, int64_t wake_us)
{
    int64_t look_us = sarn__run_next_look(run, sarn__writer_now(&engine->writer));

    wake_us = look_us < wake_us ? look_us : wake_us;
    run->timer.due_us = wake_us; /* Known also of those that are let go. */
    if (wake_us != INT64_MAX) {
        sarn__timers_set(&engine->orchestrator->timers, &run->timer, wake_us);
    }
}

/* Does nothing of it have to stay in memory? */
static bool may_leave(const struct sarn__run *run)
{
    return run->jobs == NULL && run->held == NULL && run->waiters_first == NULL &&
           run->tickets == NULL && (run->asleep || run->timer.place == 0);
}

static void follow(struct sarn__unit *unit)
{
    sarn_engine *engine = unit->engine;
    struct sarn__run *run = unit->run;
    const struct sarn__plan *plan = unit->plan;
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    sarn_status status = SARN_OK;

    run->rang = false;
    if (run->gate > engine->durable) {
        sarn__run_move(orchestrator, run, SARN__GATED);
        return;
    }
    sarn__run_forget_held(run);
    sarn__run_answer(engine, run);
    if (run->definition != NULL) {
        sarn__run_review_jobs(engine, run, plan);
        sarn__admit_review(orchestrator, run, plan);
    }
    if (engine->winding) {
        withdraw(engine, run);
        return;
    }
    status = sarn__run_launch(engine, run, plan);
    if (status == SARN_ERR_NOMEM) {
        const struct sarn_error why = {status, "out of memory for an attempt"};

        sarn__run_postpone(engine, run, &why);
        return;
    }
    run->tries = 0;
    set_timer(engine, run, plan->wake_us);
    if (status == SARN_ERR_OVERLOADED || unit->crowded) {
        sarn__run_move(orchestrator, run, SARN__READY);
    } else if (may_leave(run)) {
        sarn__timers_clear(&orchestrator->timers, &run->timer);
        sarn__run_move(orchestrator, run, SARN__LEAVING);
    }
}

/* --- turns --- */

sarn_status sarn__run_go_on(struct sarn__unit *unit, struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__orchestrator *orchestrator = unit->engine->orchestrator;
    sarn_status status = SARN_OK;

    sarn__run_move(orchestrator, run, SARN__NOWHERE);
    sarn__timers_clear(&orchestrator->timers, &run->timer);
    run->postponed = false;
    if (run->definition != NULL) {
        status = drive(unit, error);
    }
    if (status != SARN_OK) {
        sarn__unit_abandon(unit);
        return status;
    }
    sarn__unit_end(unit);
    follow(unit);
    return SARN_OK;
}

void sarn__run_advance(sarn_engine *engine, struct sarn__run *run)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__unit unit;
    sarn_status status;

    if (engine->stopped != SARN_OK) {
        return;
    }
    sarn__run_move(engine->orchestrator, run, SARN__NOWHERE);
    status = sarn__run_load(engine, run, &error);
    if (status == SARN_ERR_NOMEM || status == SARN_ERR_STATE || status == SARN_ERR_IO) {
        sarn__run_postpone(engine, run, &error);
        return;
    }
    if (status != SARN_OK) {
        give_up(engine, run, status, &error);
        return;
    }
    sarn__unit_begin(&unit, engine, run, run->execution->beginning.run_id);
    if (sarn__run_go_on(&unit, &error) != SARN_OK) {
        sarn__run_postpone(engine, run, &error);
    }
}

bool sarn__runs_pump(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn__runs *called = &orchestrator->places[SARN__CALLED];

    sarn__admit_pass(engine);
    for (uint32_t i = 0;
         i < SARN__RUNS_PER_TURN && engine->stopped == SARN_OK &&
         called->first != NULL && !sarn__writer_is_full(&engine->writer);
         i++) {
        sarn__run_advance(engine, sarn__run_take_from(orchestrator, SARN__CALLED));
    }
    while (engine->stopped == SARN_OK && sarn__runs_are_ready(orchestrator) &&
           (orchestrator->jobs_out + orchestrator->reserved < orchestrator->jobs_max ||
            engine->winding)) {
        sarn__run_advance(engine, sarn__run_take_from(orchestrator, SARN__READY));
    }
    return engine->stopped == SARN_OK && called->first != NULL &&
           !sarn__writer_is_full(&engine->writer);
}
