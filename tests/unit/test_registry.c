/* domain/engine/registry: what a module may not be, and how it is told. */
#include "engine/execution_rows.h"
#include "engine/registry.h"

#include <string.h>

#include "sarn/compliance.h"
#include "sarn/events.h"
#include "sarn/payments.h"
#include "support/heap.h"
#include "support/ledger.h"
#include "support/test.h"

/* A whole module, of which each test spoils one thing. */
struct fixture {
    struct sarn_module module;
    struct sarn_aggregate aggregate;
    struct sarn_projection projection;
    struct sarn_workflow workflow;
    struct sarn_upcaster upcaster;
    struct sarn_index indexes[2];
    struct sarn_step steps[2];
    const struct sarn_aggregate *aggregates[2];
    const struct sarn_projection *projections[2];
    const struct sarn_workflow *workflows[2];
    const struct sarn_upcaster *upcasters[2];
    const struct sarn_type *types[2];
    struct test_heap heap;
    struct sarn_error error;
};

static sarn_status run_step(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->module = ledger_upcasting_module;
    f->aggregate = *ledger_module.aggregates[0];
    f->projection = *ledger_module.projections[0];
    f->upcaster = *ledger_upcasting_module.upcasters[0];
    f->indexes[0] = f->projection.indexes[0];
    f->indexes[1] = f->projection.indexes[1];
    f->projection.indexes = f->indexes;
    f->steps[0] = (struct sarn_step){.id = "reserve", .run = run_step};
    f->steps[1] =
        (struct sarn_step){.id = "pay", .run = run_step, .kind = SARN_STEP_LOCAL};
    f->workflow = (struct sarn_workflow){"transfer", 1, &ledger_deposit_type,
                                         SARN_STEPS(f->steps)};
    f->aggregates[0] = &f->aggregate;
    f->projections[0] = &f->projection;
    f->workflows[0] = &f->workflow;
    f->upcasters[0] = &f->upcaster;
    f->types[0] = &ledger_deposited_type;
    f->module.aggregates = f->aggregates;
    f->module.projections = f->projections;
    f->module.workflows = f->workflows;
    f->module.upcasters = f->upcasters;
    f->module.projection_count = 1;
    f->module.workflow_count = 1;
}

static sarn_status create(struct fixture *f,
                          const struct sarn_module *other,
                          struct sarn__registry **registry)
{
    const struct sarn_module *modules[] = {&f->module, other};
    const struct sarn_heap heap = test_heap(&f->heap);

    return sarn__registry_create(modules, other == NULL ? 1 : 2, &heap, registry,
                                 &f->error);
}

/* Why the module is refused, or "ok". */
static const char *verdict_with(struct fixture *f, const struct sarn_module *other)
{
    struct sarn__registry *registry;
    sarn_status status = create(f, other, &registry);

    if (status == SARN_OK) {
        sarn__registry_destroy(registry);
        return "ok";
    }
    assert_int_equal(status, f->error.status);
    return f->error.text;
}

static const char *verdict(struct fixture *f)
{
    return verdict_with(f, NULL);
}

/* --- whole --- */

static void a_whole_module_is_found_by_its_names(void **unused)
{
    struct sarn__registry *registry;
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_int_equal(create(&f, NULL, &registry), SARN_OK);
    assert_ptr_equal(sarn__registry_aggregate(registry, sarn_str("account")),
                     &f.aggregate);
    assert_null(sarn__registry_aggregate(registry, sarn_str("transfer")));
    assert_ptr_equal(sarn__registry_workflow(registry, sarn_str("transfer")),
                     &f.workflow);
    assert_null(sarn__registry_workflow(registry, sarn_str("account")));
    assert_ptr_equal(sarn__registry_upcaster(registry, sarn_str("ledger.OldDeposited")),
                     &f.upcaster);
    assert_null(sarn__registry_upcaster(registry, sarn_str("ledger.Deposited")));
    assert_ptr_equal(sarn__registry_type(registry, sarn_str("ledger.Moved")),
                     &ledger_moved_type);
    assert_ptr_equal(sarn__registry_type(registry, sarn_str("sarn.EpochBegan")),
                     &sarn_epoch_began_type);
    assert_null(sarn__registry_type(registry, sarn_str("ledger.Nothing")));
    assert_int_equal(sarn__registry_projection_count(registry),
                     1 + SARN__CORE_ROWS_COUNT);
    assert_ptr_equal(sarn__registry_projection(registry, 0), &f.projection);
    assert_ptr_equal(sarn__registry_projection(registry, 1), sarn__core_projections[0]);
    assert_int_equal(sarn__registry_schema_count(registry), 2);
    assert_ptr_equal(sarn__registry_schema(registry, 0), &sarn_events_schema);
    assert_ptr_equal(sarn__registry_schema(registry, 1), &ledger_schema);
    sarn__registry_destroy(registry);
}

