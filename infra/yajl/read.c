#include "infra/yajl/json.h"

#include <assert.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "core/fail.h"
#include "core/type.h"
#include "core/utf8.h"
#include "infra/yajl/reader.h"

static int stop(struct reader *r, sarn_status status)
{
    r->status = status;
    return 0;
}

int sarn__reader_refuse(struct reader *r,
                        const struct sarn_type *type,
                        const struct sarn_field *field,
                        const char *what)
{
    return stop(r, sarn__fail(r->error, SARN_ERR_SCHEMA, "%s.%s %s.", type->name,
                              field->name, what));
}

static struct frame *top(struct reader *r)
{
    return r->depth > 0 ? &r->frames[r->depth - 1] : NULL;
}

static bool is_list(const struct frame *frame)
{
    return frame->seen == NULL;
}

static int push(struct reader *r, struct frame frame)
{
    if (r->depth == SARN__JSON_DEPTH_MAX) {
        return stop(r, sarn__fail(r->error, SARN_ERR_SCHEMA,
                                  "The JSON of a %s is nested over %u deep.",
                                  r->root->name, SARN__JSON_DEPTH_MAX));
    }
    r->frames[r->depth++] = frame;
    return 1;
}

/* --- what is skipped --- */

bool sarn__reader_skips(struct reader *r)
{
    bool skips = r->skipping;

    r->skipping = r->skipped > 0; /* Outside of all, this value was the member. */
    return skips;
}

static int skip_open(struct reader *r)
{
    if (r->skipped == SARN__JSON_DEPTH_MAX) {
        return stop(r, sarn__fail(r->error, SARN_ERR_SCHEMA,
                                  "The JSON of a %s is nested over %u deep.",
                                  r->root->name, SARN__JSON_DEPTH_MAX));
    }
    r->skipped += 1;
    return 1;
}

static int skip_close(struct reader *r)
{
    r->skipped -= 1;
    r->skipping = r->skipped > 0;
    return 1;
}

/* --- lists that grow --- */

/* One more element of a list, all zero. */
static void *add_element(struct reader *r, struct frame *list)
{
    size_t each = sarn__element_size(list->field);

    if (list->size == list->capacity) {
        uint32_t capacity = list->capacity * 2 + 4;
        char *grown = sarn__yajl_alloc(&r->memory, each * capacity);

        if (list->size > 0) {
            memcpy(grown, list->value, each * list->size);
        }
        list->value = grown;
        list->capacity = capacity;
    }
    list->size += 1;
    return list->value + each * (list->size - 1);
}

/* --- single values --- */

int sarn__reader_place(struct reader *r, struct place *place)
{
    struct frame *frame = top(r);

    if (frame == NULL) {
        if (r->root != &sarn_bytes_type) {
            return stop(r, sarn__fail(r->error, SARN_ERR_SCHEMA,
                                      "The JSON of a %s must be an object.",
                                      r->root->name));
        }
        *place = (struct place){r->root, &r->root->fields[0], r->value};
        return 1;
    }
    *place = (struct place){.type = frame->type, .field = frame->field};
    if (is_list(frame)) {
        place->at = add_element(r, frame);
        return 1;
    }
    if (frame->field->flags & SARN_FIELD_VECTOR) {
        return sarn__reader_refuse(r, frame->type, frame->field, "must be a list");
    }
    place->at = frame->value + frame->field->offset;
    frame->field = NULL;
    return 1;
}

/* As if the member were not there. */
static int on_null(void *ctx)
{
    struct reader *r = ctx;
    struct frame *frame = top(r);
    struct place place;

    if (sarn__reader_skips(r)) {
        return 1;
    }
    if (frame != NULL && !is_list(frame)) {
        frame->seen[frame->field - frame->type->fields] = SEEN_NULL;
        frame->field = NULL;
        return 1;
    }
    return sarn__reader_place(r, &place)
               ? sarn__reader_refuse(r, place.type, place.field, "must not be null")
               : 0;
}

static int on_bool(void *ctx, int value)
{
    return sarn__read_bool(ctx, value != 0);
}

static int on_number(void *ctx, const char *text, size_t size)
{
    return sarn__read_number(ctx, (struct sarn_str){text, (uint32_t)size});
}

