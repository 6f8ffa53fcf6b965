/* External steps of the new code, and what they are answered. */
#include "infra/whatif/world.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

/* A workflow whose external steps ask history. */
struct rewired {
    struct sarn_workflow workflow;
    struct sarn__world *world;
};

static struct sarn__world *world_of(const struct sarn_step_call *call)
{
    return SARN__OF(call->workflow, struct rewired, workflow)->world;
}

static struct sarn__past *past_of(const struct sarn__world *world,
                                  const struct sarn__step_job *job)
{
    return job->run == NULL ? NULL
                            : sarn__history_find(world->old, job->run->tenant,
                                                 sarn__run_stream(job->run));
}

/* --- bytes of the old log --- */

/* A log's event and an arena's copy need not be aligned. */
sarn_status sarn__world_decode(const struct sarn__world *world,
                               const struct sarn_type *type,
                               struct sarn_str bytes,
                               struct sarn_arena *arena,
                               void **value,
                               struct sarn_error *error)
{
    const struct sarn_codec *codec = &world->codec;
    char *aligned = sarn_arena_alloc(arena, bytes.size);
    void *made = sarn_arena_alloc(arena, type->size);

    if (aligned == NULL || made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a %s", type->name);
    }
    if (bytes.size > 0) {
        memcpy(aligned, bytes.data, bytes.size);
    }
    bytes.data = aligned;
    SARN__TRY(codec->ops->verify(codec->self, type, bytes, error));
    SARN__TRY(codec->ops->decode(codec->self, type, bytes, made, arena, error));
    *value = made;
    return SARN_OK;
}

/* --- what external steps do --- */

static sarn_status go_on_anew(struct sarn_step_call *call,
                              const struct sarn__execution_event *fact)
{
    const struct sarn_type *type = call->workflow->input;
    void *input = NULL;

    if (type != NULL && sarn__world_decode(world_of(call), type, fact->input,
                                           call->arena, &input, NULL) != SARN_OK) {
        return sarn_step_fail(call, "input",
                              "its next run's input does not fit its new type");
    }
    return sarn_step_continue_as_new(call, input);
}

static sarn_status give(struct sarn_step_call *call,
                        const struct sarn__execution_event *fact)
{
    const struct sarn_type *type = call->step->output;

    if (!call->compensation && type != NULL && fact->output.size > 0) {
        void *value = NULL;
        sarn_status status = sarn__world_decode(world_of(call), type, fact->output,
                                                call->arena, &value, NULL);

        if (status == SARN_ERR_NOMEM) {
            return status;
        }
        if (status != SARN_OK) {
            return sarn_step_fail(call, "output",
                                  "its recorded output does not fit its new type");
        }
        SARN__TRY(sarn_step_output(call, value));
    }
    if (fact->continues) {
        return go_on_anew(call, fact);
    }
    /* A step that the new code does not have is not gone on with. */
    if (fact->chose) {
        char next[SARN_NAME_BYTES_MAX + 1];

        snprintf(next, sizeof(next), "%.*s", (int)fact->next.size,
                 fact->next.size > 0 ? fact->next.data : "");
        return sarn_step_next(call, next);
    }
    return SARN_OK;
}

/* run, compensate and reconcile of every external step. */
static sarn_status answer(struct sarn_step_call *call)
{
    struct sarn__world *world = world_of(call);
    struct sarn__past *past = past_of(world, call->job);
    struct sarn__told *told = past == NULL
                                  ? NULL
                                  : sarn__past_answer(past, &call->run_id, call->step,
                                                      call->visit, call->compensation);

    if (told == NULL && call->compensation) {
        return SARN_OK;
    }
    if (told == NULL) { /* Nobody waits for it any more. */
        return sarn_step_fail(call, "no_answer", "history does not say");
    }
    if (told->fact.kind == SARN__STEP_FAILED) {
        char code[SARN__STEP_CODE_BYTES];

        snprintf(code, sizeof(code), "%.*s", (int)told->fact.code.size,
                 told->fact.code.size > 0 ? told->fact.code.data : "");
        return sarn_step_fail(call, code, "%.*s", (int)told->fact.text.size,
                              told->fact.text.size > 0 ? told->fact.text.data : "");
    }
    if (call->reconciling) {
        sarn_step_set_fate(call, SARN_STEP_DONE);
    }
    return give(call, &told->fact);
}

/* How long an attempt may take. */
static int64_t time_left(const struct sarn_step_call *call)
{
    const struct sarn_timeouts *timeouts = &call->step->timeouts;
    const int64_t limits[] = {call->compensation ? timeouts->compensation_us
                                                 : timeouts->start_to_close_us,
                              timeouts->heartbeat_us, timeouts->schedule_to_close_us};
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        least = limits[i] > 0 && limits[i] < least ? limits[i] : least;
    }
    return least;
}

