#include "use_log.h"

#include <string.h>

#include "engine/log.h"
#include "items.h"
#include "sarn/execution.h"
#include "sarn/schedule.h"

#define ASKED_MAX 16u /* Of each kind. */

struct name {
    uint32_t tenant;
    struct sarn_str workflow, id;
};

struct user {
    struct sarn_log *log;
    struct sarn_arena *arena; /* Of one answer. */
    struct sarn_arena *kept;
    struct name executions[ASKED_MAX];
    struct sarn_str streams[ASKED_MAX];
    uint32_t execution_count, stream_count;
};

/* An answer, or an error that says why there is none. */
static void must_answer(sarn_status status, const struct sarn_error *error)
{
    must(status == SARN_OK || (error->status == status && error->text[0] != '\0'));
}

/* --- events --- */

static sarn_status see_event(void *arg, const struct sarn_event *event)
{
    struct user *user = arg;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_str json = {NULL, 0};
    sarn_status status;

    sarn_arena_reset(user->arena);
    status = sarn_event_json(user->log, event, user->arena, &json, &error);
    must_answer(status, &error);
    must(status != SARN_OK || json.size > 1);
    return SARN_OK;
}

static sarn_status pass_event(void *arg, const struct sarn_event *event)
{
    (void)arg;
    must(event->position != 0);
    return SARN_OK;
}

static void read_events(struct user *user)
{
    struct sarn_range raw = SARN_RANGE_INIT;
    struct sarn_error error = {SARN_OK, ""};

    must_answer(sarn_read(user->log, NULL, see_event, user, &error), &error);
    raw.flags = SARN_READ_RAW | SARN_READ_BACKWARD;
    must_answer(sarn_read(user->log, &raw, pass_event, user, &error), &error);
}

/* --- streams --- */

static sarn_status see_stream(void *arg, const struct sarn_stream_info *info)
{
    struct user *user = arg;

    must(info->name.size > 0);
    if (user->stream_count < ASKED_MAX) {
        must(sarn_arena_copy(user->kept, info->name,
                             &user->streams[user->stream_count++]) == SARN_OK);
    }
    return SARN_OK;
}

static struct sarn_str category(struct sarn_str stream)
{
    const char *dash = memchr(stream.data, '-', stream.size);

    return dash == NULL
               ? stream
               : (struct sarn_str){stream.data, (uint32_t)(dash - stream.data)};
}

static void read_streams(struct user *user)
{
    struct sarn_error error = {SARN_OK, ""};

    must_answer(sarn_log_streams(user->log, (struct sarn_str){NULL, 0}, see_stream,
                                 user, &error),
                &error);
    for (uint32_t i = 0; i < user->stream_count; i++) {
        struct sarn_range range = SARN_RANGE_INIT;

        range.stream = user->streams[i];
        range.from_version = i % 3;
        must_answer(sarn_read(user->log, &range, pass_event, user, &error), &error);
        range.flags = SARN_READ_BACKWARD;
        must_answer(sarn_read(user->log, &range, pass_event, user, &error), &error);
        range.stream = (struct sarn_str){NULL, 0};
        range.category = category(user->streams[i]);
        must_answer(sarn_read(user->log, &range, pass_event, user, &error), &error);
    }
}

/* --- executions --- */

static sarn_status see_execution(void *arg, const struct sarn_execution_row *row)
{
    struct user *user = arg;
    struct name *name = &user->executions[user->execution_count];

    if (user->execution_count < ASKED_MAX) {
        name->tenant = row->tenant;
        must(sarn_arena_copy(user->kept, row->workflow, &name->workflow) == SARN_OK &&
             sarn_arena_copy(user->kept, row->workflow_id, &name->id) == SARN_OK);
        user->execution_count += 1;
    }
    return SARN_OK;
}

static sarn_status see_count(void *arg, const struct sarn_execution_count *count)
{
    (void)arg;
    (void)count;
    return SARN_OK;
}

static sarn_status
see_line(void *arg, const struct sarn_event *event, struct sarn_str text)
{
    (void)arg;
    must(event->position != 0 && text.data != NULL);
    return SARN_OK;
}

static sarn_status see_undo(void *arg, const struct sarn_undo_step *step)
{
    (void)arg;
    must(step->undo >= SARN_UNDO_COMPENSATE && step->undo <= SARN_UNDO_NOTHING);
    return SARN_OK;
}

static void read_executions(struct user *user)
{
    struct sarn_error error = {SARN_OK, ""};

    must_answer(sarn_executions(user->log, NULL, see_execution, user, &error), &error);
    must_answer(sarn_execution_counts(user->log, see_count, user, &error), &error);
    for (uint32_t i = 0; i < user->execution_count; i++) {
        const struct name *name = &user->executions[i];

        must_answer(sarn_execution_timeline(user->log, name->tenant, name->workflow,
                                            name->id, 0, see_line, user, &error),
                    &error);
        must_answer(sarn_execution_plan(user->log, name->tenant, name->workflow,
                                        name->id, see_undo, user, &error),
                    &error);
    }
}

/* --- the rest --- */

static sarn_status see_schedule(void *arg, const struct sarn_schedule_info *info)
{
    (void)arg;
    must(info->id.size > 0);
    return SARN_OK;
}

static sarn_status see_schema(void *arg, const struct sarn_stored_schema *schema)
{
    (void)arg;
    must(schema->id != 0);
    return SARN_OK;
}

static void see_finding(void *arg, const char *text)
{
    (void)arg;
    must(text[0] != '\0');
}

static void read_rest(struct user *user)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error = {SARN_OK, ""};

    check.finding = see_finding;
    must_answer(sarn_schedules(user->log, see_schedule, user, &error), &error);
    must_answer(sarn_log_schemas(user->log, see_schema, user, &error), &error);
    must_answer(sarn_log_get_stats(user->log, &stats, &error), &error);
    must_answer(sarn_log_check(user->log, &check, &error), &error);
}

void use_log(const struct sarn_ports *ports,
             const struct sarn_module *const *modules,
             uint32_t module_count,
             bool must_open)
{
    struct sarn_log log = {.ports = *ports};
    struct user user = {.log = &log};
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status =
        sarn__log_init(&log, modules, module_count, false, NULL, NULL, &error);

    must_answer(status, &error);
    must(status == SARN_OK || !must_open);
    if (status == SARN_OK) {
        user.arena = sarn_arena_create(NULL);
        user.kept = sarn_arena_create(NULL);
        must(user.arena != NULL && user.kept != NULL);
        read_events(&user);
        read_streams(&user);
        read_executions(&user);
        read_rest(&user);
        sarn_arena_destroy(user.arena);
        sarn_arena_destroy(user.kept);
    }
    sarn__log_done(&log);
}
