/* What must hold while events are on their way to the disk: keys that others ask for,
 * streams that die and live again, engines that stop. */
#include <string.h>

#include "infra/memory/codec.h"
#include "support/bank.h"
#include "support/heap.h"

/* --- keys --- */

static void send_credit(struct bank *bank,
                        const char *actor,
                        uint32_t flags,
                        struct sarn__sim_outcome *out)
{
    struct payments_credit credit = {
        .amount = {.minor = 9, .currency = PAYMENTS_CURRENCY_CZK}};
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_error error = {SARN_OK, ""};

    memset(out, 0, sizeof(*out));
    command.stream = sarn_str("account-1");
    command.type = &payments_credit_type;
    command.data = &credit;
    command.key = sarn_str("k");
    command.actor = sarn_str(actor);
    command.flags = flags;
    assert_ok(sarn__sim_submit(bank->sim, &command, out, &error), &error);
}

static sarn_status not_mallory(void *arg, const struct sarn_command *command)
{
    (void)arg;
    return sarn_str_equal(command->actor, sarn_str("mallory")) ? SARN_ERR_DENIED
                                                               : SARN_OK;
}

/* Whoever is denied, or only tries, does not answer for the one in flight. */
static void a_key_in_flight_belongs_to_the_request_that_was_decided(void **unused)
{
    static const struct {
        const char *actor;
        uint32_t flags;
        sarn_status status;
    } rows[] = {{"mallory", 0, SARN_ERR_DENIED}, {"bob", SARN_DRY_RUN, SARN_OK}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn_options options = {.hooks = {.authorize = not_mallory}};
        struct sarn__sim_outcome out[4];
        struct bank bank;

        bank_open(&bank, i, &options);
        (void)bank_do_open(&bank, "1");
        send_credit(&bank, "alice", 0, &out[0]);
        send_credit(&bank, "alice", 0, &out[1]);
        send_credit(&bank, rows[i].actor, rows[i].flags, &out[2]);
        send_credit(&bank, "alice", 0, &out[3]);
        sarn__sim_run(bank.sim);
        assert_int_equal(out[2].status, rows[i].status);
        assert_int_equal(bank_balance(&bank, "1"), 9);
        for (int k = 0; k < 4; k++) {
            assert_int_equal(out[k].answers, 1);
        }
        assert_int_equal(out[1].status, SARN_OK);
        assert_true(out[1].repeated && out[3].repeated);
        assert_int_equal(out[3].position, out[0].position);
        bank_close(&bank);
    }
}

struct heard {
    struct sarn_uuid correlation_id;
    bool repeated;
    uint32_t replies;
};

static void hear_reply(void *arg, const struct sarn_reply *reply)
{
    struct heard *heard = arg;

    heard->replies += 1;
    heard->repeated = reply->repeated;
    heard->correlation_id = reply->correlation_id;
}

static void ask(struct bank *bank,
                const struct sarn_type *type,
                const void *data,
                const char *key,
                struct heard *heard)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__request *request;
    struct sarn__duties duties;
    struct sarn__job *next;
    sarn_engine *engine = sarn__sim_engine(bank->sim);

    command.stream = sarn_str("account-1");
    command.type = type;
    command.data = data;
    command.key = sarn_str(key);
    assert_ok(sarn__request_command(engine, &command, &request, &error), &error);
    request->reply = hear_reply;
    request->reply_arg = heard;
    sarn__engine_submit(engine, request);
    do {
        sarn__engine_poll(engine, &duties);
        for (struct sarn__job *job = duties.jobs; job != NULL; job = next) {
            next = job->next;
            job->work(job);
            sarn__engine_finish(engine, job);
        }
    } while (duties.jobs != NULL || duties.again);
    assert_int_equal(heard->replies, 1);
}

