#include "engine/step_call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "core/utf8.h"

/* --- making a call --- */

/* Under which a service knows the step of this run: apart from its compensation, and
 * from every other run of the same id. */
static sarn_status make_key(struct sarn_step_call *call, struct sarn_uuid run_id)
{
    const char *infix = call->compensation ? "compensate" : "run";
    size_t size = SARN_UUID_TEXT_BYTES + strlen(infix) + strlen(call->step->id) + 2;
    char *text = sarn_arena_alloc(call->arena, size);
    char run[SARN_UUID_TEXT_BYTES];

    if (text == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn_uuid_text(run_id, run);
    snprintf(text, size, "%s/%s/%s", run, infix, call->step->id);
    call->key = sarn_str(text);
    return SARN_OK;
}

static sarn_status
take(struct sarn_step_call *call, bool copy, struct sarn_str from, struct sarn_str *to)
{
    if (copy) {
        return sarn_arena_copy(call->arena, from, to);
    }
    *to = from;
    return SARN_OK;
}

static sarn_status take_outputs(struct sarn_step_call *call,
                                const struct sarn__execution *execution,
                                bool copy)
{
    const struct sarn_workflow *workflow = call->workflow;

    if (execution->step_count == 0) {
        return SARN_OK;
    }
    call->outputs =
        sarn_arena_alloc(call->arena, execution->step_count * sizeof(*call->outputs));
    if (call->outputs == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);
        const struct sarn__step *recorded = NULL;

        if (step->output == NULL) {
            continue;
        }
        recorded = sarn__execution_step(execution, sarn_str(step->id));
        if (recorded != NULL && recorded->output.size > 0) {
            struct sarn__step_output *output = &call->outputs[call->output_count];

            output->step = step;
            SARN__TRY(take(call, copy, recorded->output, &output->bytes));
            call->output_count += 1;
        }
    }
    return SARN_OK;
}

sarn_status sarn__step_call_init(struct sarn_step_call *call,
                                 sarn_engine *engine,
                                 const struct sarn__execution *execution,
                                 const struct sarn__definition *definition,
                                 const struct sarn__duty *duty,
                                 struct sarn_str workflow_id,
                                 bool copy,
                                 struct sarn_arena *arena)
{
    call->arena = arena;
    call->codec = &engine->log.ports.codec;
    call->context = engine->options.context;
    call->workflow = definition->workflow;
    call->step = duty->step;
    call->attempt = duty->attempt;
    call->compensation = duty->compensation;
    call->reconciling = duty->kind == SARN__DUTY_RECONCILE;
    call->local = duty->local;
    call->function = call->reconciling    ? duty->step->reconcile
                     : duty->compensation ? duty->step->compensate
                                          : duty->step->run;
    assert(call->function != NULL);
    SARN__TRY(take(call, copy, workflow_id, &call->workflow_id));
    SARN__TRY(take(call, copy, execution->input, &call->input_bytes));
    SARN__TRY(make_key(call, execution->run_id));
    return take_outputs(call, execution, copy);
}

/* Text from outside goes into the log, where it must be UTF-8: what is not, and a
 * character cut in half, becomes question marks. */
static void clean(char *text)
{
    if (!sarn__utf8_valid(sarn_str(text))) {
        for (; *text != '\0'; text++) {
            if ((unsigned char)*text >= 0x80) {
                *text = '?';
            }
        }
    }
}

/* The bytes were verified when they were folded, so only memory can fail. */
static const void *decode(const struct sarn_step_call *call,
                          const struct sarn_type *type,
                          struct sarn_str bytes)
{
    void *value = sarn_arena_alloc(call->arena, type->size);

    if (value == NULL || call->codec->ops->decode(call->codec->self, type, bytes, value,
                                                  call->arena, NULL) != SARN_OK) {
        return NULL;
    }
    return value;
}

void sarn__step_call_make(struct sarn_step_call *call)
{
    if (call->workflow->input != NULL) {
        call->input = decode(call, call->workflow->input, call->input_bytes);
    }
    call->status = call->workflow->input != NULL && call->input == NULL
                       ? SARN_ERR_NOMEM
                       : call->function(call);
    call->made = true;
    clean(call->code);
    clean(call->text);
}

void sarn__step_call_outcome(const struct sarn_step_call *call,
                             struct sarn__outcome *outcome)
{
    bool failed = call->status != SARN_OK;
    const char *text = call->said_why ? call->text : sarn_status_text(call->status);

    *outcome = (struct sarn__outcome){.failed = failed};
    if (failed) {
        outcome->code = sarn_str(call->code);
        outcome->text = sarn_str(text);
    } else {
        outcome->output = call->output;
        outcome->fate = call->fate;
    }
}

sarn_status sarn__step_call_verify(const struct sarn_codec *codec,
                                   const struct sarn__execution *execution,
                                   const struct sarn__definition *definition,
                                   struct sarn_error *error)
{
    const struct sarn_workflow *workflow = definition->workflow;

