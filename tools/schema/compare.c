#include "tools/schema/compare.h"

#include <inttypes.h>
#include <string.h>

struct comparison {
    const struct sarn__loaded *older, *newer;
    FILE *out;
    uint32_t breaks;
};

static const char *const kind_words[] = {
    [SARN_KIND_BOOL] = "bool",     [SARN_KIND_I8] = "byte",
    [SARN_KIND_U8] = "ubyte",      [SARN_KIND_I16] = "short",
    [SARN_KIND_U16] = "ushort",    [SARN_KIND_I32] = "int",
    [SARN_KIND_U32] = "uint",      [SARN_KIND_I64] = "long",
    [SARN_KIND_U64] = "ulong",     [SARN_KIND_F32] = "float",
    [SARN_KIND_F64] = "double",    [SARN_KIND_STRING] = "string",
    [SARN_KIND_BYTES] = "[ubyte]", [SARN_KIND_STRUCT] = "struct",
    [SARN_KIND_TABLE] = "table",
};

static const char *const role_words[] = {"no role", "(event)", "(command)", "(state)",
                                         "(row)",   "(input)", "(output)"};

/* One line: what is broken, and how. part may be NULL. */
static void
say(struct comparison *c, const char *whole, const char *part, const char *what)
{
    fprintf(c->out, "%s%s%s: %s\n", whole, part ? "." : "", part ? part : "", what);
    c->breaks += 1;
}

/* What a field is made of: "[payments.Money]". */
static void describe(const struct sarn_field *field, char *text, size_t size)
{
    const char *name = kind_words[field->kind];
    bool vector = (field->flags & SARN_FIELD_VECTOR) != 0;

    if (field->type != NULL) {
        name = field->type->name;
    } else if (field->enumeration != NULL) {
        name = field->enumeration->name;
    }
    snprintf(text, size, "%s%s%s", vector ? "[" : "", name, vector ? "]" : "");
}

static void compare_kind(struct comparison *c,
                         const char *type,
                         const struct sarn_field *older,
                         const struct sarn_field *newer)
{
    char was[300], is[300], text[700];

    describe(older, was, sizeof(was));
    describe(newer, is, sizeof(is));
    if (strcmp(was, is) != 0 || older->kind != newer->kind) {
        snprintf(text, sizeof(text), "type changed from %s (%s) to %s (%s)", was,
                 kind_words[older->kind], is, kind_words[newer->kind]);
        say(c, type, older->name, text);
    }
}

static void compare_default(struct comparison *c,
                            const char *type,
                            const struct sarn_field *older,
                            const struct sarn_field *newer)
{
    char text[200];

    if (older->kind != newer->kind) {
        return;
    }
    if (older->default_integer != newer->default_integer) {
        snprintf(text, sizeof(text), "default changed from %" PRId64 " to %" PRId64,
                 older->default_integer, newer->default_integer);
        say(c, type, older->name, text);
    }
    /* By their bits: -0 is not 0, and a NaN is itself. */
    if (memcmp(&older->default_real, &newer->default_real, sizeof(double)) != 0) {
        snprintf(text, sizeof(text), "default changed from %.17g to %.17g",
                 older->default_real, newer->default_real);
        say(c, type, older->name, text);
    }
}

static void compare_field(struct comparison *c,
                          const char *type,
                          const struct sarn_field *older,
                          const struct sarn_field *newer)
{
    bool was_required = (older->flags & SARN_FIELD_REQUIRED) != 0;
    bool is_required = (newer->flags & SARN_FIELD_REQUIRED) != 0;

    compare_kind(c, type, older, newer);
    compare_default(c, type, older, newer);
    if (!was_required && is_required) {
        say(c, type, older->name,
            "(required) added: payloads without it become unreadable");
    } else if (was_required && !is_required) {
        say(c, type, older->name,
            "(required) removed: older programs refuse payloads without it");
    }
    if ((older->flags & SARN_FIELD_DEPRECATED) &&
        !(newer->flags & SARN_FIELD_DEPRECATED)) {
        say(c, type, older->name,
            "(deprecated) removed: its id may hold forgotten data");
    }
}

