/* The judges of histories (support/linear.h): what they pass, and above all what they
 * refuse. A case says what the clients saw, in the order of their begins, and what the
 * log holds. */
#include "support/linear.h"
#include "support/test.h"

#include "sarn/module.h"

#define ROOM 16

struct told {
    struct linear_op ops[ROOM];
    struct linear_event events[ROOM];
    struct linear_history history;
    char text[256];
};

static void begin(struct told *t)
{
    memset(t, 0, sizeof(*t));
    t->history.ops = t->ops;
    t->history.events = t->events;
}

static struct linear_op *op(struct told *t, uint64_t begun, uint64_t ended)
{
    struct linear_op *made = &t->ops[t->history.op_count++];

    assert_true(t->history.op_count <= ROOM);
    made->begun = begun;
    made->ended = ended;
    made->outcome = ended == LINEAR_NEVER ? LINEAR_UNKNOWN : LINEAR_DONE;
    return made;
}

/* One event to one stream, which has that version then. */
static struct linear_op *appended(struct told *t,
                                  uint64_t begun,
                                  uint64_t ended,
                                  uint64_t content,
                                  uint32_t stream,
                                  int64_t expected,
                                  int64_t version)
{
    struct linear_op *made = op(t, begun, ended);

    made->kind = LINEAR_APPEND;
    made->content = content;
    made->part_count = 1;
    made->parts[0] = (struct linear_part){stream, 1, expected};
    made->version = version;
    return made;
}

static struct linear_op *refused(struct told *t,
                                 uint64_t begun,
                                 uint64_t ended,
                                 uint64_t content,
                                 uint32_t stream,
                                 int64_t expected)
{
    struct linear_op *made = appended(t, begun, ended, content, stream, expected, -1);

    made->outcome = LINEAR_REFUSED;
    return made;
}

static struct linear_op *under_key(struct linear_op *made, uint32_t key, bool repeated)
{
    made->key = key;
    made->repeated = repeated;
    return made;
}

/* A read of a stream that saw contents (0 ends them), each of one event. */
static void saw(struct told *t,
                uint64_t begun,
                uint64_t ended,
                uint32_t stream,
                const uint64_t *contents)
{
    struct linear_op *made = op(t, begun, ended);

    made->kind = LINEAR_READ;
    made->stream = stream;
    for (; *contents != 0; contents++) {
        made->hash = linear_hash_add(made->hash, *contents, 0);
        made->seen[0] += 1;
    }
}

#define SAW(t, begun, ended, stream, ...)                                              \
    saw((t), (begun), (ended), (stream), (const uint64_t[]){__VA_ARGS__})

/* What the log holds next; who wrote it is told its position. */
static void holds(struct told *t, uint64_t content, uint32_t stream, uint32_t index)
{
    struct linear_event *event = &t->events[t->history.event_count++];

    assert_true(t->history.event_count <= ROOM);
    *event = (struct linear_event){.position = t->history.event_count,
                                   .content = content,
                                   .stream = stream,
                                   .index = index};
    for (size_t i = 0; i + 1 < t->history.event_count; i++) {
        event->version += t->events[i].stream == stream ? 1 : 0;
    }
    for (size_t i = 0; i < t->history.op_count; i++) {
        if (t->ops[i].content == content) {
            t->ops[i].position = event->position;
        }
    }
}

/* The whole log up to position, as it is. */
static struct linear_op *
snapshot(struct told *t, uint64_t begun, uint64_t ended, uint64_t position)
{
    struct linear_op *made = op(t, begun, ended);
    uint64_t hashes[LINEAR_STREAMS] = {0};

    made->kind = LINEAR_SNAPSHOT;
    made->position = position;
    for (uint64_t i = 0; i < position; i++) {
        const struct linear_event *event = &t->events[i];

        made->seen[event->stream] += 1;
        hashes[event->stream] =
            linear_hash_add(hashes[event->stream], event->content, event->index);
    }
    made->hash = linear_hash_all(hashes);
    return made;
}

static bool searched(struct told *t)
{
    uint64_t steps;

    return linear_search(&t->history, 100000, &steps, t->text, sizeof(t->text));
}

static bool followed(struct told *t)
{
    return linear_follow(&t->history, t->text, sizeof(t->text));
}

static void assert_refused(struct told *t, const char *search, const char *follow)
{
    assert_false(searched(t));
    if (strstr(t->text, search) == NULL) {
        fail_msg("the search says: %s", t->text);
    }
    assert_false(followed(t));
    if (strstr(t->text, follow) == NULL) {
        fail_msg("the log says: %s", t->text);
    }
}

static void assert_passed(struct told *t)
{
    if (!searched(t) || !followed(t)) {
        fail_msg("%s", t->text);
    }
}

/* --- what may be --- */

static void nothing_at_all_is_linear(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    assert_passed(&t);
}

