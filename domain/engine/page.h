/* page.h - records copied out of the journal, so that whoever handles them may take
 * its time and come back into the log: no read transaction is open meanwhile.
 *
 * Threads: one at a time per page.
 */
#ifndef SARN_ENGINE_PAGE_H
#define SARN_ENGINE_PAGE_H

#include "engine/scan.h"

#define SARN__PAGE_RECORDS 256u
#define SARN__PAGE_BYTES   (256u * 1024u)

struct sarn__page {
    struct sarn_heap heap;
    struct sarn_arena *arena;     /* Payloads and names. */
    struct sarn__record *records; /* SARN__PAGE_RECORDS of them. */
    uint32_t count;
    bool full;
};

SARN_MUST_USE sarn_status sarn__page_init(struct sarn__page *page,
                                          const struct sarn_heap *heap,
                                          struct sarn_error *error);
void sarn__page_done(struct sarn__page *page);
void sarn__page_clear(struct sarn__page *page);

/* A visitor with a struct sarn__page as arg: copies the record. A page that is full
 * ends the scan; what the scan answered goes through sarn__page_ended(). */
SARN_MUST_USE sarn_status sarn__page_add(void *arg, const struct sarn__record *record);
SARN_MUST_USE sarn_status sarn__page_ended(const struct sarn__page *page,
                                           sarn_status status,
                                           struct sarn_error *error);

/* Replace what is in page: from from on, at least one record and at most to; nothing
 * when from > to. */
SARN_MUST_USE sarn_status sarn__page_forward(struct sarn__page *page,
                                             const struct sarn_ports *ports,
                                             uint64_t from,
                                             uint64_t to,
                                             struct sarn_error *error);
/* The same from to down. */
SARN_MUST_USE sarn_status sarn__page_backward(struct sarn__page *page,
                                              const struct sarn_ports *ports,
                                              uint64_t from,
                                              uint64_t to,
                                              struct sarn_error *error);
/* At least the first of positions. */
SARN_MUST_USE sarn_status sarn__page_positions(struct sarn__page *page,
                                               const struct sarn_ports *ports,
                                               const uint64_t *positions,
                                               uint32_t count,
                                               struct sarn_error *error);

#endif
