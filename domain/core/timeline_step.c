#include "core/timeline_parts.h"

static void say_next(struct sarn__line *line)
{
    if (line->event->chose) {
        sarn__line_say(line,
                       line->event->next.size > 0 ? ", goes on with " : ", ends here");
        sarn__line_add(line, line->event->next);
    }
}

static void say_again(struct sarn__line *line)
{
    if (line->event->retry_at_us != 0) {
        sarn__line_when(line, ", next at ", line->event->retry_at_us);
    }
}

static void say_step_started(struct sarn__line *line)
{
    if (line->event->attempt > 1) {
        sarn__line_number(line, "attempt ", line->event->attempt);
        sarn__line_say(line, " ");
    }
    sarn__line_say(line, "began");
    if (line->event->deadline_us != 0) {
        sarn__line_when(line, ", until ", line->event->deadline_us);
    }
}

static void say_attributes(struct sarn__line *line)
{
    for (uint32_t i = 0; i < line->event->attribute_count; i++) {
        const struct sarn__attribute *attribute = &line->event->attributes[i];

        sarn__line_text(line, ", ", attribute->name);
        sarn__line_say(line, attribute->value.size > 0 ? " = " : " removed");
        sarn__line_add(line, attribute->value);
    }
}

static void say_step_succeeded(struct sarn__line *line)
{
    sarn__line_say(line, "done");
    if (line->event->attempt > 1) {
        sarn__line_number(line, " at attempt ", line->event->attempt);
    }
    sarn__line_text(line, ", by signal ", line->event->name);
    say_attributes(line);
    say_next(line);
    if (line->event->continues) {
        sarn__line_say(line, ", to go on as a new run");
    }
}

static void say_step_failed(struct sarn__line *line)
{
    if (line->event->attempt > 0) {
        sarn__line_number(line, "attempt ", line->event->attempt);
        sarn__line_say(line, " ");
    }
    sarn__line_say(line, "failed");
    sarn__line_why(line, line->event->code, line->event->text);
    say_again(line);
}

static void say_step_timed_out(struct sarn__line *line)
{
    static const char *const kinds[] = {"", " (start to close)", " (schedule to close)",
                                        " (no heartbeat)"};
    const struct sarn__execution_event *event = line->event;

    if (event->attempt > 0) {
        sarn__line_number(line, "attempt ", event->attempt);
        sarn__line_say(line, " ");
    }
    sarn__line_say(line, "timed out");
    sarn__line_say(line, event->timeout < sizeof(kinds) / sizeof(kinds[0])
                             ? kinds[event->timeout]
                             : "");
    sarn__line_say(line, event->in_doubt ? ", and may have acted" : "");
    say_again(line);
    say_next(line);
}

static void say_reconciled(struct sarn__line *line)
{
    static const char *const fates[] = {"nobody knows whether it was done",
                                        "found to be done", "found not to be done"};
    uint32_t fate = line->event->fate;

    sarn__line_say(line, fates[fate < sizeof(fates) / sizeof(fates[0]) ? fate : 0]);
    sarn__line_why(line, line->event->code, line->event->text);
}

/* What the step called id waits for, when its definition is known. */
static void say_what(struct sarn__line *line)
{
    const struct sarn_workflow *workflow = line->timeline->workflow;
    const struct sarn_step *step = NULL;
    uint32_t index = 0;

    if (workflow != NULL) {
        index = sarn__step_index(workflow, line->event->step, 0);
        step = index < workflow->step_count ? sarn__step_at(workflow, index) : NULL;
    }
    if (step != NULL && step->kind == SARN_STEP_SIGNAL) {
        sarn__line_say(line, " for signal ");
        sarn__line_say(line, step->signal != NULL ? step->signal : step->id);
    } else if (step != NULL && step->kind == SARN_STEP_PROMISE) {
        sarn__line_say(line, " for its promise");
    }
}

static void say_awaits(struct sarn__line *line)
{
    const struct sarn__execution_event *event = line->event;

    sarn__line_say(line, "waits");
    sarn__line_text(line, " for ", event->child);
    say_what(line);
    if (event->due_us != 0) {
        sarn__line_when(line, " until ", event->due_us);
    }
    if (event->deadline_us != 0) {
        sarn__line_when(line, event->due_us != 0 ? ", at most until " : " until ",
                        event->deadline_us);
    }
}

static void say_settled(struct sarn__line *line)
{
    sarn__line_say(line, line->event->failed ? "promise broken" : "promise kept");
    sarn__line_text(line, " by ", line->actor);
    sarn__line_why(line, line->event->code, line->event->text);
}

static void say_child_ended(struct sarn__line *line)
{
    sarn__line_say(line, "child ");
    sarn__line_say(line, sarn_execution_status_text(line->event->status));
    sarn__line_why(line, line->event->code, line->event->text);
}

static void say_cancelled(struct sarn__line *line)
{
    sarn__line_say(line, "cancelled");
}

static void say_inherited(struct sarn__line *line)
{
    sarn__line_say(line, "taken over as done");
}

/* --- all of them --- */

static sarn__say_fn *const of_step[] = {
    [SARN__STEP_STARTED] = say_step_started,
    [SARN__STEP_SUCCEEDED] = say_step_succeeded,
    [SARN__STEP_FAILED] = say_step_failed,
    [SARN__STEP_RECONCILED] = say_reconciled,
    [SARN__STEP_TIMED_OUT] = say_step_timed_out,
    [SARN__STEP_AWAITS] = say_awaits,
    [SARN__STEP_CANCELLED] = say_cancelled,
    [SARN__STEP_INHERITED] = say_inherited,
    [SARN__PROMISE_SETTLED] = say_settled,
    [SARN__CHILD_ENDED] = say_child_ended,
};

sarn__say_fn *sarn__timeline_of_step(enum sarn__fact kind)
{
    return (size_t)kind < sizeof(of_step) / sizeof(of_step[0]) ? of_step[kind] : NULL;
}
