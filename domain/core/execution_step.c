/* The events of a step: which of its states may follow which. */
#include <string.h>

#include "core/execution_parts.h"

#define TO(state) SARN__STATE(state)

/* Which state of a visit the events of its step may lead to from which. What an
 * operator decides and what begins to be undone are elsewhere. This table is the
 * design; the rest is detail. */
static const unsigned successors[] = {
    [SARN__WAITING] = TO(RUNNING) | TO(BACKOFF) | TO(AWAITING) | TO(DONE) |
                      TO(CANCELLED) | TO(EXPIRED) | TO(FAILED),
    [SARN__RUNNING] = TO(WAITING) | TO(BACKOFF) | TO(DOUBTED) | TO(DONE) | TO(EXPIRED) |
                      TO(FAILED) | TO(UNKNOWN),
    [SARN__BACKOFF] =
        TO(RUNNING) | TO(BACKOFF) | TO(DONE) | TO(CANCELLED) | TO(EXPIRED) | TO(FAILED),
    [SARN__DOUBTED] =
        TO(WAITING) | TO(BACKOFF) | TO(DONE) | TO(EXPIRED) | TO(FAILED) | TO(UNKNOWN),
    [SARN__AWAITING] = TO(DONE) | TO(CANCELLED) | TO(EXPIRED) | TO(FAILED),
    [SARN__DONE] = TO(COMPENSATING) | TO(UNDONE) | TO(STUCK),
    [SARN__SKIPPED] = 0,
    [SARN__CANCELLED] = 0,
    [SARN__EXPIRED] = 0,
    [SARN__FAILED] = 0,
    [SARN__UNKNOWN] = 0,
    [SARN__IN_DOUBT] = TO(COMPENSATING),
    [SARN__COMPENSATING] = TO(COMPENSATION_BACKOFF) | TO(UNDONE) | TO(STUCK),
    [SARN__COMPENSATION_BACKOFF] = TO(COMPENSATING) | TO(UNDONE) | TO(STUCK),
    [SARN__UNDONE] = 0,
    [SARN__STUCK] = 0,
};

#define UNDER_WAY (TO(RUNNING) | TO(DOUBTED))

static bool is_one_of(const struct sarn__step *visit, unsigned states)
{
    return (states & (1u << visit->state)) != 0;
}

/* --- may it follow? --- */

static enum sarn__step_state after_timeout(const struct sarn__execution_event *event)
{
    if (event->compensation) {
        return event->retry_at_us != 0 ? SARN__COMPENSATION_BACKOFF : SARN__STUCK;
    }
    if (event->in_doubt) {
        return SARN__DOUBTED;
    }
    if (event->retry_at_us != 0) {
        return SARN__BACKOFF;
    }
    return event->chose ? SARN__EXPIRED : SARN__FAILED;
}

static enum sarn__step_state after_failure(const struct sarn__execution_event *event)
{
    if (event->retry_at_us != 0) {
        return event->compensation ? SARN__COMPENSATION_BACKOFF : SARN__BACKOFF;
    }
    return event->compensation ? SARN__STUCK : SARN__FAILED;
}

static enum sarn__step_state after_asking(const struct sarn__execution_event *event)
{
    return event->fate == SARN_STEP_DONE       ? SARN__DONE
           : event->fate == SARN_STEP_NOT_DONE ? SARN__WAITING
                                               : SARN__UNKNOWN;
}

/* The state that event leads its visit to. */
static enum sarn__step_state target(const struct sarn__execution_event *event)
{
    bool undo = event->compensation;

    if (event->kind == SARN__STEP_STARTED) {
        return undo ? SARN__COMPENSATING : SARN__RUNNING;
    }
    if (event->kind == SARN__STEP_SUCCEEDED || event->kind == SARN__STEP_INHERITED) {
        return undo ? SARN__UNDONE : SARN__DONE;
    }
    if (event->kind == SARN__STEP_FAILED) {
        return after_failure(event);
    }
    if (event->kind == SARN__STEP_TIMED_OUT) {
        return after_timeout(event);
    }
    if (event->kind == SARN__STEP_RECONCILED) {
        return after_asking(event);
    }
    return event->kind == SARN__STEP_AWAITS ? SARN__AWAITING : SARN__CANCELLED;
}

