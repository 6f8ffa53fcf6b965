#include "sim/world.h"

#include "engine/step_call.h"
#include "sarn/payments.h"
#include "support/test.h"

/* --- deeds --- */

void world_done(struct world *world)
{
    free(world->deeds);
}

const struct plot *world_plot(const struct world *world, struct sarn_str name)
{
    for (size_t i = 0; i < COUNT(world->plots); i++) {
        if (sarn_str_equal(sarn_str(world->plots[i].name), name)) {
            return &world->plots[i];
        }
    }
    return NULL;
}

struct deed *world_find(const struct world *world,
                        struct sarn_uuid run_id,
                        const struct plot *plot,
                        uint32_t index,
                        uint32_t visit)
{
    for (uint32_t i = 0; i < world->count; i++) {
        struct deed *deed = &world->deeds[i];

        if (deed->plot == plot && deed->index == index && deed->visit == visit &&
            memcmp(&deed->run_id, &run_id, sizeof(run_id)) == 0) {
            return deed;
        }
    }
    return NULL;
}

static struct deed *deed_of(const struct sarn_step_call *call)
{
    struct world *world = sarn_step_context(call);
    const struct plot *plot = world_plot(world, sarn_str(call->workflow->name));
    uint32_t index = 0;
    struct deed *deed = NULL;

    if (plot == NULL) {
        fail_msg("step %s is of no plot", call->step->id);
        abort(); /* Never: for who reads this without knowing cmocka. */
    }
    index = plot_index(plot, sarn_step_id(call));
    deed = world_find(world, call->run_id, plot, index, sarn_step_visit(call));
    if (deed != NULL) {
        return deed;
    }
    if (world->count == world->capacity) {
        world->capacity = world->capacity == 0 ? 64 : world->capacity * 2;
        world->deeds = realloc(world->deeds, world->capacity * sizeof(*deed));
        assert_non_null(world->deeds);
    }
    deed = &world->deeds[world->count++];
    *deed = (struct deed){.run_id = call->run_id,
                          .plot = plot,
                          .index = index,
                          .visit = sarn_step_visit(call)};
    return deed;
}

static char kind_of(const struct deed *deed)
{
    return deed->plot->kinds[deed->index];
}

/* --- what a step says when it succeeds --- */

static sarn_status say(struct sarn_step_call *call, const struct deed *deed)
{
    const struct plot *plot = deed->plot;
    struct sarn_str id = sarn_step_id(call), workflow_id = sarn_step_workflow_id(call);
    uint32_t choice = plot_choice(plot, workflow_id, deed->index, deed->visit);
    uint64_t chance = plot_chance(plot, "say", workflow_id, deed->index, deed->visit);
    const struct sarn_str *input = sarn_step_input(call);

    assert_non_null(input);
    assert_int_equal(sarn_step_output(call, &id), SARN_OK);
    if (choice != PLOT_NOWHERE) {
        assert_int_equal(sarn_step_next(call, choice == plot->workflow.step_count
                                                  ? SARN_STEP_END
                                                  : plot->ids[choice]),
                         SARN_OK);
    }
    if (chance % 8 == 0) {
        assert_int_equal(sarn_step_attribute(call, sarn_str("last"), id), SARN_OK);
    }
    /* "1" is the input of one who goes on once more, with "0". */
    if (chance % 16 == 1 && input->size == 1 && input->data[0] == '1' &&
        plot->groups_of[deed->index][0] == '\0') {
        assert_int_equal(
            sarn_step_continue_as_new(call, &(struct sarn_str)SARN_STR("0")), SARN_OK);
    }
    return SARN_OK;
}

static bool is_to_fail(const struct sarn_step_call *call, const struct deed *deed)
{
    uint32_t failures = plot_failures(deed->plot, sarn_step_workflow_id(call),
                                      deed->index, deed->visit);

    return sarn_step_attempt(call) <= failures;
}

/* --- external --- */

