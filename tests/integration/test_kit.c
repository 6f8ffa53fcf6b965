/* sarn/test.h: a test's engine, its time, its scripts and its histories. */
#include <string.h>

#include "support/heap.h"
#include "support/order.h"
#include "support/test.h"

#define DAY INT64_C(86400000000)

struct kit {
    struct order_world world;
    sarn_test *test;
    struct sarn_error error;
};

static void open_kit(struct kit *kit, uint64_t seed)
{
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_options engine;

    *kit = (struct kit){.world = {.refuses = -1}};
    engine = order_options(&kit->world);
    options.engine = &engine;
    options.seed = seed;
    assert_ok(sarn_test_create(&options, &kit->test, &kit->error), &kit->error);
}

static void close_kit(struct kit *kit)
{
    sarn_test_destroy(kit->test);
}

static void expect(struct kit *kit, const char *id, const char *lines)
{
    if (sarn_test_expect(kit->test, "order", sarn_str(id), lines, &kit->error) !=
        SARN_OK) {
        fail_msg("%s\n%s", kit->error.text, sarn_test_report(kit->test));
    }
}

static void script(struct kit *kit, struct sarn_test_script script)
{
    script.struct_size = sizeof(script);
    assert_ok(sarn_test_add(kit->test, &script, &kit->error), &kit->error);
}

static const struct order_service *service(const struct kit *kit, int which)
{
    return &kit->world.services[which];
}

/* --- histories and scripts --- */

static void a_history_is_read_as_text(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(
        sarn_test_fail(kit.test, "charge", 2, "declined", "card declined", &kit.error),
        &kit.error);
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    expect(&kit, "1",
           "started version 1\n"
           "step reserve: began\n"
           "step reserve: done\n"
           "step charge: attempt 1 failed (card declined), next at +100ms\n"
           "step charge: attempt 2 failed (card declined), next at +200ms\n"
           "step charge: done at attempt 3\n"
           "step ship: began\n"
           "step ship: done\n"
           "completed\n");
    assert_int_equal(service(&kit, ORDER_CHARGE)->runs, 1); /* The third was real. */
    close_kit(&kit);
}

static void what_fails_for_good_is_undone(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(
        sarn_test_fail(kit.test, "ship", 0, "strike", "nobody drives", &kit.error),
        &kit.error);
    assert_int_equal(order_do(kit.test, "1", &kit.error), SARN_ERR_COMPENSATED);
    assert_non_null(strstr(kit.error.text, "nobody drives"));
    expect(&kit, "1",
           "...\n"
           "step ship: attempt 3 failed (nobody drives)\n"
           "compensation began (ship failed: nobody drives)\n"
           "...\n"
           "compensation of charge: done\n"
           "...\n"
           "compensation of reserve: done\n"
           "compensated\n");
    assert_int_equal(service(&kit, ORDER_SHIP)->runs, 0);
    assert_int_equal(service(&kit, ORDER_CHARGE)->stands, 0);
    close_kit(&kit);
}

static void a_history_that_differs_is_shown_as_a_difference(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_int_equal(sarn_test_expect(kit.test, "order", sarn_str("1"),
                                      "started version 1\n"
                                      "step charge: done\n"
                                      "...\n"
                                      "parked: no\n",
                                      &kit.error),
                     SARN_ERR_INVALID);
    assert_non_null(strstr(kit.error.text, "the history of order-1 is another one"));
    assert_string_equal(sarn_test_report(kit.test), "  started version 1\n"
                                                    "- step charge: done\n"
                                                    "  step reserve: began\n"
                                                    "  step reserve: done\n"
                                                    "  step charge: done\n"
                                                    "  step ship: began\n"
                                                    "  step ship: done\n"
                                                    "  completed\n"
                                                    "- parked: no\n");
    assert_int_equal(sarn_test_expect(kit.test, "order", sarn_str("2"), "", &kit.error),
                     SARN_ERR_NOT_FOUND);
    close_kit(&kit);
}

