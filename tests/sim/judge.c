#include "sim/judge.h"

#include "engine/execution_log.h"
#include "engine/state.h"
#include "sarn/payments.h"
#include "support/test.h"

/* --- lives --- */

static struct judge_life *life_of(struct judge *judge, struct sarn_str stream)
{
    struct judge_life *life = NULL;
    struct sarn_str category = sarn__category(stream);
    const struct plot *plot = world_plot(judge->world, category);

    for (uint32_t i = 0; i < judge->count; i++) {
        if (sarn_str_equal(sarn_str(judge->lives[i].stream), stream)) {
            return &judge->lives[i];
        }
    }
    if (plot == NULL) {
        return NULL;
    }
    assert_true(judge->count < JUDGE_LIVES_MAX);
    life = &judge->lives[judge->count++];
    *life = (struct judge_life){.plot = plot};
    assert_true(stream.size < sizeof(life->stream));
    snprintf(life->stream, sizeof(life->stream), "%.*s", (int)stream.size, stream.data);
    life->id = life->stream + category.size + 1;
    sarn__execution_init(&life->execution, judge->arena);
    return life;
}

/* --- the end of a run --- */

enum standing { STANDS, STANDS_NOT, MAY_STAND };

static bool is_undone(uint32_t status)
{
    return status == SARN_EXECUTION_COMPENSATED || status == SARN_EXECUTION_CANCELLED ||
           status == SARN_EXECUTION_TERMINATED || status == SARN_EXECUTION_TIMED_OUT ||
           status == SARN_EXECUTION_UNDONE;
}

/* What is to be seen in the world of visit, in a run that ended. */
static enum standing expected(const struct sarn__execution *execution,
                              const struct sarn_step *step,
                              const struct sarn__step *visit)
{
    if (visit->inherited) {
        return STANDS_NOT; /* It was done in another run. */
    }
    if (step->compensate == NULL) {
        return visit->state == SARN__DONE ? STANDS : MAY_STAND;
    }
    if (is_undone(execution->status)) {
        return STANDS_NOT;
    }
    if (visit->state == SARN__DONE) {
        return STANDS;
    }
    return visit->acted ? MAY_STAND : STANDS_NOT;
}

static void judge_visit(const struct judge *judge,
                        struct judge_life *life,
                        const struct sarn__step *visit)
{
    uint32_t index = plot_index(life->plot, visit->id);
    const struct sarn_step *step = &life->plot->steps[index];
    enum standing standing = expected(&life->execution, step, visit);
    const struct deed *deed = world_find(judge->world, life->execution.beginning.run_id,
                                         life->plot, index, visit->visit);
    int32_t stands = deed != NULL ? deed->stands : 0;

    if (step->kind == SARN_STEP_LOCAL) {
        life->balance += standing == STANDS ? 1 : 0;
        return;
    }
    if (step->kind != SARN_STEP_EXTERNAL) {
        return;
    }
    if (stands < 0 || stands > 1 || (standing == STANDS && stands != 1) ||
        (standing == STANDS_NOT && stands != 0)) {
        judge_wrong(
            judge, life,
            "run %u ended with status %u, and visit %u of %.*s, in state %d, stands "
            "%d times",
            life->runs, life->execution.status, visit->visit, (int)visit->id.size,
            visit->id.data, visit->state, stands);
    }
}

/* Nothing left the engine that the log knows nothing of. */
static void judge_deeds(const struct judge *judge, const struct judge_life *life)
{
    for (uint32_t i = 0; i < judge->world->count; i++) {
        const struct deed *deed = &judge->world->deeds[i];

        if (deed->stands != 0 && deed->plot == life->plot &&
            memcmp(&deed->run_id, &life->execution.beginning.run_id,
                   sizeof(deed->run_id)) == 0 &&
            sarn__execution_visit(&life->execution,
                                  sarn_str(life->plot->ids[deed->index]),
                                  deed->visit) == NULL) {
            judge_wrong(judge, life,
                        "visit %u of step %s stands, and was never recorded",
                        deed->visit, life->plot->ids[deed->index]);
        }
    }
}

