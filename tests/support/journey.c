#include "support/journey.h"

#include <string.h>

#include "core/fail.h"
#include "support/test.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

/* --- the world --- */

static struct journey_deed *deed_of(const struct sarn_step_call *call)
{
    struct journey_world *world = sarn_step_context(call);
    char name[96];

    snprintf(name, sizeof(name), "%.*s/%.*s/%u", (int)sarn_step_workflow_id(call).size,
             sarn_step_workflow_id(call).data, (int)sarn_step_id(call).size,
             sarn_step_id(call).data, sarn_step_visit(call));
    for (uint32_t i = 0; i < world->deed_count; i++) {
        if (strcmp(world->deeds[i].name, name) == 0) {
            return &world->deeds[i];
        }
    }
    assert_true(world->deed_count < JOURNEY_DEEDS_MAX);
    memcpy(world->deeds[world->deed_count].name, name, sizeof(name));
    return &world->deeds[world->deed_count++];
}

/* A service knows what it has done under a key, and no visit has two. */
static bool first_time(char seen[160], struct sarn_str key)
{
    char text[160];

    assert_true(key.size > 0 && key.size < sizeof(text));
    memcpy(text, key.data, key.size);
    text[key.size] = '\0';
    if (strcmp(seen, text) == 0) {
        return false;
    }
    assert_string_equal(seen, "");
    memcpy(seen, text, sizeof(text));
    return true;
}

static bool is_refused(const struct sarn_step_call *call)
{
    const struct journey_world *world = sarn_step_context(call);

    return world->refuses != NULL &&
           sarn_str_equal(sarn_step_id(call), sarn_str(world->refuses));
}

/* Does it every time that it is asked: it must not be asked twice. */
static sarn_status run_once(struct sarn_step_call *call)
{
    struct journey_deed *deed = deed_of(call);

    deed->runs += 1;
    if (is_refused(call)) {
        return sarn_step_fail(call, "no", "no");
    }
    deed->stands += 1;
    return SARN_OK;
}

static sarn_status run_by_key(struct sarn_step_call *call)
{
    struct journey_deed *deed = deed_of(call);

    deed->runs += 1;
    if (is_refused(call)) {
        return sarn_step_fail(call, "no", "no");
    }
    if (first_time(deed->run_key, sarn_step_key(call))) {
        deed->stands += 1;
    }
    return SARN_OK;
}

static sarn_status undo(struct sarn_step_call *call)
{
    struct journey_deed *deed = deed_of(call);

    deed->undos += 1;
    if (first_time(deed->undo_key, sarn_step_key(call)) && deed->stands > 0) {
        deed->stands -= 1;
    }
    return SARN_OK;
}

static sarn_status reconcile(struct sarn_step_call *call)
{
    const struct journey_deed *deed = deed_of(call);

    sarn_step_set_fate(call, deed->stands > 0 ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return SARN_OK;
}

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
    return run_by_key(call);
}

/* Too heavy, the first time. */
static sarn_status weigh(struct sarn_step_call *call)
{
    if (is_refused(call)) {
        return sarn_step_fail(call, "no", "no");
    }
    return sarn_step_next(call, sarn_step_visit(call) == 1 ? "pack" : "sleep");
}

static sarn_status nothing(struct sarn_step_call *call)
{
    return is_refused(call) ? sarn_step_fail(call, "no", "no") : SARN_OK;
}

#define RETRY .retry = {.maximum_attempts = 2}

static const struct sarn_step steps[] = {
    {.id = "book", .run = run_once, .compensate = undo, .reconcile = reconcile, RETRY},
    {.id = "pack",
     .run = pack,
     .compensate = undo,
     .flags = SARN_STEP_IDEMPOTENT,
     RETRY},
    {.id = "weigh", .run = weigh, .kind = SARN_STEP_LOCAL},
    {.id = "sleep", .kind = SARN_STEP_TIMER, .delay_us = HOUR},
    {.id = "bus",
     .run = run_by_key,
     .compensate = undo,
     .flags = SARN_STEP_IDEMPOTENT,
     .group = "ways",
     RETRY},
    {.id = "train",
     .run = run_once,
     .compensate = undo,
     .reconcile = reconcile,
     .group = "ways",
     RETRY},
    {.id = "plane", .run = nothing, .kind = SARN_STEP_LOCAL, .group = "ways"},
    {.id = "visa",
     .kind = SARN_STEP_SIGNAL,
     .timeouts = {.schedule_to_close_us = 24 * HOUR},
     .on_timeout = "bribe",
     .next = "tour"},
    {.id = "bribe",
     .run = run_by_key,
     .compensate = undo,
     .flags = SARN_STEP_IDEMPOTENT,
     RETRY},
    {.id = "tour", .kind = SARN_STEP_CHILD, .child = "tour"},
    {.id = "paid",
     .kind = SARN_STEP_PROMISE,
     .timeouts = {.schedule_to_close_us = 20 * 24 * HOUR}},
    {.id = "fly",
     .run = run_once,
     .compensate = undo,
     .reconcile = reconcile,
     .timeouts = {.start_to_close_us = SECOND, .compensation_us = SECOND},
     RETRY},
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
    {.id = "walk",
     .run = run_by_key,
     .compensate = undo,
     .flags = SARN_STEP_IDEMPOTENT,
     RETRY},
    {.id = "rest", .kind = SARN_STEP_TIMER, .delay_us = HOUR / 2},
    {.id = "eat", .run = run_once, .compensate = undo, .reconcile = reconcile, RETRY},
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
    memset(world->deeds, 0, sizeof(world->deeds));
    world->deed_count = 0;
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
static bool may_stand_or_not(const struct journey_deed *deed)
{
    return strncmp(deed->name, "1/bus/", 6) == 0 ||
           strncmp(deed->name, "1/train/", 8) == 0;
}

static sarn_status check_deeds(const struct journey_world *world,
                               uint32_t status,
                               struct sarn_error *error)
{
    bool completed = status == SARN_EXECUTION_COMPLETED;

    for (uint32_t i = 0; i < world->deed_count; i++) {
        const struct journey_deed *deed = &world->deeds[i];

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
    if (world->refuses != NULL || !world->pays) {
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
