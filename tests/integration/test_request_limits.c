/* How much a request may hold: exactly so much is taken, and one more is refused with a
 * sentence that says how much it may be. */
#include "everything_schema.h"
#include "ledger_schema.h"
#include "sarn/sarn.h"
#include "support/good_log.h"

#include "support/test.h"

/* --- a module that takes whatever it is given --- */

/* As many events as the command says. */
static sarn_status decide(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct ledger_deposit *deposit = command->data;

    (void)state;
    if (deposit->amount < 0) { /* So many bytes, of which the last are "é"s. */
        char text[2 * SARN_ERROR_TEXT_BYTES] = "x";
        size_t size = (size_t)-deposit->amount;

        for (size_t i = size % 2; i < size; i += 2) {
            memcpy(text + i, "\xc3\xa9", 3);
        }
        return sarn_reject(decision, "%s", text);
    }
    for (int64_t i = 0; i < deposit->amount; i++) {
        sarn_status status = sarn_emit_bytes(decision, "Put", sarn_str("x"));

        if (status != SARN_OK) {
            return status;
        }
    }
    return SARN_OK;
}

static sarn_status
apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    (void)state;
    (void)event;
    (void)arena;
    return SARN_OK;
}

static const struct sarn_type *const commands[] = {&ledger_deposit_type};
static const struct sarn_type *const events[] = {&sarn_bytes_type};
static const struct sarn_aggregate pile = {.category = "pile",
                                           .apply_version = 1,
                                           .state = &ledger_account_type,
                                           .decide = decide,
                                           .apply = apply,
                                           .commands = commands,
                                           .command_count = 1,
                                           .events = events,
                                           .event_count = 1};
static const struct sarn_aggregate *const aggregates[] = {&pile};
static const struct sarn_step steps[] = {
    {.id = "go", .kind = SARN_STEP_SIGNAL, .output = &sarn_bytes_type}};
static const struct sarn_workflow workflow = {
    .name = "w", .version = 1, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "limits",
                                          .version = "1",
                                          .aggregates = aggregates,
                                          .workflows = workflows,
                                          .aggregate_count = 1,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

struct world {
    struct good_log log;
    sarn_engine *engine;
    char *letters; /* 2 MiB and some, no two ids alike by their first byte. */
};

static void open_world(struct world *w)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    good_log_make(&w->log);
    options.modules = modules;
    options.module_count = 1;
    assert_ok(sarn_open(w->log.path, &options, &w->engine, &w->log.error),
              &w->log.error);
    w->letters = malloc(2 * SARN_PAYLOAD_BYTES_MAX + 16);
    assert_non_null(w->letters);
    memset(w->letters, 'n', 2 * SARN_PAYLOAD_BYTES_MAX + 16);
}

static void close_world(struct world *w)
{
    sarn_close(w->engine);
    free(w->letters);
    good_log_remove(&w->log);
}

static struct sarn_str letters(const struct world *w, uint32_t size)
{
    return (struct sarn_str){w->letters, size};
}

/* status is that, and, if it is not OK, said is in the sentence. */
static void
answers(const struct world *w, sarn_status status, sarn_status wanted, const char *said)
{
    if (status != wanted ||
        (wanted != SARN_OK && strstr(w->log.error.text, said) == NULL)) {
        fail_msg("%s: %s, not %s: %s", sarn_status_text(status), w->log.error.text,
                 sarn_status_text(wanted), said);
    }
}

/* --- appends --- */

