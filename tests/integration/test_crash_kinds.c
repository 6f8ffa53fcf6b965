/* What else an orchestrator can, crashed everywhere: going on as a new run, operators,
 * resets, forks, updates, orders of undoing, groups, children that outlive, schedules,
 * limits. */
#include <string.h>

#include "core/fail.h"
#include "sarn/events.h"
#include "support/deeds.h"
#include "support/test.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

struct scenario {
    struct deeds deeds; /* First: the steps' context. */
    const char *what;
    const struct sarn_workflow *workflow, *other; /* other: may be NULL. */
    const struct sarn_limit *limit;
    uint32_t op; /* enum sarn_control_op: of the operator. */
    uint32_t executions;
    sarn_test_fn *setup, *drive, *invariant;
};

/* --- what clients do --- */

static sarn_status start(sarn_test *test,
                         const struct scenario *s,
                         const char *id,
                         const void *input,
                         struct sarn_error *error)
{
    struct sarn_start start = SARN_START_INIT;
    sarn_status status;

    start.workflow = s->workflow->name;
    start.workflow_id = sarn_str(id);
    start.input = input;
    start.flags = SARN_START_DETACHED;
    status = sarn_execute(sarn_test_engine(test), &start, NULL, error);
    /* It may have ended before. */
    return status == SARN_ERR_CLOSED || status == SARN_ERR_NOMEM ||
                   status == SARN_ERR_INVALID || status == SARN_ERR_REENTRANT
               ? status
               : SARN_OK;
}

static sarn_status tell(sarn_test *test,
                        const struct scenario *s,
                        struct sarn_control control,
                        struct sarn_error *error)
{
    sarn_status status;

    control.struct_size = sizeof(control);
    control.workflow = sarn_str(s->workflow->name);
    control.workflow_id = sarn_str("1");
    control.actor = sarn_str("ann");
    status = sarn_control_call(sarn_test_engine(test), &control, NULL, NULL, error);
    /* It was told before, and is past it. */
    return status == SARN_ERR_STATE || status == SARN_ERR_EXISTS ? SARN_OK : status;
}

static sarn_status begin(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct scenario *s = arg;

    (void)test;
    (void)error;
    deeds_forget(&s->deeds);
    return SARN_OK;
}

static sarn_status run_them(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    for (uint32_t i = 0; i < s->executions; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%u", i + 1);
        SARN__TRY(start(test, s, id, NULL, error));
    }
    return sarn_test_run(test, error);
}

/* --- what has to hold --- */

static sarn_status expect(sarn_test *test,
                          const char *workflow,
                          const char *id,
                          uint32_t wanted,
                          struct sarn_error *error)
{
    struct sarn_execution_info info;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status;

    assert_non_null(arena);
    status = sarn_execution_get(sarn_test_engine(test), 0, workflow, sarn_str(id),
                                arena, &info, error);
    if (status == SARN_OK && info.status != wanted) {
        status = sarn__fail(error, SARN_ERR_INVALID, "%s-%s is %s, not %s: %.*s",
                            workflow, id, sarn_execution_status_text(info.status),
                            sarn_execution_status_text(wanted), (int)info.text.size,
                            info.text.data);
    }
    sarn_arena_destroy(arena);
    return status;
}

static sarn_status stands(const struct scenario *s,
                          const char *name,
                          int32_t count,
                          struct sarn_error *error)
{
    int32_t found = deeds_standing(&s->deeds, name);

    return found == count
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_INVALID, "%s stands %d times, not %d", name,
                            found, count);
}

static sarn_status all_completed(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    for (uint32_t i = 0; i < s->executions; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%u", i + 1);
        SARN__TRY(expect(test, s->workflow->name, id, SARN_EXECUTION_COMPLETED, error));
    }
    return deeds_all_stand(&s->deeds, 1, error);
}

static sarn_status all_undone(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(expect(test, s->workflow->name, "1", SARN_EXECUTION_COMPENSATED, error));
    return deeds_all_stand(&s->deeds, 0, error);
}

/* --- the harness --- */

