#include "support/sample.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/type.h"

#define DEPTH_MAX 3u
#define ELEMENTS  2u

/* What makes fields differ. */
struct sampler {
    struct sarn_arena *arena;
    uint32_t count;
};

static void fill_struct(struct sampler *s,
                        const struct sarn_type *type,
                        char *value,
                        uint32_t depth);

static void *make(struct sampler *s, size_t size)
{
    void *memory = sarn_arena_alloc(s->arena, size);

    assert(memory != NULL);
    return memory;
}

static struct sarn_str text(struct sampler *s, const struct sarn_field *field)
{
    char *data = make(s, strlen(field->name) + 16);
    int size = snprintf(data, strlen(field->name) + 16, "%s %u", field->name, s->count);

    return (struct sarn_str){data, (uint32_t)size};
}

static void fill_scalar(struct sampler *s, const struct sarn_field *field, void *at)
{
    int64_t integer = (int64_t)(s->count % 100 + 1);
    double real = s->count + 0.5;
    float single = (float)real;
    const void *from = &integer;

    if (field->enumeration != NULL && field->enumeration->value_count > 0) {
        integer = field->enumeration->values[s->count % field->enumeration->value_count]
                      .value;
    } else if (field->kind == SARN_KIND_BOOL) {
        integer = field->default_integer == 0 ? 1 : 0;
    } else if (field->kind == SARN_KIND_F32) {
        from = &single;
    } else if (field->kind == SARN_KIND_F64) {
        from = &real;
    }
    memcpy(at, from, sarn__kind_size(field->kind));
}

/* A member, or an element of a vector. */
static void
fill_one(struct sampler *s, const struct sarn_field *field, void *at, uint32_t depth)
{
    s->count += 1;
    if (field->type != NULL) {
        fill_struct(s, field->type, at, depth + 1);
    } else if (field->kind == SARN_KIND_STRING || field->kind == SARN_KIND_BYTES) {
        *(struct sarn_str *)at = text(s, field);
    } else {
        fill_scalar(s, field, at);
    }
}

static void
fill_vector(struct sampler *s, const struct sarn_field *field, void *at, uint32_t depth)
{
    size_t each = sarn__element_size(field);
    char *data = make(s, each * ELEMENTS);

    for (uint32_t i = 0; i < ELEMENTS; i++) {
        fill_one(s, field, data + each * i, depth);
    }
    *(struct sarn_vector *)at = (struct sarn_vector){data, ELEMENTS};
}

static void fill_struct(struct sampler *s,
                        const struct sarn_type *type,
                        char *value,
                        uint32_t depth)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];
        void *at = value + field->offset;
        bool deeper = field->kind != SARN_KIND_TABLE || depth < DEPTH_MAX;

        if (!deeper) {
            continue;
        }
        if (field->flags & SARN_FIELD_VECTOR) {
            fill_vector(s, field, at, depth);
        } else if (field->kind == SARN_KIND_TABLE) {
            void *inner = make(s, field->type->size);

            fill_one(s, field, inner, depth);
            *(void **)at = inner;
        } else {
            fill_one(s, field, at, depth);
        }
    }
}

void *sample_value(const struct sarn_type *type, struct sarn_arena *arena)
{
    struct sampler sampler = {arena, 0};
    char *value = make(&sampler, type->size);

    fill_struct(&sampler, type, value, 0);
    return value;
}
