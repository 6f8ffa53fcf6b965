/* What people say to executions on the way. */
#include "engine/promise_id.h"
#include "sim/storm.h"
#include "support/test.h"

void storm_tell(struct storm *storm,
                const struct judge_life *life,
                struct sarn_control *control)
{
    struct sarn__request *request = NULL;
    struct sarn_error error = {SARN_OK, ""};

    if (control->op != SARN_CONTROL_PROMISE &&
        control->op != SARN_CONTROL_FAIL_PROMISE) {
        control->workflow = sarn_str(life->plot->name);
        control->workflow_id = sarn_str(life->id);
    }
    if (storm->asked_count == STORM_ASKED_MAX) {
        return;
    }
    assert_ok(
        sarn__request_control(sarn__sim_engine(storm->sim), control, &request, &error),
        &error);
    sarn__sim_request(storm->sim, request, storm_asks(storm));
}

void storm_say(struct storm *storm, const struct judge_life *life, uint32_t op)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = op;
    storm_tell(storm, life, &control);
}

const struct sarn_str storm_payload = SARN_STR("payload");

void storm_answer(struct storm *storm,
                  const struct judge_life *life,
                  uint32_t index,
                  uint32_t visit)
{
    const struct plot *plot = life->plot;
    struct sarn_control control = SARN_CONTROL_INIT;
    struct sarn__promise_id id = {.run_id = life->execution.beginning.run_id,
                                  .visit = visit,
                                  .stream = sarn_str(life->stream),
                                  .step = sarn_str(plot->ids[index])};
    struct sarn_error error = {SARN_OK, ""};

    control.data = &storm_payload;
    if (plot->kinds[index] == 'P') {
        assert_ok(sarn__promise_id_write(&id, storm->judge.scratch, &control.name),
                  &error);
        control.op = SARN_CONTROL_PROMISE;
        if (plot_failures(plot, sarn_str(life->id), index, visit) == UINT32_MAX) {
            control.op = SARN_CONTROL_FAIL_PROMISE;
            control.data = NULL;
            control.code = sarn_str("broken");
        }
    } else {
        bool named = plot->steps[index].signal != NULL;

        control.name = sarn_str(named ? "go" : plot->ids[index]);
        control.op = named && plot->workflow.message_count > 0 ? SARN_CONTROL_UPDATE
                                                               : SARN_CONTROL_SIGNAL;
    }
    storm_tell(storm, life, &control);
}

static void answer_early(struct storm *storm, const struct judge_life *life)
{
    uint32_t index = (uint32_t)storm_draw(storm, life->plot->workflow.step_count);
    const struct sarn__step *visit =
        sarn__execution_step(&life->execution, sarn_str(life->plot->ids[index]));

    if (life->plot->kinds[index] == 'P' || life->plot->kinds[index] == 'S') {
        storm_answer(
            storm, life, index,
            visit == NULL ? 1 : visit->visit + (sarn__visit_is_over(visit) ? 1 : 0));
    }
}

static void reset(struct storm *storm, const struct judge_life *life)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_RESET;
    control.step =
        sarn_str(life->plot->ids[storm_draw(storm, life->plot->workflow.step_count)]);
    storm_tell(storm, life, &control);
}

/* A new execution, that takes over what life did before some step. */
static void fork_off(struct storm *storm, const struct judge_life *life)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    char name[16];

    snprintf(name, sizeof(name), "f%" PRIu32, storm->forks++);
    control.op = SARN_CONTROL_FORK;
    control.name = sarn_str(name);
    control.step =
        sarn_str(life->plot->ids[storm_draw(storm, life->plot->workflow.step_count)]);
    storm_tell(storm, life, &control);
}

void storm_interfere(struct storm *storm)
{
    static const uint32_t ops[] = {SARN_CONTROL_CANCEL, SARN_CONTROL_TERMINATE,
                                   SARN_CONTROL_PAUSE, SARN_CONTROL_RESUME};
    const struct judge_life *life = NULL;

    storm_look(storm, false);
    if (storm->judge.count > 0) {
        uint64_t what = storm_draw(storm, 12);

        life = &storm->judge.lives[storm_draw(storm, storm->judge.count)];
        if (what < COUNT(ops)) {
            storm_say(storm, life, ops[what]);
        } else if (what < 7) {
            reset(storm, life);
        } else if (what == 7 && storm->forks < STORM_FORKS_MAX) {
            fork_off(storm, life);
        } else {
            answer_early(storm, life);
        }
    }
    judge_done(&storm->judge);
}
