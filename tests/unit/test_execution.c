/* domain/core/execution: folding events, and refusing those that cannot follow. */
#include "core/execution.h"

#include <string.h>

#include "sarn/workflow.h"
#include "support/test.h"

#define EVENTS_MAX 8

static const struct sarn_str a_and_b[] = {SARN_STR("a"), SARN_STR("b")};
static const struct sarn_str b_only[] = {SARN_STR("b")};
static const struct sarn_str b_twice[] = {SARN_STR("b"), SARN_STR("b")};
static const struct sarn_str nameless[] = {{NULL, 0}};

#define A    .step = SARN_STR("a")
#define B    .step = SARN_STR("b")
#define N(n) .attempt = (n)
#define UNDO .compensation = true

#define START                                                                          \
    {                                                                                  \
        .kind = SARN__STARTED                                                          \
    }
#define START_AB                                                                       \
    {                                                                                  \
        .kind = SARN__STARTED, .steps = a_and_b, .step_count = 2                       \
    }
#define INTENT(...)                                                                    \
    {                                                                                  \
        .kind = SARN__STEP_STARTED, __VA_ARGS__                                        \
    }
#define DONE(...)                                                                      \
    {                                                                                  \
        .kind = SARN__STEP_SUCCEEDED, __VA_ARGS__                                      \
    }
#define FAILED(...)                                                                    \
    {                                                                                  \
        .kind = SARN__STEP_FAILED, __VA_ARGS__                                         \
    }
#define AGAIN(...)                                                                     \
    {                                                                                  \
        .kind = SARN__STEP_FAILED, .retry_at_us = 9, __VA_ARGS__                       \
    }
#define FATE(f, ...)                                                                   \
    {                                                                                  \
        .kind = SARN__STEP_RECONCILED, .fate = (f), __VA_ARGS__                        \
    }
#define BEGAN(...)                                                                     \
    {                                                                                  \
        .kind = SARN__COMPENSATION_BEGAN, __VA_ARGS__                                  \
    }
#define COMPLETED                                                                      \
    {                                                                                  \
        .kind = SARN__COMPLETED                                                        \
    }
#define COMPENSATED                                                                    \
    {                                                                                  \
        .kind = SARN__COMPENSATED                                                      \
    }
#define PARKED                                                                         \
    {                                                                                  \
        .kind = SARN__PARKED, .code = SARN_STR("c"), .text = SARN_STR("t")             \
    }

/* Everything that can be seen of an execution, as text. */
static void describe(const struct sarn__execution *execution, char text[512])
{
    int used =
        snprintf(text, 512, "%" PRIu32 ": %" PRIu32 " steps, %" PRIu32 " done",
                 execution->status, execution->step_count, execution->done_count);

    for (const struct sarn__step *step = execution->first; step != NULL;
         step = step->next) {
        used += snprintf(text + used, 512u - (size_t)used,
                         "; %.*s %d n%" PRIu32 " c%" PRIu32 " o%" PRIu32 "%s%s",
                         (int)step->id.size, step->id.data, step->state, step->attempts,
                         step->compensation_attempts, step->order,
                         step->permitted ? " permitted" : "",
                         step->orphaned ? " orphaned" : "");
    }
}

