/* plan_parts.h - what planning is made of, for its files.
 *
 *   plan.c          what is to be planned: forward, winding down, backward, nothing
 *   plan_duty.c     duties put down; where an execution is in its definition
 *   plan_forward.c  the next element, and the attempts of a step
 *   plan_group.c    the members of a group, and those that outlive it
 *   plan_wait.c     steps that wait
 *   plan_wind.c     what is under way comes to its end before undoing begins
 *   plan_undo.c     undoing
 *   plan_order.c    in which order
 *   plan_settle.c   duty and outcome become an event
 *   plan_result.c   the same for the attempts of a step
 *   plan_claim.c    whose outcome it is; what may lag
 *   plan_show.c     what an undo would do
 *
 * A function that plans answers true when it has found something to be settled at
 * once: then that is the only duty, and nobody plans on.
 */
#ifndef SARN_CORE_PLAN_PARTS_H
#define SARN_CORE_PLAN_PARTS_H

#include "core/plan.h"

struct sarn__planning {
    const struct sarn__execution *execution;
    const struct sarn_workflow *workflow;
    int64_t now_us;
    struct sarn__plan *plan;
    struct sarn__hold *holds;
    bool unknown; /* There is a visit that nobody knows the outcome of. */
};

/* --- plan_duty.c --- */

/* Put down the only duty that counts: true. step, visit may be NULL. */
bool sarn__plan_at_once(struct sarn__planning *planning,
                        enum sarn__duty_kind kind,
                        const struct sarn_step *step,
                        struct sarn__step *visit);
/* The same for a visit that is to begin. */
bool sarn__plan_begin(struct sarn__planning *planning,
                      enum sarn__duty_kind kind,
                      const struct sarn_step *step,
                      struct sarn__step *visit,
                      uint32_t number);
/* One more that is to be under way, if there is room. */
void sarn__plan_under_way(struct sarn__planning *planning,
                          enum sarn__duty_kind kind,
                          const struct sarn_step *step,
                          struct sarn__step *visit);
void sarn__plan_wake(struct sarn__planning *planning, int64_t at_us);
/* Nobody can go on. */
SARN_PRINTF(5, 6)
bool sarn__plan_park(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit,
                     const char *code,
                     const char *format,
                     ...);

/* Is step held back? */
bool sarn__plan_is_held(const struct sarn__planning *planning,
                        const struct sarn_step *step);
/* Later, or never: no overflow. */
int64_t sarn__plan_later(int64_t at_us, int64_t delay_us);
/* The step that visit is of; NULL: the definition does not have it. *near, where to
 * look first (0 at the beginning), is moved on: visits mostly come as in the table. */
const struct sarn_step *sarn__plan_step_of(const struct sarn_workflow *workflow,
                                           const struct sarn__step *visit,
                                           uint32_t *near);
/* The latest visit of step, under the id that it has or had; NULL: none. */
struct sarn__step *sarn__plan_latest(const struct sarn__execution *execution,
                                     const struct sarn_step *step);
/* Is visit one of what the execution is at now? */
bool sarn__plan_is_here(const struct sarn__execution *execution,
                        const struct sarn__step *visit);
/* It was begun for an element that was left: a member that its group did not need. */
bool sarn__plan_was_left(const struct sarn__execution *execution,
                         const struct sarn__step *visit);
/* Where the execution goes on; step_count: at its end. false: the definition does not
 * have the place where it is. */
bool sarn__plan_next(const struct sarn__execution *execution,
                     const struct sarn_workflow *workflow,
                     uint32_t *index);
/* The visit of step that counts where the execution is: the latest, unless that is of a
 * promise which was settled before it is come to once more, and another is here. */
struct sarn__step *sarn__plan_counting(const struct sarn__execution *execution,
                                       const struct sarn_step *step);
/* The visit of what the execution is at, and its number: visit NULL: it is to begin. */
struct sarn__step *sarn__plan_current(const struct sarn__execution *execution,
                                      const struct sarn_step *step,
                                      uint32_t *number);
/* When schedule_to_close of visit is over; INT64_MAX: never. */
int64_t sarn__plan_schedule_end(const struct sarn_step *step,
                                const struct sarn__step *visit);

