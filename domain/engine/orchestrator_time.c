/* What is due, and what an earlier process left. */
#include <assert.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

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
 * workflow is nobody's here: another program may know it. */
static sarn_status take_up(sarn_engine *engine,
                           uint64_t number,
                           struct sarn__run **run,
                           struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn_workflow *workflow = NULL;
    const struct sarn__definition *definition = NULL;
    struct sarn__run *made = NULL;
    struct sarn_str stream;
    uint32_t tenant = 0;

    *run = NULL;
    sarn_arena_reset(orchestrator->scratch);
    SARN__TRY(sarn__store_stream_name(&engine->log.store, number, orchestrator->scratch,
                                      &tenant, &stream, error));
    workflow = sarn__registry_workflow(engine->log.registry, sarn__category(stream));
    if (workflow == NULL || sarn__run_find(orchestrator, tenant, stream) != NULL) {
        return SARN_OK;
    }
    definition = sarn__run_definition(orchestrator, workflow);
    if (definition != NULL) {
        made = sarn__run_create(orchestrator, tenant, stream, definition);
    }
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory taking up executions");
    }
    made->recovered = made->orphaned = true;
    *run = made;
    return SARN_OK;
}

bool sarn__orchestrator_recover(sarn_engine *engine, uint32_t limit)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct numbers numbers = {.count = 0};
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    if (orchestrator->recover_from == 0 || limit == 0) {
        return false;
    }
    limit = limit < SARN__RUNS_PER_TURN ? limit : SARN__RUNS_PER_TURN;
    status = sarn__store_executions(&engine->log.store, orchestrator->recover_from,
                                    limit, gather, &numbers, &error);
    for (uint32_t i = 0; status == SARN_OK && i < numbers.count; i++) {
        struct sarn__run *run = NULL;

        status = take_up(engine, numbers.items[i], &run, &error);
        if (run != NULL) {
            sarn__run_advance(engine, run);
        }
    }
    if (status != SARN_OK) {
        if (status != SARN_ERR_NOMEM) {
            sarn__engine_halt(engine, status, &error);
        }
        return status == SARN_ERR_NOMEM; /* Those taken up are found and passed over. */
    }
    sarn__runs_trim(engine);
    if (numbers.count < limit) {
        orchestrator->recover_from = 0;
        return false;
    }
    orchestrator->recover_from = numbers.items[numbers.count - 1] + 1;
    return true;
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

/* What sleeps, and is to wake. true: more may be due. */
static sarn_status
wake_sleepers(sarn_engine *engine, int64_t now_us, bool *more, struct sarn_error *error)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    uint64_t folded = sarn__writer_folded(&engine->writer);
    struct numbers numbers = {.count = 0};
    uint32_t woken = 0;
    int64_t due_us = INT64_MAX;

    *more = false;
    SARN__TRY(sarn__store_next_due(&engine->log.store, &due_us, error));
    if (due_us > now_us || orchestrator->due_seen == folded ||
        sarn__writer_is_full(&engine->writer)) {
        return SARN_OK;
    }
    SARN__TRY(sarn__store_due(&engine->log.store, now_us, SARN__RUNS_PER_TURN, gather,
                              &numbers, error));
    for (uint32_t i = 0; i < numbers.count; i++) {
        struct sarn__run *run = NULL;

        SARN__TRY(take_up(engine, numbers.items[i], &run, error));
        if (run != NULL) {
            run->rang = true;
            sarn__run_advance(engine, run);
            woken += 1;
        }
    }
    /* The store sees them go when what they wrote is folded: not before. */
    orchestrator->due_seen = folded;
    *more = woken == SARN__RUNS_PER_TURN;
    return SARN_OK;
}

bool sarn__orchestrator_wake(sarn_engine *engine)
{
    struct sarn_error error = {SARN_OK, ""};
    int64_t now_us = sarn__writer_now(&engine->writer);
    bool more = ring(engine, now_us);
    bool sleepers = false;
    sarn_status status = wake_sleepers(engine, now_us, &sleepers, &error);

    if (status != SARN_OK && status != SARN_ERR_NOMEM) {
        sarn__engine_halt(engine, status, &error);
        return false;
    }
    more = sarn__runs_pump(engine) || more || sleepers;
    sarn__runs_reap(engine);
    sarn__runs_trim(engine);
    return more && !sarn__writer_is_full(&engine->writer);
}

int64_t sarn__orchestrator_next_wake(sarn_engine *engine)
{
    const struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn__timer *timer = sarn__timers_first(&orchestrator->timers);
    int64_t wake_us = timer == NULL ? INT64_MAX : timer->due_us;
    int64_t due_us = INT64_MAX;

    if (engine->stopped != SARN_OK) {
        return INT64_MAX;
    }
    /* What has been seen to be due waits for the fold, and not for the time. */
    if (sarn__store_next_due(&engine->log.store, &due_us, NULL) == SARN_OK &&
        (due_us > sarn__writer_now(&engine->writer) ||
         orchestrator->due_seen != sarn__writer_folded(&engine->writer)) &&
        due_us < wake_us) {
        wake_us = due_us;
    }
    return wake_us;
}
