/* Who may begin: the limits that an engine was opened with (core/admission.h), held
 * against its executions and their attempts.
 *
 * An execution passes its workflow's gate once, before anything of it but its first
 * event is recorded, and leaves it when it is over; asleep, it stays inside. An attempt
 * of a step passes the step's gate before its intent, and leaves it when its end is
 * durable. What had begun before this process was inside already: it counts, whatever
 * the limit. Compensations and questions (reconcile) are not limited.
 */
#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/execution_rows.h"
#include "engine/orchestrator_state.h"
#include "sarn/events.h"

static struct sarn__gate *gate_of(const sarn_engine *engine,
                                  const struct sarn__run *run,
                                  const struct sarn_step *step)
{
    struct sarn_str id = step == NULL ? (struct sarn_str){NULL, 0} : sarn_str(step->id);

    if (engine->orchestrator->admission == NULL) {
        return NULL;
    }
    return sarn__admission_gate(engine->orchestrator->admission,
                                sarn__run_workflow(run), id);
}

/* --- limits --- */

/* Does it name what is registered? */
static sarn_status check_limit(const sarn_engine *engine,
                               const struct sarn_limit *limit,
                               struct sarn_error *error)
{
    const struct sarn_workflow *workflow =
        sarn__registry_workflow(engine->log.registry, sarn_str(limit->workflow));

    if (workflow == NULL) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "a limit is set for workflow '%.100s', which no module brings",
            limit->workflow);
    }
    if (limit->step != NULL &&
        sarn__step_index(workflow, sarn_str(limit->step), 0) == workflow->step_count) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "a limit is set for step '%.80s' of workflow '%.80s', which it "
            "does not have",
            limit->step, limit->workflow);
    }
    return SARN_OK;
}

sarn_status sarn__admit_create(sarn_engine *engine, struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn_options *options = &engine->options;

    if (options->limit_count == 0) {
        return SARN_OK;
    }
    SARN__TRY(sarn__admission_create(options->limits, options->limit_count,
                                     &engine->log.ports.heap, &orchestrator->admission,
                                     error));
    for (uint32_t i = 0; i < options->limit_count; i++) {
        SARN__TRY(check_limit(engine, &options->limits[i], error));
    }
    return SARN_OK;
}

/* One count of executions by tenant, workflow and status. */
static sarn_status count_in(void *arg, struct sarn_str key, const void *row)
{
    const struct sarn__admission *admission = arg;
    const struct sarn_count_entry *entry = row;
    struct sarn__gate *gate = NULL;

    (void)key;
    if (entry->status == SARN_EXECUTION_RUNNING ||
        entry->status == SARN_EXECUTION_COMPENSATING) {
        gate = sarn__admission_gate(admission, entry->workflow,
                                    (struct sarn_str){NULL, 0});
    }
    if (gate != NULL) {
        sarn__gate_occupy(gate, entry->count);
    }
    return SARN_OK;
}

sarn_status sarn__orchestrator_count(sarn_engine *engine, struct sarn_error *error)
{
    struct sarn__admission *admission = engine->orchestrator->admission;
    struct sarn_query query = SARN_QUERY_INIT;

    if (admission == NULL) {
        return SARN_OK;
    }
    query.projection = SARN__COUNTS_NAME;
    return sarn__projections_query(engine->log.projections, &query, count_in, admission,
                                   error);
}

/* --- tickets --- */

static struct sarn__ticket *
find_ticket(const struct sarn__run *run, const struct sarn_step *step, uint32_t visit)
{
    struct sarn__ticket *ticket = run->tickets;

    while (ticket != NULL && (ticket->step != step || ticket->visit != visit)) {
        ticket = ticket->next;
    }
    return ticket;
}

static struct sarn__ticket *make_ticket(struct sarn__orchestrator *orchestrator,
                                        struct sarn__run *run,
                                        struct sarn__gate *gate,
                                        const struct sarn_step *step,
                                        uint32_t visit)
{
    struct sarn__ticket *ticket =
        sarn__heap_alloc(&orchestrator->runs.heap, sizeof(*ticket));

    if (ticket == NULL) {
        return NULL;
    }
    ticket->gate = gate;
    ticket->run = run;
    ticket->step = step;
    ticket->visit = visit;
    if (step != NULL) {
        ticket->hold.step = sarn_str(step->id);
    }
    ticket->next = run->tickets;
    run->tickets = ticket;
    return ticket;
}

