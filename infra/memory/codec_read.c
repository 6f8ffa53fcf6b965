#include "infra/memory/codec.h"

#include <string.h>

#include "core/fail.h"
#include "core/type.h"
#include "core/utf8.h"

struct reader {
    struct sarn_arena *arena; /* NULL: only checking. */
    struct sarn_error *error;
    uint64_t decoded_bytes;
};

static sarn_status read_table(struct reader *r,
                              const struct sarn_type *type,
                              struct sarn_str bytes,
                              char *to,
                              uint32_t depth);

static sarn_status
corrupt(const struct reader *r, const struct sarn_type *type, const char *what)
{
    return sarn__fail(r->error, SARN_ERR_CORRUPT, "A payload is not a %s: %s.",
                      type->name, what);
}

/* Cut size bytes off the front. */
static bool take(struct sarn_str *bytes, uint32_t size, struct sarn_str *taken)
{
    if (bytes->size < size) {
        return false;
    }
    *taken = (struct sarn_str){bytes->data, size};
    bytes->data += size;
    bytes->size -= size;
    return true;
}

static bool take_u32(struct sarn_str *bytes, uint32_t *number)
{
    struct sarn_str taken;

    if (!take(bytes, sizeof(*number), &taken)) {
        return false;
    }
    memcpy(number, taken.data, sizeof(*number));
    return true;
}

static bool take_sized(struct sarn_str *bytes, struct sarn_str *taken)
{
    uint32_t size;

    return take_u32(bytes, &size) && take(bytes, size, taken);
}

/* Memory to decode into; NULL and SARN_OK when only checking. */
static sarn_status
room(struct reader *r, const struct sarn_type *type, uint64_t size, char **to)
{
    r->decoded_bytes += size;
    if (r->decoded_bytes > SARN__DECODED_BYTES_MAX) {
        return corrupt(r, type, "it is too large decoded");
    }
    *to = NULL;
    if (r->arena != NULL) {
        *to = sarn_arena_alloc(r->arena, size);
        if (*to == NULL) {
            return sarn__fail(r->error, SARN_ERR_NOMEM, "Out of memory decoding %s.",
                              type->name);
        }
    }
    return SARN_OK;
}

static bool read_scalar(const struct sarn_field *field, struct sarn_str bytes, char *to)
{
    if (bytes.size != sarn__kind_size(field->kind) ||
        (field->kind == SARN_KIND_BOOL && (unsigned char)bytes.data[0] > 1)) {
        return false;
    }
    if (to != NULL) {
        memcpy(to, bytes.data, bytes.size);
    }
    return true;
}

/* Reads its fields off the front of bytes. */
static bool read_struct(const struct sarn_type *type, struct sarn_str *bytes, char *to)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];
        char *at = to != NULL ? to + field->offset : NULL;
        struct sarn_str taken;

        if (field->kind == SARN_KIND_STRUCT) {
            if (!read_struct(field->type, bytes, at)) {
                return false;
            }
        } else if (!take(bytes, sarn__kind_size(field->kind), &taken) ||
                   !read_scalar(field, taken, at)) {
            return false;
        }
    }
    return true;
}

static sarn_status read_value(struct reader *r,
                              const struct sarn_type *type,
                              const struct sarn_field *field,
                              struct sarn_str bytes,
                              char *to,
                              uint32_t depth)
{
    switch (field->kind) {
    case SARN_KIND_TABLE:
        return read_table(r, field->type, bytes, to, depth + 1);
    case SARN_KIND_STRUCT:
        if (!read_struct(field->type, &bytes, to) || bytes.size > 0) {
            return corrupt(r, type, "a struct in it is not one");
        }
        return SARN_OK;
    case SARN_KIND_STRING:
        if (!sarn__utf8_valid(bytes)) {
            return corrupt(r, type, "text in it is not UTF-8");
        }
        /* fallthrough */
    case SARN_KIND_BYTES:
        if (to != NULL) {
            *(struct sarn_str *)(void *)to = bytes;
        }
        return SARN_OK;
    default:
        return read_scalar(field, bytes, to)
                   ? SARN_OK
                   : corrupt(r, type, "a number in it is not one");
    }
}

