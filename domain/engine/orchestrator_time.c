/* What is due, and what an earlier process left. */
#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/orchestrator_state.h"
#include "engine/schedules.h"

/* Stream numbers, gathered: the tables may not change while they are scanned. */
struct numbers {
    uint64_t items[SARN__RUNS_PER_TURN];
    uint32_t count;
};

static sarn_status gather(void *arg, uint64_t number)
{
    struct numbers *numbers = arg;

    assert(numbers->count < SARN__RUNS_PER_TURN);
    numbers->items[numbers->count] = number;
    numbers->count += 1;
    return SARN_OK;
}

/* --- taking up --- */

/* The run of a stream that is to go on, not loaded; *run NULL: it is in memory, or its
 * workflow is nobody's here: another program may know it. A schedule is called. */
static sarn_status take_up(sarn_engine *engine,
                           uint64_t number,
                           struct sarn__run **run,
                           struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__run *made = NULL;
    struct sarn_str stream;
    uint32_t tenant = 0;

    *run = NULL;
    sarn_arena_reset(orchestrator->scratch);
    SARN__TRY(sarn__store_stream_name(&engine->log.store, number, orchestrator->scratch,
                                      &tenant, &stream, error));
    if (sarn__is_schedule(stream)) {
        return sarn__schedules_call(engine, tenant, stream, error);
    }
    if (sarn__registry_workflow(engine->log.registry, sarn__category(stream)) == NULL ||
        sarn__run_find(orchestrator, tenant, stream) != NULL) {
        return SARN_OK;
    }
    made = sarn__run_create(orchestrator, tenant, stream, NULL);
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory taking up executions");
    }
    made->recovered = made->orphaned = true;
    *run = made;
    return SARN_OK;
}

sarn_status sarn__orchestrator_take_up_later(sarn_engine *engine,
                                             uint64_t number,
                                             struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint32_t room = orchestrator->later_room == 0 ? 64 : orchestrator->later_room * 2;
    uint64_t *later = orchestrator->later;

    if (orchestrator->later_count == orchestrator->later_room) {
        later =
            sarn__heap_resize(&engine->log.ports.heap, later, room * sizeof(*later));
        if (later == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM,
                              "out of memory for executions that do not fit");
        }
        orchestrator->later = later;
        orchestrator->later_room = room;
    }
    orchestrator->later[orchestrator->later_count++] = number;
    return SARN_OK;
}

/* What is to be taken up next, and where to go on. */
static sarn_status next_numbers(sarn_engine *engine,
                                uint32_t limit,
                                struct numbers *numbers,
                                struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;

    if (orchestrator->recover_from != 0) {
        return sarn__store_executions(&engine->log.store, orchestrator->recover_from,
                                      limit, gather, numbers, error);
    }
    while (numbers->count < limit && numbers->count < orchestrator->later_count) {
        numbers->items[numbers->count] =
            orchestrator->later[orchestrator->later_count - 1 - numbers->count];
        numbers->count += 1;
    }
    return SARN_OK;
}

static bool go_on_behind(struct sarn__orchestrator *orchestrator,
                         const struct numbers *numbers,
                         uint32_t limit)
{
    if (orchestrator->recover_from == 0) {
        orchestrator->later_count -= numbers->count;
    } else {
        orchestrator->recover_from =
            numbers->count < limit ? 0 : numbers->items[numbers->count - 1] + 1;
    }
    return orchestrator->recover_from != 0 || orchestrator->later_count > 0;
}

bool sarn__orchestrator_recover(sarn_engine *engine, uint32_t limit)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct numbers numbers = {.count = 0};
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    if ((orchestrator->recover_from == 0 && orchestrator->later_count == 0) ||
        limit == 0) {
        return false;
    }
    limit = limit < SARN__RUNS_PER_TURN ? limit : SARN__RUNS_PER_TURN;
    status = next_numbers(engine, limit, &numbers, &error);
    for (uint32_t i = 0; status == SARN_OK && i < numbers.count; i++) {
        struct sarn__run *run = NULL;

        status = take_up(engine, numbers.items[i], &run, &error);
        if (run != NULL) {
            sarn__run_advance(engine, run);
        }
    }
    if (status != SARN_OK) {
        if (status == SARN_ERR_NOMEM) {
            sarn__engine_rest(engine); /* Those taken up are found and passed over. */
        } else {
            sarn__engine_halt(engine, status, &error);
        }
        return false;
    }
    sarn__runs_trim(engine);
    return go_on_behind(orchestrator, &numbers, limit);
}

/* --- what is due --- */

