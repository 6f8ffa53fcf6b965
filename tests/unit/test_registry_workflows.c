/* domain/engine/registry: what a workflow may not be, its versions and fingerprint. */
#include <math.h>
#include <string.h>

#include "core/definition.h"
#include "engine/registry.h"
#include "support/heap.h"
#include "support/ledger.h"
#include "support/test.h"

/* Two workflows that are whole; each test spoils one thing of the first. */
struct fixture {
    struct sarn_module module;
    struct sarn_workflow workflow, child;
    struct sarn_step steps[4], child_step;
    struct sarn_group group;
    struct sarn_message message;
    const struct sarn_workflow *workflows[2];
    const char *names[3];
    const char *codes[2];
    struct test_heap heap;
    struct sarn_error error;
};

static sarn_status function(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                     .struct_size = sizeof(f->module),
                                     .name = "m",
                                     .version = "1"};
    f->steps[0] = (struct sarn_step){.id = "a", .run = function};
    f->steps[1] =
        (struct sarn_step){.id = "b", .run = function, .kind = SARN_STEP_LOCAL};
    f->steps[2] = (struct sarn_step){.id = "c", .run = function};
    f->steps[3] = (struct sarn_step){.id = "d", .run = function};
    f->workflow =
        (struct sarn_workflow){"w", 1, &ledger_deposit_type, SARN_STEPS(f->steps)};
    f->child_step = (struct sarn_step){.id = "x", .run = function};
    f->child = (struct sarn_workflow){.name = "child",
                                      .version = 1,
                                      .steps = &f->child_step,
                                      .step_count = 1,
                                      .step_size = sizeof(f->child_step)};
    f->workflows[0] = &f->workflow;
    f->workflows[1] = &f->child;
    f->module.workflows = f->workflows;
    f->module.workflow_count = 2;
}

static sarn_status create(struct fixture *f, struct sarn__registry **registry)
{
    const struct sarn_module *modules[] = {&f->module};
    const struct sarn_heap heap = test_heap(&f->heap);

    return sarn__registry_create(modules, 1, &heap, registry, &f->error);
}

/* Why the module is refused, or "ok". */
static const char *verdict(struct fixture *f)
{
    struct sarn__registry *registry;

    if (create(f, &registry) == SARN_OK) {
        sarn__registry_destroy(registry);
        return "ok";
    }
    assert_int_equal(f->error.status, SARN_ERR_INVALID);
    return f->error.text;
}

/* change spoils, or does not spoil, a fixture f. */
#define REFUSED(change, sentence)                                                      \
    do {                                                                               \
        struct fixture f;                                                              \
                                                                                       \
        begin(&f);                                                                     \
        change;                                                                        \
        assert_string_equal(verdict(&f), (sentence));                                  \
    } while (0)
#define W  "module 'm', workflow 'w': "
#define A  "module 'm', workflow 'w', step 'a': "
#define B  "module 'm', workflow 'w', step 'b': "
#define OK "ok"

static void it_has_steps_with_ids_of_their_own(void **unused)
{
    (void)unused;
    REFUSED((void)f, OK);
    REFUSED(f.workflow.step_count = 0, W "it must have 1 to 256 steps");
    REFUSED(f.workflow.step_size = 8,
            W "step_size is 8; fill in the steps with SARN_STEPS()");
    REFUSED(f.steps[1].id = "a",
            W "two steps have the id 'a'; an id is unique and never changes");
    REFUSED(f.steps[1].id = NULL,
            W "the id of step 1 must have 1 to 255 bytes of UTF-8");
    REFUSED(f.workflow.timeout_us = -1, W "timeout_us is negative");
}

