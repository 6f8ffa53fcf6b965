#include "support/history.h"

#include <string.h>

#include "engine/log.h"
#include "sarn/events.h"
#include "sarn/execution.h"

#include "support/test.h"

struct telling {
    char *text;
    size_t size;
};

static void say(struct telling *telling, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct telling *telling, const char *format, ...)
{
    size_t used = strlen(telling->text);
    va_list list;

    va_start(list, format);
    vsnprintf(telling->text + used, telling->size - used, format, list);
    va_end(list);
    assert_true(strlen(telling->text) + 1 < telling->size);
}

#define TEXT(str) (int)(str).size, (str).data

static void
say_steps(struct telling *telling, const struct sarn_str *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        say(telling, "%s%.*s%s", i == 0 ? " [" : " ", TEXT(steps[i]),
            i + 1 == count ? "]" : "");
    }
}

static void say_visit(struct telling *telling, struct sarn_str step, uint32_t visit)
{
    say(telling, "%.*s", TEXT(step));
    if (visit > 1) {
        say(telling, "/%" PRIu32, visit);
    }
}

static void say_attempt(struct telling *telling,
                        bool undo,
                        struct sarn_str step,
                        uint32_t visit,
                        uint32_t attempt)
{
    say(telling, "%s", undo ? "undo " : "");
    say_visit(telling, step, visit);
    say(telling, "#%" PRIu32 " ", attempt);
}

#define SAY_ATTEMPT(telling, data)                                                     \
    say_attempt(telling, (data)->compensation, (data)->step, (data)->visit,            \
                (data)->attempt)

/* --- attempts --- */

static void say_succeeded(struct telling *telling,
                          const struct sarn_step_succeeded *data)
{
    SAY_ATTEMPT(telling, data);
    say(telling, "ok");
    say_steps(telling, data->window.data, data->window.size);
    if (data->chose) {
        say(telling, " -> %.*s", TEXT(data->next));
    }
    if (data->continues) {
        say(telling, " anew");
    }
    if (data->signal.size > 0) {
        say(telling, " (%.*s)", TEXT(data->signal));
    }
}

static void say_timed_out(struct telling *telling,
                          const struct sarn_step_timed_out *data)
{
    static const char *const kinds[] = {"", "start", "schedule", "heartbeat"};

    SAY_ATTEMPT(telling, data);
    say(telling, "late (%s)%s%s", kinds[data->timeout & 3],
        data->in_doubt          ? " in doubt"
        : data->retry_at_us > 0 ? " for now"
                                : "",
        data->goes_on ? " -> " : "");
    if (data->goes_on) {
        say(telling, "%.*s", TEXT(data->next));
    }
}

static bool say_attempt_event(struct telling *telling, const struct sarn_event *event)
{
    static const char *const fates[] = {"unknown", "done", "not done"};

    if (event->type == &sarn_step_started_type) {
        const struct sarn_step_started *data = event->data;

        SAY_ATTEMPT(telling, data);
        say(telling, "begun");
    } else if (event->type == &sarn_step_succeeded_type) {
        say_succeeded(telling, event->data);
    } else if (event->type == &sarn_step_failed_type) {
        const struct sarn_step_failed *data = event->data;

        SAY_ATTEMPT(telling, data);
        say(telling, data->retry_at_us == 0 ? "failed" : "failed for now");
    } else if (event->type == &sarn_step_reconciled_type) {
        const struct sarn_step_reconciled *data = event->data;

        SAY_ATTEMPT(telling, data);
        say(telling, "was %s", fates[data->fate]);
        say_steps(telling, data->window.data, data->window.size);
    } else if (event->type == &sarn_step_timed_out_type) {
        say_timed_out(telling, event->data);
    } else {
        return false;
    }
    return true;
}

/* --- waits --- */

