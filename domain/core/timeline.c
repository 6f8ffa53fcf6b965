#include "core/timeline.h"

#include <assert.h>

#include "core/timeline_parts.h"

static void say_started(struct sarn__line *line)
{
    const struct sarn__beginning *beginning = line->event->beginning;

    sarn__line_say(line, "started");
    if (beginning != NULL) {
        sarn__line_number(line, " version ", beginning->definition_version);
    }
    sarn__line_text(line, " by ", line->actor);
    if (beginning == NULL) {
        return;
    }
    sarn__line_text(line, ", scheduled by ", beginning->schedule);
    sarn__line_text(line, ", child of ", beginning->parent);
    sarn__line_text(line, ", forked from ", beginning->forked_from);
    if (!sarn_uuid_is_zero(beginning->continued_from)) {
        sarn__line_say(line, ", goes on from the run before");
    }
    if (beginning->deadline_us != 0) {
        sarn__line_when(line, ", until ", beginning->deadline_us);
    }
}

static void say_upgraded(struct sarn__line *line)
{
    const struct sarn__beginning *beginning = line->event->beginning;

    sarn__line_say(line, "goes on with another version");
    if (beginning != NULL) {
        sarn__line_number(line, ": ", beginning->definition_version);
    }
}

/* --- groups: how many there are is told by those that were heard of --- */

static uint64_t hash(struct sarn_str text)
{
    uint64_t value = UINT64_C(14695981039346656037);

    for (uint32_t i = 0; i < text.size; i++) {
        value = (value ^ (uint8_t)text.data[i]) * UINT64_C(1099511628211);
    }
    return value;
}

static void note_member(struct sarn__timeline *timeline,
                        const struct sarn__execution_event *event)
{
    uint64_t group = hash(event->group), step = hash(event->step);

    if (event->group.size == 0 || event->kind == SARN__GROUP_JOINED) {
        return;
    }
    if (timeline->group != group) {
        timeline->group = group;
        timeline->member_count = 0;
    }
    for (uint32_t i = 0; i < timeline->member_count; i++) {
        if (timeline->members[i] == step) {
            return;
        }
    }
    if (timeline->member_count < SARN__GROUP_STEPS_MAX) {
        timeline->members[timeline->member_count++] = step;
    }
}

/* As its definition has it, or as was seen. */
static uint32_t members_of(const struct sarn__timeline *timeline, struct sarn_str group)
{
    const struct sarn_workflow *workflow = timeline->workflow;
    uint32_t count = 0;

    for (uint32_t i = 0; workflow != NULL && i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);

        count += sarn_str_equal(sarn_str(step->group), group) ? 1 : 0;
    }
    return count > 0 || timeline->group != hash(group) ? count : timeline->member_count;
}

static void say_joined(struct sarn__line *line)
{
    const struct sarn__execution_event *event = line->event;
    uint32_t members = members_of(line->timeline, event->group);

    sarn__line_say(line, "group ");
    sarn__line_add(line, event->group);
    sarn__line_number(line, ": joined (", event->count);
    sarn__line_number(line, " of ", members > event->count ? members : event->count);
    sarn__line_say(line, ")");
}

/* --- what came from outside --- */

/* Who, and why. */
static void say_asked(struct sarn__line *line, const char *what)
{
    sarn__line_say(line, what);
    sarn__line_text(line, " by ", line->actor);
    sarn__line_text(line, ": ", line->event->text);
}

static void say_signal(struct sarn__line *line)
{
    sarn__line_say(line, "signal ");
    sarn__line_add(line, line->event->name);
    sarn__line_say(line, line->event->carried ? " carried over" : " received");
    sarn__line_text(line, " from ", line->actor);
}

static void say_update(struct sarn__line *line)
{
    sarn__line_say(line, "update ");
    sarn__line_add(line, line->event->name);
    sarn__line_say(line, " accepted");
    sarn__line_text(line, " from ", line->actor);
}

static void say_cancel(struct sarn__line *line)
{
    say_asked(line,
              line->event->terminate ? "terminate requested" : "cancel requested");
}

static void say_undo(struct sarn__line *line)
{
    say_asked(line, "undo requested");
}

static void say_paused(struct sarn__line *line)
{
    say_asked(line, "paused");
}

static void say_resumed(struct sarn__line *line)
{
    say_asked(line, "resumed");
}

static void say_reset(struct sarn__line *line)
{
    sarn__line_say(line, "reset to ");
    sarn__line_add(line, line->event->step);
    say_asked(line, " requested");
}

static void say_unparked(struct sarn__line *line)
{
    static const char *const before[] = {"", "retry ", "skip ", "", ""};
    static const char *const after[] = {"", "", "", " was done", " was not done"};
    const struct sarn__execution_event *event = line->event;
    uint32_t decision = event->decision <= SARN__DECIDE_NOT_DONE ? event->decision : 0;

    sarn__line_say(line, "unparked");
    sarn__line_text(line, " by ", line->actor);
    sarn__line_say(line, ": ");
    sarn__line_say(line, before[decision]);
    sarn__line_say(line, event->compensation ? "compensation of " : "");
    sarn__line_add(line, event->step);
    sarn__line_say(line, after[decision]);
    sarn__line_why(line, event->text, (struct sarn_str){NULL, 0});
}

