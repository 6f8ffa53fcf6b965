/* definition.h - a workflow's table of steps, as planning sees it.
 *
 * An element is what the sequence is made of: a step that is in no group, or a group:
 * neighbours in the table with the same group.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_DEFINITION_H
#define SARN_CORE_DEFINITION_H

#include "sarn/workflow.h"

#define SARN__STEPS_MAX        256u /* Of one workflow. */
#define SARN__WINDOW_STEPS_MAX 64u
#define SARN__GROUP_STEPS_MAX  64u
#define SARN__VISITS_DEFAULT   100u

struct sarn__definition {
    const struct sarn_workflow *workflow;
    uint64_t fingerprint; /* Of its step table. */
};

/* Steps first to first + count - 1. */
struct sarn__element {
    uint32_t first;
    uint32_t count;
    const char *group; /* NULL: a step of its own; count is 1. */
    uint32_t needed;   /* Members that have to succeed. */
};

/* The step at index, whatever size the workflow's module was compiled with. */
const struct sarn_step *sarn__step_at(const struct sarn_workflow *workflow,
                                      uint32_t index);
/* Where the step called id, now or in an older version (aliases), is; step_count:
 * nowhere. The search begins at from, since who looks for one step has often found the
 * one before. */
uint32_t sarn__step_index(const struct sarn_workflow *workflow,
                          struct sarn_str id,
                          uint32_t from);
/* The element that the step at index belongs to; index < step_count. */
void sarn__element_of(const struct sarn_workflow *workflow,
                      uint32_t index,
                      struct sarn__element *element);
/* The index of the element that follows element by the table (the next of its last
 * member); step_count: none, it completes. */
uint32_t sarn__element_after(const struct sarn_workflow *workflow,
                             const struct sarn__element *element);

bool sarn__step_is_local(const struct sarn_step *step);
/* It waits: for a time, a signal, a promise, a child. */
bool sarn__step_waits(const struct sarn_step *step);
/* May be repeated under its key: idempotent. */
bool sarn__step_is_repeatable(const struct sarn_step *step);
/* Needs no intent: repeatable, in no group, without timeouts. Fit for a window. */
bool sarn__step_is_windowed(const struct sarn_step *step);
/* Has it something to undo it with? A child has: being undone. */
bool sarn__step_compensates(const struct sarn_step *step);
/* Is its compensation made on the dispatch thread? */
bool sarn__step_undoes_locally(const struct sarn_step *step);
/* What a step of kind SIGNAL waits for. */
const char *sarn__step_signal(const struct sarn_step *step);

/* Is there a message, or a step's signal, called name? *payload is the type of what it
 * brings; *message NULL: it is a step's. Each may be NULL. */
bool sarn__message_find(const struct sarn_workflow *workflow,
                        struct sarn_str name,
                        uint32_t *kind,
                        const struct sarn_type **payload,
                        const struct sarn_message **message);

/* The ids of the steps from index on that may all start before the next sync; steps has
 * room for SARN__WINDOW_STEPS_MAX. How many there are. */
uint32_t sarn__window(const struct sarn_workflow *workflow,
                      uint32_t index,
                      struct sarn_str *steps);

#endif
