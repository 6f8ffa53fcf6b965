/* A log written as an archive, a slice at a time: copied on the dispatch thread, in one
 * or two short read transactions; checked against the chain on the caller's; turned
 * into the format on the dispatch thread again (JSON needs the decoder); and handed to
 * write() on the caller's, with nothing held. */
#include <string.h>

#include "core/fail.h"
#include "engine/archive.h"
#include "engine/archive_slice.h"
#include "engine/log_parts.h"

struct export
{
    sarn_log *log;
    struct sarn_export *to; /* The caller's, for the results. */
    struct sarn_export how;
    struct sarn_archive_end after; /* how.after may lie in the results. */
    struct sarn__archive_encoder encoder;
    struct sarn__archive_out out;
    struct sarn__slice *slice;
    struct sarn_uuid log_id;
    struct sarn_archive_end begin;
    uint64_t end;     /* Position of the last commit that is wanted. */
    uint64_t whole;   /* Bytes of out up to the end of the last commit in it. */
    uint64_t behind;  /* Bytes written behind the last commit that is. */
    uint32_t commits; /* In out. */
    struct sarn_error *error;
};

/* --- where to begin, and where to end: on the dispatch thread --- */

struct find {
    const struct sarn_hash *hash;
    struct sarn__commit commit;
    bool found;
    struct sarn_error *error;
};

static sarn_status keep_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct find *find = arg;

    SARN__TRY(
        sarn__commit_decode(position, value, find->hash, &find->commit, find->error));
    find->found = true;
    return SARN_ERR_OVERLOADED; /* One is enough: ends the visit. */
}

/* The commit that holds position. SARN_ERR_NOT_FOUND: there is none, and no sentence.
 */
SARN_MUST_USE static sarn_status
find_commit(struct export *export, uint64_t position, struct sarn__commit *commit)
{
    const struct sarn_journal *journal = &export->log->ports.journal;
    struct find find = {.hash = &export->log->ports.hash, .error = export->error};
    uint64_t next = position;

    while (next != 0 && !find.found) {
        sarn_status status = journal->ops->commits(journal->self, next, keep_commit,
                                                   &find, &next, export->error);

        if (status != SARN_OK && !find.found) {
            return status;
        }
    }
    if (!find.found) {
        return SARN_ERR_NOT_FOUND;
    }
    *commit = find.commit;
    return SARN_OK;
}

/* The commit that ends at position; zeros at 0. SARN_ERR_NOT_FOUND: none does. */
SARN_MUST_USE static sarn_status
find_end(struct export *export, uint64_t position, struct sarn_archive_end *end)
{
    struct sarn__commit commit;

    *end = (struct sarn_archive_end){.position = position};
    if (position == 0) {
        return SARN_OK;
    }
    SARN__TRY(find_commit(export, position, &commit));
    if (commit.last != position) {
        return SARN_ERR_NOT_FOUND;
    }
    end->time_us = commit.time_us;
    memcpy(end->hash, commit.hash, sizeof(end->hash));
    return SARN_OK;
}

SARN_MUST_USE static sarn_status
missing(const struct export *export, sarn_status status, uint64_t position)
{
    return status == SARN_ERR_NOT_FOUND
               ? sarn__fail(export->error, SARN_ERR_CORRUPT,
                            "the commit at position %llu is missing",
                            (unsigned long long)position)
               : status;
}

SARN_MUST_USE static sarn_status begin_behind(struct export *export)
{
    const struct sarn_archive_end *after = &export->after;
    sarn_status status = find_end(export, after->position, &export->begin);

    if (status == SARN_ERR_NOT_FOUND ||
        (status == SARN_OK &&
         memcmp(after->hash, export->begin.hash, sizeof(after->hash)) != 0)) {
        return sarn__fail(export->error, SARN_ERR_STATE,
                          "the log has another history than the archive that this one "
                          "is to follow, which ends at position %llu: is it another "
                          "log, or one restored to before that?",
                          (unsigned long long)after->position);
    }
    return status;
}

SARN_MUST_USE static sarn_status begin_with(struct export *export, uint64_t last)
{
    uint64_t from = export->how.from, behind = from <= 1 ? 0 : last;
    struct sarn__commit commit;

    if (from > 1 && from <= last) {
        SARN__TRY(missing(export, find_commit(export, from, &commit), from));
        behind = commit.first - 1;
    }
    return missing(export, find_end(export, behind, &export->begin), behind);
}

SARN_MUST_USE static sarn_status find_last(struct export *export, uint64_t last)
{
    uint64_t to = export->how.to;
    struct sarn__commit commit;

    export->end = last;
    if (to != 0 && to < last) {
        SARN__TRY(missing(export, find_commit(export, to, &commit), to));
        export->end = commit.last == to ? to : commit.first - 1;
    }
    return SARN_OK;
}

static sarn_status begin(void *arg)
{
    struct export *export = arg;
    sarn_log *log = export->log;
    const struct sarn_journal *journal = &log->ports.journal;
    struct sarn_journal_state state;
    uint64_t last;

    if (sarn__log_is_reader(log)) {
        SARN__TRY(sarn__log_refresh(log, export->error));
    }
    SARN__TRY(journal->ops->state(journal->self, &state, export->error));
    /* What is durable and folded: an encoder may ask the log for names. */
    last = state.last_position < log->store.position ? state.last_position
                                                     : log->store.position;
    export->log_id = state.log_id;
    SARN__TRY(export->how.after != NULL ? begin_behind(export)
                                        : begin_with(export, last));
    SARN__TRY(find_last(export, last));
    sarn__slice_begin(export->slice, &export->begin, export->end);
    return SARN_OK;
}

/* --- slices --- */