static void a_script_is_for_the_calls_that_it_names(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    script(&kit, (struct sarn_test_script){.step = "charge",
                                           .act = SARN_TEST_FAIL,
                                           .attempt = 2,
                                           .text = "second try"});
    script(&kit, (struct sarn_test_script){.step = "charge",
                                           .act = SARN_TEST_FAIL,
                                           .workflow = "order",
                                           .workflow_id = SARN_STR("b"),
                                           .times = 1,
                                           .text = "not b"});
    assert_ok(order_do(kit.test, "a", &kit.error), &kit.error);
    assert_ok(order_do(kit.test, "b", &kit.error), &kit.error);
    expect(&kit, "a", "started version 1\n...\nstep charge: done\n...\ncompleted\n");
    expect(&kit, "b",
           "started version 1\n...\n"
           "step charge: attempt 1 failed (not b), next at +100ms\n"
           "step charge: attempt 2 failed (second try), next at +200ms\n"
           "step charge: done at attempt 3\n...\ncompleted\n");
    sarn_test_clear(kit.test);
    assert_ok(order_do(kit.test, "c", &kit.error), &kit.error);
    close_kit(&kit);
}

static void compensate_and_reconcile_have_scripts_of_their_own(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    script(&kit, (struct sarn_test_script){
                     .step = "reserve", .reply = SARN_TEST_LOST, .times = 1});
    script(&kit, (struct sarn_test_script){.step = "reserve",
                                           .part = SARN_TEST_RECONCILE,
                                           .act = SARN_TEST_SUCCEED,
                                           .fate = SARN_STEP_UNKNOWN});
    assert_int_equal(order_do(kit.test, "1", &kit.error), SARN_ERR_CLOSED);
    assert_int_equal(sarn_test_run(kit.test, &kit.error), SARN_ERR_CLOSED);
    assert_ok(sarn_test_reopen(kit.test, NULL, 0, &kit.error), &kit.error);
    assert_int_equal(order_do(kit.test, "1", &kit.error), SARN_ERR_PARKED);
    expect(&kit, "1",
           "...\nstep reserve: nobody knows whether it was done\nparked: ...");
    assert_int_equal(service(&kit, ORDER_RESERVE)->asked, 0);
    script(&kit, (struct sarn_test_script){.step = "charge",
                                           .part = SARN_TEST_COMPENSATE,
                                           .act = SARN_TEST_FAIL,
                                           .text = "no refund"});
    kit.world.refuses = ORDER_SHIP;
    assert_int_equal(order_do(kit.test, "2", &kit.error), SARN_ERR_PARKED);
    expect(&kit, "2",
           "...\ncompensation of charge: attempt 3 failed (no refund)\n"
           "parked: the compensation of step charge failed for good: no refund\n");
    close_kit(&kit);
}

static void scripts_that_make_no_sense_are_refused(void **unused)
{
    const struct sarn_test_script bad[] = {
        {.step = NULL},
        {.step = "charge", .act = 99},
        {.step = "charge", .reply = 99},
        {.step = "charge", .part = 99},
        {.step = "charge", .fate = 99},
        {.step = "ship", .reply = SARN_TEST_DUPLICATE}};
    struct sarn_test_script other = {.struct_size = sizeof(other), .step = "pack"};
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct sarn_test_script one = bad[i];

        one.struct_size = sizeof(one);
        assert_int_equal(sarn_test_add(kit.test, &one, &kit.error), SARN_ERR_INVALID);
    }
    assert_int_equal(sarn_test_add(kit.test, &other, &kit.error), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(kit.error.text, "pack"));
    assert_int_equal(sarn_test_succeed(kit.test, "ship", 1, &kit, &kit.error),
                     SARN_ERR_SCHEMA);
    close_kit(&kit);
}

/* --- steps that hang, and answers that go astray --- */

static void a_step_hangs_until_it_is_released(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(sarn_test_hang(kit.test, "charge", &kit.error), &kit.error);
    assert_int_equal(order_do(kit.test, "1", &kit.error), SARN_ERR_TIMEOUT);
    assert_int_equal(sarn_test_hanging(kit.test, "charge"), 1);
    assert_int_equal(sarn_test_hanging(kit.test, "ship"), 0);
    assert_int_equal(sarn_test_release(kit.test, "ship"), 0);
    assert_int_equal(service(&kit, ORDER_CHARGE)->runs, 0);
    assert_int_equal(sarn_test_release(kit.test, "charge"), 1);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    expect(&kit, "1", "started version 1\n...\ncompleted\n");
    assert_int_equal(service(&kit, ORDER_CHARGE)->runs, 1);
    close_kit(&kit);
}

