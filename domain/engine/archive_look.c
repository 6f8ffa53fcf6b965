/* What an archive holds, and how much of it is good. */
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/archive_walk.h"
#include "engine/verify.h"

#define SOURCE_BYTES (64u * 1024)

/* --- from a source --- */

SARN_MUST_USE static sarn_status read_all(struct sarn__archive_reader *reader,
                                          char *buffer,
                                          sarn_source_fn *source,
                                          void *source_arg,
                                          sarn__archive_entry_fn *visit,
                                          void *arg,
                                          struct sarn_error *error)
{
    while (!sarn__archive_reader_ended(reader)) {
        size_t size = SOURCE_BYTES;
        sarn_status status = source(source_arg, buffer, &size);

        if (status != SARN_OK) {
            return sarn__fail(error, status, "the archive could not be read: %s",
                              sarn_status_text(status));
        }
        if (size > SOURCE_BYTES) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "the archive's source gave %zu bytes where %u fit", size,
                              SOURCE_BYTES);
        }
        if (size == 0) {
            break;
        }
        SARN__TRY(sarn__archive_reader_feed(
            reader, (struct sarn_str){buffer, (uint32_t)size}, visit, arg, error));
    }
    return sarn__archive_reader_end(reader, error);
}

sarn_status sarn__archive_read(struct sarn__archive_reader *reader,
                               const struct sarn_heap *heap,
                               sarn_source_fn *source,
                               void *source_arg,
                               sarn__archive_entry_fn *visit,
                               void *arg,
                               struct sarn_error *error)
{
    char *buffer = sarn__heap_resize(heap, NULL, SOURCE_BYTES); /* Not zeroed. */
    sarn_status status;

    if (buffer == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for reading an archive");
    }
    status = read_all(reader, buffer, source, source_arg, visit, arg, error);
    sarn__heap_free(heap, buffer);
    return status;
}

/* --- looking --- */

struct look {
    struct sarn__archive_reader *reader;
    struct sarn__verify *verify;
    struct sarn_archive_info info;
    uint64_t open; /* Records whose commit is still to come. */
    bool headed;
    char finding[SARN_ERROR_TEXT_BYTES]; /* The first that verify had. */
    struct sarn_error why;               /* It is no good from here on. */
};

static void keep_first(void *arg, const char *text)
{
    struct look *look = arg;
    struct sarn_error first;

    if (look->finding[0] == '\0') {
        (void)!sarn__fail(&first, SARN_ERR_CORRUPT, "%s", text);
        memcpy(look->finding, first.text, sizeof(look->finding));
    }
}

SARN_MUST_USE static sarn_status judge(struct look *look, sarn_status status)
{
    return status == SARN_OK && look->finding[0] != '\0'
               ? sarn__fail(&look->why, SARN_ERR_CORRUPT, "%s", look->finding)
               : status;
}

static sarn_status see_head(struct look *look, const struct sarn__archive_entry *entry)
{
    look->headed = true;
    look->info.log_id = entry->log_id;
    look->info.begin = entry->end;
    look->info.end = entry->end;
    look->info.bytes = sarn__archive_reader_bytes(look->reader);
    if (entry->end.position != 0) {
        sarn__verify_begin(look->verify, &entry->end);
    }
    return SARN_OK;
}

static sarn_status see_record(struct look *look,
                              const struct sarn__archive_entry *entry)
{
    if (look->open == SARN__VERIFY_UNCOVERED_MAX) {
        return sarn__fail(&look->why, SARN_ERR_CORRUPT,
                          "the records behind position %llu have no commit",
                          (unsigned long long)look->info.end.position);
    }
    look->open += 1;
    return judge(look, sarn__verify_record(look->verify, entry->position, entry->bytes,
                                           &look->why));
}

static sarn_status see_commit(struct look *look,
                              const struct sarn__archive_entry *entry)
{
    SARN__TRY(judge(look, sarn__verify_commit(look->verify, entry->position,
                                              entry->bytes, &look->why)));
    sarn__verify_where(look->verify, &look->info.end);
    look->info.commits += 1;
    look->info.events += look->open;
    look->info.bytes = sarn__archive_reader_bytes(look->reader);
    look->open = 0;
    return SARN_OK;
}

static sarn_status see_end(struct look *look, const struct sarn__archive_entry *entry)
{
    const struct sarn_archive_end *end = &look->info.end;

    if (look->open != 0 || entry->end.position != end->position ||
        entry->end.time_us != end->time_us ||
        memcmp(entry->end.hash, end->hash, sizeof(end->hash)) != 0) {
        return sarn__fail(&look->why, SARN_ERR_CORRUPT,
                          "the end mark is that of position %llu, and the archive ends "
                          "with the commit at position %llu",
                          (unsigned long long)entry->end.position,
                          (unsigned long long)end->position);
    }
    look->info.complete = true;
    return SARN_OK;
}

static sarn_status see(void *arg, const struct sarn__archive_entry *entry)
{
    struct look *look = arg;

    switch (entry->kind) {
    case SARN__ARCHIVE_HEAD:
        return see_head(look, entry);
    case SARN__ARCHIVE_RECORD:
        return see_record(look, entry);
    case SARN__ARCHIVE_COMMIT:
        return see_commit(look, entry);
    case SARN__ARCHIVE_END:
        return see_end(look, entry);
    }
    return SARN_ERR_INVALID;
}

SARN_MUST_USE static sarn_status look_through(struct look *look,
                                              const struct sarn_ports *ports,
                                              sarn_source_fn *source,
                                              void *arg,
                                              struct sarn_error *error)
{
    sarn_status status = sarn__archive_read(look->reader, &ports->heap, source, arg,
                                            see, look, &look->why);

    look->info.format = (uint32_t)sarn__archive_reader_format(look->reader);
    if (status == SARN_ERR_CORRUPT && look->headed) {
        memcpy(look->info.why, look->why.text, sizeof(look->info.why));
        return SARN_OK;
    }
    return status == SARN_OK ? SARN_OK
                             : sarn__fail(error, status, "%s", look->why.text);
}

sarn_status sarn__archive_look(const struct sarn_ports *ports,
                               sarn_source_fn *source,
                               void *arg,
                               struct sarn_archive_info *info,
                               struct sarn_error *error)
{
    struct look look = {.info = SARN_ARCHIVE_INFO_INIT};
    sarn_status status;

    SARN__TRY(sarn__archive_reader_create(ports, &look.reader, error));
    status = sarn__verify_create(&ports->hash, &ports->heap, keep_first, &look,
                                 &look.verify, error);
    if (status == SARN_OK) {
        status = look_through(&look, ports, source, arg, error);
    }
    sarn__verify_destroy(look.verify);
    sarn__archive_reader_destroy(look.reader);
    if (status == SARN_OK) {
        *info = look.info;
    }
    return status;
}
