/* A new execution that takes over, as done, what another had done before a step. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/control.h"
#include "engine/control_decide.h"

#define TEXT(str) (int)(str).size, (str).data

/* One fork on its way. */
struct fork {
    const struct sarn__execution *from;
    const struct sarn__step *step; /* Where the new one goes on. */
    uint32_t begun;                /* What began before is taken over. */
    struct sarn__unit unit;
};

/* --- may it be? --- */

static sarn_status check_source(const struct sarn__execution *from,
                                struct sarn_error *error)
{
    bool parked = from->status == SARN_EXECUTION_PARKED &&
                  from->parked_from == SARN_EXECUTION_RUNNING;

    if ((from->status != SARN_EXECUTION_RUNNING && !parked &&
         from->status != SARN_EXECUTION_COMPLETED) ||
        from->asked_to_undo) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the execution is %s: what it undoes nobody can take over",
                          sarn_execution_status_text(from->status));
    }
    return SARN_OK;
}

static sarn_status check_new(sarn_engine *engine,
                             uint32_t tenant,
                             struct sarn_str stream,
                             struct sarn_error *error)
{
    struct sarn__head head;

    if (stream.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "a workflow's name and id have at most %u bytes together",
                          SARN_STREAM_NAME_BYTES_MAX - 1);
    }
    SARN__TRY(sarn__writer_head(&engine->writer, tenant, stream, &head, error));
    return head.number == 0 ? SARN_OK
                            : sarn__fail(error, SARN_ERR_EXISTS,
                                         "execution \"%.*s\" exists: choose another id",
                                         TEXT(stream));
}

/* --- the step to go on from --- */

/* Members of a group come to it together: all of them begin anew. */
static uint32_t begun_with(const struct sarn__execution *from,
                           const struct sarn__step *step)
{
    uint32_t begun = step->begun;

    for (const struct sarn__step *other = from->first;
         other != NULL && step->group.size > 0; other = other->next) {
        if (other->begun != 0 && other->begun < begun &&
            other->before.serial == step->before.serial &&
            sarn_str_equal(other->group, step->group)) {
            begun = other->begun;
        }
    }
    return begun;
}

/* What is over and counts: it was done, or passed by. */
static bool is_taken_over(const struct fork *fork, const struct sarn__step *visit)
{
    return visit->begun != 0 && visit->begun < fork->begun &&
           (visit->state == SARN__DONE || visit->state == SARN__SKIPPED ||
            visit->state == SARN__EXPIRED);
}

/* --- its events --- */

/* The place that visit, or its group, left behind: what the next one began at. NULL:
 * nothing has begun there. */
static const struct sarn__place *place_after(const struct fork *fork,
                                             const struct sarn__step *visit)
{
    const struct sarn__step *next = NULL;

    for (const struct sarn__step *other = fork->from->first; other != NULL;
         other = other->next) {
        if (other->begun > visit->begun &&
            other->before.serial > visit->before.serial &&
            (next == NULL || other->begun < next->begun)) {
            next = other;
        }
    }
    return next == NULL ? NULL : &next->before;
}

/* A visit of the new execution: visits are counted anew there. */
static uint32_t visit_number(const struct sarn__run *run, struct sarn_str step)
{
    const struct sarn__step *latest = sarn__execution_step(run->execution, step);

    return latest == NULL                ? 1
           : sarn__visit_is_over(latest) ? latest->visit + 1
                                         : latest->visit;
}

static sarn_status take_over(struct fork *fork,
                             struct sarn__run *run,
                             const struct sarn__step *visit,
                             struct sarn_error *error)
{
    const struct sarn__place *after = place_after(fork, visit);
    bool chose = visit->group.size == 0 && after != NULL && after->chose;
    const struct sarn__execution_event event = {
        .kind = SARN__STEP_INHERITED,
        .step = visit->id,
        .visit = visit_number(run, visit->id),
        .group = visit->group,
        .output = visit->output,
        .chose = chose,
        .next = chose ? after->next : (struct sarn_str){NULL, 0}};

