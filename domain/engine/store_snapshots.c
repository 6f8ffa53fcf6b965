/* Snapshots: hints, never trusted without their tags. They are not folded from events
 * but noted down by the engine, under the position of the last event in them.
 *
 * SNAPSHOTS: number -> 0 u64 version, 8 u64 schema_hash, 16 u32 apply_version, 20 four
 * zero bytes, 24 the state. */
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/store_parts.h"

#define FIXED_BYTES 24u

sarn_status sarn__store_snapshot(struct sarn__store *store,
                                 uint64_t number,
                                 struct sarn_arena *arena,
                                 struct sarn__snapshot *snapshot,
                                 struct sarn_error *error)
{
    struct sarn__row_key key = sarn__number_key(number);
    struct sarn__snapshot found;
    struct sarn__row_view view;
    const char *bytes;

    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_SNAPSHOTS,
                                sarn__key_str(&key), &view, error));
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "stream %llu has no snapshot",
                          (unsigned long long)number);
    }
    if (view.size < FIXED_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the snapshot of stream %llu has %u bytes",
                          (unsigned long long)number, view.size);
    }
    bytes = view.value;
    found = (struct sarn__snapshot){.version = sarn__get_u64(bytes),
                                    .position = view.position,
                                    .schema_hash = sarn__get_u64(bytes + 8),
                                    .apply_version = sarn__get_u32(bytes + 16)};
    if (sarn_arena_copy(arena,
                        (struct sarn_str){bytes + FIXED_BYTES, view.size - FIXED_BYTES},
                        &found.state)) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a snapshot");
    }
    *snapshot = found;
    return SARN_OK;
}

sarn_status sarn__store_put_snapshot(struct sarn__store *store,
                                     uint64_t number,
                                     const struct sarn__snapshot *snapshot,
                                     struct sarn_error *error)
{
    struct sarn__row_key key = sarn__number_key(number);
    struct sarn__row_view view;
    size_t size = FIXED_BYTES + (size_t)snapshot->state.size;
    char *bytes;

    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_SNAPSHOTS,
                                sarn__key_str(&key), &view, error));
    if (view.position >= snapshot->position) {
        return SARN_OK; /* There is a later one, or the stream was deleted since. */
    }
    sarn_arena_reset(store->scratch);
    bytes = sarn_arena_alloc(store->scratch, size);
    if (bytes == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a snapshot");
    }
    sarn__put_u64(bytes, snapshot->version);
    sarn__put_u64(bytes + 8, snapshot->schema_hash);
    sarn__put_u32(bytes + 16, snapshot->apply_version);
    if (snapshot->state.size > 0) {
        memcpy(bytes + FIXED_BYTES, snapshot->state.data, snapshot->state.size);
    }
    return sarn__tables_put(store->tables, SARN__TABLE_SNAPSHOTS, sarn__key_str(&key),
                            (struct sarn_str){bytes, (uint32_t)size},
                            snapshot->position, error);
}
