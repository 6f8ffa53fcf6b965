#include "engine/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

/* Where a stream stands; number 0: an empty slot. */
struct stream {
    uint64_t number, version, position;
};

struct sarn__verify {
    struct sarn_hash hash;
    struct sarn_heap heap;
    sarn_finding_fn *finding;
    void *arg;
    uint64_t findings, records;

    uint64_t position; /* Of the last record or gap. */
    int64_t time_us;
    struct stream *streams; /* An open table, a power of two of them. */
    uint64_t stream_count, stream_slots;

    /* Digests of the records since the last commit. */
    uint8_t (*digests)[SARN__DIGEST_BYTES];
    uint64_t digest_count, digest_room;
    bool digests_whole; /* Every record since the last commit is among them. */

    uint64_t begin;     /* What is before this was not read. */
    uint64_t committed; /* Last position that a commit covers. */
    int64_t commit_us;  /* The last commit's time. */
    uint64_t epoch;
    uint8_t chain[SARN__DIGEST_BYTES]; /* The last commit's hash. */
    bool chain_known;
};

static void SARN_PRINTF(2, 3) find(struct sarn__verify *verify, const char *format, ...)
{
    char text[SARN_ERROR_TEXT_BYTES];
    va_list args;

    verify->findings += 1;
    if (verify->finding != NULL && verify->findings <= SARN__VERIFY_FINDINGS_MAX) {
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        verify->finding(verify->arg, text);
    }
}

SARN_MUST_USE static sarn_status go_on(const struct sarn__verify *verify,
                                       struct sarn_error *error)
{
    if (verify->findings >= SARN__VERIFY_FINDINGS_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "more than %u findings: the rest was not looked at",
                          SARN__VERIFY_FINDINGS_MAX);
    }
    return SARN_OK;
}

/* --- life --- */

sarn_status sarn__verify_create(const struct sarn_hash *hash,
                                const struct sarn_heap *heap,
                                sarn_finding_fn *finding,
                                void *arg,
                                struct sarn__verify **verify,
                                struct sarn_error *error)
{
    struct sarn_heap from = sarn__heap_or_malloc(heap);
    struct sarn__verify *made = sarn__heap_alloc(&from, sizeof(*made));

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for verifying the log");
    }
    made->hash = *hash;
    made->heap = from;
    made->finding = finding;
    made->arg = arg;
    made->time_us = INT64_MIN;
    made->chain_known = true; /* Of zeros, before the first commit. */
    made->digests_whole = true;
    *verify = made;
    return SARN_OK;
}

void sarn__verify_destroy(struct sarn__verify *verify)
{
    struct sarn_heap heap;

    if (verify == NULL) {
        return;
    }
    heap = verify->heap;
    sarn__heap_free(&heap, verify->streams);
    sarn__heap_free(&heap, verify->digests);
    sarn__heap_free(&heap, verify);
}

void sarn__verify_begin(struct sarn__verify *verify,
                        const struct sarn_archive_end *begin)
{
    verify->begin = begin->position;
    verify->position = begin->position;
    verify->committed = begin->position;
    verify->commit_us = begin->time_us;
    memcpy(verify->chain, begin->hash, sizeof(verify->chain));
}

void sarn__verify_where(const struct sarn__verify *verify, struct sarn_archive_end *end)
{
    *end = (struct sarn_archive_end){.position = verify->committed,
                                     .time_us = verify->commit_us};
    memcpy(end->hash, verify->chain, sizeof(end->hash));
}

uint64_t sarn__verify_records(const struct sarn__verify *verify)
{
    return verify->records;
}

uint64_t sarn__verify_findings(const struct sarn__verify *verify)
{
    return verify->findings;
}

/* --- streams --- */

/* The slot of number: its own, or the empty one where it would go. */
static struct stream *slot_of(struct stream *streams, uint64_t slots, uint64_t number)
{
    uint64_t at = number * UINT64_C(0x9e3779b97f4a7c15) & (slots - 1);

    while (streams[at].number != 0 && streams[at].number != number) {
        at = (at + 1) & (slots - 1);
    }
    return &streams[at];
}

