/* A subject of sanctions: a user, an account or a name that is on a list, or not. */
#include "profile.h"

#define TEXT(str) (int)(str).size, (str).data

static sarn_status list(const struct compliance_subject *subject,
                        const struct sarn_command_view *command,
                        struct sarn_decision *decision)
{
    const struct compliance_list *l = command->data;
    const struct compliance_subject_listed event = {.source = l->source,
                                                    .reason = l->reason};

    if (l->source.size == 0 || l->source.size > SARN_NAME_BYTES_MAX) {
        return sarn_reject(decision,
                           "%.*s is put on somebody's list, whose name has 1 to %u "
                           "bytes, not %u",
                           TEXT(command->stream), SARN_NAME_BYTES_MAX, l->source.size);
    }
    if (!subject->listed) {
        return sarn_emit(decision, &compliance_subject_listed_type, &event);
    }
    if (!sarn_str_equal(subject->source, l->source)) {
        return sarn_reject(decision, "%.*s is on the list of %.*s already",
                           TEXT(command->stream), TEXT(subject->source));
    }
    return SARN_OK;
}

static sarn_status delist(const struct compliance_subject *subject,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct compliance_delist *d = command->data;
    const struct compliance_subject_delisted event = {.reason = d->reason};

    return subject->listed
               ? sarn_emit(decision, &compliance_subject_delisted_type, &event)
               : SARN_OK;
}

sarn_status sarn__subject_decide(const void *state,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    const struct compliance_subject *subject = state;

    if (command->type == &compliance_check_not_listed_type) {
        return subject->listed
                   ? sarn_reject(decision, "%.*s is on the list of %.*s",
                                 TEXT(command->stream), TEXT(subject->source))
                   : SARN_OK;
    }
    if (command->type == &compliance_list_type) {
        return list(subject, command, decision);
    }
    return command->type == &compliance_delist_type ? delist(subject, command, decision)
                                                    : SARN_ERR_INVALID;
}

sarn_status sarn__subject_apply(void *state,
                                const struct sarn_event *event,
                                struct sarn_arena *arena)
{
    struct compliance_subject *subject = state;

    if (event->type == &compliance_subject_listed_type && !subject->listed) {
        const struct compliance_subject_listed *e = event->data;

        if (sarn_arena_copy(arena, e->source, &subject->source) != SARN_OK) {
            return SARN_ERR_NOMEM;
        }
        subject->listed = true;
        return SARN_OK;
    }
    if (event->type == &compliance_subject_delisted_type && subject->listed) {
        *subject = (struct compliance_subject){.listed = false};
        return SARN_OK;
    }
    return SARN_ERR_CORRUPT;
}

/* --- names --- */

/* Part of a name: a letter or a digit, or a byte of another script. */
static bool is_part(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80;
}

sarn_status
sarn_compliance_name(struct sarn_str name, char *text, uint32_t size, uint32_t *written)
{
    uint32_t count = 0;
    bool space = false;

    for (uint32_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];

        if (!is_part(c)) {
            space = count > 0;
            continue;
        }
        if (count + (space ? 2u : 1u) > size) {
            return SARN_ERR_TOO_LARGE;
        }
        if (space) {
            text[count++] = ' ';
        }
        text[count++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        space = false;
    }
    *written = count;
    return SARN_OK;
}
