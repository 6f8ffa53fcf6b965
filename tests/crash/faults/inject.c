#define _GNU_SOURCE

#include "crash/faults/inject.h"

#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define FRAMES_MAX 48

/* Interposed functions have nobody to hand them a context. */
static struct {
    struct fault_plan plan;
    _Atomic bool armed;
    bool shown;
    _Atomic uint64_t count[FAULT_KINDS];
    _Atomic uint64_t struck;
} faults;

void fault_arm(const struct fault_plan *plan)
{
    faults.plan = *plan;
    for (int i = 0; i < FAULT_KINDS; i++) {
        atomic_store(&faults.count[i], 0);
    }
    atomic_store(&faults.struck, 0);
    fault_forget_blocks();
    atomic_store(&faults.armed, true);
}

void fault_disarm(void)
{
    atomic_store(&faults.armed, false);
}

uint64_t fault_count(enum fault_kind kind)
{
    return atomic_load(&faults.count[kind]);
}

uint64_t fault_struck(void)
{
    return atomic_load(&faults.struck);
}

void fault_show_strikes(void)
{
    void *frames[FRAMES_MAX];

    (void)backtrace(frames, FRAMES_MAX); /* Loads what it needs. */
    faults.shown = true;
}

static void show(const char *call, uint64_t n)
{
    void *frames[FRAMES_MAX];
    char line[96];
    int size = snprintf(line, sizeof(line), "--- %s, number %llu, fails\n", call,
                        (unsigned long long)n);

    if (write(STDERR_FILENO, line, (size_t)size) == size) {
        backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    }
}

bool fault_strikes(enum fault_kind kind, const char *call)
{
    const struct fault_plan *plan = &faults.plan;
    uint64_t n;

    if (!atomic_load(&faults.armed)) {
        return false;
    }
    n = atomic_fetch_add(&faults.count[kind], 1) + 1;
    if (plan->n == 0 || plan->kind != kind || n < plan->n ||
        (n > plan->n && plan->mode == FAULT_ONCE)) {
        return false;
    }
    if (atomic_fetch_add(&faults.struck, 1) == 0 && faults.shown) {
        show(call, n);
    }
    errno = plan->error == FAULT_SHORT ? ENOSPC : plan->error;
    return true;
}

int fault_error(void)
{
    return faults.plan.error == FAULT_SHORT && fault_struck() > 1 ? ENOSPC
                                                                  : faults.plan.error;
}