static void a_repeat_from_the_log_has_the_first_ones_correlation_id(void **unused)
{
    struct payments_credit credit = {
        .amount = {.minor = 9, .currency = PAYMENTS_CURRENCY_CZK}};
    struct payments_debit debit = {
        .amount = {.minor = 500, .currency = PAYMENTS_CURRENCY_CZK}};
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, NULL);
    (void)bank_do_open(&bank, "1");
    for (int rejected = 0; rejected < 2; rejected++) {
        const struct sarn_type *type =
            rejected != 0 ? &payments_debit_type : &payments_credit_type;
        const void *data = rejected != 0 ? (void *)&debit : (void *)&credit;
        const char *key = rejected != 0 ? "no" : "yes";
        struct heard first = {.replies = 0}, again = {.replies = 0};

        ask(&bank, type, data, key, &first);
        ask(&bank, type, data, key, &again);
        assert_true(again.repeated);
        assert_false(sarn_uuid_is_zero(first.correlation_id));
        assert_memory_equal(&again.correlation_id, &first.correlation_id,
                            sizeof(first.correlation_id));
    }
    bank_close(&bank);
}

/* --- streams --- */

/* Deleted, opened again and described, all before any of it is durable: the state of
 * the old life does not come back with a look at the stream. */
static void a_stream_that_lives_again_in_flight_begins_anew(void **unused)
{
    struct sarn__sim_outcome out[5];
    struct sarn__request *request[2];
    struct sarn_error error = {SARN_OK, ""};
    struct bank bank;
    sarn_engine *engine;

    (void)unused;
    memset(out, 0, sizeof(out));
    bank_open(&bank, 3, NULL);
    engine = sarn__sim_engine(bank.sim);
    (void)bank_do_open(&bank, "1");
    (void)bank_do_credit(&bank, "1", 100, NULL);
    assert_ok(sarn__request_delete(engine, 0, sarn_str("account-1"), SARN_ANY,
                                   &request[0], &error),
              &error);
    assert_ok(sarn__request_metadata(engine, 0, sarn_str("account-1"), sarn_str("anew"),
                                     &request[1], &error),
              &error);
    sarn__sim_request(bank.sim, request[0], &out[0]);
    bank_send_open(&bank, "1", &out[1]);
    sarn__sim_request(bank.sim, request[1], &out[2]);
    bank_send_credit(&bank, "1", 5, NULL, &out[3]);
    bank_send_debit(&bank, "1", 50, NULL, &out[4]);
    sarn__sim_run(bank.sim);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(out[i].text, "");
        assert_int_equal(out[i].status, SARN_OK);
    }
    assert_int_equal(out[4].status, SARN_ERR_REJECTED);
    assert_int_equal(bank_balance(&bank, "1"), 5);
    assert_ok(sarn__sim_crash_reopen(bank.sim, &error), &error);
    assert_int_equal(bank_balance(&bank, "1"), 5);
    bank_close(&bank);
}

/* An account whose apply can be made to fail half-way, and notes what it is shown. */
static struct {
    bool fails;
    bool replaying;
    uint32_t replayed;
    uint32_t schemas[8];
    struct sarn_uuid ids[8]; /* By version. */
} odd;

static sarn_status
odd_apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    sarn_status status = sarn_payments_module.aggregates[0]->apply(state, event, arena);

    assert_true(event->version < COUNT(odd.ids));
    if (odd.replaying) {
        assert_memory_equal(&odd.ids[event->version], &event->id, sizeof(event->id));
        assert_int_equal(odd.schemas[event->version], event->schema_id);
        odd.replayed += 1;
    }
    odd.ids[event->version] = event->id;
    odd.schemas[event->version] = event->schema_id;
    return odd.fails ? SARN_ERR_NOMEM : status;
}

