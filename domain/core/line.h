/* line.h - who waits, and whose turn it is: the highest priority first; of those,
 * tenants in turn; of one tenant, who came first.
 *
 * So of T tenants that wait with one priority, each gets every T-th place: the k-th
 * entry of any of them is taken after at most k * T others of that priority. An entry
 * lies inside the struct that it stands for; waiting, giving up and being taken cost
 * the same however many wait.
 *
 * Ownership: entries are the caller's, and stay in place while they wait.
 * Threads:   one at a time per line.
 */
#ifndef SARN_CORE_LINE_H
#define SARN_CORE_LINE_H

#include "core/hash_map.h"

#define SARN__PRIORITIES 256u

/* One that waits. All zero: it does not. */
struct sarn__entry {
    struct sarn__entry *next, *previous; /* Of one tenant and priority. */
    struct sarn__lane *lane;             /* NULL: it does not wait. */
};

struct sarn__line {
    struct sarn__map lanes; /* Those that have somebody. */
    struct sarn__lane
        *rings[SARN__PRIORITIES];          /* Of each priority, whose turn it is. */
    uint64_t some[SARN__PRIORITIES / 64u]; /* Which rings have anybody. */
    uint64_t count;                        /* Who wait. */
};

/* Never fails: memory is taken when somebody waits. */
void sarn__line_init(struct sarn__line *line, const struct sarn_heap *heap);
/* Nobody waits. */
void sarn__line_done(struct sarn__line *line);
/* Wait. priority: the highest is SARN__PRIORITIES - 1. SARN_ERR_NOMEM: it does not. */
SARN_MUST_USE sarn_status sarn__line_wait(struct sarn__line *line,
                                          struct sarn__entry *entry,
                                          uint32_t tenant,
                                          uint32_t priority);
/* It waits no longer; one that does not wait stays so. */
void sarn__line_give_up(struct sarn__line *line, struct sarn__entry *entry);
/* Whose turn it is: it waits no longer. NULL: nobody waits. */
struct sarn__entry *sarn__line_take(struct sarn__line *line);

#endif
