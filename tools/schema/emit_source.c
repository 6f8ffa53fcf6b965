#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tools/schema/emit.h"
#include "tools/schema/names.h"

static const char *const kind_names[] = {
    [SARN_KIND_BOOL] = "BOOL",   [SARN_KIND_I8] = "I8",
    [SARN_KIND_U8] = "U8",       [SARN_KIND_I16] = "I16",
    [SARN_KIND_U16] = "U16",     [SARN_KIND_I32] = "I32",
    [SARN_KIND_U32] = "U32",     [SARN_KIND_I64] = "I64",
    [SARN_KIND_U64] = "U64",     [SARN_KIND_F32] = "F32",
    [SARN_KIND_F64] = "F64",     [SARN_KIND_STRING] = "STRING",
    [SARN_KIND_BYTES] = "BYTES", [SARN_KIND_STRUCT] = "STRUCT",
    [SARN_KIND_TABLE] = "TABLE",
};

static const char *const role_names[] = {"NONE", "EVENT", "COMMAND", "STATE",
                                         "ROW",  "INPUT", "OUTPUT"};

static void emit_integer(FILE *out, int64_t value)
{
    if (value == INT64_MIN) {
        fprintf(out, "INT64_MIN");
    } else {
        fprintf(out, "INT64_C(%" PRId64 ")", value);
    }
}

/* As hexadecimal: every bit of it. */
static void emit_real(FILE *out, double value)
{
    if (isnan(value)) {
        fprintf(out, "NAN");
    } else if (isinf(value)) {
        fprintf(out, value > 0 ? "INFINITY" : "-INFINITY");
    } else if (value < 0 || value > 0 || signbit(value)) {
        fprintf(out, "%a", value);
    } else {
        fprintf(out, "0.0");
    }
}

static bool is_used(const struct sarn_schema *schema,
                    const struct sarn_enum *enumeration)
{
    for (uint32_t i = 0; i < schema->type_count; i++) {
        for (uint32_t j = 0; j < schema->types[i]->field_count; j++) {
            if (schema->types[i]->fields[j].enumeration == enumeration) {
                return true;
            }
        }
    }
    return false;
}

static void emit_enum(FILE *out, const struct sarn_enum *e)
{
    struct c_name tag = c_tag(e->name);

    if (e->value_count > 0) {
        fprintf(out, "\nstatic const struct sarn_enum_value %s_values[] = {\n",
                tag.text);
        for (uint32_t i = 0; i < e->value_count; i++) {
            fprintf(out, "    {\"%s\", ", e->values[i].name);
            emit_integer(out, e->values[i].value);
            fprintf(out, "},\n");
        }
        fprintf(out, "};\n");
    }
    fprintf(out,
            "\nstatic const struct sarn_enum %s_enum = {\"%s\", %" PRIu32 ", %s%s};\n",
            tag.text, e->name, e->value_count, e->value_count > 0 ? tag.text : "NULL",
            e->value_count > 0 ? "_values" : "");
}

static void emit_flags(FILE *out, uint8_t flags)
{
    if (flags == 0) {
        fprintf(out, "0");
        return;
    }
    fprintf(out, "%s%s%s", flags & SARN_FIELD_VECTOR ? "SARN_FIELD_VECTOR" : "",
            flags == (SARN_FIELD_VECTOR | SARN_FIELD_REQUIRED) ? " | " : "",
            flags & SARN_FIELD_REQUIRED ? "SARN_FIELD_REQUIRED" : "");
}

static void emit_field(FILE *out, const char *tag, const struct sarn_field *field)
{
    struct c_name member = c_member(field->name);

    fprintf(out, "    {\"%s\", %u, SARN_KIND_%s, ", field->name, (unsigned)field->id,
            kind_names[field->kind]);
    emit_flags(out, field->flags);
    fprintf(out, ",\n     offsetof(struct %s, %s), %" PRIu32 ",\n     ", tag,
            member.text, field->wire_offset);
    if (field->type != NULL) {
        struct c_name type = c_tag(field->type->name);

        fprintf(out, "&%s_type, ", type.text);
    } else {
        fprintf(out, "NULL, ");
    }
    if (field->enumeration != NULL) {
        struct c_name enumeration = c_tag(field->enumeration->name);

        fprintf(out, "&%s_enum, ", enumeration.text);
    } else {
        fprintf(out, "NULL, ");
    }
    emit_integer(out, field->default_integer);
    fprintf(out, ", ");
    emit_real(out, field->default_real);
    fprintf(out, "},\n");
}