static void open_odd(struct bank *bank)
{
    static struct sarn_aggregate aggregate;
    static struct sarn_module module;
    static const struct sarn_aggregate *const aggregates[] = {&aggregate};
    static const struct sarn_module *const modules[] = {&module};
    struct sarn__sim_options sim = {.seed = 4, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    memset(&odd, 0, sizeof(odd));
    aggregate = *sarn_payments_module.aggregates[0];
    aggregate.apply = odd_apply;
    module = sarn_payments_module;
    module.aggregates = aggregates;
    module.aggregate_count = 1;
    sim.options.modules = modules;
    sim.options.module_count = 1;
    bank->arena = sarn_arena_create(NULL);
    assert_non_null(bank->arena);
    assert_ok(sarn__sim_create(&sim, &bank->sim, &error), &error);
}

static void a_state_that_apply_left_half_way_is_forgotten(void **unused)
{
    struct bank bank;

    (void)unused;
    open_odd(&bank);
    (void)bank_do_open(&bank, "1");
    (void)bank_do_credit(&bank, "1", 10, NULL);
    odd.fails = true;
    assert_null(strstr(bank_do_credit(&bank, "1", 90, NULL), "ok"));
    odd.fails = false;
    assert_memory_equal(bank_do_debit(&bank, "1", 50, NULL), "command rejected: ", 18);
    assert_int_equal(bank_balance(&bank, "1"), 10);
    bank_close(&bank);
}

static void apply_is_shown_what_a_replay_would_show_it(void **unused)
{
    struct sarn_error error = {SARN_OK, ""};
    struct bank bank;

    (void)unused;
    open_odd(&bank);
    (void)bank_do_open(&bank, "1");
    (void)bank_do_credit(&bank, "1", 10, NULL);
    assert_ok(sarn__sim_crash_reopen(bank.sim, &error), &error);
    odd.replaying = true;
    assert_int_equal(bank_balance(&bank, "1"), 10);
    assert_int_equal(odd.replayed, 2);
    bank_close(&bank);
}

/* --- engines that stop --- */

/* The write that stops it need not be the append that anybody waits for: it may be one
 * of the tables'. */
static void everybody_is_answered_when_a_write_is_in_doubt(void **unused)
{
    uint32_t stopped = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct sarn_options options = {.tail_max = 8}; /* Flushes all the time. */
        struct sarn__sim_outcome out[40];
        struct bank bank;

        bank_open(&bank, seed, &options);
        (void)bank_do_open(&bank, "1");
        sarn__sim_fail_append(bank.sim, 3 + (uint32_t)seed % 10,
                              SARN__MEMORY_IN_DOUBT_LOST);
        for (size_t i = 0; i < COUNT(out); i++) {
            bank_send_credit(&bank, "1", 1, NULL, &out[i]);
            (void)sarn__sim_run_moves(bank.sim, sarn__sim_draw(bank.sim, 4));
        }
        sarn__sim_run(bank.sim);
        for (size_t i = 0; i < COUNT(out); i++) {
            assert_int_equal(out[i].answers, 1);
        }
        stopped += out[COUNT(out) - 1].status == SARN_ERR_CLOSED ? 1 : 0;
        assert_int_equal(sarn__engine_busy(sarn__sim_engine(bank.sim)), 0);
        bank_close(&bank);
    }
    assert_true(stopped > 20);
}

/* --- memory --- */

#define KEYED 6

/* Credits of 1, 2, 4, ... under keys of their own, each sent twice: every one is
 * answered, and once. */
static void send_keyed(struct bank *bank, struct sarn__sim_outcome out[2 * KEYED])
{
    memset(out, 0, 2 * KEYED * sizeof(*out));
    for (uint32_t i = 0; i < 2 * KEYED; i++) {
        struct payments_credit credit = {.amount = {.minor = (int64_t)1 << i % KEYED,
                                                    .currency = PAYMENTS_CURRENCY_CZK}};
        struct sarn_command command = SARN_COMMAND_INIT;
        char key[8];

        snprintf(key, sizeof(key), "k%" PRIu32, i % KEYED);
        command.stream = sarn_str("account-1");
        command.type = &payments_credit_type;
        command.data = &credit;
        command.key = sarn_str(key);
        if (sarn__sim_submit(bank->sim, &command, &out[i], NULL) != SARN_OK) {
            out[i].answers = 1;
            out[i].status = SARN_ERR_NOMEM;
        }
        (void)sarn__sim_run_moves(bank->sim, i % 3);
    }
    sarn__sim_run(bank->sim);
    for (uint32_t i = 0; i < 2 * KEYED; i++) {
        assert_int_equal(out[i].answers, 1);
    }
}

