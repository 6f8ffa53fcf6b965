/* Numbers for names: types, actors, origins, and the schemas of types. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/writer_parts.h"

#define TYPES_MAX 4096u /* Types whose ids are remembered by their descriptors. */

/* The number of a type, found once: by the descriptor's address. */
struct known_type {
    struct sarn__map_node node;
    const struct sarn_type *type;
    uint32_t type_id, schema_id;
};

#define WORD_KEY_BYTES_MAX (8u + SARN_NAME_BYTES_MAX)

static struct sarn_str
word_key(char *bytes, enum sarn__word kind, uint32_t scope, struct sarn_str name)
{
    uint32_t kind_number = kind;

    assert(name.size <= SARN_NAME_BYTES_MAX);
    memcpy(bytes, &kind_number, 4);
    memcpy(bytes + 4, &scope, 4);
    memcpy(bytes + 8, name.data, name.size);
    return (struct sarn_str){bytes, 8 + name.size};
}

static uint32_t *next_word(struct sarn__writer *writer, enum sarn__word kind)
{
    switch (kind) {
    case SARN__WORD_TYPE:
        return &writer->next_type;
    case SARN__WORD_ACTOR:
        return &writer->next_actor;
    case SARN__WORD_ORIGIN:
        return &writer->next_origin;
    }
    assert(false);
    return NULL;
}

/* The number of a name; *fresh is the name where this record is the first to use it and
 * must carry it, else empty. */
sarn_status sarn__writer_word(struct sarn__writer *writer,
                              enum sarn__word kind,
                              uint32_t scope,
                              struct sarn_str name,
                              uint32_t *id,
                              struct sarn_str *fresh,
                              struct sarn_error *error)
{
    char bytes[WORD_KEY_BYTES_MAX];
    struct sarn_str key = word_key(bytes, kind, scope, name);
    struct sarn__map_node *node = sarn__map_find(&writer->words, key);
    struct sarn__pending_word *word;

    if (node != NULL) {
        *id = SARN__OF(node, struct sarn__pending_word, node)->id;
        return SARN_OK;
    }
    SARN__TRY(sarn__store_word_id(writer->store, kind, scope, name, id, error));
    if (*id != 0) {
        return SARN_OK;
    }
    if (kind == SARN__WORD_TYPE && *next_word(writer, kind) >= SARN__TYPE_IDS_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "the log has events of %u types, which is the limit: what "
                          "differs from event to event belongs into the payload, not "
                          "into the type's name",
                          SARN__TYPE_IDS_MAX - 1);
    }
    word = sarn__heap_alloc(&writer->ports->heap, sizeof(*word) + key.size);
    if (word == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(word + 1, key.data, key.size);
    word->node.key = (struct sarn_str){(const char *)(word + 1), key.size};
    word->id = *next_word(writer, kind);
    word->position = writer->next_position;
    if (sarn__map_insert(&writer->words, &word->node) != SARN_OK) {
        sarn__heap_free(&writer->ports->heap, word);
        return SARN_ERR_NOMEM;
    }
    if (sarn__writer_remember(writer, NULL, word, true) != SARN_OK) {
        sarn__map_remove(&writer->words, &word->node);
        sarn__heap_free(&writer->ports->heap, word);
        return SARN_ERR_NOMEM;
    }
    *next_word(writer, kind) += 1;
    *id = word->id;
    *fresh = name;
    return SARN_OK;
}

/* --- types --- */

static struct sarn_str type_key(const struct sarn_type *const *type)
{
    return (struct sarn_str){(const char *)type, sizeof(*type)};
}

/* Remember a described type's numbers once they are durable; without memory they are
 * looked up again. */
static void know_type(struct sarn__writer *writer,
                      const struct sarn_type *type,
                      uint32_t type_id,
                      uint32_t schema_id)
{
    struct known_type *known;

    if (writer->types.count >= TYPES_MAX) {
        return;
    }
    known = sarn__heap_alloc(&writer->ports->heap, sizeof(*known));
    if (known == NULL) {
        return;
    }
    known->type = type;
    known->type_id = type_id;
    known->schema_id = schema_id;
    known->node.key = type_key(&known->type);
    if (sarn__map_insert(&writer->types, &known->node) != SARN_OK) {
        sarn__heap_free(&writer->ports->heap, known);
    }
}

