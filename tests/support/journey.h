/* journey.h - a workflow with every kind of step, for crash everywhere, and the world
 * that it acts upon.
 *
 *   book      external, asked when in doubt
 *   pack      external, idempotent; twice: weigh sends it back once
 *   weigh     local: branches
 *   sleep     a timer of an hour
 *   bus, train, plane   the group "ways", two of three: external in three manners
 *   visa      waits for a signal, a day; else goes on with bribe
 *   bribe     external, idempotent
 *   tour      a child: two external steps and a timer
 *   paid      a promise, which pack hands out
 *   fly       external with a timeout a second long, asked when in doubt
 *
 * Each acts once, or is undone: what stands is counted for each visit of each step, and
 * services know what they did under a key.
 */
#ifndef SARN_TESTS_SUPPORT_JOURNEY_H
#define SARN_TESTS_SUPPORT_JOURNEY_H

#include "sarn/test.h"

#define JOURNEY_DEEDS_MAX 64u

/* What was done in one visit of one step of one execution. */
struct journey_deed {
    char name[96]; /* "journey/1/pack/2" */
    char run_key[160], undo_key[160];
    int32_t stands;
    uint32_t runs, undos;
};

struct journey_world {
    struct journey_deed deeds[JOURNEY_DEEDS_MAX];
    uint32_t deed_count;
    char promise[512]; /* As handed out; "": not yet. */
    /* What is to happen: */
    const char *refuses; /* The step that always fails; NULL: none. */
    bool signals, pays;  /* The client does its part. */
    uint32_t op;         /* enum sarn_control_op after so long; 0: none. */
    int64_t after_us;
};

extern const struct sarn_module journey_module;

struct sarn_options journey_options(struct journey_world *world);
/* For crash everywhere: the journey "1". */
sarn_status journey_setup(void *arg, sarn_test *test, struct sarn_error *error);
sarn_status journey_drive(void *arg, sarn_test *test, struct sarn_error *error);
/* It has ended, and either each step that it came to stands once, or nothing does. */
sarn_status journey_invariant(void *arg, sarn_test *test, struct sarn_error *error);

#endif
