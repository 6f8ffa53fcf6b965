/* domain/engine/registry: how much modules may bring: exactly so much is registered,
 * one more is refused with a sentence that says how much it may be. */
#include <string.h>

#include "core/admission.h"
#include "core/definition.h"
#include "core/execution.h"
#include "engine/module_check.h"
#include "engine/registry.h"
#include "support/heap.h"
#include "support/ledger.h"
#include "support/test.h"

#define MODULES 256u

/* A module with one of everything; each test changes one thing of it. */
struct fixture {
    struct sarn_module module;
    struct sarn_aggregate aggregate;
    struct sarn_projection projection;
    struct sarn_workflow workflow;
    struct sarn_step step;
    struct sarn_message message;
    const struct sarn_aggregate *aggregates[1];
    const struct sarn_projection *projections[1];
    const struct sarn_workflow *workflows[1];
    struct test_heap heap;
    struct sarn_error error;
    char name[SARN_NAME_BYTES_MAX + 2]; /* named() */
};

static sarn_status function(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status key_of(const void *row, struct sarn_key *key)
{
    (void)row;
    (void)key;
    return SARN_OK;
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->module = ledger_upcasting_module;
    f->module.name = "m";
    f->module.upcaster_count = 0;
    f->aggregate = *ledger_module.aggregates[0];
    f->projection = *ledger_module.projections[0];
    f->projection.index_count = 0;
    f->step = (struct sarn_step){.id = "a", .run = function};
    f->workflow = (struct sarn_workflow){
        "w", 1, &ledger_deposit_type, .steps = &f->step, 1, sizeof(f->step)};
    f->message = (struct sarn_message){.name = "s"};
    f->workflow.messages = &f->message;
    f->workflow.message_count = 1;
    f->aggregates[0] = &f->aggregate;
    f->projections[0] = &f->projection;
    f->workflows[0] = &f->workflow;
    f->module.aggregates = f->aggregates;
    f->module.projections = f->projections;
    f->module.workflows = f->workflows;
    f->module.aggregate_count = 1;
    f->module.projection_count = 1;
    f->module.workflow_count = 1;
}

static const char *
verdict_of(struct fixture *f, const struct sarn_module *const *modules, uint32_t count)
{
    const struct sarn_heap heap = test_heap(&f->heap);
    struct sarn__registry *registry;

    if (sarn__registry_create(modules, count, &heap, &registry, &f->error) == SARN_OK) {
        sarn__registry_destroy(registry);
        return "ok";
    }
    assert_int_equal(f->error.status, SARN_ERR_INVALID);
    return f->error.text;
}

static const char *verdict(struct fixture *f)
{
    const struct sarn_module *modules[] = {&f->module};

    return verdict_of(f, modules, 1);
}

static void refused(const char *sentence, const char *said)
{
    if (strstr(sentence, said) == NULL) {
        fail_msg("%s, not %s", sentence, said);
    }
}

/* A name of so many bytes. */
static const char *named(struct fixture *f, uint32_t size)
{
    memset(f->name, 'n', size);
    f->name[size] = '\0';
    return f->name;
}

/* --- names --- */

static void names_have_up_to_255_bytes(void **unused)
{
    struct fixture f;
    const struct {
        const char **name;
        uint32_t max;
        const char *said;
    } rows[] = {
        {&f.module.name, 255, "a module needs a name of 1 to 255 bytes"},
        {&f.aggregate.category, 254, "must have 1 to 254 bytes"},
        {&f.projection.name, 255, "a projection's name must have 1 to 255 bytes"},
        {&f.workflow.name, 54, "must have 1 to 54 bytes"},
        {&f.step.id, 255, "the id of step 0 must have 1 to 255 bytes of UTF-8"},
        {&f.step.group, 255,
         "the group of step 'a' must have a name of 1 to 255 bytes"},
        {&f.message.name, 255, "the name of message 0 must have 1 to 255 bytes"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(&f);
        *rows[i].name = named(&f, rows[i].max);
        assert_string_equal(verdict(&f), "ok");
        *rows[i].name = named(&f, rows[i].max + 1);
        refused(verdict(&f), rows[i].said);
        *rows[i].name = named(&f, 0);
        refused(verdict(&f), rows[i].said);
    }
}

static void names_of_signals_indexes_and_aliases_have_up_to_255_bytes(void **unused)
{
    struct sarn_index index = {.key = key_of};
    const char *aliases[] = {NULL, NULL};
    struct fixture f;

    (void)unused;
    begin(&f);
    f.projection.indexes = &index;
    f.projection.index_count = 1;
    index.name = named(&f, 255);
    assert_string_equal(verdict(&f), "ok");
    index.name = named(&f, 256);
    refused(verdict(&f), "index 0 needs a name and a function key");
    begin(&f);
    f.step = (struct sarn_step){.id = "a", .kind = SARN_STEP_SIGNAL};
    f.step.signal = named(&f, 255);
    assert_string_equal(verdict(&f), "ok");
    f.step.signal = named(&f, 256);
    refused(verdict(&f), "does not wait for one of 1 to 255 bytes");
    begin(&f);
    f.step.aliases = aliases;
    aliases[0] = named(&f, 255);
    assert_string_equal(verdict(&f), "ok");
    aliases[0] = named(&f, 256);
    refused(verdict(&f), "which is too long, empty, or not UTF-8");
}

/* --- how many --- */

static void a_module_has_256_of_each_kind_of_part(void **unused)
{
    static char names[SARN__PARTS_MAX][8];
    static struct sarn_aggregate parts[SARN__PARTS_MAX];
    static const struct sarn_aggregate *list[SARN__PARTS_MAX + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < SARN__PARTS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "a%" PRIu32, i);
        parts[i] = f.aggregate;
        parts[i].category = names[i];
        list[i] = &parts[i];
    }
    f.module.aggregates = list;
    f.module.aggregate_count = SARN__PARTS_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.module.aggregate_count += 1;
    refused(verdict(&f), "257 aggregates, but 256 are the limit");
    begin(&f);
    f.module.projection_count = SARN__PARTS_MAX + 1;
    refused(verdict(&f), "257 projections, but 256 are the limit");
    begin(&f);
    f.module.workflow_count = SARN__PARTS_MAX + 1;
    refused(verdict(&f), "257 workflows, but 256 are the limit");
    begin(&f);
    f.module.upcaster_count = SARN__PARTS_MAX + 1;
    refused(verdict(&f), "257 upcasters, but 256 are the limit");
}

static void an_engine_has_256_modules(void **unused)
{
    static char names[MODULES + 1][8];
    static struct sarn_module list[MODULES + 1];
    static const struct sarn_module *modules[MODULES + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i <= MODULES; i++) {
        snprintf(names[i], sizeof(names[i]), "m%" PRIu32, i);
        list[i] = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                       .struct_size = sizeof(list[i]),
                                       .name = names[i],
                                       .version = "1"};
        modules[i] = &list[i];
    }
    assert_string_equal(verdict_of(&f, modules, MODULES), "ok");
    refused(verdict_of(&f, modules, MODULES + 1), "256");
}

