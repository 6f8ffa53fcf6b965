/* What else an orchestrator can, crashed everywhere: windows, going on as a new run,
 * orders of undoing, groups, children that outlive, limits, schedules. */
#include "core/fail.h"
#include "support/scenario.h"
#include "support/test.h"

#define HOUR INT64_C(3600000000)

static const struct sarn_step four_steps[] = {{.id = "a", DEEDS_ONCE},
                                              {.id = "b", DEEDS_BY_KEY},
                                              {.id = "c", DEEDS_ONCE},
                                              {.id = "d", DEEDS_ONCE}};
static const struct sarn_workflow four = {"four", 1, NULL, SARN_STEPS(four_steps)};

/* --- windows: steps whose successes are not waited for --- */

static const struct sarn_step window_steps[] = {
    {.id = "a", DEEDS_BY_KEY}, {.id = "b", DEEDS_BY_KEY}, {.id = "c", DEEDS_ONCE},
    {.id = "d", DEEDS_BY_KEY}, {.id = "e", DEEDS_BY_KEY}, {.id = "f", DEEDS_BY_KEY},
    {.id = "g", DEEDS_ONCE}};
static const struct sarn_workflow window = {"window", 1, NULL,
                                            SARN_STEPS(window_steps)};

/* Else c or g would be done again after a crash that their intent was lost in. */
static void nothing_leaves_before_what_it_rests_on_is_durable(void **unused)
{
    static const char *const steps[] = {NULL, "b", "c", "e", "f", "g"};

    (void)unused;
    for (size_t i = 0; i < COUNT(steps); i++) {
        scenario_crash((struct scenario){.deeds = {.refuses = steps[i]},
                                         .what = "windows",
                                         .workflow = &window,
                                         .executions = 1,
                                         .invariant = i == 0 ? scenario_completed
                                                             : scenario_undone});
    }
    scenario_crash((struct scenario){.what = "windows, side by side",
                                     .workflow = &window,
                                     .executions = 3,
                                     .invariant = scenario_completed});
}

/* --- going on as a new run --- */

static sarn_status next_run(struct sarn_step_call *call)
{
    const struct sarn_str *input = sarn_step_input(call);
    const struct sarn_str next = {input->data[0] == 'a' ? "b" : "c", 1};

    return input->data[0] == 'c' ? SARN_OK : sarn_step_continue_as_new(call, &next);
}

static const struct sarn_step rounds_steps[] = {
    {.id = "one", DEEDS_ONCE},
    {.id = "two", DEEDS_BY_KEY},
    {.id = "again", .run = next_run, .kind = SARN_STEP_LOCAL}};
static const struct sarn_workflow rounds = {"rounds", 1, &sarn_bytes_type,
                                            SARN_STEPS(rounds_steps)};

static sarn_status go_round(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct sarn_str input = SARN_STR("a");

    SARN__TRY(scenario_start(test, arg, "1", &input, error));
    return sarn_test_run(test, error);
}

static sarn_status went_round(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(scenario_expect(test, "rounds", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(scenario_stands(s, "1/one/1/a", 1, error));
    SARN__TRY(scenario_stands(s, "1/one/1/b", 1, error));
    SARN__TRY(scenario_stands(s, "1/two/1/c", 1, error));
    return deeds_all_stand(&s->deeds, 1, error);
}

static void an_execution_that_goes_on_as_a_new_run_does_each_run_once(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){.what = "continue as new",
                                     .workflow = &rounds,
                                     .drive = go_round,
                                     .invariant = went_round});
}

/* --- orders of undoing --- */

static const char *const on_a[] = {"a", NULL};
static const char *const on_b[] = {"b", NULL};
static const struct sarn_step dependent_steps[] = {
    {.id = "a", DEEDS_ONCE},
    {.id = "b", DEEDS_BY_KEY, .depends_on = on_a},
    {.id = "c", DEEDS_ONCE, .depends_on = on_a},
    {.id = "d", DEEDS_BY_KEY, .depends_on = on_b},
    {.id = "e", DEEDS_ONCE}};
static const struct sarn_workflow parallel = {
    "parallel", 1, NULL, SARN_STEPS(four_steps), .undo_order = SARN_UNDO_PARALLEL};
static const struct sarn_workflow dependent = {"dependent", 1, NULL,
                                               SARN_STEPS(dependent_steps),
                                               .undo_order = SARN_UNDO_DEPENDENCY};

