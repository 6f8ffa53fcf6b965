/* payments.h - the bundled modules: accounts that hold money, and transfers between
 * them.
 *
 * Register sarn_payments_module with sarn_open() and send commands to the streams
 * "account-<id>": payments.OpenAccount, Credit, Debit, Reserve, Release, Capture,
 * CheckCredit, ReverseCredit, ReverseCapture, Freeze, Unfreeze, Close. Register
 * sarn_funds_transfer_module beside it and start the workflow "funds_transfer" with a
 * payments.Transfer. The structs and descriptors are in sarn/payments_schema.h.
 *
 * The rules:
 *   - Amounts are int64 minor units of the account's one currency, and positive.
 *   - What an account can pay is its balance, less what is reserved, plus its overdraft
 *     limit; an unlimited overdraft ends where int64 does. No sum ever overflows: a
 *     command that would is rejected.
 *   - A frozen account takes money in and lets none out; reservations can be released.
 *     A closed one takes no more part. Only an empty account can be closed, and it is
 *     not opened again.
 *   - Opening, freezing, unfreezing, closing and reserving again what is so already, on
 *     the same terms, is accepted and leads to no event.
 *   - A reversal undoes what was booked before, and so is accepted whatever the status
 *     and the overdraft limit: a compensation must not fail for what happened since.
 */
#ifndef SARN_PAYMENTS_H
#define SARN_PAYMENTS_H

#include "sarn/payments_schema.h"
#include "sarn/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_PAYMENTS_ACCOUNT_CATEGORY "account"
#define SARN_PAYMENTS_RESERVATIONS_MAX 1024u /* In one account at a time. */

/* Aggregate "account"; inline projection "balances": a row payments.Balance per
 * account, keyed by tenant (u64) and account id (text), with an index "by_balance"
 * keyed by tenant (u64), balance (i64) and account id (text). */
SARN_API extern const struct sarn_module sarn_payments_module;

/* Workflow "funds_transfer": reserve, check, debit, credit (local: one commit), notify
 * (external, idempotent). Undoes itself at whichever step fails. */
SARN_API extern const struct sarn_module sarn_funds_transfer_module;

/* A transfer that was booked, as notify is told of it. Dies with the call. */
struct sarn_transfer_notice {
    uint32_t struct_size;
    uint32_t attempt; /* From 1. */
    struct sarn_str workflow_id;
    struct sarn_str key; /* The same for every attempt. */
    const struct payments_transfer *transfer;
};

/* Whom funds_transfer notifies. Where that workflow is registered, sarn_options.context
 * is NULL (nobody is told, notify succeeds) or points to one of these, which may be the
 * first member of a larger struct of the embedder's. */
struct sarn_funds_transfer_context {
    uint32_t struct_size;
    uint32_t reserved;
    /* Tell whoever wants to know; may block. The same notice may come again after a
     * failure or a crash: notice->key tells. Anything but SARN_OK is tried again, and
     * undoes the transfer when it stays so. [worker threads, several at once] */
    sarn_status (*notify)(struct sarn_funds_transfer_context *context,
                          const struct sarn_transfer_notice *notice);
};

#ifdef __cplusplus
}
#endif
#endif