static void what_hangs_is_given_up_when_the_log_is_opened_again(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(sarn_test_hang(kit.test, "ship", &kit.error), &kit.error);
    assert_int_equal(order_do(kit.test, "1", &kit.error), SARN_ERR_TIMEOUT);
    assert_ok(sarn_test_reopen(kit.test, NULL, 0, &kit.error), &kit.error);
    assert_int_equal(sarn_test_hanging(kit.test, "ship"), 0);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    expect(&kit, "1",
           "...\nstep ship: began\nstep ship: found not to be done\n"
           "step ship: attempt 2 began\nstep ship: done at attempt 2\ncompleted\n");
    close_kit(&kit);
}

static void a_duplicate_acts_twice_under_one_key(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    script(&kit,
           (struct sarn_test_script){.step = "charge", .reply = SARN_TEST_DUPLICATE});
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_int_equal(service(&kit, ORDER_CHARGE)->runs, 2);
    assert_int_equal(service(&kit, ORDER_CHARGE)->stands, 1);
    expect(&kit, "1", "...\nstep charge: done\n...\ncompleted\n");
    close_kit(&kit);
}

static void late_and_overtaken_answers_come_in_the_end(void **unused)
{
    for (uint32_t reply = SARN_TEST_LATE; reply <= SARN_TEST_OVERTAKEN; reply++) {
        struct kit kit;

        (void)unused;
        open_kit(&kit, reply);
        script(&kit, (struct sarn_test_script){.step = "charge", .reply = reply});
        script(&kit, (struct sarn_test_script){.step = "ship", .reply = reply});
        assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
        assert_ok(order_do(kit.test, "2", &kit.error), &kit.error);
        assert_int_equal(service(&kit, ORDER_SHIP)->runs, 2);
        close_kit(&kit);
    }
}

/* --- the engine of a test --- */

static void it_is_moved_by_its_test_alone(void **unused)
{
    struct kit kit;
    sarn_engine *engine;

    (void)unused;
    open_kit(&kit, 1);
    engine = sarn_test_engine(kit.test);
    assert_int_equal(sarn_run(engine, &kit.error), SARN_ERR_STATE);
    assert_non_null(strstr(kit.error.text, "sarn_test_run()"));
    assert_int_equal(sarn_start(engine, &kit.error), SARN_ERR_STATE);
    assert_int_equal(sarn_dispatch(engine, &kit.error), SARN_ERR_STATE);
    assert_int_equal(sarn_fd(engine), -1);
    sarn_stop(engine);
    sarn_close(engine); /* Is not its to close. */
    assert_ptr_equal(sarn_test_engine(kit.test), engine);
    assert_ptr_equal(sarn_test_log(kit.test), sarn_engine_log(engine));
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    close_kit(&kit);
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    *(sarn_status *)arg = reply->status;
}

static void what_is_submitted_is_answered_when_the_test_runs(void **unused)
{
    struct sarn_start start = SARN_START_INIT;
    sarn_status answers[2] = {SARN_ERR_STATE, SARN_ERR_STATE};
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    start.workflow = "order";
    for (int i = 0; i < 2; i++) {
        start.workflow_id = sarn_str(i == 0 ? "a" : "b");
        assert_ok(sarn_execution_start(sarn_test_engine(kit.test), &start, on_reply,
                                       &answers[i], &kit.error),
                  &kit.error);
    }
    assert_int_equal(answers[0], SARN_ERR_STATE);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    assert_int_equal(answers[0], SARN_OK);
    assert_int_equal(answers[1], SARN_OK);
    start.workflow_id = sarn_str("c");
    assert_ok(sarn_execution_start(sarn_test_engine(kit.test), &start, on_reply,
                                   &answers[0], &kit.error),
              &kit.error);
    close_kit(&kit);
    assert_int_equal(answers[0], SARN_ERR_CLOSED);
}

static sarn_status call_from_handler(void *arg, const struct sarn_event *event)
{
    struct kit *kit = arg;
    struct sarn_append append = SARN_APPEND_INIT;

    (void)event;
    return sarn_append_call(sarn_test_engine(kit->test), &append, NULL, NULL) ==
                   SARN_ERR_REENTRANT
               ? SARN_OK
               : SARN_ERR_INVALID;
}

