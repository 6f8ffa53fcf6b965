/* Subscriptions, and rows that are built anew. */
#include "crash/faults/scenes.h"

struct followed {
    uint64_t last;
    uint32_t count, wrong, ended;
};

static sarn_status follow(void *arg, const struct sarn_event *event)
{
    struct followed *followed = arg;

    followed->wrong += event->position <= followed->last ? 1 : 0;
    followed->last = event->position;
    followed->count += 1;
    return SARN_OK;
}

static void on_end(void *arg, sarn_status status, uint64_t position)
{
    (void)status;
    (void)position;
    ((struct followed *)arg)->ended += 1;
}

/* Whatever was handed out was so once, in order. */
static void check_order(struct fault_world *world, const struct followed *followed)
{
    if (followed->wrong > 0) {
        fault_end(world, FAULT_LOST, "a subscriber was told %u events twice",
                  followed->wrong);
    }
}

void scene_subscribe(struct fault_world *world)
{
    static const char *const types[] = {"jar.PutIn"};
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    struct followed all = {.last = 0}, some = {.last = 0};
    sarn_subscription *first = NULL, *second = NULL;

    if (!fault_open(world, 0)) {
        return;
    }
    (void)DID(world, sarn_subscribe(world->engine, &options, follow, on_end, &all,
                                    &first, &world->error));
    options.category = sarn_str("jar");
    options.types = types;
    options.type_count = 1;
    options.from = SARN_FROM_NOW;
    (void)DID(world, sarn_subscribe(world->engine, &options, follow, NULL, &some,
                                    &second, &world->error));
    for (uint32_t id = 1; id <= 4; id++) {
        (void)fault_put(world, "a", id);
    }
    sarn_unsubscribe(world->engine, second);
    (void)fault_put(world, "b", 5);
    sarn_unsubscribe(world->engine, first);
    check_order(world, &all);
    check_order(world, &some);
    if (world->strict) {
        HOLDS(world, all.count > 12 && all.ended == 0);
    }
    fault_close(world);
}

static sarn_status go_on(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    return done <= total || total == 0 ? SARN_OK : SARN_ERR_INVALID;
}

/* Other code of the same projection: its rows are made anew at open, and on demand. */
void scene_rebuild(struct fault_world *world)
{
    const struct sarn_module *const modules[] = {&jar_later_module};

    if (fault_open_with(world, 0, modules, 1)) {
        (void)fault_put(world, "a", 1);
        (void)DID(world, sarn_projection_rebuild(world->engine, "filled", go_on, NULL,
                                                 &world->error));
        fault_shut(world);
    }
    if (fault_open(world, 0)) {
        (void)fault_put(world, "b", 2);
        fault_close(world);
    }
}
