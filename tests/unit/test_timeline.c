/* domain/core/timeline: every kind of event, as the line that a person reads. */
#include "core/timeline.h"

#include <string.h>

#include "support/test.h"

#define NOW    INT64_C(1000000000)
#define MS     INT64_C(1000)
#define SECOND (1000 * MS)
#define HOUR   (3600 * SECOND)
#define S(t)   SARN_STR(t)

struct row {
    const char *line, *actor;
    struct sarn__execution_event event;
};

static const struct sarn_step steps[] = {
    {.id = "charge", .kind = SARN_STEP_EXTERNAL},
    {.id = "approve", .kind = SARN_STEP_SIGNAL},
    {.id = "review", .kind = SARN_STEP_SIGNAL, .signal = "reviewed"},
    {.id = "paid", .kind = SARN_STEP_PROMISE},
    {.id = "cool_off", .kind = SARN_STEP_TIMER},
    {.id = "q1", .group = "quotes"},
    {.id = "q2", .group = "quotes"},
    {.id = "q3", .group = "quotes"},
    {.id = "q4", .group = "quotes"},
};
static const struct sarn_workflow workflow = {"order", 1, NULL, SARN_STEPS(steps)};

/* Each line alone, as the first of its run. */
static void check(const struct row *rows, size_t count, const struct sarn_workflow *of)
{
    for (size_t i = 0; i < count; i++) {
        struct sarn__execution_event event = rows[i].event;
        char text[SARN__TIMELINE_BYTES];
        struct sarn__timeline timeline;
        struct sarn_str line;

        event.time_us = NOW;
        sarn__timeline_init(&timeline, of);
        line = sarn__timeline_line(&timeline, &event, sarn_str(rows[i].actor), text);
        assert_ptr_equal(line.data, text);
        assert_string_equal(text, rows[i].line);
        assert_int_equal(line.size, strlen(text));
    }
}

static void an_attempt_that_failed_says_why_and_when_the_next_is(void **unused)
{
    static const struct row rows[] = {
        {"step charge: attempt 2 failed (card declined), next at +2000ms",
         NULL,
         {SARN__STEP_FAILED, .step = S("charge"), .attempt = 2, .code = S("declined"),
          .text = S("card declined"), .retry_at_us = NOW + 2 * SECOND}},
        {"step charge: attempt 3 failed (card declined)",
         NULL,
         {SARN__STEP_FAILED, .step = S("charge"), .attempt = 3,
          .text = S("card declined")}},
        {"step charge: attempt 1 failed (declined)",
         NULL,
         {SARN__STEP_FAILED, .step = S("charge"), .attempt = 1, .code = S("declined")}},
        {"step charge: attempt 1 failed",
         NULL,
         {SARN__STEP_FAILED, .step = S("charge"), .attempt = 1}},
        {"step paid: failed (no)",
         NULL,
         {SARN__STEP_FAILED, .step = S("paid"), .text = S("no")}},
        {"compensation of charge: attempt 1 failed (down), next at +100ms",
         NULL,
         {SARN__STEP_FAILED, .step = S("charge"), .attempt = 1, .compensation = true,
          .text = S("down"), .retry_at_us = NOW + 100 * MS}},
    };

    (void)unused;
    check(rows, COUNT(rows), NULL);
}