static sarn_status read_vector(struct reader *r,
                               const struct sarn_type *type,
                               const struct sarn_field *field,
                               struct sarn_str bytes,
                               struct sarn_vector *to,
                               uint32_t depth)
{
    uint32_t count, each = sarn__element_size(field);
    char *data;

    if (!take_u32(&bytes, &count) || count > bytes.size / sizeof(uint32_t)) {
        return corrupt(r, type, "a vector in it lies outside");
    }
    SARN__TRY(room(r, type, (uint64_t)each * count, &data));
    for (uint32_t i = 0; i < count; i++) {
        char *at = data != NULL ? data + (size_t)each * i : NULL;
        struct sarn_str element;

        if (!take_sized(&bytes, &element)) {
            return corrupt(r, type, "a vector in it lies outside");
        }
        SARN__TRY(read_value(r, type, field, element, at, depth));
    }
    if (bytes.size > 0) {
        return corrupt(r, type, "a vector in it is too long");
    }
    if (to != NULL && count > 0) {
        *to = (struct sarn_vector){data, count};
    }
    return SARN_OK;
}

static sarn_status read_field(struct reader *r,
                              const struct sarn_type *type,
                              const struct sarn_field *field,
                              struct sarn_str bytes,
                              char *to,
                              uint32_t depth)
{
    char *inner;

    if (field->flags & SARN_FIELD_VECTOR) {
        return read_vector(r, type, field, bytes, (void *)to, depth);
    }
    if (field->kind != SARN_KIND_TABLE) {
        return read_value(r, type, field, bytes, to, depth);
    }
    SARN__TRY(room(r, type, field->type->size, &inner));
    if (to != NULL) {
        *(void **)(void *)to = inner;
    }
    return read_value(r, type, field, bytes, inner, depth);
}

/* The next field of a table; ids only rise. */
static bool
take_field(struct sarn_str *bytes, int32_t last, uint16_t *id, struct sarn_str *value)
{
    struct sarn_str taken;

    if (!take(bytes, sizeof(*id), &taken)) {
        return false;
    }
    memcpy(id, taken.data, sizeof(*id));
    return *id > last && take_sized(bytes, value);
}

static const struct sarn_field *field_of(const struct sarn_type *type, uint16_t id)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].id == id) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static sarn_status read_table(struct reader *r,
                              const struct sarn_type *type,
                              struct sarn_str bytes,
                              char *to,
                              uint32_t depth)
{
    uint32_t missing = 0; /* Required fields not yet seen. */
    int32_t last = -1;

    if (depth > SARN_DEPTH_MAX) {
        return corrupt(r, type, "a table in it lies too deep");
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        missing += type->fields[i].flags & SARN_FIELD_REQUIRED ? 1 : 0;
        if (to != NULL) {
            sarn__put_default(&type->fields[i], to + type->fields[i].offset);
        }
    }
    while (bytes.size > 0) {
        const struct sarn_field *field;
        struct sarn_str value;
        uint16_t id;

        if (!take_field(&bytes, last, &id, &value)) {
            return corrupt(r, type, "a field in it lies outside");
        }
        last = id;
        field = field_of(type, id);
        if (field == NULL) {
            continue; /* A field that this type does not know. */
        }
        missing -= field->flags & SARN_FIELD_REQUIRED ? 1 : 0;
        SARN__TRY(
            read_field(r, type, field, value, to ? to + field->offset : NULL, depth));
    }
    return missing == 0 ? SARN_OK : corrupt(r, type, "a required field is absent");
}

sarn_status sarn__memory_read(const struct sarn_type *type,
                              struct sarn_str bytes,
                              void *value,
                              struct sarn_arena *arena,
                              struct sarn_error *error)
{
    struct reader r = {value != NULL ? arena : NULL, error, type->size};
    uint32_t size = bytes.size, stated;

    if (!take_u32(&bytes, &stated) || stated != size) {
        return corrupt(&r, type, "its size is not the stated one");
    }
    return read_table(&r, type, bytes, value, 0);
}
