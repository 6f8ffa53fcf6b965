/* report.h - one what-if under way: what was found, and who is told.
 *
 *   whatif.c   read the old log, feed the world, compare
 *   compare.c  executions
 *   rows.c     projections
 */
#ifndef SARN_INFRA_WHATIF_REPORT_H
#define SARN_INFRA_WHATIF_REPORT_H

#include "infra/whatif/world.h"
#include "sarn/whatif.h"

struct sarn__old_rows;

struct sarn__asking {
    struct sarn_trial what_if; /* Results are counted here. */
    struct sarn_heap heap;
    sarn_log *log; /* The old one. */
    struct sarn__history old, new;
    struct sarn__world world;
    struct sarn_arena *scratch; /* Of one event. */
    uint64_t last_position;     /* Of the old log. */
    struct sarn_arena *rows_arena;
    struct sarn__old_rows *old_rows; /* By the code that made them. */
    struct sarn_error *error;
};

/* Say one difference. */
void sarn__what_if_change(struct sarn__asking *asking,
                          enum sarn_change_kind kind,
                          uint32_t tenant,
                          struct sarn_str subject,
                          struct sarn_str was,
                          struct sarn_str would_be);

/* Hold every execution that was run again against what it was. */
void sarn__what_if_compare(struct sarn__asking *asking);
/* Keep the rows of the log at path as they are; it is closed again. */
SARN_MUST_USE sarn_status sarn__what_if_old_rows(struct sarn__asking *asking,
                                                 const char *path);
void sarn__what_if_forget_rows(struct sarn__asking *asking);
/* Hold those that would be against them. */
SARN_MUST_USE sarn_status sarn__what_if_rows(struct sarn__asking *asking);

#endif