/* Only attempts are made of compensations, and there are three fates. */
static bool is_known(const struct sarn__execution_event *event)
{
    bool attempt =
        event->kind == SARN__STEP_STARTED || event->kind == SARN__STEP_SUCCEEDED ||
        event->kind == SARN__STEP_FAILED || event->kind == SARN__STEP_TIMED_OUT;

    return (attempt || !event->compensation) && event->fate <= SARN_STEP_NOT_DONE;
}

/* Has the execution come to where event may happen? */
static bool status_allows(const struct sarn__execution *execution,
                          const struct sarn__step *visit,
                          const struct sarn__execution_event *event)
{
    bool begins = event->kind == SARN__STEP_STARTED ||
                  event->kind == SARN__STEP_AWAITS ||
                  event->kind == SARN__STEP_INHERITED;

    if (event->compensation) {
        if (visit->inherited ||
            (execution->cause == SARN__CAUSE_RESET && visit->begun != 0 &&
             visit->begun < execution->reset_begun)) {
            return false;
        }
        return execution->status == SARN_EXECUTION_COMPENSATING ||
               (execution->status == SARN_EXECUTION_PARKED && !begins &&
                visit->state == SARN__COMPENSATING);
    }
    if (execution->status == SARN_EXECUTION_RUNNING) {
        return true;
    }
    if (event->kind == SARN__STEP_CANCELLED) {
        return execution->status == SARN_EXECUTION_COMPENSATING;
    }
    return !begins && is_one_of(visit, UNDER_WAY);
}

static bool counts_attempts(const struct sarn__execution_event *event)
{
    return event->kind != SARN__STEP_AWAITS && event->kind != SARN__STEP_CANCELLED &&
           event->kind != SARN__STEP_INHERITED;
}

static bool attempt_follows(const struct sarn__step *visit,
                            const struct sarn__execution_event *event)
{
    uint32_t recorded =
        event->compensation ? visit->compensation_attempts : visit->attempts;

    if (!counts_attempts(event)) {
        return true;
    }
    if (is_one_of(visit, UNDER_WAY | TO(COMPENSATING))) {
        return event->attempt == recorded;
    }
    /* A step can time out while it waits for its next attempt, or fail without one. */
    return (recorded != UINT32_MAX && event->attempt == recorded + 1) ||
           (event->attempt == recorded &&
            (event->kind == SARN__STEP_TIMED_OUT ||
             (event->kind == SARN__STEP_FAILED && event->retry_at_us == 0)));
}

static sarn_status check(const struct sarn__execution *execution,
                         const struct sarn__step *visit,
                         const struct sarn__execution_event *event,
                         enum sarn__step_state to,
                         struct sarn_error *error)
{
    if ((successors[visit->state] & (1u << to)) == 0 ||
        (event->kind == SARN__STEP_RECONCILED && !is_one_of(visit, UNDER_WAY)) ||
        (event->kind == SARN__STEP_INHERITED && visit->state != SARN__WAITING)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s is %s and cannot become %s", (int)visit->id.size,
                          visit->id.data, sarn__state_names[visit->state],
                          sarn__state_names[to]);
    }
    if (!status_allows(execution, visit, event)) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "step %.*s cannot become %s while its execution has status %u",
            (int)visit->id.size, visit->id.data, sarn__state_names[to],
            execution->status);
    }
    if (!attempt_follows(visit, event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s has %u attempts and goes on with number %u",
                          (int)visit->id.size, visit->id.data,
                          event->compensation ? visit->compensation_attempts
                                              : visit->attempts,
                          event->attempt);
    }
    if (event->step_count > 0 &&
        (to != SARN__DONE || execution->status != SARN_EXECUTION_RUNNING)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s cannot open a window here", (int)visit->id.size,
                          visit->id.data);
    }
    if (event->kind == SARN__STEP_SUCCEEDED && event->name.size > 0 &&
        sarn__execution_pending_message(execution, event->name) == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s took signal %.*s, which nobody had sent",
                          (int)visit->id.size, visit->id.data, (int)event->name.size,
                          event->name.data);
    }
    return SARN_OK;
}

