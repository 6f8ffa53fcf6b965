/* How much one commit, and one log, may hold. */
#include <string.h>

#include "engine/state.h"
#include "support/bank.h"

#define MIB 1048576u

/* An append of count events of size bytes to a stream. */
static void append(struct bank *bank,
                   const char *type,
                   uint32_t count,
                   uint32_t size,
                   struct sarn__sim_outcome *out)
{
    static char bytes[MIB];
    struct sarn_str payload = {bytes, size};
    struct sarn_new_event *events = calloc(count, sizeof(*events));
    struct sarn_stream_append stream = {.stream = SARN_STR("talk-1"),
                                        .expected_version = SARN_ANY,
                                        .events = events,
                                        .event_count = count};
    struct sarn_append request = SARN_APPEND_INIT;
    struct sarn_error error = {SARN_OK, ""};

    assert_non_null(events);
    for (uint32_t i = 0; i < count; i++) {
        events[i] = (struct sarn_new_event){.type_name = type, .data = &payload};
    }
    request.streams = &stream;
    request.stream_count = 1;
    memset(out, 0, sizeof(*out));
    assert_ok(sarn__sim_append(bank->sim, &request, out, &error), &error);
    free(events);
}

static const char *
do_append(struct bank *bank, const char *type, uint32_t count, uint32_t size)
{
    struct sarn__sim_outcome out;

    append(bank, type, count, size, &out);
    sarn__sim_run(bank->sim);
    return bank_describe(bank, &out);
}

/* --- one commit --- */

static void most_events_of_a_commit(void *arg, const struct sarn_observation *seen)
{
    uint32_t *most = arg;

    if (seen->stage == SARN_STAGE_COMMIT && seen->count > *most) {
        *most = seen->count;
    }
}

static sarn_status nothing(void *arg, const struct sarn_event *event)
{
    (void)arg;
    (void)event;
    return SARN_OK;
}

/* Requests of 1000 events each, all handed in at once: the commit that they share is
 * full with the one that takes it over 4096 events; the others wait. */
static void a_commit_takes_requests_until_it_has_4096_events(void **unused)
{
    uint32_t most = 0;
    struct sarn_options options = {
        .hooks = {.arg = &most, .observe = most_events_of_a_commit}};
    struct sarn__sim_outcome out[20];
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, &options);
    most = 0; /* The first commit has the schemas. */
    for (size_t i = 0; i < COUNT(out); i++) {
        append(&bank, "Put", 1000, 1, &out[i]);
    }
    sarn__sim_run(bank.sim);
    for (size_t i = 0; i < COUNT(out); i++) {
        assert_int_equal(out[i].status, SARN_OK);
    }
    assert_in_range(most, SARN__BATCH_EVENTS_MAX, SARN__BATCH_EVENTS_MAX + 1000 - 1);
    bank_close(&bank);
}

static void a_commit_takes_requests_until_it_has_4_mib(void **unused)
{
    uint32_t most = 0;
    struct sarn_options options = {
        .hooks = {.arg = &most, .observe = most_events_of_a_commit}};
    struct sarn__sim_outcome out[20];
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, &options);
    most = 0; /* The first commit has the schemas. */
    for (size_t i = 0; i < COUNT(out); i++) {
        append(&bank, "Put", 1, MIB, &out[i]);
    }
    sarn__sim_run(bank.sim);
    for (size_t i = 0; i < COUNT(out); i++) {
        assert_int_equal(out[i].status, SARN_OK);
    }
    /* Each record is a bit over a MiB: the fourth fills it. */
    assert_int_equal(most, SARN__BATCH_BYTES_MAX / MIB);
    bank_close(&bank);
}

/* 256 MiB, its records' headers included. What is over that takes nobody along. */
static void a_commit_has_256_mib(void **unused)
{
    struct sarn__sim_outcome small, large, last;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, NULL);
    append(&bank, "Put", 1, 1, &small);
    append(&bank, "Put", 256, MIB, &large);
    append(&bank, "Put", 64, MIB, &last);
    sarn__sim_run(bank.sim);
    assert_string_equal(bank_describe(&bank, &large),
                        "over a limit: one commit has at most 268435456 bytes, and "
                        "this is more: split it");
    assert_int_equal(small.status, SARN_OK);
    assert_int_equal(last.status, SARN_OK);
    assert_int_equal(last.event_count, 64);
    bank_close(&bank);
}

/* --- one log --- */

static void a_log_has_events_of_a_million_types(void **unused)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error = {SARN_OK, ""};
    sarn_engine *engine;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, NULL);
    assert_non_null(strstr(do_append(&bank, "First", 1, 1), "ok"));
    engine = sarn__sim_engine(bank.sim); /* As if there had been all but one. */
    engine->writer.next_type = engine->log.store.next_type = SARN__TYPE_IDS_MAX - 1;
    assert_non_null(strstr(do_append(&bank, "Last", 1, 1), "ok"));
    assert_string_equal(do_append(&bank, "More", 1, 1),
                        "over a limit: the log has events of 1048575 types, which is "
                        "the limit: what differs from event to event belongs into the "
                        "payload, not into the type's name");
    assert_non_null(strstr(do_append(&bank, "First", 1, 1), "ok"));
    assert_non_null(strstr(do_append(&bank, "Last", 1, 1), "ok"));
    assert_ok(sarn__log_read(sarn__engine_log(engine), &range, nothing, NULL, &error),
              &error);
    bank_close(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_takes_requests_until_it_has_4096_events),
        cmocka_unit_test(a_commit_takes_requests_until_it_has_4_mib),
        cmocka_unit_test(a_commit_has_256_mib),
        cmocka_unit_test(a_log_has_events_of_a_million_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
