#include "core/type.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"

static const struct sarn_field bytes_fields[] = {
    {.name = "bytes", .kind = SARN_KIND_BYTES},
};

const struct sarn_type sarn_bytes_type = {
    .name = "bytes",
    .size = sizeof(struct sarn_str),
    .align = _Alignof(struct sarn_str),
    .field_count = 1,
    .fields = bytes_fields,
};

uint32_t sarn__kind_size(uint8_t kind)
{
    static const uint8_t sizes[] = {
        [SARN_KIND_BOOL] = 1, [SARN_KIND_I8] = 1,  [SARN_KIND_U8] = 1,
        [SARN_KIND_I16] = 2,  [SARN_KIND_U16] = 2, [SARN_KIND_I32] = 4,
        [SARN_KIND_U32] = 4,  [SARN_KIND_I64] = 8, [SARN_KIND_U64] = 8,
        [SARN_KIND_F32] = 4,  [SARN_KIND_F64] = 8,
    };

    return kind < sizeof(sizes) ? sizes[kind] : 0;
}

uint32_t sarn__element_size(const struct sarn_field *field)
{
    if (field->type != NULL) {
        return field->type->size;
    }
    return field->kind == SARN_KIND_STRING ? (uint32_t)sizeof(struct sarn_str)
                                           : sarn__kind_size(field->kind);
}

void sarn__put_default(const struct sarn_field *field, void *to)
{
    if (field->kind >= SARN_KIND_STRING || (field->flags & SARN_FIELD_VECTOR)) {
        return;
    }
    if (field->kind == SARN_KIND_F32) {
        float value = (float)field->default_real;

        memcpy(to, &value, sizeof(value));
        return;
    }
    switch (sarn__kind_size(field->kind)) {
    case 1:
        *(int8_t *)to = (int8_t)field->default_integer;
        break;
    case 2:
        *(int16_t *)to = (int16_t)field->default_integer;
        break;
    case 4:
        *(int32_t *)to = (int32_t)field->default_integer;
        break;
    default:
        if (field->kind == SARN_KIND_F64) {
            memcpy(to, &field->default_real, sizeof(field->default_real));
        } else {
            memcpy(to, &field->default_integer, sizeof(field->default_integer));
        }
        break;
    }
}

const struct sarn_type *sarn_schema_type(const struct sarn_schema *schema,
                                         struct sarn_str name)
{
    for (uint32_t i = 0; i < schema->type_count; i++) {
        if (sarn_str_equal(sarn_str(schema->types[i]->name), name)) {
            return schema->types[i];
        }
    }
    return NULL;
}

/* --- copying: a struct is copied flat, then what its fields point to is replaced ---
 */

static sarn_status copy_out(const struct sarn_type *type,
                            void *value,
                            struct sarn_arena *arena,
                            uint32_t depth);

static sarn_status copy_str(struct sarn_str *text, struct sarn_arena *arena)
{
    assert(text->data != NULL || text->size == 0);
    return text->data == NULL ? SARN_OK : sarn_arena_copy(arena, *text, text);
}

static sarn_status copy_vector(const struct sarn_field *field,
                               struct sarn_vector *vector,
                               struct sarn_arena *arena,
                               uint32_t depth)
{
    size_t each = sarn__element_size(field);
    char *data;

    if (vector->size == 0) {
        *vector = (struct sarn_vector){NULL, 0};
        return SARN_OK;
    }
    assert(vector->data != NULL);
    data = sarn_arena_alloc(arena, each * vector->size);
    if (data == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(data, vector->data, each * vector->size);
    for (uint32_t i = 0; i < vector->size; i++) {
        if (field->kind == SARN_KIND_STRING) {
            SARN__TRY(copy_str((struct sarn_str *)(void *)data + i, arena));
        } else if (field->kind == SARN_KIND_TABLE) {
            SARN__TRY(copy_out(field->type, data + i * each, arena, depth + 1));
        }
    }
    vector->data = data;
    return SARN_OK;
}

static sarn_status copy_table(const struct sarn_type *type,
                              const void **table,
                              struct sarn_arena *arena,
                              uint32_t depth)
{
    void *copy;

    if (*table == NULL) {
        return SARN_OK;
    }
    copy = sarn_arena_alloc(arena, type->size);
    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(copy, *table, type->size);
    SARN__TRY(copy_out(type, copy, arena, depth + 1));
    *table = copy;
    return SARN_OK;
}

static sarn_status copy_out(const struct sarn_type *type,
                            void *value,
                            struct sarn_arena *arena,
                            uint32_t depth)
{
    if (depth > SARN_DEPTH_MAX) {
        return SARN_ERR_TOO_LARGE;
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];
        void *at = (char *)value + field->offset;

        if (field->flags & SARN_FIELD_VECTOR) {
            SARN__TRY(copy_vector(field, at, arena, depth));
        } else if (field->kind == SARN_KIND_STRING || field->kind == SARN_KIND_BYTES) {
            SARN__TRY(copy_str(at, arena));
        } else if (field->kind == SARN_KIND_TABLE) {
            SARN__TRY(copy_table(field->type, at, arena, depth));
        }
    }
    return SARN_OK;
}

sarn_status sarn_type_copy(const struct sarn_type *type,
                           const void *from,
                           void *to,
                           struct sarn_arena *arena)
{
    void *copy = sarn_arena_alloc(arena, type->size);

    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(copy, from, type->size);
    SARN__TRY(copy_out(type, copy, arena, 0));
    memcpy(to, copy, type->size);
    return SARN_OK;
}
