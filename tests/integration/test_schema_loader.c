/* Stored schemas: a .bfbs becomes the descriptors that were compiled from it, and a
 * damaged one becomes an error. */
#include "infra/flatbuffers/codec.h"
#include "infra/yajl/json.h"

#include <stdlib.h>
#include <string.h>

#include "everything_schema.h"
#include "sarn/events.h"
#include "support/heap.h"
#include "support/sample.h"
#include "support/test.h"
#include "support/value.h"

static sarn_status load(struct sarn_arena *arena,
                        const void *bfbs,
                        uint32_t size,
                        const struct sarn_schema **schema,
                        struct sarn_error *error)
{
    struct sarn_codec codec = sarn__flatbuffers_codec();

    return codec.ops->load_schema(codec.self, (struct sarn_str)SARN_STR("stored"),
                                  (struct sarn_str){bfbs, size}, arena, schema, error);
}

static void same_field(const struct sarn_field *a, const struct sarn_field *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->wire_offset, b->wire_offset);
    assert_true(a->default_integer == b->default_integer);
    assert_memory_equal(&a->default_real, &b->default_real, sizeof(double));
    assert_true((a->type == NULL) == (b->type == NULL));
    assert_true((a->enumeration == NULL) == (b->enumeration == NULL));
    if (a->type != NULL && b->type != NULL) {
        assert_string_equal(a->type->name, b->type->name);
    }
    if (a->enumeration != NULL && b->enumeration != NULL) {
        assert_string_equal(a->enumeration->name, b->enumeration->name);
        assert_int_equal(a->enumeration->value_count, b->enumeration->value_count);
        for (uint32_t i = 0; i < a->enumeration->value_count; i++) {
            assert_string_equal(a->enumeration->values[i].name,
                                b->enumeration->values[i].name);
            assert_true(a->enumeration->values[i].value ==
                        b->enumeration->values[i].value);
        }
    }
}

static void same_schema(const struct sarn_schema *a, const struct sarn_schema *b)
{
    assert_int_equal(a->type_count, b->type_count);
    assert_int_equal(a->bfbs_size, b->bfbs_size);
    for (uint32_t i = 0; i < a->type_count; i++) {
        const struct sarn_type *left = a->types[i];
        const struct sarn_type *right = sarn_schema_type(b, sarn_str(left->name));

        assert_non_null(right);
        assert_int_equal(left->size, right->size);
        assert_int_equal(left->align, right->align);
        assert_int_equal(left->wire_size, right->wire_size);
        assert_int_equal(left->role, right->role);
        assert_int_equal(left->field_count, right->field_count);
        assert_ptr_equal(right->schema, b);
        for (uint32_t j = 0; j < left->field_count; j++) {
            same_field(&left->fields[j], &right->fields[j]);
        }
    }
}

static void what_is_loaded_is_what_was_compiled(void **unused)
{
    static const struct sarn_schema *const schemas[] = {&everything_schema,
                                                        &sarn_events_schema};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    const struct sarn_schema *loaded;

    (void)unused;
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        assert_int_equal(
            load(arena, schemas[i]->bfbs, schemas[i]->bfbs_size, &loaded, NULL),
            SARN_OK);
        same_schema(schemas[i], loaded);
        assert_string_equal(loaded->name, "stored");
    }
    sarn_arena_destroy(arena);
}

static void a_schema_need_not_be_aligned(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    const struct sarn_schema *schema = &everything_schema, *loaded;
    char *shifted = malloc(schema->bfbs_size + 1);

    (void)unused;
    memcpy(shifted + 1, schema->bfbs, schema->bfbs_size);
    assert_int_equal(load(arena, shifted + 1, schema->bfbs_size, &loaded, NULL),
                     SARN_OK);
    free(shifted);
    same_schema(schema, loaded); /* Nothing of it lies in what was handed in. */
    sarn_arena_destroy(arena);
}

/* --- damage --- */

/* Use every type of a schema that loaded, however odd it is: write, check, read, print.
 */
static void use(const struct sarn_schema *schema, struct sarn_arena *arena)
{
    struct sarn_codec codec = sarn__flatbuffers_codec();
    struct sarn_json json = sarn__yajl_json();

    for (uint32_t i = 0; i < schema->type_count; i++) {
        const struct sarn_type *type = schema->types[i];
        struct sarn_error error;
        struct sarn_str bytes, text;
        void *value, *back;

        if (type->wire_size != 0) {
            continue;
        }
        value = sample_value(type, arena);
        back = sarn_arena_alloc(arena, type->size);
        if (codec.ops->encode(codec.self, type, value, arena, &bytes, &error)) {
            /* The sample ends at some depth, where a field may be required. */
            assert_int_equal(error.status, SARN_ERR_SCHEMA);
            continue;
        }
        assert_int_equal(codec.ops->verify(codec.self, type, bytes, &error), SARN_OK);
        assert_int_equal(
            codec.ops->decode(codec.self, type, bytes, back, arena, &error), SARN_OK);
        assert_true(value_equal(type, value, back));
        assert_int_equal(json.ops->write(json.self, type, back, arena, &text, &error),
                         SARN_OK);
    }
}

