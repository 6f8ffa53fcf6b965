/* sarn_execution_timeline(): one run of an execution, line by line, from the log alone.
 */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/timeline.h"
#include "engine/definition_log.h"
#include "engine/execution_log.h"
#include "engine/log_parts.h"

struct telling {
    struct sarn_log *log;
    uint32_t tenant, run;
    struct sarn_str workflow, workflow_id;
    sarn_timeline_fn *handler;
    void *arg;
    struct sarn_error *error;
    struct sarn_arena *arena;   /* Of the definition. */
    struct sarn_arena *scratch; /* Of one event. */
    struct sarn__timeline timeline;
    uint64_t start; /* Version of the run's first event. */
    uint32_t runs;  /* Seen while looking for it. */
    bool begun, ended;
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
};

/* --- where the run begins --- */

static sarn_status name_stream(struct telling *telling)
{
    size_t size =
        (size_t)telling->workflow.size + telling->workflow_id.size + strlen("-");

    if (telling->workflow.size == 0 || size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fail(telling->error, SARN_ERR_INVALID,
                          "a workflow and its id have 1 to %u bytes together",
                          SARN_STREAM_NAME_BYTES_MAX - 1);
    }
    snprintf(telling->name, sizeof(telling->name), "%.*s-%.*s",
             (int)telling->workflow.size, telling->workflow.data,
             (int)telling->workflow_id.size, telling->workflow_id.data);
    return SARN_OK;
}

static struct sarn_range range_of(const struct telling *telling)
{
    struct sarn_range range = SARN_RANGE_INIT;

    range.stream = sarn_str(telling->name);
    range.tenant = telling->tenant;
    return range;
}

static sarn_status note_start(void *arg, const struct sarn_event *event)
{
    struct telling *telling = arg;

    telling->start = event->version;
    telling->runs += 1;
    return SARN_OK;
}

static sarn_status find_latest(struct telling *telling)
{
    struct sarn_log *log = telling->log;
    struct sarn__head head;

    SARN__TRY(sarn__store_head(&log->store, telling->tenant, sarn_str(telling->name),
                               &head, telling->error));
    if (head.number == 0) { /* Said by the read. */
        return SARN_OK;
    }
    return sarn__store_run_start(&log->store, head.number, &telling->start,
                                 telling->error);
}

static sarn_status find_start(struct telling *telling)
{
    struct sarn_range range = range_of(telling);

    if (telling->run == 0) {
        return find_latest(telling);
    }
    range.type = sarn_str(sarn_execution_started_type.name);
    range.limit = telling->run;
    SARN__TRY(
        sarn__log_read(telling->log, &range, note_start, telling, telling->error));
    if (telling->runs < telling->run) {
        return sarn__fail(telling->error, SARN_ERR_NOT_FOUND,
                          "'%s' has %u runs, and so no run %u", telling->name,
                          telling->runs, telling->run);
    }
    return SARN_OK;
}

/* --- telling it --- */

/* The table that a beginning names: that of a module that is here, or the log's. */
static sarn_status look_up(struct telling *telling,
                           const struct sarn__beginning *beginning)
{
    const struct sarn_workflow *here = sarn__registry_workflow_version(
        telling->log->registry, telling->workflow, beginning->fingerprint);
    struct sarn__definition *definition = NULL;
    struct sarn_error why;
    sarn_status status = SARN_OK;

    telling->timeline.workflow = here;
    if (here == NULL) {
        status = sarn__definition_read(telling->log, telling->workflow,
                                       beginning->fingerprint, telling->arena,
                                       &definition, &why);
    }
    if (definition != NULL) {
        telling->timeline.workflow = definition->workflow;
    }
    return status == SARN_OK || status == SARN_ERR_NOT_FOUND
               ? SARN_OK
               : sarn__fail(telling->error, status, "%s", why.text);
}

static sarn_status take_fact(struct telling *telling,
                             const struct sarn__execution_event *fact)
{
    if (fact->kind == SARN__STARTED) {
        telling->begun = true;
        sarn__timeline_init(&telling->timeline, NULL);
    }
    if ((fact->kind == SARN__STARTED || fact->kind == SARN__UPGRADED) &&
        fact->beginning != NULL) {
        return look_up(telling, fact->beginning);
    }
    return SARN_OK;
}

static sarn_status tell(void *arg, const struct sarn_event *event)
{
    struct telling *telling = arg;
    struct sarn__execution_event fact;
    char text[SARN__TIMELINE_BYTES];

    sarn_arena_reset(telling->scratch);
    SARN__TRY(sarn__execution_event(event, telling->scratch, &fact, telling->error));
    if (fact.kind == SARN__STARTED && telling->begun) {
        telling->ended = true;
        return SARN_ERR_CLOSED;
    }
    SARN__TRY(take_fact(telling, &fact));
    if (fact.kind == 0 || !telling->begun) { /* The stream's metadata, say. */
        return SARN_OK;
    }
    fact.time_us = event->time_us;
    return telling->handler(
        telling->arg, event,
        sarn__timeline_line(&telling->timeline, &fact, event->actor, text));
}

static sarn_status tell_all(struct telling *telling)
{
    struct sarn_range range;
    struct sarn_error why;
    sarn_status status;

    SARN__TRY(name_stream(telling));
    SARN__TRY(find_start(telling));
    range = range_of(telling);
    range.from_version = telling->start;
    status = sarn__log_read(telling->log, &range, tell, telling, &why);
    if (telling->ended) {
        return SARN_OK;
    }
    if (status != SARN_OK) {
        return sarn__fail(telling->error, status, "%s", why.text);
    }
    if (!telling->begun) {
        return sarn__fail(telling->error, SARN_ERR_NOT_FOUND,
                          "'%s' is no execution: it was not started", telling->name);
    }
    return SARN_OK;
}

static sarn_status visit(void *arg)
{
    struct telling *telling = arg;
    sarn_status status;

    telling->arena = sarn_arena_create(&telling->log->ports.heap);
    telling->scratch = sarn_arena_create(&telling->log->ports.heap);
    status =
        telling->arena == NULL || telling->scratch == NULL
            ? sarn__fail(telling->error, SARN_ERR_NOMEM, "out of memory for a timeline")
            : tell_all(telling);
    sarn_arena_destroy(telling->scratch);
    sarn_arena_destroy(telling->arena);
    return status;
}

sarn_status sarn_execution_timeline(sarn_log *log,
                                    uint32_t tenant,
                                    struct sarn_str workflow,
                                    struct sarn_str workflow_id,
                                    uint32_t run,
                                    sarn_timeline_fn *handler,
                                    void *arg,
                                    struct sarn_error *error)
{
    struct telling telling = {.log = log,
                              .tenant = tenant,
                              .run = run,
                              .workflow = workflow,
                              .workflow_id = workflow_id,
                              .handler = handler,
                              .arg = arg,
                              .error = error};

    return sarn__log_visit(log, visit, &telling, error);
}
