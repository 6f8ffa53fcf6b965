/* An archive into a journal: what the journal has already is compared and skipped, the
 * rest goes through engine/rebuild.h. */
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/archive_walk.h"
#include "engine/commit.h"
#include "engine/rebuild.h"

#define PROGRESS_EVERY 4096u

struct import {
    struct sarn_ports ports; /* With the journal, once it is open. */
    sarn__archive_open_fn *open;
    void *open_arg;
    struct sarn_import *in;
    struct sarn__rebuild *rebuild; /* NULL: no head was read. */
    struct sarn_archive_end end;   /* Of the archive, as far as it was read. */
    uint64_t had, had_commits;     /* The journal ended there, with so many. */
    uint64_t done;                 /* Events read. */
    bool stopped;                  /* At in->to, or its time. */
    struct sarn_error *error;
};

/* --- what the journal has --- */

static sarn_status copy_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct sarn__archive_entry *found = arg;

    found->position = position;
    if (value.size == SARN__COMMIT_BYTES) {
        memcpy((void *)(uintptr_t)found->bytes.data, value.data, SARN__COMMIT_BYTES);
    }
    return SARN_ERR_OVERLOADED; /* One is enough: ends the visit. */
}

SARN_MUST_USE static sarn_status part(const struct import *import, uint64_t position)
{
    return sarn__fail(
        import->error, SARN_ERR_STATE,
        "the log and the archive part at position %llu: they share an id, "
        "but not their history; nothing of the archive was taken over",
        (unsigned long long)position);
}

/* A commit that the journal should have. */
SARN_MUST_USE static sarn_status compare(const struct import *import,
                                         const struct sarn__archive_entry *entry)
{
    const struct sarn_journal *journal = &import->ports.journal;
    uint64_t bytes[SARN__COMMIT_BYTES / 8] = {0}, next = 0;
    struct sarn__archive_entry found = {.bytes = {(char *)bytes, sizeof(bytes)}};
    sarn_status status = journal->ops->commits(
        journal->self, entry->position, copy_commit, &found, &next, import->error);

    if (status != SARN_OK && status != SARN_ERR_OVERLOADED) {
        return status;
    }
    if (found.position != entry->position || entry->bytes.size != sizeof(bytes) ||
        memcmp(bytes, entry->bytes.data, sizeof(bytes)) != 0) {
        return part(import, entry->position);
    }
    return SARN_OK;
}

/* --- the entries --- */

/* Where the archive begins, the log must be, or be further. */
SARN_MUST_USE static sarn_status check_begin(const struct import *import,
                                             const struct sarn_archive_end *begin)
{
    const struct sarn_archive_end *end = sarn__rebuild_end(import->rebuild);

    if (begin->position > end->position) {
        return sarn__fail(import->error, SARN_ERR_STATE,
                          "the archive begins behind position %llu and the log ends at "
                          "%llu: import the archive of what is between first",
                          (unsigned long long)begin->position,
                          (unsigned long long)end->position);
    }
    if (begin->position == end->position &&
        memcmp(begin->hash, end->hash, sizeof(end->hash)) != 0) {
        return part(import, begin->position);
    }
    return SARN_OK;
}

static sarn_status take_head(struct import *import,
                             const struct sarn__archive_entry *entry)
{
    struct sarn_journal *journal = &import->ports.journal;
    struct sarn_journal_state state;

    SARN__TRY(import->open(import->open_arg, entry, journal, import->error));
    SARN__TRY(journal->ops->state(journal->self, &state, import->error));
    SARN__TRY(sarn__rebuild_create(&import->ports, import->in->progress,
                                   import->in->arg, &import->rebuild, import->error));
    import->end = entry->end;
    import->had = sarn__rebuild_end(import->rebuild)->position;
    import->had_commits = state.commits;
    return check_begin(import, &entry->end);
}

SARN_MUST_USE static sarn_status report(struct import *import)
{
    const struct sarn_import *in = import->in;
    sarn_status status = SARN_OK;

    import->done += 1;
    if (in->progress != NULL && import->done % PROGRESS_EVERY == 0) {
        status = in->progress(in->arg, import->done, 0);
    }
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(import->error, status,
                            "the import was ended by its progress handler");
}

static sarn_status take_record(struct import *import,
                               const struct sarn__archive_entry *entry)
{
    SARN__TRY(report(import));
    if (entry->position <= import->had) {
        return SARN_OK;
    }
    if (import->end.position < import->had) {
        return part(import, import->had); /* No commit of the archive ends there. */
    }
    if (import->in->to != 0 && entry->position > import->in->to) {
        import->stopped = true;
        return SARN_ERR_OVERLOADED; /* Ends the reading. */
    }
    return sarn__rebuild_record(import->rebuild, entry->position, entry->bytes,
                                import->error);
}

