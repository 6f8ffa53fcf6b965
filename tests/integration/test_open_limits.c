/* What a log may be opened with: exactly so much is taken, and one more is refused. */
#include "infra/posix/workers.h"
#include "sarn/payments.h"
#include "sarn/sarn.h"
#include "support/good_log.h"
#include "support/ledger.h"

#include "support/test.h"

#define SCHEMAS 256u /* Sarn's own among them. */

static sarn_status decide(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    (void)state;
    (void)command;
    (void)decision;
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

static sarn_status try_open(const char *path,
                            const struct sarn_module *module,
                            uint32_t workers,
                            struct sarn_error *error)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;
    sarn_status status;

    options.modules = &module;
    options.module_count = module == NULL ? 0 : 1;
    options.workers = workers;
    status = sarn_open(path, &options, &engine, error);
    if (status == SARN_OK) {
        sarn_close(engine);
    }
    return status;
}

static void an_engine_has_1024_workers(void **unused)
{
    struct good_log w;

    (void)unused;
    good_log_make(&w);
    assert_ok(try_open(w.path, NULL, SARN__WORKERS_MAX, &w.error), &w.error);
    assert_int_equal(try_open(w.path, NULL, SARN__WORKERS_MAX + 1, &w.error),
                     SARN_ERR_TOO_LARGE);
    assert_string_equal(w.error.text, "1025 workers are over the limit of 1024");
    good_log_remove(&w);
}

/* --- schemas --- */

/* An aggregate whose commands are of so many schemas. */
struct many {
    struct sarn_type types[SCHEMAS];
    struct sarn_schema schemas[SCHEMAS];
    const struct sarn_type *of_schema[SCHEMAS], *commands[SCHEMAS + 1];
    char names[SCHEMAS][16];
    char *bytes;
    struct sarn_aggregate aggregate;
    const struct sarn_aggregate *aggregates[1];
    struct sarn_module module;
};

static void many_make(struct many *many)
{
    const struct sarn_schema *schema = ledger_deposit_type.schema;

    *many = (struct many){.aggregate = {.category = "many",
                                        .apply_version = 1,
                                        .state = &ledger_account_type,
                                        .decide = decide,
                                        .apply = apply,
                                        .commands = many->commands},
                          .module = {.abi = SARN_MODULE_ABI,
                                     .struct_size = sizeof(many->module),
                                     .name = "many",
                                     .version = "1",
                                     .aggregates = many->aggregates,
                                     .aggregate_count = 1}};
    many->aggregates[0] = &many->aggregate;
    many->bytes = calloc(1, SARN_PAYLOAD_BYTES_MAX + 1);
    assert_non_null(many->bytes);
    memcpy(many->bytes, schema->bfbs, schema->bfbs_size);
    for (uint32_t i = 0; i < SCHEMAS; i++) {
        snprintf(many->names[i], sizeof(many->names[i]), "many%u", i);
        many->types[i] = ledger_deposit_type;
        many->types[i].name = many->names[i];
        many->types[i].schema = &many->schemas[i];
        many->of_schema[i] = &many->types[i];
        many->schemas[i] = *schema;
        many->schemas[i].name = many->names[i];
        many->schemas[i].types = &many->of_schema[i];
        many->schemas[i].type_count = 1;
        many->commands[i] = &many->types[i];
    }
}

static void an_engine_serves_256_schemas(void **unused)
{
    static struct many many;
    struct good_log w;

    (void)unused;
    good_log_make(&w);
    many_make(&many);
    /* Beside these: Sarn's own, and that of the state. */
    many.aggregate.command_count = SCHEMAS - 2;
    assert_ok(try_open(w.path, &many.module, 1, &w.error), &w.error);
    many.aggregate.command_count += 1;
    assert_int_equal(try_open(w.path, &many.module, 1, &w.error), SARN_ERR_TOO_LARGE);
    assert_string_equal(w.error.text, "an engine serves at most 256 schemas");
    free(many.bytes);
    good_log_remove(&w);
}

static void a_schema_has_1_mib(void **unused)
{
    static struct many many;
    struct good_log w;

    (void)unused;
    good_log_make(&w);
    many_make(&many);
    many.aggregate.command_count = 1;
    many.schemas[0].bfbs = (const uint8_t *)many.bytes;
    many.schemas[0].bfbs_size = SARN_PAYLOAD_BYTES_MAX + 1;
    assert_int_equal(try_open(w.path, &many.module, 1, &w.error), SARN_ERR_TOO_LARGE);
    assert_string_equal(w.error.text,
                        "schema \"many0\" has 1048577 bytes in its binary form, over "
                        "1048576");
    many.schemas[0].bfbs_size -= 1;
    assert_ok(try_open(w.path, &many.module, 1, &w.error), &w.error);
    free(many.bytes);
    good_log_remove(&w);
}

/* --- the tail --- */

static void append_16(sarn_engine *engine, struct sarn_error *error)
{
    struct sarn_str payload = SARN_STR("x");
    struct sarn_new_event events[16];
    struct sarn_stream_append stream = {.stream = SARN_STR("talk-2"),
                                        .expected_version = SARN_ANY,
                                        .events = events,
                                        .event_count = COUNT(events)};
    struct sarn_append append = SARN_APPEND_INIT;

    for (size_t i = 0; i < COUNT(events); i++) {
        events[i] = (struct sarn_new_event){.type_name = "Put", .data = &payload};
    }
    append.streams = &stream;
    append.stream_count = 1;
    assert_ok(sarn_append_call(engine, &append, NULL, error), error);
}

static void the_tail_stays_at_its_bound(void **unused)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct good_log w;
    sarn_engine *engine;
    uint64_t longest = 0;

    (void)unused;
    good_log_make(&w);
    options.tail_max = 128;
    assert_ok(sarn_open(w.path, &options, &engine, &w.error), &w.error);
    for (uint32_t i = 0; i < 200; i++) {
        struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
        uint64_t tail;

        append_16(engine, &w.error);
        assert_ok(sarn_log_get_stats(sarn_engine_log(engine), &stats, &w.error),
                  &w.error);
        tail = stats.last_position - stats.flushed_position;
        longest = tail > longest ? tail : longest;
    }
    assert_in_range(longest, 128 / 2, 128 + 16);
    sarn_close(engine);
    good_log_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_has_1024_workers),
        cmocka_unit_test(an_engine_serves_256_schemas),
        cmocka_unit_test(a_schema_has_1_mib),
        cmocka_unit_test(the_tail_stays_at_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
