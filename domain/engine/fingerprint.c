#include "engine/registry.h"

#include <string.h>

#define FNV_BASIS  UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)
#define VISITS_MAX 256u /* Nested types described in full; beyond, by name only. */

/* What was visited already: types may nest in circles. */
struct visits {
    uint64_t hash;
    uint32_t count;
    const struct sarn_type *types[VISITS_MAX];
};

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    return hash;
}

/* A number in little-endian order, so that the hash is the same on every machine. */
static uint64_t mix_u64(uint64_t hash, uint64_t value)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    return mix(hash, bytes, sizeof(bytes));
}

/* With its NUL, so that neighbours cannot run into each other. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
    return mix(hash, text, strlen(text) + 1);
}

static bool first_visit(struct visits *visits, const struct sarn_type *type)
{
    for (uint32_t i = 0; i < visits->count; i++) {
        if (visits->types[i] == type) {
            return false;
        }
    }
    if (visits->count == VISITS_MAX) {
        return false;
    }
    visits->types[visits->count++] = type;
    return true;
}

static void visit_field(struct visits *visits, const struct sarn_field *field)
{
    uint64_t real;

    memcpy(&real, &field->default_real, sizeof(real));
    visits->hash = mix_text(visits->hash, field->name);
    visits->hash = mix_u64(visits->hash, field->id);
    visits->hash = mix_u64(visits->hash, field->kind);
    visits->hash = mix_u64(visits->hash, field->flags);
    visits->hash = mix_u64(visits->hash, field->wire_offset);
    /* A default is not stored: bytes without the field mean it. */
    visits->hash = mix_u64(visits->hash, (uint64_t)field->default_integer);
    visits->hash = mix_u64(visits->hash, real);
    if (field->type != NULL) {
        visits->hash = mix_text(visits->hash, field->type->name);
        (void)first_visit(visits, field->type);
    }
}

uint64_t sarn__type_fingerprint(const struct sarn_type *type)
{
    struct visits visits = {.hash = FNV_BASIS, .count = 1, .types = {type}};

    for (uint32_t i = 0; i < visits.count; i++) {
        const struct sarn_type *visited = visits.types[i];

        visits.hash = mix_text(visits.hash, visited->name);
        visits.hash = mix_u64(visits.hash, visited->wire_size);
        visits.hash = mix_u64(visits.hash, visited->field_count);
        for (uint32_t field = 0; field < visited->field_count; field++) {
            visit_field(&visits, &visited->fields[field]);
        }
    }
    return visits.hash;
}

/* What a step has beyond the least, under its name: a table without any of it keeps the
 * fingerprint that it had when there was no such thing. */
static uint64_t mix_member(uint64_t hash, const char *member, const char *value)
{
    return value == NULL ? hash : mix_text(mix_text(hash, member), value);
}

static uint64_t mix_step(uint64_t hash, const struct sarn_step *step)
{
    hash = mix_member(hash, "next", step->next);
    hash = mix_member(hash, "group", step->group);
    hash = mix_member(hash, "on_timeout", step->on_timeout);
    hash = mix_member(hash, "signal", step->signal);
    hash = mix_member(hash, "child", step->child);
    hash = mix_member(hash, "output", step->output != NULL ? step->output->name : NULL);
    return mix_member(hash, "compensate", step->compensate != NULL ? "" : NULL);
}

uint64_t sarn__workflow_fingerprint(const struct sarn_workflow *workflow)
{
    uint64_t hash = mix_u64(FNV_BASIS, workflow->step_count);

    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__workflow_step(workflow, i);

        hash = mix_text(hash, step->id);
        hash = mix_u64(hash, step->kind);
        hash = mix_u64(hash, step->flags);
        hash = mix_step(hash, step);
    }
    if (workflow->undo_order != SARN_UNDO_REVERSE) {
        hash = mix_u64(mix_text(hash, "undo_order"), workflow->undo_order);
    }
    for (uint32_t i = 0; i < workflow->group_count; i++) {
        hash = mix_member(hash, "join", workflow->groups[i].name);
        hash = mix_u64(hash, workflow->groups[i].join);
        hash = mix_u64(hash, workflow->groups[i].count);
    }
    return hash;
}
