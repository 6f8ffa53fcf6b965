#include "infra/host/repair_chain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/bytes.h"
#include "engine/record.h"

/* Bounds of what is tried where several candidates contradict each other. */
#define COMMITS_MAX 16u                 /* Different ones that begin at one position. */
#define COPIES_MAX  64u                 /* Of one record that are looked at. */
#define WORK_MAX    (UINT64_C(1) << 22) /* Records read for one commit, in all. */
#define REACH_MAX   64u                 /* Commits that are looked ahead. */
#define NEAR_BYTES  4096u               /* So close, and written together. */

/* --- what records look like --- */

static uint32_t record_bytes(struct sarn_str head)
{
    const uint8_t *from = (const uint8_t *)head.data;
    uint32_t header, payload;

    if (head.size < SARN__RECORD_HEADER_BYTES ||
        sarn__get_u16(from) != SARN__RECORD_FORMAT) {
        return 0;
    }
    header = sarn__get_u16(from + 6);
    payload = sarn__get_u32(from + 8);
    if (header < SARN__RECORD_HEADER_BYTES || header > SARN__RECORD_HEADER_MAX ||
        header % 8 != 0 || payload > SARN__VALUE_BYTES_MAX - SARN__RECORD_HEADER_MAX) {
        return 0;
    }
    return header + (payload + 7) / 8 * 8;
}

static bool is_record(void *arg, uint64_t position, struct sarn_str bytes)
{
    const struct sarn_hash *hash = arg;
    struct sarn__record record;

    return position != 0 &&
           sarn__record_decode(position, bytes, hash, &record, NULL) == SARN_OK;
}

static bool is_commit(void *arg, struct sarn_str bytes, uint64_t *first, uint64_t *last)
{
    const struct sarn_hash *hash = arg;
    struct sarn__commit commit;

    if (bytes.size != SARN__COMMIT_BYTES ||
        sarn__commit_decode(sarn__get_u64((const uint8_t *)bytes.data + 24), bytes,
                            hash, &commit, NULL) != SARN_OK) {
        return false;
    }
    *first = commit.first;
    *last = commit.last;
    return true;
}

struct sarn__salvage_looks sarn__chain_looks(const struct sarn_hash *hash)
{
    return (struct sarn__salvage_looks){.arg = (void *)(uintptr_t)hash,
                                        .record_bytes = record_bytes,
                                        .is_record = is_record,
                                        .is_commit = is_commit};
}

/* --- one record of several candidates --- */

SARN_MUST_USE static sarn_status no_memory(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOMEM,
                      "out of memory for what was found in the file");
}

/* Choosing the records of one commit. */
struct choice {
    struct sarn__chain *chain;
    const struct sarn__commit *commit;
    uint64_t work;
};

/* The candidate for position that is the skip-th different one, those near to near
 * first; *digest of it. SARN_ERR_NOT_FOUND: there are not so many. */
SARN_MUST_USE static sarn_status pick(struct choice *choice,
                                      uint64_t position,
                                      uint64_t near,
                                      uint32_t skip,
                                      uint64_t *offset,
                                      uint8_t digest[SARN__DIGEST_BYTES])
{
    struct sarn__chain *chain = choice->chain;
    uint8_t seen[COPIES_MAX][SARN__DIGEST_BYTES];
    uint64_t count;
    uint32_t different = 0;
    const struct sarn__salvaged *found =
        sarn__salvage_records(chain->salvage, position, &count);

    if (count == 0) {
        return SARN_ERR_NOT_FOUND;
    }
    for (uint64_t i = 0; i < 2 * count && different < COPIES_MAX; i++) {
        uint64_t at = found[i % count].offset;
        bool is_near = at / NEAR_BYTES == near / NEAR_BYTES, is_new = true;
        struct sarn_str bytes;

        if (is_near != (i < count) ||
            !sarn__salvage_record(chain->salvage, position, at, &bytes)) {
            continue;
        }
        choice->work += 1;
        SARN__TRY(
            chain->hash.ops->digest(chain->hash.self, &bytes, 1, seen[different]));
        for (uint32_t j = 0; j < different; j++) {
            is_new =
                is_new && memcmp(seen[j], seen[different], SARN__DIGEST_BYTES) != 0;
        }
        if (is_new && different++ == skip) {
            *offset = at;
            memcpy(digest, seen[skip], SARN__DIGEST_BYTES);
            return SARN_OK;
        }
    }
    return SARN_ERR_NOT_FOUND;
}

/* The same, and then among those that nothing says the position of. */
SARN_MUST_USE static sarn_status find_record(struct choice *choice,
                                             uint64_t position,
                                             uint64_t near,
                                             uint64_t *offset,
                                             uint8_t digest[SARN__DIGEST_BYTES])
{
    struct sarn__chain *chain = choice->chain;
    sarn_status status = pick(choice, position, near, 0, offset, digest);
    struct sarn_str bytes;

    if (status != SARN_ERR_NOT_FOUND ||
        !sarn__salvage_stray(chain->salvage, position, offset)) {
        return status;
    }
    return sarn__salvage_record(chain->salvage, position, *offset, &bytes)
               ? chain->hash.ops->digest(chain->hash.self, &bytes, 1, digest)
               : SARN_ERR_NOT_FOUND;
}