static int on_string(void *ctx, const unsigned char *text, size_t size)
{
    return sarn__read_text(ctx, (struct sarn_str){(const char *)text, (uint32_t)size});
}

/* --- objects --- */

static int open_object(struct reader *r, const struct sarn_type *type, char *value)
{
    /* Only tables have defaults; in a struct they are zero. */
    for (uint32_t i = 0; i < type->field_count; i++) {
        sarn__put_default(&type->fields[i], value + type->fields[i].offset);
    }
    return push(r, (struct frame){
                       .type = type,
                       .value = value,
                       .seen = sarn__yajl_alloc(&r->memory, type->field_count),
                   });
}

static int on_start_map(void *ctx)
{
    struct reader *r = ctx;
    struct place place;
    void *inner;

    if (r->skipping) {
        return skip_open(r);
    }
    if (r->depth == 0 && r->root != &sarn_bytes_type) {
        return open_object(r, r->root, r->value);
    }
    if (!sarn__reader_place(r, &place)) {
        return 0;
    }
    if (place.field->type == NULL) {
        return sarn__reader_refuse(r, place.type, place.field, "must not be an object");
    }
    inner = place.at;
    if (place.field->kind == SARN_KIND_TABLE && !is_list(top(r))) {
        inner = sarn__yajl_alloc(&r->memory, place.field->type->size);
        *(void **)place.at = inner;
    }
    return open_object(r, place.field->type, inner);
}

static int on_map_key(void *ctx, const unsigned char *text, size_t size)
{
    struct reader *r = ctx;
    struct frame *frame = top(r);
    struct sarn_str key = {(const char *)text, (uint32_t)size};

    if (r->skipping) {
        return 1;
    }
    for (uint32_t i = 0; i < frame->type->field_count; i++) {
        const struct sarn_field *field = &frame->type->fields[i];

        if (!sarn_str_equal(sarn_str(field->name), key)) {
            continue;
        }
        if (frame->seen[i] != SEEN_NOT) {
            return sarn__reader_refuse(r, frame->type, field, "is there twice");
        }
        frame->seen[i] = SEEN_VALUE;
        frame->field = field;
        return 1;
    }
    if (r->picking) {
        r->skipping = true;
        return 1;
    }
    return stop(r, sarn__fail(r->error, SARN_ERR_SCHEMA, "%s has no member %.*s.",
                              frame->type->name, size < 64 ? (int)size : 64,
                              (const char *)text));
}

static int on_end_map(void *ctx)
{
    struct reader *r = ctx;
    struct frame *frame = top(r);

    if (r->skipped > 0) {
        return skip_close(r);
    }
    for (uint32_t i = 0; i < frame->type->field_count; i++) {
        const struct sarn_field *field = &frame->type->fields[i];
        bool needed = (field->flags & SARN_FIELD_REQUIRED) != 0 &&
                      (field->flags & SARN_FIELD_VECTOR) == 0;

        if (needed && frame->seen[i] != SEEN_VALUE) {
            return sarn__reader_refuse(r, frame->type, field, "is required and absent");
        }
    }
    r->depth -= 1;
    return 1;
}

/* --- lists --- */

static int on_start_array(void *ctx)
{
    struct reader *r = ctx;
    struct frame *frame = top(r);
    struct place place;

    if (r->skipping) {
        return skip_open(r);
    }
    if (frame != NULL && !is_list(frame) && (frame->field->flags & SARN_FIELD_VECTOR)) {
        return push(r, (struct frame){.type = frame->type, .field = frame->field});
    }
    return sarn__reader_place(r, &place)
               ? sarn__reader_refuse(r, place.type, place.field, "must not be a list")
               : 0;
}

static int on_end_array(void *ctx)
{
    struct reader *r = ctx;
    struct frame *list = top(r), *owner = list - 1;
    struct sarn_vector *vector;

    if (r->skipped > 0) {
        return skip_close(r);
    }
    vector = (struct sarn_vector *)(void *)(owner->value + list->field->offset);
    *vector = (struct sarn_vector){list->value, list->size};
    owner->field = NULL;
    r->depth -= 1;
    return 1;
}