/* An append of one event to t-1, in which member is text. */
static sarn_status
append_with(struct world *w, const char *member, struct sarn_str text)
{
    struct sarn_str payload = SARN_STR("x");
    char name[SARN_NAME_BYTES_MAX + 2] = "Put";
    struct sarn_new_event event = {.type_name = name, .data = &payload};
    struct sarn_stream_append stream = {.stream = SARN_STR("t-1"),
                                        .expected_version = SARN_ANY,
                                        .events = &event,
                                        .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;

    append.streams = &stream;
    append.stream_count = 1;
    if (strcmp(member, "stream") == 0) {
        stream.stream = text;
    } else if (strcmp(member, "key") == 0) {
        append.key = text;
    } else if (strcmp(member, "actor") == 0) {
        append.actor = text;
    } else if (strcmp(member, "origin") == 0) {
        append.origin = text;
    } else {
        memcpy(name, text.data, text.size);
        name[text.size] = '\0';
    }
    return sarn_append_call(w->engine, &append, NULL, &w->log.error);
}

static void names_and_keys_have_255_bytes(void **unused)
{
    static const struct {
        const char *member, *said;
    } rows[] = {
        {"stream", "a stream's name has 1 to 255 bytes, not 256"},
        {"key", "an idempotency key has at most 255 bytes, not 256"},
        {"actor", "an actor's name has at most 255 bytes, not 256"},
        {"origin", "an origin's name has at most 255 bytes, not 256"},
        {"type", "a type's name has at most 255 bytes, not 256"},
    };
    struct world w;

    (void)unused;
    open_world(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        answers(&w, append_with(&w, rows[i].member, letters(&w, 255)), SARN_OK, "");
        answers(&w, append_with(&w, rows[i].member, letters(&w, 256)),
                SARN_ERR_TOO_LARGE, rows[i].said);
    }
    answers(&w, append_with(&w, "stream", letters(&w, 0)), SARN_ERR_INVALID,
            "1 to 255 bytes, not 0");
    close_world(&w);
}

/* An append to so many streams of so many events each. */
static sarn_status append_many(struct world *w, uint32_t streams, uint32_t each)
{
    struct sarn_str payload = SARN_STR("x");
    struct sarn_new_event *list = calloc(each, sizeof(*list));
    struct sarn_stream_append *to = calloc(streams, sizeof(*to));
    char(*names)[16] = calloc(streams, sizeof(*names));
    struct sarn_append append = SARN_APPEND_INIT;
    sarn_status status;

    assert_true(list != NULL && to != NULL && names != NULL);
    for (uint32_t i = 0; i < each; i++) {
        list[i] = (struct sarn_new_event){.type_name = "Put", .data = &payload};
    }
    for (uint32_t i = 0; i < streams; i++) {
        snprintf(names[i], sizeof(names[i]), "m-%u", i);
        to[i] = (struct sarn_stream_append){.stream = sarn_str(names[i]),
                                            .expected_version = SARN_ANY,
                                            .events = list,
                                            .event_count = each};
    }
    append.streams = to;
    append.stream_count = streams;
    status = sarn_append_call(w->engine, &append, NULL, &w->log.error);
    free(names);
    free(to);
    free(list);
    return status;
}

static void an_append_has_1024_events_and_streams(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w);
    answers(&w, append_many(&w, 1, SARN_EVENTS_PER_COMMAND_MAX), SARN_OK, "");
    answers(&w, append_many(&w, 1, SARN_EVENTS_PER_COMMAND_MAX + 1), SARN_ERR_TOO_LARGE,
            "an append has at most 1024 events, not 1025");
    answers(&w, append_many(&w, SARN_EVENTS_PER_COMMAND_MAX, 1), SARN_OK, "");
    answers(&w, append_many(&w, SARN_EVENTS_PER_COMMAND_MAX + 1, 1), SARN_ERR_INVALID,
            "an append is to 1 to 1024 streams, not 1025");
    answers(&w, append_many(&w, 2, SARN_EVENTS_PER_COMMAND_MAX / 2 + 1),
            SARN_ERR_TOO_LARGE, "at most 1024 events, not 1026");
    close_world(&w);
}

static void a_command_leads_to_1024_events(void **unused)
{
    struct ledger_deposit deposit = {.amount = SARN_EVENTS_PER_COMMAND_MAX};
    struct sarn_command command = SARN_COMMAND_INIT;
    struct world w;

    (void)unused;
    open_world(&w);
    command.stream = sarn_str("pile-1");
    command.type = &ledger_deposit_type;
    command.data = &deposit;
    answers(&w, sarn_call(w.engine, &command, NULL, &w.log.error), SARN_OK, "");
    deposit.amount += 1;
    answers(&w, sarn_call(w.engine, &command, NULL, &w.log.error), SARN_ERR_TOO_LARGE,
            "a command may lead to 1024 events; split it into several");
    close_world(&w);
}

