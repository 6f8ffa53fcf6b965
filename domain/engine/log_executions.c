/* The questions of sarn/execution.h that a search answers. */
#include <string.h>

#include "core/fail.h"
#include "engine/execution_rows.h"
#include "engine/execution_search.h"
#include "engine/log_parts.h"

/* --- executions --- */

struct executions {
    struct sarn_log *log;
    const struct sarn_execution_filter *filter;
    sarn_execution_fn *handler;
    void *arg;
    struct sarn_error *error;
};

_Static_assert(sizeof(struct sarn_attribute) == sizeof(struct sarn_attribute_value) &&
                   offsetof(struct sarn_attribute, value) ==
                       offsetof(struct sarn_attribute_value, value),
               "one can be shown as the other");

static sarn_status hand_out(void *arg, const struct sarn_execution_entry *entry)
{
    const struct executions *call = arg;
    struct sarn_execution_row row = {
        .tenant = entry->tenant,
        .status = entry->status,
        .workflow = entry->workflow,
        .workflow_id = entry->workflow_id,
        .definition_version = entry->definition_version,
        .fingerprint = entry->fingerprint,
        .started_us = entry->started_us,
        .changed_us = entry->changed_us,
        .ended_us = entry->ended_us,
        .step = entry->step,
        .code = entry->code,
        .parent = entry->parent,
        .schedule = entry->schedule,
        .attributes =
            (const struct sarn_attribute *)(const void *)entry->attributes.data,
        .attribute_count = entry->attributes.size};
    sarn_status status;

    if (entry->run_id.size == sizeof(row.run_id)) {
        memcpy(&row.run_id, entry->run_id.data, sizeof(row.run_id));
    }
    status = call->handler(call->arg, &row);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(call->error, status,
                            "the handler ended the search of executions: %s",
                            sarn_status_text(status));
}

static sarn_status executions_call(void *arg)
{
    struct executions *call = arg;
    struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;

    if (call->filter != NULL) {
        SARN__TRY(sarn__log_take(&filter, sizeof(filter), call->filter,
                                 "sarn_execution_filter", call->error));
    }
    SARN__TRY(sarn__log_catch_up(call->log, call->error));
    return sarn__execution_search(call->log->projections, &filter, hand_out, call,
                                  call->error);
}

sarn_status sarn_executions(sarn_log *log,
                            const struct sarn_execution_filter *filter,
                            sarn_execution_fn *handler,
                            void *arg,
                            struct sarn_error *error)
{
    struct executions call = {log, filter, handler, arg, error};

    return sarn__log_visit(log, executions_call, &call, error);
}

/* --- counts --- */

struct counts {
    struct sarn_log *log;
    sarn_execution_count_fn *handler;
    void *arg;
    struct sarn_error *error;
};

static sarn_status hand_out_count(void *arg, struct sarn_str key, const void *row)
{
    const struct counts *call = arg;
    const struct sarn_count_entry *entry = row;
    const struct sarn_execution_count count = {.tenant = entry->tenant,
                                               .status = entry->status,
                                               .workflow = entry->workflow,
                                               .count = entry->count};

    (void)key;
    return call->handler(call->arg, &count);
}

static sarn_status counts_call(void *arg)
{
    struct counts *call = arg;
    struct sarn_query query = SARN_QUERY_INIT;

    query.projection = SARN__COUNTS_NAME;
    SARN__TRY(sarn__log_catch_up(call->log, call->error));
    return sarn__projections_query(call->log->projections, &query, hand_out_count, call,
                                   call->error);
}

sarn_status sarn_execution_counts(sarn_log *log,
                                  sarn_execution_count_fn *handler,
                                  void *arg,
                                  struct sarn_error *error)
{
    struct counts call = {log, handler, arg, error};

    return sarn__log_visit(log, counts_call, &call, error);
}