static void what_overlaps_may_be_seen_in_either_order(void **state)
{
    for (uint64_t first = 1; first <= 2; first++) {
        struct told t;

        begin(&t);
        (void)appended(&t, 1, 10, 1, 0, SARN_ANY, first == 1 ? 0 : 1);
        (void)appended(&t, 2, 9, 2, 0, SARN_ANY, first == 1 ? 1 : 0);
        SAW(&t, 3, 4, 0, 0);
        SAW(&t, 5, 6, 0, first, 0);
        SAW(&t, 11, 12, 0, first, 3 - first, 0);
        holds(&t, first, 0, 0);
        holds(&t, 3 - first, 0, 0);
        assert_passed(&t);
    }
    (void)state;
}

static void a_refusal_may_be_of_what_was_there_for_a_moment(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)refused(&t, 1, 8, 9, 0, SARN_NO_STREAM);
    (void)appended(&t, 2, 3, 1, 0, SARN_NO_STREAM, 0);
    (void)refused(&t, 4, 10, 8, 0, 0);
    (void)appended(&t, 5, 6, 2, 0, 0, 1);
    holds(&t, 1, 0, 0);
    holds(&t, 2, 0, 0);
    assert_passed(&t);
}

static void what_is_in_doubt_may_have_been_done_or_not(void **state)
{
    struct told t;

    (void)state;
    begin(&t); /* It was, and late: after what was begun after it. */
    (void)appended(&t, 1, LINEAR_NEVER, 1, 0, SARN_ANY, -1);
    SAW(&t, 2, 3, 0, 0);
    (void)appended(&t, 4, 5, 2, 0, SARN_NO_STREAM, 0);
    SAW(&t, 6, 7, 0, 2, 1, 0);
    holds(&t, 2, 0, 0);
    holds(&t, 1, 0, 0);
    assert_passed(&t);
    begin(&t); /* It was not. */
    (void)appended(&t, 1, LINEAR_NEVER, 1, 0, SARN_ANY, -1);
    SAW(&t, 2, 3, 0, 0);
    assert_passed(&t);
}

static void a_key_is_done_once_and_answered_often(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)under_key(appended(&t, 1, 8, 1, 0, SARN_NO_STREAM, 0), 1, true);
    (void)under_key(appended(&t, 2, 7, 1, 0, SARN_NO_STREAM, 0), 1, false);
    (void)appended(&t, 9, 10, 2, 0, SARN_ANY, 1);
    (void)under_key(appended(&t, 11, 12, 1, 0, SARN_NO_STREAM, 0), 1, true);
    holds(&t, 1, 0, 0);
    holds(&t, 2, 0, 0);
    assert_passed(&t);
}

/* --- what may not --- */

static void a_stale_read_is_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)appended(&t, 1, 2, 1, 0, SARN_ANY, 0);
    SAW(&t, 3, 4, 0, 0);
    holds(&t, 1, 0, 0);
    assert_refused(&t, "no order explains read 3", "read 3 of client 0: no state");
}

static void a_read_of_what_comes_later_is_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    SAW(&t, 1, 2, 0, 1, 0);
    (void)appended(&t, 3, 4, 1, 0, SARN_ANY, 0);
    holds(&t, 1, 0, 0);
    assert_refused(&t, "no order", "append 3 of client 0: in the log before");
}

static void reads_that_go_back_are_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)appended(&t, 1, 9, 1, 0, SARN_ANY, 0);
    SAW(&t, 2, 3, 0, 1, 0);
    SAW(&t, 4, 5, 0, 0);
    holds(&t, 1, 0, 0);
    assert_refused(&t, "no order", "read 4 of client 0: no state");
}

static void a_lost_update_is_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t); /* Both have seen version 0, and both were told that they wrote on it. */
    (void)appended(&t, 1, 2, 1, 0, SARN_NO_STREAM, 0);
    (void)appended(&t, 3, 9, 2, 0, 0, 1);
    (void)appended(&t, 4, 8, 3, 0, 0, 2);
    holds(&t, 1, 0, 0);
    holds(&t, 2, 0, 0);
    holds(&t, 3, 0, 0);
    assert_refused(&t, "no order",
                   "append 4 of client 0: done, but the stream was not");
    t.history.event_count = 2; /* Or one of them has gone. */
    t.ops[2].version = 1;
    assert_refused(&t, "no order", "append 4 of client 0: acknowledged, and not in");
}

static void writes_in_the_wrong_order_are_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)appended(&t, 1, 2, 1, 0, SARN_ANY, 1);
    (void)appended(&t, 3, 4, 2, 0, SARN_ANY, 0);
    SAW(&t, 5, 6, 0, 2, 1, 0);
    holds(&t, 2, 0, 0);
    holds(&t, 1, 0, 0);
    assert_refused(&t, "no order", "append 3 of client 0: in the log before");
}

/* Each stream by itself is in order; the two together are not. */
static void an_order_across_streams_is_looked_at(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)appended(&t, 1, 9, 1, 0, SARN_ANY, 0);
    (void)appended(&t, 2, 10, 2, 1, SARN_ANY, 0);
    SAW(&t, 3, 4, 0, 1, 0);
    SAW(&t, 5, 6, 1, 0);
    SAW(&t, 3, 4, 1, 2, 0);
    SAW(&t, 5, 6, 0, 0);
    holds(&t, 1, 0, 0);
    holds(&t, 2, 1, 0);
    assert_refused(&t, "no order", "no state since it began");
}