static sarn_status run_external(struct sarn_step_call *call)
{
    struct deed *deed = deed_of(call);
    bool repeatable = kind_of(deed) == 'I' || kind_of(deed) == 'T';

    deed->runs += 1;
    if (deed->runs % 3 == 1 && sarn_step_heartbeat(call) != SARN_OK) {
        return sarn_step_fail(call, "told", "it was told to stop");
    }
    if (deed->undone || sarn_step_attempt(call) <= deed->fenced) {
        return sarn_step_fail(call, "fenced", "nobody waits for this any more");
    }
    if (repeatable && deed->stands > 0) {
        return say(call, deed);
    }
    if (is_to_fail(call, deed)) {
        return sarn_step_fail(call, "no", "attempt %u", sarn_step_attempt(call));
    }
    deed->stands += 1;
    return say(call, deed);
}

static sarn_status undo_external(struct sarn_step_call *call)
{
    struct deed *deed = deed_of(call);

    deed->undos += 1;
    if (!deed->undone &&
        deed->undos <= plot_undo_failures(deed->plot, sarn_step_workflow_id(call),
                                          deed->index, deed->visit)) {
        deed->undo_failures += 1;
        return sarn_step_fail(call, "down", "not now");
    }
    if (!deed->undone && deed->stands > 0) {
        deed->stands -= 1;
    }
    deed->undone = true;
    return SARN_OK;
}

static sarn_status reconcile(struct sarn_step_call *call)
{
    struct deed *deed = deed_of(call);

    if (kind_of(deed) == 'F') {
        return SARN_OK; /* It does not know. */
    }
    if (deed->stands > 0) {
        struct sarn_str id = sarn_step_id(call);

        sarn_step_set_fate(call, SARN_STEP_DONE);
        return sarn_step_output(call, &id);
    }
    deed->fenced = sarn_step_attempt(call);
    sarn_step_set_fate(call, SARN_STEP_NOT_DONE);
    return SARN_OK;
}

/* --- local --- */

static sarn_status
command(struct sarn_step_call *call, const struct sarn_type *type, const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_str id = sarn_step_workflow_id(call);
    char stream[128];

    snprintf(stream, sizeof(stream), "account-%s:%.*s", call->workflow->name,
             (int)id.size, id.data);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    return sarn_step_command(call, &command);
}

#define ONE .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_CZK}

/* Fails after it has written something, which must not stay. */
static sarn_status run_local(struct sarn_step_call *call)
{
    const struct deed *deed = deed_of(call);
    sarn_status status =
        command(call, &payments_open_account_type,
                &(struct payments_open_account){.currency = PAYMENTS_CURRENCY_CZK,
                                                .overdraft_unlimited = true});

    if (status == SARN_OK) {
        status = command(call, &payments_credit_type, &(struct payments_credit){ONE});
    }
    if (status == SARN_OK && is_to_fail(call, deed)) {
        return sarn_step_fail(call, "no", "attempt %u", sarn_step_attempt(call));
    }
    return status == SARN_OK ? say(call, deed) : status;
}

static sarn_status undo_local(struct sarn_step_call *call)
{
    struct deed *deed = deed_of(call);

    deed->undos += 1;
    if (deed->undos <= plot_undo_failures(deed->plot, sarn_step_workflow_id(call),
                                          deed->index, deed->visit)) {
        deed->undo_failures += 1;
        return sarn_step_fail(call, "down", "not now");
    }
    return command(call, &payments_debit_type, &(struct payments_debit){ONE});
}

/* --- those that wait --- */

static sarn_status run_timer(struct sarn_step_call *call)
{
    uint64_t chance =
        plot_chance(deed_of(call)->plot, "timer", sarn_step_workflow_id(call), 0,
                    sarn_step_visit(call));

    return sarn_step_wait_until(call,
                                sarn_step_now_us(call) + (int64_t)(chance % 5000000));
}

static sarn_status run_child(struct sarn_step_call *call)
{
    return sarn_step_child(call, (struct sarn_str){NULL, 0},
                           &(struct sarn_str)SARN_STR("0"));
}

const struct plot_functions world_functions = {
    .run_external = run_external,
    .undo_external = undo_external,
    .reconcile = reconcile,
    .run_local = run_local,
    .undo_local = undo_local,
    .run_timer = run_timer,
    .run_child = run_child,
};