/* Load bytes in a block of exactly their size; what loads must work. */
static bool loads(struct sarn_arena *arena, const char *data, uint32_t size)
{
    char *block = malloc(size > 0 ? size : 1);
    const struct sarn_schema *schema = NULL;
    struct sarn_error error;
    sarn_status status;

    memcpy(block, data, size);
    status = load(arena, block, size, &schema, &error);
    if (status == SARN_OK) {
        use(schema, arena);
    } else {
        assert_true(status == SARN_ERR_CORRUPT || status == SARN_ERR_SCHEMA);
        assert_int_equal(error.status, status);
        assert_null(schema);
    }
    free(block);
    sarn_arena_reset(arena);
    return status == SARN_OK;
}

static void flip_every_bit(const struct sarn_schema *schema)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    char *damaged = malloc(schema->bfbs_size);
    uint32_t refused = 0;

    memcpy(damaged, schema->bfbs, schema->bfbs_size);
    for (uint32_t bit = 0; bit < 8 * schema->bfbs_size; bit++) {
        damaged[bit / 8] = (char)(damaged[bit / 8] ^ (1 << (bit % 8)));
        refused += loads(arena, damaged, schema->bfbs_size) ? 0 : 1;
        damaged[bit / 8] = (char)schema->bfbs[bit / 8];
    }
    assert_true(refused > schema->bfbs_size); /* Or nothing was checked. */
    free(damaged);
    sarn_arena_destroy(arena);
}

static void a_flipped_bit_never_crashes(void **unused)
{
    (void)unused;
    flip_every_bit(&sarn_events_schema);
    flip_every_bit(&everything_schema);
}

static void a_truncated_schema_is_corrupt(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);

    (void)unused;
    for (uint32_t size = 0; size + 8 < everything_schema.bfbs_size; size++) {
        assert_false(loads(arena, (const char *)everything_schema.bfbs, size));
    }
    sarn_arena_destroy(arena);
}

/* Words set to numbers that mean something elsewhere: far, near, negative, itself. */
static void a_changed_word_never_crashes(void **unused)
{
    static const uint32_t words[] = {0, 1, 4, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    const struct sarn_schema *schema = &everything_schema;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    char *damaged = malloc(schema->bfbs_size);

    (void)unused;
    memcpy(damaged, schema->bfbs, schema->bfbs_size);
    for (uint32_t at = 0; at + 4 <= schema->bfbs_size; at += 4) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            memcpy(damaged + at, &words[i], 4);
            loads(arena, damaged, schema->bfbs_size);
        }
        memcpy(damaged + at, schema->bfbs + at, 4);
    }
    free(damaged);
    sarn_arena_destroy(arena);
}

static void what_is_no_schema_is_named_so(void **unused)
{
    static const char text[] = "namespace payments; table T { a: int; }";
    struct sarn_arena *arena = sarn_arena_create(NULL);
    const struct sarn_schema *schema;
    struct sarn_error error;

    (void)unused;
    assert_int_equal(load(arena, text, sizeof(text), &schema, &error),
                     SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "stored"));
    assert_non_null(strstr(error.text, "not a .bfbs"));
    assert_int_equal(load(arena, NULL, 0, &schema, &error), SARN_ERR_CORRUPT);
    sarn_arena_destroy(arena);
}

static void running_out_of_memory_is_an_error(void **unused)
{
    uint64_t failures = 0;

    (void)unused;
    for (uint64_t at = 2;; at++) { /* The first call is the arena itself. */
        struct test_heap heap = {.fail_at = at, .broken = true};
        struct sarn_heap from = test_heap(&heap);
        struct sarn_arena *arena = sarn_arena_create(&from);
        const struct sarn_schema *schema = NULL;
        sarn_status status = load(arena, everything_schema.bfbs,
                                  everything_schema.bfbs_size, &schema, NULL);

        sarn_arena_destroy(arena);
        assert_int_equal(heap.live, 0);
        if (status == SARN_OK) {
            break;
        }
        assert_int_equal(status, SARN_ERR_NOMEM);
        assert_null(schema);
        failures += 1;
    }
    assert_true(failures > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_loaded_is_what_was_compiled),
        cmocka_unit_test(a_schema_need_not_be_aligned),
        cmocka_unit_test(a_flipped_bit_never_crashes),
        cmocka_unit_test(a_truncated_schema_is_corrupt),
        cmocka_unit_test(a_changed_word_never_crashes),
        cmocka_unit_test(what_is_no_schema_is_named_so),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