static void contradicting_events_are_corruption_and_change_nothing(void **unused)
{
    /* The last event of each row is the one that cannot follow. */
    static const struct sarn__execution_event rows[][EVENTS_MAX] = {
        {INTENT(A, N(1))}, /* Not started. */
        {COMPLETED},
        {PARKED},
        {START, START},
        {START, {.kind = (enum sarn__fact)77}},
        {START, COMPENSATED}, /* Nothing was undone. */
        /* Attempts are counted without gaps. */
        {START, INTENT(A, N(0))},
        {START, INTENT(A, N(2))},
        {START, INTENT(A, N(1)), DONE(A, N(2))},
        {START, INTENT(A, N(1)), INTENT(A, N(2))},
        {START, INTENT(A, N(1)), AGAIN(A, N(1)), DONE(A, N(1))},
        /* A step without a name. */
        {START, INTENT(N(1))},
        /* After the end of a step. */
        {START, DONE(A, N(1)), DONE(A, N(2))},
        {START, FAILED(A, N(1)), INTENT(A, N(2))},
        {START, INTENT(A, N(1)), FATE(SARN_STEP_UNKNOWN, A, N(1)), DONE(A, N(1))},
        /* Only what was under way can be reconciled, and only to what there is. */
        {START, FATE(SARN_STEP_DONE, A, N(1))},
        {START, DONE(A, N(1)), FATE(SARN_STEP_DONE, A, N(1))},
        {START, INTENT(A, N(1)), FATE(3, A, N(1))},
        {START, FAILED(A, N(1)), BEGAN(A), FATE(SARN_STEP_DONE, A, N(1), UNDO)},
        /* Forward and backward do not mix. */
        {START, DONE(A, N(1)), INTENT(A, N(1), UNDO)},
        {START, DONE(A, N(1)), FAILED(B, N(1)), BEGAN(B), INTENT(A, N(2))},
        {START, DONE(A, N(1)), BEGAN(A)},
        {START, BEGAN(A)},
        {START, FAILED(A, N(1)), BEGAN(A), BEGAN(A)},
        /* What has not completed cannot be compensated, and not twice. */
        {START, FAILED(A, N(1)), BEGAN(A), INTENT(A, N(1), UNDO)},
        {START, FAILED(A, N(1)), BEGAN(A), INTENT(B, N(1), UNDO)},
        {START, DONE(A, N(1)), FAILED(B, N(1)), BEGAN(B), DONE(A, N(1), UNDO),
         DONE(A, N(2), UNDO)},
        /* Windows. */
        {START_AB, DONE(A, N(1), .steps = b_only, .step_count = 1)},
        {{.kind = SARN__STARTED, .steps = b_twice, .step_count = 2}},
        {{.kind = SARN__STARTED, .steps = nameless, .step_count = 1}},
        {START, INTENT(A, N(1), .steps = b_only, .step_count = 1)},
        {START, DONE(B, N(1), .steps = b_only, .step_count = 1)},
        {START, DONE(A, N(1), .steps = b_twice, .step_count = 2)},
        /* Only what a window permitted can be in doubt. */
        {START, FAILED(A, N(1)), BEGAN(A, .steps = b_only, .step_count = 1)},
        {START, DONE(B, N(1)), FAILED(A, N(1)),
         BEGAN(A, .steps = b_only, .step_count = 1)},
        {START_AB, FAILED(A, N(1)), BEGAN(A, .steps = b_twice, .step_count = 2)},
        /* The end. */
        {START_AB, DONE(A, N(1)), COMPLETED},
        {START, INTENT(A, N(1)), COMPLETED},
        {START, FAILED(A, N(1)), COMPLETED},
        {START, FAILED(A, N(1)), COMPENSATED},
        {START, DONE(A, N(1)), FAILED(B, N(1)), BEGAN(B), INTENT(A, N(1), UNDO),
         COMPENSATED},
        {START, DONE(A, N(1)), FAILED(B, N(1)), BEGAN(B), COMPLETED},
        {START, COMPLETED, INTENT(A, N(1))},
        {START, COMPLETED, COMPLETED},
        {START, COMPLETED, PARKED},
        {START, FAILED(A, N(1)), BEGAN(A), COMPENSATED, PARKED},
        {START, PARKED, PARKED},
        {START, PARKED, INTENT(A, N(1))},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn__execution execution;
        struct sarn_error error = {0};
        char before[512], after[512];
        size_t last = 0;

        sarn__execution_init(&execution, arena);
        while (last + 1 < EVENTS_MAX && rows[i][last + 1].kind != 0) {
            sarn_status status =
                sarn__execution_apply(&execution, &rows[i][last], &error);

            if (status != SARN_OK) {
                fail_msg("row %zu, event %zu: %s", i, last, error.text);
            }
            last += 1;
        }
        describe(&execution, before);
        if (sarn__execution_apply(&execution, &rows[i][last], &error) !=
            SARN_ERR_CORRUPT) {
            fail_msg("row %zu was believed", i);
        }
        assert_true(error.text[0] != '\0');
        describe(&execution, after);
        assert_string_equal(before, after);
        sarn_arena_destroy(arena);
    }
}