static void a_step_has_what_its_kind_needs(void **unused)
{
    (void)unused;
    REFUSED(f.steps[0].run = NULL, A "it has no function run");
    REFUSED(f.steps[1].run = NULL, B "it has no function run");
    REFUSED(f.steps[0].kind = 6, A "its kind is none of enum sarn_step_kind");
    REFUSED(f.steps[0].flags = 0x80, A "it has flags that this version does not know");
    REFUSED(f.steps[1].flags = SARN_STEP_IDEMPOTENT,
            B "it is SARN_STEP_IDEMPOTENT, which only an external step can be");
    REFUSED(f.steps[1].reconcile = function,
            B "it has a function reconcile, and only an external step can be in doubt");
    REFUSED(f.steps[0].kind = SARN_STEP_SIGNAL,
            A "it has a function run, and a step of its kind only waits");
    REFUSED((f.steps[0].kind = SARN_STEP_PROMISE, f.steps[0].run = NULL), OK);
    REFUSED((f.steps[0].kind = SARN_STEP_TIMER, f.steps[0].delay_us = 5), OK);
    REFUSED((f.steps[0].kind = SARN_STEP_TIMER, f.steps[0].delay_us = -5),
            A "delay_us is negative");
    REFUSED((f.steps[0].kind = SARN_STEP_TIMER, f.steps[0].output = &ledger_moved_type),
            A "it has an output, and a timer has none");
    REFUSED(f.steps[0].delay_us = 5, A "it has delay_us, and is no timer");
    REFUSED(f.steps[0].signal = "go",
            A "it has a signal, and does not wait for one of 1 to 255 bytes");
    REFUSED(f.steps[0].parent_close = SARN_PARENT_CLOSE_ABANDON,
            A "its parent_close is none of enum sarn_parent_close, or it is no child");
    REFUSED(f.steps[0].visits_max = 4097,
            A "visits_max is over 4096, which is what one run may make");
    REFUSED(f.steps[0].output = &ledger_moved_type, OK);
}

static void a_retry_policy_makes_sense(void **unused)
{
    (void)unused;
    REFUSED(f.steps[0].retry.initial_interval_us = -1,
            A "in its retry policy, an interval is negative");
    REFUSED((f.steps[0].retry.initial_interval_us = 5,
             f.steps[0].retry.maximum_interval_us = 4),
            A "in its retry policy, maximum_interval_us is less than "
              "initial_interval_us");
    REFUSED(f.steps[1].compensation_retry.backoff_coefficient = 0.5,
            B "in its retry policy, backoff_coefficient must be 1 or more (or 0 for "
              "the default)");
    REFUSED(f.steps[0].retry.backoff_coefficient = (double)NAN,
            A "in its retry policy, backoff_coefficient must be 1 or more (or 0 for "
              "the default)");
    REFUSED(f.steps[0].retry.jitter = 1.5,
            A "in its retry policy, jitter must be from 0 to 1");
    REFUSED(f.steps[0].retry.jitter = (double)NAN,
            A "in its retry policy, jitter must be from 0 to 1");
    REFUSED(f.steps[0].retry.non_retryable_count = 1,
            A "in its retry policy, non_retryable_count is set, but there is no list");
    REFUSED((f.steps[0].retry.non_retryable_count = 1,
             f.steps[0].retry.non_retryable = f.codes),
            A "in its retry policy, a non-retryable code is NULL");
    REFUSED(f.steps[1].retry.maximum_attempts = 2,
            B "it has a retry policy, and only an external step is tried again");
    REFUSED(f.steps[1].retry.maximum_attempts = 1, OK);
    REFUSED(
        (f.steps[1].compensate = function, f.steps[1].compensation_retry.jitter = 1),
        B "it has a compensation_retry, and only an external compensation is tried "
          "again");
    REFUSED(
        (f.steps[0].compensate = function, f.steps[0].compensation_retry.jitter = 1),
        OK);
}

static void timeouts_are_of_who_takes_time(void **unused)
{
    (void)unused;
    REFUSED(f.steps[0].timeouts.heartbeat_us = -1, A "a timeout is negative");
    REFUSED(f.steps[0].timeouts = ((struct sarn_timeouts){1, 2, 3, 4}), OK);
    REFUSED(f.steps[1].timeouts.schedule_to_close_us = 1,
            B "a local step takes no time: it has no timeouts");
    REFUSED(
        (f.steps[1].kind = SARN_STEP_TIMER, f.steps[1].timeouts.start_to_close_us = 1),
        B "a step that waits has no timeout but schedule_to_close_us");
    REFUSED(f.steps[0].on_timeout = "c", A "it has on_timeout, and never times out");
    REFUSED((f.steps[0].on_timeout = "z", f.steps[0].timeouts.heartbeat_us = 1),
            A "its on_timeout is no step of this workflow");
    REFUSED((f.steps[0].on_timeout = "c", f.steps[0].timeouts.heartbeat_us = 1), OK);
    REFUSED((f.steps[0].on_timeout = "", f.steps[0].timeouts.heartbeat_us = 1), OK);
}