static sarn_status fill(void *arg)
{
    struct export *export = arg;

    return sarn__slice_fill(export->slice, &export->log->ports.journal, export->error);
}

SARN_MUST_USE static sarn_status encode_one(struct export *export,
                                            const struct sarn__archive_entry *entry)
{
    const struct sarn__archive_encoder *encoder = &export->encoder;

    SARN__TRY(encoder->ops->put(encoder->self, entry, &export->out, export->error));
    if (entry->kind != SARN__ARCHIVE_RECORD) {
        export->whole = export->out.size;
    }
    export->commits += entry->kind == SARN__ARCHIVE_COMMIT ? 1 : 0;
    return SARN_OK;
}

static sarn_status encode(void *arg)
{
    struct export *export = arg;

    for (uint32_t i = 0; i < export->slice->good; i++) {
        SARN__TRY(encode_one(export, &export->slice->entries[i]));
    }
    return SARN_OK;
}

static sarn_status encode_head(void *arg)
{
    struct export *export = arg;
    const struct sarn__archive_entry entry = {
        .kind = SARN__ARCHIVE_HEAD, .log_id = export->log_id, .end = export->begin};

    return encode_one(export, &entry);
}

static sarn_status encode_end(void *arg)
{
    struct export *export = arg;
    const struct sarn__archive_entry entry = {.kind = SARN__ARCHIVE_END,
                                              .position = export->to->end.position,
                                              .end = export->to->end};

    return encode_one(export, &entry);
}

/* Hand out to write(), and count what is whole now. */
SARN_MUST_USE static sarn_status write_out(struct export *export)
{
    struct sarn_export *to = export->to;
    sarn_status status = SARN_OK;

    if (export->out.size > 0) {
        status = export->how.write(export->how.arg, export->out.data, export->out.size);
    }
    if (status != SARN_OK) {
        return sarn__fail(export->error, status,
                          "the archive could not be written behind position %llu: %s",
                          (unsigned long long)to->end.position,
                          sarn_status_text(status));
    }
    if (export->whole > 0) {
        to->bytes += export->behind + export->whole;
        export->behind = 0;
    }
    export->behind += export->out.size - export->whole;
    to->commits += export->commits;
    to->end = export->slice->checked;
    to->events = to->end.position - export->begin.position;
    export->out.size = 0;
    export->whole = 0;
    export->commits = 0;
    return SARN_OK;
}

/* What encode puts into out, written. */
SARN_MUST_USE static sarn_status put(struct export *export,
                                     sarn_status (*encode_what)(void *arg))
{
    SARN__TRY(sarn__log_visit(export->log, encode_what, export, export->error));
    return write_out(export);
}

SARN_MUST_USE static sarn_status report(const struct export *export)
{
    const struct sarn_export *how = &export->how;
    uint64_t begin = export->begin.position;
    sarn_status status = SARN_OK;

    if (how->progress != NULL) {
        status = how->progress(how->arg, export->slice->next - 1 - begin,
                               export->end - begin);
    }
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(export->error, status,
                            "the export was ended by its progress handler behind "
                            "position %llu",
                            (unsigned long long)export->to->end.position);
}

SARN_MUST_USE static sarn_status put_slice(struct export *export)
{
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    sarn_status status;

    SARN__TRY(sarn__log_visit(export->log, fill, export, export->error));
    status = sarn__slice_check(export->slice, &export->log->ports.hash, &why);
    SARN__TRY(put(export, encode)); /* What is good is good. */
    return status == SARN_OK ? report(export)
                             : sarn__fail(export->error, status, "%s", why.text);
}

SARN_MUST_USE static sarn_status put_all(struct export *export)
{
    SARN__TRY(sarn__log_visit(export->log, begin, export, export->error));
    if (!export->how.resume) {
        SARN__TRY(put(export, encode_head));
    }
    export->to->end = export->begin;
    while (export->slice->next <= export->end) {
        SARN__TRY(put_slice(export));
    }
    return put(export, encode_end);
}

/* --- the call --- */

SARN_MUST_USE static sarn_status check_options(const struct sarn_export *how,
                                               struct sarn_error *error)
{
    if (how->write == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "the export has no write function: where should it go?");
    }
    if (how->format != SARN_ARCHIVE_BINARY && how->format != SARN_ARCHIVE_JSON_LINES) {
        return sarn__fail(error, SARN_ERR_INVALID, "there is no format %u of archives",
                          how->format);
    }
    if (how->resume && how->after == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "to go on with an archive, say in after where it ends");
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status run(struct export *export)
{
    sarn_status status;

    SARN__TRY((export->how.format == SARN_ARCHIVE_JSON_LINES
                   ? sarn__archive_json_encoder
                   : sarn__archive_binary_encoder)(export->log, &export->encoder,
                                                   export->error));
    status = put_all(export);
    export->encoder.ops->destroy(export->encoder.self);
    return status;
}

sarn_status
sarn_log_export(sarn_log *log, struct sarn_export *out, struct sarn_error *error)
{
    const struct sarn_heap *heap = &log->ports.heap;
    struct export export = {
        .log = log, .to = out, .out = {.heap = *heap}, .error = error};
    sarn_status status;

    SARN__TRY(
        sarn__log_take(&export.how, sizeof(export.how), out, "sarn_export", error));
    SARN__TRY(check_options(&export.how, error));
    if (export.how.after != NULL) {
        export.after = *export.how.after;
    }
    out->commits = out->events = out->bytes = 0;
    out->end = (struct sarn_archive_end){.position = 0};
    SARN__TRY(sarn__slice_create(heap, &export.slice, error));
    status = run(&export);
    sarn__archive_out_done(&export.out);
    sarn__slice_destroy(export.slice, heap);
    return status;
}
