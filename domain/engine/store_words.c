/* Names that stand in records as numbers: types, actors, origins; and the schemas.
 *
 * INTERNED: u8 kind, u32 scope, name -> u32 id. WORDS: u8 kind, u32 id -> u32 scope,
 * name. SCHEMAS: u32 id -> name; the row's position is that of the event that holds it.
 */
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/store_parts.h"

static struct sarn__row_key
interned_key(enum sarn__word kind, uint32_t scope, struct sarn_str name)
{
    struct sarn__row_key key;

    key.size = 0;
    sarn__key_u8(&key, (uint8_t)kind);
    sarn__key_u32(&key, scope);
    sarn__key_text(&key, name);
    return key;
}

static struct sarn__row_key word_key(enum sarn__word kind, uint32_t id)
{
    struct sarn__row_key key;

    key.size = 0;
    sarn__key_u8(&key, (uint8_t)kind);
    sarn__key_u32(&key, id);
    return key;
}

/* --- the fold --- */

static const char *kind_name(enum sarn__word kind)
{
    switch (kind) {
    case SARN__WORD_TYPE:
        return "type";
    case SARN__WORD_ACTOR:
        return "actor";
    case SARN__WORD_ORIGIN:
        break;
    }
    return "origin";
}

static sarn_status put_word(struct sarn__fold *fold,
                            enum sarn__word kind,
                            uint32_t scope,
                            uint32_t id,
                            struct sarn_str name)
{
    struct sarn__tables *tables = fold->store->tables;
    uint64_t position = fold->record->position;
    struct sarn__row_key key = word_key(kind, id);
    char bytes[4 + SARN_NAME_BYTES_MAX];

    if (name.size > SARN_NAME_BYTES_MAX) {
        return sarn__fold_corrupt(fold, "has a name of %u bytes; they have at most %u",
                                  name.size, SARN_NAME_BYTES_MAX);
    }
    sarn__put_u32(bytes, scope);
    memcpy(bytes + 4, name.data, name.size);
    SARN__TRY(sarn__tables_put(tables, SARN__TABLE_WORDS, sarn__key_str(&key),
                               (struct sarn_str){bytes, 4 + name.size}, position,
                               fold->error));
    key = interned_key(kind, scope, name);
    sarn__put_u32(bytes, id);
    return sarn__tables_put(tables, SARN__TABLE_INTERNED, sarn__key_str(&key),
                            (struct sarn_str){bytes, 4}, position, fold->error);
}

static sarn_status fold_word(struct sarn__fold *fold,
                             enum sarn__word kind,
                             uint32_t scope,
                             uint32_t id,
                             struct sarn_str name,
                             uint32_t *next)
{
    if (name.size == 0) {
        if (id >= *next) {
            return sarn__fold_corrupt(fold, "uses %s %u, which no record has named",
                                      kind_name(kind), id);
        }
        return SARN_OK;
    }
    if (fold->counts ? id != *next : id == 0 || id >= *next) {
        return sarn__fold_corrupt(fold, "names %s %u, but the next one is %u",
                                  kind_name(kind), id, *next);
    }
    *next += fold->counts ? 1 : 0;
    return put_word(fold, kind, scope, id, name);
}

sarn_status sarn__fold_words(struct sarn__fold *fold)
{
    const struct sarn__record *record = fold->record;

    if (record->type == 0) {
        return sarn__fold_corrupt(fold, "has no type");
    }
    if (record->schema >= fold->next_schema) {
        return sarn__fold_corrupt(fold, "uses schema %u, which no record has stored",
                                  record->schema);
    }
    SARN__TRY(fold_word(fold, SARN__WORD_TYPE, record->schema, record->type,
                        record->type_name, &fold->next_type));
    SARN__TRY(fold_word(fold, SARN__WORD_ACTOR, 0, record->actor, record->actor_name,
                        &fold->next_actor));
    SARN__TRY(fold_word(fold, SARN__WORD_ORIGIN, 0, record->origin, record->origin_name,
                        &fold->next_origin));
    if (record->type_name.size > 0 &&
        sarn__core_note(fold->store, record->type, record->type_name)) {
        return sarn__fail(fold->error, SARN_ERR_NOMEM, "out of memory for types");
    }
    return SARN_OK;
}

/* --- questions --- */

sarn_status sarn__store_word_id(struct sarn__store *store,
                                enum sarn__word kind,
                                uint32_t scope,
                                struct sarn_str name,
                                uint32_t *id,
                                struct sarn_error *error)
{
    struct sarn__row_key key;
    struct sarn__row_view view;

    if (name.size > SARN_NAME_BYTES_MAX) {
        *id = 0;
        return SARN_OK;
    }
    key = interned_key(kind, scope, name);
    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_INTERNED,
                                sarn__key_str(&key), &view, error));
    if (view.found && view.size != 4) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the number of %s \"%.*s\" has %u bytes", kind_name(kind),
                          (int)name.size, name.data, view.size);
    }
    *id = view.found ? sarn__get_u32(view.value) : 0;
    return SARN_OK;
}

sarn_status sarn__store_word(struct sarn__store *store,
                             enum sarn__word kind,
                             uint32_t id,
                             struct sarn_arena *arena,
                             uint32_t *scope,
                             struct sarn_str *name,
                             struct sarn_error *error)
{
    struct sarn__row_key key = word_key(kind, id);
    struct sarn__row_view view;
    struct sarn_str copy;

    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_WORDS, sarn__key_str(&key),
                                &view, error));
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "no record has named %s %u",
                          kind_name(kind), id);
    }
    if (view.size < 4) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "the name of %s %u has %u bytes",
                          kind_name(kind), id, view.size);
    }
    if (sarn_arena_copy(arena,
                        (struct sarn_str){(const char *)view.value + 4, view.size - 4},
                        &copy)) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a name");
    }
    *scope = sarn__get_u32(view.value);
    *name = copy;
    return SARN_OK;
}

sarn_status sarn__store_schema(struct sarn__store *store,
                               uint32_t id,
                               uint64_t *position,
                               struct sarn_error *error)
{
    struct sarn__row_key key = {.size = 0};
    struct sarn__row_view view;

    sarn__key_u32(&key, id);
    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_SCHEMAS, sarn__key_str(&key),
                                &view, error));
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "no record has stored schema %u",
                          id);
    }
    *position = view.position;
    return SARN_OK;
}