static void what_follows_is_a_step(void **unused)
{
    (void)unused;
    REFUSED(f.steps[0].next = "z", A "its next is no step of this workflow");
    REFUSED(f.steps[3].next = "a", OK);
    REFUSED(f.steps[0].next = SARN_STEP_END, OK);
    REFUSED((f.steps[0].group = f.steps[1].group = "g", f.steps[0].next = "d"),
            A "it has a next, and in a group only the last one in the table says what "
              "follows");
    REFUSED((f.steps[0].group = f.steps[1].group = "g", f.steps[1].next = "d"), OK);
    REFUSED((f.steps[0].group = f.steps[1].group = "g", f.steps[0].on_timeout = "d"),
            A "it has on_timeout, and in a group nothing is gone on with but the "
              "group");
}

static void an_alias_is_nobody_elses_name(void **unused)
{
    (void)unused;
    REFUSED((f.names[0] = "old", f.steps[0].aliases = f.names), OK);
    REFUSED((f.names[0] = "b", f.steps[0].aliases = f.names),
            W "step 'a' has the alias 'b', which is an id or another alias; what it "
              "was called before is its own");
    REFUSED((f.names[0] = "a", f.steps[0].aliases = f.names),
            W "step 'a' has the alias 'a', which is an id or another alias; what it "
              "was called before is its own");
    REFUSED((f.names[0] = f.names[1] = "old", f.steps[0].aliases = f.names,
             f.steps[1].aliases = NULL),
            W "step 'a' has the alias 'old', which is an id or another alias; what it "
              "was called before is its own");
    REFUSED((f.names[0] = "old", f.steps[0].aliases = f.steps[1].aliases = f.names),
            W "step 'a' has the alias 'old', which is an id or another alias; what it "
              "was called before is its own");
    REFUSED((f.names[0] = "", f.steps[0].aliases = f.names),
            W "step 'a' has the alias '', which is too long, empty, or not UTF-8");
}

static void a_group_stands_together_and_is_described_once(void **unused)
{
    (void)unused;
    REFUSED(f.steps[0].group = f.steps[2].group = "g",
            W "the steps of group 'g' do not stand together in the table");
    REFUSED(f.steps[0].group = "",
            W "the group of step 'a' must have a name of 1 to 255 bytes of UTF-8");
    REFUSED(
        (f.workflow.groups = &f.group, f.workflow.group_count = 1, f.group.name = "g"),
        W "group 'g' is described, and no step is in it");
    REFUSED((f.workflow.groups = &f.group, f.workflow.group_count = 1,
             f.group.name = "g", f.steps[0].group = f.steps[1].group = "g",
             f.group.join = SARN_JOIN_COUNT, f.group.count = 3),
            W "group 'g' needs 3 of its 2 steps; it must be 1 to 2");
    REFUSED((f.workflow.groups = &f.group, f.workflow.group_count = 1,
             f.group.name = "g", f.steps[0].group = "g", f.group.join = 3),
            W "group 'g' has join 3, which is none of enum sarn_join");
    REFUSED(f.workflow.group_count = 1,
            W "group_count is 1, and there are not as many groups");
    REFUSED((f.workflow.groups = &f.group, f.workflow.group_count = 1,
             f.steps[0].group = "g"),
            W "the name of group 0 must have 1 to 255 bytes of UTF-8");
}

static void a_group_has_a_limit(void **unused)
{
    static char ids[SARN__GROUP_STEPS_MAX + 1][8];
    struct sarn_step steps[SARN__GROUP_STEPS_MAX + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i <= SARN__GROUP_STEPS_MAX; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%" PRIu32, i);
        steps[i] = (struct sarn_step){.id = ids[i], .run = function, .group = "g"};
    }
    f.workflow.steps = steps;
    f.workflow.step_count = SARN__GROUP_STEPS_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.workflow.step_count += 1;
    assert_string_equal(verdict(&f), W "group 'g' has over 64 steps");
}