static void all_is_undone_in_whatever_order(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){.deeds = {.refuses = "d"},
                                     .what = "undone in parallel",
                                     .workflow = &parallel,
                                     .executions = 1,
                                     .invariant = scenario_undone});
    scenario_crash((struct scenario){.deeds = {.refuses = "e"},
                                     .what = "undone by dependency",
                                     .workflow = &dependent,
                                     .executions = 1,
                                     .invariant = scenario_undone});
}

/* --- groups --- */

static const struct sarn_step group_steps[] = {
    {.id = "a", DEEDS_ONCE, .group = "g"},
    {.id = "b", DEEDS_BY_KEY, .group = "g"},
    {.id = "c", DEEDS_ONCE, .group = "g"},
    {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = HOUR, .group = "g"},
    {.id = "l", .run = deeds_nothing, .kind = SARN_STEP_LOCAL, .group = "g"},
    {.id = "end", DEEDS_ONCE}};
static const struct sarn_workflow all_of = {"all_of", 1, NULL, SARN_STEPS(group_steps)};
static const struct sarn_group three_groups[] = {
    {.name = "g", .join = SARN_JOIN_COUNT, .count = 3}};
static const struct sarn_workflow some_of = {
    "some_of",       1, NULL, SARN_STEPS(group_steps), .groups = three_groups,
    .group_count = 1};
static const struct sarn_group first_groups[] = {
    {.name = "g", .join = SARN_JOIN_FIRST}};
static const struct sarn_workflow first_of = {
    "first_of",      1, NULL, SARN_STEPS(group_steps), .groups = first_groups,
    .group_count = 1};

/* Members that came too late stand, too; but none twice. */
static sarn_status none_twice(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(
        scenario_expect(test, s->workflow->name, "1", SARN_EXECUTION_COMPLETED, error));
    for (uint32_t i = 0; i < s->deeds.count; i++) {
        if (s->deeds.deeds[i].stands > 1) {
            return sarn__fail(error, SARN_ERR_INVALID, "%s stands %d times",
                              s->deeds.deeds[i].name, s->deeds.deeds[i].stands);
        }
    }
    return scenario_stands(s, "1/end/1", 1, error);
}

static void members_of_groups_are_done_once_or_undone(void **unused)
{
    static const struct sarn_workflow *const workflows[] = {&all_of, &some_of,
                                                            &first_of};
    static const char *const steps[] = {"a", "b", "l", "end"};

    (void)unused;
    for (size_t i = 0; i < COUNT(workflows); i++) {
        scenario_crash(
            (struct scenario){.what = workflows[i]->name,
                              .workflow = workflows[i],
                              .executions = 1,
                              .invariant = i == 0 ? scenario_completed : none_twice});
        scenario_crash((struct scenario){.deeds = {.refuses = "end"},
                                         .what = workflows[i]->name,
                                         .workflow = workflows[i],
                                         .executions = 1,
                                         .invariant = scenario_undone});
    }
    for (size_t i = 0; i < COUNT(steps); i++) {
        scenario_crash((struct scenario){.deeds = {.refuses = steps[i]},
                                         .what = "all_of, one fails",
                                         .workflow = &all_of,
                                         .executions = 1,
                                         .invariant = scenario_undone});
    }
}

/* --- children whose parent fails beside them --- */

static const struct sarn_step child_steps[] = {
    {.id = "x", DEEDS_ONCE},
    {.id = "rest", .kind = SARN_STEP_TIMER, .delay_us = HOUR},
    {.id = "y", DEEDS_BY_KEY}};
static const struct sarn_workflow child = {"child", 1, NULL, SARN_STEPS(child_steps)};

#define PARENT_STEPS(policy)                                                           \
    {                                                                                  \
        {.id = "a", DEEDS_ONCE},                                                       \
            {.id = "sub",                                                              \
             .kind = SARN_STEP_CHILD,                                                  \
             .child = "child",                                                         \
             .parent_close = (policy),                                                 \
             .group = "g"},                                                            \
        {                                                                              \
            .id = "b", DEEDS_ONCE, .group = "g"                                        \
        }                                                                              \
    }
static const struct sarn_step cancelling_steps[] =
    PARENT_STEPS(SARN_PARENT_CLOSE_CANCEL);
static const struct sarn_step terminating_steps[] =
    PARENT_STEPS(SARN_PARENT_CLOSE_TERMINATE);
static const struct sarn_step abandoning_steps[] =
    PARENT_STEPS(SARN_PARENT_CLOSE_ABANDON);
static const struct sarn_workflow cancelling = {"cancelling", 1, NULL,
                                                SARN_STEPS(cancelling_steps)};
