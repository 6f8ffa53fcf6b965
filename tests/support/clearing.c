#include "support/clearing.h"

#include <string.h>

#include "infra/memory/codec.h"
#include "modules/compliance/profile.h"

#define CURRENCY PAYMENTS_CURRENCY_CZK
#define DAY_US   INT64_C(86400000000)
/* The day that the order says, whenever it is. */
#define VALUE_US INT64_C(725846400000000)
#define VALUE    19930101u

/* --- the office --- */

static sarn_status take(struct clearing_office *office,
                        const struct sarn_transaction_notice *notice,
                        const char *what,
                        uint32_t *refuse)
{
    snprintf(office->last, sizeof(office->last),
             "%s %.*s: %.*s to %.*s, %" PRId64 ", try %u", what,
             (int)notice->workflow_id.size, notice->workflow_id.data,
             (int)notice->order->from_account.size, notice->order->from_account.data,
             (int)notice->order->to_account.size, notice->order->to_account.data,
             notice->order->amount.minor, notice->attempt);
    assert_true(notice->key.size > 0);
    if (*refuse > 0) {
        *refuse -= 1;
        return SARN_ERR_BUSY;
    }
    return SARN_OK;
}

static sarn_status take_notice(struct sarn_financial_transaction_context *context,
                               const struct sarn_transaction_notice *notice)
{
    struct clearing_office *office = (struct clearing_office *)context;

    office->notices += 1;
    return take(office, notice, "notice", &office->refuse);
}

static sarn_status take_retraction(struct sarn_financial_transaction_context *context,
                                   const struct sarn_transaction_notice *notice)
{
    struct clearing_office *office = (struct clearing_office *)context;

    office->retractions += 1;
    return take(office, notice, "retraction", &office->refuse_retractions);
}

/* --- open and close --- */

void clearing_init(struct clearing *clearing)
{
    const struct sarn_workflow *original =
        sarn_financial_transaction_module.workflows[0];

    *clearing = (struct clearing){
        .office = {.context = {.transfers = {.struct_size = sizeof(
                                                 clearing->office.context.transfers)},
                               .struct_size = sizeof(clearing->office.context),
                               .notify = take_notice,
                               .retract = take_retraction}},
        .workflow = *original,
        .module = sarn_financial_transaction_module,
        .modules = {&sarn_users_module, &sarn_compliance_module, &sarn_payments_module,
                    &sarn_analytics_module, &sarn_notifications_module}};
    assert_true(original->step_count <= CLEARING_STEPS_MAX);
    memcpy(clearing->steps, original->steps,
           original->step_count * sizeof(clearing->steps[0]));
    clearing->workflow.steps = clearing->steps;
    clearing->workflows[0] = &clearing->workflow;
    clearing->module.workflows = clearing->workflows;
    clearing->modules[5] = &clearing->module;
}

struct sarn_step *clearing_step(struct clearing *clearing, const char *id)
{
    for (uint32_t i = 0; i < clearing->workflow.step_count; i++) {
        if (strcmp(clearing->steps[i].id, id) == 0) {
            return &clearing->steps[i];
        }
    }
    fail_msg("there is no step %s", id);
    return NULL;
}

static void set_up_user(struct clearing *clearing)
{
    const struct users_register enroll = {.name = SARN_STR("Jana")};
    const struct users_verify verify = {.level = USERS_LEVEL_FULL};
    const struct users_add_account account = {.account = SARN_STR("a")};
    const struct compliance_set_limits limits = {.limits = {.transaction = 1000,
                                                            .window_sum = 5000,
                                                            .window_us = DAY_US,
                                                            .window_count = 10,
                                                            .currency = CURRENCY}};

    assert_int_equal(
        clearing_send(clearing, "user", "u", &users_register_type, &enroll), SARN_OK);
    assert_int_equal(clearing_send(clearing, "user", "u", &users_verify_type, &verify),
                     SARN_OK);
    assert_int_equal(
        clearing_send(clearing, "user", "u", &users_add_account_type, &account),
        SARN_OK);
    assert_int_equal(clearing_send(clearing, "compliance", "u",
                                   &compliance_set_limits_type, &limits),
                     SARN_OK);
}

