#include "support/order.h"

#include <string.h>

#include "core/fail.h"
#include "support/test.h"

static struct order_service *service_of(const struct sarn_step_call *call)
{
    struct order_world *world = sarn_step_context(call);
    struct sarn_str id = sarn_step_id(call);

    return &world->services[sarn_str_equal(id, sarn_str("reserve"))  ? ORDER_RESERVE
                            : sarn_str_equal(id, sarn_str("charge")) ? ORDER_CHARGE
                                                                     : ORDER_SHIP];
}

static bool is_charge(const struct sarn_step_call *call)
{
    return sarn_str_equal(sarn_step_id(call), sarn_str("charge"));
}

/* A good service knows what it has done under a key. */
static bool first_time(char seen[128], struct sarn_str key)
{
    char text[128];

    assert_true(key.size < sizeof(text));
    memcpy(text, key.data, key.size);
    text[key.size] = '\0';
    if (strcmp(seen, text) == 0) {
        return false;
    }
    memcpy(seen, text, sizeof(text));
    return true;
}

static sarn_status run(struct sarn_step_call *call)
{
    const struct order_world *world = sarn_step_context(call);
    struct order_service *service = service_of(call);

    service->runs += 1;
    if (world->refuses >= 0 && service == &world->services[world->refuses]) {
        return sarn_step_fail(call, "no", "we do not want to");
    }
    if (!is_charge(call) || world->charge_forgets_keys ||
        first_time(service->run_key, sarn_step_key(call))) {
        service->stands += 1;
    }
    return SARN_OK;
}

/* By its key alone: what never ran is not undone. */
static sarn_status undo(struct sarn_step_call *call)
{
    const struct order_world *world = sarn_step_context(call);
    struct order_service *service = service_of(call);

    service->undos += 1;
    if (is_charge(call) && world->refund_does_nothing) {
        return SARN_OK;
    }
    if (first_time(service->undo_key, sarn_step_key(call)) && service->stands > 0) {
        service->stands -= 1;
    }
    return SARN_OK;
}

static sarn_status reconcile(struct sarn_step_call *call)
{
    struct order_service *service = service_of(call);

    service->asked += 1;
    sarn_step_set_fate(call, service->stands > 0 ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return SARN_OK;
}

static const struct sarn_step steps[] = {
    {.id = "reserve", .run = run, .compensate = undo, .reconcile = reconcile},
    {.id = "charge", .run = run, .compensate = undo, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "ship", .run = run, .compensate = undo, .reconcile = reconcile},
};
static const struct sarn_workflow workflow = {"order", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
const struct sarn_module order_module = {.abi = SARN_MODULE_ABI,
                                         .struct_size = sizeof(struct sarn_module),
                                         .name = "orders",
                                         .version = "1",
                                         .workflows = workflows,
                                         .workflow_count = 1};

void order_reset(struct order_world *world)
{
    memset(world->services, 0, sizeof(world->services));
}

struct sarn_options order_options(struct order_world *world)
{
    static const struct sarn_module *const modules[] = {&order_module};
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.modules = modules;
    options.module_count = 1;
    options.context = world;
    return options;
}

sarn_status order_do(sarn_test *test, const char *id, struct sarn_error *error)
{
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "order";
    start.workflow_id = sarn_str(id);
    return sarn_execute(sarn_test_engine(test), &start, NULL, error);
}

sarn_status order_setup(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)test;
    (void)error;
    order_reset(arg);
    return SARN_OK;
}

sarn_status order_drive(void *arg, sarn_test *test, struct sarn_error *error)
{
    sarn_status status = order_do(test, "1", error);

    (void)arg;
    return status == SARN_ERR_COMPENSATED ? SARN_OK : status;
}

static sarn_status get_status(sarn_test *test, uint32_t *is, struct sarn_error *error)
{
    struct sarn_execution_info info;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status;

    assert_non_null(arena);
    status = sarn_execution_get(sarn_test_engine(test), 0, "order", sarn_str("1"),
                                arena, &info, error);
    sarn_arena_destroy(arena);
    *is = status == SARN_OK ? info.status : 0;
    return status;
}

sarn_status order_invariant(void *arg, sarn_test *test, struct sarn_error *error)
{
    static const char *const names[] = {"reserve", "charge", "ship"};
    const struct order_world *world = arg;
    uint32_t is = 0;

    SARN__TRY(get_status(test, &is, error));
    for (int i = 0; i < ORDER_STEPS; i++) {
        int32_t wanted = is == SARN_EXECUTION_COMPLETED ? 1 : 0;

        if (world->services[i].stands != wanted) {
            return sarn__fail(error, SARN_ERR_INVALID, "%s stands %d times, not %d",
                              names[i], world->services[i].stands, wanted);
        }
    }
    return SARN_OK;
}
