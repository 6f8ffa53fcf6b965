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
 * Each acts once, or is undone.
 */
#ifndef SARN_TESTS_SUPPORT_JOURNEY_H
#define SARN_TESTS_SUPPORT_JOURNEY_H

#include "support/deeds.h"

struct journey_world {
    struct deeds deeds; /* First. */
    char promise[512];  /* As handed out; "": not yet. */
    /* What is to happen: */
    bool signals, pays; /* The client does its part. */
    uint32_t op;        /* enum sarn_control_op after so long; 0: none. */
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