void clearing_open(struct clearing *clearing, uint64_t seed)
{
    struct sarn__sim_options options = {.seed = seed, .codec = sarn__memory_codec()};
    const struct payments_open_account open = {.currency = CURRENCY};
    const struct payments_credit credit = {
        .amount = {.minor = 10000, .currency = CURRENCY}};
    struct sarn_error error = {SARN_OK, ""};

    options.options.modules = clearing->modules;
    options.options.module_count = 6;
    options.options.context = &clearing->office;
    if (sarn__sim_create(&options, &clearing->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    set_up_user(clearing);
    assert_int_equal(
        clearing_send(clearing, "account", "a", &payments_open_account_type, &open),
        SARN_OK);
    assert_int_equal(
        clearing_send(clearing, "account", "b", &payments_open_account_type, &open),
        SARN_OK);
    assert_int_equal(
        clearing_send(clearing, "account", "a", &payments_credit_type, &credit),
        SARN_OK);
}

void clearing_close(struct clearing *clearing)
{
    sarn__sim_destroy(clearing->sim);
}

void clearing_crash(struct clearing *clearing)
{
    struct sarn_error error = {SARN_OK, ""};

    if (sarn__sim_crash_reopen(clearing->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

/* --- what is asked for --- */

void clearing_settle(struct clearing *clearing)
{
    while (sarn__sim_move(clearing->sim)) {
    }
}

sarn_status clearing_send(struct clearing *clearing,
                          const char *category,
                          const char *id,
                          const struct sarn_type *type,
                          const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn__sim_outcome outcome = {0};
    char stream[64];

    snprintf(stream, sizeof(stream), "%s-%s", category, id);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    assert_int_equal(sarn__sim_submit(clearing->sim, &command, &outcome, NULL),
                     SARN_OK);
    clearing_settle(clearing);
    assert_int_equal(outcome.answers, 1);
    return outcome.status;
}

void clearing_list(struct clearing *clearing, const char *subject)
{
    const struct compliance_list list = {.source = SARN_STR("EU")};

    assert_int_equal(
        clearing_send(clearing, "sanction", subject, &compliance_list_type, &list),
        SARN_OK);
}

struct transactions_order clearing_order(int64_t minor)
{
    return (struct transactions_order){.user = SARN_STR("u"),
                                       .from_account = SARN_STR("a"),
                                       .to_account = SARN_STR("b"),
                                       .amount = {.minor = minor, .currency = CURRENCY},
                                       .kind = ANALYTICS_KIND_TRANSFER,
                                       .payee = SARN_STR("Petr Dvorak"),
                                       .reference = SARN_STR("r-1"),
                                       .text = SARN_STR("rent"),
                                       .value_us = VALUE_US};
}

void clearing_begin(struct clearing *clearing,
                    const char *id,
                    const struct transactions_order *order,
                    struct sarn__sim_outcome *outcome)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error = {SARN_OK, ""};

    *outcome = (struct sarn__sim_outcome){0};
    start.workflow = "financial_transaction";
    start.workflow_id = sarn_str(id);
    start.input = order;
    if (sarn__sim_start(clearing->sim, &start, outcome, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

static sarn_status tell(struct clearing *clearing, const struct sarn_control *control)
{
    struct sarn__request *request = NULL;
    struct sarn__sim_outcome outcome = {0};
    struct sarn_error error = {SARN_OK, ""};

    if (sarn__request_control(sarn__sim_engine(clearing->sim), control, &request,
                              &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    sarn__sim_request(clearing->sim, request, &outcome);
    clearing_settle(clearing);
    assert_int_equal(outcome.answers, 1);
    return outcome.status;
}

sarn_status clearing_review(struct clearing *clearing,
                            const char *id,
                            bool approved,
                            const char *by)
{
    const struct transactions_decision decision = {
        .approved = approved, .by = sarn_str(by), .reason = SARN_STR("asked the user")};
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("financial_transaction");
    control.workflow_id = sarn_str(id);
    control.name = sarn_str("review");
    control.data = &decision;
    control.actor = sarn_str(by);
    return tell(clearing, &control);
}

sarn_status clearing_cancel(struct clearing *clearing, const char *id)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_CANCEL;
    control.workflow = sarn_str("financial_transaction");
    control.workflow_id = sarn_str(id);
    control.actor = sarn_str("u");
    control.reason = sarn_str("changed my mind");
    return tell(clearing, &control);
}

const char *clearing_describe(struct clearing *clearing,
                              const struct sarn__sim_outcome *outcome)
{
    assert_int_equal(outcome->answers, 1);
    snprintf(clearing->text, sizeof(clearing->text), "%s%s%s%s",
             sarn_status_text(outcome->status), outcome->text[0] != '\0' ? ": " : "",
             outcome->text, outcome->repeated ? " (repeated)" : "");
    return clearing->text;
}

const char *clearing_do(struct clearing *clearing, const char *id, int64_t minor)
{
    const struct transactions_order order = clearing_order(minor);
    struct sarn__sim_outcome outcome;

    clearing_begin(clearing, id, &order, &outcome);
    sarn__sim_run(clearing->sim);
    return clearing_describe(clearing, &outcome);
}

/* --- what is known afterwards --- */

struct found {
    struct clearing *clearing;
    char *text;
    size_t size;
};

static void describe_account(struct found *found,
                             const struct payments_account *account)
{
    snprintf(found->text, found->size, "%" PRId64, account->balance);
    if (account->reserved != 0) {
        snprintf(found->text + strlen(found->text), found->size - strlen(found->text),
                 " (%" PRId64 " reserved)", account->reserved);
    }
}

static sarn_status
describe(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    struct found *found = arg;
    size_t used = strlen(found->clearing->text);

    (void)version;
    found->text = found->clearing->text + used;
    found->size = sizeof(found->clearing->text) - used;
    if (strncmp(stream.data, "account-", 8) == 0) {
        snprintf(found->text, found->size, "%s%c ", used == 0 ? "" : ", ",
                 stream.data[8]);
        found->size -= strlen(found->text);
        found->text += strlen(found->text);
        describe_account(found, state);
    } else if (strncmp(stream.data, "compliance-", 11) == 0) {
        struct sarn__in_window window =
            sarn__window_total(state, sarn__sim_now_us(found->clearing->sim));

        snprintf(found->text, found->size, ", window %u of %" PRId64 ", %u under way",
                 window.count, window.sum, sarn__screening_count(state));
    } else if (strncmp(stream.data, "activity-", 9) == 0) {
        const struct analytics_activity *activity = state;

        snprintf(found->text, found->size, ", day %u of %" PRId64, activity->count,
                 activity->sum);
    } else {
        static const char *const words[] = {"none", "queued", "sent", "failed",
                                            "cancelled"};

        snprintf(found->text, found->size, ", notice %s",
                 words[((const struct notifications_notice *)state)->status]);
    }
    return SARN_OK;
}

const char *clearing_state(struct clearing *clearing, const char *id)
{
    struct found found = {.clearing = clearing};
    struct sarn_error error = {SARN_OK, ""};
    char activity[SARN_ANALYTICS_STREAM_BYTES], notice[64];
    struct sarn_str streams[] = {SARN_STR("account-a"),
                                 SARN_STR("account-b"),
                                 SARN_STR("compliance-u"),
                                 {NULL, 0},
                                 {NULL, 0}};

    streams[3] =
        sarn_analytics_stream(VALUE, ANALYTICS_KIND_TRANSFER, CURRENCY, activity);
    snprintf(notice, sizeof(notice), "notice-%s", id);
    streams[4] = sarn_str(notice);
    sarn__engine_settle(sarn__sim_engine(clearing->sim));
    clearing->text[0] = '\0';
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        if (sarn__engine_load(sarn__sim_engine(clearing->sim), 0, &streams[i], 1,
                              describe, &found, &error) != SARN_OK) {
            fail_msg("%s", error.text);
        }
    }
    return clearing->text;
}

bool clearing_is_undone(struct clearing *clearing, const char *id)
{
    const char *state = clearing_state(clearing, id);

    return strcmp(state, CLEARING_UNTOUCHED) == 0 ||
           strcmp(state, CLEARING_UNDONE) == 0;
}
