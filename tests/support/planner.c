#include "support/planner.h"

#include <string.h>

sarn_status planner_function(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

/* --- the trace --- */

static void say(struct planner *f, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct planner *f, const char *format, ...)
{
    size_t used = strlen(f->seen);
    va_list list;

    va_start(list, format);
    vsnprintf(f->seen + used, sizeof(f->seen) - used, format, list);
    va_end(list);
}

static void say_step(struct planner *f, struct sarn_str step, uint32_t visit)
{
    say(f, "%.*s", (int)step.size, step.data);
    if (visit > 1) {
        say(f, "@%" PRIu32, visit);
    }
}

static void say_steps(struct planner *f, const struct sarn__execution_event *event)
{
    for (uint32_t i = 0; i < event->step_count; i++) {
        say(f, "%s%.*s%s", i == 0 ? " [" : " ", (int)event->steps[i].size,
            event->steps[i].data, i + 1 == event->step_count ? "]" : "");
    }
}

static void say_again(struct planner *f, const struct sarn__execution_event *event)
{
    if (event->retry_at_us != 0) {
        say(f, ", again at %" PRId64, event->retry_at_us / MS(1));
    }
}

static void say_timeout(struct planner *f, const struct sarn__execution_event *event)
{
    static const char *const kinds[] = {"", "", " as a whole", " in silence"};

    say(f, "%s", kinds[event->timeout]);
    if (event->in_doubt) {
        say(f, ", in doubt");
    } else if (event->chose) {
        say(f, ", on to %.*s", (int)event->next.size, event->next.data);
    }
    say_again(f, event);
}

static void say_wait(struct planner *f, const struct sarn__execution_event *event)
{
    if (event->due_us != 0) {
        say(f, " until %" PRId64, event->due_us / MS(1));
    }
    if (event->deadline_us != 0) {
        say(f, " at most until %" PRId64, event->deadline_us / MS(1));
    }
}

static void say_words(struct planner *f, const struct sarn__execution_event *event)
{
    static const char *const fates[] = {"unknown", "done", "not done"};
    static const char *const words[] = {
        [SARN__STARTED] = "started",
        [SARN__STEP_STARTED] = "begun",
        [SARN__STEP_SUCCEEDED] = "ok",
        [SARN__STEP_FAILED] = "failed",
        [SARN__STEP_RECONCILED] = "was ",
        [SARN__COMPENSATION_BEGAN] = "undoing",
        [SARN__COMPLETED] = "completed",
        [SARN__COMPENSATED] = "compensated",
        [SARN__PARKED] = "parked",
        [SARN__STEP_TIMED_OUT] = "timed out",
        [SARN__STEP_AWAITS] = "waits",
        [SARN__STEP_CANCELLED] = "cancelled",
        [SARN__STEP_INHERITED] = "inherited",
        [SARN__GROUP_JOINED] = "joined",
        [SARN__UPGRADED] = "upgraded",
        [SARN__SIGNAL_RECEIVED] = "signal",
        [SARN__UPDATE_ACCEPTED] = "update",
        [SARN__PROMISE_SETTLED] = "settled",
        [SARN__CHILD_ENDED] = "ended",
        [SARN__CANCEL_REQUESTED] = "asked to end",
        [SARN__UNDO_REQUESTED] = "asked to undo",
        [SARN__PAUSED] = "paused",
        [SARN__RESUMED] = "resumed",
        [SARN__RESET_REQUESTED] = "reset",
        [SARN__REWOUND] = "rewound",
        [SARN__UNPARKED] = "unparked",
        [SARN__CONTINUED] = "continued",
        [SARN__SLEPT] = "slept",
    };

    say(f, "%s", words[event->kind]);
    if (event->kind == SARN__STEP_FAILED) {
        say_again(f, event);
    } else if (event->kind == SARN__STEP_RECONCILED) {
        say(f, "%s", fates[event->fate]);
    } else if (event->kind == SARN__STEP_TIMED_OUT) {
        say_timeout(f, event);
    } else if (event->kind == SARN__STEP_AWAITS) {
        say_wait(f, event);
    } else if (event->kind == SARN__GROUP_JOINED) {
        say(f, " by %" PRIu32, event->count);
    } else if (event->kind == SARN__PARKED) {
        say(f, " (%.*s)", (int)event->code.size, event->code.data);
    } else if (event->kind == SARN__COMPENSATION_BEGAN &&
               event->cause != SARN__CAUSE_FAILURE) {
        say(f, ", %.*s", (int)event->code.size, event->code.data);
    }
}

/* Is it said of a step, after its name? */
static bool is_of_step(const struct sarn__execution_event *event)
{
    return event->attempt > 0 || event->kind == SARN__STEP_AWAITS ||
           event->kind == SARN__STEP_CANCELLED || event->kind == SARN__STEP_INHERITED ||
           event->kind == SARN__PROMISE_SETTLED || event->kind == SARN__CHILD_ENDED;
}

static void say_event(struct planner *f, const struct sarn__execution_event *event)
{
    say(f, "%s", f->seen[0] != '\0' ? ", " : "");
    if (is_of_step(event)) {
        say(f, "%s", event->compensation ? "undo " : "");
        say_step(f, event->step, event->visit);
        if (event->attempt > 0) {
            say(f, "#%" PRIu32, event->attempt);
        }
        say(f, " ");
    } else if (event->kind == SARN__GROUP_JOINED) {
        say(f, "%.*s ", (int)event->group.size, event->group.data);
    }
    say_words(f, event);
    say_steps(f, event);
}

static void say_duty(struct planner *f, const struct sarn__duty *duty)
{
    if (duty->kind != SARN__DUTY_CALL && duty->kind != SARN__DUTY_RECONCILE) {
        fail_msg("after '%s': a duty that should have been settled at once", f->seen);
    }
    say(f, "%s ",
        duty->kind == SARN__DUTY_RECONCILE ? "ask"
        : duty->compensation               ? "undo"
                                           : "run");
    say_step(f, duty->step_id, duty->visit_number);
    say(f, "#%" PRIu32, duty->attempt);
}

static void say_left(struct planner *f)
{
    const struct sarn__plan *plan = &f->plan;

    for (uint32_t i = 0; i < plan->count; i++) {
        say(f, "%s", i == 0 ? " " : ", ");
        say_duty(f, &plan->duties[i]);
    }
    if (plan->wake_us != INT64_MAX) {
        say(f, " until %" PRId64, plan->wake_us / MS(1));
    } else if (plan->count == 0) {
        say(f, sarn__execution_is_over(&f->execution) ? " over" : " rest");
    }
}

/* --- the conversation --- */

static void write_event(struct planner *f, const struct sarn__execution_event *event)
{
    struct sarn_error error = {0};

    assert_true(f->count < PLANNER_EVENTS_MAX);
    if (sarn__execution_apply(&f->execution, event, &error) != SARN_OK) {
        say_event(f, event);
        fail_msg("'%s': %s", f->seen, error.text);
    }
    f->events[f->count++] = *event;
    say_event(f, event);
}

static void settle(struct planner *f,
                   const struct sarn__duty *duty,
                   const struct sarn__outcome *outcome)
{
    struct sarn__execution_event event;

    assert_int_equal(sarn__plan_settle(&f->execution, &f->definition, &f->plan, duty,
                                       outcome, f->now_us, f->arena, &event),
                     SARN_OK);
    write_event(f, &event);
}

static bool local_fails(const struct planner *f, const struct sarn__duty *duty)
{
    if (duty->kind != SARN__DUTY_LOCAL && duty->kind != SARN__DUTY_AWAIT) {
        return false;
    }
    return duty->compensation ? f->undo_fails
                              : f->failing != NULL &&
                                    sarn_str_equal(duty->step_id, sarn_str(f->failing));
}

static void settle_at_once(struct planner *f)
{
    const struct sarn__duty *duty = &f->plan.duties[0];
    struct sarn__outcome outcome = {.code = sarn_str("refused")};

    outcome.failed = local_fails(f, duty);
    if (duty->kind == SARN__DUTY_LOCAL && !duty->compensation) {
        outcome.chose = f->next != NULL;
        outcome.next = sarn_str(f->next);
        outcome.continues = f->continues;
    }
    if (duty->kind == SARN__DUTY_AWAIT && duty->step->kind == SARN_STEP_CHILD) {
        outcome.child = sarn_str("child-1");
    }
    settle(f, duty, duty->kind == SARN__DUTY_RECONCILE ? NULL : &outcome);
}

/* Carry out what can be, commit it, and tell what is left. */
static const char *drive(struct planner *f)
{
    uint32_t from =
        f->count - (f->seen[0] != '\0' ? 1 : 0); /* With what was settled. */
    bool lags = false;

    for (;;) {
        sarn__plan_held(&f->execution, &f->definition, f->holds, f->now_us, &f->plan);
        if (!sarn__plan_is_immediate(&f->plan)) {
            break;
        }
        settle_at_once(f);
    }
    if (f->count > from) {
        lags = f->count == from + 1 &&
               sarn__plan_may_lag(&f->execution, &f->events[from], &f->plan);
        say(f, lags ? " ~" : " |");
        f->commits += 1;
    }
    if (!lags && f->durable < f->count) {
        f->durable = f->count;
        f->syncs += 1;
    }
    say_left(f);
    return f->seen;
}

static void
use_steps(struct planner *f, const struct sarn_step *steps, size_t step_count)
{
    struct sarn_step *copy = sarn_arena_alloc(f->arena, step_count * sizeof(*copy));

    memcpy(copy, steps, step_count * sizeof(*copy));
    f->workflow.name = "w";
    f->workflow.steps = copy;
    f->workflow.step_count = (uint32_t)step_count;
    f->workflow.step_size = sizeof(*copy);
}

const char *
planner_begin(struct planner *f, const struct sarn_step *steps, size_t step_count)
{
    struct sarn_str *window = NULL;
    struct sarn__execution_event event;

    f->arena = sarn_arena_create(NULL);
    use_steps(f, steps, step_count);
    f->definition = (struct sarn__definition){&f->workflow, 7};
    sarn__execution_init(&f->execution, f->arena);
    window = sarn_arena_alloc(f->arena, SARN__WINDOW_STEPS_MAX * sizeof(*window));
    sarn__plan_start(&f->definition, window, &f->beginning, &event);
    f->seen[0] = '\0';
    write_event(f, &event);
    return drive(f);
}

const char *
planner_upgrade(struct planner *f, const struct sarn_step *steps, size_t step_count)
{
    use_steps(f, steps, step_count);
    f->definition.fingerprint += 1;
    f->seen[0] = '\0';
    return drive(f);
}

void planner_end(struct planner *f)
{
    sarn_arena_destroy(f->arena);
}

/* The duty that is left for step; NULL: the first. */
static const struct sarn__duty *left(const struct planner *f, const char *step)
{
    for (uint32_t i = 0; i < f->plan.count; i++) {
        const struct sarn__duty *duty = &f->plan.duties[i];

        if (step == NULL || sarn_str_equal(duty->step_id, sarn_str(step))) {
            return duty;
        }
    }
    fail_msg("after '%s': nothing is left of %s", f->seen, step != NULL ? step : "it");
    return NULL;
}

/* The attempt that is left ended so. */
const char *
planner_with(struct planner *f, const char *step, const struct sarn__outcome *outcome)
{
    const struct sarn__duty *asked = left(f, step);
    struct sarn__claim claim = {asked->kind, asked->compensation, asked->step_id,
                                asked->visit_number, asked->attempt};
    struct sarn__duty duty;

    assert_true(sarn__plan_claim(&f->execution, &f->definition, &claim, &duty));
    f->seen[0] = '\0';
    settle(f, &duty, outcome);
    return drive(f);
}

const char *planner_ok(struct planner *f)
{
    return planner_ok_of(f, NULL);
}

const char *planner_ok_of(struct planner *f, const char *step)
{
    return planner_with(f, step, &(struct sarn__outcome){.output = SARN_STR("out")});
}

const char *planner_fails(struct planner *f, const char *code)
{
    return planner_fails_of(f, NULL, code);
}

const char *planner_fails_of(struct planner *f, const char *step, const char *code)
{
    return planner_with(
        f, step, &(struct sarn__outcome){.failed = true, .code = sarn_str(code)});
}

const char *planner_was(struct planner *f, enum sarn_step_fate fate)
{
    return planner_with(f, NULL, &(struct sarn__outcome){.fate = fate});
}

const char *planner_silent(struct planner *f, const char *step)
{
    struct sarn__duty duty = *left(f, step);

    duty.kind = SARN__DUTY_EXPIRE;
    duty.timeout = SARN__HEARTBEAT;
    f->seen[0] = '\0';
    settle(f, &duty, NULL);
    return drive(f);
}

const char *planner_at(struct planner *f, int64_t now_ms)
{
    f->now_us = MS(now_ms);
    f->seen[0] = '\0';
    return drive(f);
}

/* The process ends; what was not synced is gone. */
const char *planner_crash(struct planner *f)
{
    sarn__execution_init(&f->execution, f->arena);
    f->count = f->durable;
    for (uint32_t i = 0; i < f->count; i++) {
        assert_int_equal(sarn__execution_apply(&f->execution, &f->events[i], NULL),
                         SARN_OK);
    }
    sarn__execution_recovered(&f->execution, true);
    f->seen[0] = '\0';
    return drive(f);
}

/* --- from outside --- */

const char *planner_tell(struct planner *f, struct sarn__execution_event event)
{
    event.time_us = f->now_us;
    f->seen[0] = '\0';
    write_event(f, &event);
    return drive(f);
}

const char *planner_signal(struct planner *f, const char *name)
{
    return planner_tell(f,
                        (struct sarn__execution_event){.kind = SARN__SIGNAL_RECEIVED,
                                                       .name = sarn_str(name),
                                                       .input = sarn_str("payload")});
}

const char *planner_cancel(struct planner *f)
{
    return planner_tell(f,
                        (struct sarn__execution_event){.kind = SARN__CANCEL_REQUESTED});
}

const char *planner_terminate(struct planner *f)
{
    return planner_tell(f, (struct sarn__execution_event){
                               .kind = SARN__CANCEL_REQUESTED, .terminate = true});
}

const char *planner_unpark(struct planner *f, enum sarn__decision decision)
{
    return planner_tell(f, (struct sarn__execution_event){
                               .kind = SARN__UNPARKED,
                               .step = f->execution.parked.step,
                               .visit = f->execution.parked_visit,
                               .compensation = f->execution.parked_compensation,
                               .decision = decision});
}

const char *planner_undo(struct planner *f)
{
    static const char *const kinds[] = {"?",         "compensate", "by key",
                                        "reconcile", "child",      "nothing"};
    struct sarn__undo *undos =
        sarn_arena_alloc(f->arena, (f->execution.step_count + 1) * sizeof(*undos));
    uint32_t count = sarn__plan_undo(&f->execution, &f->definition, undos);

    f->seen[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        say(f, "%s", i == 0 ? "" : ", ");
        say_step(f, undos[i].visit->id, undos[i].visit->visit);
        say(f, " %s", kinds[undos[i].undo]);
    }
    return f->seen;
}
