/* open.c - the composition root: which implementation stands behind which port.
 *
 * Nothing else in the tree knows two infra folders at once, but for the host that is
 * put around the engine here.
 */
#define _GNU_SOURCE

#include <string.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/flatbuffers/codec.h"
#include "infra/host/host.h"
#include "infra/lmdb/lmdb_journal.h"
#include "infra/openssl/digest.h"
#include "infra/posix/clock.h"
#include "infra/posix/process.h"
#include "infra/posix/random.h"
#include "infra/posix/zones.h"
#include "infra/xxhash/checksum.h"
#include "infra/yajl/json.h"

#define WORKERS   8u
#define CACHE     (UINT64_C(32) * 1024 * 1024)
#define QUEUE_MAX 65536u
#define TAIL_MAX  32768u

/* Where a process may not have the address space that is the default: under valgrind, a
 * sanitizer or a limit. Room enough for what runs there. */
#define SMALL_MAP (UINT64_C(32) << 30)

#define OPEN_FLAGS                                                                     \
    (SARN_OPEN_EXISTING | SARN_OPEN_TAKEOVER | SARN_OPEN_WAIT | SARN_OPEN_CONTROL)

/* What an open log stands on beside its journal; released last. */
struct grounds {
    struct sarn_heap heap;
    struct sarn__openssl *openssl;
    uint32_t module_count;
    const struct sarn_module *modules[]; /* The caller's array may go. */
};

static const struct sarn_hash_ops hash_ops = {
    .checksum =
        sarn__xxhash_checksum, /* Looks at no instance, so they can share one. */
    .digest = sarn__openssl_digest,
};

static void release_grounds(void *arg)
{
    struct grounds *grounds = arg;
    struct sarn_heap heap = grounds->heap;

    sarn__openssl_destroy(grounds->openssl);
    sarn__heap_free(&heap, grounds);
}

static sarn_status check_modules(const struct sarn_module *const *modules,
                                 uint32_t count,
                                 struct sarn_error *error)
{
    if (count > 0 && modules == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module_count is %u, but modules is NULL", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (modules[i] == NULL) {
            return sarn__fail(error, SARN_ERR_INVALID, "modules[%u] is NULL", i);
        }
    }
    return SARN_OK;
}

static sarn_status make_grounds(const struct sarn_heap *heap,
                                const struct sarn_module *const *modules,
                                uint32_t count,
                                struct grounds **grounds,
                                struct sarn_error *error)
{
    struct grounds *made;
    sarn_status status;

    SARN__TRY(check_modules(modules, count, error));
    made = sarn__heap_alloc(heap, sizeof(*made) + count * sizeof(made->modules[0]));
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u modules", count);
    }
    made->heap = *heap;
    made->module_count = count;
    for (uint32_t i = 0; i < count; i++) {
        made->modules[i] = modules[i];
    }
    status = sarn__openssl_create(heap, &made->openssl, error);
    if (status != SARN_OK) {
        sarn__heap_free(heap, made);
        return status;
    }
    *grounds = made;
    return SARN_OK;
}

/* Every port but the journal. */
static struct sarn_ports make_ports(struct grounds *grounds)
{
    return (struct sarn_ports){
        .codec = sarn__flatbuffers_codec(),
        .json = sarn__yajl_json(),
        .hash = {.ops = &hash_ops, .self = grounds->openssl},
        .clock = sarn__posix_clock(),
        .random = sarn__posix_random(),
        .zones = sarn__posix_zones(),
        .heap = grounds->heap,
    };
}

static sarn_status check_path(const char *path, struct sarn_error *error)
{
    if (path == NULL || path[0] == '\0') {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "no path was given: name the log's file, such as \"bank.sarn\"");
    }
    return SARN_OK;
}

/* With the map that was asked for, or else the largest that can be had. */
static sarn_status open_lmdb(struct sarn__lmdb_options *lmdb,
                             struct sarn_journal *journal,
                             struct sarn_error *error)
{
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status = sarn__lmdb_open(lmdb, journal, &why);

    if (status == SARN_ERR_NOMEM && lmdb->map_bytes == 0) {
        lmdb->map_bytes = SMALL_MAP;
        status = sarn__lmdb_open(lmdb, journal, &why);
    }
    return status == SARN_OK ? SARN_OK : sarn__fail(error, status, "%s", why.text);
}

/* --- opening to write --- */