static void no_module_at_all_is_fine(void **unused)
{
    struct test_heap counted = {0};
    const struct sarn_heap heap = test_heap(&counted);
    struct sarn__registry *registry;

    (void)unused;
    assert_int_equal(sarn__registry_create(NULL, 0, &heap, &registry, NULL), SARN_OK);
    assert_int_equal(sarn__registry_schema_count(registry), 1);
    assert_int_equal(sarn__registry_projection_count(registry), SARN__CORE_ROWS_COUNT);
    sarn__registry_destroy(registry);
    sarn__registry_destroy(NULL);
}

/* --- spoiled --- */

#define NAME_300                                                                       \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnn"                                                                             \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnn"                                                                             \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnn"                                                                             \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnn"

/* Spoil one member of a fresh fixture, and expect this sentence. */
#define REFUSED(change, sentence)                                                      \
    do {                                                                               \
        struct fixture f;                                                              \
                                                                                       \
        begin(&f);                                                                     \
        change;                                                                        \
        assert_string_equal(verdict(&f), (sentence));                                  \
    } while (0)

static void a_module_says_what_it_is(void **unused)
{
    (void)unused;
    REFUSED(f.module.abi = 3, "a module was compiled for module ABI 3, this library "
                              "serves up to 2: use a newer Sarn");
    REFUSED(f.module.abi = 0, "a module has abi 0 and struct_size 72: set them to "
                              "SARN_MODULE_ABI and sizeof(struct sarn_module)");
    REFUSED(f.module.abi = 1,
            "module 'ledger' was compiled for module ABI 1, whose workflows this "
            "library does not know any more: compile it anew");
    REFUSED((f.module.abi = 1, f.module.workflow_count = 0), "ok");
    REFUSED(f.module.struct_size = 8,
            "a module has abi 2 and struct_size 8: set them to SARN_MODULE_ABI and "
            "sizeof(struct sarn_module)");
    REFUSED(f.module.name = "",
            "a module needs a name of 1 to 255 bytes and a version");
    REFUSED(f.module.name = NAME_300,
            "a module needs a name of 1 to 255 bytes and a version");
    REFUSED(f.module.version = NULL,
            "a module needs a name of 1 to 255 bytes and a version");
    REFUSED(f.module.aggregates = NULL,
            "module 'ledger': 1 aggregates, but no list of them");
    REFUSED(f.module.projection_count = 300,
            "module 'ledger': 300 projections, but 256 are the limit");
    REFUSED(f.aggregates[0] = NULL, "module 'ledger': aggregate 0 is NULL");
    REFUSED(f.projections[0] = NULL, "module 'ledger': projection 0 is NULL");
    REFUSED(f.workflows[0] = NULL, "module 'ledger': workflow 0 is NULL");
    REFUSED(f.upcasters[0] = NULL, "module 'ledger': upcaster 0 is NULL");
}