static void a_call_that_waits_is_refused_in_a_callback(void **unused)
{
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    sarn_status ended = SARN_OK;
    sarn_subscription *subscription = NULL;
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    (void)ended;
    options.from = SARN_FROM_NOW;
    assert_ok(sarn_subscribe(sarn_test_engine(kit.test), &options, call_from_handler,
                             NULL, &kit, &subscription, &kit.error),
              &kit.error);
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    sarn_unsubscribe(sarn_test_engine(kit.test), subscription);
    close_kit(&kit);
}

/* --- time --- */

static void time_skips_and_stands(void **unused)
{
    struct kit kit;
    int64_t begin_us;

    (void)unused;
    open_kit(&kit, 1);
    begin_us = sarn_test_now_us(kit.test);
    assert_true(begin_us >= INT64_C(1577836800000000));
    assert_ok(sarn_test_fail(kit.test, "charge", 1, "", "down", &kit.error),
              &kit.error);
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_true(sarn_test_now_us(kit.test) - begin_us >= 100000);
    assert_true(sarn_test_now_us(kit.test) - begin_us < 200000);
    begin_us = sarn_test_now_us(kit.test);
    assert_ok(sarn_test_advance(kit.test, 30 * DAY, &kit.error), &kit.error);
    assert_int_equal(sarn_test_now_us(kit.test), begin_us + 30 * DAY);
    assert_int_equal(sarn_test_advance(kit.test, -1, &kit.error), SARN_ERR_INVALID);
    close_kit(&kit);
}

static void time_goes_no_further_than_it_is_told(void **unused)
{
    struct sarn_start start = SARN_START_INIT;
    sarn_status answer = SARN_ERR_STATE;
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    start.workflow = "order";
    start.workflow_id = sarn_str("1");
    assert_ok(sarn_test_fail(kit.test, "charge", 1, "", "down", &kit.error),
              &kit.error);
    assert_ok(sarn_execution_start(sarn_test_engine(kit.test), &start, on_reply,
                                   &answer, &kit.error),
              &kit.error);
    assert_ok(sarn_test_advance(kit.test, 50000, &kit.error), &kit.error);
    assert_int_equal(answer, SARN_ERR_STATE);
    expect(&kit, "1", "...\nstep charge: attempt 1 failed (down), next at +100ms\n");
    assert_ok(sarn_test_advance(kit.test, 60000, &kit.error), &kit.error);
    assert_int_equal(answer, SARN_OK);
    close_kit(&kit);
}

/* --- seeds --- */

static uint64_t hash_of(uint64_t seed)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    sarn_status answer = SARN_OK; /* Of all of them: it outlives them. */
    uint64_t hash = 0;
    struct kit kit;

    open_kit(&kit, seed);
    for (int i = 0; i < 3; i++) {
        struct sarn_start start = SARN_START_INIT;
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        start.workflow = "order";
        start.workflow_id = sarn_str(id);
        assert_ok(sarn_execution_start(sarn_test_engine(kit.test), &start, on_reply,
                                       &answer, &kit.error),
                  &kit.error);
    }
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    assert_ok(sarn_log_get_stats(sarn_test_log(kit.test), &stats, &kit.error),
              &kit.error);
    memcpy(&hash, stats.head_hash, sizeof(hash));
    close_kit(&kit);
    return hash;
}

static void one_seed_is_one_run_and_another_is_another(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 10; seed++) {
        assert_true(hash_of(seed) == hash_of(seed));
        assert_true(hash_of(seed) != hash_of(seed + 1));
    }
}

/* --- opening again --- */

static void what_is_done_is_there_after_a_power_cut(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_ok(sarn_test_power_cut(kit.test, &kit.error), &kit.error);
    expect(&kit, "1", "started version 1\n...\ncompleted\n");
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_int_equal(service(&kit, ORDER_CHARGE)->runs, 1);
    close_kit(&kit);
}