    return sarn__unit_record(&fork->unit, run, &event, error);
}

/* The group that visit was the last member of to be taken over is joined, too. */
static sarn_status join(struct fork *fork,
                        struct sarn__run *run,
                        const struct sarn__step *visit,
                        uint32_t succeeded,
                        struct sarn_error *error)
{
    const struct sarn__execution_event event = {.kind = SARN__GROUP_JOINED,
                                                .group = visit->group,
                                                .step = visit->id,
                                                .count = succeeded};

    return sarn__unit_record(&fork->unit, run, &event, error);
}

/* The next visit in the order that they began in, after number begun; NULL: none. */
static const struct sarn__step *next_begun(const struct fork *fork, uint32_t begun)
{
    const struct sarn__step *next = NULL;

    for (const struct sarn__step *visit = fork->from->first; visit != NULL;
         visit = visit->next) {
        if (is_taken_over(fork, visit) && visit->begun > begun &&
            (next == NULL || visit->begun < next->begun)) {
            next = visit;
        }
    }
    return next;
}

static sarn_status
take_over_all(struct fork *fork, struct sarn__run *run, struct sarn_error *error)
{
    const struct sarn__step *visit = next_begun(fork, 0);
    uint32_t members = 0;

    while (visit != NULL) {
        const struct sarn__step *next = next_begun(fork, visit->begun);

        SARN__TRY(take_over(fork, run, visit, error));
        members += visit->group.size > 0 ? 1 : 0;
        if (visit->group.size > 0 &&
            (next == NULL || next->before.serial != visit->before.serial)) {
            SARN__TRY(join(fork, run, visit, members, error));
            members = 0;
        }
        visit = next;
    }
    return SARN_OK;
}

/* Signals that nobody has waited for yet are the new one's as well. */
static sarn_status
carry_messages(struct fork *fork, struct sarn__run *run, struct sarn_error *error)
{
    for (const struct sarn__message *message = fork->from->messages; message != NULL;
         message = message->next) {
        const struct sarn__execution_event event = {.kind = SARN__SIGNAL_RECEIVED,
                                                    .name = message->name,
                                                    .input = message->payload,
                                                    .carried = true};

        SARN__TRY(sarn__unit_record(&fork->unit, run, &event, error));
    }
    return SARN_OK;
}

/* It begins with the definition of the one that it comes from. */
static sarn_status begin(struct fork *fork,
                         struct sarn__run *run,
                         struct sarn_str stream,
                         struct sarn_uuid run_id,
                         struct sarn_error *error)
{
    const struct sarn__beginning *old = &fork->from->beginning;
    const struct sarn_workflow *workflow =
        run->definition == NULL ? NULL : run->definition->workflow;
    struct sarn__beginning beginning = {
        .definition_version = old->definition_version,
        .fingerprint = old->fingerprint,
        .run_id = run_id,
        .input = old->input,
        .deadline_us = workflow == NULL ? 0
                                        : sarn__run_deadline_us(fork->unit.meta.time_us,
                                                                workflow->timeout_us),
        .priority = old->priority,
        .forked_from = stream,
        .forked_run = old->run_id};
    const struct sarn__execution_event event = {.kind = SARN__STARTED,
                                                .beginning = &beginning,
                                                .attributes = fork->from->attributes,
                                                .attribute_count =
                                                    fork->from->attribute_count};

    memcpy(beginning.input_hash, old->input_hash, sizeof(beginning.input_hash));
    return sarn__unit_record(&fork->unit, run, &event, error);
}

/* --- all of it --- */