static void crash(struct scenario s)
{
    const struct sarn_workflow *const workflows[] = {s.workflow, s.other};
    const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                       .struct_size = sizeof(module),
                                       .name = "scenario",
                                       .version = "1",
                                       .workflows = workflows,
                                       .workflow_count = s.other == NULL ? 1 : 2};
    const struct sarn_module *const modules[] = {&module};
    uint64_t commits = 0, calls = 0, runs = 0;

    for (uint64_t seed = 0; seed < 4; seed++) {
        struct sarn_options engine = SARN_OPTIONS_INIT;
        struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
        struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
        struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn_error error;

        engine.modules = modules;
        engine.module_count = 1;
        engine.context = &s;
        engine.limits = s.limit;
        engine.limit_count = s.limit == NULL ? 0 : 1;
        options.engine = &engine;
        options.seed = seed;
        options.moves_max = 20000;
        crash.options = &options;
        crash.arg = &s;
        crash.setup = s.setup != NULL ? s.setup : begin;
        crash.drive = s.drive != NULL ? s.drive : run_them;
        crash.invariant = s.invariant;
        crash.several = 40;
        if (sarn_test_crash_everywhere(&crash, arena, &result, &error) != SARN_OK) {
            fprintf(stderr, "%s: %s\n%s", s.what, error.text, result.text);
            fail();
        }
        commits += result.commits;
        calls += result.calls;
        runs += result.runs;
        sarn_arena_destroy(arena);
    }
    print_message("%s: %" PRIu64 " boundaries, %" PRIu64 " calls, %" PRIu64 " runs\n",
                  s.what, commits, calls, runs);
}

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
        crash((struct scenario){.deeds = {.refuses = steps[i]},
                                .what = "windows",
                                .workflow = &window,
                                .executions = 1,
                                .invariant = i == 0 ? all_completed : all_undone});
    }
    crash((struct scenario){.what = "windows, side by side",
                            .workflow = &window,
                            .executions = 3,
                            .invariant = all_completed});
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

    SARN__TRY(start(test, arg, "1", &input, error));
    return sarn_test_run(test, error);
}