static void a_step_begins_succeeds_and_chooses(void **unused)
{
    static const struct sarn__attribute set[] = {{S("customer"), S("ann")},
                                                 {S("risk"), {NULL, 0}}};
    static const struct row rows[] = {
        {"step charge: began",
         NULL,
         {SARN__STEP_STARTED, .step = S("charge"), .attempt = 1}},
        {"step charge (visit 3): attempt 2 began, until +30000ms",
         NULL,
         {SARN__STEP_STARTED, .step = S("charge"), .attempt = 2, .visit = 3,
          .deadline_us = NOW + 30 * SECOND}},
        {"step charge: done",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("charge"), .attempt = 1, .visit = 1}},
        {"step charge: done at attempt 2, goes on with ship",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("charge"), .attempt = 2, .chose = true,
          .next = S("ship")}},
        {"step charge: done, ends here",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("charge"), .attempt = 1, .chose = true}},
        {"step charge: done, customer = ann, risk removed",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("charge"), .attempt = 1, .attributes = set,
          .attribute_count = 2}},
        {"step charge: done, to go on as a new run",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("charge"), .attempt = 1, .continues = true}},
        {"step review: done, by signal reviewed",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("review"), .attempt = 1,
          .name = S("reviewed")}},
        {"compensation of charge: done",
         NULL,
         {SARN__STEP_SUCCEEDED, .step = S("charge"), .attempt = 1,
          .compensation = true}},
        {"step charge: cancelled", NULL, {SARN__STEP_CANCELLED, .step = S("charge")}},
        {"step charge: taken over as done",
         NULL,
         {SARN__STEP_INHERITED, .step = S("charge")}},
    };

    (void)unused;
    check(rows, COUNT(rows), NULL);
}

static void a_timeout_says_which_and_what_follows(void **unused)
{
    static const struct row rows[] = {
        {"step charge: attempt 1 timed out (start to close), next at +50ms",
         NULL,
         {SARN__STEP_TIMED_OUT, .step = S("charge"), .attempt = 1,
          .timeout = SARN__START_TO_CLOSE, .retry_at_us = NOW + 50 * MS}},
        {"step charge: attempt 2 timed out (no heartbeat), and may have acted",
         NULL,
         {SARN__STEP_TIMED_OUT, .step = S("charge"), .attempt = 2, .in_doubt = true,
          .timeout = SARN__HEARTBEAT}},
        {"step approve: timed out (schedule to close), goes on with reject",
         NULL,
         {SARN__STEP_TIMED_OUT, .step = S("approve"), .chose = true,
          .next = S("reject"), .timeout = SARN__SCHEDULE_TO_CLOSE}},
        {"step approve: timed out",
         NULL,
         {SARN__STEP_TIMED_OUT, .step = S("approve"), .timeout = 77}},
    };

    (void)unused;
    check(rows, COUNT(rows), NULL);
}

static void what_was_in_doubt_is_told(void **unused)
{
    static const struct row rows[] = {
        {"step charge: found to be done",
         NULL,
         {SARN__STEP_RECONCILED, .step = S("charge"), .attempt = 1,
          .fate = SARN_STEP_DONE}},
        {"step charge: found not to be done",
         NULL,
         {SARN__STEP_RECONCILED, .step = S("charge"), .attempt = 1,
          .fate = SARN_STEP_NOT_DONE}},
        {"compensation of charge: nobody knows whether it was done (bank is closed)",
         NULL,
         {SARN__STEP_RECONCILED, .step = S("charge"), .attempt = 1,
          .compensation = true, .text = S("bank is closed")}},
    };

    (void)unused;
    check(rows, COUNT(rows), NULL);
}

static void a_wait_says_what_for_where_its_definition_is_known(void **unused)
{
    static const struct row known[] = {
        {"step approve: waits for signal approve until +24h",
         NULL,
         {SARN__STEP_AWAITS, .step = S("approve"), .deadline_us = NOW + 24 * HOUR}},
        {"step review: waits for signal reviewed",
         NULL,
         {SARN__STEP_AWAITS, .step = S("review")}},
        {"step paid: waits for its promise",
         NULL,
         {SARN__STEP_AWAITS, .step = S("paid")}},
        {"step cool_off: waits until +1h30m",
         NULL,
         {SARN__STEP_AWAITS, .step = S("cool_off"),
          .due_us = NOW + HOUR + HOUR / 2 + SECOND}},
        {"step gone: waits", NULL, {SARN__STEP_AWAITS, .step = S("gone")}},
        {"step sub: waits for order-7 until +3d",
         NULL,
         {SARN__STEP_AWAITS, .step = S("sub"), .child = S("order-7"),
          .deadline_us = NOW + 72 * HOUR}},
    };
    static const struct row unknown[] = {
        {"step approve: waits until +24h",
         NULL,
         {SARN__STEP_AWAITS, .step = S("approve"), .deadline_us = NOW + 24 * HOUR}},
        {"step cool_off: waits until +1m1s, at most until +3d1h",
         NULL,
         {SARN__STEP_AWAITS, .step = S("cool_off"), .due_us = NOW + 61 * SECOND,
          .deadline_us = NOW + 73 * HOUR}},
    };

    (void)unused;
    check(known, COUNT(known), &workflow);
    check(unknown, COUNT(unknown), NULL);
}