/* Whoever is inside leaves; whoever waits gives up. */
static void destroy_ticket(struct sarn__orchestrator *orchestrator,
                           struct sarn__ticket *ticket)
{
    struct sarn__ticket **link = &ticket->run->tickets;

    while (*link != ticket) {
        link = &(*link)->next;
    }
    *link = ticket->next;
    sarn__gate_give_up(ticket->gate, &ticket->entry);
    if (ticket->inside) {
        sarn__gate_leave(ticket->gate);
    }
    sarn__heap_free(&orchestrator->runs.heap, ticket);
}

/* Wait at gate, after whoever has a better right. */
static sarn_status queue(struct sarn__orchestrator *orchestrator,
                         struct sarn__run *run,
                         struct sarn__gate *gate,
                         const struct sarn_step *step,
                         uint32_t visit,
                         struct sarn_error *error)
{
    struct sarn__ticket *ticket = make_ticket(orchestrator, run, gate, step, visit);
    sarn_status status = SARN_ERR_NOMEM;

    if (ticket != NULL) {
        status = sarn__gate_wait(gate, &ticket->entry, run->tenant,
                                 run->execution->beginning.priority);
    }
    if (status != SARN_OK) {
        if (ticket != NULL) {
            destroy_ticket(orchestrator, ticket);
        }
        return sarn__fail(error, status, "out of memory for an execution that waits");
    }
    ticket->hold.asked = true;
    return SARN_OK;
}

void sarn__admit_drop(struct sarn__orchestrator *orchestrator, struct sarn__run *run)
{
    while (run->tickets != NULL) {
        destroy_ticket(orchestrator, run->tickets);
    }
    if (run->inside != NULL) {
        sarn__gate_leave(run->inside);
        run->inside = NULL;
    }
}

/* --- executions --- */

/* Has anything of it begun, or is it not to be waited with? */
static bool has_begun(const struct sarn__execution *execution, int64_t now_us)
{
    int64_t deadline = execution->beginning.deadline_us;

    return execution->newest != NULL || execution->asked_to_end ||
           execution->status != SARN_EXECUTION_RUNNING ||
           (deadline != 0 && deadline <= now_us);
}

static void come_in(struct sarn__orchestrator *orchestrator,
                    struct sarn__run *run,
                    struct sarn__gate *gate)
{
    struct sarn__ticket *ticket = find_ticket(run, NULL, 0);

    if (ticket != NULL) {
        destroy_ticket(orchestrator, ticket);
    }
    run->inside = gate;
}

void sarn__admit_loaded(sarn_engine *engine, struct sarn__run *run)
{
    const struct sarn__execution *execution = run->execution;
    struct sarn__gate *gate = gate_of(engine, run, NULL);

    /* All that ran when the log was opened were counted then. */
    if (run->is_counted || gate == NULL) {
        return;
    }
    run->is_counted = true;
    if (sarn__execution_is_over(execution)) {
        return;
    }
    if (has_begun(execution, INT64_MIN)) {
        run->inside = gate;
    } else {
        sarn__gate_leave(gate);
    }
}

sarn_status
sarn__admit_run(struct sarn__unit *unit, bool *admitted, struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__gate *gate = gate_of(unit->engine, run, NULL);

    *admitted = true;
    if (gate == NULL || run->inside != NULL ||
        sarn__execution_is_over(run->execution)) {
        return SARN_OK;
    }
    if (has_begun(run->execution, unit->meta.time_us)) {
        sarn__gate_occupy(gate, 1);
        come_in(unit->engine->orchestrator, run, gate);
        return SARN_OK;
    }
    if (find_ticket(run, NULL, 0) != NULL) {
        *admitted = false;
        return SARN_OK;
    }
    if (sarn__gate_enter(gate, unit->meta.time_us)) {
        run->inside = gate;
        return SARN_OK;
    }
    *admitted = false;
    return queue(unit->engine->orchestrator, run, gate, NULL, 0, error);
}

/* --- attempts --- */

struct sarn__hold *sarn__admit_holds(struct sarn__run *run)
{
    struct sarn__hold *holds = NULL;

    for (struct sarn__ticket *ticket = run->tickets; ticket != NULL;
         ticket = ticket->next) {
        if (ticket->step != NULL && !ticket->inside) {
            ticket->hold.asked = false;
            ticket->hold.next = holds;
            holds = &ticket->hold;
        }
    }
    return holds;
}

