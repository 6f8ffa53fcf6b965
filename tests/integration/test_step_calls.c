/* What a step's function sees and may say. */
#include <string.h>

#include "infra/memory/codec.h"
#include "infra/memory/sim.h"
#include "sarn/payments.h"
#include "sarn/workflow.h"
#include "support/test.h"

/* One step under test, whose function is the test's. */
struct fixture {
    struct sarn__sim *sim;
    struct sarn_step steps[2];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
    const struct sarn_module *modules[2];
    char said[512];
    struct sarn__sim_outcome out;
};

static sarn_status well(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status badly(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "always", "it always fails");
}

static void
open_fixture(struct fixture *f, struct sarn_step first, struct sarn_step second)
{
    struct sarn__sim_options sim = {.codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    *f = (struct fixture){.steps = {first, second}};
    f->workflow = (struct sarn_workflow){.name = "w",
                                         .version = 1,
                                         .steps = f->steps,
                                         .step_count = second.id == NULL ? 1 : 2,
                                         .step_size = sizeof(f->steps[0])};
    f->workflows[0] = &f->workflow;
    f->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                     .struct_size = sizeof(f->module),
                                     .name = "steps",
                                     .version = "1",
                                     .workflows = f->workflows,
                                     .workflow_count = 1};
    f->modules[0] = &sarn_payments_module;
    f->modules[1] = &f->module;
    sim.options.modules = f->modules;
    sim.options.module_count = 2;
    sim.options.context = f;
    if (sarn__sim_create(&sim, &f->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

static void close_fixture(struct fixture *f)
{
    sarn__sim_destroy(f->sim);
}

/* Run an execution to its end; what its steps said is in said, and how it ended is
 * returned. */
static const char *run(struct fixture *f, const char *id)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error = {SARN_OK, ""};

    start.workflow = "w";
    start.workflow_id = sarn_str(id);
    f->said[0] = '\0';
    memset(&f->out, 0, sizeof(f->out));
    if (sarn__sim_start(f->sim, &start, &f->out, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    sarn__sim_run(f->sim);
    assert_int_equal(f->out.answers, 1);
    return f->out.text;
}

static void say(const struct sarn_step_call *call, const char *format, ...)
    SARN_PRINTF(2, 3);

static void say(const struct sarn_step_call *call, const char *format, ...)
{
    struct fixture *f = sarn_step_context(call);
    size_t used = strlen(f->said);
    va_list list;

    va_start(list, format);
    vsnprintf(f->said + used, sizeof(f->said) - used, format, list);
    va_end(list);
}

/* --- what it sees --- */

static sarn_status tell_key(struct sarn_step_call *call)
{
    struct sarn_str key = sarn_step_key(call), id = sarn_step_id(call),
                    workflow_id = sarn_step_workflow_id(call);

    assert_null(sarn_step_input(call));
    assert_null(sarn_step_output_of(call, "a"));
    assert_true(sarn_str_equal(workflow_id, sarn_str("x")));
    /* The run's id, a UUID, and then what is stable. */
    say(call, "%.*s#%u:%.*s ", (int)id.size, id.data, sarn_step_attempt(call),
        (int)key.size - 36, key.data + 36);
    return sarn_step_attempt(call) == 2 ? SARN_OK : SARN_ERR_TIMEOUT;
}

static void the_key_is_the_attempts_one_and_the_compensations_other(void **unused)
{
    struct fixture f;

    (void)unused;
    open_fixture(&f,
                 (struct sarn_step){.id = "a", .run = tell_key, .compensate = tell_key},
                 (struct sarn_step){.id = "b", .run = badly, .kind = SARN_STEP_LOCAL});
    assert_string_equal(run(&f, "x"), "it always fails");
    assert_int_equal(f.out.status, SARN_ERR_COMPENSATED);
    assert_string_equal(f.said, "a#1:/run/a a#2:/run/a a#1:/compensate/a "
                                "a#2:/compensate/a ");
    close_fixture(&f);
}

static sarn_status no_words(struct sarn_step_call *call)
{
    (void)call;
    return SARN_ERR_TIMEOUT;
}

static sarn_status strange_words(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "c\xc3", "caf\xc3\xa9 is fine, \xff is not");
}

static sarn_status long_words(struct sarn_step_call *call)
{
    char text[400];

    memset(text, 'x', sizeof(text));
    memcpy(text + 252, "\xe2\x82\xac", 3); /* Cut in the middle of a character. */
    text[399] = '\0';
    return sarn_step_fail(call, text, "%s", text);
}

static sarn_status no_code(struct sarn_step_call *call)
{
    return sarn_step_fail(call, NULL, "why");
}

static void a_failure_is_told_whatever_its_words_are(void **unused)
{
    static const struct {
        sarn_step_fn *run;
        const char *text;
    } rows[] = {
        {no_words, "timed out"},
        {strange_words, "caf?? is fine, ? is not"},
        {long_words, NULL},
        {no_code, "why"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;

        open_fixture(&f, (struct sarn_step){.id = "a", .run = rows[i].run},
                     (struct sarn_step){0});
        (void)run(&f, "x");
        assert_int_equal(f.out.status, SARN_ERR_COMPENSATED);
        if (rows[i].text != NULL) {
            assert_string_equal(f.out.text, rows[i].text);
        } else {
            assert_int_equal(strlen(f.out.text), SARN_ERROR_TEXT_BYTES - 1);
        }
        close_fixture(&f);
    }
}

/* --- outputs --- */

static sarn_status give_two(struct sarn_step_call *call)
{
    struct sarn_str first = SARN_STR("first"), second = SARN_STR("second");

    assert_int_equal(sarn_step_output(call, &first), SARN_OK);
    return sarn_step_output(call, &second); /* The last counts. */
}

static sarn_status give_undeclared(struct sarn_step_call *call)
{
    struct sarn_str output = SARN_STR("output");

    say(call, "%s; ", sarn_status_text(sarn_step_output(call, &output)));
    sarn_step_set_fate(call, SARN_STEP_DONE); /* Only reconcile may: no effect. */
    return SARN_OK;
}

static sarn_status see_own_output(struct sarn_step_call *call)
{
    const struct sarn_str *output = sarn_step_output_of(call, "a");

    say(call, "undo sees %.*s; ", (int)output->size, output->data);
    assert_ptr_equal(output, sarn_step_output_of(call, "a"));
    return give_undeclared(call);
}

static void
outputs_are_for_later_steps_and_for_the_steps_own_compensation(void **unused)
{
    struct fixture f;

    (void)unused;
    open_fixture(&f,
                 (struct sarn_step){.id = "a",
                                    .run = give_two,
                                    .compensate = see_own_output,
                                    .output = &sarn_bytes_type},
                 (struct sarn_step){.id = "b", .run = badly, .kind = SARN_STEP_LOCAL});
    (void)run(&f, "x");
    assert_string_equal(f.said, "undo sees second; does not fit the schema; ");
    close_fixture(&f);
    open_fixture(&f, (struct sarn_step){.id = "a", .run = give_undeclared},
                 (struct sarn_step){0});
    (void)run(&f, "x");
    assert_int_equal(f.out.status, SARN_OK);
    assert_string_equal(f.said, "does not fit the schema; ");
    close_fixture(&f);
}

static sarn_status go_nowhere(struct sarn_step_call *call)
{
    return sarn_step_next(call, "nowhere");
}

static sarn_status give_nothing(struct sarn_step_call *call)
{
    return sarn_step_output(call, NULL);
}

static void what_a_step_is_refused_is_why_it_has_failed(void **unused)
{
    struct fixture f;

    (void)unused;
    open_fixture(
        &f, (struct sarn_step){.id = "a", .run = go_nowhere, .kind = SARN_STEP_LOCAL},
        (struct sarn_step){0});
    (void)run(&f, "x");
    assert_string_equal(f.out.text, "there is no step \"nowhere\" to go on with");
    close_fixture(&f);
    open_fixture(&f,
                 (struct sarn_step){.id = "a",
                                    .run = give_nothing,
                                    .kind = SARN_STEP_LOCAL,
                                    .output = &sarn_bytes_type},
                 (struct sarn_step){0});
    (void)run(&f, "x");
    assert_string_equal(f.out.text, "no bytes was handed over");
    close_fixture(&f);
    open_fixture(
        &f, (struct sarn_step){.id = "a", .run = give_nothing, .kind = SARN_STEP_LOCAL},
        (struct sarn_step){0});
    (void)run(&f, "x");
    assert_string_equal(f.out.text, "what has no type declared was handed over");
    close_fixture(&f);
}

/* --- what it says besides --- */

static sarn_status say_everything(struct sarn_step_call *call)
{
    char name[] = "attribute 0", long_text[SARN_ATTRIBUTE_BYTES_MAX + 1];
    const struct sarn_str value = SARN_STR("v"), none = SARN_STR("");
    const struct sarn_str long_str = {long_text, sizeof(long_text)};
    const struct sarn_str broken = SARN_STR("\xff");
    struct sarn_str id;

    memset(long_text, 'x', sizeof(long_text));
    assert_int_equal(sarn_step_attribute(call, none, value), SARN_ERR_INVALID);
    assert_int_equal(sarn_step_attribute(call, broken, value), SARN_ERR_INVALID);
    assert_int_equal(sarn_step_attribute(call, long_str, value), SARN_ERR_TOO_LARGE);
    assert_int_equal(sarn_step_attribute(call, value, long_str), SARN_ERR_TOO_LARGE);
    for (uint32_t i = 0; i < SARN_ATTRIBUTES_MAX; i++) {
        name[10] = (char)('a' + i);
        assert_int_equal(sarn_step_attribute(call, sarn_str(name), value), SARN_OK);
    }
    assert_int_equal(sarn_step_attribute(call, sarn_str(name), none), SARN_OK);
    assert_int_equal(sarn_step_attribute(call, value, value), SARN_ERR_TOO_LARGE);

    assert_int_equal(sarn_step_next(call, "nowhere"), SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn_step_wait_until(call, 1), SARN_ERR_STATE);
    assert_int_equal(sarn_step_child(call, value, NULL), SARN_ERR_STATE);
    assert_int_equal(sarn_step_promise(call, "a", &id), SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn_step_continue_as_new(call, &value), SARN_ERR_SCHEMA);
    assert_null(sarn_step_message(call, "nothing"));
    assert_null(sarn_step_argument(call));
    assert_int_equal(sarn_step_heartbeat(call), SARN_OK);
    assert_true(sarn_step_now_us(call) > 0);
    assert_true(sarn_step_now_us(call) == sarn_step_now_us(call));
    say(call, "visit %u; ", sarn_step_visit(call));
    return SARN_OK;
}

static sarn_status say_what_only_run_may(struct sarn_step_call *call)
{
    const struct sarn_str name = SARN_STR("n"), value = SARN_STR("v");

    assert_int_equal(sarn_step_attribute(call, name, value), SARN_ERR_STATE);
    assert_int_equal(sarn_step_next(call, "b"), SARN_ERR_STATE);
    assert_int_equal(sarn_step_continue_as_new(call, NULL), SARN_ERR_STATE);
    assert_int_equal(sarn_step_wait_until(call, 1), SARN_ERR_STATE);
    assert_int_equal(sarn_step_child(call, value, NULL), SARN_ERR_STATE);
    say(call, "undone; ");
    return SARN_OK;
}

static void what_a_step_may_say_is_checked_when_it_says_it(void **unused)
{
    struct fixture f;

    (void)unused;
    for (uint32_t local = 0; local < 2; local++) {
        open_fixture(
            &f,
            (struct sarn_step){.id = "a",
                               .run = say_everything,
                               .compensate = say_what_only_run_may,
                               .kind = local ? SARN_STEP_LOCAL : SARN_STEP_EXTERNAL},
            (struct sarn_step){.id = "b", .run = badly, .kind = SARN_STEP_LOCAL});
        (void)run(&f, "x");
        assert_string_equal(f.said, "visit 1; undone; ");
        close_fixture(&f);
    }
}

/* --- the result --- */

struct heard {
    uint32_t answers;
    sarn_status status;
    char output[32];
};

static void hear(void *arg, const struct sarn_reply *reply)
{
    struct heard *heard = arg;
    const struct sarn_str *output = reply->output;

    heard->answers += 1;
    heard->status = reply->status;
    if (output != NULL) {
        assert_ptr_equal(reply->output_type, &sarn_bytes_type);
        snprintf(heard->output, sizeof(heard->output), "%.*s", (int)output->size,
                 output->data);
    }
}

static sarn_status give_id(struct sarn_step_call *call)
{
    struct sarn_str id = sarn_step_id(call);

    return sarn_step_output(call, &id);
}

static void who_waits_for_the_end_gets_the_result(void **unused)
{
    const struct sarn_step a = {.id = "a", .run = give_id, .output = &sarn_bytes_type};
    struct sarn_start start = SARN_START_INIT;
    struct fixture f;

    (void)unused;
    start.workflow = "w";
    start.workflow_id = sarn_str("x");
    for (int fails = 0; fails < 2; fails++) {
        open_fixture(&f, a,
                     (struct sarn_step){.id = "b",
                                        .run = fails != 0 ? badly : well,
                                        .kind = SARN_STEP_LOCAL});
        f.workflow.result = "a";
        for (int again = 0; again < 2; again++) { /* And who asks later. */
            struct sarn__request *request = NULL;
            struct sarn__sim_outcome ignored = {.answers = 0};
            struct heard heard = {.answers = 0};

            assert_int_equal(
                sarn__request_start(sarn__sim_engine(f.sim), &start, &request, NULL),
                SARN_OK);
            sarn__sim_request(f.sim, request, &ignored);
            request->reply = hear;
            request->reply_arg = &heard;
            sarn__sim_run(f.sim);
            assert_int_equal(heard.answers, 1);
            assert_int_equal(heard.status, fails ? SARN_ERR_COMPENSATED : SARN_OK);
            assert_string_equal(heard.output, fails ? "" : "a");
        }
        close_fixture(&f);
    }
}

/* --- commands of a local step --- */

static sarn_status
send(struct sarn_step_call *call, const struct sarn_command *command, const char *what)
{
    sarn_status status = sarn_step_command(call, command);

    say(call, "%s: %s; ", what, sarn_status_text(status));
    return status;
}

static sarn_status send_wrong_commands(struct sarn_step_call *call)
{
    struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    struct payments_debit debit = {.amount = {1, PAYMENTS_CURRENCY_CZK}};
    struct sarn_command right = SARN_COMMAND_INIT, wrong;
    sarn_status last;

    right.stream = sarn_str("account-1");
    right.type = &payments_open_account_type;
    right.data = &open;
    right.tenant = 9; /* A step stays in its execution's tenant. */
    wrong = right;
    wrong.key = sarn_str("key");
    (void)!send(call, &wrong, "key");
    wrong = right;
    wrong.flags = SARN_DRY_RUN;
    (void)!send(call, &wrong, "dry run");
    wrong = right;
    wrong.struct_size = 0;
    (void)!send(call, &wrong, "size");
    wrong = right;
    wrong.stream = sarn_str("nobody-1");
    (void)!send(call, &wrong, "stream");
    wrong = right;
    wrong.expected_version = 3;
    (void)!send(call, &wrong, "version");
    (void)!send(call, &right, "right");
    wrong = right;
    wrong.type = &payments_debit_type;
    wrong.data = &debit;
    last = send(call, &wrong, "debit");
    /* A step may take no for an answer, or fail with it. */
    return sarn_str_equal(sarn_step_workflow_id(call), sarn_str("fails")) ? last
                                                                          : SARN_OK;
}

static sarn_status
take_version(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    (void)stream;
    (void)state;
    *(int64_t *)arg = version;
    return SARN_OK;
}

static int64_t version_of(struct fixture *f, uint32_t tenant)
{
    const struct sarn_str stream = SARN_STR("account-1");
    int64_t version = 77;

    assert_int_equal(sarn__engine_load(sarn__sim_engine(f->sim), tenant, &stream, 1,
                                       take_version, &version, NULL),
                     SARN_OK);
    return version;
}

static void a_local_step_sends_commands_and_hears_at_once(void **unused)
{
    static const char said[] =
        "key: invalid argument; dry run: invalid argument; size: invalid argument; "
        "stream: not found; version: wrong expected version; right: ok; debit: command "
        "rejected; ";
    struct fixture f;

    (void)unused;
    open_fixture(&f,
                 (struct sarn_step){
                     .id = "a", .run = send_wrong_commands, .kind = SARN_STEP_LOCAL},
                 (struct sarn_step){0});
    /* The words of the command are the step's. */
    assert_non_null(strstr(run(&f, "fails"), "account-1"));
    assert_int_equal(f.out.status, SARN_ERR_COMPENSATED);
    assert_string_equal(f.said, said);
    assert_int_equal(version_of(&f, 0), -1); /* And what it wrote is undone. */
    (void)run(&f, "goes on");
    assert_int_equal(f.out.status, SARN_OK);
    assert_int_equal(version_of(&f, 0), 0);
    assert_int_equal(version_of(&f, 9), -1);
    close_fixture(&f);
}

static sarn_status out_of_memory_once(struct sarn_step_call *call)
{
    struct fixture *f = sarn_step_context(call);
    bool first = f->said[0] == '\0';

    say(call, "x");
    return first ? SARN_ERR_NOMEM : SARN_OK;
}

static void an_outage_in_a_local_step_is_no_answer(void **unused)
{
    struct fixture f;

    (void)unused;
    /* At the beginning, the start fails; later, the step is tried again. */
    open_fixture(&f,
                 (struct sarn_step){
                     .id = "a", .run = out_of_memory_once, .kind = SARN_STEP_LOCAL},
                 (struct sarn_step){0});
    (void)run(&f, "x");
    assert_int_equal(f.out.status, SARN_ERR_NOMEM);
    close_fixture(&f);
    open_fixture(&f, (struct sarn_step){.id = "a", .run = well},
                 (struct sarn_step){
                     .id = "b", .run = out_of_memory_once, .kind = SARN_STEP_LOCAL});
    (void)run(&f, "x");
    assert_int_equal(f.out.status, SARN_OK);
    assert_string_equal(f.said, "xx");
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_the_attempts_one_and_the_compensations_other),
        cmocka_unit_test(a_failure_is_told_whatever_its_words_are),
        cmocka_unit_test(
            outputs_are_for_later_steps_and_for_the_steps_own_compensation),
        cmocka_unit_test(what_a_step_is_refused_is_why_it_has_failed),
        cmocka_unit_test(what_a_step_may_say_is_checked_when_it_says_it),
        cmocka_unit_test(who_waits_for_the_end_gets_the_result),
        cmocka_unit_test(a_local_step_sends_commands_and_hears_at_once),
        cmocka_unit_test(an_outage_in_a_local_step_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
