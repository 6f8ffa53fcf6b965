#include <string.h>

#include "core/fail.h"
#include "engine/log_parts.h"

/* --- one stream --- */

/* Fill info for a stream that exists; its strings are in arena or the caller's. */
static sarn_status describe(struct sarn_log *log,
                            uint32_t tenant,
                            struct sarn_str name,
                            struct sarn_arena *arena,
                            struct sarn_stream_info *info,
                            struct sarn_error *error)
{
    struct sarn_stream_info made = {.name = name, .tenant = tenant};
    struct sarn_error why = {SARN_OK, ""};
    struct sarn__head head;
    sarn_status status;

    SARN__TRY(sarn__store_head(&log->store, tenant, name, &head, error));
    if (head.number == 0) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "stream '%.*s' of tenant %u does not exist", (int)name.size,
                          name.data, tenant);
    }
    made.deleted = head.deleted;
    made.number = head.number;
    made.version = head.version;
    made.last_position = head.last_position;
    status =
        sarn__store_metadata(&log->store, head.number, arena, &made.metadata, &why);
    if (status != SARN_OK && status != SARN_ERR_NOT_FOUND) {
        return sarn__fail(error, status, "%s", why.text);
    }
    *info = made;
    return SARN_OK;
}

struct stream_call {
    struct sarn_log *log;
    uint32_t tenant;
    struct sarn_str name;
    struct sarn_arena *arena;
    struct sarn_stream_info *info;
    struct sarn_error *error;
};

static sarn_status stream_call(void *arg)
{
    struct stream_call *call = arg;
    struct sarn_str name;

    if (call->name.size == 0 || call->name.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fail(call->error, SARN_ERR_INVALID,
                          "a stream's name has 1 to %u bytes",
                          SARN_STREAM_NAME_BYTES_MAX);
    }
    if (sarn_arena_copy(call->arena, call->name, &name) != SARN_OK) {
        return sarn__fail(call->error, SARN_ERR_NOMEM, "out of memory for a stream");
    }
    return describe(call->log, call->tenant, name, call->arena, call->info,
                    call->error);
}

sarn_status sarn_log_stream(sarn_log *log,
                            uint32_t tenant,
                            struct sarn_str name,
                            struct sarn_arena *arena,
                            struct sarn_stream_info *info,
                            struct sarn_error *error)
{
    struct stream_call call = {log, tenant, name, arena, info, error};

    return sarn__log_visit(log, stream_call, &call, error);
}

/* --- all of them --- */

#define SLICE_NAMES 256u

struct found {
    uint32_t tenant;
    struct sarn_str name;
};

/* A slice of names; the store may not be asked while it hands them out. */
struct listing {
    struct sarn_log *log;
    struct sarn_str prefix;
    sarn_stream_fn *handler;
    void *arg;
    struct sarn_error *error;
    struct sarn_arena *arena; /* Of the slice. */
    struct sarn_arena *info_arena;
    struct found found[SLICE_NAMES];
    uint32_t count;
    bool more; /* Behind the slice there may be names. */
    /* Where the next slice begins: at, or after, this name. */
    uint32_t tenant;
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
    uint32_t name_size;
};

static int compare(struct sarn_str a, struct sarn_str b)
{
    uint32_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool begins_with(struct sarn_str name, struct sarn_str prefix)
{
    return name.size >= prefix.size &&
           compare((struct sarn_str){name.data, prefix.size}, prefix) == 0;
}

static void begin_at(struct listing *listing, uint32_t tenant, struct sarn_str name)
{
    listing->more = true;
    listing->tenant = tenant;
    if (name.size > 0) {
        memcpy(listing->name, name.data, name.size);
    }
    listing->name_size = name.size;
}

/* Take names of the prefix; leap over the rest of a tenant, and to the prefix in the
 * next one. */
static sarn_status
take(void *arg, uint32_t tenant, struct sarn_str name, uint64_t number)
{
    struct listing *listing = arg;
    struct found *found = &listing->found[listing->count];

    (void)number;
    if (!begins_with(name, listing->prefix)) {
        bool past = compare(name, listing->prefix) > 0;

        if (past && tenant == UINT32_MAX) {
            return SARN_ERR_FULL; /* And nothing more. */
        }
        begin_at(listing, past ? tenant + 1 : tenant, listing->prefix);
        return SARN_ERR_FULL;
    }
    if (listing->count == SLICE_NAMES) {
        begin_at(listing, tenant, name);
        return SARN_ERR_FULL;
    }
    found->tenant = tenant;
    SARN__TRY(sarn_arena_copy(listing->arena, name, &found->name));
    listing->count += 1;
    return SARN_OK;
}

static sarn_status hand_out(struct listing *listing)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        const struct found *found = &listing->found[i];
        struct sarn_stream_info info;
        sarn_status status;

        sarn_arena_reset(listing->info_arena);
        SARN__TRY(describe(listing->log, found->tenant, found->name,
                           listing->info_arena, &info, listing->error));
        status = listing->handler(listing->arg, &info);
        if (status != SARN_OK) {
            return sarn__fail(listing->error, status,
                              "the handler ended the list of streams at '%.*s': %s",
                              (int)found->name.size, found->name.data,
                              sarn_status_text(status));
        }
    }
    return SARN_OK;
}

static sarn_status list(struct listing *listing)
{
    sarn_status status;

    begin_at(listing, 0, listing->prefix);
    while (listing->more) {
        struct sarn_str from = {listing->name, listing->name_size};

        sarn_arena_reset(listing->arena);
        listing->count = 0;
        listing->more = false;
        status = sarn__store_names(&listing->log->store, listing->tenant, from, take,
                                   listing, listing->error);
        if (status == SARN_ERR_NOMEM) {
            return sarn__fail(listing->error, status, "out of memory for the streams");
        }
        if (status != SARN_OK && status != SARN_ERR_FULL) {
            return status;
        }
        SARN__TRY(hand_out(listing));
    }
    return SARN_OK;
}

static sarn_status streams_call(void *arg)
{
    struct listing *listing = arg;
    const struct sarn_heap *heap = &listing->log->ports.heap;
    sarn_status status;

    if (listing->prefix.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fail(listing->error, SARN_ERR_INVALID,
                          "a stream's name has 1 to %u bytes",
                          SARN_STREAM_NAME_BYTES_MAX);
    }
    listing->arena = sarn_arena_create(heap);
    listing->info_arena = sarn_arena_create(heap);
    status = listing->arena == NULL || listing->info_arena == NULL
                 ? sarn__fail(listing->error, SARN_ERR_NOMEM,
                              "out of memory for the streams")
                 : list(listing);
    sarn_arena_destroy(listing->arena);
    sarn_arena_destroy(listing->info_arena);
    return status;
}

sarn_status sarn_log_streams(sarn_log *log,
                             struct sarn_str prefix,
                             sarn_stream_fn *handler,
                             void *arg,
                             struct sarn_error *error)
{
    struct listing listing = {
        .log = log, .prefix = prefix, .handler = handler, .arg = arg, .error = error};

    return sarn__log_visit(log, streams_call, &listing, error);
}
