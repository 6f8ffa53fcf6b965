#include "support/journey.h"

#include <string.h>

#include "core/fail.h"
#include "support/test.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

/* --- the steps that do something of their own --- */

static sarn_status pack(struct sarn_step_call *call)
{
    struct journey_world *world = sarn_step_context(call);
    struct sarn_str id;
    sarn_status status = sarn_step_promise(call, "paid", &id);

    if (status != SARN_OK) {
        return status;
    }
    assert_true(id.size < sizeof(world->promise));
    memcpy(world->promise, id.data, id.size);
    world->promise[id.size] = '\0';
    return deeds_run_by_key(call);
}

/* Too heavy, the first time. */
static sarn_status weigh(struct sarn_step_call *call)
{
    if (deeds_nothing(call) != SARN_OK) {
        return SARN_ERR_REJECTED; /* It has said why. */
    }
    return sarn_step_next(call, sarn_step_visit(call) == 1 ? "pack" : "sleep");
}

static const struct sarn_step steps[] = {
    {.id = "book", DEEDS_ONCE},
    {.id = "pack",
     .run = pack,
     .compensate = deeds_undo,
     .flags = SARN_STEP_IDEMPOTENT,
     .retry = {.maximum_attempts = 2}},
    {.id = "weigh", .run = weigh, .kind = SARN_STEP_LOCAL},
    {.id = "sleep", .kind = SARN_STEP_TIMER, .delay_us = HOUR},
    {.id = "bus", DEEDS_BY_KEY, .group = "ways"},
    {.id = "train", DEEDS_ONCE, .group = "ways"},
    {.id = "plane", .run = deeds_nothing, .kind = SARN_STEP_LOCAL, .group = "ways"},
    {.id = "visa",
     .kind = SARN_STEP_SIGNAL,
     .timeouts = {.schedule_to_close_us = 24 * HOUR},
     .on_timeout = "bribe",
     .next = "tour"},
    {.id = "bribe", DEEDS_BY_KEY},
    {.id = "tour", .kind = SARN_STEP_CHILD, .child = "tour"},
    {.id = "paid",
     .kind = SARN_STEP_PROMISE,
     .timeouts = {.schedule_to_close_us = 20 * 24 * HOUR}},
    {.id = "fly",
     DEEDS_ONCE,
     .timeouts = {.start_to_close_us = SECOND, .compensation_us = SECOND}},
};
static const struct sarn_group groups[] = {
    {.name = "ways", .join = SARN_JOIN_COUNT, .count = 2}};
static const struct sarn_workflow journey = {"journey",
                                             1,
                                             NULL,
                                             SARN_STEPS(steps),
                                             .groups = groups,
                                             .group_count = 1,
                                             .timeout_us = 30 * 24 * HOUR};

static const struct sarn_step tour_steps[] = {
    {.id = "walk", DEEDS_BY_KEY},
    {.id = "rest", .kind = SARN_STEP_TIMER, .delay_us = HOUR / 2},
    {.id = "eat", DEEDS_ONCE},
};
static const struct sarn_workflow tour = {"tour", 1, NULL, SARN_STEPS(tour_steps)};

static const struct sarn_workflow *const workflows[] = {&journey, &tour};
const struct sarn_module journey_module = {.abi = SARN_MODULE_ABI,
                                           .struct_size = sizeof(struct sarn_module),
                                           .name = "journeys",
                                           .version = "1",
                                           .workflows = workflows,
                                           .workflow_count = 2};

struct sarn_options journey_options(struct journey_world *world)
{
    static const struct sarn_module *const modules[] = {&journey_module};
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.modules = modules;
    options.module_count = 1;
    options.context = world;
    return options;
}

/* --- the client --- */

sarn_status journey_setup(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct journey_world *world = arg;

    (void)test;
    (void)error;
    deeds_forget(&world->deeds);
    world->promise[0] = '\0';
    return SARN_OK;
}