/* --- made ready --- */

/* What an event keeps besides the new state. */
struct kept {
    struct sarn_str group, output, child, next, continue_input;
    struct sarn_str code, text;
    struct sarn__attribute *attributes; /* NULL: as they were. */
    uint32_t attribute_count;
};

static sarn_status keep_group(struct sarn__execution *execution,
                              const struct sarn__step *visit,
                              struct sarn_str group,
                              struct sarn_str *kept,
                              struct sarn_error *error)
{
    if (visit->begun != 0 || group.size == 0) {
        *kept = visit->group;
        return SARN_OK;
    }
    if (execution->last != NULL && sarn_str_equal(execution->last->group, group)) {
        *kept = execution->last->group;
        return SARN_OK;
    }
    return sarn__execution_copy(execution, group, kept, error);
}

/* The words of a failure that is retried are in the log and not needed here, so that a
 * thousand attempts take no more memory than one. */
static sarn_status keep_words(struct sarn__execution *execution,
                              const struct sarn__execution_event *event,
                              enum sarn__step_state to,
                              struct kept *kept,
                              struct sarn_error *error)
{
    if (to != SARN__FAILED && to != SARN__STUCK && to != SARN__UNKNOWN) {
        return SARN_OK;
    }
    if (event->kind == SARN__STEP_TIMED_OUT) {
        kept->code = sarn_str("timeout");
    } else {
        SARN__TRY(sarn__execution_copy(execution, event->code, &kept->code, error));
    }
    return sarn__execution_copy(execution, event->text, &kept->text, error);
}

static sarn_status keep(struct sarn__execution *execution,
                        const struct sarn__step *visit,
                        const struct sarn__execution_event *event,
                        enum sarn__step_state to,
                        struct kept *kept,
                        struct sarn_error *error)
{
    SARN__TRY(keep_words(execution, event, to, kept, error));
    if (event->compensation) {
        return SARN_OK;
    }
    SARN__TRY(keep_group(execution, visit, event->group, &kept->group, error));
    if (event->output.size > 0) {
        SARN__TRY(sarn__execution_copy(execution, event->output, &kept->output, error));
    }
    if (event->child.size > 0) {
        SARN__TRY(sarn__execution_copy(execution, event->child, &kept->child, error));
    }
    if (event->chose) {
        SARN__TRY(sarn__execution_copy(execution, event->next, &kept->next, error));
    }
    if (event->continues) {
        SARN__TRY(sarn__execution_copy(execution, event->input, &kept->continue_input,
                                       error));
    }
    if (to != SARN__DONE) {
        return SARN_OK;
    }
    return sarn__execution_set_attributes(execution, event, &kept->attributes,
                                          &kept->attribute_count, error);
}

/* --- in place --- */

static void begin(struct sarn__execution *execution,
                  struct sarn__step *visit,
                  const struct sarn__execution_event *event,
                  const struct kept *kept)
{
    if (event->compensation || visit->begun != 0) {
        return;
    }
    visit->begun = ++execution->last_begun;
    visit->before = execution->place;
    visit->scheduled_us = event->time_us;
    visit->group = kept->group;
}

static void done(struct sarn__execution *execution,
                 struct sarn__step *visit,
                 const struct sarn__execution_event *event,
                 const struct kept *kept)
{
    sarn__visit_done(execution, visit);
    visit->output = kept->output;
    visit->inherited = event->kind == SARN__STEP_INHERITED;
    if (kept->attributes != NULL) {
        execution->attributes = kept->attributes;
        execution->attribute_count = kept->attribute_count;
    }
    if (event->continues) {
        execution->continues = true;
        execution->continue_input = kept->continue_input;
    }
    if (event->kind == SARN__STEP_SUCCEEDED && event->name.size > 0) {
        sarn__execution_take_message(execution, event->name);
    }
}

