/* What parents and children write to each other: always in the unit of who has news, so
 * that neither can miss it. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/utf8.h"
#include "engine/module_check.h"
#include "engine/orchestrator_state.h"

/* Is execution the child that visit of run has begun? Its own runs count as one: each
 * takes the parent over from the one before. */
static bool is_child_of(const struct sarn__execution *execution,
                        const struct sarn__run *run,
                        struct sarn_str step,
                        uint32_t visit)
{
    const struct sarn__beginning *beginning = &execution->beginning;

    return sarn_str_equal(beginning->parent, sarn__run_stream(run)) &&
           memcmp(&beginning->parent_run, &run->execution->beginning.run_id,
                  sizeof(beginning->parent_run)) == 0 &&
           sarn_str_equal(beginning->parent_step, step) &&
           beginning->parent_visit == visit;
}

/* --- beginning --- */

static void refuse(struct sarn__outcome *outcome, const char *code, const char *text)
{
    *outcome = (struct sarn__outcome){
        .failed = true, .code = sarn_str(code), .text = sarn_str(text)};
}

/* The id that the step's run has said, or the one that it has by itself. */
static sarn_status name_child(struct sarn__unit *unit,
                              const struct sarn__duty *duty,
                              const struct sarn_step_call *call,
                              struct sarn_str *id)
{
    struct sarn_str parent = sarn__run_workflow_id(unit->run);
    size_t room = parent.size + strlen(duty->step->id) + 16;
    char *text = NULL;

    if (call != NULL && call->child_id.size > 0) {
        *id = call->child_id;
        return SARN_OK;
    }
    text = sarn_arena_alloc(unit->arena, room);
    if (text == NULL) {
        return SARN_ERR_NOMEM;
    }
    if (duty->visit_number > 1) {
        snprintf(text, room, "%.*s/%s/%" PRIu32, (int)parent.size, parent.data,
                 duty->step->id, duty->visit_number);
    } else {
        snprintf(text, room, "%.*s/%s", (int)parent.size, parent.data, duty->step->id);
    }
    *id = sarn_str(text);
    return SARN_OK;
}

static sarn_status name_stream(struct sarn__unit *unit,
                               struct sarn_str workflow,
                               struct sarn_str id,
                               struct sarn_str *stream)
{
    char *text = sarn_arena_alloc(unit->arena, workflow.size + 1 + id.size);

    if (text == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(text, workflow.data, workflow.size);
    text[workflow.size] = '-';
    memcpy(text + workflow.size + 1, id.data, id.size);
    *stream = (struct sarn_str){text, workflow.size + 1 + id.size};
    return SARN_OK;
}

static bool is_good_id(struct sarn_str id)
{
    return id.size > 0 && id.size <= SARN__WORKFLOW_ID_BYTES_MAX &&
           sarn__utf8_valid(id) && memchr(id.data, '\0', id.size) == NULL;
}

/* May the child's run that is there make place for a new one? It may when it was a
 * child of an earlier run of the same parent, which nobody will ask to undo it. */
static bool is_old_child(const struct sarn__run *child, const struct sarn__run *run)
{
    const struct sarn__execution *execution = child->execution;

    return sarn__execution_is_closed(execution) &&
           sarn_str_equal(execution->beginning.parent, sarn__run_stream(run)) &&
           memcmp(&execution->beginning.parent_run, &run->execution->beginning.run_id,
                  sizeof(struct sarn_uuid)) != 0;
}

/* An empty run for the child, in this unit. */
static sarn_status make_child(struct sarn__unit *unit,
                              const struct sarn__definition *definition,
                              struct sarn_str stream,
                              struct sarn__run **child)
{
    struct sarn__orchestrator *orchestrator = unit->engine->orchestrator;
    struct sarn__run *made =
        sarn__run_create(orchestrator, unit->run->tenant, stream, definition);

