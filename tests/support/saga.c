#include "support/saga.h"

#include <string.h>

#include "engine/state.h"
#include "infra/memory/codec.h"
#include "sarn/payments.h"
#include "support/executions.h"
#include "support/history.h"

/* --- the world --- */

static struct saga_deed *deed_of(const struct sarn_step_call *call)
{
    struct saga *saga = sarn_step_context(call);
    uint32_t id = (uint32_t)(sarn_step_workflow_id(call).data[0] - '0');
    uint32_t step = (uint32_t)(sarn_step_id(call).data[1] - '0');

    assert_true(id < SAGA_IDS_MAX && step < SAGA_STEPS_MAX);
    return &saga->deeds[id][step];
}

static bool is_step(const struct sarn_step_call *call, int step)
{
    return step >= 0 && sarn_step_id(call).data[1] - '0' == step;
}

/* Serve a request under its key: true, the first time. */
static bool first_time(char seen[128], struct sarn_str key)
{
    char text[128];

    assert_true(key.size > 0 && key.size < sizeof(text));
    memcpy(text, key.data, key.size);
    text[key.size] = '\0';
    if (strcmp(seen, text) == 0) {
        return false;
    }
    assert_string_equal(seen, ""); /* One run of an id: one key. */
    memcpy(seen, text, sizeof(text));
    return true;
}

/* Input and outputs of earlier steps arrive as they were given. */
static void check_sight(const struct sarn_step_call *call)
{
    const struct sarn_str *input = sarn_step_input(call);
    struct saga *saga = sarn_step_context(call);
    int step = sarn_step_id(call).data[1] - '0';

    assert_non_null(input);
    assert_true(input->size > 0);
    for (int i = 0; i < step; i++) {
        const struct sarn_str *output = sarn_step_output_of(call, saga->ids[i]);

        assert_non_null(output);
        assert_true(sarn_str_equal(*output, sarn_str(saga->ids[i])));
    }
    assert_null(sarn_step_output_of(call, "nobody"));
}

static sarn_status give_output(struct sarn_step_call *call)
{
    struct sarn_str id = sarn_step_id(call);

    return sarn_step_output(call, &id);
}

static bool scripted(const struct sarn_step_call *call, const struct saga_deed *deed)
{
    const struct saga *saga = sarn_step_context(call);

    return is_step(call, saga->fail_step) && deed->runs > saga->ok_times &&
           deed->runs - saga->ok_times <= saga->fail_times;
}

static sarn_status run_external(struct sarn_step_call *call)
{
    const struct saga *saga = sarn_step_context(call);
    struct saga_deed *deed = deed_of(call);
    bool repeatable = saga->kinds[sarn_step_id(call).data[1] - '0'] == 'I';

    check_sight(call);
    deed->runs += 1;
    deed->last_attempt = sarn_step_attempt(call);
    assert_int_equal(sarn_step_command(call, NULL), SARN_ERR_STATE);
    if (scripted(call, deed)) {
        return sarn_step_fail(call, saga->fail_code, "no");
    }
    if (!repeatable || first_time(deed->run_key, sarn_step_key(call))) {
        deed->applied += 1;
    }
    return give_output(call);
}

static sarn_status undo_external(struct sarn_step_call *call)
{
    const struct saga *saga = sarn_step_context(call);
    struct saga_deed *deed = deed_of(call);

    deed->undos += 1;
    if (is_step(call, saga->undo_fail_step) && deed->undos <= saga->undo_fail_times) {
        return sarn_step_fail(call, "down", "not now");
    }
    /* A step that may never have run is undone by its key alone. */
    if (first_time(deed->undo_key, sarn_step_key(call)) && deed->applied > 0) {
        deed->applied -= 1;
    }
    return SARN_OK;
}

