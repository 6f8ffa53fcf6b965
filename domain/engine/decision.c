#include "engine/decision.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/fail.h"

void sarn__decision_init(struct sarn_decision *decision,
                         const struct sarn_codec *codec,
                         struct sarn_arena *arena,
                         const struct sarn_aggregate *aggregate)
{
    *decision =
        (struct sarn_decision){.codec = codec, .arena = arena, .aggregate = aggregate};
}

static bool is_declared(const struct sarn_aggregate *aggregate,
                        const struct sarn_type *type)
{
    if (aggregate == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < aggregate->event_count; i++) {
        if (aggregate->events[i] == type) {
            return true;
        }
    }
    return false;
}

static sarn_status emit(struct sarn_decision *decision,
                        const struct sarn_type *type,
                        struct sarn_str type_name,
                        const void *event)
{
    struct sarn__emitted *emitted;

    if (decision->count == SARN_EVENTS_PER_COMMAND_MAX) {
        return sarn__fail(&decision->error, SARN_ERR_TOO_LARGE,
                          "a command may lead to %u events; split it into several",
                          SARN_EVENTS_PER_COMMAND_MAX);
    }
    emitted = sarn_arena_alloc(decision->arena, sizeof(*emitted));
    if (emitted == NULL) {
        return sarn__fail(&decision->error, SARN_ERR_NOMEM,
                          "out of memory emitting %.*s", (int)type_name.size,
                          type_name.data);
    }
    emitted->type = type;
    emitted->type_name = type_name;
    SARN__TRY(decision->codec->ops->encode(decision->codec->self, type, event,
                                           decision->arena, &emitted->payload,
                                           &decision->error));
    if (decision->last == NULL) {
        decision->first = emitted;
    } else {
        decision->last->next = emitted;
    }
    decision->last = emitted;
    decision->count += 1;
    return SARN_OK;
}

sarn_status sarn_emit(struct sarn_decision *decision,
                      const struct sarn_type *type,
                      const void *event)
{
    if (!is_declared(decision->aggregate, type)) {
        return sarn__fail(&decision->error, SARN_ERR_INVALID,
                          "aggregate \"%s\" emits %s, which is not among its events",
                          decision->aggregate->category, type->name);
    }
    return emit(decision, type, sarn_str(type->name), event);
}

sarn_status sarn_emit_bytes(struct sarn_decision *decision,
                            const char *type_name,
                            struct sarn_str payload)
{
    struct sarn_str name;

    if (!is_declared(decision->aggregate, &sarn_bytes_type)) {
        return sarn__fail(
            &decision->error, SARN_ERR_INVALID,
            "aggregate \"%s\" emits bytes, but sarn_bytes_type is not among "
            "its events",
            decision->aggregate->category);
    }
    if (type_name == NULL || type_name[0] == '\0' ||
        sarn_str(type_name).size > SARN_NAME_BYTES_MAX) {
        return sarn__fail(&decision->error, SARN_ERR_INVALID,
                          "an event of bytes needs a type name of 1 to %u bytes",
                          SARN_NAME_BYTES_MAX);
    }
    SARN__TRY(sarn_arena_copy(decision->arena, sarn_str(type_name), &name));
    return emit(decision, &sarn_bytes_type, name, &payload);
}

sarn_status sarn_reject(struct sarn_decision *decision, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    sarn__error_set_list(&decision->error, SARN_ERR_REJECTED, format, list);
    va_end(list);
    decision->rejected = true;
    return SARN_ERR_REJECTED;
}

sarn_status sarn__decision_make(struct sarn_decision *decision,
                                const void *state,
                                const struct sarn_command_view *command,
                                struct sarn_error *error)
{
    sarn_status status = decision->aggregate->decide(state, command, decision);

    /* A rejection that decide forgot to return is still one. */
    if (status == SARN_OK && decision->rejected) {
        status = SARN_ERR_REJECTED;
    }
    if (status == SARN_OK) {
        return SARN_OK;
    }
    decision->first = decision->last = NULL;
    decision->count = 0;
    if (decision->error.status == status) {
        return sarn__fail(error, status, "%s", decision->error.text);
    }
    return sarn__fail(error, status, "aggregate \"%s\" refused %s: %s",
                      decision->aggregate->category, command->type->name,
                      sarn_status_text(status));
}
