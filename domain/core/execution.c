#include "core/execution.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "sarn/workflow.h"

#define TO(state) (1u << SARN__##state)

/* Which state of a step may follow which. This table is the design; the rest is detail.
 */
static const unsigned successors[] = {
    [SARN__WAITING] = TO(RUNNING) | TO(BACKOFF) | TO(DONE) | TO(FAILED) | TO(IN_DOUBT),
    [SARN__RUNNING] = TO(WAITING) | TO(BACKOFF) | TO(DONE) | TO(FAILED) | TO(UNKNOWN),
    [SARN__BACKOFF] = TO(RUNNING) | TO(BACKOFF) | TO(DONE) | TO(FAILED) | TO(IN_DOUBT),
    [SARN__DONE] = TO(COMPENSATING) | TO(UNDONE) | TO(STUCK),
    [SARN__FAILED] = TO(IN_DOUBT),
    [SARN__UNKNOWN] = 0,
    [SARN__IN_DOUBT] = TO(COMPENSATING),
    [SARN__COMPENSATING] = TO(COMPENSATION_BACKOFF) | TO(UNDONE) | TO(STUCK),
    [SARN__COMPENSATION_BACKOFF] = TO(COMPENSATING),
    [SARN__UNDONE] = 0,
    [SARN__STUCK] = 0,
};

static const char *const state_names[] = {
    [SARN__WAITING] = "waiting",
    [SARN__RUNNING] = "running",
    [SARN__BACKOFF] = "waiting for its next attempt",
    [SARN__DONE] = "done",
    [SARN__FAILED] = "failed",
    [SARN__UNKNOWN] = "of unknown outcome",
    [SARN__IN_DOUBT] = "in doubt",
    [SARN__COMPENSATING] = "being compensated",
    [SARN__COMPENSATION_BACKOFF] = "waiting for its next compensation attempt",
    [SARN__UNDONE] = "compensated",
    [SARN__STUCK] = "stuck",
};

/* An event's steps, made ready off to the side: linked in only when nothing can fail.
 */
struct pending {
    struct sarn__step *first, *last;
    uint32_t count;
};

void sarn__execution_init(struct sarn__execution *execution, struct sarn_arena *arena)
{
    *execution = (struct sarn__execution){.arena = arena};
}

static struct sarn__step *find(struct sarn__step *step, struct sarn_str id)
{
    while (step != NULL && !sarn_str_equal(step->id, id)) {
        step = step->next;
    }
    return step;
}

struct sarn__step *sarn__execution_step(const struct sarn__execution *execution,
                                        struct sarn_str id)
{
    return find(execution->first, id);
}

bool sarn__execution_is_over(const struct sarn__execution *execution)
{
    return execution->status == SARN_EXECUTION_COMPLETED ||
           execution->status == SARN_EXECUTION_COMPENSATED ||
           execution->status == SARN_EXECUTION_PARKED;
}

void sarn__execution_recovered(struct sarn__execution *execution, bool intents)
{
    for (struct sarn__step *step = execution->first; step != NULL; step = step->next) {
        switch ((enum sarn__step_state)step->state) {
        case SARN__WAITING:
        case SARN__BACKOFF:
            step->orphaned = step->permitted;
            break;
        case SARN__RUNNING:
        case SARN__COMPENSATING:
            step->orphaned = intents;
            break;
        case SARN__DONE:
        case SARN__FAILED:
        case SARN__UNKNOWN:
        case SARN__IN_DOUBT:
        case SARN__COMPENSATION_BACKOFF:
        case SARN__UNDONE:
        case SARN__STUCK:
            break;
        }
    }
}

bool sarn__execution_is_orphaned(const struct sarn__execution *execution)
{
    for (const struct sarn__step *step = execution->first; step != NULL;
         step = step->next) {
        if (step->orphaned &&
            (step->state == SARN__RUNNING || step->state == SARN__COMPENSATING)) {
            return true;
        }
    }
    return false;
}

static bool may_follow(const struct sarn__step *step, enum sarn__step_state to)
{
    return (successors[step->state] & (1u << to)) != 0;
}

static sarn_status copy(struct sarn__execution *execution,
                        struct sarn_str text,
                        struct sarn_str *to,
                        struct sarn_error *error)
{
    if (sarn_arena_copy(execution->arena, text, to) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    return SARN_OK;
}

static sarn_status too_many(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_CORRUPT, "an execution names over %u steps",
                      SARN__EXECUTION_STEPS_MAX);
}

