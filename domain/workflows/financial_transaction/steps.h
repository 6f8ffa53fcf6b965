/* steps.h - the functions of the steps of financial_transaction, and how they speak to
 * the aggregates.
 *
 *   checks.c   may it be: verify, screen, review, refuse; and comply, which all ask
 * that move money money.c    reserve, debit, credit after.c    record, queue, notify,
 * sent
 */
#ifndef SARN_WORKFLOWS_FINANCIAL_TRANSACTION_STEPS_H
#define SARN_WORKFLOWS_FINANCIAL_TRANSACTION_STEPS_H

#include "sarn/financial_transaction.h"
#include "sarn/sarn.h"

/* Send one command to "<category>-<id>". SARN_ERR_REJECTED: it says no, or there can be
 * no such stream. */
SARN_MUST_USE sarn_status sarn__transaction_send(struct sarn_step_call *call,
                                                 const char *category,
                                                 struct sarn_str id,
                                                 const struct sarn_type *type,
                                                 const void *data);
/* May money move, as things are now? SARN_OK, or the step has failed: the user may not
 * act on from_account, somebody concerned is on a list, or the screening does not pass.
 * Decided in the commit of the step that asks. */
SARN_MUST_USE sarn_status sarn__transaction_comply(struct sarn_step_call *call);

sarn_step_fn sarn__transaction_verify;
sarn_step_fn sarn__transaction_screen;
sarn_step_fn sarn__transaction_withdraw;
sarn_step_fn sarn__transaction_decide;
sarn_step_fn sarn__transaction_expire;
sarn_step_fn sarn__transaction_refuse;

sarn_step_fn sarn__transaction_reserve;
sarn_step_fn sarn__transaction_release;
sarn_step_fn sarn__transaction_debit;
sarn_step_fn sarn__transaction_give_back;
sarn_step_fn sarn__transaction_credit;
sarn_step_fn sarn__transaction_take_back;

sarn_step_fn sarn__transaction_record;
sarn_step_fn sarn__transaction_unrecord;
sarn_step_fn sarn__transaction_queue;
sarn_step_fn sarn__transaction_cancel;
sarn_step_fn sarn__transaction_notify;
sarn_step_fn sarn__transaction_retract;
sarn_step_fn sarn__transaction_sent;

#endif
