/* Reading streams. Records link backward only, so a forward read takes runs: from the
 * anchor at the end of a run back to its beginning to learn the positions, then forward
 * over them. A run is what is held in memory at most. */
#include <assert.h>

#include "core/fail.h"
#include "engine/scan.h"
#include "engine/store_parts.h"

static sarn_status misplaced(uint64_t position,
                             const struct sarn__head *head,
                             uint64_t version,
                             struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "the record at position %llu is not version %llu of stream %llu, "
                      "as its index says",
                      (unsigned long long)position, (unsigned long long)version,
                      (unsigned long long)head->number);
}

/* --- forward --- */

/* The positions of versions first..last of a stream. */
struct run {
    const struct sarn__head *head;
    uint64_t first, last;
    uint64_t next_version; /* The one to be met next. */
    uint64_t positions[SARN__ANCHOR_RUN];
    struct sarn_error *error;
};

static sarn_status
collect(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    struct run *run = arg;
    struct sarn__record_links links;

    SARN__TRY(sarn__record_links(position, value, &links, run->error));
    if (links.stream != run->head->number || links.version != run->next_version) {
        return misplaced(position, run->head, run->next_version, run->error);
    }
    run->positions[links.version - run->first] = position;
    if (links.version > run->first) {
        run->next_version -= 1;
        *next = links.previous;
        /* Links lead backward, or a damaged one could make a circle. */
        if (links.previous == 0 || links.previous >= position) {
            return misplaced(links.previous, run->head, run->next_version, run->error);
        }
    }
    return SARN_OK;
}

static sarn_status position_of(struct sarn__store *store,
                               const struct sarn__head *head,
                               uint64_t version,
                               uint64_t *position,
                               struct sarn_error *error)
{
    struct sarn__row_key key = sarn__anchor_key(head->number, version);
    struct sarn__row_view view;

    if (version == head->version) {
        *position = head->last_position;
        return SARN_OK;
    }
    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_ANCHORS, sarn__key_str(&key),
                                &view, error));
    if (!view.found) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT, "the index of stream %llu lacks version %llu",
            (unsigned long long)head->number, (unsigned long long)version);
    }
    *position = view.position;
    return SARN_OK;
}

/* Learn the positions from version first to the end of its run, or to the head. */
static sarn_status find_run(struct sarn__store *store,
                            const struct sarn__head *head,
                            uint64_t first,
                            struct run *run,
                            struct sarn_error *error)
{
    const struct sarn_journal *journal = &store->ports->journal;
    uint64_t start = 0, next = 0;

    run->head = head;
    run->error = error;
    run->first = first;
    run->last = first | (SARN__ANCHOR_RUN - 1);
    if (run->last > head->version) {
        run->last = head->version;
    }
    run->next_version = run->last;
    SARN__TRY(position_of(store, head, run->last, &start, error));
    SARN__TRY(journal->ops->walk(journal->self, start, collect, run, &next, error));
    assert(next == 0 && run->next_version == first); /* A run is one slice. */
    return SARN_OK;
}

struct reading {
    const struct sarn__head *head;
    uint64_t version; /* The one to be met next. */
    uint64_t left;
    sarn__store_record_fn *visit;
    void *arg;
    struct sarn_error *error;
};

static sarn_status visit_forward(void *arg, const struct sarn__record *record)
{
    struct reading *reading = arg;

    if (record->stream != reading->head->number ||
        record->version != reading->version) {
        return misplaced(record->position, reading->head, reading->version,
                         reading->error);
    }
    reading->version += 1;
    reading->left -= 1;
    return reading->visit(reading->arg, record);
}

sarn_status sarn__store_read_forward(struct sarn__store *store,
                                     const struct sarn__head *head,
                                     uint64_t from_version,
                                     uint64_t limit,
                                     sarn__store_record_fn *visit,
                                     void *arg,
                                     struct sarn_error *error)
{
    struct reading reading = {.head = head,
                              .version = from_version,
                              .left = limit,
                              .visit = visit,
                              .arg = arg,
                              .error = error};

    if (reading.version < head->first_version) {
        reading.version = head->first_version;
    }
    while (head->number != 0 && reading.version <= head->version && reading.left > 0) {
        struct run run;
        uint64_t count;

        SARN__TRY(find_run(store, head, reading.version, &run, error));
        count = run.last - run.first + 1;
        if (count > reading.left) {
            count = reading.left;
        }
        SARN__TRY(sarn__scan_positions(store->ports, run.positions, (uint32_t)count,
                                       visit_forward, &reading, error));
    }
    return SARN_OK;
}

/* --- backward --- */

struct backward {
    struct reading reading;
    const struct sarn_hash *hash;
};

static sarn_status
visit_backward(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    struct backward *backward = arg;
    struct reading *reading = &backward->reading;
    struct sarn__record record;

    SARN__TRY(
        sarn__record_decode(position, value, backward->hash, &record, reading->error));
    if (record.stream != reading->head->number || record.version != reading->version) {
        return misplaced(position, reading->head, reading->version, reading->error);
    }
    reading->left -= 1;
    if (reading->left > 0 && record.version > reading->head->first_version) {
        reading->version -= 1;
        *next = record.previous;
        if (record.previous == 0 || record.previous >= position) {
            return misplaced(record.previous, reading->head, reading->version,
                             reading->error);
        }
    }
    return reading->visit(reading->arg, &record);
}

sarn_status sarn__store_read_backward(struct sarn__store *store,
                                      const struct sarn__head *head,
                                      uint64_t limit,
                                      sarn__store_record_fn *visit,
                                      void *arg,
                                      struct sarn_error *error)
{
    const struct sarn_journal *journal = &store->ports->journal;
    struct backward backward = {.reading = {.head = head,
                                            .version = head->version,
                                            .left = limit,
                                            .visit = visit,
                                            .arg = arg,
                                            .error = error},
                                .hash = &store->ports->hash};
    uint64_t next = head->last_position;

    if (head->number == 0 || head->version < head->first_version || limit == 0) {
        return SARN_OK;
    }
    while (next != 0) {
        uint64_t start = next;

        next = 0;
        SARN__TRY(journal->ops->walk(journal->self, start, visit_backward, &backward,
                                     &next, error));
    }
    return SARN_OK;
}
