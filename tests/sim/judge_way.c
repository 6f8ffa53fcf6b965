/* What happens on the way of an execution: where the plot leads, and no further. */
#include <stdarg.h>

#include "sim/judge.h"
#include "support/test.h"

void judge_wrong(const struct judge *judge,
                 const struct judge_life *life,
                 const char *format,
                 ...)
{
    char problem[512];
    va_list list;

    va_start(list, format);
    vsnprintf(problem, sizeof(problem), format, list);
    va_end(list);
    fail_msg("%s: %s (%s): %s", judge->what, life->stream, life->plot->kinds, problem);
}

/* A visit has begun: is it where the plot leads? */
static void judge_coming(const struct judge *judge,
                         const struct judge_life *life,
                         const struct sarn__execution_event *fact)
{
    uint32_t index = plot_index(life->plot, fact->step), ignored = 0;

    if (index == PLOT_NOWHERE || life->at == life->plot->workflow.step_count ||
        plot_element(life->plot, index, &ignored) !=
            plot_element(life->plot, life->at, &ignored)) {
        judge_wrong(judge, life, "visit %u of %.*s began, and the plot is at step %u",
                    fact->visit, (int)fact->step.size, fact->step.data, life->at);
    }
}

static void judge_success(const struct judge *judge,
                          struct judge_life *life,
                          const struct sarn__execution_event *fact)
{
    uint32_t index = plot_index(life->plot, fact->step);
    uint32_t kind = life->plot->steps[index].kind;
    uint32_t choice = plot_choice(life->plot, sarn_str(life->id), index, fact->visit);

    if ((kind == SARN_STEP_EXTERNAL || kind == SARN_STEP_LOCAL) &&
        fact->chose != (choice != PLOT_NOWHERE)) {
        judge_wrong(judge, life, "visit %u of %.*s %s what follows", fact->visit,
                    (int)fact->step.size, fact->step.data,
                    fact->chose ? "chose" : "did not choose");
    }
}

static uint32_t led_to(const struct judge_life *life,
                       const struct sarn__execution_event *fact)
{
    if (fact->chose) {
        return fact->next.size == 0 ? life->plot->workflow.step_count
                                    : plot_index(life->plot, fact->next);
    }
    return plot_after(life->plot, plot_index(life->plot, fact->step));
}

/* Enough members of the group that the execution has just left have succeeded. */
static void judge_join(const struct judge *judge,
                       struct judge_life *life,
                       const struct sarn__execution_event *fact,
                       uint32_t serial)
{
    uint32_t count = 0, index = PLOT_NOWHERE;

    for (const struct sarn__step *visit = life->execution.first; visit != NULL;
         visit = visit->next) {
        if (visit->begun != 0 && visit->before.serial == serial &&
            sarn_str_equal(visit->group, fact->group)) {
            index = plot_index(life->plot, visit->id);
            count += visit->state == SARN__DONE || visit->state == SARN__SKIPPED;
        }
    }
    if (index == PLOT_NOWHERE || count < plot_needed(life->plot, index) ||
        fact->count != count) {
        judge_wrong(judge, life, "group %.*s was joined by %u (%u by the event)",
                    (int)fact->group.size, fact->group.data, count, fact->count);
    }
    life->at = plot_after(life->plot, index);
}

static void judge_parked(const struct judge *judge,
                         const struct judge_life *life,
                         const struct sarn__execution_event *fact)
{
    uint32_t index = plot_index(life->plot, fact->step);
    const struct deed *deed =
        index == PLOT_NOWHERE
            ? NULL
            : world_find(judge->world, life->execution.beginning.run_id, life->plot,
                         index, fact->visit == 0 ? 1 : fact->visit);
    bool doubtful = deed != NULL && (life->plot->kinds[index] == 'N' ||
                                     life->plot->kinds[index] == 'F');

    if (index != PLOT_NOWHERE && !fact->compensation &&
        strchr("NF", life->plot->kinds[index]) != NULL &&
        sarn_str_equal(fact->code, sarn_str("in_doubt"))) {
        doubtful = true; /* Its intent was all that there was. */
    }
    if (doubtful && sarn_str_equal(fact->code, sarn_str("in_doubt"))) {
        return;
    }
    if (deed != NULL && fact->compensation &&
        sarn_str_equal(fact->code, sarn_str("compensation_failed")) &&
        (deed->undo_failures > 0 ||
         life->plot->steps[index].timeouts.compensation_us != 0)) {
        return;
    }
    judge_wrong(judge, life, "parked: %.*s %.*s: %.*s", (int)fact->step.size,
                fact->step.data, (int)fact->code.size, fact->code.data,
                (int)fact->text.size, fact->text.data);
}