static void an_aggregate_has_a_category_functions_and_types(void **unused)
{
    (void)unused;
    REFUSED(f.aggregate.category = NULL,
            "module 'ledger': the name of aggregate '' must have 1 to 254 bytes");
    REFUSED(
        f.aggregate.category = "bank-account",
        "module 'ledger': aggregate 'bank-account' names a category, so it may have "
        "no '-' and no '$' in front");
    REFUSED(f.aggregate.category = "$own",
            "module 'ledger': aggregate '$own' names a category, so it may have no '-' "
            "and no '$' in front");
    REFUSED(f.aggregate.decide = NULL,
            "module 'ledger', aggregate 'account': it has no function decide");
    REFUSED(f.aggregate.apply = NULL,
            "module 'ledger', aggregate 'account': it has no function apply");
    REFUSED(f.aggregate.state = NULL,
            "module 'ledger', aggregate 'account': the state is NULL");
    REFUSED(
        f.aggregate.commands = NULL,
        "module 'ledger', aggregate 'account': 1 types of a command, but no list of "
        "them");
    REFUSED((f.aggregate.events = f.types, f.types[0] = NULL),
            "module 'ledger', aggregate 'account': an event is NULL");
}

static void a_type_is_described_by_a_schema(void **unused)
{
    struct sarn_type type = ledger_deposited_type;

    (void)unused;
    REFUSED((f.aggregate.events = f.types, f.types[0] = &type),
            "module 'ledger', aggregate 'account': no schema describes "
            "'ledger.Deposited', the type of an event; generate it with "
            "sarn_add_schema()");
    type.wire_size = 8;
    REFUSED((f.aggregate.events = f.types, f.types[0] = &type),
            "module 'ledger', aggregate 'account': an event is the struct "
            "'ledger.Deposited'; only a table can be stored by itself");
    type.name = "";
    REFUSED((f.aggregate.events = f.types, f.types[0] = &type),
            "module 'ledger', aggregate 'account': the type of an event must have a "
            "name of 1 to 255 bytes");
    REFUSED((f.aggregate.events = f.types, f.types[0] = &sarn_bytes_type), "ok");
}

static void a_projection_has_functions_events_and_named_indexes(void **unused)
{
    (void)unused;
    REFUSED(f.projection.name = "",
            "module 'ledger': a projection's name must have 1 to 255 bytes");
    REFUSED(f.projection.keys = NULL,
            "module 'ledger', projection 'balances': it has no function keys");
    REFUSED(f.projection.apply = NULL,
            "module 'ledger', projection 'balances': it has no function apply");
    REFUSED(f.projection.mode = 7,
            "module 'ledger', projection 'balances': mode 7 is neither SARN_INLINE nor "
            "SARN_ASYNC");
    REFUSED(f.projection.event_count = 0,
            "module 'ledger', projection 'balances': it lists no events, so it would "
            "stay empty");
    REFUSED(f.projection.row = NULL,
            "module 'ledger', projection 'balances': the row is NULL");
    REFUSED(f.indexes[0].name = "balance",
            "module 'ledger', projection 'balances': two indexes are named 'balance'");
    REFUSED(f.indexes[1].key = NULL,
            "module 'ledger', projection 'balances': index 1 needs a name and a "
            "function key");
    REFUSED(f.projection.index_count = 17,
            "module 'ledger', projection 'balances': 17 indexes, but 16 are the limit");
    REFUSED(f.projection.indexes = NULL,
            "module 'ledger', projection 'balances': 2 indexes, but no list of them");
}

static void a_workflow_is_named_like_a_category(void **unused)
{
    (void)unused;
    REFUSED(
        f.workflow.name = "a-b",
        "module 'ledger': workflow 'a-b' names a category, so it may have no '-' and "
        "no '$' in front");
    REFUSED(
        f.workflow.name = NAME_300 + 240, /* 80 bytes: no id of 200 would fit. */
        "module 'ledger': the name of workflow "
        "'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' must have 1 "
        "to 54 bytes");
}

