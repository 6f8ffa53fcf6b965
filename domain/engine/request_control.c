/* Requests to tell an execution something: checked and copied as far as that can be
 * done without looking at the execution. */
#include <stdio.h>
#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "engine/control.h"
#include "engine/module_check.h"
#include "engine/promise_id.h"
#include "engine/request_parts.h"
#include "engine/state.h"

/* Which members an op asks for. */
#define WANTS_NAME    1u
#define WANTS_STEP    2u
#define MAY_HAVE_STEP 4u
#define TAKES_PAYLOAD 8u
#define TAKES_FATE    16u
#define TAKES_CODE    32u
#define FOR_A_PROMISE 64u  /* The promise's id says which execution. */
#define MAKES_AN_ID   128u /* Its name becomes part of a stream's. */

static const uint32_t wants[] = {
    [SARN_CONTROL_SIGNAL] = WANTS_NAME | TAKES_PAYLOAD,
    [SARN_CONTROL_UPDATE] = WANTS_NAME | TAKES_PAYLOAD,
    [SARN_CONTROL_CANCEL] = 0,
    [SARN_CONTROL_TERMINATE] = 0,
    [SARN_CONTROL_PAUSE] = 0,
    [SARN_CONTROL_RESUME] = 0,
    [SARN_CONTROL_RESET] = WANTS_STEP,
    [SARN_CONTROL_FORK] = WANTS_STEP | WANTS_NAME | MAKES_AN_ID,
    [SARN_CONTROL_RETRY] = MAY_HAVE_STEP,
    [SARN_CONTROL_SKIP] = MAY_HAVE_STEP,
    [SARN_CONTROL_RESOLVE] = MAY_HAVE_STEP | TAKES_FATE | TAKES_PAYLOAD,
    [SARN_CONTROL_PROMISE] = FOR_A_PROMISE | WANTS_NAME | TAKES_PAYLOAD,
    [SARN_CONTROL_FAIL_PROMISE] = FOR_A_PROMISE | WANTS_NAME | TAKES_CODE,
};

static const char *const op_names[] = {
    [SARN_CONTROL_SIGNAL] = "signal",
    [SARN_CONTROL_UPDATE] = "update",
    [SARN_CONTROL_CANCEL] = "cancel",
    [SARN_CONTROL_TERMINATE] = "terminate",
    [SARN_CONTROL_PAUSE] = "pause",
    [SARN_CONTROL_RESUME] = "resume",
    [SARN_CONTROL_RESET] = "reset",
    [SARN_CONTROL_FORK] = "fork",
    [SARN_CONTROL_RETRY] = "retry",
    [SARN_CONTROL_SKIP] = "skip",
    [SARN_CONTROL_RESOLVE] = "resolve",
    [SARN_CONTROL_PROMISE] = "promise",
    [SARN_CONTROL_FAIL_PROMISE] = "fail promise",
};

const char *sarn__control_op_text(uint32_t op)
{
    return op_names[op];
}

/* --- checks --- */

static sarn_status check_no(const struct sarn_control *control,
                            bool there,
                            const char *what,
                            struct sarn_error *error)
{
    return there ? sarn__fail(error, SARN_ERR_INVALID, "%s takes no %s",
                              op_names[control->op], what)
                 : SARN_OK;
}

static sarn_status check_payload(const struct sarn_control *control,
                                 uint32_t has,
                                 struct sarn_error *error)
{
    bool there = control->data != NULL || control->json.size > 0;

    if ((has & TAKES_PAYLOAD) == 0) {
        return check_no(control, there, "payload", error);
    }
    if (control->data != NULL && control->json.size > 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a payload is given as data or as JSON, not as both");
    }
    if ((has & TAKES_FATE) != 0 && there && control->fate != SARN_STEP_DONE) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a step that was not done has no output");
    }
    return sarn__request_check_size(control->json, SARN__CONTROL_JSON_BYTES_MAX,
                                    "a payload as JSON", error);
}

