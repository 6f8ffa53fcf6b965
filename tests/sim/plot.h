/* plot.h - a workflow drawn from a seed: every kind of step, groups, branches, loops,
 * retries, timeouts, compensations in every order, children.
 *
 * Its kinds, one letter a step (their ids are s0, s1, ...):
 *   E  external, with a reconcile that knows the truth     D  the same, with timeouts
 *   N  external, without one        F  external, with one that never knows
 *   I  external, idempotent                                T  the same, with timeouts
 *   L  local: credits an account with 1
 *   W  timer      S  signal      P  promise      C  child, of the other plot
 */
#ifndef SARN_TESTS_SIM_PLOT_H
#define SARN_TESTS_SIM_PLOT_H

#include "sarn/workflow.h"

#define PLOT_STEPS_MAX 12u

struct plot {
    char name[8];
    uint64_t seed; /* Of what its steps will do. */
    char kinds[PLOT_STEPS_MAX + 1];
    char ids[PLOT_STEPS_MAX][16];
    char groups_of[PLOT_STEPS_MAX][16];
    const char *depends[PLOT_STEPS_MAX][2];
    struct sarn_step steps[PLOT_STEPS_MAX];
    struct sarn_group groups[PLOT_STEPS_MAX];
    struct sarn_message message;
    struct sarn_workflow workflow;
};

/* What the steps of every plot call (world.c). */
struct plot_functions {
    sarn_step_fn *run_external, *undo_external, *reconcile;
    sarn_step_fn *run_local, *undo_local;
    sarn_step_fn *run_timer, *run_child;
};

/* The next number below limit, of *random. */
uint64_t plot_draw(uint64_t *random, uint64_t limit);
/* A number that depends on the plot's seed and these alone. */
uint64_t plot_chance(const struct plot *plot,
                     const char *what,
                     struct sarn_str id,
                     uint32_t step,
                     uint32_t visit);

/* child NULL: it has none. plot stays where it is: it points into itself. */
void plot_make(struct plot *plot,
               const char *name,
               uint64_t seed,
               const struct plot *child,
               const struct plot_functions *functions);

/* Another version of it, which every execution fits: a step says by name where it leads
 * by the table. */
void plot_upgrade(struct plot *plot);

/* --- where its steps lead, told without the engine --- */

#define PLOT_NOWHERE UINT32_MAX

uint32_t plot_index(const struct plot *plot, struct sarn_str id);
/* The first step of the element that the step at index is in, and their number. */
uint32_t plot_element(const struct plot *plot, uint32_t index, uint32_t *count);
/* What follows that element by the table; step_count: the end. */
uint32_t plot_after(const struct plot *plot, uint32_t index);
/* Members of the step's group that have to succeed. */
uint32_t plot_needed(const struct plot *plot, uint32_t index);
/* What the step chooses to follow when it succeeds: an index, step_count: the end,
 * PLOT_NOWHERE: it says nothing. */
uint32_t plot_choice(const struct plot *plot,
                     struct sarn_str id,
                     uint32_t index,
                     uint32_t visit);
/* How many attempts fail before one succeeds; UINT32_MAX: all do. */
uint32_t plot_failures(const struct plot *plot,
                       struct sarn_str id,
                       uint32_t index,
                       uint32_t visit);
/* The same for calls of its compensation, which works in the end. */
uint32_t plot_undo_failures(const struct plot *plot,
                            struct sarn_str id,
                            uint32_t index,
                            uint32_t visit);

#endif
