/* workers.h - a pool of threads that do blocking jobs: one thread is the committer,
 * which keeps their order; several are the workers of external steps.
 *
 * The queue is made of the jobs themselves, so handing one over cannot fail; its bound
 * is whoever makes the jobs. All signals are blocked in these threads: they are the
 * embedder's business.
 *
 * Threads: sarn__workers_push() from any thread; create and destroy from one.
 */
#ifndef SARN_INFRA_POSIX_WORKERS_H
#define SARN_INFRA_POSIX_WORKERS_H

#include "ports/job.h"
#include "sarn/types.h"

#define SARN__WORKERS_MAX 1024u

struct sarn__workers;

/* A job's work is done and the job is handed back. [worker thread] Must not destroy the
 * pool. */
typedef void sarn__job_done_fn(void *arg, struct sarn__job *job);

/* A pool of count threads (1 to SARN__WORKERS_MAX). name, at most 15 bytes, is what
 * debuggers show; heap must allow any thread and outlives the pool.
 * SARN_ERR_NOMEM, SARN_ERR_IO: the system gives no more threads: says so. */
SARN_MUST_USE sarn_status sarn__workers_create(uint32_t count,
                                               const char *name,
                                               sarn__job_done_fn *done,
                                               void *arg,
                                               const struct sarn_heap *heap,
                                               struct sarn__workers **workers,
                                               struct sarn_error *error);
/* Do what was pushed, to its end, then end the threads. NULL does nothing. */
void sarn__workers_destroy(struct sarn__workers *workers);
/* Do job when a thread is free, in the order pushed; it is the pool's until done. */
void sarn__workers_push(struct sarn__workers *workers, struct sarn__job *job);

#endif
