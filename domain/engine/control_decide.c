#include "engine/control_decide.h"

#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "core/plan.h"
#include "engine/promise_id.h"

typedef struct sarn__execution_event event_of;

#define TEXT(str) (int)(str).size, (str).data

/* --- where it stands --- */

/* The status that it will go on in. */
static uint32_t underlying(const struct sarn__execution *execution)
{
    return execution->status == SARN_EXECUTION_PARKED ? execution->parked_from
                                                      : execution->status;
}

/* Will it go forward, sooner or later? */
static bool goes_forward(const struct sarn__execution *execution)
{
    uint32_t status = underlying(execution);

    return (status == SARN_EXECUTION_RUNNING && !execution->asked_to_end) ||
           (status == SARN_EXECUTION_COMPENSATING &&
            execution->cause == SARN__CAUSE_RESET);
}

static const char *undone_since(const struct sarn__execution *execution)
{
    static const char *const causes[] = {
        [SARN__CAUSE_FAILURE] = "a step has failed",
        [SARN__CAUSE_CANCEL] = "it was cancelled",
        [SARN__CAUSE_TERMINATE] = "it was terminated",
        [SARN__CAUSE_TIMEOUT] = "its time was up",
        [SARN__CAUSE_PARENT] = "its parent is undone",
        [SARN__CAUSE_RESET] = "it was reset",
    };

    if (underlying(execution) != SARN_EXECUTION_COMPENSATING) {
        return execution->asked_terminate ? causes[SARN__CAUSE_TERMINATE]
                                          : causes[SARN__CAUSE_CANCEL];
    }
    return causes[execution->cause];
}

static sarn_status fail_over(const struct sarn__execution *execution,
                             const char *what,
                             struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_STATE, "the execution is over, %s: %s",
                      sarn_execution_status_text(execution->status), what);
}

/* Nothing can be told to what has ended. */
static sarn_status check_open(const struct sarn__execution *execution,
                              const char *what,
                              struct sarn_error *error)
{
    return sarn__execution_is_closed(execution) ||
                   execution->status == SARN_EXECUTION_COMPLETED
               ? fail_over(execution, what, error)
               : SARN_OK;
}

static sarn_status check_forward(const struct sarn__execution *execution,
                                 const char *what,
                                 struct sarn_error *error)
{
    SARN__TRY(check_open(execution, what, error));
    if (!goes_forward(execution)) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the execution is being undone, since %s: %s",
                          undone_since(execution), what);
    }
    return SARN_OK;
}

/* --- messages --- */

bool sarn__control_is_waited_for(const struct sarn_workflow *workflow,
                                 struct sarn_str name)
{
    for (uint32_t i = 0; workflow != NULL && i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);

        if (step->kind == SARN_STEP_SIGNAL &&
            sarn_str_equal(sarn_str(sarn__step_signal(step)), name)) {
            return true;
        }
    }
    return false;
}

static sarn_status decide_message(const struct sarn__execution *execution,
                                  const struct sarn_workflow *workflow,
                                  const struct sarn_control *what,
                                  event_of *event,
                                  struct sarn_error *error)
{
    bool update = what->op == SARN_CONTROL_UPDATE;
    bool kept = !update || sarn__control_is_waited_for(workflow, what->name);

    SARN__TRY(check_forward(execution, "nobody will wait for the message", error));
    if (kept && execution->message_count >= SARN__MESSAGES_MAX) {
        return sarn__fail(
            error, SARN_ERR_OVERLOADED,
            "%u messages are there that no step has waited for yet, which "
            "is the limit: try again later",
            execution->message_count);
    }
    *event = (event_of){.kind = update ? SARN__UPDATE_ACCEPTED : SARN__SIGNAL_RECEIVED,
                        .name = what->name,
                        .to_step = update && kept};
    return SARN_OK;
}

/* --- cancel, terminate, pause, resume --- */

static sarn_status decide_end(const struct sarn__execution *execution,
                              const struct sarn_control *what,
                              event_of *event,
                              struct sarn_error *error)
{
    bool terminate = what->op == SARN_CONTROL_TERMINATE;
    bool harder = terminate && execution->asked_to_end && !execution->asked_terminate &&
                  underlying(execution) == SARN_EXECUTION_RUNNING;

    if (!harder) {
        SARN__TRY(check_forward(execution, "there is nothing to end", error));
    }
    *event = (event_of){
        .kind = SARN__CANCEL_REQUESTED, .terminate = terminate, .text = what->reason};
    return SARN_OK;
}

static sarn_status decide_pause(const struct sarn__execution *execution,
                                const struct sarn_control *what,
                                event_of *event,
                                struct sarn_error *error)
{
    bool pause = what->op == SARN_CONTROL_PAUSE;

    SARN__TRY(check_open(
        execution, pause ? "there is nothing to pause" : "nothing can go on", error));
    if (execution->paused == pause) {
        return sarn__fail(error, SARN_ERR_STATE, "the execution is %s",
                          pause ? "paused already" : "not paused");
    }
    *event =
        (event_of){.kind = pause ? SARN__PAUSED : SARN__RESUMED, .text = what->reason};
    return SARN_OK;
}

