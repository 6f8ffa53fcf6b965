#include "core/fail.h"
#include "engine/log_parts.h"

struct query {
    struct sarn_log *log;
    const struct sarn_query *query;
    sarn_row_fn *handler;
    void *arg;
    struct sarn_error *error;
};

static sarn_status query(void *arg)
{
    struct query *call = arg;
    struct sarn_query given;

    SARN__TRY(
        sarn__log_take(&given, sizeof(given), call->query, "sarn_query", call->error));
    SARN__TRY(sarn__log_catch_up(call->log, call->error));
    return sarn__projections_query(call->log->projections, &given, call->handler,
                                   call->arg, call->error);
}

sarn_status sarn_log_query(sarn_log *log,
                           const struct sarn_query *options,
                           sarn_row_fn *handler,
                           void *arg,
                           struct sarn_error *error)
{
    struct query call = {log, options, handler, arg, error};

    return sarn__log_visit(log, query, &call, error);
}

struct row {
    struct sarn_log *log;
    const char *projection;
    const struct sarn_key *key;
    struct sarn_arena *arena;
    void *row;
    struct sarn_error *error;
};

static sarn_status row(void *arg)
{
    struct row *call = arg;

    SARN__TRY(sarn__log_catch_up(call->log, call->error));
    return sarn__projections_row(call->log->projections, sarn_str(call->projection),
                                 call->key, call->arena, call->row, call->error);
}

sarn_status sarn_log_row(sarn_log *log,
                         const char *projection,
                         const struct sarn_key *key,
                         struct sarn_arena *arena,
                         void *to,
                         struct sarn_error *error)
{
    struct row call = {log, projection, key, arena, to, error};

    return sarn__log_visit(log, row, &call, error);
}
