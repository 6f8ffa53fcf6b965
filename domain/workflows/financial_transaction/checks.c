/* May it be? The user, compliance, and a person where those two leave it open.
 *
 * A step cannot read an aggregate, and need not: it asks, by commands that lead to no
 * event, and a rejection is an answer. */
#include "steps.h"

/* What is left of a stream's name for a subject of sanctions. */
#define SUBJECT_BYTES_MAX                                                              \
    (SARN_STREAM_NAME_BYTES_MAX - (sizeof(SARN_COMPLIANCE_SANCTION "-") - 1))

struct stream {
    uint32_t size;
    char name[SARN_STREAM_NAME_BYTES_MAX];
};

/* Append as much of text as fits; false: not all of it did. */
static bool append(struct stream *stream, struct sarn_str text)
{
    bool fits = text.size <= sizeof(stream->name) - stream->size;

    for (uint32_t i = 0; fits && i < text.size; i++) {
        stream->name[stream->size++] = text.data[i];
    }
    return fits;
}

sarn_status sarn__transaction_send(struct sarn_step_call *call,
                                   const char *category,
                                   struct sarn_str id,
                                   const struct sarn_type *type,
                                   const void *data)
{
    struct sarn_command sent = SARN_COMMAND_INIT;
    struct stream stream = {.size = 0};

    if (id.size == 0 || !append(&stream, sarn_str(category)) ||
        !append(&stream, sarn_str("-")) || !append(&stream, id)) {
        return sarn_step_fail(
            call, "invalid",
            "%s-<id> has an id of at least a byte, and %u bytes in all; the id has %u",
            category, SARN_STREAM_NAME_BYTES_MAX, id.size);
    }
    sent.stream = (struct sarn_str){stream.name, stream.size};
    sent.type = type;
    sent.data = data;
    return sarn_step_command(call, &sent);
}

/* --- what is asked --- */

static sarn_status ask_user(struct sarn_step_call *call, uint8_t level)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct users_may_act question = {.account = order->from_account,
                                           .level = level};

    return sarn__transaction_send(call, SARN_USERS_CATEGORY, order->user,
                                  &users_may_act_type, &question);
}

static sarn_status
ask_profile(struct sarn_step_call *call, const struct sarn_type *type, const void *data)
{
    const struct transactions_order *order = sarn_step_input(call);

    return sarn__transaction_send(call, SARN_COMPLIANCE_CATEGORY, order->user, type,
                                  data);
}

static sarn_status ask_passes(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct compliance_pass question = {.transaction = sarn_step_workflow_id(call),
                                             .amount = order->amount};

    return ask_profile(call, &compliance_pass_type, &question);
}

/* Is subject, which is "<kind><id>", on a list? */
static sarn_status ask_list(struct sarn_step_call *call,
                            const char *kind,
                            struct sarn_str id,
                            struct stream *subject,
                            bool *listed)
{
    const struct compliance_check_not_listed question = {0};
    sarn_status status;

    subject->size = 0;
    if (!append(subject, sarn_str(kind)) || !append(subject, id) ||
        subject->size > SUBJECT_BYTES_MAX) {
        return sarn_step_fail(call, "invalid",
                              "%s<id> cannot be looked up: the id has %u bytes", kind,
                              id.size);
    }
    status = sarn__transaction_send(call, SARN_COMPLIANCE_SANCTION,
                                    (struct sarn_str){subject->name, subject->size},
                                    &compliance_check_not_listed_type, &question);
    *listed = status == SARN_ERR_REJECTED;
    return *listed ? SARN_OK : status;
}

/* Is anybody concerned on a list? Then *subject is. */
static sarn_status
ask_lists(struct sarn_step_call *call, struct stream *subject, bool *listed)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct {
        const char *kind;
        struct sarn_str id;
    } concerned[] = {{"user:", order->user},
                     {"account:", order->from_account},
                     {"account:", order->to_account}};
    char name[SARN_NAME_BYTES_MAX];
    uint32_t size = 0;
    sarn_status status = SARN_OK;

    *listed = false;
    for (uint32_t i = 0; i < sizeof(concerned) / sizeof(concerned[0]); i++) {
        status = ask_list(call, concerned[i].kind, concerned[i].id, subject, listed);
        if (status != SARN_OK || *listed) {
            return status;
        }
    }
    if (sarn_compliance_name(order->payee, name, sizeof(name), &size) != SARN_OK) {
        return sarn_step_fail(call, "invalid", "a payee's name has at most %u bytes",
                              SARN_NAME_BYTES_MAX);
    }
    return size == 0 ? SARN_OK
                     : ask_list(call, "name:", (struct sarn_str){name, size}, subject,
                                listed);
}

sarn_status sarn__transaction_comply(struct sarn_step_call *call)
{
    struct stream subject;
    bool listed = false;
    sarn_status status = ask_user(call, USERS_LEVEL_BASIC);

    if (status == SARN_OK) {
        status = ask_lists(call, &subject, &listed);
    }
    if (status == SARN_OK && listed) {
        return sarn_step_fail(call, "sanctioned", "%.*s is on a list of sanctions",
                              (int)subject.size, subject.name);
    }
    return status == SARN_OK ? ask_passes(call) : status;
}