    if (made == NULL) {
        return SARN_ERR_NOMEM;
    }
    made->correlation_id = unit->run->correlation_id;
    if (sarn__unit_made(unit, made) != SARN_OK) {
        sarn__run_destroy(orchestrator, made);
        return SARN_ERR_NOMEM;
    }
    *child = made;
    return sarn__run_make_state(orchestrator, made);
}

static sarn_status begin_child(struct sarn__unit *unit,
                               const struct sarn__duty *duty,
                               struct sarn__run *child,
                               struct sarn_str input,
                               struct sarn_uuid *run_id,
                               struct sarn_error *error)
{
    const struct sarn__execution *parent = unit->run->execution;
    struct sarn__birth birth = {
        .beginning = {.input = input,
                      .priority = parent->beginning.priority,
                      .parent = sarn__run_stream(unit->run),
                      .parent_run = parent->beginning.run_id,
                      .parent_step = duty->step_id,
                      .parent_visit = duty->visit_number,
                      .parent_close = duty->step->parent_close}};

    birth.replaces = child->execution->status; /* 0: it is a new one. */
    birth.beginning.deadline_us = sarn__run_deadline_us(
        unit->meta.time_us, child->definition->workflow->timeout_us);
    SARN__TRY(sarn__run_hash_input(unit->engine, input, birth.beginning.input_hash));
    SARN__TRY(sarn__run_write_start(unit, child, &birth, error));
    child->started_position = child->last_position;
    *run_id = child->execution->beginning.run_id;
    return SARN_OK;
}

/* What there is under the child's id: nothing (*child NULL), this step's own child, or
 * a reason to fail. */
static sarn_status meet_child(struct sarn__unit *unit,
                              const struct sarn__duty *duty,
                              struct sarn_str stream,
                              struct sarn__run **child,
                              struct sarn__outcome *outcome,
                              struct sarn_error *error)
{
    struct sarn__run *found = NULL;

    SARN__TRY(
        sarn__run_take_up(unit->engine, unit->run->tenant, stream, &found, error));
    *child = found;
    if (found != NULL && found != unit->run && !is_old_child(found, unit->run) &&
        is_child_of(found->execution, unit->run, duty->step_id, duty->visit_number)) {
        outcome->child_run = found->execution->beginning.run_id;
        return SARN_OK;
    }
    if (found == unit->run || (found != NULL && !is_old_child(found, unit->run))) {
        refuse(outcome, "child_exists",
               "an execution of the child's id exists, and is not this step's");
    }
    return SARN_OK;
}

sarn_status sarn__child_begin(struct sarn__unit *unit,
                              const struct sarn__duty *duty,
                              const struct sarn_step_call *call,
                              struct sarn__outcome *outcome,
                              struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = unit->engine->orchestrator;
    const struct sarn_workflow *workflow = sarn__registry_workflow(
        unit->engine->log.registry, sarn_str(duty->step->child));
    const struct sarn__definition *definition = NULL;
    struct sarn_str id, input = {NULL, 0};
    struct sarn__run *child = NULL;

    if (workflow == NULL) {
        refuse(outcome, "child_unknown", "no module has the child's workflow");
        return SARN_OK;
    }
    definition = sarn__run_definition(orchestrator, workflow);
    if (definition == NULL || name_child(unit, duty, call, &id) != SARN_OK ||
        (is_good_id(id) &&
         name_stream(unit, sarn_str(workflow->name), id, &outcome->child) != SARN_OK)) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a child");
    }
    if (!is_good_id(id)) {
        refuse(outcome, "child_invalid", "the child's id is too long, or no UTF-8");
        return SARN_OK;
    }
    input = call != NULL ? call->child_input : input;
    if (workflow->input != NULL && input.data == NULL) {
        refuse(outcome, "child_invalid", "the child's workflow takes an input");
        return SARN_OK;
    }
    SARN__TRY(meet_child(unit, duty, outcome->child, &child, outcome, error));
    if (outcome->failed || !sarn_uuid_is_zero(outcome->child_run)) {
        return SARN_OK;
    }
    if (child == NULL) {
        if (make_child(unit, definition, outcome->child, &child) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a child");
        }
    } else {
        child->definition = definition;
    }
    return begin_child(unit, duty, child, input, &outcome->child_run, error);
}

/* --- undoing, leaving --- */

/* The run that visit has begun; NULL: it is not there, or is somebody else's now. */
static sarn_status find_child(struct sarn__unit *unit,
                              const struct sarn__step *visit,
                              struct sarn__run **child,
                              struct sarn_error *error)
{
    struct sarn__run *found = NULL;