/* --- the records of a commit --- */

SARN_MUST_USE static sarn_status make_room(struct sarn__chain *chain, uint64_t count)
{
    uint64_t room = chain->record_room == 0 ? 256 : chain->record_room * 2;
    void *grown;

    if (count <= chain->record_room) {
        return SARN_OK;
    }
    grown =
        sarn__heap_resize(&chain->heap, chain->records, room * sizeof(*chain->records));
    if (grown == NULL) {
        return SARN_ERR_NOMEM;
    }
    chain->records = grown;
    chain->record_room = room;
    return SARN_OK;
}

/* Gather them, at odd (a position; 0: nowhere) the skip-th candidate instead of the
 * first. SARN_OK: the hash is that of the commit. SARN_ERR_CORRUPT: it is another.
 * SARN_ERR_NOT_FOUND: one is missing; *missing. */
SARN_MUST_USE static sarn_status
gather(struct choice *choice, uint64_t odd, uint32_t skip, uint64_t *missing)
{
    const struct sarn__commit *commit = choice->commit;
    struct sarn__chain *chain = choice->chain;
    struct sarn__commit_hasher hasher;
    uint8_t digest[SARN__DIGEST_BYTES];
    uint64_t near = chain->commit_offset;

    sarn__commit_hasher_init(&hasher, commit, &chain->hash);
    for (uint64_t position = commit->first; position <= commit->last; position++) {
        uint64_t at = position - commit->first;
        sarn_status status = make_room(chain, at + 1);

        if (status == SARN_OK) {
            status =
                position == odd
                    ? pick(choice, position, near, skip, &chain->records[at], digest)
                    : find_record(choice, position, near, &chain->records[at], digest);
        }
        if (status != SARN_OK) {
            *missing = position;
            return status;
        }
        near = chain->records[at];
        SARN__TRY(sarn__commit_hasher_add_digest(&hasher, digest));
    }
    SARN__TRY(sarn__commit_hasher_end(&hasher, digest));
    return memcmp(digest, commit->hash, sizeof(digest)) == 0 ? SARN_OK
                                                             : SARN_ERR_CORRUPT;
}

/* The first choice was not it: take another candidate at each position in turn. What
 * was written together lies together, so those behind it follow. */
SARN_MUST_USE static sarn_status gather_otherwise(struct choice *choice)
{
    const struct sarn__commit *commit = choice->commit;
    uint64_t missing;

    for (uint64_t odd = commit->first; odd <= commit->last; odd++) {
        for (uint32_t skip = 1; choice->work < WORK_MAX; skip++) {
            sarn_status status = gather(choice, odd, skip, &missing);

            if (status == SARN_ERR_NOT_FOUND) {
                break; /* There are no more of this one. */
            }
            if (status != SARN_ERR_CORRUPT) {
                return status;
            }
        }
    }
    return SARN_ERR_CORRUPT;
}

/* Find the records of commit. SARN_ERR_NOT_FOUND: they are not whole; says why. */
SARN_MUST_USE static sarn_status find_records(struct sarn__chain *chain,
                                              const struct sarn__commit *commit)
{
    struct choice choice = {.chain = chain, .commit = commit, .work = 0};
    uint64_t missing = 0;
    sarn_status status = gather(&choice, 0, 0, &missing);

    if (status == SARN_ERR_CORRUPT) {
        status = gather_otherwise(&choice);
    }
    if (status == SARN_ERR_NOT_FOUND) {
        snprintf(chain->why, sizeof(chain->why),
                 "the record at position %llu is damaged or missing, so the commit of "
                 "the positions %llu to %llu is not whole",
                 (unsigned long long)missing, (unsigned long long)commit->first,
                 (unsigned long long)commit->last);
    } else if (status == SARN_ERR_CORRUPT) {
        snprintf(
            chain->why, sizeof(chain->why),
            "the records of the commit of the positions %llu to %llu are not those "
            "it was made of",
            (unsigned long long)commit->first, (unsigned long long)commit->last);
        status = SARN_ERR_NOT_FOUND;
    }
    return status;
}

/* --- the commits that could be next --- */

struct next {
    struct sarn__commit commit;
    uint64_t offset;
    uint32_t reach; /* Commit records that follow it. */
};

