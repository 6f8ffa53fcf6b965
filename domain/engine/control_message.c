/* Updates and queries: an execution is asked, and its workflow's code answers. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/control.h"
#include "sarn/events.h"

#define TEXT(str) (int)(str).size, (str).data

/* bytes as a struct of type in arena; no type, no struct. */
static sarn_status as_struct(const struct sarn_codec *codec,
                             const struct sarn_type *type,
                             struct sarn_str bytes,
                             struct sarn_arena *arena,
                             const void **data,
                             struct sarn_error *error)
{
    void *value;

    *data = NULL;
    if (type == NULL || bytes.size == 0) {
        return SARN_OK;
    }
    value = sarn_arena_alloc(arena, type->size);
    if (value == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a message");
    }
    SARN__TRY(codec->ops->decode(codec->self, type, bytes, value, arena, error));
    *data = value;
    return SARN_OK;
}

/* Ask message's handler; *output is what it answered, encoded. */
static sarn_status ask(sarn_engine *engine,
                       const struct sarn__execution *execution,
                       const struct sarn__definition *definition,
                       const struct sarn_message *message,
                       const void *argument,
                       struct sarn_str workflow_id,
                       struct sarn_arena *arena,
                       struct sarn_str *output,
                       struct sarn_error *error)
{
    struct sarn_step_call *call = sarn_arena_alloc(arena, sizeof(*call));
    struct sarn__outcome outcome;

    if (call == NULL ||
        sarn__message_call_init(call, engine, execution, definition, message, argument,
                                workflow_id, arena) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory asking an execution");
    }
    sarn__step_call_make(call);
    sarn__step_call_outcome(call, &outcome);
    if (outcome.failed) {
        sarn_status status =
            call->status == SARN_ERR_NOMEM ? SARN_ERR_NOMEM : SARN_ERR_REJECTED;

        return sarn__fail(error, status, "%.*s", TEXT(outcome.text));
    }
    *output = outcome.output;
    return SARN_OK;
}

/* --- updates --- */

sarn_status sarn__control_update(sarn_engine *engine,
                                 struct sarn__request *request,
                                 const struct sarn__run *run,
                                 struct sarn__execution_event *event,
                                 struct sarn_reply *reply,
                                 struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    const struct sarn_message *message = NULL;
    const void *argument;

    assert(run->definition != NULL); /* It was looked at for the payload's type. */
    if (!sarn__message_find(run->definition->workflow, event->name, NULL, NULL,
                            &message) ||
        message == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%.*s\" takes no update \"%.*s\"",
                          TEXT(sarn__run_workflow(run)), TEXT(event->name));
    }
    if (message->handler == NULL) {
        return SARN_OK;
    }
    SARN__TRY(as_struct(codec, message->input, event->input, request->arena, &argument,
                        error));
    SARN__TRY(ask(engine, run->execution, run->definition, message, argument,
                  sarn__run_workflow_id(run), request->arena, &event->output, error));
    SARN__TRY(as_struct(codec, message->output, event->output, request->arena,
                        &reply->output, error));
    reply->output_type = reply->output == NULL ? NULL : message->output;
    return SARN_OK;
}

/* Where an update's record is looked at once more. */
struct recall {
    sarn_engine *engine;
    struct sarn__request *request;
    struct sarn_reply *reply;
};

static sarn_status
recall_record(void *arg, uint64_t position, struct sarn_str bytes, uint64_t *next)
{
    const struct recall *recall = arg;
    struct sarn_arena *arena = recall->request->arena;
    const struct sarn_workflow *workflow =
        sarn__registry_workflow(recall->engine->log.registry,
                                sarn__category(recall->request->as.control.stream));
    const struct sarn_message *message = NULL;
    const struct sarn_update_accepted *accepted;
    struct sarn__record record;
    struct sarn_event event;

    *next = 0;
    SARN__TRY(sarn__record_decode(position, bytes, NULL, &record, NULL));
    SARN__TRY(sarn__decoder_event(recall->engine->log.decoder, &record, 0, arena,
                                  &event, NULL));
    accepted = event.data;
    if (workflow == NULL || event.type != &sarn_update_accepted_type ||
        !sarn__message_find(workflow, accepted->name, NULL, NULL, &message) ||
        message == NULL) {
        return SARN_OK;
    }
    SARN__TRY(as_struct(&recall->engine->log.ports.codec, message->output,
                        accepted->output, arena, &recall->reply->output, NULL));
    recall->reply->output_type = recall->reply->output == NULL ? NULL : message->output;
    return SARN_OK;
}

