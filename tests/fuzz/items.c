#include "items.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/commit.h"
#include "engine/record.h"
#include "infra/memory/hash.h"

#define STREAMS_MAX 8u
#define INPUT_HEAD  4u
#define ITEM_HEAD   3u

/* Where these are in a record, and in a commit (record.h, commit.h). */
#define AT_FLAGS        2u
#define AT_HEADER_SIZE  6u
#define AT_PAYLOAD_SIZE 8u
#define AT_STREAM       24u
#define AT_VERSION      32u
#define AT_PREVIOUS     40u
#define AT_CHECKSUM     144u
#define AT_EPOCH        8u
#define AT_TIME         32u

/* What is made right on the way. */
struct mending {
    struct items *items;
    struct sarn__commit commit; /* The last one. */
    uint32_t uncovered;         /* Records since. */
    uint64_t versions[STREAMS_MAX], previous[STREAMS_MAX];
};

void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void *allocate(size_t size)
{
    void *block = calloc(size > 0 ? size : 1, 1);

    must(block != NULL);
    return block;
}

/* --- records --- */

static void put_links(struct mending *mending, struct item *item)
{
    uint64_t stream = sarn__get_u64(item->bytes + AT_STREAM) % STREAMS_MAX;
    bool first = stream == 0 || mending->previous[stream] == 0;

    sarn__put_u64(item->bytes + AT_STREAM, stream);
    sarn__put_u64(item->bytes + AT_VERSION, first ? 0 : ++mending->versions[stream]);
    sarn__put_u64(item->bytes + AT_PREVIOUS, first ? 0 : mending->previous[stream]);
    mending->previous[stream] = item->position;
}

/* An encoder would make other changes, too. */
static void put_checksum(const struct sarn_hash *hash, struct item *item)
{
    uint64_t body =
        hash->ops->checksum(hash->self, 0, item->bytes + SARN__RECORD_HEADER_BYTES,
                            item->size - SARN__RECORD_HEADER_BYTES);

    sarn__put_u64(item->bytes + AT_CHECKSUM,
                  hash->ops->checksum(hash->self, item->position ^ body, item->bytes,
                                      AT_CHECKSUM));
}

static void put_sizes(struct item *item)
{
    uint16_t header = sarn__get_u16(item->bytes + AT_HEADER_SIZE) & 0xff8;

    if (header < SARN__RECORD_HEADER_BYTES || header > item->size) {
        header = SARN__RECORD_HEADER_BYTES;
    }
    sarn__put_u16(item->bytes, SARN__RECORD_FORMAT);
    sarn__put_u16(item->bytes + AT_FLAGS, 0);
    sarn__put_u16(item->bytes + AT_HEADER_SIZE, header);
    if (sarn__get_u32(item->bytes + AT_PAYLOAD_SIZE) + 7 < item->size - header ||
        sarn__get_u32(item->bytes + AT_PAYLOAD_SIZE) > item->size - header) {
        sarn__put_u32(item->bytes + AT_PAYLOAD_SIZE, item->size - header);
    }
}

static void mend_record(struct mending *mending, struct item *item)
{
    uint8_t flags = mending->items->flags;

    item->position = ++mending->items->position;
    item->size -= item->size % 8;
    mending->uncovered += 1;
    if (item->size < SARN__RECORD_HEADER_BYTES) {
        return;
    }
    if ((flags & ITEMS_LINKS) != 0) {
        put_links(mending, item);
    }
    if ((flags & ITEMS_SIZES) != 0) {
        put_sizes(item);
    }
    if ((flags & ITEMS_CHECKSUMS) != 0) {
        put_checksum(&mending->items->hash, item);
    }
}

/* --- commits --- */

/* A commit of what is not covered yet, with epoch and time of the input's. */
static void seal(struct mending *mending, struct item *item)
{
    struct sarn_str records[ITEMS_MAX];
    struct items *items = mending->items;
    struct sarn__commit *commit = &mending->commit;

    memcpy(commit->previous_hash, commit->hash, SARN__DIGEST_BYTES);
    commit->count = mending->uncovered;
    commit->first = items->position - mending->uncovered + 1;
    commit->last = items->position;
    commit->epoch = item->size >= 16 ? sarn__get_u64(item->bytes + AT_EPOCH) : 1;
    commit->time_us =
        item->size >= 40 ? (int64_t)sarn__get_u64(item->bytes + AT_TIME) : INT64_MAX;
    for (uint32_t i = items->count, left = mending->uncovered; left > 0;) {
        if (items->items[--i].kind == ITEM_RECORD) {
            records[--left] = item_str(&items->items[i]);
        }
    }
    free(item->bytes);
    item->size = SARN__COMMIT_BYTES;
    item->bytes = allocate(SARN__COMMIT_BYTES);
    must(sarn__commit_seal(commit, records, &items->hash, item->bytes) == SARN_OK);
}

static void mend_commit(struct mending *mending, struct item *item)
{
    item->position = mending->items->position;
    if ((mending->items->flags & ITEMS_COMMITS) != 0 && mending->uncovered > 0) {
        seal(mending, item);
    }
    mending->uncovered = 0;
}

/* --- all of them --- */

static void take_item(struct mending *mending, uint8_t kind, struct item item)
{
    struct items *items = mending->items;

    switch (kind % 4) {
    case 2:
        item.kind = ITEM_COMMIT;
        mend_commit(mending, &item);
        break;
    case 3:
        item.kind = ITEM_ROW;
        break;
    default:
        item.kind = ITEM_RECORD;
        mend_record(mending, &item);
        break;
    }
    items->items[items->count++] = item;
}

struct items *items_read(const uint8_t *data, size_t size)
{
    struct mending mending = {.uncovered = 0};

    if (size < INPUT_HEAD) {
        return NULL;
    }
    mending.items = allocate(sizeof(*mending.items));
    mending.items->hash = sarn__memory_hash();
    mending.items->flags = data[0];
    mending.items->drawn = sarn__get_u32(data) >> 8;
    data += INPUT_HEAD;
    size -= INPUT_HEAD;
    while (size >= ITEM_HEAD && mending.items->count < ITEMS_MAX) {
        struct item item = {.size = sarn__get_u16(data + 1)};
        uint8_t kind = data[0];

        data += ITEM_HEAD;
        size -= ITEM_HEAD;
        item.size = item.size < size ? item.size : (uint32_t)size;
        item.bytes = allocate(item.size);
        memcpy(item.bytes, data, item.size);
        data += item.size;
        size -= item.size;
        take_item(&mending, kind, item);
    }
    return mending.items;
}

void items_free(struct items *items)
{
    for (uint32_t i = 0; items != NULL && i < items->count; i++) {
        free(items->items[i].bytes);
    }
    free(items);
}