static void what_comes_from_outside_says_who_and_why(void **unused)
{
    static const struct row rows[] = {
        {"signal approve received from ann",
         "ann",
         {SARN__SIGNAL_RECEIVED, .name = S("approve")}},
        {"signal approve carried over",
         NULL,
         {SARN__SIGNAL_RECEIVED, .name = S("approve"), .carried = true}},
        {"update address accepted from ann",
         "ann",
         {SARN__UPDATE_ACCEPTED, .name = S("address")}},
        {"step paid: promise kept by bank",
         "bank",
         {SARN__PROMISE_SETTLED, .step = S("paid")}},
        {"step paid: promise broken (closed)",
         NULL,
         {SARN__PROMISE_SETTLED, .step = S("paid"), .failed = true,
          .code = S("closed")}},
        {"step sub: child completed",
         NULL,
         {SARN__CHILD_ENDED, .step = S("sub"), .status = SARN_EXECUTION_COMPLETED}},
        {"step sub: child timed out (too slow)",
         NULL,
         {SARN__CHILD_ENDED, .step = S("sub"), .status = SARN_EXECUTION_TIMED_OUT,
          .text = S("too slow")}},
        {"compensation of sub: child undone",
         NULL,
         {SARN__CHILD_ENDED, .step = S("sub"), .compensation = true,
          .status = SARN_EXECUTION_UNDONE}},
        {"cancel requested by ann: typo",
         "ann",
         {SARN__CANCEL_REQUESTED, .text = S("typo")}},
        {"terminate requested", NULL, {SARN__CANCEL_REQUESTED, .terminate = true}},
        {"undo requested: parent", NULL, {SARN__UNDO_REQUESTED, .text = S("parent")}},
        {"paused by ann: lunch", "ann", {SARN__PAUSED, .text = S("lunch")}},
        {"resumed by ann", "ann", {.kind = SARN__RESUMED}},
        {"reset to charge requested by ann: wrong card",
         "ann",
         {SARN__RESET_REQUESTED, .step = S("charge"), .text = S("wrong card")}},
        {"goes forward again from charge", NULL, {SARN__REWOUND, .step = S("charge")}},
        {"unparked by ann: skip charge (done by hand)",
         "ann",
         {SARN__UNPARKED, .step = S("charge"), .decision = SARN__DECIDE_SKIP,
          .text = S("done by hand")}},
        {"unparked by ann: retry compensation of charge",
         "ann",
         {SARN__UNPARKED, .step = S("charge"), .decision = SARN__DECIDE_RETRY,
          .compensation = true}},
        {"unparked by ann: charge was done",
         "ann",
         {SARN__UNPARKED, .step = S("charge"), .decision = SARN__DECIDE_DONE}},
        {"unparked: charge was not done",
         NULL,
         {SARN__UNPARKED, .step = S("charge"), .decision = SARN__DECIDE_NOT_DONE}},
    };

    (void)unused;
    check(rows, COUNT(rows), NULL);
}