static sarn_status went_round(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(expect(test, "rounds", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(stands(s, "1/one/1/a", 1, error));
    SARN__TRY(stands(s, "1/one/1/b", 1, error));
    SARN__TRY(stands(s, "1/two/1/c", 1, error));
    return deeds_all_stand(&s->deeds, 1, error);
}

static void an_execution_that_goes_on_as_a_new_run_does_each_run_once(void **unused)
{
    (void)unused;
    crash((struct scenario){.what = "continue as new",
                            .workflow = &rounds,
                            .drive = go_round,
                            .invariant = went_round});
}

/* --- operators --- */

static const struct sarn_step four_steps[] = {{.id = "a", DEEDS_ONCE},
                                              {.id = "b", DEEDS_BY_KEY},
                                              {.id = "c", DEEDS_ONCE},
                                              {.id = "d", DEEDS_ONCE}};
static const struct sarn_workflow four = {"four", 1, NULL, SARN_STEPS(four_steps)};

static sarn_status do_not_undo_b(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct scenario *s = arg;

    s->deeds.keeps = "b";
    return begin(arg, test, error);
}

/* The operator mends what is wrong with b, and then says what is to be done. */
static sarn_status operate(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct scenario *s = arg;

    SARN__TRY(start(test, s, "1", NULL, error));
    SARN__TRY(sarn_test_run(test, error));
    s->deeds.keeps = NULL;
    SARN__TRY(tell(test, s,
                   (struct sarn_control){.op = s->op,
                                         .fate = s->op == SARN_CONTROL_RESOLVE
                                                     ? SARN_STEP_DONE
                                                     : SARN_STEP_UNKNOWN,
                                         .key = SARN_STR("op"),
                                         .reason = SARN_STR("mended")},
                   error));
    return sarn_test_run(test, error);
}

/* What was skipped, or said to be undone, was not touched any more. */
static sarn_status operated(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(expect(test, "four", "1", SARN_EXECUTION_COMPENSATED, error));
    SARN__TRY(stands(s, "1/a/1", 0, error));
    SARN__TRY(stands(s, "1/c/1", 0, error));
    return stands(s, "1/b/1", s->op == SARN_CONTROL_RETRY ? 0 : 1, error);
}

static void what_an_operator_decides_is_done_once(void **unused)
{
    static const uint32_t ops[] = {SARN_CONTROL_RETRY, SARN_CONTROL_SKIP,
                                   SARN_CONTROL_RESOLVE};
    static const char *const names[] = {"retry", "skip", "resolve"};

    (void)unused;
    for (size_t i = 0; i < COUNT(ops); i++) {
        crash((struct scenario){.deeds = {.refuses = "d"},
                                .what = names[i],
                                .workflow = &four,
                                .op = ops[i],
                                .setup = do_not_undo_b,
                                .drive = operate,
                                .invariant = operated});
    }
}

/* --- resets and forks --- */

static sarn_status reset_it(void *arg, sarn_test *test, struct sarn_error *error)
{
    SARN__TRY(start(test, arg, "1", NULL, error));
    SARN__TRY(sarn_test_run(test, error));
    SARN__TRY(tell(test, arg,
                   (struct sarn_control){.op = SARN_CONTROL_RESET,
                                         .step = SARN_STR("b"),
                                         .key = SARN_STR("reset")},
                   error));
    return sarn_test_run(test, error);
}

static sarn_status was_reset(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(expect(test, "four", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(stands(s, "1/a/1", 1, error));
    SARN__TRY(stands(s, "1/b/1", 0, error));
    SARN__TRY(stands(s, "1/c/1", 0, error));
    SARN__TRY(stands(s, "1/d/1", 0, error));
    SARN__TRY(stands(s, "1/b/2", 1, error));
    SARN__TRY(stands(s, "1/c/2", 1, error));
    SARN__TRY(stands(s, "1/d/2", 1, error));
    return stands(s, "1/b/3", 0, error);
}

static void a_reset_undoes_what_followed_and_does_it_anew(void **unused)
{
    (void)unused;
    crash((struct scenario){
        .what = "reset", .workflow = &four, .drive = reset_it, .invariant = was_reset});
}

static sarn_status fork_it(void *arg, sarn_test *test, struct sarn_error *error)
{
    SARN__TRY(start(test, arg, "1", NULL, error));
    SARN__TRY(sarn_test_run(test, error));
    SARN__TRY(tell(test, arg,
                   (struct sarn_control){.op = SARN_CONTROL_FORK,
                                         .step = SARN_STR("c"),
                                         .name = SARN_STR("2"),
                                         .key = SARN_STR("fork")},
                   error));
    return sarn_test_run(test, error);
}

static sarn_status was_forked(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(expect(test, "four", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(expect(test, "four", "2", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(stands(s, "2/a/1", 0, error));
    SARN__TRY(stands(s, "2/b/1", 0, error));
    SARN__TRY(stands(s, "2/c/1", 1, error));
    SARN__TRY(stands(s, "2/d/1", 1, error));
    return deeds_all_stand(&s->deeds, 1, error);
}

static void a_fork_does_what_follows_on_its_own(void **unused)
{
    (void)unused;
    crash((struct scenario){
        .what = "fork", .workflow = &four, .drive = fork_it, .invariant = was_forked});
}

/* --- updates --- */

static sarn_status accept(struct sarn_step_call *call)
{
    const struct sarn_str *said = sarn_step_argument(call);

    return said->size == 2 ? SARN_OK : sarn_step_fail(call, "no", "two letters");
}

static const struct sarn_message told_messages[] = {{.name = "address",
                                                     .kind = SARN_MESSAGE_UPDATE,
                                                     .input = &sarn_bytes_type,
                                                     .handler = accept}};
static const struct sarn_step told_steps[] = {
    {.id = "a", DEEDS_ONCE},
    {.id = "wait", .kind = SARN_STEP_TIMER, .delay_us = HOUR},
    {.id = "b", DEEDS_BY_KEY}};
static const struct sarn_workflow told = {"told",
                                          1,
                                          NULL,
                                          SARN_STEPS(told_steps),
                                          .messages = told_messages,
                                          .message_count = 1};

static sarn_status update_it(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct sarn_str good = SARN_STR("ok"), bad = SARN_STR("bad");
    sarn_status status;

    SARN__TRY(start(test, arg, "1", NULL, error));
    status = tell(test, arg,
                  (struct sarn_control){.op = SARN_CONTROL_UPDATE,
                                        .name = SARN_STR("address"),
                                        .data = &bad,
                                        .key = SARN_STR("bad")},
                  error);
    if (status != SARN_ERR_REJECTED && status != SARN_OK) {
        return status;
    }
    SARN__TRY(tell(test, arg,
                   (struct sarn_control){.op = SARN_CONTROL_UPDATE,
                                         .name = SARN_STR("address"),
                                         .data = &good,
                                         .key = SARN_STR("good")},
                   error));
    return sarn_test_run(test, error);
}

static sarn_status count_updates(void *arg, const struct sarn_event *event)
{
    uint32_t *count = arg;

    *count += event->type == &sarn_update_accepted_type ? 1 : 0;
    return SARN_OK;
}

static sarn_status was_updated(void *arg, sarn_test *test, struct sarn_error *error)
{
    uint32_t count = 0;

    SARN__TRY(expect(test, "told", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(sarn_read(sarn_test_log(test), NULL, count_updates, &count, error));
    if (count != 1) {
        return sarn__fail(error, SARN_ERR_INVALID, "%u updates were accepted", count);
    }
    return deeds_all_stand(&((struct scenario *)arg)->deeds, 1, error);
}

static void an_update_is_accepted_once(void **unused)
{
    (void)unused;
    crash((struct scenario){.what = "update",
                            .workflow = &told,
                            .drive = update_it,
                            .invariant = was_updated});
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
    crash((struct scenario){.deeds = {.refuses = "d"},
                            .what = "undone in parallel",
                            .workflow = &parallel,
                            .executions = 1,
                            .invariant = all_undone});
    crash((struct scenario){.deeds = {.refuses = "e"},
                            .what = "undone by dependency",
                            .workflow = &dependent,
                            .executions = 1,
                            .invariant = all_undone});
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

    SARN__TRY(expect(test, s->workflow->name, "1", SARN_EXECUTION_COMPLETED, error));
    for (uint32_t i = 0; i < s->deeds.count; i++) {
        if (s->deeds.deeds[i].stands > 1) {
            return sarn__fail(error, SARN_ERR_INVALID, "%s stands %d times",
                              s->deeds.deeds[i].name, s->deeds.deeds[i].stands);
        }
    }
    return stands(s, "1/end/1", 1, error);
}

static void members_of_groups_are_done_once_or_undone(void **unused)
{
    static const struct sarn_workflow *const workflows[] = {&all_of, &some_of,
                                                            &first_of};
    static const char *const steps[] = {"a", "b", "l", "end"};

    (void)unused;
    for (size_t i = 0; i < COUNT(workflows); i++) {
        crash((struct scenario){.what = workflows[i]->name,
                                .workflow = workflows[i],
                                .executions = 1,
                                .invariant = i == 0 ? all_completed : none_twice});
        crash((struct scenario){.deeds = {.refuses = "end"},
                                .what = workflows[i]->name,
                                .workflow = workflows[i],
                                .executions = 1,
                                .invariant = all_undone});
    }
    for (size_t i = 0; i < COUNT(steps); i++) {
        crash((struct scenario){.deeds = {.refuses = steps[i]},
                                .what = "all_of, one fails",
                                .workflow = &all_of,
                                .executions = 1,
                                .invariant = all_undone});
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

    SARN__TRY(expect(test, "abandoning", "1", SARN_EXECUTION_COMPENSATED, error));
    SARN__TRY(stands(s, "1/a/1", 0, error));
    if (expect(test, "child", "1/sub", SARN_EXECUTION_UNDONE, NULL) == SARN_OK) {
        return deeds_all_stand(&s->deeds, 0, error);
    }
    SARN__TRY(expect(test, "child", "1/sub", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(stands(s, "1/sub/x/1", 1, error));
    return stands(s, "1/sub/y/1", 1, error);
}

static void a_child_goes_with_its_parent_or_stays(void **unused)
{
    (void)unused;
    crash((struct scenario){.what = "child, to its end",
                            .workflow = &cancelling,
                            .other = &child,
                            .executions = 2,
                            .invariant = all_completed});
    crash((struct scenario){.deeds = {.refuses = "b"},
                            .what = "child, cancelled",
                            .workflow = &cancelling,
                            .other = &child,
                            .executions = 1,
                            .invariant = all_undone});
    crash((struct scenario){.deeds = {.refuses = "b"},
                            .what = "child, terminated",
                            .workflow = &terminating,
                            .other = &child,
                            .executions = 1,
                            .invariant = all_undone});
    crash((struct scenario){.deeds = {.refuses = "b"},
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
    crash((struct scenario){.what = "one execution at a time",
                            .workflow = &four,
                            .limit = &of_workflow,
                            .executions = 3,
                            .invariant = all_completed});
    crash((struct scenario){.what = "one attempt a second",
                            .workflow = &four,
                            .limit = &of_step,
                            .executions = 3,
                            .invariant = all_completed});
}

/* --- schedules --- */

static const struct sarn_step tick_steps[] = {{.id = "a", DEEDS_ONCE},
                                              {.id = "b", DEEDS_BY_KEY}};
static const struct sarn_workflow tick = {"tick", 1, NULL, SARN_STEPS(tick_steps)};

static sarn_status put_schedule(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;

    SARN__TRY(begin(arg, test, error));
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
    crash((struct scenario){.what = "schedule",
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
        cmocka_unit_test(what_an_operator_decides_is_done_once),
        cmocka_unit_test(a_reset_undoes_what_followed_and_does_it_anew),
        cmocka_unit_test(a_fork_does_what_follows_on_its_own),
        cmocka_unit_test(an_update_is_accepted_once),
        cmocka_unit_test(all_is_undone_in_whatever_order),
        cmocka_unit_test(members_of_groups_are_done_once_or_undone),
        cmocka_unit_test(a_child_goes_with_its_parent_or_stays),
        cmocka_unit_test(executions_that_wait_for_their_turn_are_all_done),
        cmocka_unit_test(a_schedule_starts_each_run_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