/* The step called id: one that is known, or a new one added to pending. */
static sarn_status touch(struct sarn__execution *execution,
                         struct sarn_str id,
                         struct pending *pending,
                         struct sarn__step **step,
                         struct sarn_error *error)
{
    struct sarn__step *found = find(execution->first, id);

    if (id.size == 0 || id.size > SARN_NAME_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution's event names a step of %u bytes", id.size);
    }
    if (found == NULL) {
        if (execution->step_count + pending->count >= SARN__EXECUTION_STEPS_MAX) {
            return too_many(error);
        }
        found = sarn_arena_alloc(execution->arena, sizeof(*found));
        if (found == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
        }
        SARN__TRY(copy(execution, id, &found->id, error));
        if (pending->last != NULL) {
            pending->last->next = found;
        } else {
            pending->first = found;
        }
        pending->last = found;
        pending->count += 1;
    }
    *step = found;
    return SARN_OK;
}

/* Make the steps of event's window ready; but for being permitted they are untouched.
 * A step that has begun already cannot be permitted, nor can one twice. */
static sarn_status prepare_window(struct sarn__execution *execution,
                                  const struct sarn__execution_event *event,
                                  struct pending *pending,
                                  struct sarn_error *error)
{
    for (uint32_t i = 0; i < event->step_count; i++) {
        struct sarn_str id = event->steps[i];
        struct sarn__step *step = NULL;

        if (find(pending->first, id) != NULL || find(execution->first, id) != NULL) {
            return sarn__fail(error, SARN_ERR_CORRUPT,
                              "a window names step %.*s, which was named before",
                              (int)id.size, id.data);
        }
        SARN__TRY(touch(execution, id, pending, &step, error));
    }
    return SARN_OK;
}

static void link_pending(struct sarn__execution *execution,
                         const struct pending *pending)
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

static void permit(struct sarn__step *step, uint32_t count)
{
    for (; step != NULL && count > 0; step = step->next, count--) {
        step->permitted = true;
    }
}

/* --- the beginning --- */

static sarn_status started(struct sarn__execution *execution,
                           const struct sarn__execution_event *event,
                           struct sarn_error *error)
{
    struct pending window = {0};
    struct sarn_str input = {0};

    SARN__TRY(prepare_window(execution, event, &window, error));
    SARN__TRY(copy(execution, event->input, &input, error));
    link_pending(execution, &window);
    permit(window.first, window.count);
    execution->input = input;
    execution->run_id = event->run_id;
    execution->definition_version = event->definition_version;
    execution->fingerprint = event->fingerprint;
    memcpy(execution->input_hash, event->input_hash, sizeof(execution->input_hash));
    execution->status = SARN_EXECUTION_RUNNING;
    return SARN_OK;
}

/* --- steps --- */

/* The state that event leads its step to. */
static sarn_status target(const struct sarn__execution_event *event,
                          enum sarn__step_state *to,
                          struct sarn_error *error)
{
    bool undo = event->compensation;

    switch (event->kind) {
    case SARN__STEP_STARTED:
        *to = undo ? SARN__COMPENSATING : SARN__RUNNING;
        return SARN_OK;
    case SARN__STEP_SUCCEEDED:
        *to = undo ? SARN__UNDONE : SARN__DONE;
        return SARN_OK;
    case SARN__STEP_FAILED:
        if (event->retry_at_us != 0) {
            *to = undo ? SARN__COMPENSATION_BACKOFF : SARN__BACKOFF;
        } else {
            *to = undo ? SARN__STUCK : SARN__FAILED;
        }
        return SARN_OK;
    case SARN__STEP_RECONCILED:
        if (!undo && event->fate <= SARN_STEP_NOT_DONE) {
            *to = event->fate == SARN_STEP_DONE       ? SARN__DONE
                  : event->fate == SARN_STEP_NOT_DONE ? SARN__WAITING
                                                      : SARN__UNKNOWN;
            return SARN_OK;
        }
        break;
    case SARN__STARTED:
    case SARN__COMPENSATION_BEGAN:
    case SARN__COMPLETED:
    case SARN__COMPENSATED:
    case SARN__PARKED:
        break;
    }
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "step %.*s was reconciled to what there is not",
                      (int)event->step.size, event->step.data);
}