static void a_sentence_has_255_bytes_and_ends_with_a_character(void **unused)
{
    struct ledger_deposit deposit = {.amount = -255};
    struct sarn_command command = SARN_COMMAND_INIT;
    struct world w;

    (void)unused;
    open_world(&w);
    command.stream = sarn_str("pile-1");
    command.type = &ledger_deposit_type;
    command.data = &deposit;
    answers(&w, sarn_call(w.engine, &command, NULL, &w.log.error), SARN_ERR_REJECTED,
            "x\xc3\xa9");
    assert_int_equal(strlen(w.log.error.text), 255);
    deposit.amount = -256; /* 255 of them would end in half a character. */
    answers(&w, sarn_call(w.engine, &command, NULL, &w.log.error), SARN_ERR_REJECTED,
            "\xc3\xa9");
    assert_int_equal(strlen(w.log.error.text), 254);
    close_world(&w);
}

static void what_is_handed_over_is_nested_64_deep(void **unused)
{
    struct everything_inner chain[SARN_DEPTH_MAX + 2] = {0};
    struct sarn_new_event event = {.type = &everything_inner_type, .data = &chain[1]};
    struct sarn_stream_append stream = {.stream = SARN_STR("t-1"),
                                        .expected_version = SARN_ANY,
                                        .events = &event,
                                        .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;
    struct world w;

    (void)unused;
    open_world(&w);
    for (uint32_t i = 0; i <= SARN_DEPTH_MAX; i++) {
        chain[i].next = &chain[i + 1];
    }
    append.streams = &stream;
    append.stream_count = 1;
    /* It is copied, and then found that no module here has its schema. */
    answers(&w, sarn_append_call(w.engine, &append, NULL, &w.log.error),
            SARN_ERR_SCHEMA, "no registered module uses");
    event.data = &chain[0];
    answers(&w, sarn_append_call(w.engine, &append, NULL, &w.log.error),
            SARN_ERR_TOO_LARGE, "the data of a request is nested over 64 deep");
    close_world(&w);
}

static void metadata_has_half_of_what_an_event_has(void **unused)
{
    const struct sarn_str stream = SARN_STR("talk-1");
    struct world w;

    (void)unused;
    open_world(&w);
    answers(&w,
            sarn_stream_set_metadata(w.engine, 0, stream,
                                     letters(&w, SARN_PAYLOAD_BYTES_MAX / 2),
                                     &w.log.error),
            SARN_OK, "");
    answers(&w,
            sarn_stream_set_metadata(w.engine, 0, stream,
                                     letters(&w, SARN_PAYLOAD_BYTES_MAX / 2 + 1),
                                     &w.log.error),
            SARN_ERR_TOO_LARGE, "metadata has at most 524288 bytes, not 524289");
    close_world(&w);
}

/* --- starts --- */

static sarn_status start_with(struct world *w, const struct sarn_start *start)
{
    return sarn_execute(w->engine, start, NULL, &w->log.error);
}

static struct sarn_start start_of(struct sarn_str id)
{
    struct sarn_start start = SARN_START_INIT;

    start.flags = SARN_START_DETACHED;
    start.workflow = "w";
    start.workflow_id = id;
    return start;
}

static void a_workflow_id_has_200_bytes(void **unused)
{
    struct sarn_start start;
    struct world w;

    (void)unused;
    open_world(&w);
    start = start_of(letters(&w, 200));
    answers(&w, start_with(&w, &start), SARN_OK, "");
    start = start_of(letters(&w, 201));
    answers(&w, start_with(&w, &start), SARN_ERR_TOO_LARGE,
            "a workflow_id has 1 to 200 bytes, not 201");
    close_world(&w);
}

static void an_execution_has_16_attributes_of_120_bytes(void **unused)
{
    struct sarn_attribute attributes[SARN_ATTRIBUTES_MAX + 1];
    char names[SARN_ATTRIBUTES_MAX + 1][4];
    struct sarn_start start = start_of((struct sarn_str)SARN_STR("1"));
    struct world w;

    (void)unused;
    open_world(&w);
    for (uint32_t i = 0; i < COUNT(attributes); i++) {
        snprintf(names[i], sizeof(names[i]), "%u", i);
        attributes[i] = (struct sarn_attribute){sarn_str(names[i]), SARN_STR("v")};
    }
    attributes[0] = (struct sarn_attribute){letters(&w, SARN_ATTRIBUTE_BYTES_MAX),
                                            letters(&w, SARN_ATTRIBUTE_BYTES_MAX)};
    start.attributes = attributes;
    start.attribute_count = SARN_ATTRIBUTES_MAX;
    answers(&w, start_with(&w, &start), SARN_OK, "");
    start.workflow_id = sarn_str("2");
    start.attribute_count += 1;
    answers(&w, start_with(&w, &start), SARN_ERR_TOO_LARGE,
            "an execution has at most 16 search attributes, not 17");
    start.attribute_count = 1;
    attributes[0].value.size += 1;
    answers(&w, start_with(&w, &start), SARN_ERR_TOO_LARGE,
            "an attribute's value has at most 120 bytes, not 121");
    attributes[0].value.size = 0;
    attributes[0].name.size += 1;
    answers(&w, start_with(&w, &start), SARN_ERR_TOO_LARGE,
            "an attribute's name has 1 to 120 bytes, not 121");
    close_world(&w);
}

static void priorities_go_to_255(void **unused)
{
    struct sarn_start start = start_of((struct sarn_str)SARN_STR("1"));
    struct world w;

    (void)unused;
    open_world(&w);
    start.priority = 256;
    answers(&w, start_with(&w, &start), SARN_ERR_INVALID, "its priority at most 255");
    start.priority = 255;
    answers(&w, start_with(&w, &start), SARN_OK, "");
    close_world(&w);
}

/* --- what an execution is told --- */

static sarn_status tell(struct world *w, const struct sarn_control *control)
{
    return sarn_control_call(w->engine, control, NULL, NULL, &w->log.error);
}

static struct sarn_control control_of(uint32_t op)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = op;
    control.workflow = sarn_str("w");
    control.workflow_id = sarn_str("1");
    return control;
}