static void dependencies_are_steps_and_have_no_circle(void **unused)
{
    (void)unused;
    REFUSED(f.workflow.undo_order = 3,
            W "undo_order is 3, which is none of enum sarn_undo_order");
    REFUSED((f.names[0] = "a", f.steps[1].depends_on = f.names),
            W "step 'b' has depends_on, which means something only where undo_order is "
              "SARN_UNDO_DEPENDENCY");
    REFUSED((f.workflow.undo_order = SARN_UNDO_DEPENDENCY, f.names[0] = "z",
             f.steps[1].depends_on = f.names),
            B "it depends on what is no step of this workflow");
    REFUSED((f.workflow.undo_order = SARN_UNDO_DEPENDENCY, f.names[0] = "c",
             f.steps[0].depends_on = f.names),
            OK);
    REFUSED((f.workflow.undo_order = SARN_UNDO_DEPENDENCY, f.names[0] = "c",
             f.names[2] = NULL, f.steps[0].depends_on = f.names,
             f.steps[2].depends_on = (const char *const[]){"d", NULL},
             f.steps[3].depends_on = (const char *const[]){"b", "a", NULL}),
            W "step 'a' depends on itself, by way of others");
    REFUSED((f.workflow.undo_order = SARN_UNDO_DEPENDENCY, f.names[0] = "b",
             f.steps[1].depends_on = f.names),
            W "step 'b' depends on itself, by way of others");
}

static void spoil_message(struct fixture *f, struct sarn_message message)
{
    f->message = message;
    f->workflow.messages = &f->message;
    f->workflow.message_count = 1;
}

#define MESSAGE(...) spoil_message(&f, (struct sarn_message){__VA_ARGS__})

static void messages_are_told_or_answered(void **unused)
{
    (void)unused;
    REFUSED(f.workflow.message_count = 1,
            W "message_count is 1; it can have up to 64 messages");
    REFUSED(MESSAGE(.name = NULL),
            W "the name of message 0 must have 1 to 255 bytes of UTF-8");
    REFUSED(MESSAGE(.name = "m", .kind = 3), W "message 'm': its kind is none of enum "
                                               "sarn_message_kind");
    REFUSED(MESSAGE(.name = "m", .kind = SARN_MESSAGE_QUERY),
            W "message 'm': a query has nobody to answer it: give it a handler");
    REFUSED(MESSAGE(.name = "m", .kind = SARN_MESSAGE_SIGNAL, .handler = function),
            W "message 'm': a signal is not answered: it has no handler and no "
              "output");
    REFUSED(MESSAGE(.name = "m", .kind = SARN_MESSAGE_UPDATE), OK);
    REFUSED(
        (MESSAGE(.name = "m", .kind = SARN_MESSAGE_SIGNAL, .input = &ledger_moved_type),
         f.steps[0].kind = SARN_STEP_SIGNAL, f.steps[0].run = NULL,
         f.steps[0].signal = "m"),
        W "message 'm': its input is another type than the output of the step that "
          "waits for it");
    REFUSED((MESSAGE(.name = "a", .kind = SARN_MESSAGE_QUERY, .handler = function),
             f.steps[0].kind = SARN_STEP_SIGNAL, f.steps[0].run = NULL),
            W "message 'a': a step waits for it, and a query tells nobody anything");
}

static void a_signal_has_one_payload(void **unused)
{
    (void)unused;
    REFUSED((f.steps[0].kind = f.steps[1].kind = SARN_STEP_SIGNAL,
             f.steps[0].run = f.steps[1].run = NULL,
             f.steps[0].output = f.steps[1].output = &ledger_moved_type,
             f.steps[0].signal = f.steps[1].signal = "s"),
            OK);
    REFUSED((f.steps[0].kind = f.steps[1].kind = SARN_STEP_SIGNAL,
             f.steps[0].run = f.steps[1].run = NULL,
             f.steps[0].output = &ledger_moved_type,
             f.steps[0].signal = f.steps[1].signal = "s"),
            B "another step waits for the same signal, with another output");
}

