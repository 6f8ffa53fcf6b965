/* Moving the money: as funds_transfer does, and each step only if compliance says so in
 * the same commit. */
#include "steps.h"

static sarn_status send(struct sarn_step_call *call,
                        struct sarn_str account,
                        const struct sarn_type *type,
                        const void *data)
{
    return sarn__transaction_send(call, SARN_PAYMENTS_ACCOUNT_CATEGORY, account, type,
                                  data);
}

/* --- reserve --- */

sarn_status sarn__transaction_reserve(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct payments_reserve reserve = {.reservation = sarn_step_workflow_id(call),
                                             .amount = order->amount};
    const struct payments_check_credit check = {.amount = order->amount};
    sarn_status status = sarn__transaction_comply(call);

    if (status == SARN_OK) {
        status = send(call, order->to_account, &payments_check_credit_type, &check);
    }
    return status == SARN_OK
               ? send(call, order->from_account, &payments_reserve_type, &reserve)
               : status;
}

sarn_status sarn__transaction_release(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct payments_release release = {.reservation =
                                                 sarn_step_workflow_id(call)};

    return send(call, order->from_account, &payments_release_type, &release);
}

/* --- debit --- */

sarn_status sarn__transaction_debit(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct payments_capture capture = {.reservation = sarn_step_workflow_id(call),
                                             .reference = order->reference,
                                             .text = order->text,
                                             .value_us = order->value_us};
    sarn_status status = sarn__transaction_comply(call);

    return status == SARN_OK
               ? send(call, order->from_account, &payments_capture_type, &capture)
               : status;
}

sarn_status sarn__transaction_give_back(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct payments_reverse_capture reverse = {.reservation =
                                                         sarn_step_workflow_id(call),
                                                     .amount = order->amount,
                                                     .reference = order->reference};

    return send(call, order->from_account, &payments_reverse_capture_type, &reverse);
}

/* --- credit --- */

sarn_status sarn__transaction_credit(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct payments_credit credit = {.amount = order->amount,
                                           .reference = order->reference,
                                           .text = order->text,
                                           .value_us = order->value_us};
    const struct compliance_settle settle = {.transaction = sarn_step_workflow_id(call),
                                             .amount = order->amount};
    sarn_status status = sarn__transaction_comply(call);

    if (status == SARN_OK) {
        status = send(call, order->to_account, &payments_credit_type, &credit);
    }
    return status == SARN_OK
               ? sarn__transaction_send(call, SARN_COMPLIANCE_CATEGORY, order->user,
                                        &compliance_settle_type, &settle)
               : status;
}

sarn_status sarn__transaction_take_back(struct sarn_step_call *call)
{
    const struct transactions_order *order = sarn_step_input(call);
    const struct payments_reverse_credit reverse = {.amount = order->amount,
                                                    .reference = order->reference};

    return send(call, order->to_account, &payments_reverse_credit_type, &reverse);
}
