/* timers.h - what is due, the earliest first: an intrusive binary heap.
 *
 * A timer sits inside the struct that it stands for; the heap holds pointers. Setting,
 * moving and clearing one take a logarithm of how many there are, however many wait.
 *
 * Ownership: timers are the caller's, and stay in place while they are set.
 * Threads:   one at a time per heap.
 */
#ifndef SARN_CORE_TIMERS_H
#define SARN_CORE_TIMERS_H

#include "sarn/types.h"

/* All zero: not set. */
struct sarn__timer {
    int64_t due_us;
    uint32_t place; /* In the heap, from 1; 0: not set. */
};

struct sarn__timers {
    struct sarn_heap heap;
    struct sarn__timer **items; /* items[0] is the earliest. */
    uint32_t count, capacity;
};

/* Never fails: memory is taken by reserve. */
void sarn__timers_init(struct sarn__timers *timers, const struct sarn_heap *heap);
void sarn__timers_done(struct sarn__timers *timers);

/* Make room for count timers in all, so that setting one cannot fail. */
SARN_MUST_USE sarn_status sarn__timers_reserve(struct sarn__timers *timers,
                                               uint32_t count);
/* Set timer, or move it; there is room. */
void sarn__timers_set(struct sarn__timers *timers,
                      struct sarn__timer *timer,
                      int64_t due_us);
/* Clear timer; one that is not set stays so. */
void sarn__timers_clear(struct sarn__timers *timers, struct sarn__timer *timer);
/* The earliest, or NULL. */
struct sarn__timer *sarn__timers_first(const struct sarn__timers *timers);

#endif