/* Is an attempt that failed made again, or not, as the step's policy says? */
static void judge_retry(const struct judge *judge,
                        const struct judge_life *life,
                        const struct sarn__execution_event *fact)
{
    const struct sarn__step *visit =
        sarn__execution_visit(&life->execution, fact->step, fact->visit);
    uint32_t index = plot_index(life->plot, fact->step);
    uint32_t most = life->plot->steps[index].retry.maximum_attempts;
    bool again = fact->retry_at_us != 0;

    most = most == 0 ? 3 : most;
    if (fact->compensation || life->plot->steps[index].kind != SARN_STEP_EXTERNAL) {
        return;
    }
    if ((again && fact->attempt >= most) ||
        (!again && fact->attempt < most && sarn_str_equal(fact->code, sarn_str("no")) &&
         strchr("DT", life->plot->kinds[index]) == NULL &&
         life->execution.status == SARN_EXECUTION_RUNNING &&
         visit->before.serial == life->execution.place.serial)) {
        judge_wrong(judge, life, "attempt %u of %u of %.*s failed, and is%s made again",
                    fact->attempt, most, (int)fact->step.size, fact->step.data,
                    again ? "" : " not");
    }
}

/* In reverse order: nothing is undone before what was done after it. */
static void judge_order(const struct judge *judge,
                        const struct judge_life *life,
                        const struct sarn__step *undone)
{
    for (const struct sarn__step *visit = life->execution.first; visit != NULL;
         visit = visit->next) {
        uint32_t index = plot_index(life->plot, visit->id);

        if ((visit->state == SARN__DONE || visit->state == SARN__IN_DOUBT) &&
            visit->order > undone->order && !visit->inherited &&
            (life->execution.cause != SARN__CAUSE_RESET ||
             visit->begun >= life->execution.reset_begun) &&
            (life->plot->steps[index].compensate != NULL ||
             life->plot->kinds[index] == 'C')) {
            judge_wrong(judge, life, "%.*s is undone before %.*s", (int)undone->id.size,
                        undone->id.data, (int)visit->id.size, visit->id.data);
        }
    }
}

void judge_fact(struct judge *judge,
                struct judge_life *life,
                const struct sarn__execution_event *fact,
                uint32_t begun,
                uint32_t serial)
{
    const struct sarn__execution *execution = &life->execution;
    bool moved = execution->place.serial != serial;

    if (fact->kind == SARN__STARTED) {
        life->at = 0;
        life->runs += 1;
    } else if (fact->kind == SARN__GROUP_JOINED) {
        judge_join(judge, life, fact, serial);
    } else if (fact->kind == SARN__REWOUND) {
        life->at = plot_index(life->plot, fact->step);
        life->rewound = true;
    } else if (fact->kind == SARN__PARKED) {
        judge_parked(judge, life, fact);
    } else if (fact->kind == SARN__COMPLETED &&
               life->at != life->plot->workflow.step_count) {
        judge_wrong(judge, life, "completed, and the plot is at step %u", life->at);
    } else if (fact->step.size > 0) {
        if (execution->last_begun != begun && fact->kind != SARN__COMPENSATION_BEGAN &&
            fact->kind != SARN__RESET_REQUESTED) {
            judge_coming(judge, life, fact);
        }
        if (fact->kind == SARN__STEP_SUCCEEDED && !fact->compensation) {
            judge_success(judge, life, fact);
        }
        if (fact->kind == SARN__STEP_FAILED) {
            judge_retry(judge, life, fact);
        }
        if (fact->kind == SARN__STEP_STARTED && fact->compensation &&
            life->plot->workflow.undo_order == SARN_UNDO_REVERSE) {
            judge_order(judge, life,
                        sarn__execution_visit(execution, fact->step, fact->visit));
        }
        if (moved) {
            life->at = led_to(life, fact);
        }
    }
}
