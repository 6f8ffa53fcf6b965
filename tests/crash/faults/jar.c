#include "crash/faults/jar.h"

#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define TRY(call)                                                                      \
    do {                                                                               \
        sarn_status try_status = (call);                                               \
                                                                                       \
        if (try_status != SARN_OK) {                                                   \
            return try_status;                                                         \
        }                                                                              \
    } while (0)

/* --- jars --- */

static sarn_status decide(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct jar_put *put = command->data;
    const struct jar_put_in event = {.note = put->note};

    (void)state;
    if (sarn_str_equal(put->note, sarn_str("bad"))) {
        return sarn_reject(decision, "a bad note is not put into a jar");
    }
    if (sarn_str_equal(put->note, sarn_str("plain"))) {
        TRY(sarn_emit_bytes(decision, "jar.Plain", put->note));
    }
    return sarn_emit(decision, &jar_put_in_type, &event);
}

static sarn_status
apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    struct jar_notes *notes = state;
    const struct jar_put_in *in = event->data;

    if (event->type == &jar_put_in_type) {
        TRY(sarn_arena_copy(arena, in->note, &notes->last));
        notes->count += 1;
    }
    return SARN_OK;
}

static const struct sarn_type *const commands[] = {&jar_put_type};
static const struct sarn_type *const events[] = {&jar_put_in_type};
static const struct sarn_type *const jar_events[] = {&jar_put_in_type,
                                                     &sarn_bytes_type};
static const struct sarn_aggregate jar = {.category = "jar",
                                          .apply_version = 1,
                                          .snapshot_every = 3,
                                          .state = &jar_notes_type,
                                          .decide = decide,
                                          .apply = apply,
                                          .commands = commands,
                                          .command_count = COUNT(commands),
                                          .events = jar_events,
                                          .event_count = COUNT(jar_events)};
static const struct sarn_aggregate *const aggregates[] = {&jar};

/* --- rows --- */

static sarn_status keys(const struct sarn_event *event, struct sarn_keys *to)
{
    struct sarn_key key = {.size = 0};

    TRY(sarn_key_add_text(&key, event->stream));
    return sarn_keys_add(to, &key);
}

static sarn_status fill(struct sarn_row *row, const struct sarn_event *event)
{
    struct jar_filled *filled = row->data;
    const struct jar_put_in *in = event->data;

    filled->count += 1;
    filled->last = in->note;
    return SARN_OK;
}

static sarn_status by_count(const void *row, struct sarn_key *key)
{
    const struct jar_filled *filled = row;

    TRY(sarn_key_add_u64(key, filled->count));
    return sarn_key_add_i64(key, -(int64_t)filled->count);
}

static const struct sarn_index indexes[] = {{"count", by_count}};

#define FILLED(its_name, its_version, its_mode)                                        \
    {                                                                                  \
        .name = (its_name), .version = (its_version), .mode = (its_mode),              \
        .row = &jar_filled_type, .keys = keys, .apply = fill, .events = events,        \
        .event_count = COUNT(events), .indexes = indexes,                              \
        .index_count = COUNT(indexes)                                                  \
    }
static const struct sarn_projection filled = FILLED("filled", 1, SARN_INLINE);
static const struct sarn_projection later = FILLED("filled", 2, SARN_INLINE);
static const struct sarn_projection behind = FILLED("behind", 1, SARN_ASYNC);
static const struct sarn_projection *const projections[] = {&filled, &behind};
static const struct sarn_projection *const later_projections[] = {&later, &behind};

/* --- errands --- */

static sarn_status say(struct sarn_step_call *call, const char *text)
{
    const struct jar_note note = {.text = sarn_str(text)};

    return sarn_step_output(call, &note);
}

static sarn_status put_note(struct sarn_step_call *call, const char *text)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_str id = sarn_step_workflow_id(call);
    struct jar_put put = {.note = sarn_str(text)};
    char stream[SARN_STREAM_NAME_BYTES_MAX + 1] = "jar-";

    memcpy(stream + 4, id.data, id.size < 64 ? id.size : 64);
    command.stream = sarn_str(stream);
    command.type = &jar_put_type;
    command.data = &put;
    return sarn_step_command(call, &command);
}

static sarn_status look(struct sarn_step_call *call)
{
    struct jar_world *world = sarn_step_context(call);
    struct sarn_str promise;

    world->calls += 1;
    TRY(sarn_step_heartbeat(call));
    TRY(sarn_step_promise(call, "receipt", &promise));
    memcpy(world->promise, promise.data, promise.size);
    world->promise[promise.size] = '\0';
    TRY(sarn_step_attribute(call, sarn_str("seen"), sarn_str("yes")));
    if (sarn_step_key(call).size == 0 || sarn_step_id(call).size != 4 ||
        sarn_step_attempt(call) == 0 || sarn_step_visit(call) == 0 ||
        sarn_step_now_us(call) == 0) {
        return sarn_step_fail(call, "lost", "the step does not know where it is");
    }
    return say(call, "looked");
}