static void who_tells_an_execution_something_is_brief(void **unused)
{
    struct sarn_start start = start_of((struct sarn_str)SARN_STR("1"));
    struct sarn_control control = control_of(SARN_CONTROL_PAUSE);
    struct world w;

    (void)unused;
    open_world(&w);
    answers(&w, start_with(&w, &start), SARN_OK, "");
    control.reason = letters(&w, 1025);
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a reason has at most 1024 bytes, not 1025");
    control.reason.size -= 1;
    answers(&w, tell(&w, &control), SARN_OK, "");
    control = control_of(SARN_CONTROL_SIGNAL);
    control.name = letters(&w, 256);
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a message's name has 1 to 255 bytes, not 256");
    control.name.size -= 1;
    answers(&w, tell(&w, &control), SARN_ERR_NOT_FOUND, "nnn");
    control = control_of(SARN_CONTROL_FORK);
    control.step = letters(&w, 256);
    control.name = sarn_str("2");
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a step's id has 1 to 255 bytes, not 256");
    control.step.size -= 1;
    answers(&w, tell(&w, &control), SARN_ERR_NOT_FOUND, "nnn");
    control.step = sarn_str("go");
    control.name = letters(&w, 201);
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a workflow_id has 1 to 200 bytes, not 201");
    control.name.size -= 1;
    answers(&w, tell(&w, &control), SARN_OK, "");
    close_world(&w);
}

static void a_promise_is_settled_under_an_id_and_a_code_of_a_size(void **unused)
{
    struct sarn_control control = control_of(SARN_CONTROL_FAIL_PROMISE);
    struct world w;

    (void)unused;
    open_world(&w);
    control.workflow.size = control.workflow_id.size = 0;
    control.name = letters(&w, 1025);
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a promise's id has 1 to 1024 bytes, not 1025");
    control.name.size -= 1;
    answers(&w, tell(&w, &control), SARN_ERR_NOT_FOUND, "nnn");
    control.code = letters(&w, 128);
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a code has at most 127 bytes, not 128");
    control.code.size -= 1;
    answers(&w, tell(&w, &control), SARN_ERR_NOT_FOUND, "nnn");
    close_world(&w);
}

