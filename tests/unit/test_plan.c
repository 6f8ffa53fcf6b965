/* domain/core/plan: the conversation between an execution and whoever carries out its
 * duties. In a trace, "|" is a commit that is waited for, "~" one that is not, and what
 * follows it is the duty that is left. */
#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

#define EVENTS_MAX 64
#define MS         INT64_C(1000)

struct fixture {
    struct sarn_arena *arena;
    struct sarn_workflow workflow;
    struct sarn__definition definition;
    struct sarn__execution execution;
    struct sarn__duty duty; /* That is left to be carried out. */
    struct sarn__execution_event events[EVENTS_MAX]; /* The log. */
    uint32_t count, durable;
    uint32_t commits, syncs;
    int64_t now_us;
    const char *failing; /* The local step that fails; NULL: none does. */
    bool undo_fails;     /* Local compensations fail. */
    char seen[1024];     /* What the last input led to. */
};

static sarn_status function(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

#define EXTERNAL(name)                                                                 \
    {                                                                                  \
        .id = name, .run = function, .compensate = function, .reconcile = function     \
    }
#define REPEATABLE(name)                                                               \
    {                                                                                  \
        .id = name, .run = function, .compensate = function,                           \
        .flags = SARN_STEP_IDEMPOTENT                                                  \
    }
#define LOCAL(name)                                                                    \
    {                                                                                  \
        .id = name, .run = function, .compensate = function, .kind = SARN_STEP_LOCAL   \
    }

static void say(struct fixture *f, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct fixture *f, const char *format, ...)
{
    size_t used = strlen(f->seen);
    va_list list;

    va_start(list, format);
    vsnprintf(f->seen + used, sizeof(f->seen) - used, format, list);
    va_end(list);
}

static void say_steps(struct fixture *f, const struct sarn__execution_event *event)
{
    for (uint32_t i = 0; i < event->step_count; i++) {
        say(f, "%s%.*s%s", i == 0 ? " [" : " ", (int)event->steps[i].size,
            event->steps[i].data, i + 1 == event->step_count ? "]" : "");
    }
}

static void say_event(struct fixture *f, const struct sarn__execution_event *event)
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

static void write_event(struct fixture *f, const struct sarn__execution_event *event)
{
    struct sarn_error error = {0};

    assert_true(f->count < EVENTS_MAX);
    if (sarn__execution_apply(&f->execution, event, &error) != SARN_OK) {
        fail_msg("after '%s': %s", f->seen, error.text);
    }
    f->events[f->count++] = *event;
    say_event(f, event);
}

static void settle(struct fixture *f, const struct sarn__outcome *outcome)
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

static void say_duty(struct fixture *f)
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
static const char *drive(struct fixture *f)
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

#define BEGIN(f, ...)                                                                  \
    begin((f), (const struct sarn_step[]){__VA_ARGS__},                                \
          sizeof((const struct sarn_step[]){__VA_ARGS__}) / sizeof(struct sarn_step))

static const char *
begin(struct fixture *f, const struct sarn_step *steps, size_t step_count)
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

static void end(struct fixture *f)
{
    sarn_arena_destroy(f->arena);
}

/* The attempt that is left ended so. */
static const char *with(struct fixture *f, const struct sarn__outcome *outcome)
{
    f->seen[0] = '\0';
    settle(f, outcome);
    return drive(f);
}

static const char *ok(struct fixture *f)
{
    return with(f, &(struct sarn__outcome){.output = SARN_STR("out")});
}

static const char *fails(struct fixture *f, const char *code)
{
    return with(f, &(struct sarn__outcome){.failed = true, .code = sarn_str(code)});
}

static const char *was(struct fixture *f, enum sarn_step_fate fate)
{
    return with(f, &(struct sarn__outcome){.fate = fate});
}

static const char *at(struct fixture *f, int64_t now_ms)
{
    f->now_us = now_ms * MS;
    f->seen[0] = '\0';
    return drive(f);
}

/* The process ends; what was not synced is gone. */
static const char *crash(struct fixture *f)
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

/* --- forward --- */

static void five_external_steps_take_six_commits(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"),
                              EXTERNAL("d"), EXTERNAL("e")),
                        "started, a#1 begun | run a#1");
    assert_string_equal(ok(&f), "a#1 ok, b#1 begun | run b#1");
    assert_string_equal(ok(&f), "b#1 ok, c#1 begun | run c#1");
    assert_string_equal(ok(&f), "c#1 ok, d#1 begun | run d#1");
    assert_string_equal(ok(&f), "d#1 ok, e#1 begun | run e#1");
    assert_string_equal(ok(&f), "e#1 ok, completed | over");
    assert_int_equal(f.commits, 6);
    assert_int_equal(f.syncs, 6);
    end(&f);
}