/* --- steps --- */

static const struct sarn__step *begun(const struct sarn__step *visit)
{
    while (visit != NULL && visit->begun == 0) {
        visit = visit->earlier;
    }
    return visit;
}

sarn_status sarn__control_visit(const struct sarn__execution *execution,
                                const struct sarn_workflow *workflow,
                                struct sarn_str id,
                                const struct sarn__step **visit,
                                struct sarn_error *error)
{
    const struct sarn__step *found = begun(sarn__execution_step(execution, id));
    uint32_t index = workflow == NULL ? 0 : sarn__step_index(workflow, id, 0);
    bool known = workflow != NULL && index < workflow->step_count;
    const struct sarn_step *step = known ? sarn__step_at(workflow, index) : NULL;

    if (found == NULL && known) {
        found = begun(sarn__execution_step(execution, sarn_str(step->id)));
    }
    for (uint32_t i = 0;
         found == NULL && known && step->aliases != NULL && step->aliases[i] != NULL;
         i++) {
        found = begun(sarn__execution_step(execution, sarn_str(step->aliases[i])));
    }
    if (found != NULL) {
        *visit = found;
        return SARN_OK;
    }
    if (workflow != NULL && !known) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%s\" version %u has no step \"%.*s\"",
                          workflow->name, workflow->version, TEXT(id));
    }
    return sarn__fail(error, SARN_ERR_STATE,
                      "the execution has not come to a step \"%.*s\"", TEXT(id));
}

static sarn_status decide_reset(const struct sarn__execution *execution,
                                const struct sarn_workflow *workflow,
                                const struct sarn_control *what,
                                struct sarn_arena *arena,
                                event_of *event,
                                struct sarn_error *error)
{
    const struct sarn__step *visit = NULL;
    struct sarn_str *doubts;

    if (execution->status != SARN_EXECUTION_COMPLETED) {
        SARN__TRY(
            check_open(execution, "what was undone cannot be gone back to", error));
        if (underlying(execution) == SARN_EXECUTION_COMPENSATING) {
            return sarn__fail(error, SARN_ERR_STATE,
                              "the execution is being undone, since %s: it cannot be "
                              "reset",
                              undone_since(execution));
        }
    }
    if (execution->asked_to_undo) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the execution is to be undone with its parent: it cannot be "
                          "reset");
    }
    SARN__TRY(sarn__control_visit(execution, workflow, what->step, &visit, error));
    doubts = sarn_arena_alloc(arena, execution->step_count * sizeof(*doubts));
    if (doubts == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a request");
    }
    *event = (event_of){.kind = SARN__RESET_REQUESTED,
                        .step = visit->id,
                        .text = what->reason,
                        .was = execution->status,
                        .steps = doubts};
    event->step_count =
        workflow == NULL
            ? sarn__execution_doubts(execution, doubts)
            : sarn__plan_doubts(execution,
                                &(struct sarn__definition){.workflow = workflow},
                                INT64_MAX, doubts);
    return SARN_OK;
}

/* --- what is parked --- */

static bool is_undecided(const struct sarn__step *visit)
{
    return visit->state == SARN__STUCK || visit->state == SARN__UNKNOWN;
}

/* The visit that is to be decided about: what parked the execution, if that is meant,
 * else the latest one of the step named. NULL: it is parked for no step's sake, or its
 * step is not in question. */
static sarn_status parked_visit(const struct sarn__execution *execution,
                                const struct sarn_control *what,
                                const struct sarn__step **visit,
                                struct sarn_error *error)
{
    struct sarn_str step = what->step.size > 0 ? what->step : execution->parked.step;
    const struct sarn__step *found =
        sarn_str_equal(step, execution->parked.step)
            ? sarn__execution_visit(execution, step, execution->parked_visit)
            : NULL;

    if (found == NULL || !is_undecided(found)) {
        found = sarn__execution_step(execution, step);
    }
    while (found != NULL && !is_undecided(found)) {
        found = found->earlier;
    }
    if (found == NULL && !sarn_str_equal(step, execution->parked.step)) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "there is nothing to decide about step \"%.*s\": the "
                          "execution is parked at \"%.*s\"",
                          TEXT(step), TEXT(execution->parked.step));
    }
    *visit = found;
    return SARN_OK;
}

static uint32_t decision_of(const struct sarn_control *what)
{
    return what->op == SARN_CONTROL_RETRY           ? SARN__DECIDE_RETRY
           : what->op == SARN_CONTROL_SKIP          ? SARN__DECIDE_SKIP
           : what->fate == (uint32_t)SARN_STEP_DONE ? SARN__DECIDE_DONE
                                                    : SARN__DECIDE_NOT_DONE;
}

static sarn_status decide_parked(const struct sarn__execution *execution,
                                 const struct sarn_control *what,
                                 event_of *event,
                                 struct sarn_error *error)
{
    const struct sarn__step *visit = NULL;
    uint32_t decision = decision_of(what);

