/* The workflow "voyage": money from one account to another, by way of the world.
 *
 *   take     local: takes the amount from the one
 *   book     external, asked when in doubt: acts once it is begun in the log
 *   nap      a timer: a moment, or (every third amount) an hour
 *   go       waits for the signal "go"
 *   pay      local: books the amount at the other
 *   tell     external, idempotent; refuses every fifth amount, which undoes it all
 */
#include "powercut.h"

#define NAP_US  1000
#define HOUR_US (INT64_C(3600) * 1000000)

static sarn_status send(struct sarn_step_call *call,
                        struct sarn_str account,
                        const struct sarn_type *type,
                        const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    char stream[32] = "account-";

    for (uint32_t i = 0; i < account.size && i < 16; i++) {
        stream[8 + i] = account.data[i];
    }
    command.stream = (struct sarn_str){stream, 8 + account.size};
    command.type = type;
    command.data = data;
    return sarn_step_command(call, &command);
}

static sarn_status take(struct sarn_step_call *call)
{
    const struct payments_transfer *input = sarn_step_input(call);
    const struct payments_debit order = {.amount = input->amount};

    return send(call, input->from_account, &payments_debit_type, &order);
}

static sarn_status give_back(struct sarn_step_call *call)
{
    const struct payments_transfer *input = sarn_step_input(call);
    const struct payments_credit order = {.amount = input->amount};

    return send(call, input->from_account, &payments_credit_type, &order);
}

static sarn_status book(struct sarn_step_call *call)
{
    struct power_world *world = sarn_step_context(call);

    if (world->acted != NULL) {
        world->acted(world->arg, power_number(sarn_step_workflow_id(call), "v-"));
    }
    return SARN_OK;
}

static sarn_status unbook(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status was_booked(struct sarn_step_call *call)
{
    sarn_step_set_fate(call, SARN_STEP_DONE);
    return SARN_OK;
}

static sarn_status nap(struct sarn_step_call *call)
{
    const struct payments_transfer *input = sarn_step_input(call);

    return input->amount.minor % 3 == 0
               ? sarn_step_wait_until(call, sarn_step_now_us(call) + HOUR_US)
               : SARN_OK;
}

static sarn_status pay(struct sarn_step_call *call)
{
    const struct payments_transfer *input = sarn_step_input(call);
    const struct payments_credit order = {.amount = input->amount};

    return send(call, input->to_account, &payments_credit_type, &order);
}

static sarn_status take_back(struct sarn_step_call *call)
{
    const struct payments_transfer *input = sarn_step_input(call);
    const struct payments_reverse_credit order = {.amount = input->amount};

    return send(call, input->to_account, &payments_reverse_credit_type, &order);
}

static sarn_status tell(struct sarn_step_call *call)
{
    const struct payments_transfer *input = sarn_step_input(call);

    return input->amount.minor % 5 == 0
               ? sarn_step_fail(call, "refused", "nobody wants to hear of it")
               : SARN_OK;
}

static const char *const final[] = {"refused"};

static const struct sarn_step steps[] = {
    {.id = "take", .run = take, .compensate = give_back, .kind = SARN_STEP_LOCAL},
    {.id = "book", .run = book, .compensate = unbook, .reconcile = was_booked},
    {.id = "nap", .run = nap, .kind = SARN_STEP_TIMER, .delay_us = NAP_US},
    {.id = "go",
     .kind = SARN_STEP_SIGNAL,
     .timeouts = {.schedule_to_close_us = HOUR_US}},
    {.id = "pay", .run = pay, .compensate = take_back, .kind = SARN_STEP_LOCAL},
    {.id = "tell",
     .run = tell,
     .compensate = unbook,
     .flags = SARN_STEP_IDEMPOTENT,
     .retry = {.maximum_attempts = 2,
               .non_retryable = final,
               .non_retryable_count = 1}},
};

static const struct sarn_workflow voyage = {"voyage", 1, &payments_transfer_type,
                                            SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&voyage};

const struct sarn_module power_voyage_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "voyage",
    .version = "1",
    .workflows = workflows,
    .workflow_count = 1,
};