static void five_idempotent_steps_take_two_syncs(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"),
                              REPEATABLE("d"), REPEATABLE("e")),
                        "started [a b c d e] | run a#1");
    assert_string_equal(ok(&f), "a#1 ok ~ run b#1");
    assert_string_equal(ok(&f), "b#1 ok ~ run c#1");
    assert_string_equal(ok(&f), "c#1 ok ~ run d#1");
    assert_string_equal(ok(&f), "d#1 ok ~ run e#1");
    assert_string_equal(ok(&f), "e#1 ok, completed | over");
    assert_int_equal(f.syncs, 2);
    end(&f);
}

static void five_local_steps_take_one_commit(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, LOCAL("a"), LOCAL("b"), LOCAL("c"), LOCAL("d"), LOCAL("e")),
        "started, a#1 ok, b#1 ok, c#1 ok, d#1 ok, e#1 ok, completed | over");
    assert_int_equal(f.syncs, 1);
    end(&f);
}

static void a_run_of_local_steps_that_fails_is_undone_in_its_commit(void **unused)
{
    struct fixture f = {.failing = "c"};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), LOCAL("b"), LOCAL("c")),
                        "started, a#1 ok, b#1 ok, c#1 failed, undoing, undo b#1 ok, "
                        "undo a#1 ok, compensated | over");
    end(&f);
}

static void a_later_window_is_named_by_the_success_before_it(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, EXTERNAL("a"), REPEATABLE("b"), REPEATABLE("c"),
                              LOCAL("d"), REPEATABLE("e")),
                        "started, a#1 begun | run a#1");
    assert_string_equal(ok(&f), "a#1 ok [b c] | run b#1");
    assert_string_equal(ok(&f), "b#1 ok ~ run c#1");
    /* A local step ends a window, and opens the next one. */
    assert_string_equal(ok(&f), "c#1 ok, d#1 ok [e] | run e#1");
    assert_string_equal(ok(&f), "e#1 ok, completed | over");
    end(&f);
}

static void a_step_that_is_not_idempotent_waits_for_the_window_before_it(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, REPEATABLE("a"), EXTERNAL("b")),
                        "started [a] | run a#1");
    assert_string_equal(ok(&f), "a#1 ok, b#1 begun | run b#1");
    assert_string_equal(ok(&f), "b#1 ok, completed | over");
    end(&f);
}

static void a_window_has_a_limit_and_goes_on_with_the_next_sync(void **unused)
{
    static char ids[SARN__WINDOW_STEPS_MAX + 1][8];
    struct sarn_step steps[SARN__WINDOW_STEPS_MAX + 1];
    struct fixture f = {0};

    (void)unused;
    for (uint32_t i = 0; i <= SARN__WINDOW_STEPS_MAX; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%" PRIu32, i);
        steps[i] = (struct sarn_step)REPEATABLE(ids[i]);
    }
    begin(&f, steps, SARN__WINDOW_STEPS_MAX + 1);
    assert_int_equal(f.events[0].step_count, SARN__WINDOW_STEPS_MAX);
    f.count = f.durable = 0; /* The log of this test is too short for all of it. */
    for (uint32_t i = 0; i + 1 < SARN__WINDOW_STEPS_MAX; i++) {
        ok(&f);
        f.count = 0;
    }
    assert_string_equal(ok(&f), "s63#1 ok [s64] | run s64#1");
    assert_string_equal(ok(&f), "s64#1 ok, completed | over");
    end(&f);
}

/* --- failure --- */

static void a_failed_step_backs_off_and_then_undoes_what_completed(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"));
    ok(&f);
    assert_string_equal(ok(&f), "b#1 ok, c#1 begun | run c#1");
    assert_string_equal(fails(&f, "busy"),
                        "c#1 failed, again at 100 | wait for c until 100");
    assert_string_equal(at(&f, 99), " wait for c until 100");
    assert_string_equal(at(&f, 100), "c#2 begun | run c#2");
    assert_string_equal(fails(&f, "busy"),
                        "c#2 failed, again at 300 | wait for c until 300");
    assert_string_equal(at(&f, 1000), "c#3 begun | run c#3");
    assert_string_equal(fails(&f, "busy"),
                        "c#3 failed, undoing, undo b#1 begun | undo b#1");
    assert_string_equal(ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(ok(&f), "undo a#1 ok, compensated | over");
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("busy")));
    end(&f);
}