    if (workflow->input == NULL
            ? execution->input.size > 0
            : codec->ops->verify(codec->self, workflow->input, execution->input,
                                 NULL) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_SCHEMA,
                          "the recorded input does not fit what workflow %.100s takes",
                          workflow->name);
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);
        const struct sarn__step *recorded =
            sarn__execution_step(execution, sarn_str(step->id));

        if (recorded != NULL && recorded->output.size > 0 &&
            (step->output == NULL ||
             codec->ops->verify(codec->self, step->output, recorded->output, NULL) !=
                 SARN_OK)) {
            return sarn__fail(
                error, SARN_ERR_SCHEMA,
                "the recorded output of step %.100s does not fit its type", step->id);
        }
    }
    return SARN_OK;
}

/* --- what a step's function sees --- */

struct sarn_str sarn_step_workflow_id(const struct sarn_step_call *call)
{
    return call->workflow_id;
}

struct sarn_str sarn_step_id(const struct sarn_step_call *call)
{
    return sarn_str(call->step->id);
}

struct sarn_str sarn_step_key(const struct sarn_step_call *call)
{
    return call->key;
}

uint32_t sarn_step_attempt(const struct sarn_step_call *call)
{
    return call->attempt;
}

void *sarn_step_context(const struct sarn_step_call *call)
{
    return call->context;
}

const void *sarn_step_input(const struct sarn_step_call *call)
{
    return call->input;
}

const void *sarn_step_output_of(const struct sarn_step_call *call, const char *step_id)
{
    for (uint32_t i = 0; i < call->output_count; i++) {
        struct sarn__step_output *output = &call->outputs[i];

        if (strcmp(output->step->id, step_id) == 0) {
            if (output->value == NULL) {
                output->value = decode(call, output->step->output, output->bytes);
            }
            return output->value;
        }
    }
    return NULL;
}

/* --- what it answers --- */

sarn_status sarn_step_output(struct sarn_step_call *call, const void *output)
{
    if (call->step->output == NULL || call->compensation) {
        return SARN_ERR_SCHEMA;
    }
    return call->codec->ops->encode(call->codec->self, call->step->output, output,
                                    call->arena, &call->output, NULL);
}

sarn_status
sarn_step_fail(struct sarn_step_call *call, const char *code, const char *format, ...)
{
    va_list list;

    snprintf(call->code, sizeof(call->code), "%s", code == NULL ? "" : code);
    va_start(list, format);
    vsnprintf(call->text, sizeof(call->text), format, list);
    va_end(list);
    call->said_why = true;
    return SARN_ERR_REJECTED;
}

void sarn_step_set_fate(struct sarn_step_call *call, enum sarn_step_fate fate)
{
    if (call->reconciling && (uint32_t)fate <= SARN_STEP_NOT_DONE) {
        call->fate = (uint32_t)fate;
    }
}

/* The command's failure is the step's, unless the step says otherwise. */
static sarn_status
refuse(struct sarn_step_call *call, sarn_status status, const struct sarn_error *error)
{
    if (error->status == status) {
        snprintf(call->text, sizeof(call->text), "%s", error->text);
        call->said_why = true;
    }
    return status;
}

sarn_status sarn_step_command(struct sarn_step_call *call,
                              const struct sarn_command *command)
{
    struct sarn_command full = SARN_COMMAND_INIT;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__written written;
    struct sarn__meta meta;
    uint32_t count = 0;
    sarn_status status;

    if (!call->local) {
        return SARN_ERR_STATE;
    }
    if (command->struct_size < sizeof(uint32_t) || command->flags != 0 ||
        command->key.size > 0) {
        return refuse(call, SARN_ERR_INVALID,
                      &(struct sarn_error){SARN_ERR_INVALID,
                                           "a step's command has no flags and no key: "
                                           "the step itself is done once"});
    }
    memcpy(&full, command,
           command->struct_size < sizeof(full) ? command->struct_size : sizeof(full));
    full.tenant = call->meta->tenant;
    meta = *call->meta;
    meta.actor = full.actor;
    meta.origin = full.origin;
    status = sarn__command_check(call->engine, &full, &error);
    if (status == SARN_OK) {
        status = sarn__command_decide(call->engine, &meta, &full, NULL, &count,
                                      &written, &error);
    }
    if (status != SARN_OK) {
        return refuse(call, status, &error);
    }
    call->command_count += count;
    return SARN_OK;
}

/* --- on a worker --- */

static void work(struct sarn__job *job)
{
    sarn__step_call_make(&SARN__OF(job, struct sarn__step_job, job)->call);
}

struct sarn__step_job *sarn__step_job_create(const struct sarn_heap *heap)
{
    struct sarn_arena *arena = sarn_arena_create(heap);
    struct sarn__step_job *job =
        arena == NULL ? NULL : sarn_arena_alloc(arena, sizeof(*job));

    if (job == NULL) {
        sarn_arena_destroy(arena);
        return NULL;
    }
    job->job.kind = SARN__JOB_STEP;
    job->job.work = work;
    job->call.arena = arena;
    return job;
}

void sarn__step_job_destroy(struct sarn__step_job *job)
{
    if (job != NULL) {
        sarn_arena_destroy(job->call.arena);
    }
}