/* Timers of what is in memory. true: more are due. */
static bool ring(sarn_engine *engine, int64_t now_us)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__timer *timer = sarn__timers_first(&orchestrator->timers);

    for (uint32_t i = 0; timer != NULL && timer->due_us <= now_us; i++) {
        struct sarn__run *run = SARN__OF(timer, struct sarn__run, timer);

        if (i == SARN__RUNS_PER_TURN || sarn__writer_is_full(&engine->writer)) {
            return true;
        }
        sarn__timers_clear(&orchestrator->timers, timer);
        sarn__run_advance(engine, run);
        timer = sarn__timers_first(&orchestrator->timers);
    }
    return false;
}

struct sleepers {
    struct sarn__due items[SARN__RUNS_PER_TURN];
    uint32_t count;
};

static sarn_status gather_due(void *arg, const struct sarn__due *due)
{
    struct sleepers *sleepers = arg;

    assert(sleepers->count < SARN__RUNS_PER_TURN);
    sleepers->items[sleepers->count] = *due;
    sleepers->count += 1;
    return SARN_OK;
}

/* Wake what is due, each once: what was woken is in memory until the store knows that
 * it sleeps no more, or cannot be woken (nobody's here, or damaged). Whoever falls
 * asleep until a time that is passed already stays in memory, see sarn__runs_reap(). */
static sarn_status
wake_sleepers(sarn_engine *engine, int64_t now_us, bool *more, struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sleepers sleepers = {.count = 0};

    *more = false;
    if (sarn__orchestrator_next_due(engine) > now_us ||
        sarn__writer_is_full(&engine->writer)) {
        return SARN_OK;
    }
    SARN__TRY(sarn__store_due(&engine->log.store, &orchestrator->due, now_us,
                              SARN__RUNS_PER_TURN, gather_due, &sleepers, error));
    for (uint32_t i = 0; i < sleepers.count; i++) {
        struct sarn__run *run = NULL;

        SARN__TRY(take_up(engine, sleepers.items[i].number, &run, error));
        orchestrator->due = sleepers.items[i];
        orchestrator->due_folded = 0;
        if (run != NULL) {
            run->rang = true;
            sarn__run_advance(engine, run);
        }
    }
    *more = sleepers.count == SARN__RUNS_PER_TURN;
    return SARN_OK;
}

bool sarn__orchestrator_wake(sarn_engine *engine)
{
    struct sarn_error error = {SARN_OK, ""};
    int64_t now_us = sarn__writer_now(&engine->writer);
    bool more = ring(engine, now_us);
    bool sleepers = false;
    sarn_status status = wake_sleepers(engine, now_us, &sleepers, &error);

    if (status == SARN_ERR_NOMEM) {
        sarn__engine_rest(engine);
    } else if (status != SARN_OK) {
        sarn__engine_halt(engine, status, &error);
        return false;
    }
    more = sarn__runs_pump(engine) || more || sleepers;
    sarn__runs_reap(engine);
    sarn__runs_trim(engine);
    return more && !sarn__writer_is_full(&engine->writer);
}

static sarn_status take_first(void *arg, const struct sarn__due *due)
{
    *(int64_t *)arg = due->due_us;
    return SARN_OK;
}

int64_t sarn__orchestrator_next_due(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__store *store = &engine->log.store;
    uint64_t folded = sarn__writer_folded(&engine->writer);
    int64_t due_us = INT64_MAX;

    if (orchestrator->due_folded == folded) {
        return orchestrator->due_next_us;
    }
    if (sarn__store_next_due(store, &due_us, NULL) == SARN_OK &&
        due_us <= orchestrator->due.due_us) { /* It was woken, and is not folded. */
        due_us = INT64_MAX;
        if (sarn__store_due(store, &orchestrator->due, INT64_MAX, 1, take_first,
                            &due_us, NULL) != SARN_OK) {
            return INT64_MAX; /* Asked again with the next turn. */
        }
    }
    orchestrator->due_next_us = due_us;
    orchestrator->due_folded = folded;
    return due_us;
}

int64_t sarn__orchestrator_next_wake(sarn_engine *engine)
{
    const struct sarn__timer *timer = sarn__timers_first(&engine->orchestrator->timers);
    int64_t wake_us = timer == NULL ? INT64_MAX : timer->due_us;
    int64_t due_us = INT64_MAX;

    if (engine->stopped != SARN_OK) {
        return INT64_MAX;
    }
    due_us = sarn__orchestrator_next_due(engine);
    wake_us = due_us < wake_us ? due_us : wake_us;
    due_us = sarn__admit_due_us(engine);
    return due_us < wake_us ? due_us : wake_us;
}