/* --- plan_forward.c --- */

void sarn__plan_forward(struct sarn__planning *planning);
/* Go on with visit (NULL: to begin, as number), which is not over. */
bool sarn__plan_step(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit,
                     uint32_t number);
/* The same, if it may begin once more. */
bool sarn__plan_visit(struct sarn__planning *planning,
                      const struct sarn_step *step,
                      struct sarn__step *visit,
                      uint32_t number);
/* visit is RUNNING or DOUBTED: hear how it ends. */
bool sarn__plan_attempt(struct sarn__planning *planning,
                        const struct sarn_step *step,
                        struct sarn__step *visit);

/* --- plan_group.c --- */

struct sarn__members {
    uint32_t number; /* Of the visits that are to begin. */
    uint32_t succeeded, failed;
    struct sarn__step *visits[SARN__GROUP_STEPS_MAX]; /* NULL: to begin. */
};

void sarn__plan_members(const struct sarn__execution *execution,
                        const struct sarn_workflow *workflow,
                        const struct sarn__element *element,
                        struct sarn__members *members);
bool sarn__plan_group(struct sarn__planning *planning,
                      const struct sarn__element *element);
/* What groups have left behind under way. */
bool sarn__plan_left(struct sarn__planning *planning);

/* --- plan_wait.c --- */

/* visit is AWAITING. */
bool sarn__plan_wait(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit);
/* visit is not needed any more. */
bool sarn__plan_give_up(struct sarn__planning *planning,
                        const struct sarn_step *step,
                        struct sarn__step *visit);

/* --- plan_wind.c --- */

/* Begin to undo, because of cause, when nothing is under way any more. */
bool sarn__plan_wind(struct sarn__planning *planning, enum sarn__cause cause);
/* May there be an attempt of visit, which has no intent, under way? One of the window
 * that is here, and is not known to wait. */
bool sarn__plan_may_be_out(const struct sarn__execution *execution,
                           const struct sarn_workflow *workflow,
                           const struct sarn__step *visit,
                           int64_t now_us);
/* Somebody asked for an answer only: it is paused. */
void sarn__plan_rest(struct sarn__planning *planning);

/* --- plan_undo.c --- */

void sarn__plan_backward(struct sarn__planning *planning);
/* Was visit done, or may it have been, without having been undone? */
bool sarn__plan_is_owed(const struct sarn__step *visit);

/* --- plan_order.c --- */

/* Which of the visits that are left to be undone may be now? */
struct sarn__undo_order {
    uint32_t order; /* enum sarn_undo_order */
    const struct sarn_workflow *workflow;
    const struct sarn__step *last; /* REVERSE: the one whose turn it is. */
    /* DEPENDENCY: of each step the last visit with something left. */
    const struct sarn__step *latest[SARN__STEPS_MAX];
};
void sarn__undo_order_init(struct sarn__undo_order *order,
                           const struct sarn_workflow *workflow);
/* visit is left, or still to come to its end. */
void sarn__undo_order_add(struct sarn__undo_order *order,
                          const struct sarn__step *visit,
                          const struct sarn_step *step);
bool sarn__undo_order_allows(const struct sarn__undo_order *order,
                             const struct sarn__step *visit,
                             const struct sarn_step *step);

/* --- plan_result.c --- */

/* How an attempt, a wait or a question ended. */
struct sarn__settling {
    const struct sarn__execution *execution;
    const struct sarn_workflow *workflow;
    const struct sarn__plan *plan;
    const struct sarn__duty *duty;
    const struct sarn__outcome *outcome; /* All zero, if there is none. */
    int64_t now_us;
    struct sarn_arena *arena;
    struct sarn__execution_event *event;
};

SARN_MUST_USE sarn_status sarn__settle_call(struct sarn__settling *settling);
SARN_MUST_USE sarn_status sarn__settle_reconcile(struct sarn__settling *settling);
SARN_MUST_USE sarn_status sarn__settle_go_on(struct sarn__settling *settling);
void sarn__settle_await(struct sarn__settling *settling);
void sarn__settle_expire(struct sarn__settling *settling);

#endif