static void a_code_that_is_not_retryable_ends_it_at_once(void **unused)
{
    static const char *const codes[] = {"declined"};
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"),
          {.id = "b",
           .run = function,
           .retry = {.non_retryable_count = 1, .non_retryable = codes}});
    ok(&f);
    assert_string_equal(fails(&f, "declined"),
                        "b#1 failed, undoing, undo a#1 begun | undo a#1");
    end(&f);
}

static void a_failure_in_a_window_syncs_first(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    assert_string_equal(ok(&f), "a#1 ok ~ run b#1");
    assert_string_equal(fails(&f, "busy"),
                        "b#1 failed, again at 100 | wait for b until 100");
    assert_string_equal(at(&f, 100), " run b#2"); /* Still permitted: no intent. */
    assert_string_equal(fails(&f, "busy"),
                        "b#2 failed, again at 300 | wait for b until 300");
    at(&f, 300);
    /* c never ran: nobody crashed. */
    assert_string_equal(fails(&f, "busy"),
                        "b#3 failed, undoing, undo a#1 begun | undo a#1");
    assert_string_equal(ok(&f), "undo a#1 ok, compensated | over");
    end(&f);
}

static void steps_without_a_compensation_are_passed_over(void **unused)
{
    struct fixture f = {.failing = "d"};

    (void)unused;
    BEGIN(&f, LOCAL("a"), {.id = "b", .run = function}, EXTERNAL("c"), LOCAL("d"));
    ok(&f);
    assert_string_equal(ok(&f),
                        "c#1 ok, d#1 failed, undoing, undo c#1 begun | undo c#1");
    assert_string_equal(ok(&f), "undo c#1 ok, undo a#1 ok, compensated | over");
    end(&f);
}

static void the_first_step_that_fails_leaves_nothing_to_undo(void **unused)
{
    struct fixture f = {.failing = "a"};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), LOCAL("b")),
                        "started, a#1 failed, undoing, compensated | over");
    end(&f);
}

static void a_compensation_has_its_own_retries_and_then_parks(void **unused)
{
    struct fixture f = {.failing = "b"};

    (void)unused;
    BEGIN(&f,
          {.id = "a",
           .run = function,
           .compensate = function,
           .compensation_retry = {.maximum_attempts = 2}},
          LOCAL("b"));
    assert_string_equal(ok(&f),
                        "a#1 ok, b#1 failed, undoing, undo a#1 begun | undo a#1");
    assert_string_equal(fails(&f, "down"),
                        "undo a#1 failed, again at 100 | wait for a until 100");
    assert_string_equal(at(&f, 100), "undo a#2 begun | undo a#2");
    assert_string_equal(
        with(&f, &(struct sarn__outcome){.failed = true, .text = SARN_STR("no route")}),
        "undo a#2 failed, parked (compensation_failed) | over");
    assert_true(sarn_str_equal(
        f.execution.parked.text,
        sarn_str("the compensation of step a failed for good: no route")));
    end(&f);
}

static void a_local_compensation_that_fails_parks(void **unused)
{
    struct fixture f = {.failing = "b", .undo_fails = true};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), LOCAL("b")),
                        "started, a#1 ok, b#1 failed, undoing, undo a#1 failed, "
                        "parked (compensation_failed) | over");
    end(&f);
}

/* --- recovery --- */

static void an_intent_without_a_result_is_reconciled(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    assert_string_equal(crash(&f), " ask a#1");
    assert_string_equal(was(&f, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a#2 begun | run a#2");
    assert_string_equal(crash(&f), " ask a#2");
    assert_string_equal(was(&f, SARN_STEP_DONE), "a#2 was done, b#1 begun | run b#1");
    assert_string_equal(crash(&f), " ask b#1");
    assert_string_equal(was(&f, SARN_STEP_UNKNOWN),
                        "b#1 was unknown, parked (in_doubt) | over");
    end(&f);
}

static void nobody_to_ask_parks(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, {.id = "a", .run = function});
    assert_string_equal(crash(&f), "a#1 was unknown, parked (in_doubt) | over");
    assert_string_equal(crash(&f), " over");
    end(&f);
}

static void a_window_opens_also_when_the_step_before_it_was_reconciled(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), REPEATABLE("b"));
    crash(&f);
    assert_string_equal(was(&f, SARN_STEP_DONE), "a#1 was done [b] | run b#1");
    end(&f);
}

