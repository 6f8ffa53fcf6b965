#include "infra/memory/codec.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/type.h"
#include "core/utf8.h"

struct writer {
    struct sarn_arena *arena;
    struct sarn_error *error;
    const struct sarn_type *root; /* For sentences. */
    char *data;
    uint32_t size, capacity;
    uint64_t decoded_bytes;
};

static sarn_status write_table(struct writer *w,
                               const struct sarn_type *type,
                               const char *value,
                               uint32_t depth);

/* Add size bytes; their place, to be filled, is valid until the next call. */
static sarn_status reserve(struct writer *w, uint64_t size, char **at)
{
    if (w->size + size > SARN_PAYLOAD_BYTES_MAX ||
        w->decoded_bytes > SARN__DECODED_BYTES_MAX) {
        return sarn__fail(
            w->error, SARN_ERR_TOO_LARGE,
            "A %s has over %u bytes; that is the most a payload may have.",
            w->root->name, SARN_PAYLOAD_BYTES_MAX);
    }
    if (w->size + size > w->capacity) {
        uint32_t capacity = (w->size + (uint32_t)size) * 2;
        char *data = sarn_arena_alloc(w->arena, capacity);

        if (data == NULL) {
            return sarn__fail(w->error, SARN_ERR_NOMEM, "Out of memory for a payload.");
        }
        if (w->size > 0) {
            memcpy(data, w->data, w->size);
        }
        w->data = data;
        w->capacity = capacity;
    }
    *at = w->data + w->size;
    w->size += (uint32_t)size;
    return SARN_OK;
}

static sarn_status write_bytes(struct writer *w, const void *bytes, uint32_t size)
{
    char *at;

    SARN__TRY(reserve(w, size, &at));
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return SARN_OK;
}

static sarn_status
write_struct(struct writer *w, const struct sarn_type *type, const char *value)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];
        const char *at = value + field->offset;

        if (field->kind == SARN_KIND_STRUCT) {
            SARN__TRY(write_struct(w, field->type, at));
        } else {
            SARN__TRY(write_bytes(w, at, sarn__kind_size(field->kind)));
        }
    }
    return SARN_OK;
}

/* One value: a field's, or an element's. table is what a table field points to. */
static sarn_status write_value(struct writer *w,
                               const struct sarn_type *type,
                               const struct sarn_field *field,
                               const char *at,
                               uint32_t depth)
{
    if (field->kind == SARN_KIND_TABLE) {
        return write_table(w, field->type, at, depth + 1);
    }
    if (field->kind == SARN_KIND_STRUCT) {
        return write_struct(w, field->type, at);
    }
    if (field->kind == SARN_KIND_STRING || field->kind == SARN_KIND_BYTES) {
        const struct sarn_str *text = (const void *)at;

        assert(text->data != NULL || text->size == 0);
        if (field->kind == SARN_KIND_STRING && !sarn__utf8_valid(*text)) {
            return sarn__fail(w->error, SARN_ERR_SCHEMA, "%s.%s is not UTF-8.",
                              type->name, field->name);
        }
        return write_bytes(w, text->data, text->size);
    }
    return write_bytes(w, at, sarn__kind_size(field->kind));
}

/* The size of a value stands before it and is known after it. */
static sarn_status write_sized(struct writer *w,
                               const struct sarn_type *type,
                               const struct sarn_field *field,
                               const char *at,
                               uint32_t depth)
{
    uint32_t start, size;
    char *place;

    SARN__TRY(reserve(w, sizeof(size), &place));
    start = w->size;
    SARN__TRY(write_value(w, type, field, at, depth));
    size = w->size - start;
    memcpy(w->data + start - sizeof(size), &size, sizeof(size));
    return SARN_OK;
}

static sarn_status write_vector(struct writer *w,
                                const struct sarn_type *type,
                                const struct sarn_field *field,
                                const struct sarn_vector *vector,
                                uint32_t depth)
{
    uint32_t start, size;
    char *place;

    assert(vector->data != NULL || vector->size == 0);
    SARN__TRY(reserve(w, sizeof(size), &place));
    start = w->size;
    w->decoded_bytes += (uint64_t)sarn__element_size(field) * vector->size;
    SARN__TRY(write_bytes(w, &vector->size, sizeof(vector->size)));
    for (uint32_t i = 0; i < vector->size; i++) {
        const char *element =
            (const char *)vector->data + (size_t)sarn__element_size(field) * i;

        SARN__TRY(write_sized(w, type, field, element, depth));
    }
    size = w->size - start;
    memcpy(w->data + start - sizeof(size), &size, sizeof(size));
    return SARN_OK;
}