static void a_refusal_without_a_reason_is_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)appended(&t, 1, 2, 1, 0, SARN_ANY, 0);
    (void)refused(&t, 3, 4, 2, 0, 0);
    (void)appended(&t, 5, 6, 3, 0, SARN_ANY, 1);
    holds(&t, 1, 0, 0);
    holds(&t, 3, 0, 0);
    assert_refused(&t, "no order explains append 3",
                   "append 5 of client 0: in the log");
}

static void half_an_append_is_refused(void **state)
{
    struct told t;
    struct linear_op *both;

    (void)state;
    begin(&t);
    both = appended(&t, 1, 9, 1, 0, SARN_ANY, 0);
    both->part_count = 2;
    both->parts[1] = (struct linear_part){1, 1, SARN_ANY};
    holds(&t, 1, 0, 0);
    holds(&t, 1, 1, 1);
    assert_passed(&t);
    (void)snapshot(&t, 2, 3, 1); /* Somebody saw only its first event. */
    assert_refused(&t, "no order", "snapshot 2 of client 0: no state");
    t.history.op_count = 1;
    t.history.event_count = 1; /* Or only that was written. */
    both->position = 1;
    assert_false(followed(&t));
    assert_non_null(strstr(t.text, "not all of it is in the log"));
}

static void a_key_that_was_done_twice_is_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)under_key(appended(&t, 1, 2, 1, 0, SARN_ANY, 0), 1, false);
    (void)under_key(appended(&t, 3, 4, 1, 0, SARN_ANY, 1), 1, false);
    holds(&t, 1, 0, 0);
    assert_refused(&t, "no order", "acknowledged as the first of its key twice");
    t.ops[1].repeated = true; /* A repeat with another answer than the first. */
    assert_refused(&t, "no order", "");
    t.ops[1].version = 0;
    assert_passed(&t);
    holds(&t, 2, 1, 0);
    t.events[1] = t.events[0]; /* And the log has it twice. */
    t.events[1].position = 2;
    t.events[1].version = 1;
    t.events[1].content = 1;
    assert_false(followed(&t));
    assert_non_null(strstr(t.text, "a piece is missing before it"));
}

static void what_nobody_wrote_is_refused(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)refused(&t, 1, 2, 1, 0, 5);
    holds(&t, 1, 0, 0);
    assert_false(followed(&t));
    assert_non_null(strstr(t.text, "nobody wrote this"));
}

/* In doubt is not now and then. */
static void what_was_in_doubt_and_seen_stays(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    (void)appended(&t, 1, LINEAR_NEVER, 1, 0, SARN_ANY, -1);
    SAW(&t, 2, 3, 0, 1, 0);
    SAW(&t, 4, 5, 0, 0);
    holds(&t, 1, 0, 0);
    assert_refused(&t, "no order explains read 4", "read 4 of client 0: no state");
}

/* Eight at once, in whose order nothing can be seen: the search has to try. */
static void a_search_that_has_to_try_is_exhaustive(void **state)
{
    struct told t;
    uint64_t steps;

    (void)state;
    begin(&t);
    for (uint64_t i = 1; i <= 8; i++) {
        (void)appended(&t, i, 100 + i, i, 0, SARN_ANY, (int64_t)(8 - i));
    }
    assert_true(searched(&t));
    t.ops[0].version = 8; /* There are only versions 0 to 7. */
    assert_false(searched(&t));
    assert_false(linear_search(&t.history, 5, &steps, t.text, sizeof(t.text)));
    assert_non_null(strstr(t.text, "it takes too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_at_all_is_linear),
        cmocka_unit_test(what_overlaps_may_be_seen_in_either_order),
        cmocka_unit_test(a_refusal_may_be_of_what_was_there_for_a_moment),
        cmocka_unit_test(what_is_in_doubt_may_have_been_done_or_not),
        cmocka_unit_test(a_key_is_done_once_and_answered_often),
        cmocka_unit_test(a_stale_read_is_refused),
        cmocka_unit_test(a_read_of_what_comes_later_is_refused),
        cmocka_unit_test(reads_that_go_back_are_refused),
        cmocka_unit_test(a_lost_update_is_refused),
        cmocka_unit_test(writes_in_the_wrong_order_are_refused),
        cmocka_unit_test(an_order_across_streams_is_looked_at),
        cmocka_unit_test(a_refusal_without_a_reason_is_refused),
        cmocka_unit_test(half_an_append_is_refused),
        cmocka_unit_test(a_key_that_was_done_twice_is_refused),
        cmocka_unit_test(what_nobody_wrote_is_refused),
        cmocka_unit_test(what_was_in_doubt_and_seen_stays),
        cmocka_unit_test(a_search_that_has_to_try_is_exhaustive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