static sarn_status take_commit(struct import *import,
                               const struct sarn__archive_entry *entry)
{
    const struct sarn_import *in = import->in;
    struct sarn__commit commit;

    SARN__TRY(sarn__commit_decode(entry->position, entry->bytes, &import->ports.hash,
                                  &commit, import->error));
    if ((in->to != 0 && commit.last > in->to) ||
        (in->to_time_us != 0 && commit.time_us > in->to_time_us)) {
        import->stopped = true;
        return SARN_ERR_OVERLOADED;
    }
    if (commit.last <= import->had) {
        SARN__TRY(compare(import, entry));
    } else {
        SARN__TRY(sarn__rebuild_commit(import->rebuild, entry->position, entry->bytes,
                                       import->error));
    }
    import->end =
        (struct sarn_archive_end){.position = commit.last, .time_us = commit.time_us};
    memcpy(import->end.hash, commit.hash, sizeof(import->end.hash));
    return SARN_OK;
}

static sarn_status take_end(struct import *import,
                            const struct sarn__archive_entry *entry)
{
    const struct sarn_archive_end *end = &import->end;

    if (entry->end.position != end->position || entry->end.time_us != end->time_us ||
        memcmp(entry->end.hash, end->hash, sizeof(end->hash)) != 0) {
        return sarn__fail(import->error, SARN_ERR_CORRUPT,
                          "the end mark is that of position %llu, and the archive ends "
                          "with the commit at position %llu",
                          (unsigned long long)entry->end.position,
                          (unsigned long long)end->position);
    }
    import->in->complete = true;
    return SARN_OK;
}

static sarn_status take(void *arg, const struct sarn__archive_entry *entry)
{
    struct import *import = arg;

    switch (entry->kind) {
    case SARN__ARCHIVE_HEAD:
        return take_head(import, entry);
    case SARN__ARCHIVE_RECORD:
        return take_record(import, entry);
    case SARN__ARCHIVE_COMMIT:
        return take_commit(import, entry);
    case SARN__ARCHIVE_END:
        return take_end(import, entry);
    }
    return SARN_ERR_INVALID;
}

/* --- the whole of it --- */

/* Read to the end, or to where it was to stop. */
SARN_MUST_USE static sarn_status read_archive(struct import *import)
{
    const struct sarn_import *in = import->in;
    struct sarn__archive_reader *reader;
    bool cut_off;
    sarn_status status;

    SARN__TRY(sarn__archive_reader_create(&import->ports, &reader, import->error));
    status = sarn__archive_read(reader, &import->ports.heap, in->source, in->arg, take,
                                import, import->error);
    if (import->stopped) {
        status = SARN_OK;
    }
    cut_off = sarn__archive_reader_cut_off(reader);
    sarn__archive_reader_destroy(reader);
    /* Good up to its last whole commit, and not complete. */
    return status == SARN_ERR_CORRUPT && cut_off ? SARN_OK : status;
}

/* What was taken is written, whatever ended the reading. */
SARN_MUST_USE static sarn_status
finish(struct import *import, sarn_status status, struct sarn_error *error)
{
    struct sarn__rebuild *rebuild = import->rebuild;
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    sarn_status finished = SARN_OK;

    if (status == SARN_OK || sarn__rebuild_end(rebuild)->position > import->had) {
        finished = sarn__rebuild_finish(rebuild, &why);
    }
    import->in->end = *sarn__rebuild_end(rebuild);
    import->in->events = import->in->end.position - import->had;
    import->in->complete = import->in->complete && finished == SARN_OK;
    sarn__rebuild_destroy(rebuild);
    if (status == SARN_OK) {
        return finished == SARN_OK ? SARN_OK
                                   : sarn__fail(error, finished, "%s", why.text);
    }
    return sarn__fail(error, status, "%s (the log ends at position %llu)",
                      import->error->text,
                      (unsigned long long)import->in->end.position);
}

/* The commits that came to the journal. */
static void count_commits(struct import *import)
{
    const struct sarn_journal *journal = &import->ports.journal;
    struct sarn_journal_state state;

    if (journal->ops == NULL) {
        return;
    }
    if (journal->ops->state(journal->self, &state, NULL) == SARN_OK &&
        state.commits > import->had_commits) {
        import->in->commits = state.commits - import->had_commits;
    }
}

sarn_status sarn__archive_import(const struct sarn_ports *ports,
                                 sarn__archive_open_fn *open,
                                 void *open_arg,
                                 struct sarn_import *in,
                                 struct sarn_error *error)
{
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    struct import import = {
        .ports = *ports, .open = open, .open_arg = open_arg, .in = in, .error = &why};
    sarn_status status;

    in->commits = in->events = 0;
    in->end = (struct sarn_archive_end){.position = 0};
    in->complete = false;
    import.ports.journal = (struct sarn_journal){NULL, NULL};
    status = read_archive(&import);
    if (import.rebuild != NULL) {
        status = finish(&import, status, error);
    } else if (status != SARN_OK) {
        (void)!sarn__fail(error, status, "%s", why.text);
    }
    count_commits(&import);
    return status;
}