/* May event follow the state of its step? */
static sarn_status check_step(const struct sarn__step *step,
                              const struct sarn__execution_event *event,
                              enum sarn__step_state to,
                              struct sarn_error *error)
{
    bool intended = step->state == SARN__RUNNING || step->state == SARN__COMPENSATING;
    uint32_t recorded =
        event->compensation ? step->compensation_attempts : step->attempts;

    if (!may_follow(step, to) ||
        (event->kind == SARN__STEP_RECONCILED && step->state != SARN__RUNNING)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s is %s and cannot become %s", (int)step->id.size,
                          step->id.data, state_names[step->state], state_names[to]);
    }
    if (recorded == UINT32_MAX || event->attempt != recorded + (intended ? 0 : 1)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s has %u attempts and goes on with number %u",
                          (int)step->id.size, step->id.data, recorded, event->attempt);
    }
    return SARN_OK;
}

/* What a step's event keeps besides the new state. */
struct kept {
    struct sarn_str output;
    struct sarn__trouble trouble;
};

static sarn_status keep(struct sarn__execution *execution,
                        const struct sarn__step *step,
                        const struct sarn__execution_event *event,
                        struct kept *kept,
                        struct sarn_error *error)
{
    if (!event->compensation && event->output.size > 0) {
        SARN__TRY(copy(execution, event->output, &kept->output, error));
    }
    /* The words of a failure that is retried are in the log and not needed here, so
     * that a thousand attempts take no more memory than one. */
    if (event->kind == SARN__STEP_FAILED && event->retry_at_us == 0) {
        kept->trouble.step = step->id;
        SARN__TRY(copy(execution, event->code, &kept->trouble.code, error));
        SARN__TRY(copy(execution, event->text, &kept->trouble.text, error));
    }
    return SARN_OK;
}

static void move(struct sarn__execution *execution,
                 struct sarn__step *step,
                 const struct sarn__execution_event *event,
                 enum sarn__step_state to,
                 const struct kept *kept)
{
    if (step->state == SARN__DONE) {
        execution->done_count -= 1;
    }
    if (event->compensation) {
        step->compensation_attempts = event->attempt;
    } else {
        step->attempts = event->attempt;
    }
    step->retry_at_us = event->retry_at_us;
    /* That this attempt failed does not say that one before the crash did. */
    step->orphaned = step->orphaned && (to == SARN__BACKOFF || to == SARN__FAILED);
    step->state = (uint8_t)to;
    switch (to) {
    case SARN__DONE:
        execution->done_count += 1;
        step->order = ++execution->last_order;
        step->output = kept->output;
        break;
    case SARN__FAILED:
        execution->failure = kept->trouble;
        break;
    case SARN__STUCK:
        execution->parked = kept->trouble;
        break;
    case SARN__WAITING:
    case SARN__RUNNING:
    case SARN__BACKOFF:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
        break;
    }
}

static sarn_status step_changed(struct sarn__execution *execution,
                                const struct sarn__execution_event *event,
                                struct sarn_error *error)
{
    struct pending own = {0}, window = {0};
    struct sarn__step *step = NULL;
    enum sarn__step_state to = SARN__WAITING;
    struct kept kept = {0};

    SARN__TRY(target(event, &to, error));
    SARN__TRY(touch(execution, event->step, &own, &step, error));
    SARN__TRY(check_step(step, event, to, error));
    SARN__TRY(prepare_window(execution, event, &window, error));
    if (event->step_count > 0 && (to != SARN__DONE || find(window.first, step->id))) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s cannot open a window here", (int)step->id.size,
                          step->id.data);
    }
    SARN__TRY(keep(execution, step, event, &kept, error));
    link_pending(execution, &own);
    link_pending(execution, &window);
    permit(window.first, window.count);
    move(execution, step, event, to, &kept);
    return SARN_OK;
}

/* --- compensation and the end --- */

/* Steps in doubt are undone before those that completed: if they ran, then after them.
 */
static sarn_status compensation_began(struct sarn__execution *execution,
                                      const struct sarn__execution_event *event,
                                      struct sarn_error *error)
{
    const struct sarn__step *failed = find(execution->first, event->step);

