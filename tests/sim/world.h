/* world.h - what the steps of the plots act on, and what it remembers of them.
 *
 * Its services keep the promises that steps are declared with: an idempotent step, and
 * every compensation, counts once under its key; another step counts as often as it is
 * run. Whoever asked what became of an attempt, and heard that it was not done, does
 * not find it done later; what was undone by its key is not done under it any more.
 */
#ifndef SARN_TESTS_SIM_WORLD_H
#define SARN_TESTS_SIM_WORLD_H

#include "sim/plot.h"

/* What was done for one visit of one step of one run. */
struct deed {
    struct sarn_uuid run_id;
    const struct plot *plot;
    uint32_t index, visit;
    int32_t stands; /* How often: 0 or 1 if all is well. */
    uint32_t runs, undos, undo_failures;
    uint32_t fenced; /* Attempts up to this one act no more. */
    bool undone;
};

struct world {
    struct plot plots[2]; /* The one that is started, and its child. */
    struct deed *deeds;
    uint32_t count, capacity;
    uint64_t traced; /* Events that were printed. */
};

/* Step functions find the world by sarn_step_context(). */
extern const struct plot_functions world_functions;

void world_done(struct world *world);
/* NULL: nothing of it was ever seen. */
struct deed *world_find(const struct world *world,
                        struct sarn_uuid run_id,
                        const struct plot *plot,
                        uint32_t index,
                        uint32_t visit);
const struct plot *world_plot(const struct world *world, struct sarn_str name);

#endif