static void folding_keeps_what_later_steps_and_compensations_need(void **unused)
{
    static const struct sarn__execution_event events[] = {
        {.kind = SARN__STARTED,
         .steps = a_and_b,
         .step_count = 2,
         .definition_version = 7,
         .fingerprint = 99,
         .run_id = {{1, 2}},
         .input = SARN_STR("input"),
         .input_hash = {3, 4}},
        DONE(A, N(1), .output = SARN_STR("out of a")),
        AGAIN(B, N(1), .code = SARN_STR("busy"), .text = SARN_STR("later")),
        FAILED(B, N(2), .code = SARN_STR("no"), .text = SARN_STR("never")),
        BEGAN(B, .steps = b_only, .step_count = 1),
        INTENT(B, N(1), UNDO),
        DONE(B, N(1), UNDO),
        INTENT(A, N(1), UNDO),
        AGAIN(A, N(1), UNDO),
        INTENT(A, N(2), UNDO),
        DONE(A, N(2), UNDO),
        COMPENSATED,
    };
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__execution execution;
    char seen[512];

    (void)unused;
    sarn__execution_init(&execution, arena);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        assert_int_equal(sarn__execution_apply(&execution, &events[i], NULL), SARN_OK);
        assert_int_equal(sarn__execution_is_over(&execution), i == 11);
    }
    describe(&execution, seen);
    assert_string_equal(seen, "4: 2 steps, 0 done; a 9 n1 c2 o1 permitted; "
                              "b 9 n2 c1 o2 permitted");
    assert_int_equal(execution.definition_version, 7);
    assert_int_equal(execution.fingerprint, 99);
    assert_int_equal(execution.run_id.bytes[1], 2);
    assert_int_equal(execution.input_hash[1], 4);
    assert_true(sarn_str_equal(execution.input, sarn_str("input")));
    assert_true(execution.input.data != events[0].input.data);
    assert_true(sarn_str_equal(execution.first->output, sarn_str("out of a")));
    assert_true(sarn_str_equal(execution.failure.step, sarn_str("b")));
    assert_true(sarn_str_equal(execution.failure.code, sarn_str("no")));
    assert_true(sarn_str_equal(execution.failure.text, sarn_str("never")));
    sarn_arena_destroy(arena);
}

