#include "support/executions.h"

#include <string.h>

#include "engine/execution_rows.h"
#include "support/test.h"

/* Fold what was written, and follow to the end. */
void executions_settle(struct views *v)
{
    views_refresh(v);
    views_follow(v);
}

/* --- writing --- */

void executions_write(struct views *v,
                      uint32_t tenant,
                      const char *stream,
                      int64_t time_us,
                      const struct sarn_type *type,
                      const void *value)
{
    scribe_write(&v->scribe, &(struct scribe_event){.stream = stream,
                                                    .tenant = tenant,
                                                    .schema = LEDGER_CORE_SCHEMA,
                                                    .type = type->name,
                                                    .struct_type = type,
                                                    .value = value,
                                                    .time_us = time_us});
}

void executions_begin(struct views *v)
{
    memset(v, 0, sizeof(*v));
    ledger_begin(&v->scribe);
    for (uint32_t i = 0; i < SARN__CORE_ROWS_COUNT; i++) {
        ledger_register(&v->scribe, sarn__core_projections[i], i + 1);
    }
    views_open(v, NULL);
    executions_settle(v);
}

/* "<workflow>-<id>" started, with what else is said in started. */
void executions_start(struct views *v,
                      uint32_t tenant,
                      const char *stream,
                      int64_t time_us,
                      struct sarn_execution_started started)
{
    const char *dash = strchr(stream, '-');

    started.workflow = (struct sarn_str){stream, (uint32_t)(dash - stream)};
    started.workflow_id = sarn_str(dash + 1);
    executions_write(v, tenant, stream, time_us, &sarn_execution_started_type,
                     &started);
}

void executions_start_plain(struct views *v, const char *stream, int64_t time_us)
{
    executions_start(v, 0, stream, time_us,
                     (struct sarn_execution_started){.fingerprint = 1});
}

void executions_complete(struct views *v, const char *stream, int64_t time_us)
{
    const struct sarn_execution_completed completed = {.was = SARN_EXECUTION_RUNNING};

    executions_write(v, 0, stream, time_us, &sarn_execution_completed_type, &completed);
}

/* --- asking --- */

static sarn_status say_execution(void *arg, const struct sarn_execution_row *row)
{
    char *text = arg;
    size_t used = strlen(text);

    snprintf(text + used, VIEWS_TEXT_BYTES - used, "%s%.*s-%.*s %s",
             used == 0 ? "" : ", ", (int)row->workflow.size, row->workflow.data,
             (int)row->workflow_id.size, row->workflow_id.data,
             sarn_execution_status_text(row->status));
    return SARN_OK;
}

const char *executions_found_in(struct views *v,
                                sarn_log *log,
                                const struct sarn_execution_filter *filter)
{
    sarn_status status;

    v->text[0] = '\0';
    status = sarn_executions(log, filter, say_execution, v->text, &v->error);
    return status == SARN_OK ? v->text : sarn_status_text(status);
}

const char *executions_found(struct views *v,
                             const struct sarn_execution_filter *filter)
{
    executions_settle(v);
    return executions_found_in(v, &v->log, filter);
}

static sarn_status say_count(void *arg, const struct sarn_execution_count *count)
{
    char *text = arg;
    size_t used = strlen(text);

    snprintf(text + used, VIEWS_TEXT_BYTES - used, "%s%u/%.*s %s %" PRIu64,
             used == 0 ? "" : ", ", count->tenant, (int)count->workflow.size,
             count->workflow.data, sarn_execution_status_text(count->status),
             count->count);
    return SARN_OK;
}

const char *executions_counts(struct views *v)
{
    executions_settle(v);
    v->text[0] = '\0';
    assert_int_equal(sarn_execution_counts(&v->log, say_count, v->text, &v->error),
                     SARN_OK);
    return v->text;
}

/* --- counts against rows --- */

#define TALLIES_MAX 256u

struct tallies {
    struct {
        uint32_t tenant, status;
        char workflow[64];
        int64_t count;
    } all[TALLIES_MAX];
    uint32_t count;
};

static void tally(struct tallies *tallies,
                  uint32_t tenant,
                  struct sarn_str workflow,
                  uint32_t status,
                  int64_t by)
{
    uint32_t i = 0;

    while (i < tallies->count &&
           !(tallies->all[i].tenant == tenant && tallies->all[i].status == status &&
             sarn_str_equal(sarn_str(tallies->all[i].workflow), workflow))) {
        i++;
    }
    assert_true(i < TALLIES_MAX);
    if (i == tallies->count) {
        tallies->count += 1;
        tallies->all[i].tenant = tenant;
        tallies->all[i].status = status;
        snprintf(tallies->all[i].workflow, sizeof(tallies->all[i].workflow), "%.*s",
                 (int)workflow.size, workflow.data);
    }
    tallies->all[i].count += by;
}

static sarn_status tally_row(void *arg, const struct sarn_execution_row *row)
{
    tally(arg, row->tenant, row->workflow, row->status, 1);
    return SARN_OK;
}

static sarn_status tally_count(void *arg, const struct sarn_execution_count *count)
{
    tally(arg, count->tenant, count->workflow, count->status, -(int64_t)count->count);
    return SARN_OK;
}

void executions_check_counts(sarn_log *log)
{
    static struct tallies tallies;
    struct sarn_error error = {SARN_OK, ""};

    memset(&tallies, 0, sizeof(tallies));
    if (sarn_executions(log, NULL, tally_row, &tallies, &error) != SARN_OK ||
        sarn_execution_counts(log, tally_count, &tallies, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    for (uint32_t i = 0; i < tallies.count; i++) {
        if (tallies.all[i].tenant == 0 && tallies.all[i].count != 0) {
            fail_msg("%" PRId64 " more executions of %s are %s than were counted",
                     tallies.all[i].count, tallies.all[i].workflow,
                     sarn_execution_status_text(tallies.all[i].status));
        }
    }
}
