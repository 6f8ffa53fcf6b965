/* admission.h - who may begin next, where no more than so many may at once, or in a
 * second.
 *
 * A gate stands for one struct sarn_limit: of a workflow's running executions, or of
 * the attempts of one of its steps. Who wants to pass enters; where there is no room,
 * or others wait already, it stands in line (line.h).
 *
 * Concurrency counts those that passed and have not left. The rate is a bucket of
 * burst tokens that fills by rate a second, on the engine's clock; who leaves gives no
 * token back.
 *
 * Work: entering, passing, leaving and giving up take the same time however many wait.
 *
 * Ownership: entries are the caller's, and stay in place while they wait. Gates live as
 *            long as the admission.
 * Threads:   one at a time per admission.
 */
#ifndef SARN_CORE_ADMISSION_H
#define SARN_CORE_ADMISSION_H

#include "core/line.h"
#include "sarn/sarn.h"

struct sarn__gate;
struct sarn__admission;

/* limits are copied. SARN_ERR_INVALID: one has no workflow, a rate that is no number or
 * negative, limits nothing, or is there twice: says which. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__admission_create(const struct sarn_limit *limits,
                                                 uint32_t count,
                                                 const struct sarn_heap *heap,
                                                 struct sarn__admission **admission,
                                                 struct sarn_error *error);
/* Nobody waits. NULL does nothing. */
void sarn__admission_destroy(struct sarn__admission *admission);

/* The gate of a step's attempts; step {NULL, 0}: of a workflow's executions. NULL:
 * there is no limit. */
struct sarn__gate *sarn__admission_gate(const struct sarn__admission *admission,
                                        struct sarn_str workflow,
                                        struct sarn_str step);
uint32_t sarn__admission_count(const struct sarn__admission *admission);
/* The gate of limit index. */
struct sarn__gate *sarn__admission_gate_at(const struct sarn__admission *admission,
                                           uint32_t index);
const struct sarn_limit *sarn__gate_limit(const struct sarn__gate *gate);

/* Pass at once, if nobody waits and there is room. */
bool sarn__gate_enter(struct sarn__gate *gate, int64_t now_us);
/* Wait. priority: the highest is SARN__PRIORITIES - 1. SARN_ERR_NOMEM: it does not. */
SARN_MUST_USE sarn_status sarn__gate_wait(struct sarn__gate *gate,
                                          struct sarn__entry *entry,
                                          uint32_t tenant,
                                          uint32_t priority);
/* It waits no longer; one that does not wait stays so. */
void sarn__gate_give_up(struct sarn__gate *gate, struct sarn__entry *entry);
/* The next that passes now: it waits no longer. NULL: nobody can. */
struct sarn__entry *sarn__gate_pass(struct sarn__gate *gate, int64_t now_us);
/* So many are in there already, room or not. */
void sarn__gate_occupy(struct sarn__gate *gate, uint64_t count);
/* One that passed, or occupies, is done. */
void sarn__gate_leave(struct sarn__gate *gate);

/* When the rate lets somebody pass who waits, if the room is there: now or later.
 * INT64_MAX: nobody waits, or somebody has to leave first. */
int64_t sarn__gate_due_us(const struct sarn__gate *gate, int64_t now_us);
uint64_t sarn__gate_waiting(const struct sarn__gate *gate);
uint64_t sarn__gate_inside(const struct sarn__gate *gate);

#endif
