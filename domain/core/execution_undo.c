/* Going backward: what is in doubt, how compensation begins, and all ways to end. */
#include "core/execution_parts.h"

#define IN(state) SARN__STATE(state)

/* --- what is in doubt --- */

/* What may have run without a result to show for it. */
#define MAY_HAVE_RUN                                                                   \
    (IN(WAITING) | IN(RUNNING) | IN(BACKOFF) | IN(DOUBTED) | IN(CANCELLED) |           \
     IN(EXPIRED) | IN(FAILED))

static bool may_be_in_doubt(const struct sarn__step *visit)
{
    return ((MAY_HAVE_RUN & (1u << visit->state)) != 0) &&
           (visit->permitted || visit->acted || visit->state == SARN__RUNNING ||
            visit->state == SARN__DOUBTED);
}

/* One that timed out is in doubt whoever says so, unless it may still answer. */
static bool is_in_doubt(const struct sarn__step *visit)
{
    return visit->acted && may_be_in_doubt(visit) && visit->state != SARN__RUNNING &&
           visit->state != SARN__DOUBTED;
}

sarn_status sarn__execution_check_doubts(const struct sarn__execution *execution,
                                         const struct sarn__execution_event *event,
                                         struct sarn_error *error)
{
    for (uint32_t i = 0; i < event->step_count; i++) {
        struct sarn_str id = event->steps[i];
        const struct sarn__step *visit = sarn__execution_step(execution, id);
        bool twice = false;

        for (uint32_t other = 0; other < i; other++) {
            twice = twice || sarn_str_equal(event->steps[other], id);
        }
        if (visit == NULL || twice || !may_be_in_doubt(visit)) {
            return sarn__fail(error, SARN_ERR_CORRUPT,
                              "step %.*s cannot be in doubt: it is not one that may "
                              "have run",
                              (int)id.size, id.data);
        }
    }
    return SARN_OK;
}

static void put_in_doubt(struct sarn__execution *execution, struct sarn__step *visit)
{
    if (visit->begun == 0) {
        visit->begun = ++execution->last_begun;
        visit->before = execution->place;
    }
    sarn__visit_become(execution, visit, SARN__IN_DOUBT);
    visit->order = ++execution->last_order;
    visit->acted = false;
}

/* Steps in doubt are undone before those that completed: if they ran, then after them.
 */
void sarn__execution_doubt(struct sarn__execution *execution,
                           const struct sarn__execution_event *event,
                           uint32_t begun)
{
    for (struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        bool named = visit->begun < begun;

        for (uint32_t i = 0; is_in_doubt(visit) && i < event->step_count; i++) {
            named = named || sarn__execution_step(execution, event->steps[i]) == visit;
        }
        if (is_in_doubt(visit) && !named) {
            put_in_doubt(execution, visit);
        }
    }
    for (uint32_t i = 0; i < event->step_count; i++) {
        struct sarn__step *visit = sarn__execution_step(execution, event->steps[i]);

        if (visit->begun == 0 || visit->begun >= begun) {
            put_in_doubt(execution, visit);
        }
    }
    /* What is under way is still to be asked about. */
    for (struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        visit->orphaned = visit->orphaned && visit->state == SARN__RUNNING;
    }
}

void sarn__execution_doubt_late(struct sarn__execution *execution,
                                struct sarn__step *visit)
{
    if (is_in_doubt(visit) && visit->begun >= execution->reset_begun) {
        put_in_doubt(execution, visit);
    }
}

uint32_t sarn__execution_doubts(const struct sarn__execution *execution,
                                struct sarn_str *steps)
{
    uint32_t count = 0;

    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->orphaned && visit->permitted && visit->state != SARN__RUNNING &&
            may_be_in_doubt(visit) &&
            sarn__execution_step(execution, visit->id) == visit) {
            steps[count++] = visit->id;
        }
    }
    return count;
}

/* --- compensation begins --- */

static bool may_begin(const struct sarn__execution *execution,
                      const struct sarn__execution_event *event)
{
    const struct sarn__step *failed = sarn__execution_step(execution, event->step);
    bool completed = execution->status == SARN_EXECUTION_COMPLETED;

    switch ((enum sarn__cause)event->cause) {
    case SARN__CAUSE_FAILURE:
        return !completed && failed != NULL && failed->state == SARN__FAILED;
    case SARN__CAUSE_CANCEL:
        return !completed && execution->asked_to_end;
    case SARN__CAUSE_TERMINATE:
        return !completed && execution->asked_terminate;
    case SARN__CAUSE_TIMEOUT:
        return !completed;
    case SARN__CAUSE_PARENT:
        return completed && execution->asked_to_undo;
    case SARN__CAUSE_RESET:
        break;
    }
    return false;
}