static void judge_run(struct judge *judge, struct judge_life *life)
{
    if (!judge->final) {
        return;
    }
    if (!sarn__execution_is_closed(&life->execution)) {
        judge_wrong(judge, life, "run %u has not ended: status %u", life->runs,
                    life->execution.status);
    }
    for (const struct sarn__step *visit = life->execution.first; visit != NULL;
         visit = visit->next) {
        judge_visit(judge, life, visit);
    }
    judge_deeds(judge, life);
    judge->ends[life->execution.status] += 1;
}

static void note(struct judge *judge, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        judge->hash = (judge->hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
}

/* SARN_TRACE: what happened, one line an event. */
static void trace(const struct judge *judge,
                  const struct judge_life *life,
                  const struct sarn_event *event,
                  const struct sarn__execution_event *fact)
{
    if (event->position <= judge->world->traced || getenv("SARN_TRACE") == NULL) {
        return;
    }
    judge->world->traced = event->position;
    print_message("%" PRIu64 " +%" PRId64 "us %s %.*s", event->position,
                  event->time_us - life->execution.started_us, life->stream,
                  (int)event->type_name.size - 5, event->type_name.data + 5);
    if (fact->step.size > 0) {
        print_message(" %s%.*s/%" PRIu32 " #%" PRIu32,
                      fact->compensation ? "undo " : "", (int)fact->step.size,
                      fact->step.data, fact->visit, fact->attempt);
    }
    if (fact->chose) {
        print_message(" >%.*s", (int)fact->next.size, fact->next.data);
    }
    for (uint32_t i = 0; i < fact->step_count; i++) {
        print_message(" [%.*s]", (int)fact->steps[i].size, fact->steps[i].data);
    }
    print_message(" %.*s%.*s %.*s fate %u cause %u retry %" PRId64 " due %" PRId64
                  " dl %" PRId64 "\n",
                  (int)fact->name.size, fact->name.data, (int)fact->code.size,
                  fact->code.data, (int)fact->text.size, fact->text.data, fact->fate,
                  fact->cause,
                  fact->retry_at_us == 0 ? 0 : fact->retry_at_us - event->time_us,
                  fact->due_us == 0 ? 0 : fact->due_us - event->time_us,
                  fact->deadline_us == 0 ? 0 : fact->deadline_us - event->time_us);
}

static sarn_status judge_event(void *arg, const struct sarn_event *event)
{
    struct judge *judge = arg;
    struct judge_life *life = NULL;
    struct sarn__execution_event fact;
    struct sarn_error error = {SARN_OK, ""};
    uint32_t begun = 0, serial = 0;

    judge->events += 1;
    note(judge, event->stream.data, event->stream.size);
    note(judge, event->payload.data, event->payload.size);
    note(judge, event->id.bytes, sizeof(event->id.bytes));
    note(judge, &event->time_us, sizeof(event->time_us));
    sarn_arena_reset(judge->scratch);
    assert_int_equal(sarn__execution_event(event, judge->scratch, &fact, &error),
                     SARN_OK);
    if (fact.kind == 0 || (life = life_of(judge, event->stream)) == NULL) {
        return SARN_OK;
    }
    if (fact.kind == SARN__STARTED && life->runs > 0) {
        judge_run(judge, life);
    }
    judge->facts[fact.kind] += 1;
    trace(judge, life, event, &fact);
    begun = life->execution.last_begun;
    serial = life->execution.place.serial;
    if (sarn__execution_apply(&life->execution, &fact, &error) != SARN_OK) {
        judge_wrong(judge, life, "event %" PRIu64 " does not fold: %s", event->position,
                    error.text);
    }
    judge_fact(judge, life, &fact, begun, serial);
    return SARN_OK;
}

/* --- all of it --- */

static sarn_status
take_balance(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    const struct payments_account *account = state;
    int64_t *balance = arg;

    (void)stream;
    *balance = version < 0 ? 0 : account->balance;
    return SARN_OK;
}

static void judge_balance(const struct judge *judge,
                          const struct judge_life *life,
                          sarn_engine *engine)
{
    char stream[160];
    struct sarn_str name;
    int64_t balance = -1;

    snprintf(stream, sizeof(stream), "account-%s:%s", life->plot->name, life->id);
    name = sarn_str(stream);
    assert_int_equal(
        sarn__engine_load(engine, 0, &name, 1, take_balance, &balance, NULL), SARN_OK);
    if (balance != life->balance) {
        judge_wrong(judge, life, "local steps stand %" PRId64 " times and not %" PRId64,
                    balance, life->balance);
    }
}

/* A child that completed is undone when its parent undoes the step. */
static void judge_children(struct judge *judge, const struct judge_life *life)
{
    for (const struct sarn__step *visit = life->execution.first; visit != NULL;
         visit = visit->next) {
        const struct judge_life *child =
            visit->child.size == 0 ? NULL : life_of(judge, visit->child);
        uint32_t status = child != NULL ? child->execution.status : 0;

        /* Its name may have become another's. */
        if (child != NULL && memcmp(&child->execution.beginning.run_id,
                                    &visit->child_run, sizeof(visit->child_run)) != 0) {
            continue;
        }

        /* One that is not needed any more does not stand alone. */
        if (child != NULL && !child->rewound && visit->state == SARN__CANCELLED &&
            is_undone(life->execution.status) && status == SARN_EXECUTION_COMPLETED &&
            life->plot->steps[plot_index(life->plot, visit->id)].parent_close !=
                SARN_PARENT_CLOSE_ABANDON) {
            judge_wrong(judge, life, "step %.*s was cancelled, and its child stands",
                        (int)visit->id.size, visit->id.data);
        }
        /* One that was reset goes its own way. */
        if (child == NULL || child->rewound || visit->order == 0 ||
            (visit->state != SARN__DONE && visit->state != SARN__UNDONE)) {
            continue;
        }
        if (status != (visit->state == SARN__DONE ? SARN_EXECUTION_COMPLETED
                                                  : SARN_EXECUTION_UNDONE)) {
            judge_wrong(judge, life, "step %.*s is %s, and its child has status %u",
                        (int)visit->id.size, visit->id.data,
                        visit->state == SARN__DONE ? "done" : "undone", status);
        }
    }
}

/* --- what a search says --- */

static sarn_status judge_row(void *arg, const struct sarn_execution_row *row)
{
    struct judge *judge = arg;
    char stream[128];
    const struct judge_life *life = NULL;

    snprintf(stream, sizeof(stream), "%.*s-%.*s", (int)row->workflow.size,
             row->workflow.data, (int)row->workflow_id.size, row->workflow_id.data);
    life = life_of(judge, sarn_str(stream));
    if (row->status != life->execution.status) {
        judge_wrong(judge, life, "a search finds it with status %u and not %u",
                    row->status, life->execution.status);
    }
    judge->rows += 1;
    return SARN_OK;
}

static sarn_status judge_count(void *arg, const struct sarn_execution_count *count)
{
    struct judge *judge = arg;

    for (uint32_t i = 0; i < judge->count; i++) {
        const struct judge_life *life = &judge->lives[i];

        judge->counted -= life->execution.status == count->status &&
                          sarn_str_equal(sarn_str(life->plot->name), count->workflow);
    }
    judge->counted += (int64_t)count->count;
    return SARN_OK;
}

static void judge_search(struct judge *judge, struct sarn_log *log)
{
    struct sarn_error error = {SARN_OK, ""};

    assert_ok(sarn_executions(log, NULL, judge_row, judge, &error), &error);
    assert_ok(sarn_execution_counts(log, judge_count, judge, &error), &error);
    if (judge->rows != judge->count || judge->counted != 0) {
        fail_msg("%s: a search finds %" PRIu64 " of %" PRIu32
                 " executions, and %" PRId64 " too many are counted",
                 judge->what, judge->rows, judge->count, judge->counted);
    }
}

void judge_read(struct judge *judge,
                struct world *world,
                sarn_engine *engine,
                const char *what,
                bool final)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error = {SARN_OK, ""};

    *judge = (struct judge){.world = world,
                            .what = what,
                            .final = final,
                            .arena = sarn_arena_create(NULL),
                            .scratch = sarn_arena_create(NULL)};
    sarn__settle_fold(engine);
    assert_ok(
        sarn__log_read(sarn__engine_log(engine), &range, judge_event, judge, &error),
        &error);
    judge_search(judge, sarn__engine_log(engine));
    for (uint32_t i = 0; final && i < judge->count; i++) {
        judge_run(judge, &judge->lives[i]);
        judge_balance(judge, &judge->lives[i], engine);
        judge_children(judge, &judge->lives[i]);
    }
}

void judge_done(struct judge *judge)
{
    sarn_arena_destroy(judge->arena);
    sarn_arena_destroy(judge->scratch);
}