/* What comes too late is no mistake of the client's. */
static sarn_status tell(sarn_test *test,
                        uint32_t op,
                        const char *name,
                        const char *key,
                        struct sarn_error *error)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    sarn_status status;

    control.op = op;
    control.name = sarn_str(name);
    control.key = sarn_str(key);
    control.actor = sarn_str("ann");
    if (op != SARN_CONTROL_PROMISE) {
        control.workflow = sarn_str("journey");
        control.workflow_id = sarn_str("1");
    }
    status = sarn_control_call(sarn_test_engine(test), &control, NULL, NULL, error);
    return status == SARN_ERR_STATE || status == SARN_ERR_NOT_FOUND ? SARN_OK : status;
}

static sarn_status start(sarn_test *test, struct sarn_error *error)
{
    struct sarn_start start = SARN_START_INIT;
    sarn_status status;

    start.workflow = "journey";
    start.workflow_id = sarn_str("1");
    start.flags = SARN_START_DETACHED;
    status = sarn_execute(sarn_test_engine(test), &start, NULL, error);
    /* Or it is over already. */
    return status == SARN_ERR_COMPENSATED || status == SARN_ERR_CANCELLED ||
                   status == SARN_ERR_TERMINATED || status == SARN_ERR_TIMEOUT
               ? SARN_OK
               : status;
}

sarn_status journey_drive(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct journey_world *world = arg;

    SARN__TRY(start(test, error));
    if (world->signals) {
        SARN__TRY(tell(test, SARN_CONTROL_SIGNAL, "visa", "visa", error));
    }
    if (world->op != 0) {
        SARN__TRY(sarn_test_advance(test, world->after_us, error));
        SARN__TRY(tell(test, world->op, NULL, "op", error));
    }
    if (world->op == SARN_CONTROL_PAUSE) {
        SARN__TRY(sarn_test_advance(test, HOUR, error));
        SARN__TRY(tell(test, SARN_CONTROL_RESUME, NULL, "resume", error));
    }
    SARN__TRY(sarn_test_advance(test, 40 * HOUR, error));
    if (world->pays && world->promise[0] != '\0') {
        SARN__TRY(tell(test, SARN_CONTROL_PROMISE, world->promise, "pay", error));
    }
    return sarn_test_run(test, error);
}

/* --- what has to hold --- */

/* Of the group it may be that one was not needed, or came too late. */
static bool may_stand_or_not(const struct deed *deed)
{
    return strncmp(deed->name, "1/bus/", 6) == 0 ||
           strncmp(deed->name, "1/train/", 8) == 0;
}

static sarn_status check_deeds(const struct journey_world *world,
                               uint32_t status,
                               struct sarn_error *error)
{
    bool completed = status == SARN_EXECUTION_COMPLETED;

    for (uint32_t i = 0; i < world->deeds.count; i++) {
        const struct deed *deed = &world->deeds.deeds[i];

        if (deed->stands < 0 || deed->stands > 1 || (!completed && deed->stands != 0) ||
            (completed && deed->stands == 0 && !may_stand_or_not(deed))) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "%s stands %d times, and it is %s", deed->name,
                              deed->stands, sarn_execution_status_text(status));
        }
    }
    return SARN_OK;
}

/* The ways in which this world lets it end. */
static bool may_end(const struct journey_world *world, uint32_t status)
{
    if (world->op == SARN_CONTROL_CANCEL && status == SARN_EXECUTION_CANCELLED) {
        return true;
    }
    if (world->op == SARN_CONTROL_TERMINATE && status == SARN_EXECUTION_TERMINATED) {
        return true;
    }
    if (status == SARN_EXECUTION_TIMED_OUT) { /* An answer came a month late. */
        return true;
    }
    if (world->deeds.refuses != NULL || !world->pays) {
        return status == SARN_EXECUTION_COMPENSATED;
    }
    return status == SARN_EXECUTION_COMPLETED;
}

sarn_status journey_invariant(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct journey_world *world = arg;
    struct sarn_execution_info info;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status;

    assert_non_null(arena);
    status = sarn_execution_get(sarn_test_engine(test), 0, "journey", sarn_str("1"),
                                arena, &info, error);
    if (status == SARN_OK && !may_end(world, info.status)) {
        status =
            sarn__fail(error, SARN_ERR_INVALID, "it is %s at %.*s: %.*s",
                       sarn_execution_status_text(info.status), (int)info.step.size,
                       info.step.data, (int)info.text.size, info.text.data);
    }
    sarn_arena_destroy(arena);
    return status == SARN_OK ? check_deeds(world, info.status, error) : status;
}
