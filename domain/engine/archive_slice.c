#include "engine/archive_slice.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/record.h"

sarn_status sarn__slice_create(const struct sarn_heap *heap,
                               struct sarn__slice **slice,
                               struct sarn_error *error)
{
    struct sarn__slice *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made != NULL) {
        made->arena = sarn_arena_create(heap);
    }
    if (made == NULL || made->arena == NULL) {
        sarn__heap_free(heap, made);
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for a slice of the log");
    }
    *slice = made;
    return SARN_OK;
}

void sarn__slice_destroy(struct sarn__slice *slice, const struct sarn_heap *heap)
{
    if (slice != NULL) {
        sarn_arena_destroy(slice->arena);
        sarn__heap_free(heap, slice);
    }
}

void sarn__slice_begin(struct sarn__slice *slice,
                       const struct sarn_archive_end *behind,
                       uint64_t last)
{
    slice->next = behind->position + 1;
    slice->last = last;
    slice->checked = *behind;
}

/* --- filling --- */

static sarn_status gather_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct sarn__slice *slice = arg;
    uint32_t at = slice->commit_count;

    if (at == SARN__SLICE_COMMITS || position > slice->last) {
        return SARN_ERR_OVERLOADED; /* Ends the visit, no more. */
    }
    slice->commits[at].position = position;
    slice->commits[at].size =
        value.size < SARN__COMMIT_BYTES ? value.size : SARN__COMMIT_BYTES;
    memcpy(slice->commits[at].bytes, value.data, slice->commits[at].size);
    slice->commit_count += 1;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status gather_commits(struct sarn__slice *slice,
                                                const struct sarn_journal *journal,
                                                struct sarn_error *error)
{
    uint64_t next = slice->next;

    slice->commit_count = slice->commit_at = 0;
    while (next != 0 && slice->commit_count == 0) {
        sarn_status status = journal->ops->commits(journal->self, next, gather_commit,
                                                   slice, &next, error);

        if (status == SARN_ERR_OVERLOADED) {
            break;
        }
        SARN__TRY(status);
    }
    return slice->commit_count > 0
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_CORRUPT,
                            "the record at position %llu belongs to no commit",
                            (unsigned long long)slice->next);
}

/* The commit behind the record just taken, if it is its last. */
static void gather_end(struct sarn__slice *slice, uint64_t position)
{
    uint32_t at = slice->commit_at;

    if (slice->commits[at].position == position) {
        slice->entries[slice->count++] = (struct sarn__archive_entry){
            .kind = SARN__ARCHIVE_COMMIT,
            .position = position,
            .bytes = {(const char *)slice->commits[at].bytes, slice->commits[at].size}};
        slice->commit_at += 1;
    }
}

static sarn_status gather_record(void *arg, uint64_t position, struct sarn_str value)
{
    struct sarn__slice *slice = arg;
    struct sarn_str bytes = {NULL, 0};

    if (slice->count + 2 > SARN__SLICE_ENTRIES || slice->size >= SARN__SLICE_BYTES) {
        return SARN_ERR_OVERLOADED;
    }
    if (sarn_arena_copy(slice->arena, value, &bytes) != SARN_OK) {
        return SARN_ERR_NOMEM;
    }
    slice->entries[slice->count++] = (struct sarn__archive_entry){
        .kind = SARN__ARCHIVE_RECORD, .position = position, .bytes = bytes};
    slice->size += value.size;
    slice->next = position + 1;
    gather_end(slice, position);
    return SARN_OK;
}

sarn_status sarn__slice_fill(struct sarn__slice *slice,
                             const struct sarn_journal *journal,
                             struct sarn_error *error)
{
    uint64_t next = 0;
    sarn_status status;

    sarn_arena_reset(slice->arena);
    slice->count = slice->good = 0;
    slice->size = 0;
    if (slice->commit_at == slice->commit_count) {
        SARN__TRY(gather_commits(slice, journal, error));
    }
    slice->commit_first = slice->commit_at;
    status = journal->ops->scan(journal->self, slice->next,
                                slice->commits[slice->commit_count - 1].position,
                                gather_record, slice, &next, error);
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(error, status, "out of memory for a slice of the log");
    }
    return status == SARN_ERR_OVERLOADED ? SARN_OK : status;
}

/* --- checking --- */

SARN_MUST_USE static sarn_status begin_commit(struct sarn__slice *slice,
                                              uint32_t at,
                                              const struct sarn_hash *hash,
                                              struct sarn_error *error)
{
    struct sarn_str bytes = {(const char *)slice->commits[at].bytes,
                             slice->commits[at].size};
    struct sarn__commit *commit = &slice->commit;

    SARN__TRY(
        sarn__commit_decode(slice->commits[at].position, bytes, hash, commit, error));
    if (commit->first != slice->checked.position + 1 ||
        memcmp(commit->previous_hash, slice->checked.hash,
               sizeof(commit->previous_hash)) != 0) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the commit at position %llu does not continue the chain "
                          "behind position %llu",
                          (unsigned long long)commit->last,
                          (unsigned long long)slice->checked.position);
    }
    sarn__commit_hasher_init(&slice->hasher, commit, hash);
    slice->in_commit = true;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status check_record(struct sarn__slice *slice,
                                              const struct sarn__archive_entry *entry,
                                              const struct sarn_hash *hash,
                                              struct sarn_error *error)
{
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    struct sarn__record record;

    /* A newer record's format would be said by the file: here it is damage, too. */
    if (sarn__record_decode(entry->position, entry->bytes, hash, &record, &why) !=
        SARN_OK) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "%s", why.text);
    }
    return sarn__commit_hasher_add(&slice->hasher, entry->bytes) == SARN_OK
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM, "out of memory for digests");
}

SARN_MUST_USE static sarn_status end_commit(struct sarn__slice *slice,
                                            struct sarn_error *error)
{
    const struct sarn__commit *commit = &slice->commit;
    uint8_t hash[SARN__DIGEST_BYTES];

    if (sarn__commit_hasher_end(&slice->hasher, hash) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for digests");
    }
    if (memcmp(hash, commit->hash, sizeof(hash)) != 0) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the records of the commit at position %llu are not those it "
                          "was made of: its hash does not match",
                          (unsigned long long)commit->last);
    }
    slice->checked =
        (struct sarn_archive_end){.position = commit->last, .time_us = commit->time_us};
    memcpy(slice->checked.hash, hash, sizeof(hash));
    slice->in_commit = false;
    return SARN_OK;
}

sarn_status sarn__slice_check(struct sarn__slice *slice,
                              const struct sarn_hash *hash,
                              struct sarn_error *error)
{
    uint32_t at = slice->commit_first;

    for (slice->good = 0; slice->good < slice->count; slice->good++) {
        const struct sarn__archive_entry *entry = &slice->entries[slice->good];

        if (entry->kind == SARN__ARCHIVE_COMMIT) {
            SARN__TRY(end_commit(slice, error));
            at += 1;
            continue;
        }
        if (!slice->in_commit) {
            SARN__TRY(begin_commit(slice, at, hash, error));
        }
        SARN__TRY(check_record(slice, entry, hash, error));
    }
    return SARN_OK;
}
