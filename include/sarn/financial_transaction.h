/* financial_transaction.h - the bundled workflow that moves money as a bank must: for a
 * user who may, screened, counted, and told; or not at all.
 *
 * Register sarn_financial_transaction_module beside sarn_users_module,
 * sarn_compliance_module, sarn_payments_module, sarn_analytics_module and
 * sarn_notifications_module, and start the workflow "financial_transaction" with a
 * transactions.Order; its workflow id is the transaction's in all of them. What a step
 * asks and does, and what undoes it: docs/financial-transaction.md.
 *
 * A transaction in the middle band of risk waits for the signal "review" with a
 * transactions.Decision for SARN_REVIEW_US; nobody decides: it is undone. A decision
 * that does not count (by nobody, or by the user) is waited for again, SARN_REVIEWS_MAX
 * times in all.
 *
 * Search attributes: "account" (the one that pays; not set where its id is longer than
 * SARN_ATTRIBUTE_BYTES_MAX), "amount" ("small" below 100,000 minor units, "medium"
 * below 10,000,000, else "large") and "risk" ("clear", "review", "refuse").
 */
#ifndef SARN_FINANCIAL_TRANSACTION_H
#define SARN_FINANCIAL_TRANSACTION_H

#include "sarn/analytics.h"
#include "sarn/compliance.h"
#include "sarn/notifications.h"
#include "sarn/payments.h"
#include "sarn/transactions_schema.h"
#include "sarn/users.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_REVIEW_US   INT64_C(259200000000) /* Three days. */
#define SARN_REVIEWS_MAX 5u

/* Workflow "financial_transaction", version 1. */
SARN_API extern const struct sarn_module sarn_financial_transaction_module;

/* What notify and retract are told. Dies with the call. */
struct sarn_transaction_notice {
    uint32_t struct_size;
    uint32_t attempt; /* From 1. */
    struct sarn_str workflow_id;
    struct sarn_str key; /* The same for every attempt of one of them. */
    const struct transactions_order *order;
};

/* Whom financial_transaction notifies. Where that workflow is registered,
 * sarn_options.context is NULL (nobody is told) or points to one of these, which may be
 * the first member of a larger struct of the embedder's. It begins with the context of
 * funds_transfer, so that one serves both. */
struct sarn_financial_transaction_context {
    struct sarn_funds_transfer_context transfers;
    uint32_t struct_size; /* sizeof(struct sarn_financial_transaction_context) */
    uint32_t reserved;
    /* Tell whoever wants to know; may block. The same notice may come again after a
     * failure or a crash: notice->key tells. Anything but SARN_OK is tried again, and
     * undoes the transaction when it stays so. NULL: nobody is told.
     * [worker threads, several at once] */
    sarn_status (*notify)(struct sarn_financial_transaction_context *context,
                          const struct sarn_transaction_notice *notice);
    /* The transaction was undone: what notify said is not so. It may come for a notice
     * that never came, or came and was refused. Anything but SARN_OK is tried again,
     * and parks the transaction when it stays so. NULL: nobody is told. [worker
     * threads, several at once] */
    sarn_status (*retract)(struct sarn_financial_transaction_context *context,
                           const struct sarn_transaction_notice *notice);
};

#ifdef __cplusplus
}
#endif
#endif
