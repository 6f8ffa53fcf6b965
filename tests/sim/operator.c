/* Calm: an honest operator decides what is parked, and everybody who is waited for
 * answers, until everything has ended. */
#include "sim/storm.h"
#include "support/test.h"

#define CALM_MOVES 200000u
#define ROUNDS     200u /* More, and it does not end. */

/* What became of visit: told by who can see it. */
static void resolve(struct storm *storm,
                    const struct judge_life *life,
                    const struct sarn__step *visit,
                    struct sarn_control *control)
{
    uint32_t index = plot_index(life->plot, visit->id);
    struct deed *deed = world_find(&storm->world, life->execution.beginning.run_id,
                                   life->plot, index, visit->visit);

    if (storm_draw(storm, 4) == 0) {
        control->op = SARN_CONTROL_RETRY;
        return;
    }
    control->op = SARN_CONTROL_RESOLVE;
    control->step = sarn_str(life->plot->ids[index]);
    if (deed != NULL && deed->stands > 0) {
        control->fate = SARN_STEP_DONE;
        control->data = &storm_payload;
        return;
    }
    if (deed != NULL) {
        deed->fenced = visit->attempts;
    }
    control->fate = SARN_STEP_NOT_DONE;
    if (storm_draw(storm, 4) == 0) {
        control->op = SARN_CONTROL_SKIP;
        control->fate = 0;
    }
}

/* A compensation that failed: tried again, or made by hand. */
static void repair(struct storm *storm,
                   const struct judge_life *life,
                   const struct sarn__step *visit,
                   struct sarn_control *control)
{
    uint32_t index = plot_index(life->plot, visit->id);
    struct deed *deed = world_find(&storm->world, life->execution.beginning.run_id,
                                   life->plot, index, visit->visit);

    control->op = SARN_CONTROL_RETRY;
    if (life->plot->kinds[index] != 'L' && deed != NULL && storm_draw(storm, 3) == 0) {
        deed->stands = 0;
        deed->undone = true;
        control->op = SARN_CONTROL_SKIP;
    }
}

static void decide(struct storm *storm, const struct judge_life *life)
{
    const struct sarn__execution *execution = &life->execution;
    const struct sarn__step *visit = sarn__execution_visit(
        execution, execution->parked.step, execution->parked_visit);
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_RETRY;
    if (visit != NULL && visit->state == SARN__UNKNOWN) {
        resolve(storm, life, visit, &control);
    } else if (visit != NULL && visit->state == SARN__STUCK) {
        repair(storm, life, visit, &control);
    }
    storm_tell(storm, life, &control);
}

/* false: there is nothing to do for life. */
static bool help(struct storm *storm, const struct judge_life *life)
{
    const struct sarn__execution *execution = &life->execution;

    if (execution->paused) {
        storm_say(storm, life, SARN_CONTROL_RESUME);
    }
    if (execution->status == SARN_EXECUTION_PARKED) {
        decide(storm, life);
        return true;
    }
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        uint32_t index = plot_index(life->plot, visit->id);
        char kind = life->plot->kinds[index];

        if (visit->state == SARN__AWAITING && !visit->settled &&
            (kind == 'P' || kind == 'S')) {
            storm_answer(storm, life, index, visit->visit);
        }
    }
    return !sarn__execution_is_closed(execution);
}

static void describe(struct storm *storm)
{
    for (uint32_t i = 0; i < storm->judge.count; i++) {
        const struct judge_life *life = &storm->judge.lives[i];

        print_message("%s (%s) status %u%s\n", life->stream, life->plot->kinds,
                      life->execution.status, life->execution.paused ? " paused" : "");
        for (const struct sarn__step *visit = life->execution.first; visit != NULL;
             visit = visit->next) {
            print_message("  %.*s#%u state %d attempts %u order %u\n",
                          (int)visit->id.size, visit->id.data, visit->visit,
                          visit->state, visit->attempts, visit->order);
        }
    }
}

void storm_calm_down(struct storm *storm)
{
    bool left = true;

    sarn__sim_fail_append(storm->sim, 1, SARN__MEMORY_NO_FAULT);
    for (uint32_t round = 0; left; round++) {
        if (sarn__sim_run_moves(storm->sim, CALM_MOVES)) {
            storm_look(storm, getenv("SARN_TRACE") != NULL);
            fail_msg("%s: it goes round in circles", storm->what);
        }
        storm_look(storm, false);
        left = false;
        for (uint32_t i = 0; i < storm->judge.count; i++) {
            const struct judge_life *life = &storm->judge.lives[i];

            left =
                (!sarn__execution_is_closed(&life->execution) && help(storm, life)) ||
                left;
        }
        if (left && round == ROUNDS) {
            describe(storm);
            fail_msg("%s: it does not end", storm->what);
        }
        judge_done(&storm->judge);
    }
}
