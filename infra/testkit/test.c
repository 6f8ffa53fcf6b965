#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/flatbuffers/codec.h"
#include "infra/posix/zones.h"
#include "infra/testkit/testkit.h"
#include "infra/yajl/json.h"

#define PATIENCE_US (INT64_C(3653) * 24 * 3600 * 1000000)
#define MOVES_MAX   UINT64_C(1000000)

/* --- life --- */

static sarn_status take_options(const struct sarn_test_options *given,
                                struct sarn_test_options *options,
                                struct sarn_options *engine,
                                struct sarn_error *error)
{
    *options = (struct sarn_test_options)SARN_TEST_OPTIONS_INIT;
    *engine = (struct sarn_options)SARN_OPTIONS_INIT;
    if (given != NULL) {
        SARN__TRY(sarn__sized_copy(options, sizeof(*options), sizeof(*options), given,
                                   "sarn_test_options", error));
    }
    if (options->engine != NULL) {
        SARN__TRY(sarn__sized_copy(engine, sizeof(*engine), sizeof(*engine),
                                   options->engine, "sarn_options", error));
    }
    if (options->flags != 0 || options->patience_us < 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a test has no flags, and no patience under zero");
    }
    options->engine = NULL; /* The caller's may go. */
    options->patience_us =
        options->patience_us != 0 ? options->patience_us : PATIENCE_US;
    options->moves_max = options->moves_max != 0 ? options->moves_max : MOVES_MAX;
    return SARN_OK;
}

/* Copy the array of modules, which is the caller's. */
static sarn_status take_modules(sarn_test *test,
                                const struct sarn_module *const *modules,
                                uint32_t count,
                                struct sarn_error *error)
{
    const struct sarn_module **copy;

    for (uint32_t i = 0; i < count; i++) {
        if (modules == NULL || modules[i] == NULL) {
            return sarn__fail(error, SARN_ERR_INVALID, "modules[%u] is NULL", i);
        }
    }
    copy = sarn__heap_alloc(&test->heap, (count + 1) * sizeof(copy[0]));
    if (copy == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u modules", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = modules[i];
    }
    sarn__heap_free(&test->heap, (void *)test->modules);
    test->modules = copy;
    test->engine_options.modules = copy;
    test->engine_options.module_count = count;
    return SARN_OK;
}

/* The same of limits. */
static sarn_status take_limits(sarn_test *test, struct sarn_error *error)
{
    uint32_t count = test->engine_options.limit_count;

    if (count == 0 || test->engine_options.limits == NULL) {
        return SARN_OK;
    }
    test->limits = sarn__heap_alloc(&test->heap, count * sizeof(test->limits[0]));
    if (test->limits == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u limits", count);
    }
    memcpy(test->limits, test->engine_options.limits, count * sizeof(test->limits[0]));
    test->engine_options.limits = test->limits;
    return SARN_OK;
}

/* Put a host around the engine that the simulator has opened. */
static sarn_status put_host(sarn_test *test, struct sarn_error *error)
{
    struct sarn_options options = test->engine_options;

    options.heap = test->heap;
    SARN__TRY(sarn__host_create_driven(
        &options, (struct sarn__driver){&sarn__test_driver, test}, &test->host, error));
    sarn__host_attach(test->host, sarn__sim_engine(test->sim), NULL, NULL);
    return SARN_OK;
}

static sarn_status make_sim(sarn_test *test, struct sarn_error *error)
{
    const struct sarn__sim_options options = {
        .seed = test->options.seed,
        .options = test->engine_options,
        .codec = sarn__flatbuffers_codec(),
        .zones = sarn__posix_zones(),
        .json = sarn__yajl_json(),
        .start_us = test->options.start_us,
        .hooks = sarn__test_hooks(test),
    };

    SARN__TRY(sarn__sim_create(&options, &test->sim, error));
    return put_host(test, error);
}

static void init(sarn_test *test, const struct sarn_heap *heap)
{
    test->heap = *heap;
    test->scripts_tail = &test->scripts;
    sarn__held_init(&test->hanging);
    sarn__held_init(&test->late);
    sarn__held_init(&test->overtaken);
    sarn__held_init(&test->never);
    sarn__text_init(&test->report, heap);
}

sarn_status sarn_test_create(const struct sarn_test_options *given,
                             sarn_test **test,
                             struct sarn_error *error)
{
    struct sarn_test_options options;
    struct sarn_options engine;
    struct sarn_heap heap;
    sarn_test *made;
    sarn_status status;

    SARN__TRY(take_options(given, &options, &engine, error));
    heap = sarn__heap_or_malloc(&engine.heap);
    made = sarn__heap_alloc(&heap, sizeof(*made));
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a test");
    }
    init(made, &heap);
    made->options = options;
    made->engine_options = engine;
    made->arena = sarn_arena_create(&heap);
    status = made->arena == NULL
                 ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a test")
                 : take_modules(made, engine.modules, engine.module_count, error);
    if (status == SARN_OK) {
        status = take_limits(made, error);
    }
    if (status == SARN_OK) {
        status = make_sim(made, error);
    }
    if (status != SARN_OK) {
        sarn_test_destroy(made);
        return status;
    }
    *test = made;
    return SARN_OK;
}