static void a_payload_in_json_has_twice_what_an_event_has(void **unused)
{
    struct sarn_start start = start_of((struct sarn_str)SARN_STR("1"));
    struct sarn_control control = control_of(SARN_CONTROL_SIGNAL);
    struct world w;

    (void)unused;
    open_world(&w);
    answers(&w, start_with(&w, &start), SARN_OK, "");
    control.name = sarn_str("go");
    control.json = letters(&w, 2 * SARN_PAYLOAD_BYTES_MAX + 1);
    answers(&w, tell(&w, &control), SARN_ERR_TOO_LARGE,
            "a payload as JSON has at most 2097152 bytes, not 2097153");
    control.json.size -= 1; /* It is looked at, and is no JSON. */
    answers(&w, tell(&w, &control), SARN_ERR_SCHEMA, "");
    close_world(&w);
}

/* --- subscriptions, schedules --- */

static sarn_status nothing(void *arg, const struct sarn_event *event)
{
    (void)arg;
    (void)event;
    return SARN_OK;
}

static void a_subscription_names_1024_types(void **unused)
{
    const char *types[1025];
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    sarn_subscription *subscription;
    struct world w;

    (void)unused;
    open_world(&w);
    for (size_t i = 0; i < COUNT(types); i++) {
        types[i] = "Put";
    }
    options.types = types;
    options.type_count = 1025;
    answers(&w,
            sarn_subscribe(w.engine, &options, nothing, NULL, NULL, &subscription,
                           &w.log.error),
            SARN_ERR_INVALID, "the names of at most 1024 types");
    options.type_count -= 1;
    answers(&w,
            sarn_subscribe(w.engine, &options, nothing, NULL, NULL, &subscription,
                           &w.log.error),
            SARN_OK, "");
    close_world(&w);
}

static void a_schedules_id_has_213_bytes_with_its_workflow(void **unused)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;
    struct world w;

    (void)unused;
    open_world(&w);
    schedule.workflow = "w";
    schedule.interval_us = 3600000000;
    schedule.id = letters(&w, 213);
    answers(&w, sarn_schedule_put(w.engine, &schedule, &w.log.error), SARN_ERR_INVALID,
            "id and workflow have 213 bytes at most together: they have 213 and 1");
    schedule.id.size -= 1;
    schedule.reason = letters(&w, 1025);
    answers(&w, sarn_schedule_put(w.engine, &schedule, &w.log.error),
            SARN_ERR_TOO_LARGE, "a reason has at most 1024 bytes, not 1025");
    schedule.reason.size -= 1;
    answers(&w, sarn_schedule_put(w.engine, &schedule, &w.log.error), SARN_OK, "");
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_keys_have_255_bytes),
        cmocka_unit_test(an_append_has_1024_events_and_streams),
        cmocka_unit_test(a_command_leads_to_1024_events),
        cmocka_unit_test(a_sentence_has_255_bytes_and_ends_with_a_character),
        cmocka_unit_test(what_is_handed_over_is_nested_64_deep),
        cmocka_unit_test(metadata_has_half_of_what_an_event_has),
        cmocka_unit_test(a_workflow_id_has_200_bytes),
        cmocka_unit_test(an_execution_has_16_attributes_of_120_bytes),
        cmocka_unit_test(priorities_go_to_255),
        cmocka_unit_test(who_tells_an_execution_something_is_brief),
        cmocka_unit_test(a_promise_is_settled_under_an_id_and_a_code_of_a_size),
        cmocka_unit_test(a_payload_in_json_has_twice_what_an_event_has),
        cmocka_unit_test(a_subscription_names_1024_types),
        cmocka_unit_test(a_schedules_id_has_213_bytes_with_its_workflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
