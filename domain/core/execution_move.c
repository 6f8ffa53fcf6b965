/* What the events of a step leave behind: made ready, and put in place. */
#include "core/execution_parts.h"

bool sarn__event_is_attempt(const struct sarn__execution_event *event)
{
    return event->kind != SARN__STEP_AWAITS && event->kind != SARN__STEP_CANCELLED &&
           event->kind != SARN__STEP_INHERITED;
}

/* --- made ready --- */

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
                              struct sarn__kept *kept,
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

sarn_status sarn__visit_keep(struct sarn__execution *execution,
                             const struct sarn__step *visit,
                             const struct sarn__execution_event *event,
                             enum sarn__step_state to,
                             struct sarn__kept *kept,
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
                  const struct sarn__kept *kept)
{
    if (event->compensation || visit->begun != 0) {
        return;
    }
    visit->begun = ++execution->last_begun;
    execution->newest = visit;
    visit->before = execution->place;
    visit->scheduled_us = event->time_us;
    visit->group = kept->group;
}

static void done(struct sarn__execution *execution,
                 struct sarn__step *visit,
                 const struct sarn__execution_event *event,
                 const struct sarn__kept *kept)
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
static void settle(struct sarn__step *visit,
                   enum sarn__step_state to,
                   const struct sarn__kept *kept)
{
    if (to == SARN__AWAITING) {
        return;
    }
    visit->settled = false;
    visit->settled_failed = false;
    visit->settled_code = kept->code;
    visit->settled_text = kept->text;
}

/* Whether an attempt of visit may have acted without a result. */
static void remember(struct sarn__step *visit,
                     const struct sarn__execution_event *event,
                     enum sarn__step_state to)
{
    bool under_way = visit->state == SARN__RUNNING || visit->state == SARN__DOUBTED;
    bool late = event->kind == SARN__STEP_TIMED_OUT;
    bool asked = event->kind == SARN__STEP_RECONCILED;

    if (event->compensation) {
        visit->orphaned = false;
        return;
    }
    /* That this attempt failed does not say that one before did. */
    visit->acted =
        (visit->acted && !asked) || (late && to != SARN__DOUBTED && under_way);
    visit->timed_out = late || (visit->timed_out && asked);
    visit->orphaned = visit->orphaned && (to == SARN__BACKOFF || to == SARN__FAILED ||
                                          to == SARN__CANCELLED);
}

static void conclude(struct sarn__execution *execution,
                     struct sarn__step *visit,
                     const struct sarn__execution_event *event,
                     const struct sarn__kept *kept)
{
    struct sarn__trouble trouble = {visit->id, kept->code, kept->text};
    uint32_t status = execution->status == SARN_EXECUTION_PARKED
                          ? execution->parked_from
                          : execution->status;

    if (visit->state == SARN__STUCK && execution->status != SARN_EXECUTION_PARKED) {
        execution->parked = trouble;
    }
    if (status != SARN_EXECUTION_RUNNING) {
        /* Undoing has begun: what may have acted is part of it. */
        if (!event->compensation) {
            sarn__execution_doubt_late(execution, visit);
        }
        return;
    }
    if (visit->state == SARN__FAILED) {
        execution->failure = trouble;
    }
    if ((visit->state == SARN__DONE || visit->state == SARN__EXPIRED) &&
        visit->group.size == 0 && execution->status == SARN_EXECUTION_RUNNING) {
        sarn__execution_arrive(execution, visit, event->chose, kept->next);
    }
}

void sarn__visit_move(struct sarn__execution *execution,
                      struct sarn__step *visit,
                      const struct sarn__execution_event *event,
                      enum sarn__step_state to,
                      const struct sarn__kept *kept)
{
    begin(execution, visit, event, kept);
    if (sarn__event_is_attempt(event)) {
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
    remember(visit, event, to);
    if (to == SARN__DONE) {
        done(execution, visit, event, kept);
    } else {
        sarn__visit_become(execution, visit, to);
    }
    conclude(execution, visit, event, kept);
}

/* --- groups --- */

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