static sarn_status check_options(const struct sarn_options *options,
                                 struct sarn_error *error)
{
    if ((options->flags & ~OPEN_FLAGS) != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "flags 0x%x are unknown to this version: use SARN_OPEN_x",
                          options->flags & ~OPEN_FLAGS);
    }
    if (options->workers > SARN__WORKERS_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "%u workers are over the limit of %u", options->workers,
                          SARN__WORKERS_MAX);
    }
    return SARN_OK;
}

/* The caller's options, checked, with the defaults filled in. */
static sarn_status fill_options(const struct sarn_options *given,
                                struct sarn_options *options,
                                struct sarn_error *error)
{
    *options = (struct sarn_options)SARN_OPTIONS_INIT;
    if (given != NULL) {
        SARN__TRY(sarn__sized_copy(options, sizeof(*options), sizeof(*options), given,
                                   "sarn_options", error));
    }
    SARN__TRY(check_options(options, error));
    options->workers = options->workers != 0 ? options->workers : WORKERS;
    options->cache_bytes = options->cache_bytes != 0 ? options->cache_bytes : CACHE;
    options->queue_max = options->queue_max != 0 ? options->queue_max : QUEUE_MAX;
    options->tail_max = options->tail_max != 0 ? options->tail_max : TAIL_MAX;
    options->heap = sarn__heap_or_malloc(&options->heap);
    return SARN_OK;
}

/* A UUIDv7 for a file that does not exist yet. */
static sarn_status make_log_id(const struct sarn_ports *ports,
                               struct sarn_uuid *id,
                               struct sarn_error *error)
{
    uint64_t ms = (uint64_t)ports->clock.ops->now_us(ports->clock.self) / 1000;

    if (ports->random.ops->fill(ports->random.self, id->bytes, sizeof(id->bytes)) !=
        SARN_OK) {
        return sarn__fail(error, SARN_ERR_IO,
                          "the system has no randomness to make ids from");
    }
    for (uint32_t i = 0; i < 6; i++) {
        id->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    id->bytes[6] = (uint8_t)(0x70 | (id->bytes[6] & 0x0f));
    id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3f));
    return SARN_OK;
}

static sarn_status open_journal(const char *path,
                                const struct sarn_options *options,
                                struct sarn_ports *ports,
                                struct sarn_error *error)
{
    struct sarn__lmdb_options lmdb = {
        .path = path,
        .existing = (options->flags & SARN_OPEN_EXISTING) != 0,
        .takeover = (options->flags & SARN_OPEN_TAKEOVER) != 0,
        .map_bytes = options->map_bytes,
        .now_us = ports->clock.ops->now_us(ports->clock.self),
        .process = sarn__posix_process(),
        .hash = ports->hash,
        .heap = ports->heap,
    };

    SARN__TRY(make_log_id(ports, &lmdb.log_id, error));
    return open_lmdb(&lmdb, &ports->journal, error);
}

static sarn_status make_engine(const char *path,
                               const struct sarn_options *options,
                               struct sarn_ports ports,
                               sarn_engine **engine,
                               struct sarn_error *error)
{
    char host[256] = "";
    struct sarn__engine_config config = {.options = *options,
                                         .pid = (uint32_t)getpid()};
    sarn_status status;

    if (gethostname(host, sizeof(host) - 1) == 0) {
        config.host = sarn_str(host);
    }
    SARN__TRY(open_journal(path, options, &ports, error));
    config.ports = ports;
    status = sarn__engine_create(&config, engine, error);
    if (status != SARN_OK) {
        ports.journal.ops->close(ports.journal.self);
    }
    return status;
}

sarn_status sarn_open(const char *path,
                      const struct sarn_options *given,
                      sarn_engine **engine,
                      struct sarn_error *error)
{
    struct sarn_options options;
    struct grounds *grounds;
    struct sarn__host *host = NULL;
    sarn_engine *made = NULL;
    sarn_status status;

    SARN__TRY(check_path(path, error));
    SARN__TRY(fill_options(given, &options, error));
    SARN__TRY(make_grounds(&options.heap, options.modules, options.module_count,
                           &grounds, error));
    options.modules = grounds->modules;
    status = sarn__host_create(&options, &host, error);
    if (status == SARN_OK) {
        status = make_engine(path, &options, make_ports(grounds), &made, error);
    }
    if (status != SARN_OK) {
        if (host != NULL) {
            sarn__host_destroy(host);
        }
        release_grounds(grounds);
        return status;
    }
    sarn__host_attach(host, made, release_grounds, grounds);
    if ((options.flags & SARN_OPEN_CONTROL) != 0) {
        status = sarn__host_serve(host, path, error);
        if (status != SARN_OK) {
            sarn_close(made);
            return status;
        }
    }
    *engine = made;
    return SARN_OK;
}

