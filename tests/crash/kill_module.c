/* What is worked with beside payments: notes and their projections; errands, which
 * hold money, wait, and fail or not as their input says; a workflow for a schedule. */
#include <string.h>

#include "killtest.h"

/* --- notes, projected with the commit and behind it --- */

static sarn_status note_keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    struct sarn_key key = {.size = 0};
    sarn_status status = sarn_key_add_text(&key, event->stream);

    return status == SARN_OK ? sarn_keys_add(keys, &key) : status;
}

static sarn_status apply_note(struct sarn_row *row, const struct sarn_event *event)
{
    struct kill_notes *notes = row->data;

    notes->stream = event->stream;
    notes->count += 1;
    notes->sum += ((const struct kill_noted *)event->data)->work;
    return SARN_OK;
}

static const struct sarn_type *const note_events[] = {&kill_noted_type};

static const struct sarn_projection notes = {.name = KILL_NOTES,
                                             .version = 1,
                                             .mode = SARN_INLINE,
                                             .row = &kill_notes_type,
                                             .keys = note_keys,
                                             .apply = apply_note,
                                             .events = note_events,
                                             .event_count = 1};
static const struct sarn_projection later_notes = {.name = KILL_LATER_NOTES,
                                                   .version = 1,
                                                   .mode = SARN_ASYNC,
                                                   .row = &kill_notes_type,
                                                   .keys = note_keys,
                                                   .apply = apply_note,
                                                   .events = note_events,
                                                   .event_count = 1};
static const struct sarn_projection *const projections[] = {&notes, &later_notes};

/* --- errands --- */

static sarn_status
send(struct sarn_step_call *call, const struct sarn_type *type, const void *data)
{
    const struct kill_errand *errand = sarn_step_input(call);
    struct sarn_command command = SARN_COMMAND_INIT;

    command.stream = errand->account;
    command.type = type;
    command.data = data;
    return sarn_step_command(call, &command);
}

static struct payments_money money_of(struct sarn_step_call *call)
{
    const struct kill_errand *errand = sarn_step_input(call);

    return (struct payments_money){.minor = errand->amount,
                                   .currency = PAYMENTS_CURRENCY_EUR};
}

static sarn_status hold(struct sarn_step_call *call)
{
    struct payments_credit credit = {.amount = money_of(call),
                                     .reference = sarn_step_workflow_id(call)};

    return send(call, &payments_credit_type, &credit);
}

static sarn_status give_back(struct sarn_step_call *call)
{
    struct payments_reverse_credit reverse = {.amount = money_of(call),
                                              .reference = sarn_step_workflow_id(call)};

    return send(call, &payments_reverse_credit_type, &reverse);
}

/* Every third is tried twice. */
static sarn_status ask(struct sarn_step_call *call)
{
    const struct kill_errand *errand = sarn_step_input(call);

    if (errand->work % 3 == 0 && sarn_step_attempt(call) == 1) {
        return sarn_step_fail(call, "busy", "nobody answers");
    }
    return SARN_OK;
}

static sarn_status ask_no_more(struct sarn_step_call *call)
{
    (void)call; /* It takes back what may never have been asked. */
    return SARN_OK;
}

static sarn_status rest(struct sarn_step_call *call)
{
    const struct kill_errand *errand = sarn_step_input(call);

    return sarn_step_wait_until(call, sarn_step_now_us(call) + errand->wait_us);
}

static sarn_status deliver(struct sarn_step_call *call)
{
    const struct kill_errand *errand = sarn_step_input(call);

    return errand->fails ? sarn_step_fail(call, "refused", "nobody wants it") : SARN_OK;
}

/* Nobody can have taken it: it is delivered again. */
static sarn_status was_delivered(struct sarn_step_call *call)
{
    sarn_step_set_fate(call, SARN_STEP_NOT_DONE);
    return SARN_OK;
}

#define QUICKLY                                                                        \
    {                                                                                  \
        .initial_interval_us = 1000, .maximum_attempts = 5                             \
    }
#define ERRAND(deliver_flags, deliver_reconcile)                                       \
    {                                                                                  \
        {.id = "hold", .run = hold, .compensate = give_back, .kind = SARN_STEP_LOCAL}, \
            {.id = "ask",                                                              \
             .run = ask,                                                               \
             .compensate = ask_no_more,                                                \
             .flags = SARN_STEP_IDEMPOTENT,                                            \
             .retry = QUICKLY},                                                        \
            {.id = "rest", .run = rest, .kind = SARN_STEP_TIMER},                      \
            {.id = "deliver",                                                          \
             .run = deliver,                                                           \
             .flags = (deliver_flags),                                                 \
             .reconcile = (deliver_reconcile),                                         \
             .retry = {.initial_interval_us = 1000, .maximum_attempts = 2}},           \
    }

static const struct sarn_step errand_steps[] = ERRAND(SARN_STEP_IDEMPOTENT, NULL);
static const struct sarn_step voyage_steps[] = ERRAND(0, was_delivered);
static const struct sarn_workflow errand = {KILL_ERRAND, 1, &kill_errand_type,
                                            SARN_STEPS(errand_steps)};
static const struct sarn_workflow voyage = {KILL_VOYAGE, 1, &kill_errand_type,
                                            SARN_STEPS(voyage_steps)};

/* --- ticks --- */

static sarn_status tick(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static const struct sarn_step tick_steps[] = {
    {.id = "tick", .run = tick, .kind = SARN_STEP_LOCAL}};
static const struct sarn_workflow ticks = {KILL_TICK, 1, NULL, SARN_STEPS(tick_steps)};

static const struct sarn_workflow *const workflows[] = {&errand, &voyage, &ticks};

static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "kill",
                                          .version = "1",
                                          .projections = projections,
                                          .projection_count = 2,
                                          .workflows = workflows,
                                          .workflow_count = 3};

const struct sarn_module *const kill_modules[KILL_MODULES] = {
    &sarn_payments_module, &sarn_funds_transfer_module, &module};
