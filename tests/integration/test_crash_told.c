/* What an execution is told, crashed everywhere: operators, resets, forks, updates. */
#include "core/fail.h"
#include "sarn/events.h"
#include "support/scenario.h"
#include "support/test.h"

#define HOUR INT64_C(3600000000)

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
    return scenario_begin(arg, test, error);
}

/* The operator mends what is wrong with b, and then says what is to be done. */
static sarn_status operate(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct scenario *s = arg;

    SARN__TRY(scenario_start(test, s, "1", NULL, error));
    SARN__TRY(sarn_test_run(test, error));
    s->deeds.keeps = NULL;
    SARN__TRY(scenario_tell(test, s,
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

    SARN__TRY(scenario_expect(test, "four", "1", SARN_EXECUTION_COMPENSATED, error));
    SARN__TRY(scenario_stands(s, "1/a/1", 0, error));
    SARN__TRY(scenario_stands(s, "1/c/1", 0, error));
    return scenario_stands(s, "1/b/1", s->op == SARN_CONTROL_RETRY ? 0 : 1, error);
}

static void what_an_operator_decides_is_done_once(void **unused)
{
    static const uint32_t ops[] = {SARN_CONTROL_RETRY, SARN_CONTROL_SKIP,
                                   SARN_CONTROL_RESOLVE};
    static const char *const names[] = {"retry", "skip", "resolve"};

    (void)unused;
    for (size_t i = 0; i < COUNT(ops); i++) {
        scenario_crash((struct scenario){.deeds = {.refuses = "d"},
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
    SARN__TRY(scenario_start(test, arg, "1", NULL, error));
    SARN__TRY(sarn_test_run(test, error));
    SARN__TRY(scenario_tell(test, arg,
                            (struct sarn_control){.op = SARN_CONTROL_RESET,
                                                  .step = SARN_STR("b"),
                                                  .key = SARN_STR("reset")},
                            error));
    return sarn_test_run(test, error);
}

static sarn_status was_reset(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(scenario_expect(test, "four", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(scenario_stands(s, "1/a/1", 1, error));
    SARN__TRY(scenario_stands(s, "1/b/1", 0, error));
    SARN__TRY(scenario_stands(s, "1/c/1", 0, error));
    SARN__TRY(scenario_stands(s, "1/d/1", 0, error));
    SARN__TRY(scenario_stands(s, "1/b/2", 1, error));
    SARN__TRY(scenario_stands(s, "1/c/2", 1, error));
    SARN__TRY(scenario_stands(s, "1/d/2", 1, error));
    return scenario_stands(s, "1/b/3", 0, error);
}

static void a_reset_undoes_what_followed_and_does_it_anew(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){
        .what = "reset", .workflow = &four, .drive = reset_it, .invariant = was_reset});
}

static sarn_status fork_it(void *arg, sarn_test *test, struct sarn_error *error)
{
    SARN__TRY(scenario_start(test, arg, "1", NULL, error));
    SARN__TRY(sarn_test_run(test, error));
    SARN__TRY(scenario_tell(test, arg,
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

    SARN__TRY(scenario_expect(test, "four", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(scenario_expect(test, "four", "2", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(scenario_stands(s, "2/a/1", 0, error));
    SARN__TRY(scenario_stands(s, "2/b/1", 0, error));
    SARN__TRY(scenario_stands(s, "2/c/1", 1, error));
    SARN__TRY(scenario_stands(s, "2/d/1", 1, error));
    return deeds_all_stand(&s->deeds, 1, error);
}

static void a_fork_does_what_follows_on_its_own(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){
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

    SARN__TRY(scenario_start(test, arg, "1", NULL, error));
    status = scenario_tell(test, arg,
                           (struct sarn_control){.op = SARN_CONTROL_UPDATE,
                                                 .name = SARN_STR("address"),
                                                 .data = &bad,
                                                 .key = SARN_STR("bad")},
                           error);
    if (status != SARN_ERR_REJECTED && status != SARN_OK) {
        return status;
    }
    SARN__TRY(scenario_tell(test, arg,
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

    SARN__TRY(scenario_expect(test, "told", "1", SARN_EXECUTION_COMPLETED, error));
    SARN__TRY(sarn_read(sarn_test_log(test), NULL, count_updates, &count, error));
    if (count != 1) {
        return sarn__fail(error, SARN_ERR_INVALID, "%u updates were accepted", count);
    }
    return deeds_all_stand(&((struct scenario *)arg)->deeds, 1, error);
}

static void an_update_is_accepted_once(void **unused)
{
    (void)unused;
    scenario_crash((struct scenario){.what = "update",
                                     .workflow = &told,
                                     .drive = update_it,
                                     .invariant = was_updated});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_operator_decides_is_done_once),
        cmocka_unit_test(a_reset_undoes_what_followed_and_does_it_anew),
        cmocka_unit_test(a_fork_does_what_follows_on_its_own),
        cmocka_unit_test(an_update_is_accepted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
