/* The allocator's functions, in front of libc's, and a list of what they gave out. */
#define _GNU_SOURCE

#include "crash/faults/inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX (1u << 15) /* A power of two. */

/* An open hash table; no memory of the heap, since it is asked from there. */
static struct {
    atomic_flag busy;
    uint32_t count;
    struct fault_block slots[BLOCKS_MAX];
} out = {.busy = ATOMIC_FLAG_INIT};

static const void *_Atomic struck_by;

/* Does this allocation fail? */
static bool strikes(const char *call, const void *caller)
{
    const void *nobody = NULL;

    if (!fault_strikes(FAULT_MALLOC, call)) {
        return false;
    }
    (void)atomic_compare_exchange_strong(&struck_by, &nobody, caller);
    return true;
}

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&out.busy, memory_order_acquire)) {
        sched_yield();
    }
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&out.busy, memory_order_release);
}

static uint32_t slot_of(const void *memory)
{
    uint64_t bits = (uint64_t)(uintptr_t)memory >> 4;

    return (uint32_t)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (BLOCKS_MAX - 1);
}

/* Where memory is, or would be. */
static uint32_t find(const void *memory)
{
    uint32_t at = slot_of(memory);

    while (out.slots[at].memory != NULL && out.slots[at].memory != memory) {
        at = (at + 1) & (BLOCKS_MAX - 1);
    }
    return at;
}

static void note(const void *memory, size_t size, const void *caller)
{
    lock();
    if (memory != NULL && out.count < BLOCKS_MAX / 2) {
        struct fault_block *slot = &out.slots[find(memory)];

        out.count += slot->memory == NULL ? 1 : 0;
        *slot = (struct fault_block){memory, size, caller};
    }
    unlock();
}

/* Take memory off the list; those behind it move up, so that they are still found. */
static void forget(const void *memory)
{
    uint32_t hole;

    if (memory == NULL) {
        return;
    }
    lock();
    hole = find(memory);
    if (out.slots[hole].memory != NULL) {
        uint32_t at = hole;

        out.count -= 1;
        for (;;) {
            uint32_t home;

            at = (at + 1) & (BLOCKS_MAX - 1);
            if (out.slots[at].memory == NULL) {
                break;
            }
            home = slot_of(out.slots[at].memory);
            if (((at - home) & (BLOCKS_MAX - 1)) >= ((at - hole) & (BLOCKS_MAX - 1))) {
                out.slots[hole] = out.slots[at];
                hole = at;
            }
        }
        out.slots[hole].memory = NULL;
    }
    unlock();
}

void fault_forget_blocks(void)
{
    lock();
    memset(out.slots, 0, sizeof(out.slots));
    out.count = 0;
    unlock();
}

static bool is_of(const void *caller, const char *library)
{
    Dl_info info;

    return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
           strstr(info.dli_fname, library) != NULL;
}

/* Nobody's of ours: a thread's, whose stack is kept for the next one; what OpenSSL
 * forgets when it is itself out of memory while it fetches a digest. */
static bool is_foreign(const struct fault_block *block)
{
    return is_of(block->caller, "ld-linux") ||
           (is_of(block->caller, "libcrypto") && struck_by != NULL &&
            is_of(struck_by, "libcrypto"));
}

uint32_t fault_blocks_out(struct fault_block *blocks, uint32_t max)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < BLOCKS_MAX; i++) {
        if (out.slots[i].memory != NULL && !is_foreign(&out.slots[i])) {
            if (count < max) {
                blocks[count] = out.slots[i];
            }
            count += 1;
        }
    }
    return count;
}

#ifdef SARN_FAULTS_BY_HEAP

static void *resize(void *arg, void *memory, size_t size)
{
    const void *caller = __builtin_return_address(0);
    void *made;

    (void)arg;
    if (size == 0) {
        forget(memory);
        free(memory);
        return NULL;
    }
    if (strikes("resize", caller)) {
        return NULL;
    }
    forget(memory); /* Before another thread can be given the same place. */
    made = realloc(memory, size);
    note(made, size, caller);
    return made;
}

struct sarn_heap fault_heap(void)
{
    return (struct sarn_heap){.resize = resize};
}

#else

struct sarn_heap fault_heap(void)
{
    return (struct sarn_heap){.resize = NULL};
}

/* libc's own, under names that nothing stands in front of. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *memory);

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    void *made = strikes("malloc", CALLER) ? NULL : __libc_malloc(size);

    note(made, size, CALLER);
    return made;
}

void *calloc(size_t count, size_t size)
{
    void *made = strikes("calloc", CALLER) ? NULL : __libc_calloc(count, size);

    note(made, count * size, CALLER);
    return made;
}

void *realloc(void *memory, size_t size)
{
    void *made;

    if (strikes("realloc", CALLER)) {
        return NULL;
    }
    forget(memory); /* Before another thread can be given the same place. */
    made = __libc_realloc(memory, size);
    note(made != NULL ? made : size != 0 ? memory : NULL, size, CALLER);
    return made;
}

void free(void *memory)
{
    int before = errno;

    forget(memory);
    __libc_free(memory);
    errno = before;
}

void *memalign(size_t align, size_t size)
{
    void *made = strikes("memalign", CALLER) ? NULL : __libc_memalign(align, size);

    note(made, size, CALLER);
    return made;
}

void *aligned_alloc(size_t align, size_t size)
{
    void *made = strikes("aligned_alloc", CALLER) ? NULL : __libc_memalign(align, size);

    note(made, size, CALLER);
    return made;
}

int posix_memalign(void **memory, size_t align, size_t size)
{
    void *made =
        strikes("posix_memalign", CALLER) ? NULL : __libc_memalign(align, size);

    if (made == NULL) {
        return ENOMEM;
    }
    note(made, size, CALLER);
    *memory = made;
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

#endif