    if (failed == NULL || failed->state != SARN__FAILED) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "compensation began for step %.*s, which had not failed",
                          (int)event->step.size, event->step.data);
    }
    for (uint32_t i = 0; i < event->step_count; i++) {
        struct sarn_str id = event->steps[i];
        const struct sarn__step *step = find(execution->first, id);
        bool twice = false;

        for (uint32_t other = 0; other < i; other++) {
            twice = twice || sarn_str_equal(event->steps[other], id);
        }
        if (step == NULL || twice || !step->permitted ||
            !may_follow(step, SARN__IN_DOUBT)) {
            return sarn__fail(error, SARN_ERR_CORRUPT,
                              "step %.*s cannot be in doubt: it is not one that may "
                              "have run",
                              (int)id.size, id.data);
        }
    }
    for (uint32_t i = 0; i < event->step_count; i++) {
        struct sarn__step *step = find(execution->first, event->steps[i]);

        step->state = SARN__IN_DOUBT;
        step->order = ++execution->last_order;
    }
    for (struct sarn__step *step = execution->first; step != NULL; step = step->next) {
        step->orphaned = false;
    }
    execution->status = SARN_EXECUTION_COMPENSATING;
    return SARN_OK;
}

static sarn_status ended(struct sarn__execution *execution,
                         uint32_t status,
                         unsigned allowed,
                         struct sarn_error *error)
{
    for (const struct sarn__step *step = execution->first; step != NULL;
         step = step->next) {
        if ((allowed & (1u << step->state)) == 0) {
            return sarn__fail(
                error, SARN_ERR_CORRUPT, "an execution ended while step %.*s was %s",
                (int)step->id.size, step->id.data, state_names[step->state]);
        }
    }
    execution->status = status;
    return SARN_OK;
}

static sarn_status parked(struct sarn__execution *execution,
                          const struct sarn__execution_event *event,
                          struct sarn_error *error)
{
    struct sarn__trouble trouble = {0};

    SARN__TRY(copy(execution, event->step, &trouble.step, error));
    SARN__TRY(copy(execution, event->code, &trouble.code, error));
    SARN__TRY(copy(execution, event->text, &trouble.text, error));
    execution->parked = trouble;
    execution->status = SARN_EXECUTION_PARKED;
    return SARN_OK;
}

/* The one status that event can follow; PARKED follows two and is asked for apart. */
static uint32_t required(const struct sarn__execution_event *event)
{
    switch (event->kind) {
    case SARN__STARTED:
        return 0;
    case SARN__COMPENSATED:
        return SARN_EXECUTION_COMPENSATING;
    case SARN__STEP_STARTED:
    case SARN__STEP_SUCCEEDED:
    case SARN__STEP_FAILED:
    case SARN__STEP_RECONCILED:
        return event->compensation ? SARN_EXECUTION_COMPENSATING
                                   : SARN_EXECUTION_RUNNING;
    case SARN__COMPENSATION_BEGAN:
    case SARN__COMPLETED:
    case SARN__PARKED:
        break;
    }
    return SARN_EXECUTION_RUNNING;
}

static bool may_happen(const struct sarn__execution *execution,
                       const struct sarn__execution_event *event)
{
    return execution->status == required(event) ||
           (event->kind == SARN__PARKED &&
            execution->status == SARN_EXECUTION_COMPENSATING);
}

sarn_status sarn__execution_apply(struct sarn__execution *execution,
                                  const struct sarn__execution_event *event,
                                  struct sarn_error *error)
{
    assert(execution->arena != NULL);
    if (event->step_count > SARN__EXECUTION_STEPS_MAX) {
        return too_many(error);
    }
    if (!may_happen(execution, event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution has event %d, which cannot follow in status %u",
                          (int)event->kind, execution->status);
    }
    switch (event->kind) {
    case SARN__STARTED:
        return started(execution, event, error);
    case SARN__STEP_STARTED:
    case SARN__STEP_SUCCEEDED:
    case SARN__STEP_FAILED:
    case SARN__STEP_RECONCILED:
        return step_changed(execution, event, error);
    case SARN__COMPENSATION_BEGAN:
        return compensation_began(execution, event, error);
    case SARN__COMPLETED:
        return ended(execution, SARN_EXECUTION_COMPLETED, TO(DONE), error);
    case SARN__COMPENSATED:
        return ended(execution, SARN_EXECUTION_COMPENSATED,
                     TO(WAITING) | TO(DONE) | TO(FAILED) | TO(UNDONE) | TO(IN_DOUBT),
                     error);
    case SARN__PARKED:
        return parked(execution, event, error);
    }
    return sarn__fail(error, SARN_ERR_CORRUPT, "an execution has an unknown event %d",
                      (int)event->kind);
}
