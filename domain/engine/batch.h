/* batch.h - records copied out of the journal, so that whoever handles them may take
 * its time and come back into the log: no read transaction is open meanwhile.
 *
 * Threads: one at a time per batch.
 */
#ifndef SARN_ENGINE_BATCH_H
#define SARN_ENGINE_BATCH_H

#include "engine/scan.h"

#define SARN__BATCH_RECORDS 256u
#define SARN__BATCH_BYTES   (256u * 1024u)

struct sarn__batch {
    struct sarn_heap heap;
    struct sarn_arena *arena;     /* Payloads and names. */
    struct sarn__record *records; /* SARN__BATCH_RECORDS of them. */
    uint32_t count;
    bool full;
};

SARN_MUST_USE sarn_status sarn__batch_init(struct sarn__batch *batch,
                                           const struct sarn_heap *heap,
                                           struct sarn_error *error);
void sarn__batch_done(struct sarn__batch *batch);
void sarn__batch_clear(struct sarn__batch *batch);

/* A visitor with a struct sarn__batch as arg: copies the record; anything but SARN_OK
 * with batch->full set ends a scan that brought enough. */
SARN_MUST_USE sarn_status sarn__batch_add(void *arg, const struct sarn__record *record);

/* Replace what is in batch: from from on, at least one record and at most to; nothing
 * when from > to. */
SARN_MUST_USE sarn_status sarn__batch_forward(struct sarn__batch *batch,
                                              const struct sarn_ports *ports,
                                              uint64_t from,
                                              uint64_t to,
                                              struct sarn_error *error);
/* The same from to down. */
SARN_MUST_USE sarn_status sarn__batch_backward(struct sarn__batch *batch,
                                               const struct sarn_ports *ports,
                                               uint64_t from,
                                               uint64_t to,
                                               struct sarn_error *error);
/* At least the first of positions. */
SARN_MUST_USE sarn_status sarn__batch_positions(struct sarn__batch *batch,
                                                const struct sarn_ports *ports,
                                                const uint64_t *positions,
                                                uint32_t count,
                                                struct sarn_error *error);

#endif
