/* The visits of an execution: found, made ready off to the side, linked in. */
#include <string.h>

#include "core/execution_parts.h"

const char *const sarn__state_names[] = {
    [SARN__WAITING] = "waiting",
    [SARN__RUNNING] = "running",
    [SARN__BACKOFF] = "waiting for its next attempt",
    [SARN__DOUBTED] = "timed out and in doubt",
    [SARN__AWAITING] = "waiting to be told",
    [SARN__DONE] = "done",
    [SARN__SKIPPED] = "skipped",
    [SARN__CANCELLED] = "cancelled",
    [SARN__EXPIRED] = "expired",
    [SARN__FAILED] = "failed",
    [SARN__UNKNOWN] = "of unknown outcome",
    [SARN__IN_DOUBT] = "in doubt",
    [SARN__COMPENSATING] = "being compensated",
    [SARN__COMPENSATION_BACKOFF] = "waiting for its next compensation attempt",
    [SARN__UNDONE] = "compensated",
    [SARN__STUCK] = "stuck",
};

/* --- found --- */

struct sarn__step *sarn__execution_step(const struct sarn__execution *execution,
                                        struct sarn_str id)
{
    struct sarn__step *latest = NULL;

    /* Events mostly come for the step that was named last. */
    if (execution->last != NULL && sarn_str_equal(execution->last->id, id)) {
        return execution->last;
    }
    for (struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (sarn_str_equal(visit->id, id)) {
            latest = visit;
        }
    }
    return latest;
}

struct sarn__step *sarn__execution_visit(const struct sarn__execution *execution,
                                         struct sarn_str id,
                                         uint32_t visit)
{
    struct sarn__step *found = sarn__execution_step(execution, id);
    uint32_t wanted = visit == 0 ? 1 : visit;

    while (found != NULL && found->visit > wanted) {
        found = found->earlier;
    }
    return found != NULL && found->visit == wanted ? found : NULL;
}

bool sarn__visit_is_over(const struct sarn__step *visit)
{
    switch ((enum sarn__step_state)visit->state) {
    case SARN__WAITING:
    case SARN__RUNNING:
    case SARN__BACKOFF:
    case SARN__DOUBTED:
    case SARN__AWAITING:
        return false;
    case SARN__DONE:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    return true;
}

/* --- made ready --- */

sarn_status sarn__execution_copy(struct sarn__execution *execution,
                                 struct sarn_str text,
                                 struct sarn_str *copy,
                                 struct sarn_error *error)
{
    if (sarn_arena_copy(execution->arena, text, copy) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    return SARN_OK;
}

sarn_status sarn__execution_trouble(struct sarn__execution *execution,
                                    const struct sarn__execution_event *event,
                                    struct sarn__trouble *trouble,
                                    struct sarn_error *error)
{
    const struct sarn__step *visit = sarn__execution_step(execution, event->step);

    if (visit != NULL) {
        trouble->step = visit->id;
    } else {
        SARN__TRY(sarn__execution_copy(execution, event->step, &trouble->step, error));
    }
    SARN__TRY(sarn__execution_copy(execution, event->code, &trouble->code, error));
    return sarn__execution_copy(execution, event->text, &trouble->text, error);
}

/* A visit of the step called id, after latest (NULL: its first), at the end of pending.
 */
static sarn_status prepare(struct sarn__execution *execution,
                           struct sarn_str id,
                           uint32_t number,
                           struct sarn__step *latest,
                           struct sarn__pending *pending,
                           struct sarn__step **visit,
                           struct sarn_error *error)
{
    struct sarn__step *made = NULL;

    if (id.size == 0 || id.size > SARN_NAME_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution's event names a step of %u bytes", id.size);
    }
    if (execution->step_count + pending->count >= SARN__EXECUTION_STEPS_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution visits steps over %u times",
                          SARN__EXECUTION_STEPS_MAX);
    }
    made = sarn_arena_alloc(execution->arena, sizeof(*made));
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    made->visit = number;
    made->earlier = latest;
    if (latest != NULL) {
        made->id = latest->id;
    } else {
        SARN__TRY(sarn__execution_copy(execution, id, &made->id, error));
    }
    if (pending->last != NULL) {
        pending->last->next = made;
    } else {
        pending->first = made;
    }
    pending->last = made;
    pending->count += 1;
    *visit = made;
    return SARN_OK;
}

sarn_status sarn__visit_known(const struct sarn__execution *execution,
                              const struct sarn__execution_event *event,
                              struct sarn__step **visit,
                              struct sarn_error *error)
{
    struct sarn__step *found =
        sarn__execution_visit(execution, event->step, event->visit);

    if (found == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "visit %u of step %.*s never began",
                          event->visit, (int)event->step.size, event->step.data);
    }
    *visit = found;
    return SARN_OK;
}

