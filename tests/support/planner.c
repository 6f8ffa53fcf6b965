#include "support/planner.h"

#include <string.h>

#define MS INT64_C(1000)

sarn_status planner_function(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static void say(struct planner *f, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct planner *f, const char *format, ...)
{
    size_t used = strlen(f->seen);
    va_list list;

    va_start(list, format);
    vsnprintf(f->seen + used, sizeof(f->seen) - used, format, list);
    va_end(list);
}

static void say_steps(struct planner *f, const struct sarn__execution_event *event)
{
    for (uint32_t i = 0; i < event->step_count; i++) {
        say(f, "%s%.*s%s", i == 0 ? " [" : " ", (int)event->steps[i].size,
            event->steps[i].data, i + 1 == event->step_count ? "]" : "");
    }
}

static void say_event(struct planner *f, const struct sarn__execution_event *event)
{
    static const char *const fates[] = {"unknown", "done", "not done"};

    say(f, "%s", f->seen[0] != '\0' ? ", " : "");
    if (event->attempt > 0) {
        say(f, "%s%.*s#%" PRIu32 " ", event->compensation ? "undo " : "",
            (int)event->step.size, event->step.data, event->attempt);
    }
    switch (event->kind) {
    case SARN__STARTED:
        say(f, "started");
        break;
    case SARN__STEP_STARTED:
        say(f, "begun");
        break;
    case SARN__STEP_SUCCEEDED:
        say(f, "ok");
        break;
    case SARN__STEP_FAILED:
        say(f, event->retry_at_us != 0 ? "failed, again at %" PRId64 : "failed",
            event->retry_at_us / MS);
        break;
    case SARN__STEP_RECONCILED:
        say(f, "was %s", fates[event->fate]);
        break;
    case SARN__COMPENSATION_BEGAN:
        say(f, "undoing");
        break;
    case SARN__COMPLETED:
        say(f, "completed");
        break;
    case SARN__COMPENSATED:
        say(f, "compensated");
        break;
    case SARN__PARKED:
        say(f, "parked (%.*s)", (int)event->code.size, event->code.data);
        break;
    }
    say_steps(f, event);
}

static void write_event(struct planner *f, const struct sarn__execution_event *event)
{
    struct sarn_error error = {0};

    assert_true(f->count < PLANNER_EVENTS_MAX);
    if (sarn__execution_apply(&f->execution, event, &error) != SARN_OK) {
        fail_msg("after '%s': %s", f->seen, error.text);
    }
    f->events[f->count++] = *event;
    say_event(f, event);
}

static void settle(struct planner *f, const struct sarn__outcome *outcome)
{
    struct sarn__execution_event event;

    assert_int_equal(sarn__plan_settle(&f->execution, &f->definition, &f->duty, outcome,
                                       f->now_us, f->arena, &event),
                     SARN_OK);
    write_event(f, &event);
}

/* Does somebody else have to act? */
static bool is_left(const struct sarn__duty *duty)
{
    switch (duty->kind) {
    case SARN__DUTY_RUN:
        return !duty->local;
    case SARN__DUTY_RECONCILE:
        return duty->step->reconcile != NULL;
    case SARN__DUTY_WAIT:
    case SARN__DUTY_NONE:
        return true;
    case SARN__DUTY_INTEND:
    case SARN__DUTY_UNDO:
    case SARN__DUTY_COMPLETE:
    case SARN__DUTY_UNDONE:
    case SARN__DUTY_PARK:
        break;
    }
    return false;
}

static void say_duty(struct planner *f)
{
    const struct sarn__duty *duty = &f->duty;
    int size = (int)duty->step_id.size;

    switch (duty->kind) {
    case SARN__DUTY_RUN:
        say(f, " %s %.*s#%" PRIu32, duty->compensation ? "undo" : "run", size,
            duty->step_id.data, duty->attempt);
        break;
    case SARN__DUTY_RECONCILE:
        say(f, " ask %.*s#%" PRIu32, size, duty->step_id.data, duty->attempt);
        break;
    case SARN__DUTY_WAIT:
        say(f, " wait for %.*s until %" PRId64, size, duty->step_id.data,
            duty->due_us / MS);
        break;
    case SARN__DUTY_NONE:
        say(f, " over");
        break;
    case SARN__DUTY_INTEND:
    case SARN__DUTY_UNDO:
    case SARN__DUTY_COMPLETE:
    case SARN__DUTY_UNDONE:
    case SARN__DUTY_PARK:
        fail_msg("a duty that should have been settled at once");
    }
}

/* Carry out what can be, commit it, and tell what is left. */
static const char *drive(struct planner *f)
{
    uint32_t from =
        f->count - (f->seen[0] != '\0' ? 1 : 0); /* With what was settled. */
    bool lags = false;

    for (;;) {
        const struct sarn__duty *duty = &f->duty;
        struct sarn__outcome outcome = {.code = sarn_str("refused")};

        sarn__plan(&f->execution, &f->definition, f->now_us, &f->duty);
        if (is_left(duty)) {
            break;
        }
        outcome.failed =
            duty->kind == SARN__DUTY_RUN &&
            (duty->compensation
                 ? f->undo_fails
                 : f->failing != NULL &&
                       sarn_str_equal(duty->step_id, sarn_str(f->failing)));
        settle(f, &outcome);
    }
    if (f->count > from) {
        lags = f->count == from + 1 &&
               sarn__plan_may_lag(&f->execution, &f->events[from], &f->duty);
        say(f, lags ? " ~" : " |");
        f->commits += 1;
    }
    if (!lags && f->durable < f->count) {
        f->durable = f->count;
        f->syncs += 1;
    }
    say_duty(f);
    return f->seen;
}

const char *
planner_begin(struct planner *f, const struct sarn_step *steps, size_t step_count)
{
    struct sarn_step *copy = NULL;
    struct sarn_str *window = NULL;
    struct sarn__execution_event event;

    f->arena = sarn_arena_create(NULL);
    copy = sarn_arena_alloc(f->arena, step_count * sizeof(*copy));
    memcpy(copy, steps, step_count * sizeof(*copy));
    f->workflow = (struct sarn_workflow){.name = "w",
                                         .steps = copy,
                                         .step_count = (uint32_t)step_count,
                                         .step_size = sizeof(*copy)};
    f->definition = (struct sarn__definition){&f->workflow, 7};
    sarn__execution_init(&f->execution, f->arena);
    window = sarn_arena_alloc(f->arena, SARN__WINDOW_STEPS_MAX * sizeof(*window));
    sarn__plan_start(&f->definition, window, &event);
    f->seen[0] = '\0';
    write_event(f, &event);
    return drive(f);
}

void planner_end(struct planner *f)
{
    sarn_arena_destroy(f->arena);
}

/* The attempt that is left ended so. */
const char *planner_with(struct planner *f, const struct sarn__outcome *outcome)
{
    f->seen[0] = '\0';
    settle(f, outcome);
    return drive(f);
}

const char *planner_ok(struct planner *f)
{
    return planner_with(f, &(struct sarn__outcome){.output = SARN_STR("out")});
}

const char *planner_fails(struct planner *f, const char *code)
{
    return planner_with(
        f, &(struct sarn__outcome){.failed = true, .code = sarn_str(code)});
}

const char *planner_was(struct planner *f, enum sarn_step_fate fate)
{
    return planner_with(f, &(struct sarn__outcome){.fate = fate});
}

const char *planner_at(struct planner *f, int64_t now_ms)
{
    f->now_us = now_ms * MS;
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