    if (execution->status != SARN_EXECUTION_PARKED) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the execution is not parked but %s: there is nothing to "
                          "decide",
                          sarn_execution_status_text(execution->status));
    }
    SARN__TRY(parked_visit(execution, what, &visit, error));
    if (visit == NULL && decision != SARN__DECIDE_RETRY) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "no step is in question (%.*s): the execution can only be "
                          "tried again",
                          TEXT(execution->parked.code));
    }
    if (visit != NULL && visit->state == SARN__STUCK &&
        decision == SARN__DECIDE_NOT_DONE) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "step \"%.*s\" could not be undone, and is not: let that be "
                          "tried again, skipped, or say that it was done",
                          TEXT(visit->id));
    }
    *event = (event_of){.kind = SARN__UNPARKED,
                        .decision = decision,
                        .step = visit != NULL ? visit->id : execution->parked.step,
                        .visit = visit != NULL ? visit->visit : execution->parked_visit,
                        .compensation = visit != NULL ? visit->state == SARN__STUCK
                                                      : execution->parked_compensation,
                        .text = what->reason};
    return SARN_OK;
}

/* --- promises --- */

/* The visit of the promise that waits, or is to come. */
static sarn_status check_visit(const struct sarn__execution *execution,
                               const struct sarn__promise_id *id,
                               struct sarn_error *error)
{
    const struct sarn__step *latest = sarn__execution_step(execution, id->step);
    const struct sarn__step *visit =
        sarn__execution_visit(execution, id->step, id->visit);
    uint32_t next = latest == NULL                ? 1
                    : sarn__visit_is_over(latest) ? latest->visit + 1
                                                  : latest->visit;

    if (visit == NULL && id->visit != next) {
        return sarn__fail(
            error, SARN_ERR_NOT_FOUND,
            "the promise of step \"%.*s\" is of a visit that has not come",
            TEXT(id->step));
    }
    if (visit != NULL && (visit->settled || sarn__visit_is_over(visit))) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the promise of step \"%.*s\" was settled before, or nobody "
                          "waits for it any more",
                          TEXT(id->step));
    }
    return SARN_OK;
}

static sarn_status decide_promise(const struct sarn__execution *execution,
                                  const struct sarn_workflow *workflow,
                                  const struct sarn_control *what,
                                  event_of *event,
                                  struct sarn_error *error)
{
    struct sarn__promise_id id = {.visit = 0};
    sarn_status status = sarn__promise_id_read(what->name, &id);
    uint32_t index;

    if (status != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "\"%.*s\" is no promise's id",
                          TEXT(what->name));
    }
    if (memcmp(id.run_id.bytes, execution->beginning.run_id.bytes,
               sizeof(id.run_id.bytes)) != 0) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the run that the promise belongs to is over: nobody waits "
                          "for it any more");
    }
    index = workflow == NULL ? 0 : sarn__step_index(workflow, id.step, 0);
    if (workflow != NULL &&
        (index == workflow->step_count ||
         sarn__step_at(workflow, index)->kind != SARN_STEP_PROMISE)) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%s\" version %u has no promise \"%.*s\"",
                          workflow->name, workflow->version, TEXT(id.step));
    }
    SARN__TRY(check_forward(execution, "nobody waits for the promise", error));
    SARN__TRY(check_visit(execution, &id, error));
    *event = (event_of){.kind = SARN__PROMISE_SETTLED,
                        .step = id.step,
                        .visit = id.visit,
                        .failed = what->op == SARN_CONTROL_FAIL_PROMISE,
                        .code = what->code,
                        .text = what->reason};
    return SARN_OK;
}

/* --- all of them --- */

sarn_status sarn__control_decide(const struct sarn__execution *execution,
                                 const struct sarn_workflow *workflow,
                                 const struct sarn_control *what,
                                 struct sarn_arena *arena,
                                 struct sarn__execution_event *event,
                                 struct sarn_error *error)
{
    switch ((enum sarn_control_op)what->op) {
    case SARN_CONTROL_SIGNAL:
    case SARN_CONTROL_UPDATE:
        return decide_message(execution, workflow, what, event, error);
    case SARN_CONTROL_CANCEL:
    case SARN_CONTROL_TERMINATE:
        return decide_end(execution, what, event, error);
    case SARN_CONTROL_PAUSE:
    case SARN_CONTROL_RESUME:
        return decide_pause(execution, what, event, error);
    case SARN_CONTROL_RESET:
        return decide_reset(execution, workflow, what, arena, event, error);
    case SARN_CONTROL_RETRY:
    case SARN_CONTROL_SKIP:
    case SARN_CONTROL_RESOLVE:
        return decide_parked(execution, what, event, error);
    case SARN_CONTROL_PROMISE:
    case SARN_CONTROL_FAIL_PROMISE:
        return decide_promise(execution, workflow, what, event, error);
    case SARN_CONTROL_FORK: /* Of another stream: control_fork.c. */
        break;
    }
    return sarn__fail(error, SARN_ERR_INVALID, "there is no control op %u", what->op);
}