static void a_result_is_an_output(void **unused)
{
    (void)unused;
    REFUSED(f.workflow.result = "z",
            W "its result is the output of step 'z', which it does not have");
    REFUSED(f.workflow.result = "a",
            W "its result is the output of step 'a', which has none");
    REFUSED((f.workflow.result = "a", f.steps[0].output = &ledger_moved_type), OK);
}

static void a_child_is_a_workflow_that_is_there(void **unused)
{
    (void)unused;
    REFUSED(f.steps[0].kind = SARN_STEP_CHILD, A "it names no child");
    REFUSED(f.steps[0].child = "child", A "it has a child, and is none");
    REFUSED((f.steps[0].kind = SARN_STEP_CHILD, f.steps[0].child = "nobody"),
            A "its child is workflow 'nobody', which no module brings");
    REFUSED((f.steps[0].kind = SARN_STEP_CHILD, f.steps[0].child = "child",
             f.steps[0].run = NULL),
            OK);
    REFUSED((f.steps[0].kind = SARN_STEP_CHILD, f.steps[0].child = "child",
             f.steps[0].run = NULL, f.child.input = &ledger_moved_type),
            A
            "its child is workflow 'child', which has an input: a function run has to "
            "say with what it begins");
    REFUSED((f.steps[0].kind = SARN_STEP_CHILD, f.steps[0].child = "child",
             f.steps[0].output = &ledger_moved_type),
            A "its child is workflow 'child', whose result is of another type than the "
              "step's output");
}

/* --- versions --- */

static void several_versions_of_a_workflow_stand_side_by_side(void **unused)
{
    struct sarn_workflow second, third;
    const struct sarn_workflow *workflows[] = {NULL, &third, NULL, &second};
    struct sarn__registry *registry = NULL;
    const struct sarn_str name = SARN_STR("w");
    struct fixture f;

    (void)unused;
    begin(&f);
    second = third = f.workflow;
    second.version = 2;
    second.step_count = 2;
    third.version = 3;
    third.step_count = 3;
    workflows[0] = &f.workflow;
    workflows[2] = &f.child;
    f.module.workflows = workflows;
    f.module.workflow_count = 4;
    assert_int_equal(create(&f, &registry), SARN_OK);
    assert_ptr_equal(sarn__registry_workflow(registry, name), &third);
    assert_ptr_equal(sarn__registry_workflow_older(registry, &third), &second);
    assert_ptr_equal(sarn__registry_workflow_older(registry, &second), &f.workflow);
    assert_null(sarn__registry_workflow_older(registry, &f.workflow));
    assert_ptr_equal(sarn__registry_workflow_version(
                         registry, name, sarn__workflow_fingerprint(&second)),
                     &second);
    assert_null(sarn__registry_workflow_version(registry, name, 5));
    assert_null(sarn__registry_workflow_version(registry, sarn_str("v"), 5));
    sarn__registry_destroy(registry);
}

static void one_version_is_registered_once(void **unused)
{
    struct sarn_workflow newer, older, twin;
    const struct sarn_workflow *workflows[] = {&newer, NULL, &older, &twin};
    struct fixture f;

    (void)unused;
    begin(&f);
    newer = older = twin = f.workflow;
    f.workflow.version = 2;
    newer.version = 3;
    older.version = 1;
    workflows[1] = &f.workflow;
    f.module.workflows = workflows;
    f.module.workflow_count = 4;
    for (uint32_t version = 1; version < 4; version++) {
        char sentence[128];

        twin.version = version;
        snprintf(sentence, sizeof(sentence),
                 "module 'm': version %" PRIu32 " of the workflow 'w' is registered "
                 "already, by module 'm'",
                 version);
        assert_string_equal(verdict(&f), sentence);
    }
    twin.version = 4;
    assert_string_equal(verdict(&f), "ok");
    twin.version = 0;
    assert_string_equal(verdict(&f), W "versions count from 1, and it has 0");
}

static void without_memory_nothing_is_registered(void **unused)
{
    struct sarn__registry *registry = NULL;
    struct sarn_workflow newer;
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    for (uint64_t at = 1; status == SARN_ERR_NOMEM; at++) {
        struct fixture f;

        begin(&f);
        newer = f.workflow;
        newer.version = 2;
        f.workflows[1] = &newer;
        f.heap.fail_at = at;
        status = create(&f, &registry);
        assert_true(status == SARN_OK || status == SARN_ERR_NOMEM);
        if (status == SARN_OK) {
            assert_true(at > 10);
            sarn__registry_destroy(registry);
        }
        assert_int_equal(f.heap.live, 0);
    }
}

