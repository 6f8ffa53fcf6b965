#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schema/emit.h"
#include "tools/schema/names.h"

bool is_own(const struct emission *emission, const char *declaration_file)
{
    /* "//payments.fbs": relative to the folder of the .fbs. */
    return declaration_file[0] == '\0' ||
           (strncmp(declaration_file, "//", 2) == 0 &&
            strcmp(declaration_file + 2, emission->source) == 0);
}

static const char *c_type(const struct sarn_field *field)
{
    static const char *const names[] = {
        [SARN_KIND_BOOL] = "bool",
        [SARN_KIND_I8] = "int8_t",
        [SARN_KIND_U8] = "uint8_t",
        [SARN_KIND_I16] = "int16_t",
        [SARN_KIND_U16] = "uint16_t",
        [SARN_KIND_I32] = "int32_t",
        [SARN_KIND_U32] = "uint32_t",
        [SARN_KIND_I64] = "int64_t",
        [SARN_KIND_U64] = "uint64_t",
        [SARN_KIND_F32] = "float",
        [SARN_KIND_F64] = "double",
        [SARN_KIND_STRING] = "struct sarn_str",
        [SARN_KIND_BYTES] = "struct sarn_str",
    };

    return names[field->kind];
}

static void emit_manual(FILE *out, const struct emission *e)
{
    fprintf(out,
            "/* %s - the structs of %s, and their descriptors.\n"
            " *\n"
            " * Made by sarn-schema: change %s, not this file. A table N is a struct,\n"
            " * which may be built by hand (all zero is an empty value), and N_type, "
            "which\n"
            " * tells the codec, JSON and copies what is in it. Types are listed in\n"
            " * %s_schema.\n"
            " *\n"
            " * Text and bytes are struct sarn_str ({NULL, 0}: absent), tables are "
            "pointers\n"
            " * (NULL: absent), vectors are {data, size}. A struct owns nothing it "
            "points to.\n"
            " * What a field is when it was not written stands behind it, unless it is "
            "zero.\n"
            " */\n",
            e->header, e->source, e->source, e->name);
}

/* --- enums --- */

static bool fits_int(const struct sarn_enum *e, uint8_t kind)
{
    for (uint32_t i = 0; i < e->value_count; i++) {
        int64_t value = e->values[i].value;

        if (value < INT_MIN || value > INT_MAX ||
            (kind == SARN_KIND_U64 && value < 0)) {
            return false;
        }
    }
    return true;
}

/* C's enum constants are ints; larger ones are macros. */
static void emit_enum(FILE *out, const struct sarn_enum *e, uint8_t kind)
{
    bool as_enum = fits_int(e, kind) && e->value_count > 0;
    struct sarn_field field = {.kind = kind};
    struct c_name tag = c_tag(e->name);
    struct c_name guard = c_guard(e->name);

    fprintf(out, "\n/* %s; fields of it are %s. */\n", e->name, c_type(&field));
    fprintf(out, "#ifndef %s\n#define %s\n", guard.text, guard.text);
    if (as_enum) {
        fprintf(out, "enum %s {\n", tag.text);
    }
    for (uint32_t i = 0; i < e->value_count; i++) {
        struct c_name name = c_constant(e->name, e->values[i].name);
        int64_t value = e->values[i].value;
        const char *comma = i + 1 < e->value_count ? "," : "";

        if (as_enum) {
            fprintf(out,
                    value == INT_MIN ? "    %s = (-%" PRId64 " - 1)%s\n"
                                     : "    %s = %" PRId64 "%s\n",
                    name.text, value == INT_MIN ? (int64_t)INT_MAX : value, comma);
        } else if (kind == SARN_KIND_U64) {
            fprintf(out, "#define %s UINT64_C(%" PRIu64 ")\n", name.text,
                    (uint64_t)value);
        } else if (value == INT64_MIN) {
            fprintf(out, "#define %s INT64_MIN\n", name.text);
        } else {
            fprintf(out, "#define %s INT64_C(%" PRId64 ")\n", name.text, value);
        }
    }
    if (as_enum) {
        fprintf(out, "};\n");
    }
    fprintf(out, "#endif\n");
}

/* --- structs --- */

static void emit_default(FILE *out, const struct sarn_field *field)
{
    if (field->enumeration != NULL) {
        fprintf(out, " /* %s", field->enumeration->name);
        for (uint32_t i = 0; i < field->enumeration->value_count; i++) {
            const struct sarn_enum_value *value = &field->enumeration->values[i];

            if (field->default_integer != 0 && value->value == field->default_integer) {
                fprintf(out, " = %s", value->name);
            }
        }
        fprintf(out, " */");
    } else if (field->flags & SARN_FIELD_REQUIRED) {
        fprintf(out, " /* required */");
    } else if (field->kind == SARN_KIND_U64 && field->default_integer != 0) {
        fprintf(out, " /* = %" PRIu64 " */", (uint64_t)field->default_integer);
    } else if (field->default_integer != 0) {
        fprintf(out, " /* = %" PRId64 " */", field->default_integer);
    } else if (field->default_real < 0 || field->default_real > 0) {
        fprintf(out, " /* = %.17g */", field->default_real);
    }
}