/* The number that the log stores type's schema under: told at open. */
static sarn_status schema_of(struct sarn__writer *writer,
                             const struct sarn_type *type,
                             uint32_t *schema_id,
                             struct sarn_error *error)
{
    for (uint32_t i = 0; i < writer->schema_count; i++) {
        const struct sarn_schema *schema = writer->schemas[i].schema;

        if (schema == type->schema ||
            (type->schema != NULL && schema->bfbs_size == type->schema->bfbs_size &&
             memcmp(schema->bfbs, type->schema->bfbs, schema->bfbs_size) == 0)) {
            *schema_id = writer->schemas[i].id;
            return SARN_OK;
        }
    }
    return sarn__fail(
        error, SARN_ERR_SCHEMA,
        "%s is of a schema that no registered module uses; name the type in a "
        "module given to sarn_open()",
        type->name);
}

sarn_status sarn__writer_type(struct sarn__writer *writer,
                              const struct sarn__new_event *event,
                              struct sarn__record *record,
                              struct sarn_error *error)
{
    bool plain = event->type == &sarn_bytes_type;
    struct sarn__map_node *node =
        plain ? NULL : sarn__map_find(&writer->types, type_key(&event->type));

    if (node != NULL) {
        const struct known_type *known = SARN__OF(node, struct known_type, node);

        record->type = known->type_id;
        record->schema = known->schema_id;
        return SARN_OK;
    }
    if (!plain) {
        SARN__TRY(schema_of(writer, event->type, &record->schema, error));
    }
    SARN__TRY(sarn__writer_word(writer, SARN__WORD_TYPE, record->schema,
                                event->type_name, &record->type, &record->type_name,
                                error));
    if (!plain && record->type_name.size == 0 &&
        record->type < writer->store->next_type) {
        know_type(writer, event->type, record->type, record->schema);
    }
    return SARN_OK;
}

sarn_status sarn__writer_know_schema(struct sarn__writer *writer,
                                     const struct sarn_schema *schema,
                                     uint32_t id,
                                     struct sarn_error *error)
{
    if (writer->schema_count == SARN__SCHEMAS_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an engine serves at most %u schemas", SARN__SCHEMAS_MAX);
    }
    writer->schemas[writer->schema_count].schema = schema;
    writer->schemas[writer->schema_count].id = id;
    writer->schema_count += 1;
    if (id >= writer->next_schema) {
        writer->next_schema = id + 1;
    }
    return SARN_OK;
}

static void name_word(const struct sarn__map_node *node, struct sarn__record *record)
{
    const uint32_t prefix = 8; /* See word_key(). */
    struct sarn_str name = {node->key.data + prefix, node->key.size - prefix};
    uint32_t id = SARN__OF(node, const struct sarn__pending_word, node)->id;
    uint32_t kind;

    memcpy(&kind, node->key.data, sizeof(kind));
    switch ((enum sarn__word)kind) {
    case SARN__WORD_TYPE:
        record->type_name = record->type == id ? name : record->type_name;
        break;
    case SARN__WORD_ACTOR:
        record->actor_name = record->actor == id ? name : record->actor_name;
        break;
    case SARN__WORD_ORIGIN:
        record->origin_name = record->origin == id ? name : record->origin_name;
        break;
    }
}

void sarn__writer_name_words(const struct sarn__writer *writer,
                             struct sarn__record *record)
{
    for (uint32_t i = 0; i < writer->words.bucket_count; i++) {
        for (const struct sarn__map_node *node = writer->words.buckets[i]; node != NULL;
             node = node->next) {
            name_word(node, record);
        }
    }
}

void sarn__writer_drop_words(struct sarn__writer *writer, uint64_t position)
{
    for (uint32_t i = 0; i < writer->words.bucket_count; i++) {
        struct sarn__map_node *node = writer->words.buckets[i];

        while (node != NULL) {
            struct sarn__map_node *next = node->next;
            struct sarn__pending_word *pending =
                SARN__OF(node, struct sarn__pending_word, node);

            if (pending->position <= position) {
                sarn__map_remove(&writer->words, node);
                sarn__heap_free(&writer->ports->heap, pending);
            }
            node = next;
        }
    }
}

void sarn__writer_drop_types(struct sarn__writer *writer)
{
    struct sarn__map_node *node;

    while ((node = sarn__map_take(&writer->types)) != NULL) {
        sarn__heap_free(&writer->ports->heap, SARN__OF(node, struct known_type, node));
    }
}