    if (visit->child.size > 0) {
        SARN__TRY(sarn__run_take_up(unit->engine, unit->run->tenant, visit->child,
                                    &found, error));
    }
    *child = found != NULL &&
                     is_child_of(found->execution, unit->run, visit->id, visit->visit)
                 ? found
                 : NULL;
    return SARN_OK;
}

static sarn_status ask_to_end(struct sarn__unit *unit,
                              struct sarn__run *child,
                              bool terminate,
                              struct sarn_error *error)
{
    struct sarn__execution_event event = {.kind = SARN__CANCEL_REQUESTED,
                                          .terminate = terminate,
                                          .text = SARN_STR("its parent has ended")};

    return sarn__execution_may_be_ended(child->execution, terminate)
               ? sarn__unit_record(unit, child, &event, error)
               : SARN_OK;
}

sarn_status sarn__child_undo(struct sarn__unit *unit,
                             const struct sarn__duty *duty,
                             bool *nothing,
                             struct sarn_error *error)
{
    struct sarn__execution_event event = {.kind = SARN__UNDO_REQUESTED,
                                          .text = SARN_STR("its parent is undone")};
    struct sarn__run *child = NULL;

    assert(duty->visit != NULL);
    SARN__TRY(find_child(unit, duty->visit, &child, error));
    *nothing = child == NULL || (sarn__execution_is_closed(child->execution) &&
                                 child->execution->status != SARN_EXECUTION_COMPLETED);
    if (*nothing || child->execution->asked_to_undo) {
        return SARN_OK;
    }
    return child->execution->status == SARN_EXECUTION_COMPLETED
               ? sarn__unit_record(unit, child, &event, error)
               : ask_to_end(unit, child, false, error);
}

sarn_status sarn__child_leave(struct sarn__unit *unit,
                              const struct sarn__step *visit,
                              struct sarn_error *error)
{
    struct sarn__run *child = NULL;
    uint32_t policy = SARN_PARENT_CLOSE_ABANDON;

    if (visit->child.size == 0 || visit->settled) {
        return SARN_OK;
    }
    SARN__TRY(find_child(unit, visit, &child, error));
    if (child != NULL) {
        policy = child->execution->beginning.parent_close;
    }
    return policy == SARN_PARENT_CLOSE_ABANDON
               ? SARN_OK
               : ask_to_end(unit, child, policy == SARN_PARENT_CLOSE_TERMINATE, error);
}

sarn_status sarn__children_leave(struct sarn__unit *unit, struct sarn_error *error)
{
    for (const struct sarn__step *visit = unit->run->execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->state == SARN__AWAITING) {
            SARN__TRY(sarn__child_leave(unit, visit, error));
        }
    }
    return SARN_OK;
}

/* --- ending --- */

/* Does visit wait for the end of its child? */
static bool is_waited_for(const struct sarn__step *visit)
{
    return visit != NULL && ((visit->state == SARN__AWAITING && !visit->settled) ||
                             visit->state == SARN__COMPENSATING);
}

sarn_status sarn__child_ended(struct sarn__unit *unit, struct sarn_error *error)
{
    const struct sarn__execution *execution = unit->run->execution;
    const struct sarn__beginning *beginning = &execution->beginning;
    struct sarn__run *parent = NULL;
    const struct sarn__step *visit = NULL;
    struct sarn__execution_event event;

    if (beginning->parent.size == 0) {
        return SARN_OK;
    }
    SARN__TRY(sarn__run_take_up(unit->engine, unit->run->tenant, beginning->parent,
                                &parent, error));
    if (parent == NULL || !is_child_of(execution, parent, beginning->parent_step,
                                       beginning->parent_visit)) {
        return SARN_OK; /* It has gone on as another run. */
    }
    visit = sarn__execution_visit(parent->execution, beginning->parent_step,
                                  beginning->parent_visit);
    if (!is_waited_for(visit)) {
        return SARN_OK;
    }
    event = (struct sarn__execution_event){
        .kind = SARN__CHILD_ENDED,
        .step = visit->id,
        .visit = visit->visit,
        .compensation = visit->state == SARN__COMPENSATING,
        .status = execution->status,
        .output = execution->output,
        .code = execution->failure.code,
        .text = execution->failure.text.size > 0 ? execution->failure.text
                                                 : execution->asked_text};
    return sarn__unit_record(unit, parent, &event, error);
}