/* The commits that begin at first and follow the hash before; each once. */
static uint32_t list_commits(struct sarn__chain *chain,
                             uint64_t first,
                             const uint8_t before[SARN__DIGEST_BYTES],
                             struct next *list,
                             uint32_t room)
{
    uint8_t wanted[SARN__DIGEST_BYTES];
    uint64_t found;
    uint32_t count = 0;
    const struct sarn__salvaged *at =
        sarn__salvage_commits(chain->salvage, first, &found);

    memcpy(wanted, before, sizeof(wanted)); /* It may lie in list. */
    for (uint64_t i = 0; i < found && count < room; i++) {
        struct next *next = &list[count];
        struct sarn_str bytes;
        bool is_new = true;

        if (!sarn__salvage_commit(chain->salvage, at[i].offset, &bytes) ||
            sarn__commit_decode(sarn__get_u64((const uint8_t *)bytes.data + 24), bytes,
                                &chain->hash, &next->commit, NULL) != SARN_OK ||
            memcmp(next->commit.previous_hash, wanted, SARN__DIGEST_BYTES) != 0) {
            continue;
        }
        for (uint32_t j = 0; j < count; j++) {
            is_new = is_new && memcmp(list[j].commit.hash, next->commit.hash,
                                      SARN__DIGEST_BYTES) != 0;
        }
        next->offset = at[i].offset;
        next->reach = 0;
        count += is_new ? 1 : 0;
    }
    return count;
}

/* Where two commits claim one place, the log is the one that went on, or that a sound
 * tree ends with. */
static void look_ahead(struct sarn__chain *chain, struct next *next)
{
    struct next step = *next;
    struct sarn_str bytes;

    while (next->reach < REACH_MAX &&
           list_commits(chain, step.commit.last + 1, step.commit.hash, &step, 1) == 1) {
        next->reach += 1;
    }
    if (chain->end_told && chain->end.last == next->commit.last &&
        sarn__salvage_commit(chain->salvage, next->offset, &bytes) &&
        memcmp(bytes.data, chain->end.commit, SARN__COMMIT_BYTES) == 0) {
        next->reach = REACH_MAX + 1;
    }
}

static void sort_by_reach(struct next *list, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct next moved = list[i];
        uint32_t at = i;

        for (; at > 0 && list[at - 1].reach < moved.reach; at--) {
            list[at] = list[at - 1];
        }
        list[at] = moved;
    }
}

/* There is no commit record for what comes next. Is there anything? */
static void explain_none(struct sarn__chain *chain)
{
    uint64_t position = chain->last + 1, count, others;

    (void)sarn__salvage_commits(chain->salvage, position, &others);
    (void)sarn__salvage_records(chain->salvage, position, &count);
    if (others != 0) {
        snprintf(chain->why, sizeof(chain->why),
                 "the commit that begins at position %llu does not continue the chain",
                 (unsigned long long)position);
    } else if (count != 0 || sarn__salvage_highest(chain->salvage) >= position) {
        snprintf(chain->why, sizeof(chain->why),
                 "the commit record behind position %llu is damaged or missing",
                 (unsigned long long)position);
    }
}

sarn_status sarn__chain_next(struct sarn__chain *chain, struct sarn_error *error)
{
    struct next list[COMMITS_MAX];
    uint32_t count =
        list_commits(chain, chain->last + 1, chain->last_hash, list, COMMITS_MAX);
    sarn_status status = SARN_ERR_NOT_FOUND;

    chain->why[0] = '\0';
    for (uint32_t i = 0; i < count && count > 1; i++) {
        look_ahead(chain, &list[i]);
    }
    sort_by_reach(list, count);
    for (uint32_t i = 0; i < count && status == SARN_ERR_NOT_FOUND; i++) {
        chain->commit_offset = list[i].offset;
        status = find_records(chain, &list[i].commit);
        if (status == SARN_OK) {
            chain->commit = list[i].commit;
            chain->last = chain->commit.last;
            memcpy(chain->last_hash, chain->commit.hash, SARN__DIGEST_BYTES);
            chain->why[0] = '\0';
        }
    }
    if ((status != SARN_OK && status != SARN_ERR_NOT_FOUND) ||
        sarn__salvage_is_out_of_memory(chain->salvage)) {
        return no_memory(error);
    }
    if (count == 0) {
        explain_none(chain);
    }
    return status;
}

/* --- reading it --- */

SARN_MUST_USE static sarn_status gone(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_IO,
                      "the file changed, or can no longer be read, while it was looked "
                      "at; check the disk, and that nobody writes to it");
}

sarn_status sarn__chain_read(struct sarn__chain *chain,
                             uint64_t position,
                             struct sarn_str *bytes,
                             struct sarn_error *error)
{
    assert(position >= chain->commit.first && position <= chain->commit.last);
    return sarn__salvage_record(chain->salvage, position,
                                chain->records[position - chain->commit.first], bytes)
               ? SARN_OK
           : sarn__salvage_is_out_of_memory(chain->salvage) ? no_memory(error)
                                                            : gone(error);
}

sarn_status sarn__chain_read_commit(struct sarn__chain *chain,
                                    struct sarn_str *bytes,
                                    struct sarn_error *error)
{
    return sarn__salvage_commit(chain->salvage, chain->commit_offset, bytes)
               ? SARN_OK
               : gone(error);
}

void sarn__chain_done(struct sarn__chain *chain)
{
    sarn__heap_free(&chain->heap, chain->records);
}