static void only_what_may_have_run_is_orphaned(void **unused)
{
    static const struct {
        struct sarn__execution_event events[4];
        bool intents, orphaned;
        const char *seen;
    } rows[] = {
        {{START_AB},
         true,
         false,
         "1: 2 steps, 0 done; a 0 n0 c0 o0 permitted orphaned; "
         "b 0 n0 c0 o0 permitted orphaned"},
        {{START_AB, DONE(A, N(1))},
         true,
         false,
         "1: 2 steps, 1 done; a 3 n1 c0 o1 permitted; b 0 n0 c0 o0 permitted orphaned"},
        {{START_AB, AGAIN(A, N(1))},
         false,
         false,
         "1: 2 steps, 0 done; a 2 n1 c0 o0 permitted orphaned; "
         "b 0 n0 c0 o0 permitted orphaned"},
        {{START, INTENT(A, N(1))},
         true,
         true,
         "1: 1 steps, 0 done; a 1 n1 c0 o0 orphaned"},
        {{START, INTENT(A, N(1))}, false, false, "1: 1 steps, 0 done; a 1 n1 c0 o0"},
        {{START, INTENT(A, N(1)), AGAIN(A, N(1))},
         true,
         false,
         "1: 1 steps, 0 done; a 2 n1 c0 o0"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn__execution execution;
        char seen[512];

        sarn__execution_init(&execution, arena);
        for (size_t j = 0; j < 4 && rows[i].events[j].kind != 0; j++) {
            assert_int_equal(
                sarn__execution_apply(&execution, &rows[i].events[j], NULL), SARN_OK);
        }
        sarn__execution_recovered(&execution, rows[i].intents);
        describe(&execution, seen);
        assert_string_equal(seen, rows[i].seen);
        assert_int_equal(sarn__execution_is_orphaned(&execution), rows[i].orphaned);
        sarn_arena_destroy(arena);
    }
}

/* A heap that gives out left allocations. */
static void *scarce(void *left, void *memory, size_t size)
{
    int *count = left;

    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (*count == 0) {
        return NULL;
    }
    *count -= 1;
    return realloc(memory, size);
}

static void running_out_of_memory_changes_nothing(void **unused)
{
    static char big[200000];
    static const struct sarn__execution_event rows[] = {
        {.kind = SARN__STARTED, .input = {big, sizeof(big)}},
        DONE(A, N(1), .output = {big, sizeof(big)}),
        FAILED(A, N(1), .text = {big, sizeof(big)}),
        {.kind = SARN__PARKED, .text = {big, sizeof(big)}},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int left = 1;
        struct sarn_heap heap = {scarce, &left};
        struct sarn_arena *arena = sarn_arena_create(&heap);
        struct sarn__execution execution;
        char before[512], after[512];

        sarn__execution_init(&execution, arena);
        if (i > 0) {
            assert_int_equal(sarn__execution_apply(
                                 &execution,
                                 &(struct sarn__execution_event){.kind = SARN__STARTED},
                                 NULL),
                             SARN_OK);
        }
        describe(&execution, before);
        assert_int_equal(sarn__execution_apply(&execution, &rows[i], NULL),
                         SARN_ERR_NOMEM);
        describe(&execution, after);
        assert_string_equal(before, after);
        left = 10;
        assert_int_equal(sarn__execution_apply(&execution, &rows[i], NULL), SARN_OK);
        sarn_arena_destroy(arena);
    }
}

static void a_thousand_attempts_take_no_more_memory_than_one(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__execution execution;
    size_t bytes = 0;

    (void)unused;
    sarn__execution_init(&execution, arena);
    assert_int_equal(sarn__execution_apply(
                         &execution, &(struct sarn__execution_event)START_AB, NULL),
                     SARN_OK);
    for (uint32_t i = 1; i <= 1000; i++) {
        struct sarn__execution_event failed =
            AGAIN(A, N(i), .code = SARN_STR("busy"), .text = SARN_STR("try later"));

        assert_int_equal(sarn__execution_apply(&execution, &failed, NULL), SARN_OK);
        if (i == 1) {
            bytes = sarn_arena_bytes(arena);
        }
    }
    assert_int_equal(sarn_arena_bytes(arena), bytes);
    assert_true(bytes < 512);
    sarn_arena_destroy(arena);
}

static void an_execution_of_too_many_steps_is_corruption(void **unused)
{
    static char ids[SARN__EXECUTION_STEPS_MAX + 1][16];
    static struct sarn_str steps[SARN__EXECUTION_STEPS_MAX + 1];
    struct sarn__execution_event started = {.kind = SARN__STARTED, .steps = steps};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__execution execution;

    (void)unused;
    for (uint32_t i = 0; i <= SARN__EXECUTION_STEPS_MAX; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%" PRIu32, i);
        steps[i] = sarn_str(ids[i]);
    }
    sarn__execution_init(&execution, arena);
    started.step_count = SARN__EXECUTION_STEPS_MAX + 1;
    assert_int_equal(sarn__execution_apply(&execution, &started, NULL),
                     SARN_ERR_CORRUPT);
    started.step_count = SARN__EXECUTION_STEPS_MAX;
    assert_int_equal(sarn__execution_apply(&execution, &started, NULL), SARN_OK);
    assert_int_equal(
        sarn__execution_apply(&execution,
                              &(struct sarn__execution_event)INTENT(
                                  N(1), .step = steps[SARN__EXECUTION_STEPS_MAX]),
                              NULL),
        SARN_ERR_CORRUPT);
    assert_int_equal(execution.step_count, SARN__EXECUTION_STEPS_MAX);
    sarn_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradicting_events_are_corruption_and_change_nothing),
        cmocka_unit_test(folding_keeps_what_later_steps_and_compensations_need),
        cmocka_unit_test(only_what_may_have_run_is_orphaned),
        cmocka_unit_test(running_out_of_memory_changes_nothing),
        cmocka_unit_test(an_execution_of_too_many_steps_is_corruption),
        cmocka_unit_test(a_thousand_attempts_take_no_more_memory_than_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
