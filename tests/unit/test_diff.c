/* infra/testkit/diff: what is expected of a history, and what is there. */
#include "infra/testkit/diff.h"

#include "core/heap.h"
#include "support/heap.h"
#include "support/test.h"

static void check(const char *expected, const char *actual, const char *difference)
{
    struct sarn_error error = {SARN_OK, ""};
    struct test_heap counted = {.live = 0};
    struct sarn_heap heap = test_heap(&counted);
    struct sarn__text text;
    bool same = false;

    sarn__text_init(&text, &heap);
    assert_ok(sarn__diff(&heap, expected, actual, &text, &same, &error), &error);
    assert_string_equal(sarn__text_of(&text), difference);
    assert_int_equal(same, difference[0] == '\0');
    sarn__text_done(&text);
    assert_int_equal(counted.live, 0);
}

static void the_same_lines_are_the_same(void **unused)
{
    (void)unused;
    check("", "", "");
    check("a\nb\n", "a\nb\n", "");
    check("a\nb", "a\nb\n", "");
    check("\n  a\t\n\n b\n", "a\nb\n", "");
}

static void what_is_missing_and_what_is_more_is_marked(void **unused)
{
    (void)unused;
    check("a\nb\nc\n", "a\nc\n", "  a\n- b\n  c\n");
    check("a\nc\n", "a\nb\nc\n", "  a\n+ b\n  c\n");
    check("a\nb\nc\n", "a\nx\nc\n", "  a\n- b\n+ x\n  c\n");
    check("", "a\n", "+ a\n");
    check("a\n", "", "- a\n");
    check("a\na\nb\n", "a\nb\n", "  a\n- a\n  b\n");
}

static void dots_stand_for_any_lines(void **unused)
{
    (void)unused;
    check("...", "", "");
    check("...", "a\nb\n", "");
    check("a\n...\nd\n", "a\nb\nc\nd\n", "");
    check("a\n...\nd\n", "a\nd\n", "");
    check("...\nd\n", "a\nd\nd\n", "");
    check("a\n...\nd\n", "a\nb\nc\n", "  a\n  b\n  c\n- d\n");
    check("a\n...\nc\n", "x\ny\n", "- a\n  x\n  y\n- c\n");
}

static void dots_at_the_end_of_a_line_stand_for_its_rest(void **unused)
{
    (void)unused;
    check("parked: ...\n", "parked: no\n", "");
    check("parked: ...\n", "parked: \n", "- parked: ...\n+ parked:\n");
    check("parked: ...\n", "parked\n", "- parked: ...\n+ parked\n");
    check("a...\nb\n", "ab\nb\n", "");
}

static void what_is_too_much_is_said(void **unused)
{
    static char lines[2 * (SARN__DIFF_LINES_MAX + 1) + 1];
    const struct sarn_heap heap = sarn__heap_or_malloc(&(struct sarn_heap){NULL, NULL});
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__text text;
    bool same = false;

    (void)unused;
    for (size_t i = 0; i <= SARN__DIFF_LINES_MAX; i++) {
        lines[2 * i] = 'a';
        lines[2 * i + 1] = '\n';
    }
    sarn__text_init(&text, &heap);
    assert_int_equal(sarn__diff(&heap, lines, "a", &text, &same, &error),
                     SARN_ERR_TOO_LARGE);
    assert_int_equal(sarn__diff(&heap, "a", lines, &text, &same, &error),
                     SARN_ERR_TOO_LARGE);
    sarn__text_done(&text);
}

static void without_memory_it_says_so_and_keeps_nothing(void **unused)
{
    const struct sarn_heap plain =
        sarn__heap_or_malloc(&(struct sarn_heap){NULL, NULL});
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    for (uint64_t nth = 1; status != SARN_OK; nth++) {
        struct test_heap counted = {.fail_at = nth};
        struct sarn_heap heap = test_heap(&counted);
        struct sarn_error error = {SARN_OK, ""};
        struct sarn__text text;
        bool same = false;

        sarn__text_init(&text, &plain);
        status = sarn__diff(&heap, "a\nb\n", "a\nc\n", &text, &same, &error);
        assert_true(status == SARN_OK || status == SARN_ERR_NOMEM);
        sarn__text_done(&text);
        assert_int_equal(counted.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_lines_are_the_same),
        cmocka_unit_test(what_is_missing_and_what_is_more_is_marked),
        cmocka_unit_test(dots_stand_for_any_lines),
        cmocka_unit_test(dots_at_the_end_of_a_line_stand_for_its_rest),
        cmocka_unit_test(what_is_too_much_is_said),
        cmocka_unit_test(without_memory_it_says_so_and_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
