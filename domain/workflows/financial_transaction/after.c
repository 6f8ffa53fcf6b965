/* What is done once the money has moved: counting it, and telling the user. */
#include "steps.h"

/* --- record --- */

static sarn_status send_to_day(struct sarn_step_call *call,
                               uint32_t day,
                               const struct sarn_type *type,
                               const void *data)
{
    const struct transactions_order *order = sarn_step_input(call);
    struct sarn_command sent = SARN_COMMAND_INIT;
    char name[SARN_ANALYTICS_STREAM_BYTES];

    sent.stream = sarn_analytics_stream(day, order->kind, order->amount.currency, name);
    sent.type = type;
    sent.data = data;
    return sarn_step_command(call, &sent);
}

sarn_status sarn__transaction_record(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct transactions_screening *screening =
        sarn_step_output_of(call, "screen");
    struct analytics_record record = {.transaction = sarn_step_workflow_id(call),
                                      .kind = order->kind,
                                      .amount = order->amount};
    struct transactions_recording output;
    sarn_status status;

    record.day = sarn_analytics_day(order->value_us != 0 ? order->value_us
                                                         : sarn_step_now_us(call));
    record.reviewed = screening != NULL && screening->band == COMPLIANCE_BAND_REVIEW;
    output =
        (struct transactions_recording){.day = record.day, .reviewed = record.reviewed};
    status = send_to_day(call, record.day, &analytics_record_type, &record);
    return status == SARN_OK ? sarn_step_output(call, &output) : status;
}

sarn_status sarn__transaction_unrecord(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct transactions_recording *recording =
        sarn_step_output_of(call, "record");
    struct analytics_reverse reverse = {.transaction = sarn_step_workflow_id(call),
                                        .amount = order->amount};

    if (recording == NULL) {
        return sarn_step_fail(call, "invalid", "the record's output is not there");
    }
    reverse.reviewed = recording->reviewed;
    return send_to_day(call, recording->day, &analytics_reverse_type, &reverse);
}

/* --- queue, sent --- */

static sarn_status send_to_notice(struct sarn_step_call *call,
                                  const struct sarn_type *type,
                                  const void *data)
{
    return sarn__transaction_send(call, SARN_NOTIFICATIONS_CATEGORY,
                                  sarn_step_workflow_id(call), type, data);
}

sarn_status sarn__transaction_queue(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct notifications_queue queue = {.recipient = order->user,
                                              .text = order->text};

    return send_to_notice(call, &notifications_queue_type, &queue);
}

sarn_status sarn__transaction_cancel(struct sarn_step_call *call)
{
    const struct notifications_cancel cancel = {
        .reason = SARN_STR("the transaction was undone")};

    return send_to_notice(call, &notifications_cancel_type, &cancel);
}

sarn_status sarn__transaction_sent(struct sarn_step_call *call)
{
    const struct notifications_mark_sent sent = {0};

    return send_to_notice(call, &notifications_mark_sent_type, &sent);
}

/* --- notify --- */

typedef sarn_status tell_fn(struct sarn_financial_transaction_context *context,
                            const struct sarn_transaction_notice *notice);

static sarn_status tell(struct sarn_step_call *call,
                        struct sarn_financial_transaction_context *context,
                        tell_fn *function,
                        const char *what)
{
    const struct sarn_transaction_notice notice = {.struct_size = sizeof(notice),
                                                   .attempt = sarn_step_attempt(call),
                                                   .workflow_id =
                                                       sarn_step_workflow_id(call),
                                                   .key = sarn_step_key(call),
                                                   .order = sarn_step_input(call)};
    sarn_status status = function == NULL ? SARN_OK : function(context, &notice);

    if (status != SARN_OK) {
        return sarn_step_fail(call, "notify", "the transaction's %s was not taken: %s",
                              what, sarn_status_text(status));
    }
    return SARN_OK;
}

sarn_status sarn__transaction_notify(struct sarn_step_call *call)
{
    struct sarn_financial_transaction_context *context = sarn_step_context(call);

    return tell(call, context, context == NULL ? NULL : context->notify, "notice");
}

sarn_status sarn__transaction_retract(struct sarn_step_call *call)
{
    struct sarn_financial_transaction_context *context = sarn_step_context(call);

    return tell(call, context, context == NULL ? NULL : context->retract, "retraction");
}