/* Keep a third of the slots empty. */
SARN_MUST_USE static sarn_status make_room(struct sarn__verify *verify)
{
    uint64_t slots = verify->stream_slots == 0 ? 1024 : verify->stream_slots * 2;
    struct stream *streams;

    if (verify->stream_count < verify->stream_slots / 3 * 2) {
        return SARN_OK;
    }
    streams = sarn__heap_alloc(&verify->heap, slots * sizeof(*streams));
    if (streams == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint64_t i = 0; i < verify->stream_slots; i++) {
        if (verify->streams[i].number != 0) {
            *slot_of(streams, slots, verify->streams[i].number) = verify->streams[i];
        }
    }
    sarn__heap_free(&verify->heap, verify->streams);
    verify->streams = streams;
    verify->stream_slots = slots;
    return SARN_OK;
}

/* Does the record continue its stream? links may be all that is known of it. */
SARN_MUST_USE static sarn_status check_stream(struct sarn__verify *verify,
                                              uint64_t position,
                                              const struct sarn__record_links *links,
                                              bool damaged)
{
    struct stream *stream;
    bool follows;

    if (links->stream == 0) {
        return SARN_OK;
    }
    SARN__TRY(make_room(verify));
    stream = slot_of(verify->streams, verify->stream_slots, links->stream);
    if (stream->number == 0) {
        /* Or it began before the beginning. */
        follows = links->version == 0 || links->previous <= verify->begin;
    } else {
        follows = links->version == stream->version + 1 &&
                  links->previous == stream->position;
    }
    if (damaged && !follows) {
        return SARN_OK; /* Its links are damaged too: they say nothing. */
    }
    if (!follows) {
        find(
            verify,
            "the record at position %llu is version %llu of stream %llu, after "
            "position "
            "%llu, which does not continue that stream (version %lld at position %llu)",
            (unsigned long long)position, (unsigned long long)links->version,
            (unsigned long long)links->stream, (unsigned long long)links->previous,
            stream->number == 0 ? -1LL : (long long)stream->version,
            (unsigned long long)stream->position);
    }
    verify->stream_count += stream->number == 0 ? 1 : 0;
    *stream = (struct stream){links->stream, links->version, position};
    return SARN_OK;
}

/* --- records --- */

SARN_MUST_USE static sarn_status keep_digest(struct sarn__verify *verify,
                                             struct sarn_str bytes)
{
    if (verify->digest_count == SARN__VERIFY_UNCOVERED_MAX) {
        verify->digests_whole = false;
    }
    if (!verify->digests_whole) {
        return SARN_OK;
    }
    if (verify->digest_count == verify->digest_room) {
        uint64_t room = verify->digest_room == 0 ? 64 : verify->digest_room * 2;
        void *grown = sarn__heap_resize(&verify->heap, verify->digests,
                                        room * SARN__DIGEST_BYTES);

        if (grown == NULL) {
            return SARN_ERR_NOMEM;
        }
        verify->digests = grown;
        verify->digest_room = room;
    }
    SARN__TRY(verify->hash.ops->digest(verify->hash.self, &bytes, 1,
                                       verify->digests[verify->digest_count]));
    verify->digest_count += 1;
    return SARN_OK;
}

static void check_position(struct sarn__verify *verify, uint64_t position)
{
    if (position == verify->position + 2) {
        find(verify, "the record at position %llu is missing",
             (unsigned long long)position - 1);
    } else if (position > verify->position + 1) {
        find(verify, "the records from position %llu to %llu are missing",
             (unsigned long long)verify->position + 1,
             (unsigned long long)position - 1);
    } else if (position <= verify->position) {
        find(verify, "position %llu comes after position %llu",
             (unsigned long long)position, (unsigned long long)verify->position);
    }
    if (position != verify->position + 1) {
        verify->digests_whole = false;
    }
    verify->position = position;
}

/* What holds of a record by itself, and of it after the one before it. */
static bool check_record(struct sarn__verify *verify,
                         uint64_t position,
                         struct sarn_str bytes,
                         struct sarn__record_links *links)
{
    struct sarn__record record;
    struct sarn_error error;

    if (sarn__record_decode(position, bytes, &verify->hash, &record, &error)) {
        find(verify, "%s", error.text);
        return false;
    }
    *links =
        (struct sarn__record_links){record.stream, record.version, record.previous};
    if (record.stream != 0 && record.version == 0 && record.stream_name.size == 0) {
        find(verify, "the record at position %llu begins stream %llu without its name",
             (unsigned long long)position, (unsigned long long)record.stream);
    }
    if (record.time_us < verify->time_us) {
        find(verify, "the record at position %llu is from before the one before it",
             (unsigned long long)position);
    }
    verify->time_us = record.time_us;
    return true;
}