static void an_upcaster_leads_on_and_ends(void **unused)
{
    (void)unused;
    REFUSED(f.upcaster.from_type = "",
            "module 'ledger': an upcaster's from_type must have 1 to 255 bytes");
    REFUSED(f.upcaster.upcast = NULL,
            "module 'ledger', upcaster of 'ledger.OldDeposited': it has no function "
            "upcast");
    REFUSED(f.upcaster.from = NULL,
            "module 'ledger', upcaster of 'ledger.OldDeposited': from is NULL");
    REFUSED(f.upcaster.from_type = "ledger.Deposited",
            "module 'ledger', upcaster of 'ledger.Deposited': it leads to the type it "
            "starts from, so new events would be upcast too; give the new type a new "
            "name");
    REFUSED((f.module.upcaster_count = 2,
             f.upcasters[1] = &(
                 struct sarn_upcaster){"ledger.Older", &ledger_old_deposited_type,
                                       &ledger_old_deposited_type, f.upcaster.upcast}),
            "module 'ledger', upcaster of 'ledger.Older': it leads to "
            "'ledger.OldDeposited', which is upcast itself; lead to the newest type");
}

/* --- together --- */

static void names_are_used_once(void **unused)
{
    struct sarn_module other = {.abi = SARN_MODULE_ABI,
                                .struct_size = sizeof(other),
                                .name = "other",
                                .version = "1"};
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[] = {&workflow};
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_string_equal(
        verdict_with(&f, &f.module),
        "module 'ledger': the module 'ledger' is registered already, by "
        "module 'ledger'");
    other.aggregates = f.aggregates;
    other.aggregate_count = 1;
    assert_string_equal(verdict_with(&f, &other),
                        "module 'other': the category 'account' is registered already, "
                        "by module 'ledger'");
    other.aggregate_count = 0;
    other.projections = f.projections;
    other.projection_count = 1;
    assert_string_equal(verdict_with(&f, &other),
                        "module 'other': the projection 'balances' is registered "
                        "already, by module 'ledger'");
    other.projection_count = 0;
    workflow = f.workflow;
    workflow.name = "account"; /* Its executions would be the aggregate's streams. */
    other.workflows = workflows;
    other.workflow_count = 1;
    assert_string_equal(verdict_with(&f, &other),
                        "module 'other': the category 'account' is registered already, "
                        "by module 'ledger'");
    other.workflow_count = 0;
    other.upcasters = f.upcasters;
    other.upcaster_count = 1;
    assert_string_equal(verdict_with(&f, &other),
                        "module 'other': the upcaster of 'ledger.OldDeposited' is "
                        "registered already, by module 'ledger'");
}

static void schemas_of_one_name_are_one(void **unused)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct sarn_schema schema = ledger_schema;
    struct sarn_type type = ledger_noted_type;
    const struct sarn_type *types[] = {&type};
    struct sarn_aggregate aggregate;
    const struct sarn_aggregate *aggregates[] = {&aggregate};
    struct sarn_module other = {.abi = SARN_MODULE_ABI,
                                .struct_size = sizeof(other),
                                .name = "other",
                                .version = "1",
                                .aggregates = aggregates,
                                .aggregate_count = 1};
    struct fixture f;

    (void)unused;
    begin(&f);
    aggregate = f.aggregate;
    aggregate.category = "other";
    aggregate.events = types;
    type.schema = &schema;
    schema.types = types;
    schema.type_count = 1;
    assert_string_equal(verdict_with(&f, &other), "ok"); /* A copy of it. */
    schema.bfbs = bytes;
    schema.bfbs_size = sizeof(bytes);
    assert_string_equal(verdict_with(&f, &other),
                        "modules 'ledger' and 'other' bring different schemas named "
                        "'ledger'; build both from the same one");
    schema.name = "second";
    assert_string_equal(verdict_with(&f, &other), "ok"); /* It includes the first. */
    type.field_count = 0;
    assert_string_equal(verdict_with(&f, &other),
                        "modules 'ledger' and 'other' describe the type 'ledger.Noted' "
                        "differently; build both from the same schema");
}

static void memory_may_run_out_anywhere(void **unused)
{
    struct fixture f;
    struct sarn__registry *registry;
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    begin(&f);
    for (uint64_t nth = 1; status != SARN_OK; nth++) {
        f.heap.calls = 0;
        f.heap.fail_at = nth;
        status = create(&f, NULL, &registry);
        assert_true(status == SARN_OK || status == SARN_ERR_NOMEM);
        assert_true(status == SARN_OK || f.heap.live == 0);
    }
    assert_true(f.heap.fail_at > 5);
    sarn__registry_destroy(registry);
    assert_int_equal(f.heap.live, 0);
}

