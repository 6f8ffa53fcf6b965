/* job.h - a piece of blocking work, as the engine hands it to whatever threads its host
 * has. The engine's memory throughout: whoever holds the job may use next.
 */
#ifndef SARN_PORTS_JOB_H
#define SARN_PORTS_JOB_H

#include <stdbool.h>
#include <stdint.h>

enum sarn__job_kind {
    SARN__JOB_COMMIT, /* Append or flush: on the one committer, in order. */
    SARN__JOB_STEP    /* An external step: on any worker. */
};

struct sarn__job {
    struct sarn__job *next;
    uint32_t kind;
    bool quick; /* COMMIT: nothing else waits; may as well be done inline. */
    void (*work)(struct sarn__job *job); /* Blocks; touches nothing but the job. */
};

#endif
