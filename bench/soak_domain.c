/* The module of the soak: a counter, three sagas and one that schedules start, a
 * projection folded with each commit and one folded behind them. */
#include "soak.h"
#include "soak_schema.h"

/* --- the counter --- */

static sarn_status decide(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct soak_bump *bump = command->data;
    struct soak_bumped bumped = {
        .by = bump->by, .source = bump->source, .note = bump->note};

    (void)state;
    return sarn_emit(decision, &soak_bumped_type, &bumped);
}

static sarn_status
apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    struct soak_count *count = state;
    const struct soak_bumped *bumped = event->data;

    (void)arena;
    count->total += bumped->by;
    count->bumps += 1;
    return SARN_OK;
}

static const struct sarn_type *const commands[] = {&soak_bump_type};
static const struct sarn_type *const events[] = {&soak_bumped_type};
static const struct sarn_aggregate counter = {.category = "counter",
                                              .apply_version = 1,
                                              .snapshot_every = 32,
                                              .state = &soak_count_type,
                                              .decide = decide,
                                              .apply = apply,
                                              .commands = commands,
                                              .command_count = 1,
                                              .events = events,
                                              .event_count = 1};
static const struct sarn_aggregate *const aggregates[] = {&counter};

/* --- projections --- */

static sarn_status add_key(struct sarn_keys *keys, struct sarn_str text)
{
    struct sarn_key key = {.size = 0};
    sarn_status status = sarn_key_add_text(&key, text);

    return status == SARN_OK ? sarn_keys_add(keys, &key) : status;
}

static sarn_status by_stream(const struct sarn_event *event, struct sarn_keys *keys)
{
    return add_key(keys, event->stream);
}

static sarn_status by_source(const struct sarn_event *event, struct sarn_keys *keys)
{
    const struct soak_bumped *bumped = event->data;

    return add_key(keys, bumped->source);
}

static sarn_status add_up(struct sarn_row *row, const struct sarn_event *event)
{
    const struct soak_bumped *bumped = event->data;
    struct soak_sum *sum = row->data;

    sum->events += 1;
    sum->total += bumped->by;
    return SARN_OK;
}

static const struct sarn_projection counters = {.name = "counters",
                                                .version = 1,
                                                .mode = SARN_INLINE,
                                                .row = &soak_sum_type,
                                                .keys = by_stream,
                                                .apply = add_up,
                                                .events = events,
                                                .event_count = 1};
static const struct sarn_projection sources = {.name = "sources",
                                               .version = 1,
                                               .mode = SARN_ASYNC,
                                               .row = &soak_sum_type,
                                               .keys = by_source,
                                               .apply = add_up,
                                               .events = events,
                                               .event_count = 1};
static const struct sarn_projection *const projections[] = {&counters, &sources};

/* --- steps --- */

static sarn_status send(struct sarn_step_call *call, int64_t by)
{
    const struct soak_errand *errand = sarn_step_input(call);
    struct soak_bump bump = {.by = by, .source = SARN_STR("workflow")};
    struct sarn_command command = SARN_COMMAND_INIT;

    command.stream = errand->stream;
    command.type = &soak_bump_type;
    command.data = &bump;
    return sarn_step_command(call, &command);
}

static sarn_status bump(struct sarn_step_call *call)
{
    return send(call, 1);
}

static sarn_status unbump(struct sarn_step_call *call)
{
    return send(call, -1);
}

static sarn_status pay(struct sarn_step_call *call)
{
    const struct soak_errand *errand = sarn_step_input(call);
    struct soak_receipt receipt = {.note = sarn_step_key(call)};

    if (errand->fail) {
        return sarn_step_fail(call, "no", "the soak wants it undone");
    }
    return sarn_step_output(call, &receipt);
}

static sarn_status nothing(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status pause_until(struct sarn_step_call *call)
{
    const struct soak_errand *errand = sarn_step_input(call);

    return sarn_step_wait_until(call, sarn_step_now_us(call) + errand->pause_us);
}

static const struct sarn_step order_steps[] = {
    {.id = "reserve", .run = bump, .compensate = unbump, .kind = SARN_STEP_LOCAL},
    {.id = "pay",
     .run = pay,
     .compensate = nothing,
     .output = &soak_receipt_type,
     .retry = {.maximum_attempts = 1}},
    {.id = "ship",
     .run = nothing,
     .compensate = nothing,
     .flags = SARN_STEP_IDEMPOTENT},
};
static const struct sarn_step pause_steps[] = {
    {.id = "sleep", .run = pause_until, .kind = SARN_STEP_TIMER},
    {.id = "bump", .run = bump, .kind = SARN_STEP_LOCAL},
};
static const struct sarn_step told_steps[] = {
    {.id = "go", .kind = SARN_STEP_SIGNAL},
    {.id = "bump", .run = bump, .kind = SARN_STEP_LOCAL},
};
static const struct sarn_step tick_steps[] = {
    {.id = "bump", .run = bump, .kind = SARN_STEP_LOCAL},
    {.id = "ship", .run = nothing},
};
static const struct sarn_workflow order = {
    .name = "order", .version = 1, .input = &soak_errand_type, SARN_STEPS(order_steps)};
static const struct sarn_workflow paused = {
    .name = "pause", .version = 1, .input = &soak_errand_type, SARN_STEPS(pause_steps)};
static const struct sarn_workflow told = {
    .name = "told", .version = 1, .input = &soak_errand_type, SARN_STEPS(told_steps)};
static const struct sarn_workflow tick = {
    .name = "tick", .version = 1, .input = &soak_errand_type, SARN_STEPS(tick_steps)};
static const struct sarn_workflow *const workflows[] = {&order, &paused, &told, &tick};

static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "soak",
                                          .version = "1",
                                          .aggregates = aggregates,
                                          .projections = projections,
                                          .workflows = workflows,
                                          .aggregate_count = 1,
                                          .projection_count = 2,
                                          .workflow_count = 4};
const struct sarn_module *const soak_modules[1] = {&module};