static const struct sarn_workflow terminating = {"terminating", 1, NULL,
                                                 SARN_STEPS(terminating_steps)};
static const struct sarn_workflow abandoning = {"abandoning", 1, NULL,
                                                SARN_STEPS(abandoning_steps)};

/* A child that has completed before is a step like any other, and undone. */
static sarn_status child_went_on(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(
        scenario_expect(test, "abandoning", "1", SARN_EXECUTION_COMPENSATED, error));
    SARN__TRY(scenario_stands(s, "1/a/1", 0, error));
    if (scenario_expect(test, "child", "1/sub", SARN_EXECUTION_UNDONE, NULL) ==
        SARN_OK) {
        return deeds_all_stand(&s->deeds, 0, error);
    }
    SARN__TRY(scenario_expect(test, "child", "1/sub", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(scenario_stands(s, "1/sub/x/1", 1, error));
    return scenario_stands(s, "1/sub/y/1", 1, error);
}

static void a_child_goes_with_its_parent_or_stays(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){.what = "child, to its end",
                                     .workflow = &cancelling,
                                     .other = &child,
                                     .executions = 2,
                                     .invariant = scenario_completed});
    scenario_crash((struct scenario){.deeds = {.refuses = "b"},
                                     .what = "child, cancelled",
                                     .workflow = &cancelling,
                                     .other = &child,
                                     .executions = 1,
                                     .invariant = scenario_undone});
    scenario_crash((struct scenario){.deeds = {.refuses = "b"},
                                     .what = "child, terminated",
                                     .workflow = &terminating,
                                     .other = &child,
                                     .executions = 1,
                                     .invariant = scenario_undone});
    scenario_crash((struct scenario){.deeds = {.refuses = "b"},
                                     .what = "child, abandoned",
                                     .workflow = &abandoning,
                                     .other = &child,
                                     .executions = 1,
                                     .invariant = child_went_on});
}

/* --- many at once, few at a time --- */

static void executions_that_wait_for_their_turn_are_all_done(void **unused)
{
    static const struct sarn_limit of_workflow = {.workflow = "four", .concurrency = 1};
    static const struct sarn_limit of_step = {
        .workflow = "four", .step = "b", .concurrency = 1, .rate = 1};

    (void)unused;
    scenario_crash((struct scenario){.what = "one execution at a time",
                                     .workflow = &four,
                                     .limit = &of_workflow,
                                     .executions = 3,
                                     .invariant = scenario_completed});
    scenario_crash((struct scenario){.what = "one attempt a second",
                                     .workflow = &four,
                                     .limit = &of_step,
                                     .executions = 3,
                                     .invariant = scenario_completed});
}

/* --- schedules --- */

static const struct sarn_step tick_steps[] = {{.id = "a", DEEDS_ONCE},
                                              {.id = "b", DEEDS_BY_KEY}};
static const struct sarn_workflow tick = {"tick", 1, NULL, SARN_STEPS(tick_steps)};

static sarn_status put_schedule(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;

    SARN__TRY(scenario_begin(arg, test, error));
    schedule.id = sarn_str("hourly");
    schedule.workflow = "tick";
    schedule.interval_us = HOUR;
    schedule.limit = 3;
    schedule.overlap = SARN_OVERLAP_ALLOW;
    return sarn_schedule_put(sarn_test_engine(test), &schedule, error);
}

static sarn_status let_time_pass(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)arg;
    return sarn_test_advance(test, 5 * HOUR, error);
}

static sarn_status ticked_thrice(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    (void)test;
    if (s->deeds.count != 6) {
        return sarn__fail(error, SARN_ERR_INVALID, "%u steps were done, not 6",
                          s->deeds.count);
    }
    return deeds_all_stand(&s->deeds, 1, error);
}

static void a_schedule_starts_each_run_once(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){.what = "schedule",
                                     .workflow = &tick,
                                     .setup = put_schedule,
                                     .drive = let_time_pass,
                                     .invariant = ticked_thrice});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_before_what_it_rests_on_is_durable),
        cmocka_unit_test(an_execution_that_goes_on_as_a_new_run_does_each_run_once),
        cmocka_unit_test(all_is_undone_in_whatever_order),
        cmocka_unit_test(members_of_groups_are_done_once_or_undone),
        cmocka_unit_test(a_child_goes_with_its_parent_or_stays),
        cmocka_unit_test(executions_that_wait_for_their_turn_are_all_done),
        cmocka_unit_test(a_schedule_starts_each_run_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