static sarn_status nothing(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status put_it(struct sarn_step_call *call)
{
    const struct jar_note *looked = sarn_step_output_of(call, "look");

    if (looked == NULL) {
        return sarn_step_fail(call, "blind", "nobody has looked");
    }
    TRY(put_note(call, "errand"));
    return sarn_step_next(call, "rest");
}

static sarn_status take_it(struct sarn_step_call *call)
{
    return put_note(call, "undone");
}

static sarn_status rest(struct sarn_step_call *call)
{
    return sarn_step_wait_until(call, sarn_step_now_us(call));
}

static sarn_status helper_input(struct sarn_step_call *call)
{
    const struct jar_errand *input = sarn_step_input(call);

    return sarn_step_child(call, (struct sarn_str){NULL, 0}, input);
}

static sarn_status fetch(struct sarn_step_call *call)
{
    struct jar_world *world = sarn_step_context(call);

    world->calls += 1;
    if (sarn_step_attempt(call) == 1) {
        return sarn_step_fail(call, "shut", "the shop is shut");
    }
    TRY(say(call, "fetched"));
    world->fetched += 1;
    return SARN_OK;
}

static sarn_status bring_back(struct sarn_step_call *call)
{
    struct jar_world *world = sarn_step_context(call);

    world->fetched -= 1;
    return SARN_OK;
}

static sarn_status was_fetched(struct sarn_step_call *call)
{
    const struct jar_world *world = sarn_step_context(call);

    if (world->fetched > 0) {
        TRY(say(call, "fetched"));
        sarn_step_set_fate(call, SARN_STEP_DONE);
    } else {
        sarn_step_set_fate(call, SARN_STEP_NOT_DONE);
    }
    return SARN_OK;
}

/* A helper goes on as a new run, once, where it is told to. */
static sarn_status sort_it(struct sarn_step_call *call)
{
    const struct jar_errand *input = sarn_step_input(call);
    struct jar_errand next = *input;

    if (!input->again) {
        return SARN_OK;
    }
    next.again = false;
    return sarn_step_continue_as_new(call, &next);
}

static sarn_status rename_it(struct sarn_step_call *call)
{
    const struct jar_note *name = sarn_step_argument(call);
    const struct jar_note *before = sarn_step_message(call, "rename");

    return sarn_step_output(call, before != NULL ? before : name);
}

static sarn_status tell_name(struct sarn_step_call *call)
{
    const struct jar_note *name = sarn_step_message(call, "rename");

    return name != NULL ? sarn_step_output(call, name) : say(call, "nobody");
}

#define QUICK                                                                          \
    {                                                                                  \
        .initial_interval_us = 1000, .backoff_coefficient = 1, .maximum_attempts = 4   \
    }

static const struct sarn_step errand_steps[] = {
    {.id = "look",
     .run = look,
     .compensate = nothing,
     .flags = SARN_STEP_IDEMPOTENT,
     .output = &jar_note_type,
     .retry = QUICK,
     .compensation_retry = QUICK},
    {.id = "put", .kind = SARN_STEP_LOCAL, .run = put_it, .compensate = take_it},
    {.id = "rest", .kind = SARN_STEP_TIMER, .run = rest},
    {.id = "go", .kind = SARN_STEP_SIGNAL, .output = &jar_note_type},
    {.id = "receipt", .kind = SARN_STEP_PROMISE, .output = &jar_note_type},
    {.id = "helper", .kind = SARN_STEP_CHILD, .run = helper_input, .child = "helper"},
    {.id = "fetch",
     .run = fetch,
     .compensate = bring_back,
     .reconcile = was_fetched,
     .output = &jar_note_type,
     .retry = QUICK,
     .compensation_retry = QUICK},
};
static const struct sarn_message messages[] = {
    {.name = "rename",
     .kind = SARN_MESSAGE_UPDATE,
     .input = &jar_note_type,
     .output = &jar_note_type,
     .handler = rename_it},
    {.name = "name",
     .kind = SARN_MESSAGE_QUERY,
     .output = &jar_note_type,
     .handler = tell_name},
};
static const struct sarn_workflow errand = {.name = "errand",
                                            .version = 1,
                                            .input = &jar_errand_type,
                                            SARN_STEPS(errand_steps),
                                            .messages = messages,
                                            .message_count = COUNT(messages),
                                            .result = "fetch"};

static sarn_status help(struct sarn_step_call *call)
{
    struct jar_world *world = sarn_step_context(call);

    world->calls += 1;
    return say(call, "helped");
}

static const struct sarn_step helper_steps[] = {
    {.id = "help",
     .run = help,
     .flags = SARN_STEP_IDEMPOTENT,
     .output = &jar_note_type,
     .retry = QUICK},
    {.id = "sort", .kind = SARN_STEP_LOCAL, .run = sort_it},
};
static const struct sarn_workflow helper = {.name = "helper",
                                            .version = 1,
                                            .input = &jar_errand_type,
                                            SARN_STEPS(helper_steps)};
static const struct sarn_workflow *const workflows[] = {&errand, &helper};

#define JAR_MODULE(its_version, its_projections)                                       \
    {                                                                                  \
        .abi = SARN_MODULE_ABI, .struct_size = sizeof(struct sarn_module),             \
        .name = "jars", .version = (its_version), .aggregates = aggregates,            \
        .aggregate_count = COUNT(aggregates), .projections = (its_projections),        \
        .projection_count = COUNT(its_projections), .workflows = workflows,            \
        .workflow_count = COUNT(workflows)                                             \
    }
const struct sarn_module jar_module = JAR_MODULE("1", projections);
const struct sarn_module jar_later_module = JAR_MODULE("2", later_projections);