static sarn_status reconcile(struct sarn_step_call *call)
{
    const struct saga *saga = sarn_step_context(call);
    struct saga_deed *deed = deed_of(call);

    deed->asked += 1;
    if (saga->forgetful) {
        return SARN_OK;
    }
    sarn_step_set_fate(call, deed->applied > 0 ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return deed->applied > 0 ? give_output(call) : SARN_OK;
}

static sarn_status
command(struct sarn_step_call *call, const struct sarn_type *type, const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    char stream[32];

    snprintf(stream, sizeof(stream), "account-%.*s",
             (int)sarn_step_workflow_id(call).size, sarn_step_workflow_id(call).data);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    return sarn_step_command(call, &command);
}

#define ONE .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_CZK}

/* Fails after it has written something, which must not stay. */
static sarn_status run_local(struct sarn_step_call *call)
{
    const struct saga *saga = sarn_step_context(call);
    struct saga_deed *deed = deed_of(call);
    sarn_status status =
        command(call, &payments_open_account_type,
                &(struct payments_open_account){.currency = PAYMENTS_CURRENCY_CZK,
                                                .overdraft_unlimited = true});

    check_sight(call);
    deed->runs += 1;
    if (status == SARN_OK) {
        status = command(call, &payments_credit_type, &(struct payments_credit){ONE});
    }
    if (status == SARN_OK && scripted(call, deed)) {
        return sarn_step_fail(call, saga->fail_code, "no");
    }
    return status == SARN_OK ? give_output(call) : status;
}

static sarn_status undo_local(struct sarn_step_call *call)
{
    const struct saga *saga = sarn_step_context(call);
    struct saga_deed *deed = deed_of(call);

    deed->undos += 1;
    if (is_step(call, saga->undo_fail_step) && deed->undos <= saga->undo_fail_times) {
        return sarn_step_fail(call, "down", "not now");
    }
    return command(call, &payments_debit_type, &(struct payments_debit){ONE});
}

/* --- the workflow --- */

static void make_step(struct saga *saga, uint32_t index)
{
    char kind = saga->kinds[index];
    bool local = kind == 'L';

    snprintf(saga->ids[index], sizeof(saga->ids[index]), "s%u", index);
    saga->steps[index] =
        (struct sarn_step){.id = saga->ids[index],
                           .run = local ? run_local : run_external,
                           .compensate = local ? undo_local : undo_external,
                           .kind = local ? SARN_STEP_LOCAL : SARN_STEP_EXTERNAL,
                           .flags = kind == 'I' ? SARN_STEP_IDEMPOTENT : 0,
                           .reconcile = kind == 'E' ? reconcile : NULL,
                           .output = &sarn_bytes_type};
}

static void make_module(struct saga *saga)
{
    uint32_t count = (uint32_t)strlen(saga->kinds);

    assert_true(count > 0 && count <= SAGA_STEPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        make_step(saga, i);
    }
    saga->workflow = (struct sarn_workflow){.name = "saga",
                                            .version = 1,
                                            .input = &sarn_bytes_type,
                                            .steps = saga->steps,
                                            .step_count = count,
                                            .step_size = sizeof(saga->steps[0])};
    saga->workflows[0] = &saga->workflow;
    saga->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                        .struct_size = sizeof(saga->module),
                                        .name = "saga",
                                        .version = "1",
                                        .workflows = saga->workflows,
                                        .workflow_count = 1};
    saga->modules[0] = &sarn_payments_module;
    saga->modules[1] = &saga->module;
}