/* What the visit waited for has come, or does not matter any more. A promise that was
 * settled early is taken along. */
static void
settle(struct sarn__step *visit, enum sarn__step_state to, const struct kept *kept)
{
    if (to == SARN__AWAITING) {
        return;
    }
    visit->settled = false;
    visit->settled_failed = false;
    visit->settled_code = kept->code;
    visit->settled_text = kept->text;
}

static void move(struct sarn__execution *execution,
                 struct sarn__step *visit,
                 const struct sarn__execution_event *event,
                 enum sarn__step_state to,
                 const struct kept *kept)
{
    struct sarn__trouble trouble = {visit->id, kept->code, kept->text};
    bool under_way = is_one_of(visit, UNDER_WAY);

    begin(execution, visit, event, kept);
    if (counts_attempts(event)) {
        *(event->compensation ? &visit->compensation_attempts : &visit->attempts) =
            event->attempt;
    }
    visit->retry_at_us = event->retry_at_us;
    visit->due_us = event->due_us;
    visit->deadline_us = event->deadline_us;
    if (to == SARN__AWAITING) {
        visit->child = kept->child;
        visit->child_run = event->run_id;
    }
    settle(visit, to, kept);
    if (!event->compensation) {
        /* That this attempt failed does not say that one before did. */
        visit->acted =
            (visit->acted && event->kind != SARN__STEP_RECONCILED) ||
            (event->kind == SARN__STEP_TIMED_OUT && to != SARN__DOUBTED && under_way);
        visit->timed_out =
            event->kind == SARN__STEP_TIMED_OUT ||
            (visit->timed_out && event->kind == SARN__STEP_RECONCILED);
        visit->orphaned =
            visit->orphaned &&
            (to == SARN__BACKOFF || to == SARN__FAILED || to == SARN__CANCELLED);
    } else {
        visit->orphaned = false;
    }
    if (to == SARN__DONE) {
        done(execution, visit, event, kept);
    } else {
        sarn__visit_become(execution, visit, to);
    }
    if (to == SARN__FAILED) {
        execution->failure = trouble;
    } else if (to == SARN__STUCK && execution->status != SARN_EXECUTION_PARKED) {
        execution->parked = trouble;
    }
    if ((to == SARN__DONE || to == SARN__EXPIRED) && visit->group.size == 0 &&
        execution->status == SARN_EXECUTION_RUNNING) {
        sarn__execution_arrive(execution, visit, event->chose, kept->next);
    }
}

sarn_status sarn__execution_step_changed(struct sarn__execution *execution,
                                         const struct sarn__execution_event *event,
                                         struct sarn_error *error)
{
    struct sarn__pending pending = {0};
    struct sarn__step *visit = NULL;
    enum sarn__step_state to = target(event);
    struct kept kept = {0};

    if (!is_known(event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s came to what there is not (event %d)",
                          (int)event->step.size, event->step.data, (int)event->kind);
    }
    SARN__TRY(sarn__visit_touch(execution, event, &pending, &visit, error));
    SARN__TRY(check(execution, visit, event, to, error));
    SARN__TRY(sarn__visit_prepare_window(execution, event, &pending, error));
    SARN__TRY(keep(execution, visit, event, to, &kept, error));
    sarn__visit_link(execution, &pending);
    move(execution, visit, event, to, &kept);
    return SARN_OK;
}

sarn_status sarn__execution_group_joined(struct sarn__execution *execution,
                                         const struct sarn__execution_event *event,
                                         struct sarn_error *error)
{
    const struct sarn__step *member = execution->first;

    while (member != NULL && (member->begun == 0 || event->group.size == 0 ||
                              !sarn_str_equal(member->group, event->group))) {
        member = member->next;
    }
    if (member == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "group %.*s was joined, and no step of it had begun",
                          (int)event->group.size, event->group.data);
    }
    execution->place = (struct sarn__place){
        .id = member->group, .is_group = true, .serial = ++execution->last_serial};
    return SARN_OK;
}
