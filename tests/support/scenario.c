#include "support/scenario.h"

#include "core/fail.h"
#include "support/test.h"

/* --- what clients do --- */

sarn_status scenario_start(sarn_test *test,
                           const struct scenario *s,
                           const char *id,
                           const void *input,
                           struct sarn_error *error)
{
    struct sarn_start start = SARN_START_INIT;
    sarn_status status;

    start.workflow = s->workflow->name;
    start.workflow_id = sarn_str(id);
    start.input = input;
    start.flags = SARN_START_DETACHED;
    status = sarn_execute(sarn_test_engine(test), &start, NULL, error);
    /* It may have ended before. */
    return status == SARN_ERR_CLOSED || status == SARN_ERR_NOMEM ||
                   status == SARN_ERR_INVALID || status == SARN_ERR_REENTRANT
               ? status
               : SARN_OK;
}

sarn_status scenario_tell(sarn_test *test,
                          const struct scenario *s,
                          struct sarn_control control,
                          struct sarn_error *error)
{
    sarn_status status;

    control.struct_size = sizeof(control);
    control.workflow = sarn_str(s->workflow->name);
    control.workflow_id = sarn_str("1");
    control.actor = sarn_str("ann");
    status = sarn_control_call(sarn_test_engine(test), &control, NULL, NULL, error);
    /* It was told before, and is past it. */
    return status == SARN_ERR_STATE || status == SARN_ERR_EXISTS ? SARN_OK : status;
}

sarn_status scenario_begin(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct scenario *s = arg;

    (void)test;
    (void)error;
    deeds_forget(&s->deeds);
    return SARN_OK;
}

sarn_status scenario_run(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    for (uint32_t i = 0; i < s->executions; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%u", i + 1);
        SARN__TRY(scenario_start(test, s, id, NULL, error));
    }
    return sarn_test_run(test, error);
}

/* --- what has to hold --- */

sarn_status scenario_expect(sarn_test *test,
                            const char *workflow,
                            const char *id,
                            uint32_t wanted,
                            struct sarn_error *error)
{
    struct sarn_execution_info info;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status;

    assert_non_null(arena);
    status = sarn_execution_get(sarn_test_engine(test), 0, workflow, sarn_str(id),
                                arena, &info, error);
    if (status == SARN_OK && info.status != wanted) {
        status = sarn__fail(error, SARN_ERR_INVALID, "%s-%s is %s, not %s: %.*s",
                            workflow, id, sarn_execution_status_text(info.status),
                            sarn_execution_status_text(wanted), (int)info.text.size,
                            info.text.data);
    }
    sarn_arena_destroy(arena);
    return status;
}

sarn_status scenario_stands(const struct scenario *s,
                            const char *name,
                            int32_t count,
                            struct sarn_error *error)
{
    int32_t found = deeds_standing(&s->deeds, name);

    return found == count
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_INVALID, "%s stands %d times, not %d", name,
                            found, count);
}

sarn_status scenario_completed(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    for (uint32_t i = 0; i < s->executions; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%u", i + 1);
        SARN__TRY(scenario_expect(test, s->workflow->name, id, SARN_EXECUTION_COMPLETED,
                                  error));
    }
    return deeds_all_stand(&s->deeds, 1, error);
}

sarn_status scenario_undone(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct scenario *s = arg;

    SARN__TRY(scenario_expect(test, s->workflow->name, "1", SARN_EXECUTION_COMPENSATED,
                              error));
    return deeds_all_stand(&s->deeds, 0, error);
}

/* --- the harness --- */

void scenario_crash(struct scenario s)
{
    const struct sarn_workflow *const workflows[] = {s.workflow, s.other};
    const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                       .struct_size = sizeof(module),
                                       .name = "scenario",
                                       .version = "1",
                                       .workflows = workflows,
                                       .workflow_count = s.other == NULL ? 1 : 2};
    const struct sarn_module *const modules[] = {&module};
    uint64_t commits = 0, calls = 0, runs = 0;

    for (uint64_t seed = 0; seed < 4; seed++) {
        struct sarn_options engine = SARN_OPTIONS_INIT;
        struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
        struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
        struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn_error error;

        engine.modules = modules;
        engine.module_count = 1;
        engine.context = &s;
        engine.limits = s.limit;
        engine.limit_count = s.limit == NULL ? 0 : 1;
        options.engine = &engine;
        options.seed = seed;
        options.moves_max = 20000;
        crash.options = &options;
        crash.arg = &s;
        crash.setup = s.setup != NULL ? s.setup : scenario_begin;
        crash.drive = s.drive != NULL ? s.drive : scenario_run;
        crash.invariant = s.invariant;
        crash.several = 40;
        if (sarn_test_crash_everywhere(&crash, arena, &result, &error) != SARN_OK) {
            fprintf(stderr, "%s: %s\n%s", s.what, error.text, result.text);
            fail();
        }
        commits += result.commits;
        calls += result.calls;
        runs += result.runs;
        sarn_arena_destroy(arena);
    }
    print_message("%s: %" PRIu64 " boundaries, %" PRIu64 " calls, %" PRIu64 " runs\n",
                  s.what, commits, calls, runs);
}