/* What it fails with; the words of a step that failed are kept already. */
static sarn_status failure_of(struct sarn__execution *execution,
                              const struct sarn__execution_event *event,
                              struct sarn__trouble *failure,
                              struct sarn_error *error)
{
    const struct sarn__step *visit = sarn__execution_step(execution, event->step);

    if (event->cause == SARN__CAUSE_FAILURE) {
        *failure =
            (struct sarn__trouble){visit->id, visit->settled_code, visit->settled_text};
        return SARN_OK;
    }
    return sarn__execution_trouble(execution, event, failure, error);
}

sarn_status sarn__execution_undo_began(struct sarn__execution *execution,
                                       const struct sarn__execution_event *event,
                                       struct sarn_error *error)
{
    struct sarn__trouble failure = {0};

    if (!may_begin(execution, event)) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "compensation began by cause %u for step %.*s, which had not failed, in "
            "an execution with status %u",
            event->cause, (int)event->step.size, event->step.data, execution->status);
    }
    SARN__TRY(sarn__execution_check_doubts(execution, event, error));
    SARN__TRY(failure_of(execution, event, &failure, error));
    sarn__execution_doubt(execution, event, 0);
    execution->failure = failure;
    execution->cause = event->cause;
    execution->status = SARN_EXECUTION_COMPENSATING;
    return SARN_OK;
}

/* --- the end --- */

static bool may_stay(const struct sarn__execution_event *event,
                     const struct sarn__step *visit)
{
    if (event->kind == SARN__COMPENSATED) {
        return (SARN__UNSETTLED & (1u << visit->state)) == 0;
    }
    switch ((enum sarn__step_state)visit->state) {
    case SARN__WAITING: /* Permitted; another step was chosen. */
        return visit->begun == 0;
    case SARN__FAILED: /* Enough others succeeded. */
        return visit->group.size > 0;
    case SARN__DONE:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__UNDONE:
        return true;
    case SARN__RUNNING:
    case SARN__BACKOFF:
    case SARN__DOUBTED:
    case SARN__AWAITING:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        break;
    }
    return false;
}

static uint32_t undone_by(uint32_t cause)
{
    static const uint32_t statuses[] = {
        [SARN__CAUSE_FAILURE] = SARN_EXECUTION_COMPENSATED,
        [SARN__CAUSE_CANCEL] = SARN_EXECUTION_CANCELLED,
        [SARN__CAUSE_TERMINATE] = SARN_EXECUTION_TERMINATED,
        [SARN__CAUSE_TIMEOUT] = SARN_EXECUTION_TIMED_OUT,
        [SARN__CAUSE_PARENT] = SARN_EXECUTION_UNDONE,
    };

    return cause < sizeof(statuses) / sizeof(statuses[0]) ? statuses[cause] : 0;
}

sarn_status sarn__execution_ended(struct sarn__execution *execution,
                                  const struct sarn__execution_event *event,
                                  struct sarn_error *error)
{
    struct sarn_str output = {NULL, 0};
    bool undone = event->kind == SARN__COMPENSATED;

    if (undone &&
        (execution->cause == SARN__CAUSE_RESET || event->cause != execution->cause)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution that was undone by cause %u ended by cause %u",
                          execution->cause, event->cause);
    }
    if (event->kind == SARN__CONTINUED && !execution->continues) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution went on as a new run, and no step had said so");
    }
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (!may_stay(event, visit)) {
            return sarn__fail(
                error, SARN_ERR_CORRUPT, "an execution ended while step %.*s was %s",
                (int)visit->id.size, visit->id.data, sarn__state_names[visit->state]);
        }
    }
    SARN__TRY(sarn__execution_copy(execution, event->output, &output, error));
    execution->output = output;
    execution->status = undone                           ? undone_by(execution->cause)
                        : event->kind == SARN__CONTINUED ? SARN_EXECUTION_CONTINUED
                                                         : SARN_EXECUTION_COMPLETED;
    return SARN_OK;
}
