/* timeline.h - an execution's events as lines for a person to follow:
 *
 *   started version 1 by ann
 *   step charge: attempt 1 failed (terminal is down), next at +2000ms
 *   step charge: done at attempt 2
 *   step approve: waits for signal approve until +24h
 *   group quotes: joined (2 of 3)
 *   cancel requested by ann: typo
 *   compensation began (cancelled)
 *   compensation of charge: done
 *   compensated (cancelled)
 *
 * Times count from the event that tells of them. A line has no control characters, is
 * UTF-8 as far as its event is, and says in as many words what is recorded, nothing
 * more: the events of one run, in order, and its workflow's table where that is known
 * (for what a step waits for), are all it is made of.
 *
 * Threads: any; one at a time per timeline.
 */
#ifndef SARN_CORE_TIMELINE_H
#define SARN_CORE_TIMELINE_H

#include "core/definition.h"
#include "core/execution.h"

/* Of one line with its NUL; a longer one is cut, and says so. */
#define SARN__TIMELINE_BYTES 1024u

/* What a line needs to know of those before. */
struct sarn__timeline {
    const struct sarn_workflow *workflow; /* NULL: not known. */
    uint64_t group;                       /* Whose members these are; a hash. */
    uint64_t members[SARN__GROUP_STEPS_MAX];
    uint32_t member_count;
};

/* Before the first event of a run. workflow, which outlives timeline, is what the run
 * was started with (perhaps read from the log: its functions are not called). */
void sarn__timeline_init(struct sarn__timeline *timeline,
                         const struct sarn_workflow *workflow);

/* The line of the next event, written to text, where the answer points. actor: who its
 * record names; empty: nobody. */
struct sarn_str sarn__timeline_line(struct sarn__timeline *timeline,
                                    const struct sarn__execution_event *event,
                                    struct sarn_str actor,
                                    char text[SARN__TIMELINE_BYTES]);

#endif