/* --- fingerprints --- */

static void a_fingerprint_is_that_of_what_executions_rest_on(void **unused)
{
    struct fixture f, other;
    uint64_t before;

    (void)unused;
    begin(&f);
    f.steps[0].timeouts.schedule_to_close_us = 5;
    before = sarn__workflow_fingerprint(&f.workflow);
    f.steps[0].retry.maximum_attempts = 9;
    f.steps[0].timeouts.heartbeat_us = 7;
    f.names[0] = "old";
    f.steps[0].aliases = f.names;
    assert_true(sarn__workflow_fingerprint(&f.workflow) == before);
#define CHANGES(change)                                                                \
    do {                                                                               \
        other = f;                                                                     \
        other.workflow.steps = other.steps;                                            \
        change;                                                                        \
        assert_true(sarn__workflow_fingerprint(&other.workflow) != before);            \
    } while (0)
    CHANGES(other.steps[0].flags = SARN_STEP_IDEMPOTENT);
    CHANGES(other.workflow.step_count = 1);
    CHANGES(other.steps[0].id = "z");
    CHANGES(other.steps[0].kind = SARN_STEP_LOCAL);
    CHANGES(other.steps[0].next = "c");
    CHANGES(other.steps[0].group = "c");
    CHANGES(other.steps[0].on_timeout = "c");
    CHANGES(other.steps[0].signal = "c");
    CHANGES(other.steps[0].child = "c");
    CHANGES(other.steps[0].output = &ledger_moved_type);
    CHANGES(other.steps[0].compensate = function);
    CHANGES(other.workflow.undo_order = SARN_UNDO_PARALLEL);
    CHANGES((other.workflow.groups = &other.group, other.workflow.group_count = 1,
             other.group.name = "g"));
}

/* The value that it had when a table had nothing but these. */
static void a_plain_table_keeps_its_fingerprint(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.workflow.step_count = 2;
    assert_true(sarn__workflow_fingerprint(&f.workflow) ==
                UINT64_C(0x1f53772f47769315));
}

/* Steps compiled by a later version are larger. */
static void steps_are_found_by_their_own_size(void **unused)
{
    struct larger {
        struct sarn_step step;
        uint64_t added;
    } steps[2] = {{{.id = "one", .run = function}, 1},
                  {{.id = "two", .run = function}, 2}};
    const struct sarn_workflow workflow = {.name = "larger",
                                           .steps = &steps[0].step,
                                           .step_count = 2,
                                           .step_size = sizeof(steps[0])};

    (void)unused;
    assert_string_equal(sarn__workflow_step(&workflow, 1)->id, "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_steps_with_ids_of_their_own),
        cmocka_unit_test(a_step_has_what_its_kind_needs),
        cmocka_unit_test(a_retry_policy_makes_sense),
        cmocka_unit_test(timeouts_are_of_who_takes_time),
        cmocka_unit_test(what_follows_is_a_step),
        cmocka_unit_test(an_alias_is_nobody_elses_name),
        cmocka_unit_test(a_group_stands_together_and_is_described_once),
        cmocka_unit_test(a_group_has_a_limit),
        cmocka_unit_test(dependencies_are_steps_and_have_no_circle),
        cmocka_unit_test(messages_are_told_or_answered),
        cmocka_unit_test(a_signal_has_one_payload),
        cmocka_unit_test(a_result_is_an_output),
        cmocka_unit_test(a_child_is_a_workflow_that_is_there),
        cmocka_unit_test(several_versions_of_a_workflow_stand_side_by_side),
        cmocka_unit_test(one_version_is_registered_once),
        cmocka_unit_test(without_memory_nothing_is_registered),
        cmocka_unit_test(a_fingerprint_is_that_of_what_executions_rest_on),
        cmocka_unit_test(a_plain_table_keeps_its_fingerprint),
        cmocka_unit_test(steps_are_found_by_their_own_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
