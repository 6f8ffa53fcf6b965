/* The workflow "financial_transaction": the way of money that somebody answers for.
 *
 *   step      does                                            compensated by
 *   verify    asks users: may this user act on from           nothing to undo
 *   screen    has compliance judge it; goes on to reserve,    withdrawing it: it counts
 *             review or refuse, by its band                   no more
 *   review    waits for a person's signal, three days         nothing to undo
 *   decide    records what they said; goes on to reserve or   (screen's)
 *             refuse, or waits again
 *   expire    nobody said anything: records that; refuse      (screen's)
 *   refuse    fails, with the reason                          -
 *   reserve   puts the amount aside at from                   releasing it
 *   debit     takes what was reserved                         giving it back, reserved
 *   credit    books it at to, and closes the screening        reversing the credit
 *   record    counts it in the day's activity                 reversing the count
 *   queue     writes down what the user is to be told         cancelling the notice
 *   notify    tells the embedder's context                    retracting it there
 *   sent      marks the notice as sent                        (queue's)
 *
 * All but review and notify are local. A transaction that is clear is decided, moved
 * and counted in one commit: nothing can come between the check and the booking. After
 * a review time has passed, so reserve, debit and credit each ask again (steps.h,
 * comply). notify alone leaves the house; it may be repeated under its key, so nobody
 * waits for a sync before it.
 */
#include "steps.h"

static const struct sarn_step steps[] = {
    {.id = "verify", .run = sarn__transaction_verify, .kind = SARN_STEP_LOCAL},
    {.id = "screen",
     .run = sarn__transaction_screen,
     .compensate = sarn__transaction_withdraw,
     .kind = SARN_STEP_LOCAL,
     .output = &transactions_screening_type},
    {.id = "review",
     .kind = SARN_STEP_SIGNAL,
     .output = &transactions_decision_type,
     .timeouts = {.schedule_to_close_us = SARN_REVIEW_US},
     .on_timeout = "expire",
     .visits_max = SARN_REVIEWS_MAX},
    {.id = "decide", .run = sarn__transaction_decide, .kind = SARN_STEP_LOCAL},
    {.id = "expire",
     .run = sarn__transaction_expire,
     .kind = SARN_STEP_LOCAL,
     .next = "refuse"},
    {.id = "refuse", .run = sarn__transaction_refuse, .kind = SARN_STEP_LOCAL},
    {.id = "reserve",
     .run = sarn__transaction_reserve,
     .compensate = sarn__transaction_release,
     .kind = SARN_STEP_LOCAL},
    {.id = "debit",
     .run = sarn__transaction_debit,
     .compensate = sarn__transaction_give_back,
     .kind = SARN_STEP_LOCAL},
    {.id = "credit",
     .run = sarn__transaction_credit,
     .compensate = sarn__transaction_take_back,
     .kind = SARN_STEP_LOCAL},
    {.id = "record",
     .run = sarn__transaction_record,
     .compensate = sarn__transaction_unrecord,
     .kind = SARN_STEP_LOCAL,
     .output = &transactions_recording_type},
    {.id = "queue",
     .run = sarn__transaction_queue,
     .compensate = sarn__transaction_cancel,
     .kind = SARN_STEP_LOCAL},
    {.id = "notify",
     .run = sarn__transaction_notify,
     .compensate = sarn__transaction_retract,
     .kind = SARN_STEP_EXTERNAL,
     .flags = SARN_STEP_IDEMPOTENT},
    {.id = "sent", .run = sarn__transaction_sent, .kind = SARN_STEP_LOCAL},
};

static const struct sarn_workflow financial_transaction = {
    "financial_transaction", 1, &transactions_order_type, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&financial_transaction};

const struct sarn_module sarn_financial_transaction_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "financial_transaction",
    .version = "1",
    .workflows = workflows,
    .workflow_count = 1,
};