/* The compiler must lay the struct out as the loader does for a stored schema. */
static void emit_checks(FILE *out, const struct sarn_type *type, const char *tag)
{
    fprintf(out,
            "\n_Static_assert(sizeof(struct %s) == %" PRIu32 ", \"size of %s\");\n",
            tag, type->size, type->name);
    for (uint32_t i = 0; i < type->field_count; i++) {
        struct c_name member = c_member(type->fields[i].name);

        fprintf(out,
                "_Static_assert(offsetof(struct %s, %s) == %" PRIu32
                ", \"place of %s.%s\");\n",
                tag, member.text, type->fields[i].offset, type->name,
                type->fields[i].name);
    }
}

static void emit_type(FILE *out, const struct emission *e, uint32_t index)
{
    const struct sarn_type *type = e->loaded->schema->types[index];
    struct c_name tag = c_tag(type->name);

    emit_checks(out, type, tag.text);
    if (type->field_count > 0) {
        fprintf(out, "\nstatic const struct sarn_field %s_fields[] = {\n", tag.text);
        for (uint32_t i = 0; i < type->field_count; i++) {
            emit_field(out, tag.text, &type->fields[i]);
        }
        fprintf(out, "};\n");
    }
    fprintf(out, "\n%sconst struct sarn_type %s_type = {\n",
            is_own(e, e->loaded->type_files[index]) ? "" : "static ", tag.text);
    fprintf(out, "    \"%s\",\n    sizeof(struct %s),\n    %" PRIu32 ", %" PRIu32 ",\n",
            type->name, tag.text, type->align, type->wire_size);
    fprintf(out, "    SARN_ROLE_%s,\n    {0, 0, 0},\n    %" PRIu32 ",\n    %s%s,\n",
            role_names[type->role], type->field_count,
            type->field_count > 0 ? tag.text : "NULL",
            type->field_count > 0 ? "_fields" : "");
    fprintf(out, "    &%s_schema,\n};\n", e->name);
}

static void emit_bfbs(FILE *out, const struct sarn_schema *schema)
{
    fprintf(out, "\nstatic const _Alignas(16) uint8_t bfbs[] = {");
    for (uint32_t i = 0; i < schema->bfbs_size; i++) {
        fprintf(out, "%s%u,", i % 20 == 0 ? "\n    " : "", (unsigned)schema->bfbs[i]);
    }
    fprintf(out, "\n};\n");
}

static void emit_schema(FILE *out, const struct emission *e)
{
    const struct sarn_schema *schema = e->loaded->schema;

    if (schema->type_count > 0) {
        fprintf(out, "\nstatic const struct sarn_type *const types[] = {\n");
        for (uint32_t i = 0; i < schema->type_count; i++) {
            struct c_name tag = c_tag(schema->types[i]->name);

            fprintf(out, "    &%s_type,\n", tag.text);
        }
        fprintf(out, "};\n");
    }
    fprintf(out,
            "\nconst struct sarn_schema %s_schema = {\n    \"%s\", %s, %" PRIu32
            ", sizeof(bfbs), bfbs,\n};\n",
            e->name, e->name, schema->type_count > 0 ? "types" : "NULL",
            schema->type_count);
}

void emit_source(FILE *out, const struct emission *e)
{
    const struct sarn_schema *schema = e->loaded->schema;

    fprintf(out, "/* Descriptors of %s, made by sarn-schema; see the header. */\n",
            e->source);
    fprintf(out, "#include \"%s\"\n\n#include <math.h>\n", e->header);
    fprintf(out, "#include <stddef.h>\n");
    for (uint32_t i = 0; i < schema->type_count; i++) {
        if (!is_own(e, e->loaded->type_files[i])) {
            struct c_name tag = c_tag(schema->types[i]->name);

            fprintf(out, "\nstatic const struct sarn_type %s_type;", tag.text);
        }
    }
    fprintf(out, "\n");
    for (uint32_t i = 0; i < e->loaded->enum_count; i++) {
        if (is_used(schema, &e->loaded->enums[i])) {
            emit_enum(out, &e->loaded->enums[i]);
        }
    }
    for (uint32_t i = 0; i < schema->type_count; i++) {
        emit_type(out, e, i);
    }
    emit_bfbs(out, schema);
    emit_schema(out, e);
}