static sarn_status
check_fate(const struct sarn_control *control, uint32_t has, struct sarn_error *error)
{
    if ((has & TAKES_FATE) == 0) {
        return check_no(control, control->fate != 0, "fate", error);
    }
    if (control->fate != SARN_STEP_DONE && control->fate != SARN_STEP_NOT_DONE) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "resolve says whether the step was done or not done: set fate "
            "to SARN_STEP_DONE or SARN_STEP_NOT_DONE");
    }
    return SARN_OK;
}

static sarn_status
check_names(const struct sarn_control *control, uint32_t has, struct sarn_error *error)
{
    uint32_t name_max = (has & MAKES_AN_ID) != 0     ? SARN__WORKFLOW_ID_BYTES_MAX
                        : (has & FOR_A_PROMISE) != 0 ? SARN__PROMISE_ID_BYTES_MAX
                                                     : SARN_NAME_BYTES_MAX;

    if ((has & WANTS_NAME) != 0) {
        SARN__TRY(sarn__request_check_name(control->name, name_max,
                                           (has & MAKES_AN_ID) != 0 ? "a workflow_id"
                                           : (has & FOR_A_PROMISE) != 0
                                               ? "a promise's id"
                                               : "a message's name",
                                           error));
    } else {
        SARN__TRY(check_no(control, control->name.size > 0, "name", error));
    }
    if ((has & (WANTS_STEP | MAY_HAVE_STEP)) == 0) {
        SARN__TRY(check_no(control, control->step.size > 0, "step", error));
    } else if ((has & WANTS_STEP) != 0 || control->step.size > 0) {
        SARN__TRY(sarn__request_check_name(control->step, SARN_NAME_BYTES_MAX,
                                           "a step's id", error));
    }
    if ((has & TAKES_CODE) == 0) {
        SARN__TRY(check_no(control, control->code.size > 0, "code", error));
    }
    return sarn__request_check_text(control->code, SARN__CONTROL_CODE_BYTES_MAX,
                                    "a code", error);
}

static sarn_status check_subject(const struct sarn_control *control,
                                 uint32_t has,
                                 struct sarn_error *error)
{
    struct sarn_str workflow = control->workflow;

    if ((has & FOR_A_PROMISE) != 0) {
        return check_no(control, workflow.size > 0 || control->workflow_id.size > 0,
                        "execution: the promise's id says it", error);
    }
    SARN__TRY(sarn__request_check_name(workflow, SARN_NAME_BYTES_MAX,
                                       "a workflow's name", error));
    if (memchr(workflow.data, '-', workflow.size) != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a workflow's name has no '-' in it, as \"%.*s\" has",
                          (int)workflow.size, workflow.data);
    }
    SARN__TRY(sarn__request_check_name(
        control->workflow_id, SARN__WORKFLOW_ID_BYTES_MAX, "a workflow_id", error));
    if (workflow.size + 1 + control->workflow_id.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "a workflow's name and id have at most %u bytes together",
                          SARN_STREAM_NAME_BYTES_MAX - 1);
    }
    return SARN_OK;
}

static sarn_status check_control(const struct sarn_control *control,
                                 struct sarn_error *error)
{
    uint32_t has;

    if (control->op == 0 || control->op >= sizeof(wants) / sizeof(wants[0])) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "there is no control op %u: use SARN_CONTROL_x", control->op);
    }
    if (control->flags != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "flags 0x%x are unknown to this version", control->flags);
    }
    has = wants[control->op];
    SARN__TRY(check_subject(control, has, error));
    SARN__TRY(check_names(control, has, error));
    SARN__TRY(check_fate(control, has, error));
    SARN__TRY(check_payload(control, has, error));
    SARN__TRY(sarn__request_check_text(control->reason, SARN__CONTROL_REASON_BYTES_MAX,
                                       "a reason", error));
    return sarn__request_check_who(control->key, control->actor, control->origin,
                                   error);
}