static bool say_wait_event(struct telling *telling, const struct sarn_event *event)
{
    if (event->type == &sarn_step_waiting_type) {
        const struct sarn_step_waiting *data = event->data;

        say_visit(telling, data->step, data->visit);
        say(telling, " waits");
        if (data->child.size > 0) {
            say(telling, " for %.*s", TEXT(data->child));
        }
    } else if (event->type == &sarn_step_cancelled_type) {
        const struct sarn_step_cancelled *data = event->data;

        say_visit(telling, data->step, data->visit);
        say(telling, " given up");
    } else if (event->type == &sarn_group_joined_type) {
        const struct sarn_group_joined *data = event->data;

        say(telling, "%.*s joined", TEXT(data->group));
    } else if (event->type == &sarn_promise_settled_type) {
        const struct sarn_promise_settled *data = event->data;

        say(telling, "promise ");
        say_visit(telling, data->step, data->visit);
        say(telling, data->failed ? " broken" : " kept");
    } else if (event->type == &sarn_child_ended_type) {
        const struct sarn_child_ended *data = event->data;

        say(telling, "child %s", data->compensation ? "undo " : "");
        say_visit(telling, data->step, data->visit);
        say(telling, " %" PRIu32, data->status);
    } else if (event->type == &sarn_execution_slept_type) {
        const struct sarn_execution_slept *data = event->data;

        say(telling, "slept");
        if (data->until_us > 0) {
            say(telling, " %" PRId64 "ms", (data->until_us - event->time_us) / 1000);
        }
    } else {
        return false;
    }
    return true;
}

/* --- what it is told --- */

static bool say_told_event(struct telling *telling, const struct sarn_event *event)
{
    if (event->type == &sarn_signal_received_type) {
        const struct sarn_signal_received *data = event->data;

        say(telling, "%s %.*s", data->carried ? "carried" : "signal", TEXT(data->name));
    } else if (event->type == &sarn_update_accepted_type) {
        say(telling, "update %.*s",
            TEXT(((const struct sarn_update_accepted *)event->data)->name));
    } else if (event->type == &sarn_cancel_requested_type) {
        const struct sarn_cancel_requested *data = event->data;

        say(telling, data->terminate ? "terminate asked" : "cancel asked");
    } else if (event->type == &sarn_undo_requested_type) {
        say(telling, "undo asked");
    } else if (event->type == &sarn_execution_paused_type) {
        say(telling, "paused");
    } else if (event->type == &sarn_execution_resumed_type) {
        say(telling, "resumed");
    } else if (event->type == &sarn_reset_requested_type) {
        say(telling, "reset to %.*s",
            TEXT(((const struct sarn_reset_requested *)event->data)->step));
    } else if (event->type == &sarn_execution_rewound_type) {
        say(telling, "rewound");
    } else if (event->type == &sarn_execution_unparked_type) {
        say(telling, "unparked");
    } else {
        return false;
    }
    return true;
}

/* --- the whole --- */

static void say_whole_event(struct telling *telling, const struct sarn_event *event)
{
    static const char *const causes[] = {"compensated", "cancelled", "terminated",
                                         "timed out", "undone"};

    if (event->type == &sarn_execution_started_type) {
        const struct sarn_execution_started *data = event->data;

        say(telling, "started");
        say_steps(telling, data->window.data, data->window.size);
    } else if (event->type == &sarn_compensation_began_type) {
        const struct sarn_compensation_began *data = event->data;

        say(telling, "undoing");
        say_steps(telling, data->in_doubt.data, data->in_doubt.size);
    } else if (event->type == &sarn_execution_completed_type) {
        say(telling, "completed");
    } else if (event->type == &sarn_execution_compensated_type) {
        const struct sarn_execution_compensated *data = event->data;

        assert_true(data->cause < sizeof(causes) / sizeof(causes[0]));
        say(telling, "%s", causes[data->cause]);
    } else if (event->type == &sarn_execution_parked_type) {
        say(telling, "parked");
    } else if (event->type == &sarn_execution_continued_type) {
        say(telling, "continued");
    } else {
        say(telling, "%.*s", TEXT(event->type_name));
    }
}

static sarn_status say_event(void *arg, const struct sarn_event *event)
{
    struct telling *telling = arg;

    say(telling, "%s", telling->text[0] == '\0' ? "" : ", ");
    assert_non_null(event->data);
    if (!say_attempt_event(telling, event) && !say_wait_event(telling, event) &&
        !say_told_event(telling, event)) {
        say_whole_event(telling, event);
    }
    return SARN_OK;
}

void history_of(sarn_log *log, struct sarn_str stream, char *text, size_t size)
{
    struct telling telling = {text, size};
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error = {SARN_OK, ""};

    range.stream = stream;
    text[0] = '\0';
    if (sarn__log_read(log, &range, say_event, &telling, &error) != SARN_OK &&
        error.status != SARN_ERR_NOT_FOUND && error.status != SARN_ERR_NOMEM) {
        fail_msg("%s", error.text);
    }
}
