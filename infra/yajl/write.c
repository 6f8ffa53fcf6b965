#include "infra/yajl/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <yajl/yajl_gen.h>

#include "core/fail.h"
#include "core/type.h"
#include "core/utf8.h"
#include "infra/yajl/base64.h"
#include "infra/yajl/memory.h"
#include "infra/yajl/number.h"

struct writer {
    struct yajl_memory memory;
    struct sarn_error *error;
    yajl_gen gen;
};

static sarn_status
write_object(struct writer *w, const struct sarn_type *type, const char *value);

/* What yajl answers: it knows only one fault that ours can cause. */
static sarn_status
check(struct writer *w, const struct sarn_type *type, yajl_gen_status status)
{
    if (status == yajl_gen_status_ok) {
        return SARN_OK;
    }
    assert(status == yajl_max_depth_exceeded);
    return sarn__fail(w->error, SARN_ERR_TOO_LARGE, "A %s is nested too deep for JSON.",
                      type->name);
}

static sarn_status write_text(struct writer *w, const char *text, size_t size)
{
    /* yajl would count over the pointer. */
    yajl_gen_status status = yajl_gen_string(
        w->gen, (const unsigned char *)(text != NULL ? text : ""), size);

    assert(status == yajl_gen_status_ok);
    (void)status;
    return SARN_OK;
}

static sarn_status write_number(struct writer *w, const char *text)
{
    yajl_gen_status status = yajl_gen_number(w->gen, text, strlen(text));

    assert(status == yajl_gen_status_ok);
    (void)status;
    return SARN_OK;
}

static sarn_status write_bytes(struct writer *w, const struct sarn_str *bytes)
{
    size_t size = sarn__base64_size(bytes->size);
    char *text = sarn__yajl_alloc(&w->memory, size);

    sarn__base64_write(*bytes, text);
    return write_text(w, text, size);
}

static sarn_status write_real(struct writer *w, double value, bool single)
{
    char text[SARN__NUMBER_BYTES];

    if (isnan(value)) {
        return write_text(w, "NaN", 3);
    }
    if (isinf(value)) {
        return value > 0 ? write_text(w, "Infinity", 8) : write_text(w, "-Infinity", 9);
    }
    sarn__real_text(value, single, text);
    return write_number(w, text);
}

static sarn_status
write_integer(struct writer *w, const struct sarn_field *field, const void *at)
{
    int64_t value = sarn__integer_load(field->kind, at);
    char text[SARN__NUMBER_BYTES];

    for (uint32_t i = 0; field->enumeration && i < field->enumeration->value_count;
         i++) {
        const struct sarn_enum_value *known = &field->enumeration->values[i];

        if (known->value == value) {
            return write_text(w, known->name, strlen(known->name));
        }
    }
    sarn__integer_text(field->kind, value, text);
    return write_number(w, text);
}

/* A field's value, or an element. A table's is the struct itself. */
static sarn_status write_value(struct writer *w,
                               const struct sarn_type *type,
                               const struct sarn_field *field,
                               const void *at)
{
    switch (field->kind) {
    case SARN_KIND_TABLE:
    case SARN_KIND_STRUCT:
        return write_object(w, field->type, at);
    case SARN_KIND_STRING: {
        const struct sarn_str *text = at;

        if (!sarn__utf8_valid(*text)) {
            return sarn__fail(w->error, SARN_ERR_SCHEMA, "%s.%s is not UTF-8.",
                              type->name, field->name);
        }
        return write_text(w, text->data, text->size);
    }
    case SARN_KIND_BYTES:
        return write_bytes(w, at);
    case SARN_KIND_BOOL:
        return check(w, type, yajl_gen_bool(w->gen, *(const bool *)at));
    case SARN_KIND_F32:
        return write_real(w, (double)*(const float *)at, true);
    case SARN_KIND_F64:
        return write_real(w, *(const double *)at, false);
    default:
        return write_integer(w, field, at);
    }
}

static sarn_status write_vector(struct writer *w,
                                const struct sarn_type *type,
                                const struct sarn_field *field,
                                const struct sarn_vector *vector)
{
    size_t each = sarn__element_size(field);

    SARN__TRY(check(w, type, yajl_gen_array_open(w->gen)));
    for (uint32_t i = 0; i < vector->size; i++) {
        SARN__TRY(write_value(w, type, field, (const char *)vector->data + each * i));
    }
    return check(w, type, yajl_gen_array_close(w->gen));
}

static bool is_absent(const struct sarn_field *field, const void *at)
{
    if (field->flags & SARN_FIELD_VECTOR) {
        return ((const struct sarn_vector *)at)->size == 0;
    }
    if (field->kind == SARN_KIND_STRING || field->kind == SARN_KIND_BYTES) {
        return ((const struct sarn_str *)at)->data == NULL;
    }
    return field->kind == SARN_KIND_TABLE && *(const void *const *)at == NULL;
}

static sarn_status
write_object(struct writer *w, const struct sarn_type *type, const char *value)
{
    SARN__TRY(check(w, type, yajl_gen_map_open(w->gen)));
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];
        const void *at = value + field->offset;

        if (is_absent(field, at)) {
            continue;
        }
        SARN__TRY(write_text(w, field->name, strlen(field->name)));
        if (field->flags & SARN_FIELD_VECTOR) {
            SARN__TRY(write_vector(w, type, field, at));
        } else {
            if (field->kind == SARN_KIND_TABLE) {
                at = *(const void *const *)at;
            }
            SARN__TRY(write_value(w, type, field, at));
        }
    }
    return check(w, type, yajl_gen_map_close(w->gen));
}

static sarn_status write_root(struct writer *w,
                              const struct sarn_type *type,
                              const void *value,
                              struct sarn_str *json)
{
    yajl_alloc_funcs functions = sarn__yajl_functions(&w->memory);
    const unsigned char *text;
    size_t size;

    w->gen = yajl_gen_alloc(&functions);
    assert(w->gen != NULL);
    if (type == &sarn_bytes_type) {
        SARN__TRY(write_bytes(w, value));
    } else {
        SARN__TRY(write_object(w, type, value));
    }
    if (yajl_gen_get_buf(w->gen, &text, &size) != yajl_gen_status_ok ||
        size > UINT32_MAX) {
        return sarn__fail(w->error, SARN_ERR_TOO_LARGE, "A %s is too large for JSON.",
                          type->name);
    }
    *json = (struct sarn_str){(const char *)text, (uint32_t)size};
    return SARN_OK;
}

sarn_status sarn__yajl_write(const struct sarn_type *type,
                             const void *value,
                             struct sarn_arena *arena,
                             struct sarn_str *json,
                             struct sarn_error *error)
{
    struct writer writer = {.memory.arena = arena, .error = error};

    if (setjmp(writer.memory.out) != 0) {
        return sarn__fail(error, SARN_ERR_NOMEM, "Out of memory for JSON.");
    }
    return write_root(&writer, type, value, json);
}