static void a_part_lists_1024_types(void **unused)
{
    static const struct sarn_type *types[SARN__TYPES_MAX + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i <= SARN__TYPES_MAX; i++) {
        types[i] = &ledger_deposit_type;
    }
    f.aggregate.commands = types;
    f.aggregate.command_count = SARN__TYPES_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.aggregate.command_count += 1;
    refused(verdict(&f), "1025 types of a command, but 1024 are the limit");
}

static void a_projection_has_16_indexes(void **unused)
{
    static char names[SARN__INDEXES_MAX + 1][8];
    struct sarn_index indexes[SARN__INDEXES_MAX + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i <= SARN__INDEXES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "i%" PRIu32, i);
        indexes[i] = (struct sarn_index){names[i], key_of};
    }
    f.projection.indexes = indexes;
    f.projection.index_count = SARN__INDEXES_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.projection.index_count += 1;
    refused(verdict(&f), "17 indexes, but 16 are the limit");
}

static void a_workflow_has_256_steps(void **unused)
{
    static char ids[SARN__STEPS_MAX + 1][8];
    static struct sarn_step steps[SARN__STEPS_MAX + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i <= SARN__STEPS_MAX; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%" PRIu32, i);
        steps[i] = (struct sarn_step){.id = ids[i], .run = function};
    }
    f.workflow.steps = steps;
    f.workflow.step_count = SARN__STEPS_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.workflow.step_count += 1;
    refused(verdict(&f), "it must have 1 to 256 steps");
}

