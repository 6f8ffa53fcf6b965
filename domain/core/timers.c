#include "core/timers.h"

#include <assert.h>

#include "core/heap.h"

#define FIRST_CAPACITY 64u

void sarn__timers_init(struct sarn__timers *timers, const struct sarn_heap *heap)
{
    *timers = (struct sarn__timers){.heap = *heap};
}

void sarn__timers_done(struct sarn__timers *timers)
{
    sarn__heap_free(&timers->heap, timers->items);
    timers->items = NULL;
    timers->count = timers->capacity = 0;
}

static void put(struct sarn__timers *timers, uint32_t index, struct sarn__timer *timer)
{
    timers->items[index] = timer;
    timer->place = index + 1;
}

/* Timer belongs at index or above it. */
static void rise(struct sarn__timers *timers, uint32_t index, struct sarn__timer *timer)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / 2;

        if (timers->items[parent]->due_us <= timer->due_us) {
            break;
        }
        put(timers, index, timers->items[parent]);
        index = parent;
    }
    put(timers, index, timer);
}

/* Timer belongs at index or below it. */
static void sink(struct sarn__timers *timers, uint32_t index, struct sarn__timer *timer)
{
    for (;;) {
        uint64_t child = (uint64_t)index * 2 + 1;

        if (child + 1 < timers->count &&
            timers->items[child + 1]->due_us < timers->items[child]->due_us) {
            child += 1;
        }
        if (child >= timers->count || timer->due_us <= timers->items[child]->due_us) {
            break;
        }
        put(timers, index, timers->items[child]);
        index = (uint32_t)child;
    }
    put(timers, index, timer);
}

static void
settle(struct sarn__timers *timers, uint32_t index, struct sarn__timer *timer)
{
    if (index > 0 && timer->due_us < timers->items[(index - 1) / 2]->due_us) {
        rise(timers, index, timer);
    } else {
        sink(timers, index, timer);
    }
}

sarn_status sarn__timers_reserve(struct sarn__timers *timers, uint32_t count)
{
    uint64_t capacity = timers->capacity == 0 ? FIRST_CAPACITY : timers->capacity;
    struct sarn__timer **items = NULL;

    if (count <= timers->capacity) {
        return SARN_OK;
    }
    while (capacity < count) {
        capacity *= 2;
    }
    if (capacity <= UINT32_MAX) {
        items = sarn__heap_resize(&timers->heap, timers->items,
                                  capacity * sizeof(struct sarn__timer *));
    }
    if (items == NULL) {
        return SARN_ERR_NOMEM;
    }
    timers->items = items;
    timers->capacity = (uint32_t)capacity;
    return SARN_OK;
}

void sarn__timers_set(struct sarn__timers *timers,
                      struct sarn__timer *timer,
                      int64_t due_us)
{
    timer->due_us = due_us;
    if (timer->place != 0) {
        settle(timers, timer->place - 1, timer);
        return;
    }
    assert(timers->count < timers->capacity);
    timers->count += 1;
    rise(timers, timers->count - 1, timer);
}

void sarn__timers_clear(struct sarn__timers *timers, struct sarn__timer *timer)
{
    struct sarn__timer *last = NULL;
    uint32_t index = timer->place - 1;

    if (timer->place == 0) {
        return;
    }
    assert(timers->items[index] == timer);
    timer->place = 0;
    timers->count -= 1;
    last = timers->items[timers->count];
    if (last != timer) {
        settle(timers, index, last);
    }
}

struct sarn__timer *sarn__timers_first(const struct sarn__timers *timers)
{
    return timers->count > 0 ? timers->items[0] : NULL;
}