/* The type of data, by the newest registered version of its workflow. */
static sarn_status type_of_data(sarn_engine *engine,
                                const struct sarn_control *control,
                                const struct sarn__promise_id *promise,
                                const struct sarn_type **type,
                                struct sarn_error *error)
{
    struct sarn_str name =
        promise != NULL ? sarn__category(promise->stream) : control->workflow;
    struct sarn_str step = promise != NULL ? promise->step : control->step;
    const struct sarn_workflow *workflow =
        sarn__registry_workflow(engine->log.registry, name);

    if (workflow == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module has a workflow \"%.*s\" to know the payload by: "
                          "give it as JSON",
                          (int)name.size, name.data);
    }
    if (control->op == SARN_CONTROL_RESOLVE && step.size == 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "an output needs the step that it is of: set step");
    }
    SARN__TRY(
        sarn__control_type(workflow, control->op, control->name, step, type, error));
    return *type == NULL ? check_no(control, true, "payload", error) : SARN_OK;
}

/* --- copies --- */

/* The stream of the execution, as "<workflow>-<workflow_id>". */
static sarn_status copy_stream(struct sarn__request *made,
                               const struct sarn__promise_id *promise)
{
    const struct sarn_control *what = &made->as.control.what;
    uint32_t size = what->workflow.size + 1 + what->workflow_id.size;
    char *name;

    if (promise != NULL) {
        return sarn_arena_copy(made->arena, promise->stream, &made->as.control.stream);
    }
    name = sarn_arena_alloc(made->arena, size + 1);
    if (name == NULL) {
        return SARN_ERR_NOMEM;
    }
    (void)snprintf(name, size + 1, "%.*s-%.*s", (int)what->workflow.size,
                   what->workflow.data, (int)what->workflow_id.size,
                   what->workflow_id.data);
    made->as.control.stream = (struct sarn_str){name, size};
    return SARN_OK;
}

static sarn_status copy_control(struct sarn__request *made,
                                const struct sarn__promise_id *promise)
{
    struct sarn_control *to = &made->as.control.what;
    struct sarn_str *const texts[] = {&to->workflow, &to->workflow_id, &to->step,
                                      &to->name,     &to->json,        &to->code,
                                      &to->reason};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        SARN__TRY(sarn_arena_copy(made->arena, *texts[i], texts[i]));
    }
    SARN__TRY(sarn__request_copy_who(made->arena, &to->key, &to->actor, &to->origin));
    SARN__TRY(copy_stream(made, promise));
    return sarn__request_copy_data(made->arena, made->as.control.data_type, &to->data);
}

/* The promise whose id is control's name. */
static sarn_status read_promise(const struct sarn_control *control,
                                struct sarn__promise_id *promise,
                                struct sarn_error *error)
{
    if (sarn__promise_id_read(control->name, promise) != SARN_OK ||
        promise->stream.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "\"%.*s\" is no promise's id: it is what sarn_step_promise() "
                          "has given",
                          (int)control->name.size, control->name.data);
    }
    return SARN_OK;
}

sarn_status sarn__request_control(sarn_engine *engine,
                                  const struct sarn_control *control,
                                  struct sarn__request **request,
                                  struct sarn_error *error)
{
    const struct sarn_type *type = NULL;
    const struct sarn__promise_id *promise = NULL;
    struct sarn__promise_id id;
    struct sarn__request *made;

    SARN__TRY(check_control(control, error));
    if ((wants[control->op] & FOR_A_PROMISE) != 0) {
        SARN__TRY(read_promise(control, &id, error));
        promise = &id;
    }
    if (control->data != NULL) {
        SARN__TRY(type_of_data(engine, control, promise, &type, error));
    }
    SARN__TRY(sarn__request_create(engine, SARN__REQUEST_CONTROL, &made, error));
    made->as.control.what = *control;
    made->as.control.data_type = type;
    return sarn__request_finish(made, copy_control(made, promise), request, error);
}