static bool is_absent(const struct sarn_field *field, const char *at)
{
    if (field->flags & SARN_FIELD_VECTOR) {
        return ((const struct sarn_vector *)(const void *)at)->size == 0 &&
               !(field->flags & SARN_FIELD_REQUIRED);
    }
    if (field->kind == SARN_KIND_STRING || field->kind == SARN_KIND_BYTES) {
        return ((const struct sarn_str *)(const void *)at)->data == NULL;
    }
    return field->kind == SARN_KIND_TABLE &&
           *(const void *const *)(const void *)at == NULL;
}

static sarn_status write_field(struct writer *w,
                               const struct sarn_type *type,
                               const struct sarn_field *field,
                               const char *at,
                               uint32_t depth)
{
    if (is_absent(field, at)) {
        return field->flags & SARN_FIELD_REQUIRED
                   ? sarn__fail(w->error, SARN_ERR_SCHEMA,
                                "%s.%s is required and absent.", type->name,
                                field->name)
                   : SARN_OK;
    }
    SARN__TRY(write_bytes(w, &field->id, sizeof(field->id)));
    if (field->flags & SARN_FIELD_VECTOR) {
        return write_vector(w, type, field, (const void *)at, depth);
    }
    if (field->kind == SARN_KIND_TABLE) {
        at = *(const char *const *)(const void *)at;
    }
    return write_sized(w, type, field, at, depth);
}

static sarn_status write_table(struct writer *w,
                               const struct sarn_type *type,
                               const char *value,
                               uint32_t depth)
{
    if (depth > SARN_DEPTH_MAX) {
        return sarn__fail(w->error, SARN_ERR_TOO_LARGE, "A %s is nested over %u deep.",
                          type->name, SARN_DEPTH_MAX);
    }
    w->decoded_bytes += type->size;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];

        SARN__TRY(write_field(w, type, field, value + field->offset, depth));
    }
    return SARN_OK;
}

/* --- the port --- */

static sarn_status encode(void *self,
                          const struct sarn_type *type,
                          const void *value,
                          struct sarn_arena *arena,
                          struct sarn_str *bytes,
                          struct sarn_error *error)
{
    struct writer w = {.arena = arena, .error = error, .root = type};
    char *start;

    (void)self;
    if (type == &sarn_bytes_type) {
        const struct sarn_str *payload = value;

        /* One byte more, so that no bytes have a place too. */
        SARN__TRY(reserve(&w, 1, &start));
        w.size = 0;
        SARN__TRY(write_bytes(&w, payload->data, payload->size));
    } else {
        SARN__TRY(reserve(&w, sizeof(w.size), &start));
        SARN__TRY(write_table(&w, type, value, 0));
        memcpy(w.data, &w.size, sizeof(w.size));
    }
    *bytes = (struct sarn_str){w.data, w.size};
    return SARN_OK;
}

static sarn_status verify(void *self,
                          const struct sarn_type *type,
                          struct sarn_str bytes,
                          struct sarn_error *error)
{
    (void)self;
    if (bytes.size > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "A payload has %u bytes; it may have %u.", bytes.size,
                          SARN_PAYLOAD_BYTES_MAX);
    }
    if (type == &sarn_bytes_type) {
        return SARN_OK;
    }
    return sarn__memory_read(type, bytes, NULL, NULL, error);
}

static sarn_status decode(void *self,
                          const struct sarn_type *type,
                          struct sarn_str bytes,
                          void *value,
                          struct sarn_arena *arena,
                          struct sarn_error *error)
{
    sarn_status status;

    (void)self;
    if (type == &sarn_bytes_type) {
        *(struct sarn_str *)value = bytes;
        return SARN_OK;
    }
    memset(value, 0, type->size);
    status = sarn__memory_read(type, bytes, value, arena, error);
    if (status != SARN_OK) {
        memset(value, 0, type->size);
    }
    return status;
}

static sarn_status load_schema(void *self,
                               struct sarn_str name,
                               struct sarn_str bfbs,
                               struct sarn_arena *arena,
                               const struct sarn_schema **schema,
                               struct sarn_error *error)
{
    (void)self, (void)bfbs, (void)arena, (void)schema;
    return sarn__fail(error, SARN_ERR_SCHEMA,
                      "The codec in memory cannot read schema %.*s: it knows no .bfbs.",
                      (int)name.size, name.data);
}

struct sarn_codec sarn__memory_codec(void)
{
    static const struct sarn_codec_ops ops = {
        .id = SARN__CODEC_MEMORY,
        .encode = encode,
        .verify = verify,
        .decode = decode,
        .load_schema = load_schema,
    };

    return (struct sarn_codec){.ops = &ops, .self = NULL};
}
