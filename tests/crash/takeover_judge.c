#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sarn/log.h>

#include "engine/commit.h"
#include "infra/lmdb/lmdb_journal.h"
#include "infra/openssl/digest.h"
#include "infra/posix/process.h"
#include "infra/xxhash/checksum.h"

#include "takeover.h"

/* --- the commits: whose they are --- */

static const struct sarn_hash_ops hash_ops = {.checksum = sarn__xxhash_checksum,
                                              .digest = sarn__openssl_digest};

struct following {
    struct sarn_hash hash;
    uint64_t epoch;
    uint32_t late;
};

static sarn_status see_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct following *following = arg;
    struct sarn__commit commit;
    sarn_status status =
        sarn__commit_decode(position, value, &following->hash, &commit, NULL);

    if (status != SARN_OK) {
        return status;
    }
    following->late += commit.epoch < following->epoch ? 1 : 0;
    following->epoch =
        commit.epoch > following->epoch ? commit.epoch : following->epoch;
    return SARN_OK;
}

/* Commits of an epoch behind one of a later epoch. */
static uint32_t count_late(const struct takeover_ring *ring)
{
    struct following following = {.hash = {.ops = &hash_ops}};
    struct sarn__lmdb_options options = {.path = ring->path,
                                         .read_only = true,
                                         .existing = true,
                                         .process = sarn__posix_process(),
                                         .hash = following.hash};
    struct sarn_journal journal;
    struct sarn_error error = {SARN_OK, ""};
    uint64_t from = 1;

    if (sarn__lmdb_open(&options, &journal, &error) != SARN_OK) {
        takeover_wrong(ring, "opening for its commits", error.text);
    }
    while (from != 0) {
        uint64_t next = 0;

        if (journal.ops->commits(journal.self, from, see_commit, &following, &next,
                                 &error) != SARN_OK) {
            takeover_wrong(ring, "reading its commits", error.text);
        }
        from = next;
    }
    journal.ops->close(journal.self);
    return following.late;
}

/* --- the items --- */

struct counting {
    const struct takeover_ring *ring;
    uint8_t seen[TAKEOVER_ITEMS_MAX]; /* Events of each. */
    uint64_t items;
};

static sarn_status see_event(void *arg, const struct sarn_event *event)
{
    struct counting *counting = arg;
    char digits[24] = "";
    uint64_t number;

    if (!sarn_str_equal(event->type_name, sarn_str("item"))) {
        return SARN_OK;
    }
    if (event->payload.size < sizeof(digits)) {
        memcpy(digits, event->payload.data, event->payload.size);
    }
    number = strtoull(digits, NULL, 10);
    if (number >= counting->items) {
        takeover_wrong(counting->ring, "an item that nobody sent", digits);
    }
    counting->seen[number] += 1;
    return SARN_OK;
}

static void judge_items(struct takeover_ring *ring,
                        struct counting *counting,
                        struct takeover_sums *sums)
{
    for (uint32_t i = 0; i < counting->items; i++) {
        uint32_t whole = i % 3 == 0 ? 2 : 1;
        char name[24];

        snprintf(name, sizeof(name), "item %u", i);
        if (counting->seen[i] > whole) {
            takeover_wrong(ring, name, "was done twice");
        }
        if (counting->seen[i] != 0 && counting->seen[i] != whole) {
            takeover_wrong(ring, name, "was done by half");
        }
        if (atomic_load(&ring->acked[i]) != 0 && counting->seen[i] == 0) {
            fprintf(stderr, "takeover: %s: %s was acknowledged and is lost\n",
                    ring->path, name);
            atomic_fetch_add(&sums->lost, 1);
        }
    }
}

void takeover_judge(struct takeover_ring *ring,
                    uint32_t items,
                    struct takeover_sums *sums)
{
    struct counting counting = {.ring = ring, .items = items};
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error = {SARN_OK, ""};
    sarn_log *log = NULL;
    uint32_t late;

    if (sarn_log_open(ring->path, NULL, &log, &error) != SARN_OK ||
        sarn_read(log, NULL, see_event, &counting, &error) != SARN_OK ||
        sarn_log_check(log, &check, &error) != SARN_OK) {
        takeover_wrong(ring, "reading the log", error.text);
    }
    sarn_log_close(log);
    if (check.differences != 0) {
        takeover_wrong(ring, "its tables", "are not what a fold gives");
    }
    judge_items(ring, &counting, sums);
    late = count_late(ring);
    if (late != 0) {
        fprintf(stderr, "takeover: %s: %u commits of a deposed owner\n", ring->path,
                late);
        atomic_fetch_add(&sums->late, late);
    }
    check = (struct sarn_check)SARN_CHECK_INIT;
    if (sarn_log_verify(ring->path, &check, &error) != SARN_OK) {
        takeover_wrong(ring, "verifying", error.text);
    }
}