static void modules_that_are_refused_leave_the_log_to_be_opened(void **unused)
{
    static const struct sarn_module bad = {.abi = 77};
    static const struct sarn_module *const modules[] = {&bad, NULL};
    struct kit kit;

    (void)unused;
    open_kit(&kit, 1);
    assert_ok(order_do(kit.test, "1", &kit.error), &kit.error);
    assert_int_equal(sarn_test_reopen(kit.test, modules, 2, &kit.error),
                     SARN_ERR_INVALID); /* NULL: nothing has happened yet. */
    assert_non_null(sarn_test_engine(kit.test));
    assert_true(sarn_test_reopen(kit.test, modules, 1, &kit.error) != SARN_OK);
    assert_null(sarn_test_engine(kit.test));
    assert_null(sarn_test_log(kit.test));
    assert_int_equal(sarn_test_run(kit.test, &kit.error), SARN_ERR_STATE);
    assert_int_equal(sarn_test_advance(kit.test, 1, &kit.error), SARN_ERR_STATE);
    assert_int_equal(sarn_test_expect(kit.test, "order", sarn_str("1"), "", &kit.error),
                     SARN_ERR_STATE);
    assert_ok(sarn_test_reopen(kit.test,
                               (const struct sarn_module *const[]){&order_module}, 1,
                               &kit.error),
              &kit.error);
    expect(&kit, "1", "started version 1\n...\ncompleted\n");
    close_kit(&kit);
}

/* --- limits --- */

static void options_that_make_no_sense_are_refused(void **unused)
{
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_error error;
    sarn_test *test = NULL;

    (void)unused;
    options.flags = 1;
    assert_int_equal(sarn_test_create(&options, &test, &error), SARN_ERR_INVALID);
    options.flags = 0;
    options.patience_us = -1;
    assert_int_equal(sarn_test_create(&options, &test, &error), SARN_ERR_INVALID);
    options.struct_size = 1;
    assert_int_equal(sarn_test_create(&options, &test, &error), SARN_ERR_INVALID);
    assert_null(test);
    sarn_test_destroy(NULL);
    assert_ok(sarn_test_create(NULL, &test, &error), &error);
    assert_ok(sarn_test_run(test, &error), &error);
    sarn_test_destroy(test);
}

static void what_goes_round_in_circles_is_ended(void **unused)
{
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_options engine;
    struct kit kit = {.world = {.refuses = -1}};

    (void)unused;
    engine = order_options(&kit.world);
    options.engine = &engine;
    options.moves_max = 5;
    assert_ok(sarn_test_create(&options, &kit.test, &kit.error), &kit.error);
    assert_int_equal(order_do(kit.test, "1", &kit.error), SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(kit.error.text, "5 moves"));
    close_kit(&kit);
}

static void without_memory_it_says_so_and_keeps_nothing(void **unused)
{
    struct order_world world = {.refuses = -1};
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    for (uint64_t nth = 1; status == SARN_ERR_NOMEM; nth++) {
        struct test_heap heap = {.fail_at = nth};
        struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
        struct sarn_options engine = order_options(&world);
        struct sarn_error error;
        sarn_test *test = NULL;

        engine.heap = test_heap(&heap);
        options.engine = &engine;
        status = sarn_test_create(&options, &test, &error);
        if (status == SARN_OK) {
            status = sarn_test_hang(test, "charge", &error);
        }
        if (status != SARN_OK) {
            assert_int_equal(status, SARN_ERR_NOMEM);
        }
        sarn_test_destroy(test);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(status, SARN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_is_read_as_text),
        cmocka_unit_test(what_fails_for_good_is_undone),
        cmocka_unit_test(a_history_that_differs_is_shown_as_a_difference),
        cmocka_unit_test(a_script_is_for_the_calls_that_it_names),
        cmocka_unit_test(compensate_and_reconcile_have_scripts_of_their_own),
        cmocka_unit_test(scripts_that_make_no_sense_are_refused),
        cmocka_unit_test(a_step_hangs_until_it_is_released),
        cmocka_unit_test(what_hangs_is_given_up_when_the_log_is_opened_again),
        cmocka_unit_test(a_duplicate_acts_twice_under_one_key),
        cmocka_unit_test(late_and_overtaken_answers_come_in_the_end),
        cmocka_unit_test(it_is_moved_by_its_test_alone),
        cmocka_unit_test(what_is_submitted_is_answered_when_the_test_runs),
        cmocka_unit_test(a_call_that_waits_is_refused_in_a_callback),
        cmocka_unit_test(time_skips_and_stands),
        cmocka_unit_test(time_goes_no_further_than_it_is_told),
        cmocka_unit_test(one_seed_is_one_run_and_another_is_another),
        cmocka_unit_test(what_is_done_is_there_after_a_power_cut),
        cmocka_unit_test(modules_that_are_refused_leave_the_log_to_be_opened),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(what_goes_round_in_circles_is_ended),
        cmocka_unit_test(without_memory_it_says_so_and_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
