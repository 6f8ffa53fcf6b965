/* faults.h - system calls that fail when a test says so: pwrite, writev and fdatasync,
 * for every library in the process. Until then they do what they always do.
 */
#ifndef SARN_TESTS_SUPPORT_FAULTS_H
#define SARN_TESTS_SUPPORT_FAULTS_H

#include <stdint.h>

enum fault_call {
    FAULT_NONE,
    FAULT_WRITE_PAGES, /* Writes from the third page of a file on: not LMDB's metas. */
    FAULT_WRITE_META,  /* Writes to the first two pages. */
    FAULT_SYNC
};

/* Instead of an errno: */
#define FAULT_STOP (-1) /* Stop the process, then carry on. */
#define FAULT_LATE (-2) /* The first one is done; all of them say that they failed. */

/* The nth such call from now (1: the next) and times - 1 more after it fail with error
 * (an errno). error 0: a write is cut short instead. */
void faults_set(enum fault_call call, uint32_t nth, uint32_t times, int error);
/* Nothing fails any more. How often it did. */
uint32_t faults_clear(void);
/* Sync calls so far. */
uint32_t faults_syncs(void);

#endif