static void a_run_begins_and_ends(void **unused)
{
    static const struct sarn__beginning plain = {.definition_version = 3};
    static const struct sarn__beginning child = {.definition_version = 1,
                                                 .parent = S("order-7"),
                                                 .deadline_us = NOW + 24 * HOUR};
    static const struct sarn__beginning fork = {.definition_version = 1,
                                                .forked_from = S("order-1")};
    static const struct sarn__beginning again = {.definition_version = 1,
                                                 .continued_from = {{1}}};
    static const struct sarn__beginning nightly = {.definition_version = 1,
                                                   .schedule = S("nightly")};
    static const struct sarn_str doubted[] = {S("a"), S("b")};
    static const struct row rows[] = {
        {"started version 3 by ann", "ann", {SARN__STARTED, .beginning = &plain}},
        {"started version 1, child of order-7, until +24h",
         NULL,
         {SARN__STARTED, .beginning = &child}},
        {"started version 1, forked from order-1",
         NULL,
         {SARN__STARTED, .beginning = &fork}},
        {"started version 1, goes on from the run before",
         NULL,
         {SARN__STARTED, .beginning = &again}},
        {"started version 1, scheduled by nightly",
         NULL,
         {SARN__STARTED, .beginning = &nightly}},
        {"started", NULL, {.kind = SARN__STARTED}},
        {"goes on with another version: 3",
         NULL,
         {SARN__UPGRADED, .beginning = &plain}},
        {"compensation began (charge failed: card declined)",
         NULL,
         {SARN__COMPENSATION_BEGAN, .step = S("charge"), .text = S("card declined")}},
        {"compensation began (cancelled), may have run: a, b",
         NULL,
         {SARN__COMPENSATION_BEGAN, .cause = SARN__CAUSE_CANCEL, .steps = doubted,
          .step_count = 2}},
        {"compensation began (terminated)",
         NULL,
         {SARN__COMPENSATION_BEGAN, .cause = SARN__CAUSE_TERMINATE}},
        {"compensation began (timed out)",
         NULL,
         {SARN__COMPENSATION_BEGAN, .cause = SARN__CAUSE_TIMEOUT}},
        {"compensation began (undone with its parent)",
         NULL,
         {SARN__COMPENSATION_BEGAN, .cause = SARN__CAUSE_PARENT}},
        {"compensated", NULL, {.kind = SARN__COMPENSATED}},
        {"compensated (cancelled)",
         NULL,
         {SARN__COMPENSATED, .cause = SARN__CAUSE_CANCEL}},
        {"completed", NULL, {.kind = SARN__COMPLETED}},
        {"parked: the compensation of step charge failed: terminal is down",
         NULL,
         {SARN__PARKED, .step = S("charge"), .compensation = true,
          .text = S("the compensation of step charge failed: terminal is down"),
          .code = S("down")}},
        {"parked: compensation of charge: down",
         NULL,
         {SARN__PARKED, .step = S("charge"), .compensation = true, .code = S("down")}},
        {"parked: misfit", NULL, {SARN__PARKED, .code = S("misfit")}},
        {"goes on as a new run", NULL, {.kind = SARN__CONTINUED}},
        {"sleeps until +2d", NULL, {SARN__SLEPT, .due_us = NOW + 48 * HOUR}},
        {"sleeps until it is told something", NULL, {.kind = SARN__SLEPT}},
    };

    (void)unused;
    check(rows, COUNT(rows), NULL);
}

/* --- what depends on the lines before --- */

static void tell(struct sarn__timeline *timeline,
                 struct sarn__execution_event event,
                 const char *line)
{
    char text[SARN__TIMELINE_BYTES];

    (void)sarn__timeline_line(timeline, &event, (struct sarn_str){NULL, 0}, text);
    assert_string_equal(text, line);
}

static void member(struct sarn__timeline *timeline, const char *step)
{
    char line[64];

    snprintf(line, sizeof(line), "step %s: began", step);
    tell(timeline,
         (struct sarn__execution_event){.kind = SARN__STEP_STARTED,
                                        .step = sarn_str(step),
                                        .group = S("quotes"),
                                        .attempt = 1},
         line);
}