sarn_status sarn__verify_record(struct sarn__verify *verify,
                                uint64_t position,
                                struct sarn_str bytes,
                                struct sarn_error *error)
{
    struct sarn__record_links links = {0, 0, 0};
    bool whole;

    check_position(verify, position);
    verify->records += 1;
    whole = check_record(verify, position, bytes, &links);
    if (!whole && sarn__record_links(position, bytes, &links, NULL) != SARN_OK) {
        links.stream = 0;
    }
    if (check_stream(verify, position, &links, !whole) != SARN_OK ||
        keep_digest(verify, bytes) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for verifying the log");
    }
    return go_on(verify, error);
}

/* --- commits --- */

/* The hash that commit should have, from the digests gathered. */
SARN_MUST_USE static sarn_status make_hash(const struct sarn__verify *verify,
                                           const struct sarn__commit *commit,
                                           uint8_t hash[SARN__DIGEST_BYTES])
{
    struct sarn__commit_hasher hasher;

    sarn__commit_hasher_init(&hasher, commit, &verify->hash);
    for (uint64_t i = 0; i < verify->digest_count; i++) {
        SARN__TRY(sarn__commit_hasher_add_digest(&hasher, verify->digests[i]));
    }
    return sarn__commit_hasher_end(&hasher, hash);
}

SARN_MUST_USE static sarn_status check_commit(struct sarn__verify *verify,
                                              const struct sarn__commit *commit)
{
    uint8_t hash[SARN__DIGEST_BYTES];

    if (commit->first != verify->committed + 1) {
        find(verify,
             "the commit at position %llu begins at %llu, after one that ends at %llu",
             (unsigned long long)commit->last, (unsigned long long)commit->first,
             (unsigned long long)verify->committed);
        verify->digests_whole = false;
    }
    if (commit->epoch < verify->epoch) {
        find(verify, "the commit at position %llu is of epoch %llu, after epoch %llu",
             (unsigned long long)commit->last, (unsigned long long)commit->epoch,
             (unsigned long long)verify->epoch);
    }
    if (verify->chain_known &&
        memcmp(commit->previous_hash, verify->chain, sizeof(hash)) != 0) {
        find(verify,
             "the commit at position %llu does not continue the chain: the hash of the "
             "commit before it is another",
             (unsigned long long)commit->last);
    }
    if (verify->digests_whole && verify->digest_count == commit->count) {
        SARN__TRY(make_hash(verify, commit, hash));
        if (memcmp(hash, commit->hash, sizeof(hash)) != 0) {
            find(verify,
                 "the records of the commit at position %llu are not those it was "
                 "made of: its hash does not match",
                 (unsigned long long)commit->last);
        }
    } else if (verify->digests_whole) {
        find(verify, "the commit at position %llu covers %u records and there are %llu",
             (unsigned long long)commit->last, commit->count,
             (unsigned long long)verify->digest_count);
    }
    return SARN_OK;
}

sarn_status sarn__verify_commit(struct sarn__verify *verify,
                                uint64_t position,
                                struct sarn_str bytes,
                                struct sarn_error *error)
{
    struct sarn__commit commit;
    struct sarn_error wrong;

    if (position != verify->position) {
        check_position(verify, position + 1); /* Its last record is not there. */
        verify->position = position;
    }
    if (sarn__commit_decode(position, bytes, &verify->hash, &commit, &wrong)) {
        find(verify, "%s", wrong.text);
        verify->chain_known = false; /* The next one begins it anew. */
    } else {
        if (check_commit(verify, &commit) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for digests");
        }
        memcpy(verify->chain, commit.hash, sizeof(verify->chain));
        verify->chain_known = true;
        verify->epoch = commit.epoch;
        verify->commit_us = commit.time_us;
    }
    verify->committed = position;
    verify->digest_count = 0;
    verify->digests_whole = true;
    return go_on(verify, error);
}

void sarn__verify_end(struct sarn__verify *verify)
{
    if (verify->committed != verify->position) {
        find(verify, "the records from position %llu to %llu belong to no commit",
             (unsigned long long)verify->committed + 1,
             (unsigned long long)verify->position);
    }
}
