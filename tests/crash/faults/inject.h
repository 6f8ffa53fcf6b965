/* inject.h - makes the n-th call of a kind fail, in whatever library it is made.
 *
 * inject_memory.c and inject_files.c define malloc(), pwrite(), fsync(), open() and
 * their like in the program itself, where the dynamic linker finds them before libc's:
 * so what libsarn, LMDB, yajl, OpenSSL and the C++ runtime ask for passes
 * here. Calls are counted while armed, on every thread of the process.
 *
 * Under a sanitizer, which has a malloc() of its own, only what goes through the heap
 * port (fault_heap()) counts as an allocation; the other kinds are as ever.
 */
#ifndef SARN_TESTS_CRASH_FAULTS_INJECT_H
#define SARN_TESTS_CRASH_FAULTS_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sarn/types.h>

enum fault_kind {
    FAULT_MALLOC, /* malloc, calloc, realloc, memalign, strdup, new. */
    FAULT_WRITE,  /* write, pwrite, writev, send, ftruncate: to files and sockets. */
    FAULT_SYNC,   /* fsync, fdatasync, msync, and writes to what is open O_DSYNC. */
    FAULT_OPEN,   /* open, socket, epoll, eventfd, timerfd, pipe, mmap, threads. */
    FAULT_KINDS
};

enum fault_mode {
    FAULT_ONCE,
    FAULT_WHILE, /* From then on, until the scene ends; closing works again. */
    FAULT_ON     /* From then on, closing included. */
};

#define FAULT_SHORT 0 /* As error of a write: half of it is written. */

struct fault_plan {
    enum fault_kind kind;
    enum fault_mode mode;
    uint64_t n; /* From 1; 0: only count. */
    int error;  /* errno */
};

/* Count from zero, and do as plan says. */
void fault_arm(const struct fault_plan *plan);
void fault_disarm(void);
/* Calls of kind while armed. */
uint64_t fault_count(enum fault_kind kind);
/* How often the plan has struck. */
uint64_t fault_struck(void);
/* Show each strike, with a backtrace, on standard error. */
void fault_show_strikes(void);
/* Does this call of kind fail? Sets errno. For the interposed functions. */
bool fault_strikes(enum fault_kind kind, const char *call);
/* What it is to fail with; FAULT_SHORT the first time, an errno afterwards. */
int fault_error(void);

/* --- blocks (inject_memory.c) --- */

/* The heap to open engines and logs with; all NULL where malloc() is ours. */
struct sarn_heap fault_heap(void);

struct fault_block {
    const void *memory;
    size_t size;
    const void *caller;
};
/* Blocks that were given out while armed, and are still out; how many, at most max of
 * them to blocks. What the loader keeps for threads it has cached is not ours. */
uint32_t fault_blocks_out(struct fault_block *blocks, uint32_t max);
void fault_forget_blocks(void);

#endif