sarn_status sarn__admit_attempt(sarn_engine *engine,
                                struct sarn__run *run,
                                const struct sarn__duty *duty,
                                bool *admitted,
                                struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__gate *gate =
        duty->compensation ? NULL : gate_of(engine, run, duty->step);
    bool begun = duty->visit != NULL && duty->visit->state == SARN__RUNNING;
    struct sarn__ticket *ticket = NULL;

    *admitted = true;
    if (gate == NULL) {
        return SARN_OK;
    }
    ticket = find_ticket(run, duty->step, duty->visit_number);
    if (ticket != NULL) {
        *admitted = ticket->inside;
        return SARN_OK;
    }
    if (!begun && !sarn__gate_enter(gate, sarn__writer_now(&engine->writer))) {
        *admitted = false;
        return queue(orchestrator, run, gate, duty->step, duty->visit_number, error);
    }
    ticket = make_ticket(orchestrator, run, gate, duty->step, duty->visit_number);
    if (ticket == NULL) {
        if (!begun) {
            sarn__gate_leave(gate);
        }
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for an execution that waits");
    }
    if (begun) {
        sarn__gate_occupy(gate, 1);
    }
    ticket->inside = true;
    return SARN_OK;
}

/* Is there still an attempt that it stands for? */
static bool is_used(const struct sarn__run *run,
                    const struct sarn__plan *plan,
                    const struct sarn__ticket *ticket)
{
    if (!ticket->inside) {
        return ticket->step == NULL || ticket->hold.asked;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct sarn__duty *duty = &plan->duties[i];

        if ((duty->kind == SARN__DUTY_CALL || duty->kind == SARN__DUTY_INTEND) &&
            !duty->compensation && duty->step == ticket->step &&
            duty->visit_number == ticket->visit) {
            return true;
        }
    }
    return sarn__run_calls(run, ticket->step, ticket->visit);
}

void sarn__admit_review(struct sarn__orchestrator *orchestrator,
                        struct sarn__run *run,
                        const struct sarn__plan *plan)
{
    struct sarn__ticket *next = NULL;

    for (struct sarn__ticket *ticket = run->tickets; ticket != NULL; ticket = next) {
        next = ticket->next;
        if (!is_used(run, plan, ticket)) {
            destroy_ticket(orchestrator, ticket);
        }
    }
    if (run->inside != NULL && sarn__execution_is_over(run->execution)) {
        sarn__gate_leave(run->inside);
        run->inside = NULL;
    }
}

/* --- who passes --- */

static void let_pass(struct sarn__orchestrator *orchestrator,
                     struct sarn__ticket *ticket)
{
    struct sarn__run *run = ticket->run;

    if (ticket->step == NULL) {
        come_in(orchestrator, run, ticket->gate);
    } else {
        ticket->inside = true;
    }
    /* One that is gated, or ready, is looked at by itself. */
    if (run->where == SARN__NOWHERE) {
        sarn__run_move(orchestrator, run, SARN__CALLED);
    }
}

void sarn__admit_pass(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint32_t count = orchestrator->admission == NULL
                         ? 0
                         : sarn__admission_count(orchestrator->admission);

    for (uint32_t i = 0; i < count && engine->stopped == SARN_OK; i++) {
        struct sarn__gate *gate = sarn__admission_gate_at(orchestrator->admission, i);
        int64_t now_us = sarn__writer_now(&engine->writer);
        struct sarn__entry *entry = NULL;

        while (!engine->winding && (entry = sarn__gate_pass(gate, now_us)) != NULL) {
            let_pass(orchestrator, SARN__OF(entry, struct sarn__ticket, entry));
        }
    }
}

int64_t sarn__admit_due_us(sarn_engine *engine)
{
    const struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint32_t count = orchestrator->admission == NULL
                         ? 0
                         : sarn__admission_count(orchestrator->admission);
    int64_t first_us = INT64_MAX;

    for (uint32_t i = 0; i < count && !engine->winding; i++) {
        int64_t due_us =
            sarn__gate_due_us(sarn__admission_gate_at(orchestrator->admission, i),
                              sarn__writer_now(&engine->writer));

        first_us = due_us < first_us ? due_us : first_us;
    }
    return first_us;
}
