#include "support/given.h"

#include <stdlib.h>
#include <string.h>

#include "engine/decision.h"
#include "support/value.h"

/* --- text --- */

static void append(struct given *given, const char *format, ...)
{
    size_t used = strlen(given->text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(given->text + used, sizeof(given->text) - used, format, arguments);
    va_end(arguments);
    assert_true(strlen(given->text) + 1 < sizeof(given->text));
}

static int64_t integer_of(const struct sarn_field *field, const char *at)
{
    switch (field->kind) {
    case SARN_KIND_BOOL:
        return *(const bool *)at;
    case SARN_KIND_U8:
        return *(const uint8_t *)at;
    case SARN_KIND_U16:
        return *(const uint16_t *)at;
    case SARN_KIND_U32:
        return *(const uint32_t *)at;
    case SARN_KIND_I64:
        return *(const int64_t *)at;
    default:
        fail_msg("given.c cannot describe kind %u of %s", field->kind, field->name);
        return 0;
    }
}

static const char *name_of(const struct sarn_enum *names, int64_t value)
{
    for (uint32_t i = 0; names != NULL && i < names->value_count; i++) {
        if (names->values[i].value == value) {
            return names->values[i].name;
        }
    }
    return NULL;
}

/* Append " name=value" for each field that is not zero. */
static void describe(struct given *given,
                     const char *prefix,
                     const struct sarn_type *type,
                     const void *data)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct sarn_field *field = &type->fields[i];
        const char *at = (const char *)data + field->offset;
        const struct sarn_str *text = (const void *)at;
        char path[96];
        int64_t value;

        snprintf(path, sizeof(path), "%s%s", prefix, field->name);
        if ((field->flags & SARN_FIELD_VECTOR) != 0) {
            const struct sarn_vector *vector = (const void *)at;

            for (uint32_t j = 0; j < vector->size; j++) {
                snprintf(path, sizeof(path), "%s%s[%u].", prefix, field->name, j);
                describe(given, path, field->type,
                         (const char *)vector->data + j * field->type->size);
            }
        } else if (field->kind == SARN_KIND_STRING) {
            if (text->size > 0) {
                append(given, " %s=%.*s", path, (int)text->size, text->data);
            }
        } else if (field->kind == SARN_KIND_STRUCT) {
            snprintf(path, sizeof(path), "%s%s.", prefix, field->name);
            describe(given, path, field->type, at);
        } else if ((value = integer_of(field, at)) != 0) {
            const char *name = name_of(field->enumeration, value);

            append(given, name != NULL ? " %s=%s" : " %s=", path, name);
            if (name == NULL) {
                append(given, "%" PRId64, value);
            }
        }
    }
}

/* --- a codec that keeps the struct as it is: the strings are the test's --- */

static sarn_status encode(void *self,
                          const struct sarn_type *type,
                          const void *value,
                          struct sarn_arena *arena,
                          struct sarn_str *bytes,
                          struct sarn_error *error)
{
    void *copy = sarn_arena_alloc(arena, type->size);

    (void)self;
    (void)error;
    assert_non_null(copy);
    memcpy(copy, value, type->size);
    *bytes = (struct sarn_str){copy, type->size};
    return SARN_OK;
}

static const struct sarn_codec_ops codec_ops = {.encode = encode};

/* --- given, when --- */

void given_init(struct given *given,
                const struct sarn_aggregate *aggregate,
                const char *stream)
{
    *given = (struct given){
        .aggregate = aggregate, .stream = sarn_str(stream), .now_us = 1000000};
    given->arena = sarn_arena_create(NULL);
    assert_non_null(given->arena);
    given->state = sarn_arena_alloc(given->arena, aggregate->state->size);
    assert_non_null(given->state);
}

void given_done(struct given *given)
{
    sarn_arena_destroy(given->arena);
}

sarn_status
given_apply(struct given *given, const struct sarn_type *type, const void *event)
{
    size_t size = given->aggregate->state->size;
    struct sarn_event seen = {.position = given->version + 1,
                              .version = given->version,
                              .stream = given->stream,
                              .type_name = sarn_str(type->name),
                              .type = type,
                              .data = event,
                              .time_us = given->now_us};
    void *before = malloc(size);
    sarn_status status;

    assert_non_null(before);
    memcpy(before, given->state, size);
    status = given->aggregate->apply(given->state, &seen, given->arena);
    if (status == SARN_OK) {
        given->version += 1;
    } else {
        assert_true(value_equal(given->aggregate->state, before, given->state));
    }
    free(before);
    if (status == SARN_OK && given->event_count < GIVEN_EVENTS_MAX) {
        given->events[given->event_count++] = seen;
    }
    return status;
}

const char *when(struct given *given, const struct sarn_type *type, const void *command)
{
    const struct sarn_codec codec = {&codec_ops, NULL};
    const struct sarn_command_view view = {.stream = given->stream,
                                           .type = type,
                                           .data = command,
                                           .now_us = given->now_us,
                                           .next_version = given->version,
                                           .base_version = SARN_ANY};
    struct sarn_decision decision;
    struct sarn_error error = {0};
    sarn_status status;

    sarn__decision_init(&decision, &codec, given->arena, given->aggregate);
    status = sarn__decision_make(&decision, given->state, &view, &error);
    given->event_count = 0;
    given->text[0] = '\0';
    if (status != SARN_OK) {
        assert_int_equal(decision.count, 0);
        append(given, "%s: %s", status == SARN_ERR_REJECTED ? "rejected" : "failed",
               error.text);
        return given->text;
    }
    if (decision.count == 0) {
        return "nothing";
    }
    for (const struct sarn__emitted *e = decision.first; e != NULL; e = e->next) {
        const char *dot = strchr(e->type->name, '.');

        append(given, "%s%s", e == decision.first ? "" : ", ",
               dot != NULL ? dot + 1 : e->type->name);
        describe(given, "", e->type, e->payload.data);
        assert_int_equal(given_apply(given, e->type, e->payload.data), SARN_OK);
    }
    return given->text;
}

const char *given_state(struct given *given)
{
    given->text[0] = '\0';
    describe(given, "", given->aggregate->state, given->state);
    return given->text[0] == ' ' ? given->text + 1 : given->text;
}
