/* domain/core/definition: a table of steps, as planning sees it. */
#include "core/definition.h"

#include "support/planner.h"

static const struct sarn_step steps[] = {
    EXTERNAL("a"),
    REPEATABLE("b", .group = "g"),
    REPEATABLE("c", .group = "g", .next = "e"),
    REPEATABLE("d", .group = "h"),
    REPEATABLE("e", .aliases = (const char *const[]){"x", "y", NULL}),
    REPEATABLE("f", .timeouts = {.heartbeat_us = 1}),
    WAIT(SIGNAL, "s", .signal = "go", .next = SARN_STEP_END),
    WAIT(CHILD, "t", .child = "w"),
};
static const struct sarn_group groups[] = {
    {.name = "h", .join = SARN_JOIN_FIRST},
    {.name = "g", .join = SARN_JOIN_COUNT, .count = 2},
};
static const struct sarn_message messages[] = {
    {.name = "state", .kind = SARN_MESSAGE_QUERY, .input = &sarn_bytes_type},
};
static const struct sarn_workflow workflow = {.name = "w",
                                              SARN_STEPS(steps),
                                              .groups = groups,
                                              .group_count = 2,
                                              .messages = messages,
                                              .message_count = 1};

static void a_step_is_found_by_its_id_or_by_what_it_was_called(void **unused)
{
    (void)unused;
    assert_int_equal(sarn__step_index(&workflow, sarn_str("a"), 0), 0);
    assert_int_equal(sarn__step_index(&workflow, sarn_str("a"), 7), 0);
    assert_int_equal(sarn__step_index(&workflow, sarn_str("t"), 3), 7);
    assert_int_equal(sarn__step_index(&workflow, sarn_str("y"), 0), 4);
    assert_int_equal(sarn__step_index(&workflow, sarn_str("z"), 0), 8);
    assert_int_equal(sarn__step_index(&workflow, sarn_str("a"), 99), 0);
}

static void neighbours_of_one_group_are_one_element(void **unused)
{
    static const struct {
        uint32_t index, first, count, needed, after;
    } rows[] = {
        {0, 0, 1, 1, 1}, {1, 1, 2, 2, 4}, {2, 1, 2, 2, 4}, {3, 3, 1, 1, 4},
        {4, 4, 1, 1, 5}, {6, 6, 1, 1, 8}, {7, 7, 1, 1, 8},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn__element element;

        sarn__element_of(&workflow, rows[i].index, &element);
        assert_int_equal(element.first, rows[i].first);
        assert_int_equal(element.count, rows[i].count);
        assert_int_equal(element.needed, rows[i].needed);
        assert_int_equal(sarn__element_after(&workflow, &element), rows[i].after);
    }
}

static void what_a_step_is_follows_from_its_members(void **unused)
{
    (void)unused;
    assert_false(sarn__step_is_windowed(&steps[0])); /* Not idempotent. */
    assert_false(sarn__step_is_windowed(&steps[1])); /* In a group. */
    assert_true(sarn__step_is_windowed(&steps[4]));
    assert_false(sarn__step_is_windowed(&steps[5])); /* It has to be timed. */
    assert_true(sarn__step_is_repeatable(&steps[5]));
    assert_true(sarn__step_waits(&steps[6]));
    assert_false(sarn__step_waits(&steps[0]));
    assert_false(sarn__step_compensates(&steps[6]));
    assert_true(sarn__step_compensates(&steps[7])); /* Its child is undone. */
    assert_false(sarn__step_undoes_locally(&steps[7]));
    assert_false(sarn__step_undoes_locally(&steps[0]));
    assert_string_equal(sarn__step_signal(&steps[6]), "go");
}

static void a_window_ends_where_the_table_does_not_say_what_follows(void **unused)
{
    static const struct sarn_step table[] = {
        REPEATABLE("a"), REPEATABLE("b", .next = "a"), REPEATABLE("c"), LOCAL("d")};
    static const struct sarn_workflow windows = {.name = "w", SARN_STEPS(table)};
    struct sarn_str ids[SARN__WINDOW_STEPS_MAX];

    (void)unused;
    assert_int_equal(sarn__window(&windows, 0, ids), 2);
    assert_int_equal(sarn__window(&windows, 2, ids), 1);
    assert_int_equal(sarn__window(&windows, 3, ids), 0);
    assert_int_equal(sarn__window(&windows, 4, ids), 0);
}

static void
a_message_is_one_of_the_table_or_a_signal_that_a_step_waits_for(void **unused)
{
    const struct sarn_message *message = NULL;
    const struct sarn_type *payload = NULL;
    uint32_t kind = 9;

    (void)unused;
    assert_true(
        sarn__message_find(&workflow, sarn_str("state"), &kind, &payload, &message));
    assert_int_equal(kind, SARN_MESSAGE_QUERY);
    assert_ptr_equal(payload, &sarn_bytes_type);
    assert_ptr_equal(message, &messages[0]);
    assert_true(
        sarn__message_find(&workflow, sarn_str("go"), &kind, &payload, &message));
    assert_int_equal(kind, SARN_MESSAGE_SIGNAL);
    assert_null(payload);
    assert_null(message);
    assert_false(sarn__message_find(&workflow, sarn_str("s"), &kind, NULL, &message));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_found_by_its_id_or_by_what_it_was_called),
        cmocka_unit_test(neighbours_of_one_group_are_one_element),
        cmocka_unit_test(what_a_step_is_follows_from_its_members),
        cmocka_unit_test(a_window_ends_where_the_table_does_not_say_what_follows),
        cmocka_unit_test(
            a_message_is_one_of_the_table_or_a_signal_that_a_step_waits_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