static void a_group_counts_the_members_that_were_heard_of(void **unused)
{
    const struct sarn__execution_event joined = {
        .kind = SARN__GROUP_JOINED, .group = S("quotes"), .count = 2};
    struct sarn__timeline timeline;

    (void)unused;
    sarn__timeline_init(&timeline, NULL);
    member(&timeline, "q1");
    member(&timeline, "q2");
    member(&timeline, "q3");
    member(&timeline, "q2");
    tell(&timeline, joined, "group quotes: joined (2 of 3)");
    sarn__timeline_init(&timeline, NULL);
    tell(&timeline, joined, "group quotes: joined (2 of 2)");
    sarn__timeline_init(&timeline, &workflow);
    member(&timeline, "q1");
    tell(&timeline, joined, "group quotes: joined (2 of 4)");
}

static void a_line_is_one_line_and_commands_no_terminal(void **unused)
{
    struct sarn__timeline timeline;

    (void)unused;
    sarn__timeline_init(&timeline, NULL);
    tell(&timeline,
         (struct sarn__execution_event){.kind = SARN__PAUSED,
                                        .text = S("a\nb\033[31m\177c")},
         "paused: a b [31m c");
}

static void a_line_too_long_is_cut_between_characters(void **unused)
{
    for (uint32_t pad = 0; pad < 4; pad++) {
        char reason[2 * SARN__TIMELINE_BYTES], text[SARN__TIMELINE_BYTES];
        struct sarn__execution_event event = {.kind = SARN__PAUSED};
        struct sarn__timeline timeline;
        struct sarn_str line;
        uint32_t size = pad;

        memset(reason, 'x', pad);
        while (size + 3 < sizeof(reason)) { /* U+20AC, of three bytes. */
            reason[size++] = '\xe2';
            reason[size++] = '\x82';
            reason[size++] = '\xac';
        }
        event.text = (struct sarn_str){reason, size};
        sarn__timeline_init(&timeline, NULL);
        line = sarn__timeline_line(&timeline, &event, (struct sarn_str){NULL, 0}, text);
        assert_true(line.size < SARN__TIMELINE_BYTES);
        assert_true(line.size > SARN__TIMELINE_BYTES - 16);
        assert_int_equal(strlen(text), line.size);
        assert_string_equal(text + line.size - 3, "...");
        assert_int_equal((line.size - strlen("paused: ") - pad - 3) % 3, 0);
    }
    (void)unused;
}

/* A log may say anything. */
static void times_that_make_no_sense_are_now(void **unused)
{
    struct sarn__timeline timeline;

    (void)unused;
    sarn__timeline_init(&timeline, NULL);
    tell(&timeline,
         (struct sarn__execution_event){
             .kind = SARN__SLEPT, .time_us = NOW, .due_us = INT64_MIN},
         "sleeps until +0ms");
    tell(&timeline,
         (struct sarn__execution_event){
             .kind = SARN__SLEPT, .time_us = INT64_MIN, .due_us = SECOND},
         "sleeps until +1000ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_that_failed_says_why_and_when_the_next_is),
        cmocka_unit_test(a_step_begins_succeeds_and_chooses),
        cmocka_unit_test(a_timeout_says_which_and_what_follows),
        cmocka_unit_test(what_was_in_doubt_is_told),
        cmocka_unit_test(a_wait_says_what_for_where_its_definition_is_known),
        cmocka_unit_test(what_comes_from_outside_says_who_and_why),
        cmocka_unit_test(a_run_begins_and_ends),
        cmocka_unit_test(a_group_counts_the_members_that_were_heard_of),
        cmocka_unit_test(a_line_is_one_line_and_commands_no_terminal),
        cmocka_unit_test(a_line_too_long_is_cut_between_characters),
        cmocka_unit_test(times_that_make_no_sense_are_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