static void emit_member(FILE *out, const struct sarn_field *field)
{
    struct c_name member = c_member(field->name);
    struct c_name tag = {{0}};

    if (field->type != NULL) {
        tag = c_tag(field->type->name);
    }
    fprintf(out, "    ");
    if (field->flags & SARN_FIELD_VECTOR) {
        fprintf(out,
                "struct {\n        const %s%s *data;\n        uint32_t size;\n    } ",
                field->type ? "struct " : "", field->type ? tag.text : c_type(field));
    } else if (field->kind == SARN_KIND_TABLE) {
        fprintf(out, "const struct %s *", tag.text);
    } else if (field->kind == SARN_KIND_STRUCT) {
        fprintf(out, "struct %s ", tag.text);
    } else {
        fprintf(out, "%s ", c_type(field));
    }
    fprintf(out, "%s;", member.text);
    emit_default(out, field);
    fprintf(out, "\n");
}

static void emit_role(FILE *out, const struct sarn_type *type)
{
    static const char *const roles[] = {"",       " (event)", " (command)", " (state)",
                                        " (row)", " (input)", " (output)"};

    fprintf(out, "\n/* %s%s */\n", type->name, roles[type->role]);
}

/* A type of an included .fbs comes in every header that needs it: only the first
 * counts. */
static void emit_struct(FILE *out, const struct emission *e, uint32_t index)
{
    const struct sarn_type *type = e->loaded->schema->types[index];
    struct c_name tag = c_tag(type->name);
    struct c_name guard = c_guard(type->name);

    emit_role(out, type);
    fprintf(out, "#ifndef %s\n#define %s\n", guard.text, guard.text);
    fprintf(out, "struct %s {\n", tag.text);
    if (type->field_count == 0) {
        fprintf(out, "    char empty_; /* No fields; C has no empty struct. */\n");
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        emit_member(out, &type->fields[i]);
    }
    fprintf(out, "};\n#endif\n");
    if (is_own(e, e->loaded->type_files[index])) {
        fprintf(out, "SARN_API extern const struct sarn_type %s_type;\n", tag.text);
    }
}

static uint32_t index_of(const struct sarn_schema *schema, const struct sarn_type *type)
{
    uint32_t i = 0;

    while (schema->types[i] != type) {
        i += 1;
    }
    return i;
}

/* A struct after those that it embeds; the loader knows that they are in no circle. */
static void
emit_struct_once(FILE *out, const struct emission *e, uint32_t index, bool *done)
{
    const struct sarn_type *type = e->loaded->schema->types[index];

    if (done[index]) {
        return;
    }
    done[index] = true;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].kind == SARN_KIND_STRUCT) {
            emit_struct_once(out, e, index_of(e->loaded->schema, type->fields[i].type),
                             done);
        }
    }
    emit_struct(out, e, index);
}

static void emit_types(FILE *out, const struct emission *e, bool *done)
{
    const struct sarn_schema *schema = e->loaded->schema;

    fprintf(out, "\n");
    for (uint32_t i = 0; i < schema->type_count; i++) {
        struct c_name tag = c_tag(schema->types[i]->name);

        fprintf(out, "struct %s;\n", tag.text);
    }
    for (uint32_t i = 0; i < schema->type_count; i++) {
        emit_struct_once(out, e, i, done);
    }
}

sarn_status emit_header(FILE *out, const struct emission *e)
{
    struct c_name guard = c_guard(e->header);
    bool *done = calloc(e->loaded->schema->type_count + 1, sizeof(done[0]));

    if (done == NULL) {
        return SARN_ERR_NOMEM;
    }
    emit_manual(out, e);
    fprintf(out, "#ifndef %s_\n#define %s_\n\n#include \"sarn/schema.h\"\n\n",
            guard.text, guard.text);
    fprintf(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    for (uint32_t i = 0; i < e->loaded->enum_count; i++) {
        if (e->loaded->enum_kinds[i] != 0) {
            emit_enum(out, &e->loaded->enums[i], e->loaded->enum_kinds[i]);
        }
    }
    emit_types(out, e, done);
    fprintf(out, "\nSARN_API extern const struct sarn_schema %s_schema;\n", e->name);
    fprintf(out, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
    free(done);
    return SARN_OK;
}
