#include "infra/yajl/reader.h"

#include <math.h>
#include <string.h>

#include "core/type.h"
#include "infra/yajl/base64.h"
#include "infra/yajl/number.h"

static bool is_real(const struct sarn_field *field)
{
    return field->kind == SARN_KIND_F32 || field->kind == SARN_KIND_F64;
}

static bool is_integer(const struct sarn_field *field)
{
    return sarn__kind_size(field->kind) != 0 && field->kind != SARN_KIND_BOOL &&
           !is_real(field);
}

/* What a value of this field looks like, for a sentence about one that does not. */
static const char *wanted(const struct sarn_field *field)
{
    if (field->enumeration != NULL) {
        return "must be the name of a value, or a number";
    }
    if (is_integer(field) || is_real(field)) {
        return "must be a number";
    }
    switch (field->kind) {
    case SARN_KIND_BOOL:
        return "must be true or false";
    case SARN_KIND_STRING:
        return "must be text";
    case SARN_KIND_BYTES:
        return "must be base64 text";
    default:
        return "must be an object";
    }
}

static void store_real(const struct sarn_field *field, double value, void *at)
{
    float single = (float)value;

    if (field->kind == SARN_KIND_F32) {
        memcpy(at, &single, sizeof(single));
    } else {
        memcpy(at, &value, sizeof(value));
    }
}

static struct sarn_str keep(struct reader *r, struct sarn_str text)
{
    char *copy = sarn__yajl_alloc(&r->memory, text.size);

    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return (struct sarn_str){copy, text.size};
}

int sarn__read_bool(struct reader *r, bool value)
{
    struct place place;

    if (sarn__reader_skips(r)) {
        return 1;
    }
    if (!sarn__reader_place(r, &place)) {
        return 0;
    }
    if (place.field->kind != SARN_KIND_BOOL) {
        return sarn__reader_refuse(r, place.type, place.field, wanted(place.field));
    }
    *(bool *)place.at = value;
    return 1;
}

int sarn__read_number(struct reader *r, struct sarn_str text)
{
    struct place place;
    int64_t integer;
    double real;

    if (sarn__reader_skips(r)) {
        return 1;
    }
    if (!sarn__reader_place(r, &place)) {
        return 0;
    }
    if (is_real(place.field)) {
        if (!sarn__real_read(text, place.field->kind == SARN_KIND_F32, &real)) {
            return sarn__reader_refuse(r, place.type, place.field, "is out of range");
        }
        store_real(place.field, real, place.at);
        return 1;
    }
    if (!is_integer(place.field)) {
        return sarn__reader_refuse(r, place.type, place.field, wanted(place.field));
    }
    if (!sarn__integer_read(text, place.field->kind, &integer)) {
        return sarn__reader_refuse(r, place.type, place.field,
                                   "is not a whole number in its range");
    }
    sarn__integer_store(place.field->kind, integer, place.at);
    return 1;
}

/* Numbers that JSON has no number for. */
static bool special_real(struct sarn_str text, double *value)
{
    static const struct {
        struct sarn_str text;
        double value;
    } rows[] = {
        {SARN_STR("NaN"), NAN},
        {SARN_STR("Infinity"), INFINITY},
        {SARN_STR("-Infinity"), -INFINITY},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (sarn_str_equal(rows[i].text, text)) {
            *value = rows[i].value;
            return true;
        }
    }
    return false;
}

static int read_enum(struct reader *r, const struct place *place, struct sarn_str text)
{
    const struct sarn_enum *e = place->field->enumeration;

    for (uint32_t i = 0; i < e->value_count; i++) {
        if (sarn_str_equal(sarn_str(e->values[i].name), text)) {
            sarn__integer_store(place->field->kind, e->values[i].value, place->at);
            return 1;
        }
    }
    return sarn__reader_refuse(r, place->type, place->field,
                               "is not a value of its enum");
}

static int read_bytes(struct reader *r, const struct place *place, struct sarn_str text)
{
    char *bytes = sarn__yajl_alloc(&r->memory, (size_t)text.size / 4 * 3);
    uint32_t size;

    if (!sarn__base64_read(text, bytes, &size)) {
        return sarn__reader_refuse(r, place->type, place->field, "is not base64 text");
    }
    *(struct sarn_str *)place->at = (struct sarn_str){bytes, size};
    return 1;
}

int sarn__read_text(struct reader *r, struct sarn_str text)
{
    struct place place;
    double real;

    if (sarn__reader_skips(r)) {
        return 1;
    }
    if (!sarn__reader_place(r, &place)) {
        return 0;
    }
    if (place.field->kind == SARN_KIND_STRING) {
        *(struct sarn_str *)place.at = keep(r, text);
        return 1;
    }
    if (place.field->kind == SARN_KIND_BYTES) {
        return read_bytes(r, &place, text);
    }
    if (place.field->enumeration != NULL) {
        return read_enum(r, &place, text);
    }
    if (is_real(place.field) && special_real(text, &real)) {
        store_real(place.field, real, place.at);
        return 1;
    }
    return sarn__reader_refuse(r, place.type, place.field, wanted(place.field));
}
