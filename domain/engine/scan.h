/* scan.h - durable records by position, decoded and with their checksums checked.
 *
 * A visitor is called inside a short read transaction: it must not block, nor call code
 * that is not ours; the record dies with the call. SARN_OK goes on; anything else ends
 * the scan, which returns it (the visitor fills error itself).
 */
#ifndef SARN_ENGINE_SCAN_H
#define SARN_ENGINE_SCAN_H

#include "engine/record.h"
#include "ports/ports.h"

typedef sarn_status sarn__scan_fn(void *arg, const struct sarn__record *record);

/* from..to, both included; nothing when from > to. to is not after the last record. */
SARN_MUST_USE sarn_status sarn__scan_forward(const struct sarn_ports *ports,
                                             uint64_t from,
                                             uint64_t to,
                                             sarn__scan_fn *visit,
                                             void *arg,
                                             struct sarn_error *error);
/* The same from to down to from. */
SARN_MUST_USE sarn_status sarn__scan_backward(const struct sarn_ports *ports,
                                              uint64_t from,
                                              uint64_t to,
                                              sarn__scan_fn *visit,
                                              void *arg,
                                              struct sarn_error *error);
/* positions in the order given. */
SARN_MUST_USE sarn_status sarn__scan_positions(const struct sarn_ports *ports,
                                               const uint64_t *positions,
                                               uint32_t count,
                                               sarn__scan_fn *visit,
                                               void *arg,
                                               struct sarn_error *error);
/* The time of one record. */
SARN_MUST_USE sarn_status sarn__scan_time(const struct sarn_ports *ports,
                                          uint64_t position,
                                          int64_t *time_us,
                                          struct sarn_error *error);

#endif
