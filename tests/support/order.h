/* order.h - a workflow for tests of the kit, and the world that it acts upon.
 *
 * "order": reserve (external, asked when in doubt), charge (external, idempotent), ship
 * (external, asked when in doubt); each is undone. The world counts what stands, by key
 * where a good service would, and can be told to be a bad one.
 */
#ifndef SARN_TESTS_SUPPORT_ORDER_H
#define SARN_TESTS_SUPPORT_ORDER_H

#include "sarn/test.h"

enum { ORDER_RESERVE, ORDER_CHARGE, ORDER_SHIP, ORDER_STEPS };

struct order_service {
    uint32_t runs, undos, asked;
    int32_t stands; /* How many times it is done and not undone. */
    char run_key[128], undo_key[128];
};

struct order_world {
    struct order_service services[ORDER_STEPS];
    bool charge_forgets_keys; /* Declared idempotent, and is not. */
    bool refund_does_nothing; /* The compensation of charge says OK, and is not. */
    int refuses;              /* The step that always fails; -1: none. */
    uint32_t invariants;      /* For a test's own. */
};

extern const struct sarn_module order_module;

/* Nothing happened yet; how it is bad stays. */
void order_reset(struct order_world *world);
/* Options of an engine with the workflow, on world. */
struct sarn_options order_options(struct order_world *world);
/* Start the order called id and wait for its end. */
sarn_status order_do(sarn_test *test, const char *id, struct sarn_error *error);

/* For crash everywhere: the order "1" is done, and either all of it stands, once, or
 * nothing does. */
sarn_status order_setup(void *arg, sarn_test *test, struct sarn_error *error);
sarn_status order_drive(void *arg, sarn_test *test, struct sarn_error *error);
sarn_status order_invariant(void *arg, sarn_test *test, struct sarn_error *error);

#endif