/* compliance.fbs includes payments.fbs, and so brings descriptors of its own for all of
 * it: whichever is registered first, events come under those that a module names. */
static void a_type_is_known_by_the_descriptor_that_its_module_names(void **unused)
{
    static const struct sarn_module *const orders[][2] = {
        {&sarn_compliance_module, &sarn_payments_module},
        {&sarn_payments_module, &sarn_compliance_module}};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct test_heap counted = {.calls = 0};
        const struct sarn_heap heap = test_heap(&counted);
        struct sarn__registry *registry = NULL;

        assert_int_equal(sarn__registry_create(orders[i], 2, &heap, &registry, NULL),
                         SARN_OK);
        assert_ptr_equal(
            sarn__registry_type(registry, sarn_str("payments.AccountOpened")),
            &payments_account_opened_type);
        assert_ptr_equal(
            sarn__registry_type(registry, sarn_str("compliance.TransactionScreened")),
            &compliance_transaction_screened_type);
        sarn__registry_destroy(registry);
    }
}

/* --- fingerprints --- */

static void a_fingerprint_changes_with_what_is_stored(void **unused)
{
    struct sarn_field fields[3];
    struct sarn_type type = ledger_deposited_type, same = ledger_deposited_type;
    uint64_t before;

    (void)unused;
    memcpy(fields, type.fields, sizeof(fields));
    type.fields = fields;
    before = sarn__type_fingerprint(&ledger_deposited_type);
    assert_true(sarn__type_fingerprint(&type) == before);
    same.size += 8; /* The C struct's own affair. */
    assert_true(sarn__type_fingerprint(&same) == before);
    fields[2].default_integer = 1;
    assert_true(sarn__type_fingerprint(&type) != before);
    fields[2].default_integer = 0;
    fields[2].kind = SARN_KIND_I32;
    assert_true(sarn__type_fingerprint(&type) != before);
    fields[2].kind = SARN_KIND_I64;
    fields[2].name = "sum";
    assert_true(sarn__type_fingerprint(&type) != before);
    assert_true(sarn__type_fingerprint(&ledger_moved_type) != before);
}

static void a_type_within_itself_has_a_fingerprint(void **unused)
{
    struct sarn_type outer = {.name = "t.Outer", .field_count = 1};
    struct sarn_type inner = {.name = "t.Inner", .field_count = 1};
    const struct sarn_field to_inner = {
        .name = "inner", .kind = SARN_KIND_TABLE, .type = &inner};
    struct sarn_field to_outer = {
        .name = "outer", .kind = SARN_KIND_TABLE, .type = &outer};
    uint64_t before;

    (void)unused;
    outer.fields = &to_inner;
    inner.fields = &to_outer;
    before = sarn__type_fingerprint(&outer);
    to_outer.id = 4; /* Deep inside. */
    assert_true(sarn__type_fingerprint(&outer) != before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_module_is_found_by_its_names),
        cmocka_unit_test(no_module_at_all_is_fine),
        cmocka_unit_test(a_module_says_what_it_is),
        cmocka_unit_test(an_aggregate_has_a_category_functions_and_types),
        cmocka_unit_test(a_type_is_described_by_a_schema),
        cmocka_unit_test(a_projection_has_functions_events_and_named_indexes),
        cmocka_unit_test(a_workflow_is_named_like_a_category),
        cmocka_unit_test(an_upcaster_leads_on_and_ends),
        cmocka_unit_test(names_are_used_once),
        cmocka_unit_test(schemas_of_one_name_are_one),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_type_is_known_by_the_descriptor_that_its_module_names),
        cmocka_unit_test(a_fingerprint_changes_with_what_is_stored),
        cmocka_unit_test(a_type_within_itself_has_a_fingerprint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
