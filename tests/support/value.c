#include "support/value.h"

#include <string.h>

#include "core/type.h"

static bool text_equal(const struct sarn_str *a, const struct sarn_str *b)
{
    return (a->data == NULL) == (b->data == NULL) && sarn_str_equal(*a, *b);
}

static bool one_equal(const struct sarn_field *field, const void *a, const void *b)
{
    if (field->kind == SARN_KIND_STRING || field->kind == SARN_KIND_BYTES) {
        return text_equal(a, b);
    }
    if (field->type != NULL) {
        return value_equal(field->type, a, b);
    }
    return memcmp(a, b, sarn__kind_size(field->kind)) == 0;
}

static bool vector_equal(const struct sarn_field *field,
                         const struct sarn_vector *a,
                         const struct sarn_vector *b)
{
    size_t each = sarn__element_size(field);

    if (a->size != b->size) {
        return false;
    }
    for (uint32_t i = 0; i < a->size; i++) {
        if (!one_equal(field, (const char *)a->data + each * i,
                       (const char *)b->data + each * i)) {
            return false;
        }
    }
    return true;
}

static bool field_equal(const struct sarn_field *field, const char *a, const char *b)
{
    if (field->flags & SARN_FIELD_VECTOR) {
        return vector_equal(field, (const void *)a, (const void *)b);
    }
    if (field->kind == SARN_KIND_TABLE) {
        const void *left = *(const void *const *)(const void *)a;
        const void *right = *(const void *const *)(const void *)b;

        return left == NULL || right == NULL ? left == right
                                             : value_equal(field->type, left, right);
    }
    return one_equal(field, a, b);
}

bool value_equal(const struct sarn_type *type, const void *a, const void *b)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];

        if (!field_equal(field, (const char *)a + field->offset,
                         (const char *)b + field->offset)) {
            return false;
        }
    }
    return true;
}
