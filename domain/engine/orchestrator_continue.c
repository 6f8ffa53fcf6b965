/* A run that ends by going on as a new one, of the same id in the same stream. */
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

/* How long a run of it may take, as the one before was told. */
static int64_t timeout_of(const struct sarn__execution *execution)
{
    const struct sarn__beginning *beginning = &execution->beginning;

    return beginning->deadline_us == 0 ? 0
                                       : beginning->deadline_us - execution->started_us;
}

static void inherit(const struct sarn__execution *old,
                    struct sarn_uuid run_id,
                    int64_t now_us,
                    struct sarn__birth *birth)
{
    *birth = (struct sarn__birth){.beginning = old->beginning,
                                  .replaces = old->status,
                                  .attributes = old->attributes,
                                  .attribute_count = old->attribute_count};
    birth->beginning.run_id = run_id;
    birth->beginning.input = old->continue_input;
    birth->beginning.continued_from = old->beginning.run_id;
    birth->beginning.deadline_us = sarn__run_deadline_us(now_us, timeout_of(old));
    birth->beginning.forked_from = (struct sarn_str){NULL, 0};
    memset(&birth->beginning.forked_run, 0, sizeof(birth->beginning.forked_run));
    /* input_hash stays: whoever starts it again with the first input joins it. */
}

/* Signals that nobody has waited for yet are the new run's. */
static sarn_status carry_messages(struct sarn__unit *unit,
                                  const struct sarn__execution *old,
                                  struct sarn_error *error)
{
    for (const struct sarn__message *message = old->messages; message != NULL;
         message = message->next) {
        struct sarn__execution_event event = {.kind = SARN__SIGNAL_RECEIVED,
                                              .name = message->name,
                                              .input = message->payload,
                                              .carried = true};

        SARN__TRY(sarn__unit_record(unit, unit->run, &event, error));
    }
    return SARN_OK;
}

static sarn_status begin_anew(struct sarn__unit *unit,
                              const struct sarn__execution *old,
                              struct sarn_uuid run_id,
                              struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = unit->engine->orchestrator;
    struct sarn__run *run = unit->run;
    const struct sarn_workflow *latest =
        sarn__registry_workflow(unit->engine->log.registry, sarn__run_workflow(run));
    const struct sarn__definition *definition =
        latest == NULL ? run->definition : sarn__run_definition(orchestrator, latest);
    struct sarn__execution_event started;
    struct sarn__birth birth;

    if (definition == NULL || sarn__run_make_state(orchestrator, run) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    run->definition = definition;
    run->recovered = run->orphaned = false;
    inherit(old, run_id, unit->meta.time_us, &birth);
    unit->meta.causation_id = run_id;
    SARN__TRY(sarn__run_write_start(unit, run, &birth, error));
    started = unit->last;
    SARN__TRY(carry_messages(unit, old, error));
    unit->last = started; /* Whoever drives the unit stops here. */
    return SARN_OK;
}

sarn_status sarn__run_continue(struct sarn__unit *unit,
                               const struct sarn__duty *duty,
                               struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__outcome outcome = {.failed = false};
    struct sarn__execution_event event;
    struct sarn__execution *old = NULL;
    sarn_status status;

    SARN__TRY(sarn__children_leave(unit, error));
    SARN__TRY(sarn__writer_uuid(&unit->engine->writer, unit->meta.time_us,
                                &outcome.child_run, error));
    if (sarn__plan_settle(run->execution, run->definition, unit->plan, duty, &outcome,
                          unit->meta.time_us, unit->arena, &event) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    SARN__TRY(sarn__unit_record(unit, run, &event, error));
    old = sarn__run_take_state(unit->engine->orchestrator, run);
    status = begin_anew(unit, old, outcome.child_run, error);
    sarn_arena_destroy(old->arena);
    return status;
}