/* --- the way back, and the end --- */

static const char *cause_text(uint32_t cause)
{
    static const char *const texts[] = {[SARN__CAUSE_FAILURE] = "",
                                        [SARN__CAUSE_CANCEL] = "cancelled",
                                        [SARN__CAUSE_TERMINATE] = "terminated",
                                        [SARN__CAUSE_TIMEOUT] = "timed out",
                                        [SARN__CAUSE_PARENT] = "undone with its parent",
                                        [SARN__CAUSE_RESET] = "reset"};

    return cause < sizeof(texts) / sizeof(texts[0]) ? texts[cause] : "";
}

static void say_cause(struct sarn__line *line)
{
    sarn__line_why(line, sarn_str(cause_text(line->event->cause)),
                   (struct sarn_str){NULL, 0});
}

static void say_began(struct sarn__line *line)
{
    const struct sarn__execution_event *event = line->event;

    sarn__line_say(line, "compensation began");
    if (event->cause == SARN__CAUSE_FAILURE) {
        sarn__line_say(line, " (");
        sarn__line_add(line, event->step);
        sarn__line_say(line, " failed");
        sarn__line_text(line, ": ", event->text.size > 0 ? event->text : event->code);
        sarn__line_say(line, ")");
    } else {
        say_cause(line);
    }
    for (uint32_t i = 0; i < event->step_count; i++) {
        sarn__line_say(line, i == 0 ? ", may have run: " : ", ");
        sarn__line_add(line, event->steps[i]);
    }
}

static void say_compensated(struct sarn__line *line)
{
    sarn__line_say(line, "compensated");
    say_cause(line);
}

static void say_completed(struct sarn__line *line)
{
    sarn__line_say(line, "completed");
}

/* Its text says where it is; else its step does. */
static void say_parked(struct sarn__line *line)
{
    const struct sarn__execution_event *event = line->event;

    sarn__line_say(line, "parked: ");
    if (event->step.size > 0 && event->text.size == 0) {
        sarn__line_step(line, event->step, event->visit, event->compensation);
    }
    sarn__line_add(line, event->text.size > 0 ? event->text : event->code);
}

static void say_rewound(struct sarn__line *line)
{
    sarn__line_say(line, "goes forward again from ");
    sarn__line_add(line, line->event->step);
}

static void say_continued(struct sarn__line *line)
{
    sarn__line_say(line, "goes on as a new run");
}

static void say_slept(struct sarn__line *line)
{
    sarn__line_say(line, "sleeps until ");
    if (line->event->due_us != 0) {
        sarn__line_when(line, "", line->event->due_us);
    } else {
        sarn__line_say(line, "it is told something");
    }
}

/* --- all of them --- */

static sarn__say_fn *const of_run[] = {
    [SARN__STARTED] = say_started,        [SARN__COMPENSATION_BEGAN] = say_began,
    [SARN__COMPLETED] = say_completed,    [SARN__COMPENSATED] = say_compensated,
    [SARN__PARKED] = say_parked,          [SARN__GROUP_JOINED] = say_joined,
    [SARN__UPGRADED] = say_upgraded,      [SARN__SIGNAL_RECEIVED] = say_signal,
    [SARN__UPDATE_ACCEPTED] = say_update, [SARN__CANCEL_REQUESTED] = say_cancel,
    [SARN__UNDO_REQUESTED] = say_undo,    [SARN__PAUSED] = say_paused,
    [SARN__RESUMED] = say_resumed,        [SARN__RESET_REQUESTED] = say_reset,
    [SARN__REWOUND] = say_rewound,        [SARN__UNPARKED] = say_unparked,
    [SARN__CONTINUED] = say_continued,    [SARN__SLEPT] = say_slept,
};

void sarn__timeline_init(struct sarn__timeline *timeline,
                         const struct sarn_workflow *workflow)
{
    *timeline = (struct sarn__timeline){.workflow = workflow};
}

struct sarn_str sarn__timeline_line(struct sarn__timeline *timeline,
                                    const struct sarn__execution_event *event,
                                    struct sarn_str actor,
                                    char text[SARN__TIMELINE_BYTES])
{
    struct sarn__line line = {
        .event = event, .timeline = timeline, .actor = actor, .text = text};
    sarn__say_fn *of_step = sarn__timeline_of_step(event->kind);

    assert(event->kind >= SARN__STARTED && event->kind <= SARN__SLEPT);
    note_member(timeline, event);
    if (of_step != NULL) {
        sarn__line_step(&line, event->step, event->visit, event->compensation);
        of_step(&line);
    } else {
        of_run[event->kind](&line);
    }
    return sarn__line_end(&line);
}