static void a_window_is_run_again_after_a_crash(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    ok(&f);
    assert_string_equal(ok(&f), "b#1 ok ~ run c#1");
    assert_string_equal(crash(&f), " run a#1");
    assert_string_equal(ok(&f), "a#1 ok ~ run b#1");
    assert_string_equal(ok(&f), "b#1 ok ~ run c#1");
    assert_string_equal(ok(&f), "c#1 ok, completed | over");
    end(&f);
}

static void after_a_crash_a_failure_undoes_what_may_have_run(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"), LOCAL("d"));
    ok(&f);
    ok(&f);
    crash(&f); /* All three may have run. */
    ok(&f);
    fails(&f, "x");
    at(&f, 100);
    fails(&f, "x");
    at(&f, 300);
    /* b itself too: that it fails now does not say that it did before the crash. */
    assert_string_equal(fails(&f, "x"),
                        "b#3 failed, undoing [b c], undo c#1 begun | undo c#1");
    assert_string_equal(crash(&f), " undo c#1");
    assert_string_equal(ok(&f), "undo c#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(ok(&f), "undo a#1 ok, compensated | over");
    end(&f);
}

static void what_ran_again_is_no_longer_in_doubt(void **unused)
{
    struct fixture f = {.failing = "c"};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), LOCAL("c"));
    ok(&f);
    crash(&f);
    ok(&f);
    assert_string_equal(ok(&f),
                        "b#1 ok, c#1 failed, undoing, undo b#1 begun | undo b#1");
    end(&f);
}

static void a_crash_while_waiting_loses_no_attempt(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"));
    fails(&f, "busy");
    assert_string_equal(crash(&f), " wait for a until 100");
    assert_string_equal(at(&f, 100), "a#2 begun | run a#2");
    end(&f);
}

/* --- another definition --- */

static void another_definition_parks(void **unused)
{
    struct fixture f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    f.definition.fingerprint = 8;
    assert_string_equal(crash(&f), "parked (definition_changed) | over");
    assert_non_null(strstr(f.execution.parked.text.data, "version 0"));
    end(&f);
}

static void a_record_that_the_definition_cannot_have_made_parks(void **unused)
{
    static const struct sarn_step rows[] = {EXTERNAL("z"), LOCAL("a")};

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {0};

        BEGIN(&f, EXTERNAL("a"));
        f.workflow.steps = &rows[i];
        assert_string_equal(crash(&f), "parked (definition_changed) | over");
        assert_non_null(strstr(f.execution.parked.text.data, "step a has begun"));
        end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_external_steps_take_six_commits),
        cmocka_unit_test(five_idempotent_steps_take_two_syncs),
        cmocka_unit_test(five_local_steps_take_one_commit),
        cmocka_unit_test(a_run_of_local_steps_that_fails_is_undone_in_its_commit),
        cmocka_unit_test(a_later_window_is_named_by_the_success_before_it),
        cmocka_unit_test(a_step_that_is_not_idempotent_waits_for_the_window_before_it),
        cmocka_unit_test(a_window_has_a_limit_and_goes_on_with_the_next_sync),
        cmocka_unit_test(a_failed_step_backs_off_and_then_undoes_what_completed),
        cmocka_unit_test(a_code_that_is_not_retryable_ends_it_at_once),
        cmocka_unit_test(a_failure_in_a_window_syncs_first),
        cmocka_unit_test(steps_without_a_compensation_are_passed_over),
        cmocka_unit_test(the_first_step_that_fails_leaves_nothing_to_undo),
        cmocka_unit_test(a_compensation_has_its_own_retries_and_then_parks),
        cmocka_unit_test(a_local_compensation_that_fails_parks),
        cmocka_unit_test(an_intent_without_a_result_is_reconciled),
        cmocka_unit_test(nobody_to_ask_parks),
        cmocka_unit_test(a_window_opens_also_when_the_step_before_it_was_reconciled),
        cmocka_unit_test(a_window_is_run_again_after_a_crash),
        cmocka_unit_test(after_a_crash_a_failure_undoes_what_may_have_run),
        cmocka_unit_test(what_ran_again_is_no_longer_in_doubt),
        cmocka_unit_test(a_crash_while_waiting_loses_no_attempt),
        cmocka_unit_test(another_definition_parks),
        cmocka_unit_test(a_record_that_the_definition_cannot_have_made_parks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