static const struct sarn_field *field_named(const struct sarn_type *type,
                                            const char *name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static const struct sarn_field *field_of_id(const struct sarn_type *type, uint16_t id)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].id == id) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static void compare_fields(struct comparison *c,
                           const struct sarn_type *older,
                           const struct sarn_type *newer)
{
    char text[400];

    for (uint32_t i = 0; i < older->field_count; i++) {
        const struct sarn_field *was = &older->fields[i];
        const struct sarn_field *same = field_named(newer, was->name);
        const struct sarn_field *there = field_of_id(newer, was->id);

        if (same != NULL && same->id == was->id) {
            compare_field(c, older->name, was, same);
        } else if (same != NULL) {
            snprintf(text, sizeof(text), "id changed from %u to %u (give it (id: %u))",
                     (unsigned)was->id, (unsigned)same->id, (unsigned)was->id);
            say(c, older->name, was->name, text);
        } else if (there != NULL && field_named(older, there->name) == NULL) {
            snprintf(text, sizeof(text), "field renamed to %s", there->name);
            say(c, older->name, was->name, text);
        } else {
            say(c, older->name, was->name,
                "field removed (mark it (deprecated) instead)");
        }
    }
}

/* --- types --- */

static const struct sarn_type *type_named(const struct sarn__loaded *loaded,
                                          const char *name)
{
    for (uint32_t i = 0; i < loaded->schema->type_count; i++) {
        if (strcmp(loaded->schema->types[i]->name, name) == 0) {
            return loaded->schema->types[i];
        }
    }
    return NULL;
}

static void compare_type(struct comparison *c, const struct sarn_type *older)
{
    const struct sarn_type *newer = type_named(c->newer, older->name);
    bool is_struct = older->wire_size != 0;
    char text[200];

    if (newer == NULL) {
        say(c, older->name, NULL, is_struct ? "struct removed" : "table removed");
        return;
    }
    if (is_struct != (newer->wire_size != 0)) {
        say(c, older->name, NULL,
            is_struct ? "struct became a table" : "table became a struct");
        return;
    }
    if (older->role != newer->role) {
        snprintf(text, sizeof(text), "role changed from %s to %s",
                 role_words[older->role], role_words[newer->role]);
        say(c, older->name, NULL, text);
    }
    compare_fields(c, older, newer);
    if (is_struct && older->field_count < newer->field_count) {
        say(c, older->name, NULL, "field added to a struct, whose layout is fixed");
    }
}

/* --- enums --- */

static void compare_values(struct comparison *c,
                           const struct sarn_enum *older,
                           const struct sarn_enum *newer)
{
    char text[400];

    for (uint32_t i = 0; i < older->value_count; i++) {
        const struct sarn_enum_value *was = &older->values[i];
        const struct sarn_enum_value *same = NULL, *there = NULL;

        for (uint32_t j = 0; j < newer->value_count; j++) {
            const struct sarn_enum_value *value = &newer->values[j];

            same = strcmp(value->name, was->name) == 0 ? value : same;
            there = value->value == was->value ? value : there;
        }
        if (same != NULL && same->value != was->value) {
            snprintf(text, sizeof(text), "value changed from %" PRId64 " to %" PRId64,
                     was->value, same->value);
            say(c, older->name, was->name, text);
        } else if (same == NULL && there != NULL) {
            snprintf(text, sizeof(text), "value renamed to %s", there->name);
            say(c, older->name, was->name, text);
        } else if (same == NULL) {
            say(c, older->name, was->name, "value removed");
        }
    }
}

static void compare_enum(struct comparison *c, uint32_t index)
{
    const struct sarn_enum *older = &c->older->enums[index];
    char text[200];

    for (uint32_t i = 0; i < c->newer->enum_count; i++) {
        if (strcmp(c->newer->enums[i].name, older->name) != 0) {
            continue;
        }
        if (c->older->enum_kinds[index] != c->newer->enum_kinds[i]) {
            snprintf(text, sizeof(text), "underlying type changed from %s to %s",
                     kind_words[c->older->enum_kinds[index]],
                     kind_words[c->newer->enum_kinds[i]]);
            say(c, older->name, NULL, text);
        }
        compare_values(c, older, &c->newer->enums[i]);
        return;
    }
    say(c, older->name, NULL, "enum removed");
}

uint32_t compare_schemas(const struct sarn__loaded *older,
                         const struct sarn__loaded *newer,
                         FILE *out)
{
    struct comparison c = {older, newer, out, 0};

    for (uint32_t i = 0; i < older->schema->type_count; i++) {
        compare_type(&c, older->schema->types[i]);
    }
    for (uint32_t i = 0; i < older->enum_count; i++) {
        compare_enum(&c, i);
    }
    return c.breaks;
}
