/* deeds.h - the world outside, for crash everywhere: what external steps have done, and
 * not undone, visit by visit.
 *
 * A struct deeds is the first member of what sarn_options.context points to. Services
 * know what they have done under a key, and refuse to be asked for a visit under two.
 */
#ifndef SARN_TESTS_SUPPORT_DEEDS_H
#define SARN_TESTS_SUPPORT_DEEDS_H

#include "sarn/test.h"

#define DEEDS_MAX 64u

struct deed {
    char name[96]; /* "1/pack/2": workflow id, step, visit; and "/in" with an input. */
    char run_key[160], undo_key[160];
    int32_t stands; /* How many times it is done and not undone. */
    uint32_t runs, undos;
};

struct deeds {
    struct deed deeds[DEEDS_MAX];
    uint32_t count;
    const char *refuses; /* The step whose run always fails; NULL: none. */
    const char *keeps;   /* The step whose undo fails; NULL: none. */
};

void deeds_forget(struct deeds *deeds);
/* The one called name; NULL: it was never come to. */
const struct deed *deeds_find(const struct deeds *deeds, const char *name);
/* How many times it stands; 0 also when it was never come to. */
int32_t deeds_standing(const struct deeds *deeds, const char *name);
/* SARN_ERR_INVALID: names one that does not stand count times. */
sarn_status
deeds_all_stand(const struct deeds *deeds, int32_t count, struct sarn_error *error);

/* Steps' functions. The first acts each time it is called: it must not be called twice.
 */
sarn_status deeds_run_once(struct sarn_step_call *call);
sarn_status deeds_run_by_key(struct sarn_step_call *call);
sarn_status deeds_undo(struct sarn_step_call *call); /* Also what never ran. */
sarn_status deeds_reconcile(struct sarn_step_call *call);
/* Of a local step: nothing, unless it is refused. */
sarn_status deeds_nothing(struct sarn_step_call *call);

/* Members of a struct sarn_step. */
#define DEEDS_ONCE                                                                     \
    .run = deeds_run_once, .compensate = deeds_undo, .reconcile = deeds_reconcile,     \
    .retry = {.maximum_attempts = 2}
#define DEEDS_BY_KEY                                                                   \
    .run = deeds_run_by_key, .compensate = deeds_undo, .flags = SARN_STEP_IDEMPOTENT,  \
    .retry = {.maximum_attempts = 2}

#endif
