/* Requests about schedules: checked and copied as far as that can be done without
 * looking at the schedule. */
#include <string.h>

#include "core/fail.h"
#include "engine/request_parts.h"
#include "engine/schedules.h"

#define REASON_BYTES_MAX 1024u

/* --- checks --- */

static sarn_status check_who(const struct sarn_schedule_change *what,
                             struct sarn_error *error)
{
    struct sarn_str none = {NULL, 0};

    SARN__TRY(sarn__request_check_name(what->id, SARN__SCHEDULE_ID_BYTES_MAX,
                                       "a schedule's id", error));
    SARN__TRY(
        sarn__request_check_text(what->reason, REASON_BYTES_MAX, "a reason", error));
    return sarn__request_check_who(none, what->actor, none, error);
}

/* Is there such a zone, and can it be read? */
static sarn_status
check_zone(const sarn_engine *engine, struct sarn_str name, struct sarn_error *error)
{
    struct sarn_arena *arena = NULL;
    struct sarn__zone zone;
    sarn_status status;

    if (name.size == 0) {
        return SARN_OK;
    }
    arena = sarn_arena_create(&engine->log.ports.heap);
    if (arena == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a time zone");
    }
    status = sarn__zone_load(&engine->log.ports, name, arena, &zone, error);
    sarn_arena_destroy(arena);
    return status;
}

static sarn_status check_workflow(const sarn_engine *engine,
                                  const struct sarn_schedule *schedule,
                                  struct sarn_str json,
                                  const struct sarn_workflow **workflow,
                                  struct sarn_error *error)
{
    struct sarn_str name = sarn_str(schedule->workflow);
    bool has_input = schedule->input != NULL || json.size > 0;

    SARN__TRY(sarn__request_check_name(name, SARN_NAME_BYTES_MAX, "a workflow's name",
                                       error));
    *workflow = sarn__registry_workflow(engine->log.registry, name);
    if (*workflow == NULL && engine->options.module_count == 0 &&
        schedule->input == NULL) {
        return SARN_OK; /* An operator's engine: the log is asked. */
    }
    if (*workflow == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module has a workflow \"%.*s\"", (int)name.size,
                          name.data);
    }
    if (((*workflow)->input != NULL) != has_input) {
        return sarn__fail(error, SARN_ERR_INVALID, "workflow \"%s\" takes %s input",
                          (*workflow)->name, (*workflow)->input == NULL ? "no" : "an");
    }
    return SARN_OK;
}

/* --- copies --- */

static sarn_status copy_who(struct sarn_arena *arena, struct sarn_schedule_change *to)
{
    SARN__TRY(sarn_arena_copy(arena, to->id, &to->id));
    SARN__TRY(sarn_arena_copy(arena, to->actor, &to->actor));
    return sarn_arena_copy(arena, to->reason, &to->reason);
}

static sarn_status copy_spec(struct sarn_arena *arena, struct sarn__schedule_spec *to)
{
    SARN__TRY(sarn_arena_copy(arena, to->workflow, &to->workflow));
    SARN__TRY(sarn_arena_copy(arena, to->cron, &to->cron));
    return sarn_arena_copy(arena, to->zone, &to->zone);
}

/* Inputs are recorded as bytes of the workflow's type: made here, beside the engine. */
static sarn_status encode_input(const sarn_engine *engine,
                                const struct sarn_workflow *workflow,
                                const void *input,
                                struct sarn_str json,
                                struct sarn__request *made,
                                struct sarn_error *error)
{
    const struct sarn_ports *ports = &engine->log.ports;
    struct sarn_str *bytes = &made->as.schedule.spec.input;
    void *value = NULL;

    if (workflow == NULL) {
        return sarn_arena_copy(made->arena, json, &made->as.schedule.json);
    }
    if (workflow->input == NULL) {
        return SARN_OK;
    }
    if (input == NULL) {
        value = sarn_arena_alloc(made->arena, workflow->input->size);
        if (value == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an input");
        }
        SARN__TRY(ports->json.ops->read(ports->json.self, workflow->input, json, value,
                                        made->arena, error));
        input = value;
    }
    return ports->codec.ops->encode(ports->codec.self, workflow->input, input,
                                    made->arena, bytes, error);
}

/* --- the requests --- */

static void view(const struct sarn_schedule *schedule,
                 struct sarn_schedule_change *who,
                 struct sarn__schedule_spec *spec)
{
    *who = (struct sarn_schedule_change){.struct_size = sizeof(*who),
                                         .tenant = schedule->tenant,
                                         .id = schedule->id,
                                         .actor = schedule->actor,
                                         .reason = schedule->reason};
    *spec = (struct sarn__schedule_spec){.workflow = sarn_str(schedule->workflow),
                                         .cron = sarn_str(schedule->cron),
                                         .zone = sarn_str(schedule->zone),
                                         .interval_us = schedule->interval_us,
                                         .offset_us = schedule->offset_us,
                                         .from_us = schedule->from_us,
                                         .to_us = schedule->to_us,
                                         .catch_up_us = schedule->catch_up_us,
                                         .jitter_us = schedule->jitter_us,
                                         .limit = schedule->limit,
                                         .overlap = schedule->overlap,
                                         .paused = schedule->paused};
}

sarn_status sarn__request_schedule_put(sarn_engine *engine,
                                       const struct sarn_schedule *schedule,
                                       struct sarn_str json,
                                       struct sarn__request **request,
                                       struct sarn_error *error)
{
    const struct sarn_workflow *workflow = NULL;
    struct sarn__request *made = NULL;
    struct sarn_schedule_change who;
    struct sarn__schedule_spec spec;
    sarn_status status;

    view(schedule, &who, &spec);
    SARN__TRY(check_who(&who, error));
    SARN__TRY(check_workflow(engine, schedule, json, &workflow, error));
    SARN__TRY(sarn__schedule_check(schedule->id, &spec, error));
    SARN__TRY(check_zone(engine, spec.zone, error));
    SARN__TRY(sarn__request_create(engine, SARN__REQUEST_SCHEDULE, &made, error));
    made->as.schedule.what = who;
    made->as.schedule.spec = spec;
    status = encode_input(engine, workflow, schedule->input, json, made, error);
    if (status != SARN_OK) {
        sarn__request_destroy(made);
        return status;
    }
    status = copy_who(made->arena, &made->as.schedule.what);
    if (status == SARN_OK) {
        status = copy_spec(made->arena, &made->as.schedule.spec);
    }
    return sarn__request_finish(made, status, request, error);
}

sarn_status sarn__request_schedule_alter(sarn_engine *engine,
                                         const struct sarn_schedule_change *change,
                                         struct sarn__request **request,
                                         struct sarn_error *error)
{
    struct sarn__request *made = NULL;

    SARN__TRY(check_who(change, error));
    if (change->op < SARN_SCHEDULE_PAUSE || change->op > SARN_SCHEDULE_DELETE) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "op is %u, not one of enum sarn_schedule_op", change->op);
    }
    SARN__TRY(sarn__request_create(engine, SARN__REQUEST_SCHEDULE, &made, error));
    made->as.schedule.what = *change;
    return sarn__request_finish(made, copy_who(made->arena, &made->as.schedule.what),
                                request, error);
}
