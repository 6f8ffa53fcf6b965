/* check_parts.h - inside sarn_log_check(): one check under way.
 *
 * A second store and second projections, the shadow, are folded from nothing in memory;
 * then what is stored is compared with them.
 */
#ifndef SARN_ENGINE_CHECK_PARTS_H
#define SARN_ENGINE_CHECK_PARTS_H

#include "engine/log_parts.h"
#include "engine/projection_state.h"

struct sarn__checking {
    struct sarn_log *log;
    struct sarn_check check; /* Results are counted here. */
    struct sarn_ports ports; /* The log's, without a journal. */
    struct sarn__store shadow;
    struct sarn__projections *projections; /* The shadow's. */
    struct sarn_error *error;              /* Not NULL. */
};

/* A difference, or something that was not checked, as a sentence. */
void sarn__check_differs(struct sarn__checking *checking, const char *format, ...)
    SARN_PRINTF(2, 3);
void sarn__check_unchecked(struct sarn__checking *checking, const char *format, ...)
    SARN_PRINTF(2, 3);

/* A stored row that does not even read is one more difference: reported, and SARN_OK.
 * Anything else stays as it is. */
SARN_MUST_USE sarn_status sarn__check_survive(struct sarn__checking *checking,
                                              sarn_status status);

/* The core's tables, then rows and index entries of the projections. (check_rows.c) */
SARN_MUST_USE sarn_status sarn__check_rows(struct sarn__checking *checking);
/* Snapshots against their events. (check_snapshots.c) */
SARN_MUST_USE sarn_status sarn__check_snapshots(struct sarn__checking *checking);

#endif
