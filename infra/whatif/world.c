#include "infra/whatif/world.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"
#include "infra/yajl/json.h"

/* How long who is behind may take: pauses before retries are drawn anew. */
#define BEHIND_US_MAX (INT64_C(60) * 1000000)

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

/* The codec wants them aligned, which a log's event and an arena's copy are not. */
static sarn_status decode(const struct sarn__world *world,
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

    if (type != NULL && decode(world_of(call), type, fact->input, call->arena, &input,
                               NULL) != SARN_OK) {
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
        sarn_status status =
            decode(world_of(call), type, fact->output, call->arena, &value, NULL);

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

static bool work(void *arg, struct sarn__job *job)
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

static void ask_all_again(struct sarn__world *world)
{
    for (struct sarn__past *past = world->old == NULL ? NULL : world->old->first;
         past != NULL; past = past->next) {
        put_back(world, &past->early);
    }
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

static const struct sarn_module *rewire_module(struct sarn__world *world,
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

/* --- life --- */

static void *resize(void *arg, void *memory, size_t size)
{
    struct sarn__world *world = arg;
    void *resized = world->heap.resize(world->heap.arg, memory, size);

    world->starved = world->starved || (resized == NULL && size > 0);
    return resized;
}

sarn_status sarn__world_check(const struct sarn__world *world, struct sarn_error *error)
{
    return !world->starved
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM,
                            "out of memory running executions again; ask about fewer, "
                            "by a range of positions");
}

sarn_status sarn__world_open(struct sarn__world *world,
                             const struct sarn_module *const *modules,
                             uint32_t module_count,
                             void *context,
                             int64_t start_us,
                             const struct sarn_heap *heap,
                             struct sarn_error *error)
{
    struct sarn__sim_options options = {
        .seed = 1,
        .options = {.module_count = module_count,
                    .context = context,
                    .heap = {.resize = resize, .arg = world},
                    .workers = UINT32_MAX}, /* What is held keeps nobody waiting. */
        .codec = world->codec,
        .json = sarn__yajl_json(),
        .hooks = {.arg = world, .work = work},
        .start_us = start_us,
        .still = true}; /* What a step calls now is what it was. */
    const struct sarn_module **rewired = NULL;

    world->heap = *heap;
    world->arena = sarn_arena_create(heap);
    if (world->arena != NULL) {
        rewired =
            sarn_arena_alloc(world->arena, module_count * sizeof(struct sarn_module *));
    }
    for (uint32_t i = 0; rewired != NULL && i < module_count; i++) {
        rewired[i] = rewire_module(world, modules[i]);
        if (rewired[i] == NULL) {
            rewired = NULL;
        }
    }
    if (rewired == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u modules",
                          module_count);
    }
    options.options.modules = rewired;
    return sarn__sim_create(&options, &world->sim, error);
}

void sarn__world_close(struct sarn__world *world)
{
    put_back(world, &world->held);
    ask_all_again(world);
    sarn__sim_destroy(world->sim);
    sarn_arena_destroy(world->arena);
}

void sarn__world_run(struct sarn__world *world, int64_t time_us)
{
    for (;;) {
        int64_t wake_us;

        while (!world->starved && sarn__sim_move(world->sim)) {
        }
        wake_us = sarn__sim_wake_us(world->sim);
        if (world->starved || wake_us > time_us || wake_us == INT64_MAX) {
            break;
        }
        sarn__sim_advance(world->sim, wake_us - sarn__sim_now_us(world->sim));
    }
    if (time_us != INT64_MAX && sarn__sim_now_us(world->sim) < time_us) {
        sarn__sim_advance(world->sim, time_us - sarn__sim_now_us(world->sim));
    }
}

static bool had_ended(const struct sarn__past *past)
{
    return past->status != SARN_EXECUTION_RUNNING &&
           past->status != SARN_EXECUTION_COMPENSATING;
}

/* The first from past on that had ended, and goes on here; NULL: there is none. */
static struct sarn__past *first_behind(const struct sarn__world *world,
                                       struct sarn__past *past)
{
    const struct sarn__orchestrator *orchestrator =
        sarn__sim_engine(world->sim)->orchestrator;

    for (; past != NULL; past = past->next) {
        const struct sarn__run *run = NULL;

        if (!past->run_again || past->unanswered || !had_ended(past)) {
            continue;
        }
        run = sarn__run_find(orchestrator, past->tenant, past->stream);
        if (run != NULL &&
            (run->execution == NULL || !sarn__execution_is_over(run->execution))) {
            return past;
        }
    }
    return NULL;
}

void sarn__world_finish(struct sarn__world *world)
{
    int64_t end_us = sarn__sim_now_us(world->sim) + BEHIND_US_MAX;
    struct sarn__past *behind = world->old->first;

    world->position = UINT64_MAX;
    ask_all_again(world);
    for (;;) {
        int64_t wake_us;

        while (!world->starved && sarn__sim_move(world->sim)) {
        }
        behind = first_behind(world, behind);
        wake_us = sarn__sim_wake_us(world->sim);
        if (world->starved || behind == NULL || wake_us > end_us) {
            break;
        }
        if (wake_us > sarn__sim_now_us(world->sim)) {
            sarn__sim_advance(world->sim, wake_us - sarn__sim_now_us(world->sim));
        }
    }
}

/* --- what happens --- */

static sarn_status refuse(char refused[SARN_ERROR_TEXT_BYTES],
                          sarn_status status,
                          const char *text,
                          struct sarn_error *error)
{
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(error, status, "%s", text);
    }
    snprintf(refused, SARN_ERROR_TEXT_BYTES, "%.255s", text);
    return SARN_OK;
}

static sarn_status fill_start(struct sarn__world *world,
                              const struct sarn_event *event,
                              const struct sarn__execution_event *fact,
                              struct sarn_start *start,
                              struct sarn_error *why)
{
    const struct sarn__beginning *beginning = fact->beginning;
    struct sarn_str name = sarn__category(event->stream);
    const struct sarn_workflow *workflow = sarn__registry_workflow(
        sarn__engine_log(sarn__sim_engine(world->sim))->registry, name);
    void *input = NULL;

    if (workflow == NULL) {
        return sarn__fail(why, SARN_ERR_NOT_FOUND,
                          "no module given has a workflow \"%.*s\"", (int)name.size,
                          name.data);
    }
    if (workflow->input != NULL) {
        SARN__TRY(decode(world, workflow->input, beginning->input, world->arena, &input,
                         why));
    }
    *start = (struct sarn_start)SARN_START_INIT;
    start->flags = SARN_START_DETACHED;
    start->workflow = workflow->name;
    start->workflow_id = (struct sarn_str){event->stream.data + name.size + 1,
                                           event->stream.size - name.size - 1};
    start->input = input;
    start->actor = event->actor;
    start->origin = event->origin;
    start->correlation_id = event->correlation_id;
    start->tenant = event->tenant;
    start->exists = SARN_EXISTS_RESTART;
    start->timeout_us =
        beginning->deadline_us > 0 ? beginning->deadline_us - event->time_us : 0;
    start->priority = beginning->priority;
    return SARN_OK;
}

sarn_status sarn__world_start(struct sarn__world *world,
                              const struct sarn_event *event,
                              const struct sarn__execution_event *fact,
                              char refused[SARN_ERROR_TEXT_BYTES],
                              struct sarn_error *error)
{
    struct sarn__sim_outcome outcome = {0};
    struct sarn_error why = {SARN_OK, "it was not started"};
    struct sarn_start start;
    sarn_status status = fill_start(world, event, fact, &start, &why);

    refused[0] = '\0';
    if (status == SARN_OK) {
        status = sarn__sim_start(world->sim, &start, &outcome, &why);
    }
    if (status != SARN_OK) {
        return refuse(refused, status, why.text, error);
    }
    sarn__world_run(world, event->time_us);
    SARN__TRY(sarn__world_check(world, error));
    if (outcome.answers != 1) {
        return sarn__fail(error, SARN_ERR_STATE, "a start was not answered");
    }
    return outcome.status == SARN_OK
               ? SARN_OK
               : refuse(refused, outcome.status, outcome.text, error);
}

static struct sarn__meta meta_of(const struct sarn_event *event)
{
    return (struct sarn__meta){.correlation_id = event->correlation_id,
                               .causation_id = event->causation_id,
                               .time_us = event->time_us,
                               .tenant = event->tenant,
                               .actor = event->actor,
                               .origin = event->origin};
}

sarn_status sarn__world_tell(struct sarn__world *world,
                             const struct sarn_event *event,
                             const struct sarn__execution_event *fact,
                             char refused[SARN_ERROR_TEXT_BYTES],
                             struct sarn_error *error)
{
    sarn_engine *engine = sarn__sim_engine(world->sim);
    struct sarn_error why = {SARN_OK, "there is no such execution"};
    struct sarn__meta meta = meta_of(event);
    struct sarn__run *run = NULL;
    sarn_status status;

    refused[0] = '\0';
    meta.time_us = sarn__writer_now(&engine->writer);
    status = sarn__run_take_up(engine, event->tenant, event->stream, &run, &why);
    if (status == SARN_OK && run == NULL) {
        status = SARN_ERR_NOT_FOUND;
    }
    if (status == SARN_OK) {
        status = sarn__run_tell(engine, run, &meta, fact, &why);
    }
    sarn__sim_poke(world->sim);
    return status == SARN_OK ? SARN_OK : refuse(refused, status, why.text, error);
}

sarn_status sarn__world_append(struct sarn__world *world,
                               const struct sarn_event *event,
                               struct sarn_error *error)
{
    sarn_engine *engine = sarn__sim_engine(world->sim);
    const struct sarn_type *known = NULL;
    struct sarn__meta meta = meta_of(event);
    struct sarn__new_event written_event = {.stream = event->stream,
                                            .type = &sarn_bytes_type,
                                            .type_name = event->type_name,
                                            .payload = event->payload};
    struct sarn__written written;

    if (event->type != NULL) {
        known = sarn__registry_type(sarn__engine_log(engine)->registry,
                                    sarn_str(event->type->name));
    }
    if (known != NULL && known == event->type) { /* By the new code's own schema. */
        sarn_arena_reset(engine->scratch);
        written_event.type = known;
        written_event.type_name =
            known == &sarn_bytes_type ? event->type_name : sarn_str(known->name);
        SARN__TRY(world->codec.ops->encode(world->codec.self, known, event->data,
                                           engine->scratch, &written_event.payload,
                                           error));
    }
    if (sarn__writer_now(&engine->writer) > meta.time_us) {
        meta.time_us = sarn__writer_now(&engine->writer);
    }
    SARN__TRY(
        sarn__writer_put(&engine->writer, &meta, &written_event, &written, error));
    sarn__entities_drop_name(&engine->entities, event->tenant, event->stream);
    sarn__writer_wait(&engine->writer);
    sarn__sim_poke(world->sim);
    if (sarn__writer_is_full(&engine->writer)) {
        sarn__world_run(world, event->time_us);
    }
    return SARN_OK;
}