sarn_status sarn__visit_touch(struct sarn__execution *execution,
                              const struct sarn__execution_event *event,
                              struct sarn__pending *pending,
                              struct sarn__step **visit,
                              struct sarn_error *error)
{
    struct sarn__step *latest = sarn__execution_step(execution, event->step);
    uint32_t wanted = event->visit == 0 ? 1 : event->visit;

    if (latest != NULL && wanted <= latest->visit) {
        return sarn__visit_known(execution, event, visit, error);
    }
    if (latest != NULL && !sarn__visit_is_over(latest)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s is visited once more while visit %u is %s",
                          (int)latest->id.size, latest->id.data, latest->visit,
                          sarn__state_names[latest->state]);
    }
    return prepare(execution, event->step, wanted, latest, pending, visit, error);
}

static bool is_pending(const struct sarn__pending *pending, struct sarn_str id)
{
    for (const struct sarn__step *visit = pending->first; visit != NULL;
         visit = visit->next) {
        if (sarn_str_equal(visit->id, id)) {
            return true;
        }
    }
    return false;
}

/* Of one that has begun and is not over the next visit cannot be permitted. */
sarn_status sarn__visit_prepare_window(struct sarn__execution *execution,
                                       const struct sarn__execution_event *event,
                                       struct sarn__pending *pending,
                                       struct sarn_error *error)
{
    for (uint32_t i = 0; i < event->step_count; i++) {
        struct sarn_str id = event->steps[i];
        struct sarn__step *latest = sarn__execution_step(execution, id);
        struct sarn__step *made = NULL;

        if (sarn_str_equal(event->step, id) || is_pending(pending, id) ||
            (latest != NULL && !sarn__visit_is_over(latest))) {
            return sarn__fail(error, SARN_ERR_CORRUPT,
                              "a window names step %.*s, which was named before",
                              (int)id.size, id.data);
        }
        SARN__TRY(prepare(execution, id, latest == NULL ? 1 : latest->visit + 1, latest,
                          pending, &made, error));
        made->permitted = true;
    }
    return SARN_OK;
}

/* --- in place --- */

void sarn__visit_link(struct sarn__execution *execution,
                      const struct sarn__pending *pending)
{
    if (pending->first == NULL) {
        return;
    }
    if (execution->last != NULL) {
        execution->last->next = pending->first;
    } else {
        execution->first = pending->first;
    }
    execution->last = pending->last;
    execution->step_count += pending->count;
}

void sarn__visit_become(struct sarn__execution *execution,
                        struct sarn__step *visit,
                        enum sarn__step_state state)
{
    if (visit->state == SARN__DONE) {
        execution->done_count -= 1;
    }
    visit->state = (uint8_t)state;
}

void sarn__visit_done(struct sarn__execution *execution, struct sarn__step *visit)
{
    sarn__visit_become(execution, visit, SARN__DONE);
    execution->done_count += 1;
    visit->order = ++execution->last_order;
    visit->acted = false;
}

void sarn__execution_arrive(struct sarn__execution *execution,
                            const struct sarn__step *visit,
                            bool chose,
                            struct sarn_str next)
{
    execution->place = (struct sarn__place){.id = visit->id,
                                            .chose = chose,
                                            .next = next,
                                            .serial = ++execution->last_serial};
}