/* --- the text --- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The number of an escape \uXXXX; -1: there is none at i. */
static int32_t unicode_escape(struct sarn_str text, uint32_t i)
{
    int32_t number = 0;

    if (text.size - i < 6 || text.data[i] != '\\' || text.data[i + 1] != 'u') {
        return -1;
    }
    for (uint32_t j = i + 2; j < i + 6; j++) {
        int digit = hex_digit(text.data[j]);

        if (digit < 0) {
            return -1;
        }
        number = number * 16 + digit;
    }
    return number;
}

/* Are surrogates in escapes pairs? yajl makes a '?' of half of one, which would change
 * the text in silence. */
static bool has_whole_pairs(struct sarn_str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        int32_t number;

        if (text.data[i] != '\\') {
            continue;
        }
        number = unicode_escape(text, i);
        if (number >= 0xD800 && number <= 0xDBFF) {
            number = unicode_escape(text, i + 6 <= text.size ? i + 6 : i);
            if (number < 0xDC00 || number > 0xDFFF) {
                return false;
            }
            i += 11;
        } else if (number >= 0xDC00 && number <= 0xDFFF) {
            return false;
        } else {
            i += 1; /* The character escaped. */
        }
    }
    return true;
}

static sarn_status malformed(struct reader *r, yajl_handle parser)
{
    size_t at = yajl_get_bytes_consumed(parser);
    const char *why = (const char *)yajl_get_error(parser, 0, NULL, 0);

    return sarn__fail(r->error, SARN_ERR_SCHEMA,
                      "The JSON of a %s is malformed before byte %zu: %.*s.",
                      r->root->name, at, (int)strcspn(why, "\n"), why);
}

static sarn_status parse(struct reader *r, struct sarn_str json)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_start_map,
        .yajl_map_key = on_map_key,
        .yajl_end_map = on_end_map,
        .yajl_start_array = on_start_array,
        .yajl_end_array = on_end_array,
    };
    yajl_alloc_funcs functions = sarn__yajl_functions(&r->memory);
    yajl_handle parser = yajl_alloc(&callbacks, &functions, r);
    const unsigned char *text =
        (const unsigned char *)(json.data != NULL ? json.data : "");
    yajl_status status;

    yajl_config(parser, yajl_dont_validate_strings, 1); /* Done, and more strictly. */
    status = yajl_parse(parser, text, json.size);
    if (status == yajl_status_ok) {
        status = yajl_complete_parse(parser);
    }
    if (r->status != SARN_OK) {
        return r->status;
    }
    return status == yajl_status_ok ? SARN_OK : malformed(r, parser);
}

static sarn_status read_or_pick(const struct sarn_type *type,
                                struct sarn_str json,
                                bool picking,
                                void *value,
                                struct sarn_arena *arena,
                                struct sarn_error *error)
{
    struct reader *r = sarn_arena_alloc(arena, sizeof(*r));

    if (!sarn__utf8_valid(json) || !has_whole_pairs(json)) {
        return sarn__fail(error, SARN_ERR_SCHEMA, "The JSON of a %s is not UTF-8.",
                          type->name);
    }
    if (r != NULL) {
        r->value = sarn_arena_alloc(arena, type->size);
    }
    if (r == NULL || r->value == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "Out of memory for JSON.");
    }
    if (setjmp(r->memory.out) != 0) {
        return sarn__fail(error, SARN_ERR_NOMEM, "Out of memory for JSON.");
    }
    r->memory.arena = arena;
    r->error = error;
    r->root = type;
    r->picking = picking;
    SARN__TRY(parse(r, json));
    memcpy(value, r->value, type->size);
    return SARN_OK;
}

sarn_status sarn__yajl_read(const struct sarn_type *type,
                            struct sarn_str json,
                            void *value,
                            struct sarn_arena *arena,
                            struct sarn_error *error)
{
    return read_or_pick(type, json, false, value, arena, error);
}

sarn_status sarn__yajl_pick(const struct sarn_type *type,
                            struct sarn_str json,
                            void *value,
                            struct sarn_arena *arena,
                            struct sarn_error *error)
{
    assert(type != &sarn_bytes_type);
    return read_or_pick(type, json, true, value, arena, error);
}