static void a_workflow_has_64_messages(void **unused)
{
    enum { MESSAGES = 64 };
    static char names[MESSAGES + 1][8];
    struct sarn_message messages[MESSAGES + 1];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i <= MESSAGES; i++) {
        snprintf(names[i], sizeof(names[i]), "m%" PRIu32, i);
        messages[i] = (struct sarn_message){.name = names[i]};
    }
    f.workflow.messages = messages;
    f.workflow.message_count = MESSAGES;
    assert_string_equal(verdict(&f), "ok");
    f.workflow.message_count += 1;
    refused(verdict(&f), "message_count is 65; it can have up to 64 messages");
}

static void a_step_is_visited_4096_times_at_most(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.step.visits_max = SARN__EXECUTION_STEPS_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.step.visits_max += 1;
    refused(verdict(&f), "visits_max is over 4096, which is what one run may make");
}

static void a_code_has_127_bytes(void **unused)
{
    struct fixture f;
    const char *codes[1];

    (void)unused;
    begin(&f);
    f.step.retry.non_retryable = codes;
    f.step.retry.non_retryable_count = 1;
    codes[0] = named(&f, 127);
    assert_string_equal(verdict(&f), "ok");
    codes[0] = named(&f, 128);
    refused(verdict(&f), "a non-retryable code has over 127 bytes");
}

static void a_workflows_versions_count_from_1_and_its_name_has_no_slash(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.workflow.version = UINT32_MAX;
    assert_string_equal(verdict(&f), "ok");
    f.workflow.version = 0;
    assert_string_equal(verdict(&f), "module 'm', workflow 'w': versions count from 1, "
                                     "and it has 0");
    begin(&f);
    f.workflow.name = "a/b";
    refused(verdict(&f), "its name has a '/'");
}

static void an_engine_has_4096_limits(void **unused)
{
    enum { LIMITS = 4096 };
    static char names[LIMITS + 1][8];
    static struct sarn_limit limits[LIMITS + 1];
    struct sarn__admission *admission;
    struct sarn_error error;
    struct test_heap counted = {0};
    const struct sarn_heap heap = test_heap(&counted);

    (void)unused;
    for (uint32_t i = 0; i <= LIMITS; i++) {
        snprintf(names[i], sizeof(names[i]), "w%" PRIu32, i);
        limits[i] = (struct sarn_limit){.workflow = names[i], .concurrency = 1};
    }
    assert_ok(sarn__admission_create(limits, LIMITS, &heap, &admission, &error),
              &error);
    sarn__admission_destroy(admission);
    assert_int_equal(
        sarn__admission_create(limits, LIMITS + 1, &heap, &admission, &error),
        SARN_ERR_INVALID);
    assert_string_equal(error.text, "4097 limits, but 4096 are the most");
    assert_int_equal(counted.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_up_to_255_bytes),
        cmocka_unit_test(names_of_signals_indexes_and_aliases_have_up_to_255_bytes),
        cmocka_unit_test(a_module_has_256_of_each_kind_of_part),
        cmocka_unit_test(an_engine_has_256_modules),
        cmocka_unit_test(a_part_lists_1024_types),
        cmocka_unit_test(a_projection_has_16_indexes),
        cmocka_unit_test(a_workflow_has_256_steps),
        cmocka_unit_test(a_workflow_has_64_messages),
        cmocka_unit_test(a_step_is_visited_4096_times_at_most),
        cmocka_unit_test(a_code_has_127_bytes),
        cmocka_unit_test(a_workflows_versions_count_from_1_and_its_name_has_no_slash),
        cmocka_unit_test(an_engine_has_4096_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