/* Whatever fails for want of memory, its key tells what became of it. */
static void memory_that_runs_out_anywhere_moves_no_money_twice(void **unused)
{
    bool failed = true;
    uint64_t at;

    (void)unused;
    for (at = 1; failed; at++) {
        struct test_heap heap = {.calls = 0};
        struct sarn_options options = {.tail_max = 8, .heap = test_heap(&heap)};
        struct sarn__sim_outcome out[2 * KEYED];
        struct sarn_error error;
        struct bank bank;
        bool stopped;

        bank_open(&bank, at, &options);
        (void)bank_do_open(&bank, "1");
        heap.calls = 0;
        heap.fail_at = at;
        send_keyed(&bank, out);
        failed = heap.calls >= at;
        heap.fail_at = 0;
        send_keyed(&bank, out);
        stopped = out[0].status == SARN_ERR_CLOSED;
        if (stopped) {
            assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
            send_keyed(&bank, out);
        }
        for (uint32_t i = 0; i < 2 * KEYED; i++) {
            assert_int_equal(out[i].status, SARN_OK);
        }
        assert_int_equal(bank_balance(&bank, "1"), (1 << KEYED) - 1);
        assert_int_equal(bank_row(&bank, "1"), (1 << KEYED) - 1);
        bank_close(&bank);
    }
    assert_true(at > 40); /* So often there was something to fail. */
}

/* --- the authorize hook --- */

static sarn_status note_stream(void *arg, const struct sarn_command *command)
{
    char *text = arg;

    snprintf(text, 256, "%.*s", (int)command->stream.size, command->stream.data);
    return SARN_ERR_DENIED;
}

static sarn_status act(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static void authorize_is_shown_an_executions_stream(void **unused)
{
    struct sarn_step step = {.id = "act", .run = act};
    struct sarn_workflow workflow = {.name = "errand",
                                     .version = 1,
                                     .steps = &step,
                                     .step_count = 1,
                                     .step_size = sizeof(step)};
    const struct sarn_workflow *const workflows[] = {&workflow};
    struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                 .struct_size = sizeof(module),
                                 .name = "errands",
                                 .version = "1",
                                 .workflows = workflows,
                                 .workflow_count = 1};
    const struct sarn_module *const modules[] = {&module};
    char text[256] = "";
    struct sarn__sim_options options = {.seed = 5, .codec = sarn__memory_codec()};
    struct sarn_start start = SARN_START_INIT;
    struct sarn__sim_outcome out = {0};
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__sim *sim;

    (void)unused;
    options.options.modules = modules;
    options.options.module_count = 1;
    options.options.hooks.arg = text;
    options.options.hooks.authorize = note_stream;
    assert_ok(sarn__sim_create(&options, &sim, &error), &error);
    start.workflow = "errand";
    start.workflow_id = sarn_str("account-1");
    assert_ok(sarn__sim_start(sim, &start, &out, &error), &error);
    sarn__sim_run(sim);
    assert_int_equal(out.status, SARN_ERR_DENIED);
    assert_string_equal(text, "errand-account-1");
    sarn__sim_destroy(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_in_flight_belongs_to_the_request_that_was_decided),
        cmocka_unit_test(a_repeat_from_the_log_has_the_first_ones_correlation_id),
        cmocka_unit_test(a_stream_that_lives_again_in_flight_begins_anew),
        cmocka_unit_test(a_state_that_apply_left_half_way_is_forgotten),
        cmocka_unit_test(apply_is_shown_what_a_replay_would_show_it),
        cmocka_unit_test(everybody_is_answered_when_a_write_is_in_doubt),
        cmocka_unit_test(memory_that_runs_out_anywhere_moves_no_money_twice),
        cmocka_unit_test(authorize_is_shown_an_executions_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