/* --- opening without an engine --- */

sarn_status sarn__bare_make_id(struct sarn_uuid *id, struct sarn_error *error)
{
    const struct sarn_ports ports = {.clock = sarn__posix_clock(),
                                     .random = sarn__posix_random()};

    return make_log_id(&ports, id, error);
}

sarn_status sarn__bare_open(const char *path,
                            const struct sarn_uuid *log_id,
                            int64_t created_us,
                            struct sarn__bare *bare,
                            struct sarn_error *error)
{
    const struct sarn_heap heap = sarn__heap_or_malloc(NULL);
    struct sarn__lmdb_options lmdb = {.path = path,
                                      .log_id = *log_id,
                                      .now_us = created_us,
                                      .process = sarn__posix_process()};
    struct grounds *grounds;
    struct sarn_ports ports;
    sarn_status status;

    SARN__TRY(make_grounds(&heap, NULL, 0, &grounds, error));
    ports = make_ports(grounds);
    lmdb.hash = ports.hash;
    lmdb.heap = ports.heap;
    status = open_lmdb(&lmdb, &ports.journal, error);
    if (status != SARN_OK) {
        release_grounds(grounds);
        return status;
    }
    *bare = (struct sarn__bare){ports, grounds};
    return SARN_OK;
}

void sarn__bare_close(struct sarn__bare *bare)
{
    bare->ports.journal.ops->close(bare->ports.journal.self);
    release_grounds(bare->grounds);
}

/* --- opening to read --- */

struct reader {
    struct sarn_log log;
    struct grounds *grounds;
};

static void release_reader(struct sarn_log *log)
{
    struct reader *reader = (struct reader *)(void *)log; /* Its first member. */
    struct grounds *grounds = reader->grounds;
    struct sarn_journal journal = log->ports.journal;

    journal.ops->close(journal.self);
    sarn__heap_free(&grounds->heap, reader);
    release_grounds(grounds);
}

static sarn_status make_reader(const char *path,
                               struct grounds *grounds,
                               struct reader **reader,
                               struct sarn_error *error)
{
    struct reader *made = sarn__heap_alloc(&grounds->heap, sizeof(*made));
    struct sarn__lmdb_options lmdb = {.path = path,
                                      .read_only = true,
                                      .existing = true,
                                      .process = sarn__posix_process()};
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a log");
    }
    made->grounds = grounds;
    made->log.ports = make_ports(grounds);
    made->log.release = release_reader;
    lmdb.hash = made->log.ports.hash;
    lmdb.heap = grounds->heap;
    status = open_lmdb(&lmdb, &made->log.ports.journal, error);
    if (status != SARN_OK) {
        sarn__heap_free(&grounds->heap, made);
        return status;
    }
    *reader = made;
    return SARN_OK;
}

sarn_status sarn_log_open(const char *path,
                          const struct sarn_log_options *given,
                          sarn_log **log,
                          struct sarn_error *error)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct grounds *grounds;
    struct reader *reader;
    sarn_status status;

    SARN__TRY(check_path(path, error));
    if (given != NULL) {
        SARN__TRY(sarn__sized_copy(&options, sizeof(options), sizeof(options), given,
                                   "sarn_log_options", error));
    }
    options.heap = sarn__heap_or_malloc(&options.heap);
    SARN__TRY(make_grounds(&options.heap, options.modules, options.module_count,
                           &grounds, error));
    status = make_reader(path, grounds, &reader, error);
    if (status != SARN_OK) {
        release_grounds(grounds);
        return status;
    }
    status = sarn__log_init(&reader->log, grounds->modules, grounds->module_count,
                            false, NULL, NULL, error);
    if (status != SARN_OK) {
        sarn__log_done(&reader->log);
        release_reader(&reader->log);
        return status;
    }
    *log = &reader->log;
    return SARN_OK;
}

void sarn_log_close(sarn_log *log)
{
    if (log != NULL && log->release != NULL) {
        sarn__log_done(log);
        log->release(log);
    }
}