void sarn__test_give_back(sarn_test *test)
{
    struct sarn__held *const worked[] = {&test->late, &test->overtaken, &test->never};

    while (test->hanging.count > 0) {
        sarn__sim_put(test->sim, sarn__held_pop(&test->hanging), false);
    }
    for (size_t i = 0; i < sizeof(worked) / sizeof(worked[0]); i++) {
        while (worked[i]->count > 0) {
            sarn__sim_put(test->sim, sarn__held_pop(worked[i]), true);
        }
    }
}

/* The engine goes; whoever waits is told from inside of it. */
static void let_go(sarn_test *test, bool orderly)
{
    if (test->sim != NULL && sarn__sim_engine(test->sim) != NULL) {
        sarn__test_give_back(test);
        test->inside = true;
        if (orderly) {
            sarn__sim_close(test->sim);
        } else {
            sarn__sim_crash(test->sim);
        }
        test->inside = false;
    }
    if (test->host != NULL) {
        sarn__host_detach(test->host);
        sarn__host_destroy(test->host);
        test->host = NULL;
    }
}

void sarn_test_destroy(sarn_test *test)
{
    struct sarn_heap heap;

    if (test == NULL) {
        return;
    }
    test->watch.active = false;
    let_go(test, false);
    sarn__sim_destroy(test->sim);
    sarn__trace_destroy(test->trace);
    sarn__text_done(&test->report);
    sarn_arena_destroy(test->arena);
    heap = test->heap;
    sarn__heap_free(&heap, test->watch.boundaries);
    sarn__heap_free(&heap, test->limits);
    sarn__heap_free(&heap, (void *)test->modules);
    sarn__heap_free(&heap, test);
}

/* --- looking --- */

sarn_engine *sarn_test_engine(const sarn_test *test)
{
    return test->host == NULL ? NULL : sarn__sim_engine(test->sim);
}

sarn_log *sarn_test_log(const sarn_test *test)
{
    sarn_engine *engine = sarn_test_engine(test);

    return engine == NULL ? NULL : sarn__engine_log(engine);
}

const char *sarn_test_report(const sarn_test *test)
{
    return sarn__text_of(&test->report);
}

int64_t sarn_test_now_us(const sarn_test *test)
{
    return sarn__sim_now_us(test->sim);
}

/* --- time --- */

static sarn_status not_open(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_STATE,
                      "no engine is open: the last sarn_test_reopen() failed");
}

sarn_status sarn_test_run(sarn_test *test, struct sarn_error *error)
{
    struct sarn__drive drive = sarn__drive_begin(test);
    enum sarn__drive_end end = SARN__DRIVE_MOVED;

    if (test->host == NULL) {
        return not_open(error);
    }
    while (end == SARN__DRIVE_MOVED) {
        end = sarn__drive_step(&drive);
    }
    return sarn__drive_status(end, &drive, error);
}

sarn_status sarn_test_advance(sarn_test *test, int64_t by_us, struct sarn_error *error)
{
    struct sarn__drive drive = sarn__drive_begin(test);
    enum sarn__drive_end end = SARN__DRIVE_MOVED;
    int64_t left_us;

    if (test->host == NULL) {
        return not_open(error);
    }
    if (by_us < 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "time does not go back: by_us is %lld", (long long)by_us);
    }
    drive.until_us = sarn__sim_now_us(test->sim) + by_us;
    while (end == SARN__DRIVE_MOVED) {
        end = sarn__drive_step(&drive);
    }
    left_us = drive.until_us - sarn__sim_now_us(test->sim);
    if (end == SARN__DRIVE_IDLE && left_us > 0) {
        sarn__sim_advance(test->sim, left_us);
    }
    return sarn__drive_status(end, &drive, error);
}

/* --- opening again --- */

void sarn__test_power_off(sarn_test *test)
{
    test->off = true;
    sarn__memory_store_crash(sarn__sim_store(test->sim));
    sarn__trace_note(test, "the power goes");
}

sarn_status sarn__test_open_again(sarn_test *test, struct sarn_error *error)
{
    let_go(test, false);
    test->off = false;
    sarn__trace_note(test, "opened again");
    SARN__TRY(sarn__sim_open(test->sim, test->modules,
                             test->engine_options.module_count, error));
    return put_host(test, error);
}

static sarn_status not_within(const sarn_test *test, struct sarn_error *error)
{
    return !test->inside && test->working == 0
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_REENTRANT,
                            "the log cannot be opened again from a callback or a step");
}

sarn_status sarn_test_reopen(sarn_test *test,
                             const struct sarn_module *const *modules,
                             uint32_t module_count,
                             struct sarn_error *error)
{
    bool orderly = !test->off && test->hanging.count + test->never.count == 0;

    SARN__TRY(not_within(test, error));
    if (modules != NULL) {
        const struct sarn_module **before = test->modules;
        sarn_status status;

        test->modules = NULL; /* The engine still looks at them. */
        status = take_modules(test, modules, module_count, error);
        if (status != SARN_OK) {
            test->modules = before;
            return status;
        }
        let_go(test, orderly);
        sarn__heap_free(&test->heap, (void *)before);
    } else {
        let_go(test, orderly);
    }
    return sarn__test_open_again(test, error);
}

sarn_status sarn_test_power_cut(sarn_test *test, struct sarn_error *error)
{
    SARN__TRY(not_within(test, error));
    if (!test->off && test->host != NULL) {
        sarn__test_power_off(test);
    }
    return sarn__test_open_again(test, error);
}