void saga_open(struct saga *saga,
               const char *kinds,
               uint64_t seed,
               const struct sarn_options *options)
{
    struct sarn__sim_options sim = {.seed = seed, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    *saga = (struct saga){.kinds = kinds,
                          .fail_step = -1,
                          .undo_fail_step = -1,
                          .fail_times = UINT32_MAX,
                          .undo_fail_times = UINT32_MAX};
    make_module(saga);
    saga->arena = sarn_arena_create(NULL);
    assert_non_null(saga->arena);
    if (options != NULL) {
        sim.options = *options;
    }
    sim.options.modules = saga->modules;
    sim.options.module_count = 2;
    sim.options.context = saga;
    if (sarn__sim_create(&sim, &saga->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

void saga_close(struct saga *saga)
{
    sarn_engine *engine = sarn__sim_engine(saga->sim);

    if (engine != NULL && engine->stopped == SARN_OK) {
        sarn__engine_settle(engine);
        executions_check_counts(sarn__engine_log(engine));
    }
    sarn__sim_destroy(saga->sim);
    sarn_arena_destroy(saga->arena);
}

/* --- running --- */

void saga_send(struct saga *saga,
               const char *id,
               const char *input,
               uint32_t flags,
               struct sarn__sim_outcome *out)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_str text = sarn_str(input);
    struct sarn_error error = {SARN_OK, ""};

    start.flags = flags;
    start.workflow = "saga";
    start.workflow_id = sarn_str(id);
    start.input = &text;
    memset(out, 0, sizeof(*out));
    if (sarn__sim_start(saga->sim, &start, out, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

const char *saga_describe(struct saga *saga, const struct sarn__sim_outcome *out)
{
    const char *name = out->status == SARN_OK                ? "ok"
                       : out->status == SARN_ERR_COMPENSATED ? "compensated"
                       : out->status == SARN_ERR_PARKED      ? "parked"
                                                             : "failed";

    assert_int_equal(out->answers, 1);
    snprintf(saga->text, sizeof(saga->text), "%s%s%s%s", name,
             out->status == SARN_OK ? "" : ": ",
             out->status == SARN_OK ? "" : out->text, out->repeated ? " repeated" : "");
    return saga->text;
}

const char *saga_do(struct saga *saga, const char *id)
{
    struct sarn__sim_outcome out;

    saga_send(saga, id, "input", 0, &out);
    sarn__sim_run(saga->sim);
    return saga_describe(saga, &out);
}

/* --- looking --- */

static void say(struct saga *saga, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct saga *saga, const char *format, ...)
{
    size_t used = strlen(saga->text);
    va_list list;

    va_start(list, format);
    vsnprintf(saga->text + used, sizeof(saga->text) - used, format, list);
    va_end(list);
    assert_true(strlen(saga->text) + 1 < sizeof(saga->text));
}

const char *saga_history(struct saga *saga, const char *id)
{
    char stream[32];

    snprintf(stream, sizeof(stream), "saga-%s", id);
    sarn__settle_fold(sarn__sim_engine(saga->sim));
    history_of(sarn__engine_log(sarn__sim_engine(saga->sim)), sarn_str(stream),
               saga->text, sizeof(saga->text));
    return saga->text;
}

static sarn_status
ask(struct saga *saga, const char *id, struct sarn_execution_info *info)
{
    const struct sarn_str name = SARN_STR("saga");

    return sarn__engine_execution(sarn__sim_engine(saga->sim), 0, name, sarn_str(id),
                                  saga->arena, info, NULL);
}

const char *saga_info(struct saga *saga, const char *id)
{
    static const char *const names[] = {"",          "running",     "compensating",
                                        "completed", "compensated", "parked"};
    struct sarn_execution_info info;
    sarn_status status = ask(saga, id, &info);

    saga->text[0] = '\0';
    if (status != SARN_OK) {
        say(saga, "%s", sarn_status_text(status));
        return saga->text;
    }
    say(saga, "%s, %" PRIu32 " done", names[info.status], info.steps_done);
    if (info.step.size > 0) {
        say(saga, ", at %.*s", (int)info.step.size, info.step.data);
    }
    if (info.text.size > 0) {
        say(saga, ": %.*s", (int)info.text.size, info.text.data);
    }
    return saga->text;
}

static sarn_status
take_balance(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    const struct payments_account *account = state;
    int64_t *balance = arg;

    (void)stream;
    *balance = version < 0 ? 0 : account->balance;
    return SARN_OK;
}

int64_t saga_local_sum(struct saga *saga, const char *id)
{
    char stream[32];
    struct sarn_str name;
    int64_t balance = -1;

    snprintf(stream, sizeof(stream), "account-%s", id);
    name = sarn_str(stream);
    assert_int_equal(sarn__engine_load(sarn__sim_engine(saga->sim), 0, &name, 1,
                                       take_balance, &balance, NULL),
                     SARN_OK);
    return balance;
}

uint64_t saga_commits(struct saga *saga)
{
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};

    sarn__engine_stats(sarn__sim_engine(saga->sim), &stats);
    return stats.commits;
}

void saga_check(struct saga *saga, const char *id, bool may_park, const char *what)
{
    struct sarn__sim_outcome out;
    int64_t locals = 0;
    int32_t stands = 0;

    saga_send(saga, id, "input", 0, &out);
    sarn__sim_run(saga->sim);
    if (out.status == SARN_ERR_PARKED && may_park) {
        return;
    }
    if (out.answers != 1 ||
        (out.status != SARN_OK && out.status != SARN_ERR_COMPENSATED)) {
        fail_msg("%s: %u answers, %s: %s\n%s", what, out.answers,
                 sarn_status_text(out.status), out.text, saga_history(saga, id));
    }
    stands = out.status == SARN_OK ? 1 : 0;
    for (uint32_t i = 0; i < saga->workflow.step_count; i++) {
        const struct saga_deed *deed = &saga->deeds[id[0] - '0'][i];

        if (saga->kinds[i] == 'L') {
            locals += stands;
        } else if (deed->applied != stands) {
            fail_msg("%s: step %u stands %d times and not %d\n%s", what, i,
                     deed->applied, stands, saga_history(saga, id));
        }
    }
    if (saga_local_sum(saga, id) != locals) {
        fail_msg("%s: local steps stand %" PRId64 " times and not %" PRId64 "\n%s",
                 what, saga_local_sum(saga, id), locals, saga_history(saga, id));
    }
}