/* --- verify --- */

sarn_status sarn__transaction_verify(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);

    if (sarn_str_equal(order->from_account, order->to_account)) {
        return sarn_step_fail(call, "invalid", "a transaction goes to another account");
    }
    return ask_user(call, USERS_LEVEL_BASIC);
}

/* --- screen --- */

static sarn_status
set_attribute(struct sarn_step_call *call, const char *name, struct sarn_str value)
{
    return value.size > SARN_ATTRIBUTE_BYTES_MAX
               ? SARN_OK
               : sarn_step_attribute(call, sarn_str(name), value);
}

static sarn_status set_attributes(struct sarn_step_call *call, const char *risk)
{
    const struct transactions_order *order = sarn_step_input(call);
    const char *amount = order->amount.minor < 100000     ? "small"
                         : order->amount.minor < 10000000 ? "medium"
                                                          : "large";
    sarn_status status = set_attribute(call, "account", order->from_account);

    if (status == SARN_OK) {
        status = set_attribute(call, "amount", sarn_str(amount));
    }
    return status == SARN_OK ? set_attribute(call, "risk", sarn_str(risk)) : status;
}

/* The verdict is in the profile: ask which it was. */
static sarn_status find_band(struct sarn_step_call *call, uint8_t *band)
{
    const struct compliance_check_review question = {.transaction =
                                                         sarn_step_workflow_id(call)};
    sarn_status status = ask_passes(call);

    *band = COMPLIANCE_BAND_CLEAR;
    if (status == SARN_ERR_REJECTED) {
        *band = COMPLIANCE_BAND_REVIEW;
        status = ask_profile(call, &compliance_check_review_type, &question);
    }
    if (status == SARN_ERR_REJECTED) {
        *band = COMPLIANCE_BAND_REFUSE;
        status = SARN_OK;
    }
    return status;
}

static sarn_status go_on(struct sarn_step_call *call, uint8_t band)
{
    static const struct {
        const char *risk, *next;
    } ways[] = {[COMPLIANCE_BAND_CLEAR] = {"clear", "reserve"},
                [COMPLIANCE_BAND_REVIEW] = {"review", "review"},
                [COMPLIANCE_BAND_REFUSE] = {"refuse", "refuse"}};
    sarn_status status = set_attributes(call, ways[band].risk);

    return status == SARN_OK ? sarn_step_next(call, ways[band].next) : status;
}

sarn_status sarn__transaction_screen(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    struct compliance_screen screen = {.transaction = sarn_step_workflow_id(call),
                                       .amount = order->amount,
                                       .at_us = sarn_step_now_us(call)};
    struct transactions_screening output = {.screened_us = screen.at_us};
    struct stream subject;
    bool listed = false;
    sarn_status status = ask_user(call, USERS_LEVEL_FULL);

    screen.fully_verified = status == SARN_OK;
    if (status == SARN_OK || status == SARN_ERR_REJECTED) {
        status = ask_lists(call, &subject, &listed);
    }
    if (listed) {
        screen.sanctioned = (struct sarn_str){subject.name, subject.size};
    }
    if (status == SARN_OK) {
        status = ask_profile(call, &compliance_screen_type, &screen);
    }
    if (status == SARN_OK) {
        status = find_band(call, &output.band);
    }
    if (status == SARN_OK) {
        status = sarn_step_output(call, &output);
    }
    return status == SARN_OK ? go_on(call, output.band) : status;
}

sarn_status sarn__transaction_withdraw(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct transactions_screening *screening =
        sarn_step_output_of(call, "screen");
    struct compliance_withdraw withdraw = {.transaction = sarn_step_workflow_id(call),
                                           .amount = order->amount};

    if (screening != NULL && screening->band != COMPLIANCE_BAND_REFUSE) {
        withdraw.screened_us = screening->screened_us;
    }
    return ask_profile(call, &compliance_withdraw_type, &withdraw);
}

/* --- review --- */

sarn_status sarn__transaction_decide(struct sarn_step_call *call)
{
    const struct transactions_decision *said = sarn_step_output_of(call, "review");
    struct compliance_decide_review decision = {.transaction =
                                                    sarn_step_workflow_id(call)};
    sarn_status status;

    if (said == NULL) {
        return sarn_step_next(call, "review");
    }
    decision.approved = said->approved;
    decision.by = said->by;
    decision.reason = said->reason;
    status = ask_profile(call, &compliance_decide_review_type, &decision);
    if (status == SARN_ERR_REJECTED) {
        return sarn_step_next(call, "review");
    }
    if (status != SARN_OK) {
        return status;
    }
    return sarn_step_next(call, said->approved ? "reserve" : "refuse");
}

sarn_status sarn__transaction_expire(struct sarn_step_call *call)
{
    const struct compliance_expire_review expire = {.transaction =
                                                        sarn_step_workflow_id(call)};

    return ask_profile(call, &compliance_expire_review_type, &expire);
}

/* The profile knows why: its words are the step's. */
sarn_status sarn__transaction_refuse(struct sarn_step_call *call)
{
    sarn_status status = ask_passes(call);

    return status == SARN_OK ? sarn_step_fail(call, "refused",
                                              "the transaction was refused, and its "
                                              "screening passes: screen it again")
                             : status;
}
