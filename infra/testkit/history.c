#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/timeline.h"
#include "engine/execution_log.h"
#include "engine/registry.h"
#include "infra/testkit/diff.h"
#include "infra/testkit/testkit.h"
#include "sarn/events.h"

/* --- one line, of any event --- */

static struct sarn_str category_of(struct sarn_str stream)
{
    const char *dash = stream.size == 0 ? NULL : memchr(stream.data, '-', stream.size);

    return (struct sarn_str){
        stream.data, dash == NULL ? stream.size : (uint32_t)(dash - stream.data)};
}

void sarn__history_line(sarn_test *test,
                        const struct sarn_event *event,
                        struct sarn_arena *arena,
                        struct sarn__text *text)
{
    const struct sarn_log *log = sarn_test_log(test);
    struct sarn__execution_event fact;
    struct sarn__timeline timeline;
    char line[SARN__TIMELINE_BYTES];

    if (sarn__execution_event(event, arena, &fact, NULL) == SARN_OK && fact.kind != 0) {
        sarn__timeline_init(&timeline, sarn__registry_workflow(
                                           log->registry, category_of(event->stream)));
        fact.time_us = event->time_us;
        sarn__text_add(text, sarn__timeline_line(&timeline, &fact, event->actor, line));
    } else {
        sarn__text_add(text, event->type_name);
    }
}

/* --- all of an execution --- */

static sarn_status
add_line(void *arg, const struct sarn_event *event, struct sarn_str text)
{
    struct sarn__text *lines = arg;

    /* Nothing happened: it was only put out of memory. */
    if (!sarn_str_equal(event->type_name, sarn_str(sarn_execution_slept_type.name))) {
        sarn__text_add(lines, text);
        sarn__text_print(lines, "\n");
    }
    return SARN_OK;
}

static sarn_status read_history(sarn_test *test,
                                const char *workflow,
                                struct sarn_str workflow_id,
                                struct sarn__text *lines,
                                struct sarn_error *error)
{
    sarn_log *log = sarn_test_log(test);

    if (log == NULL) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "no engine is open: the last sarn_test_reopen() failed");
    }
    SARN__TRY(sarn_execution_timeline(log, 0, sarn_str(workflow), workflow_id, 0,
                                      add_line, lines, error));
    return lines->failed
               ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a history")
               : SARN_OK;
}

sarn_status sarn_test_history(sarn_test *test,
                              const char *workflow,
                              struct sarn_str workflow_id,
                              struct sarn_arena *arena,
                              const char **text,
                              struct sarn_error *error)
{
    struct sarn__text lines;
    struct sarn_str copy = {NULL, 0};
    sarn_status status;

    sarn__text_init(&lines, &test->heap);
    status = read_history(test, workflow, workflow_id, &lines, error);
    if (status == SARN_OK) {
        struct sarn_str all = {sarn__text_of(&lines), lines.size + 1};

        status = sarn_arena_copy(arena, all, &copy);
        if (status != SARN_OK) {
            (void)sarn__fail(error, status, "out of memory for a history");
        }
    }
    sarn__text_done(&lines);
    if (status == SARN_OK) {
        *text = copy.data;
    }
    return status;
}

static sarn_status compare(sarn_test *test,
                           const char *workflow,
                           struct sarn_str workflow_id,
                           const char *expected,
                           const char *actual,
                           struct sarn_error *error)
{
    bool same = false;

    sarn__text_clear(&test->report);
    SARN__TRY(sarn__diff(&test->heap, expected, actual, &test->report, &same, error));
    if (same) {
        return SARN_OK;
    }
    return sarn__fail(
        error, SARN_ERR_INVALID,
        "the history of %.60s-%.*s is another one (- expected, + is):\n%.150s",
        workflow, workflow_id.size > 60 ? 60 : (int)workflow_id.size, workflow_id.data,
        sarn_test_report(test));
}

sarn_status sarn_test_expect(sarn_test *test,
                             const char *workflow,
                             struct sarn_str workflow_id,
                             const char *lines,
                             struct sarn_error *error)
{
    struct sarn__text actual;
    sarn_status status;

    sarn__text_init(&actual, &test->heap);
    status = read_history(test, workflow, workflow_id, &actual, error);
    if (status == SARN_OK) {
        status =
            compare(test, workflow, workflow_id, lines, sarn__text_of(&actual), error);
    }
    sarn__text_done(&actual);
    return status;
}
