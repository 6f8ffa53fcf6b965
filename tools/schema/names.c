#include "tools/schema/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

static const char *const keywords[] = {
    "alignas",    "alignof",       "and",
    "and_eq",     "asm",           "assert",
    "auto",       "bitand",        "bitor",
    "bool",       "break",         "case",
    "catch",      "char",          "class",
    "compl",      "concept",       "const",
    "const_cast", "constexpr",     "continue",
    "decltype",   "default",       "delete",
    "do",         "double",        "dynamic_cast",
    "else",       "enum",          "errno",
    "explicit",   "export",        "extern",
    "false",      "float",         "for",
    "friend",     "goto",          "if",
    "inline",     "int",           "long",
    "mutable",    "namespace",     "new",
    "noexcept",   "not",           "not_eq",
    "nullptr",    "operator",      "or",
    "or_eq",      "private",       "protected",
    "public",     "register",      "reinterpret_cast",
    "requires",   "restrict",      "return",
    "short",      "signed",        "sizeof",
    "static",     "static_assert", "static_cast",
    "struct",     "switch",        "template",
    "this",       "thread_local",  "throw",
    "true",       "try",           "typedef",
    "typeid",     "typename",      "union",
    "unsigned",   "using",         "virtual",
    "void",       "volatile",      "wchar_t",
    "while",      "xor",           "xor_eq",
    "linux",      "unix",          "stdin",
    "stdout",     "stderr",        "NULL",
    "EOF",
};

static bool is_keyword(const char *text)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strcmp(keywords[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Does a new word start at text[i]? "AccountOpened", "HTTPRequest". */
static bool word_starts(const char *text, size_t i)
{
    if (i == 0 || !isupper((unsigned char)text[i]) || text[i - 1] == '.' ||
        text[i - 1] == '_') {
        return false;
    }
    return !isupper((unsigned char)text[i - 1]) || islower((unsigned char)text[i + 1]);
}

/* Append text to name as lower_case_words (or UPPER). */
static void append_words(struct c_name *name, const char *text, bool upper)
{
    size_t used = strlen(name->text);

    for (size_t i = 0; text[i] != '\0' && used + 3 < sizeof(name->text); i++) {
        unsigned char c = (unsigned char)text[i];

        if (word_starts(text, i)) {
            name->text[used++] = '_';
        }
        name->text[used++] =
            (char)(isalnum(c) ? (upper ? toupper(c) : tolower(c)) : '_');
    }
    name->text[used] = '\0';
}

struct c_name c_tag(const char *full_name)
{
    struct c_name name = {{0}};

    append_words(&name, full_name, false);
    if (is_keyword(name.text)) {
        memcpy(name.text + strlen(name.text), "_", 2); /* append_words leaves room. */
    }
    return name;
}

struct c_name c_member(const char *field_name)
{
    struct c_name name = {{0}};

    snprintf(name.text, sizeof(name.text), "%s%s", field_name,
             is_keyword(field_name) ? "_" : "");
    return name;
}

struct c_name c_constant(const char *enum_name, const char *value_name)
{
    struct c_name name = {{0}};

    append_words(&name, enum_name, true);
    append_words(&name, "_", true);
    append_words(&name, value_name, true);
    return name;
}

struct c_name c_guard(const char *header)
{
    struct c_name name = {"SARN_SCHEMA_"};

    append_words(&name, header, true);
    return name;
}

/* --- collisions --- */

struct entry {
    struct c_name name; /* In C. */
    const char *from;   /* In the schema. */
    const char *part;   /* Value or field of it, or NULL. */
};

struct entries {
    struct entry *items;
    size_t count, capacity;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name.text,
                  ((const struct entry *)b)->name.text);
}

static sarn_status add_entry(struct entries *all,
                             struct c_name name,
                             const char *from,
                             const char *part,
                             struct sarn_error *error)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity * 2 + 64;
        struct entry *items = realloc(all->items, capacity * sizeof(items[0]));

        if (items == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM, "Out of memory.");
        }
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++] = (struct entry){name, from, part};
    return SARN_OK;
}

/* Sort, compare neighbours, and empty the list. */
static sarn_status
settle(struct entries *all, sarn_status status, struct sarn_error *error)
{
    if (all->count > 0) {
        qsort(all->items, all->count, sizeof(all->items[0]), by_name);
    }
    for (size_t i = 1; status == SARN_OK && i < all->count; i++) {
        const struct entry *a = &all->items[i - 1], *b = &all->items[i];

        if (strcmp(a->name.text, b->name.text) == 0) {
            status =
                sarn__fail(error, SARN_ERR_SCHEMA,
                           "%s%s%s and %s%s%s are both %s in C; rename one.", a->from,
                           a->part ? "." : "", a->part ? a->part : "", b->from,
                           b->part ? "." : "", b->part ? b->part : "", a->name.text);
        }
    }
    free(all->items);
    *all = (struct entries){0};
    return status;
}

static sarn_status check_tags(const struct sarn__loaded *loaded,
                              struct sarn_error *error)
{
    struct entries all = {0};
    sarn_status status = SARN_OK;

    for (uint32_t i = 0; status == SARN_OK && i < loaded->schema->type_count; i++) {
        const char *name = loaded->schema->types[i]->name;

        status = add_entry(&all, c_tag(name), name, NULL, error);
    }
    for (uint32_t i = 0; status == SARN_OK && i < loaded->enum_count; i++) {
        const char *name = loaded->enums[i].name;

        status = add_entry(&all, c_tag(name), name, NULL, error);
    }
    return settle(&all, status, error);
}

static sarn_status check_members(const struct sarn_type *type, struct sarn_error *error)
{
    struct entries all = {0};
    sarn_status status = SARN_OK;

    for (uint32_t i = 0; status == SARN_OK && i < type->field_count; i++) {
        const char *name = type->fields[i].name;

        status = add_entry(&all, c_member(name), type->name, name, error);
    }
    return settle(&all, status, error);
}

static sarn_status check_constants(const struct sarn__loaded *loaded,
                                   struct sarn_error *error)
{
    struct entries all = {0};
    sarn_status status = SARN_OK;

    for (uint32_t i = 0; i < loaded->enum_count; i++) {
        const struct sarn_enum *e = &loaded->enums[i];

        for (uint32_t j = 0; status == SARN_OK && j < e->value_count; j++) {
            status = add_entry(&all, c_constant(e->name, e->values[j].name), e->name,
                               e->values[j].name, error);
        }
    }
    return settle(&all, status, error);
}

sarn_status check_c_names(const struct sarn__loaded *loaded, struct sarn_error *error)
{
    SARN__TRY(check_tags(loaded, error));
    SARN__TRY(check_constants(loaded, error));
    for (uint32_t i = 0; i < loaded->schema->type_count; i++) {
        SARN__TRY(check_members(loaded->schema->types[i], error));
    }
    return SARN_OK;
}