void sarn__control_recall(sarn_engine *engine,
                          struct sarn__request *request,
                          uint64_t position,
                          struct sarn_reply *reply)
{
    const struct sarn_journal *journal = &engine->log.ports.journal;
    struct recall recall = {engine, request, reply};
    uint64_t next;

    if (request->as.control.what.op == SARN_CONTROL_UPDATE && position != 0) {
        /* That it was accepted is known without its answer, too. */
        (void)!journal->ops->walk(journal->self, position, recall_record, &recall,
                                  &next, NULL);
    }
}

/* --- queries --- */

/* The execution as far as it is durable, in arena. */
static sarn_status read_execution(sarn_engine *engine,
                                  uint32_t tenant,
                                  struct sarn_str workflow,
                                  struct sarn_str workflow_id,
                                  struct sarn_arena *arena,
                                  struct sarn__execution **execution,
                                  struct sarn_error *error)
{
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
    int size =
        snprintf(name, sizeof(name), "%.*s-%.*s", TEXT(workflow), TEXT(workflow_id));
    struct sarn__execution_trace trace;
    struct sarn__head head;

    *execution = NULL;
    if (size > 0 && size < (int)sizeof(name)) {
        struct sarn_str stream = {name, (uint32_t)size};

        SARN__TRY(sarn__store_head(&engine->log.store, tenant, stream, &head, error));
        SARN__TRY(sarn__execution_read(&engine->log.store, engine->log.decoder, &head,
                                       arena, engine->orchestrator->loading, execution,
                                       &trace, error));
    }
    return *execution != NULL ? SARN_OK
                              : sarn__fail(error, SARN_ERR_NOT_FOUND,
                                           "workflow \"%.*s\" has no execution "
                                           "\"%.*s\"",
                                           TEXT(workflow), TEXT(workflow_id));
}

/* Among the messages of the version that the execution runs by; else of the newest. */
static sarn_status find_query(sarn_engine *engine,
                              struct sarn_str workflow,
                              const struct sarn__execution *execution,
                              struct sarn_str name,
                              const void *input,
                              const struct sarn__definition **definition,
                              const struct sarn_message **message,
                              struct sarn_error *error)
{
    const struct sarn_workflow *registered = sarn__registry_workflow_version(
        engine->log.registry, workflow, execution->beginning.fingerprint);
    uint32_t kind = 0;

    if (registered == NULL) {
        registered = sarn__registry_workflow(engine->log.registry, workflow);
    }
    if (registered == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module has a workflow \"%.*s\"", TEXT(workflow));
    }
    if (!sarn__message_find(registered, name, &kind, NULL, message) ||
        kind != SARN_MESSAGE_QUERY) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%s\" version %u answers no query \"%.*s\"",
                          registered->name, registered->version, TEXT(name));
    }
    if (((*message)->input == NULL) != (input == NULL)) {
        return sarn__fail(error, SARN_ERR_INVALID, "query \"%s\" takes %s input",
                          (*message)->name, (*message)->input == NULL ? "no" : "an");
    }
    *definition = sarn__run_definition(engine->orchestrator, registered);
    return *definition == NULL
               ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory asking an execution")
               : SARN_OK;
}

sarn_status sarn__engine_query(sarn_engine *engine,
                               uint32_t tenant,
                               struct sarn_str workflow,
                               struct sarn_str workflow_id,
                               struct sarn_str name,
                               const void *input,
                               struct sarn_arena *arena,
                               const void **output,
                               struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    const struct sarn__definition *definition = NULL;
    const struct sarn_message *message = NULL;
    struct sarn__execution *execution;
    struct sarn_str answer = {NULL, 0};

    sarn__engine_settle(engine);
    SARN__TRY(sarn__engine_knows(engine, error));
    SARN__TRY(read_execution(engine, tenant, workflow, workflow_id, arena, &execution,
                             error));
    SARN__TRY(find_query(engine, workflow, execution, name, input, &definition,
                         &message, error));
    SARN__TRY(sarn__step_call_verify(codec, execution, definition, error));
    SARN__TRY(ask(engine, execution, definition, message, input, workflow_id, arena,
                  &answer, error));
    return as_struct(codec, message->output, answer, arena, output, error);
}