static void hold(struct sarn__job **held, struct sarn__job *job)
{
    job->next = *held;
    *held = job;
}

/* What happens in the old log until then, happens before it comes back here, too. But
 * no limit is passed by waiting: there it may have begun later. */
static bool is_early(const struct sarn__world *world,
                     const struct sarn_step_call *call,
                     const struct sarn__told *told)
{
    return told->position > world->position &&
           told->fact.time_us - sarn__sim_now_us(world->sim) < time_left(call);
}

/* Does it not come back now? What history does not know, and what timed out, never
 * does. */
static bool is_held(struct sarn__world *world, struct sarn__step_job *job)
{
    const struct sarn_step_call *call = &job->call;
    struct sarn__past *past = past_of(world, job);
    struct sarn__told *told = NULL;

    if (past != NULL) {
        told = sarn__past_answer(past, &call->run_id, call->step, call->visit,
                                 call->compensation);
    }
    if (job->run == NULL || (told == NULL && call->compensation)) {
        return false; /* It is taken to succeed: what would be undone is the question.
                       */
    }
    if (told == NULL) {
        world->unanswered(world->arg, past, job->run->tenant,
                          sarn__run_stream(job->run), sarn_str(call->step->id));
        hold(&world->held, &job->job);
        return true;
    }
    if (told->fact.kind == SARN__STEP_TIMED_OUT ||
        (told->fact.kind == SARN__STEP_RECONCILED &&
         told->fact.fate != SARN_STEP_DONE)) {
        hold(&world->held, &job->job);
        return true;
    }
    told->used = false; /* It was only looked for: answer() takes it. */
    if (is_early(world, call, told)) {
        hold(&past->early, &job->job);
        return true;
    }
    return false;
}

bool sarn__world_work(void *arg, struct sarn__job *job)
{
    struct sarn__world *world = arg;

    if (job->kind == SARN__JOB_STEP &&
        is_held(world, SARN__OF(job, struct sarn__step_job, job))) {
        return false;
    }
    job->work(job);
    return true;
}

static void put_back(struct sarn__world *world, struct sarn__job **held)
{
    struct sarn__job *job = *held;

    *held = NULL;
    while (job != NULL) {
        struct sarn__job *next = job->next;

        sarn__sim_put(world->sim, job, false);
        job = next;
    }
}

void sarn__world_ask_again(struct sarn__world *world, struct sarn__past *past)
{
    put_back(world, &past->early);
}

void sarn__world_ask_all_again(struct sarn__world *world)
{
    for (struct sarn__past *past = world->old == NULL ? NULL : world->old->first;
         past != NULL; past = past->next) {
        put_back(world, &past->early);
    }
}

void sarn__world_let_go(struct sarn__world *world)
{
    put_back(world, &world->held);
    sarn__world_ask_all_again(world);
}

/* --- rewiring --- */

static void rewire_step(struct sarn_step *step)
{
    if (step->kind != SARN_STEP_EXTERNAL) {
        return;
    }
    step->run = answer;
    step->compensate = step->compensate == NULL ? NULL : answer;
    step->reconcile = step->reconcile == NULL ? NULL : answer;
}

static const struct sarn_workflow *rewire(struct sarn__world *world,
                                          const struct sarn_workflow *workflow)
{
    struct rewired *made = sarn_arena_alloc(world->arena, sizeof(*made));
    size_t size = (size_t)workflow->step_count * workflow->step_size;
    char *steps = sarn_arena_alloc(world->arena, size);

    if (made == NULL || steps == NULL) {
        return NULL;
    }
    memcpy(steps, workflow->steps, size);
    made->world = world;
    made->workflow = *workflow;
    made->workflow.steps = (const struct sarn_step *)(const void *)steps;
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        rewire_step(
            (struct sarn_step *)(void *)(steps + (size_t)i * workflow->step_size));
    }
    return &made->workflow;
}

const struct sarn_module *sarn__world_rewire(struct sarn__world *world,
                                             const struct sarn_module *module)
{
    struct sarn_module *made = sarn_arena_alloc(world->arena, sizeof(*made));
    const struct sarn_workflow **workflows = sarn_arena_alloc(
        world->arena, (size_t)module->workflow_count * sizeof(*workflows));

    if (made == NULL || workflows == NULL) {
        return NULL;
    }
    *made = *module;
    made->workflows = workflows;
    for (uint32_t i = 0; i < module->workflow_count; i++) {
        workflows[i] = rewire(world, module->workflows[i]);
        if (workflows[i] == NULL) {
            return NULL;
        }
    }
    return made;
}
