/* The workflow "funds_transfer": money from one account to another, or nothing at all.
 *
 *   step      runs                                compensated by
 *   reserve   puts the amount aside at from       releasing it
 *   check     asks whether to can be credited     nothing to undo
 *   debit     takes what was reserved             giving it back, reserved as before
 *   credit    books it at to                      reversing the credit
 *   notify    tells the embedder's context        nothing to undo: it is the last
 *
 * check is local: what it asks about is an account of ours, so that the answer and the
 * booking that rests on it are in the same commit, and nothing can come between them. A
 * check that asks somebody else would be an external idempotent step in its place.
 * notify alone leaves the house. It may be repeated under its key, so nobody waits for
 * a sync before it; when it fails for good, the whole transfer is undone.
 */
#include "sarn/payments.h"
#include "sarn/sarn.h"

#define STREAM_PREFIX SARN_PAYMENTS_ACCOUNT_CATEGORY "-"

/* The name of an account's stream. */
struct stream {
    uint32_t size;
    char name[SARN_STREAM_NAME_BYTES_MAX];
};

static sarn_status
name_stream(struct sarn_step_call *call, struct sarn_str account, struct stream *stream)
{
    const struct sarn_str prefix = SARN_STR(STREAM_PREFIX);

    if (account.size == 0 || account.size > sizeof(stream->name) - prefix.size) {
        return sarn_step_fail(call, "invalid",
                              "an account's id has 1 to %zu bytes, not %u",
                              sizeof(stream->name) - prefix.size, account.size);
    }
    for (uint32_t i = 0; i < prefix.size; i++) {
        stream->name[i] = prefix.data[i];
    }
    for (uint32_t i = 0; i < account.size; i++) {
        stream->name[prefix.size + i] = account.data[i];
    }
    stream->size = prefix.size + account.size;
    return SARN_OK;
}

/* Send one command to account. */
static sarn_status send(struct sarn_step_call *call,
                        struct sarn_str account,
                        const struct sarn_type *type,
                        const void *data)
{
    struct sarn_command sent = SARN_COMMAND_INIT;
    struct stream stream;
    sarn_status status = name_stream(call, account, &stream);

    if (status != SARN_OK) {
        return status;
    }
    sent.stream = (struct sarn_str){stream.name, stream.size};
    sent.type = type;
    sent.data = data;
    return sarn_step_command(call, &sent);
}

/* --- reserve --- */

static sarn_status reserve(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_reserve order = {.reservation = sarn_step_workflow_id(call),
                                           .amount = transfer->amount};

    if (sarn_str_equal(transfer->from_account, transfer->to_account)) {
        return sarn_step_fail(call, "invalid", "a transfer goes to another account");
    }
    return send(call, transfer->from_account, &payments_reserve_type, &order);
}

static sarn_status release(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_release order = {.reservation = sarn_step_workflow_id(call)};

    return send(call, transfer->from_account, &payments_release_type, &order);
}

/* --- check --- */

static sarn_status check(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_check_credit order = {.amount = transfer->amount};

    return send(call, transfer->to_account, &payments_check_credit_type, &order);
}

/* --- debit --- */

static sarn_status debit(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_capture order = {.reservation = sarn_step_workflow_id(call),
                                           .reference = transfer->reference,
                                           .text = transfer->text,
                                           .value_us = transfer->value_us};

    return send(call, transfer->from_account, &payments_capture_type, &order);
}

static sarn_status give_back(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_reverse_capture order = {.reservation =
                                                       sarn_step_workflow_id(call),
                                                   .amount = transfer->amount,
                                                   .reference = transfer->reference};

    return send(call, transfer->from_account, &payments_reverse_capture_type, &order);
}

/* --- credit --- */

static sarn_status credit(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_credit order = {.amount = transfer->amount,
                                          .reference = transfer->reference,
                                          .text = transfer->text,
                                          .value_us = transfer->value_us};

    return send(call, transfer->to_account, &payments_credit_type, &order);
}

static sarn_status take_back(struct sarn_step_call *call)
{
    const struct payments_transfer *transfer = sarn_step_input(call);
    const struct payments_reverse_credit order = {.amount = transfer->amount,
                                                  .reference = transfer->reference};

    return send(call, transfer->to_account, &payments_reverse_credit_type, &order);
}

/* --- notify --- */

static sarn_status notify(struct sarn_step_call *call)
{
    struct sarn_funds_transfer_context *context = sarn_step_context(call);
    const struct sarn_transfer_notice notice = {.struct_size = sizeof(notice),
                                                .attempt = sarn_step_attempt(call),
                                                .workflow_id =
                                                    sarn_step_workflow_id(call),
                                                .key = sarn_step_key(call),
                                                .transfer = sarn_step_input(call)};
    sarn_status status;

    if (context == NULL || context->notify == NULL) {
        return SARN_OK;
    }
    status = context->notify(context, &notice);
    if (status != SARN_OK) {
        return sarn_step_fail(call, "notify", "the transfer's notice was not taken: %s",
                              sarn_status_text(status));
    }
    return SARN_OK;
}

static const struct sarn_step steps[] = {
    {.id = "reserve", .run = reserve, .compensate = release, .kind = SARN_STEP_LOCAL},
    {.id = "check", .run = check, .kind = SARN_STEP_LOCAL},
    {.id = "debit", .run = debit, .compensate = give_back, .kind = SARN_STEP_LOCAL},
    {.id = "credit", .run = credit, .compensate = take_back, .kind = SARN_STEP_LOCAL},
    {.id = "notify",
     .run = notify,
     .kind = SARN_STEP_EXTERNAL,
     .flags = SARN_STEP_IDEMPOTENT},
};

static const struct sarn_workflow funds_transfer = {
    "funds_transfer", 1, &payments_transfer_type, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&funds_transfer};

const struct sarn_module sarn_funds_transfer_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "funds_transfer",
    .version = "1",
    .workflows = workflows,
    .workflow_count = 1,
};
