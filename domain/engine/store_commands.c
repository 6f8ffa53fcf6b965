/* Idempotency keys: how the command with a key ended.
 *
 * KEYS: u32 tenant, key -> 0 u32 status, 4 u32 event_count, 8 payload_hash (16), 24
 * text. The row's position is that of the command's first record. */
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/store_parts.h"

#define FIXED_BYTES    24u
#define TEXT_BYTES_MAX 255u /* record.h */

sarn_status sarn__fold_command(struct sarn__fold *fold)
{
    const struct sarn__command_result *command = &fold->record->command;
    char bytes[FIXED_BYTES + TEXT_BYTES_MAX];
    struct sarn__row_key key;

    if (command->key.size == 0 || command->key.size > SARN_KEY_BYTES_MAX ||
        command->text.size > TEXT_BYTES_MAX) {
        return sarn__fold_corrupt(
            fold, "settles a command with a key of %u and a text of %u bytes",
            command->key.size, command->text.size);
    }
    sarn__put_u32(bytes, command->status);
    sarn__put_u32(bytes + 4, command->event_count);
    memcpy(bytes + 8, command->payload_hash, sizeof(command->payload_hash));
    if (command->text.size > 0) {
        memcpy(bytes + FIXED_BYTES, command->text.data, command->text.size);
    }
    key = sarn__tenant_key(fold->record->tenant, command->key);
    return sarn__tables_put(fold->store->tables, SARN__TABLE_KEYS, sarn__key_str(&key),
                            (struct sarn_str){bytes, FIXED_BYTES + command->text.size},
                            fold->record->position, fold->error);
}

sarn_status sarn__store_command(struct sarn__store *store,
                                uint32_t tenant,
                                struct sarn_str key,
                                struct sarn_arena *arena,
                                struct sarn__command_result *result,
                                uint64_t *position,
                                struct sarn_error *error)
{
    struct sarn__command_result found = {.status = 0};
    struct sarn__row_key row_key;
    struct sarn__row_view view = {.found = false};
    const char *bytes;

    if (key.size <= SARN_KEY_BYTES_MAX) {
        row_key = sarn__tenant_key(tenant, key);
        SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_KEYS,
                                    sarn__key_str(&row_key), &view, error));
    }
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no command with the idempotency key \"%.*s\" was recorded",
                          (int)key.size, key.data);
    }
    if (view.size < FIXED_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the row of idempotency key \"%.*s\" has %u bytes",
                          (int)key.size, key.data, view.size);
    }
    bytes = view.value;
    found.status = sarn__get_u32(bytes);
    found.event_count = sarn__get_u32(bytes + 4);
    memcpy(found.payload_hash, bytes + 8, sizeof(found.payload_hash));
    if (sarn_arena_copy(arena, key, &found.key) ||
        sarn_arena_copy(arena,
                        (struct sarn_str){bytes + FIXED_BYTES, view.size - FIXED_BYTES},
                        &found.text)) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for a command's result");
    }
    *position = view.position;
    *result = found;
    return SARN_OK;
}