static sarn_status write_all(struct fork *fork,
                             struct sarn__run *run,
                             struct sarn_str stream,
                             struct sarn_uuid run_id,
                             const struct sarn__meta *meta,
                             struct sarn_error *error)
{
    fork->unit.meta.actor = meta->actor;
    fork->unit.meta.origin = meta->origin;
    fork->unit.meta.command = meta->command;
    SARN__TRY(begin(fork, run, stream, run_id, error));
    fork->unit.meta.command = NULL; /* It rides with the first. */
    SARN__TRY(take_over_all(fork, run, error));
    SARN__TRY(carry_messages(fork, run, error));
    fork->unit.meta.actor = fork->unit.meta.origin = (struct sarn_str){NULL, 0};
    return SARN_OK;
}

static sarn_status make_run(sarn_engine *engine,
                            uint32_t tenant,
                            struct sarn_str stream,
                            const struct sarn__run *from,
                            struct sarn__run **run,
                            struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__run *made =
        sarn__run_create(orchestrator, tenant, stream, from->definition);

    if (made != NULL && sarn__run_make_state(orchestrator, made) == SARN_OK) {
        *run = made;
        return SARN_OK;
    }
    if (made != NULL) {
        sarn__run_destroy(orchestrator, made);
    }
    return sarn__fail(error, SARN_ERR_NOMEM, "out of memory forking an execution");
}

/* On failure nothing was written, and run is still the caller's. */
static sarn_status fork_into(sarn_engine *engine,
                             struct fork *fork,
                             struct sarn__run *run,
                             struct sarn_str stream,
                             const struct sarn__meta *meta,
                             struct sarn_error *error)
{
    struct sarn_uuid run_id;
    sarn_status status;

    SARN__TRY(
        sarn__writer_uuid(&engine->writer, meta->time_us, &run->correlation_id, error));
    SARN__TRY(sarn__writer_uuid(&engine->writer, meta->time_us, &run_id, error));
    sarn__unit_begin(&fork->unit, engine, run, run_id);
    status = write_all(fork, run, stream, run_id, meta, error);
    if (status != SARN_OK) {
        sarn__unit_abandon(&fork->unit);
        return status;
    }
    run->started_position = fork->unit.mark.next_position;
    return sarn__run_go_on(&fork->unit, error);
}

sarn_status sarn__control_fork(sarn_engine *engine,
                               struct sarn__request *request,
                               const struct sarn__meta *meta,
                               const struct sarn__run *from,
                               struct sarn_reply *reply,
                               struct sarn_error *error)
{
    const struct sarn_control *what = &request->as.control.what;
    uint32_t size = what->workflow.size + 1 + what->name.size;
    char *name = sarn_arena_alloc(request->arena, size + 1);
    struct sarn_str stream = {name, size};
    struct fork fork = {.from = from->execution};
    const struct sarn_workflow *workflow = NULL;
    struct sarn_error why = {SARN_OK, ""};
    struct sarn__run *run = NULL;
    sarn_status status;

    if (name == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory forking an execution");
    }
    (void)snprintf(name, size + 1, "%.*s-%.*s", TEXT(what->workflow), TEXT(what->name));
    SARN__TRY(check_source(fork.from, error));
    SARN__TRY(sarn__control_workflow(engine, from, request->arena, &workflow, error));
    SARN__TRY(sarn__control_visit(fork.from, workflow, what->step, &fork.step, error));
    SARN__TRY(check_new(engine, meta->tenant, stream, error));
    fork.begun = begun_with(fork.from, fork.step);
    SARN__TRY(make_run(engine, meta->tenant, stream, from, &run, error));
    reply->position = engine->writer.next_position;
    reply->version = 0;
    status = fork_into(engine, &fork, run, request->as.control.stream, meta, &why);
    if (status != SARN_OK) {
        sarn__run_destroy(engine->orchestrator, run);
        return sarn__fail(error, status == SARN_ERR_CORRUPT ? SARN_ERR_STATE : status,
                          "%s", why.text);
    }
    (void)sarn__runs_pump(engine);
    return SARN_OK;
}
