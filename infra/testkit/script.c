#include <assert.h>
#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "infra/testkit/testkit.h"

struct sarn_step_call *sarn__call_of(struct sarn__job *job)
{
    assert(job->kind == SARN__JOB_STEP);
    return &SARN__OF(job, struct sarn__step_job, job)->call;
}

/* --- following --- */

static enum sarn_test_part part_of(const struct sarn_step_call *call)
{
    return call->reconciling    ? SARN_TEST_RECONCILE
           : call->compensation ? SARN_TEST_COMPENSATE
                                : SARN_TEST_RUN;
}

bool sarn__script_is_step(const struct sarn_step_call *call, const char *step)
{
    return strcmp(call->step->id, step) == 0;
}

static bool fits(const struct sarn_test_script *script,
                 const struct sarn_step_call *call)
{
    return sarn__script_is_step(call, script->step) && script->part == part_of(call) &&
           (script->attempt == 0 || script->attempt == call->attempt) &&
           (script->workflow == NULL ||
            strcmp(script->workflow, call->workflow->name) == 0) &&
           (script->workflow_id.size == 0 ||
            sarn_str_equal(script->workflow_id, call->workflow_id));
}

struct sarn__script *sarn__script_take(sarn_test *test,
                                       const struct sarn_step_call *call)
{
    for (struct sarn__script *script = test->scripts; script != NULL;
         script = script->next) {
        if (script->left > 0 && fits(&script->is, call)) {
            script->left -= script->is.times != 0 ? 1 : 0;
            return script;
        }
    }
    return NULL;
}

/* In place of a step's function. */
static sarn_status act(struct sarn_step_call *call)
{
    const struct sarn_test_script *script = sarn_step_context(call);

    if (script->act == SARN_TEST_FAIL) {
        return sarn_step_fail(call, script->code, "%s",
                              script->text != NULL ? script->text : "");
    }
    if (script->part == SARN_TEST_RECONCILE) {
        sarn_step_set_fate(call, (enum sarn_step_fate)script->fate);
    }
    return script->output == NULL ? SARN_OK : sarn_step_output(call, script->output);
}

void sarn__script_work(struct sarn__job *job, const struct sarn__script *script)
{
    struct sarn_step_call *call = sarn__call_of(job);
    sarn_step_fn *function = call->function;
    void *context = call->context;

    if (script != NULL && script->is.act != SARN_TEST_REAL) {
        call->function = act;
        call->context = (void *)(uintptr_t)&script->is;
    }
    job->work(job);
    call->function = function;
    call->context = context;
}

/* --- writing --- */

/* The external step that a script names; NULL: there is none. */
static const struct sarn_step *find_in(const struct sarn_workflow *workflow,
                                       const struct sarn_test_script *script)
{
    uint32_t index;

    if (script->workflow != NULL && strcmp(script->workflow, workflow->name) != 0) {
        return NULL;
    }
    index = sarn__step_index(workflow, sarn_str(script->step), 0);
    if (index == workflow->step_count ||
        strcmp(sarn__step_at(workflow, index)->id, script->step) != 0 ||
        sarn__step_at(workflow, index)->kind != SARN_STEP_EXTERNAL) {
        return NULL;
    }
    return sarn__step_at(workflow, index);
}

static const struct sarn_step *find_step(const sarn_test *test,
                                         const struct sarn_test_script *script)
{
    for (uint32_t m = 0; m < test->engine_options.module_count; m++) {
        const struct sarn_module *module = test->modules[m];

        for (uint32_t w = 0; w < module->workflow_count; w++) {
            const struct sarn_step *step = find_in(module->workflows[w], script);

            if (step != NULL) {
                return step;
            }
        }
    }
    return NULL;
}

static sarn_status check(const sarn_test *test,
                         const struct sarn_test_script *script,
                         const struct sarn_step **step,
                         struct sarn_error *error)
{
    if (script->step == NULL || script->act > SARN_TEST_HANG ||
        script->reply > SARN_TEST_OVERTAKEN || script->part > SARN_TEST_RECONCILE ||
        script->fate > SARN_STEP_NOT_DONE) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a script names its step, and an act, a reply, a part and a "
                          "fate that sarn/test.h knows");
    }
    *step = find_step(test, script);
    if (*step == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no registered workflow%s%.60s has an external step called "
                          "%.100s",
                          script->workflow != NULL ? " called " : "",
                          script->workflow != NULL ? script->workflow : "",
                          script->step);
    }
    if (script->reply == SARN_TEST_DUPLICATE &&
        ((*step)->flags & SARN_STEP_IDEMPOTENT) == 0) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "step %.100s is not idempotent: it is never called twice where "
            "it may have acted, and so cannot answer twice",
            script->step);
    }
    if (script->output != NULL &&
        ((*step)->output == NULL || script->part == SARN_TEST_COMPENSATE)) {
        return sarn__fail(error, SARN_ERR_SCHEMA, "step %.100s has no output there",
                          script->step);
    }
    return SARN_OK;
}

static sarn_status copy_text(struct sarn_arena *arena, const char **text)
{
    size_t size = *text == NULL ? 0 : strlen(*text) + 1;
    char *copy = NULL;

    if (*text == NULL) {
        return SARN_OK;
    }
    copy = sarn_arena_alloc(arena, size);
    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(copy, *text, size);
    *text = copy;
    return SARN_OK;
}

static sarn_status copy_output(struct sarn_arena *arena,
                               const struct sarn_type *type,
                               struct sarn_test_script *script)
{
    void *copy;

    if (script->output == NULL) {
        return SARN_OK;
    }
    copy = sarn_arena_alloc(arena, type->size);
    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    SARN__TRY(sarn_type_copy(type, script->output, copy, arena));
    script->output = copy;
    return SARN_OK;
}

static sarn_status copy_all(struct sarn_arena *arena,
                            const struct sarn_step *step,
                            struct sarn_test_script *script)
{
    SARN__TRY(copy_text(arena, &script->step));
    SARN__TRY(copy_text(arena, &script->workflow));
    SARN__TRY(copy_text(arena, &script->code));
    SARN__TRY(copy_text(arena, &script->text));
    SARN__TRY(sarn_arena_copy(arena, script->workflow_id, &script->workflow_id));
    return copy_output(arena, step->output, script);
}

sarn_status sarn_test_add(sarn_test *test,
                          const struct sarn_test_script *script,
                          struct sarn_error *error)
{
    const struct sarn_step *step = NULL;
    struct sarn_test_script given;
    struct sarn__script *made;
    sarn_status status;

    SARN__TRY(sarn__sized_copy(&given, sizeof(given), sizeof(given), script,
                               "sarn_test_script", error));
    SARN__TRY(check(test, &given, &step, error));
    made = sarn_arena_alloc(test->arena, sizeof(*made));
    status = made == NULL ? SARN_ERR_NOMEM : copy_all(test->arena, step, &given);
    if (status != SARN_OK) {
        return sarn__fail(error, status, "a script for step %.100s: %s", given.step,
                          sarn_status_text(status));
    }
    *made = (struct sarn__script){.is = given,
                                  .left = given.times != 0 ? given.times : UINT32_MAX};
    *test->scripts_tail = made;
    test->scripts_tail = &made->next;
    return SARN_OK;
}

sarn_status sarn_test_succeed(sarn_test *test,
                              const char *step,
                              uint32_t times,
                              const void *output,
                              struct sarn_error *error)
{
    struct sarn_test_script script = SARN_TEST_SCRIPT_INIT;

    script.act = SARN_TEST_SUCCEED;
    script.step = step;
    script.times = times;
    script.output = output;
    return sarn_test_add(test, &script, error);
}

sarn_status sarn_test_fail(sarn_test *test,
                           const char *step,
                           uint32_t times,
                           const char *code,
                           const char *text,
                           struct sarn_error *error)
{
    struct sarn_test_script script = SARN_TEST_SCRIPT_INIT;

    script.act = SARN_TEST_FAIL;
    script.step = step;
    script.times = times;
    script.code = code;
    script.text = text;
    return sarn_test_add(test, &script, error);
}

sarn_status sarn_test_hang(sarn_test *test, const char *step, struct sarn_error *error)
{
    struct sarn_test_script script = SARN_TEST_SCRIPT_INIT;

    script.act = SARN_TEST_HANG;
    script.step = step;
    script.times = 1;
    return sarn_test_add(test, &script, error);
}

void sarn_test_clear(sarn_test *test)
{
    test->scripts = NULL;
    test->scripts_tail = &test->scripts;
    sarn_arena_reset(test->arena);
}

/* --- those that hang --- */

uint32_t sarn_test_release(sarn_test *test, const char *step)
{
    struct sarn__held hanging = test->hanging;
    uint32_t count = 0;

    if (hanging.count == 0) {
        return 0;
    }
    sarn__held_init(&test->hanging);
    while (hanging.count > 0) {
        struct sarn__job *job = sarn__held_pop(&hanging);

        if (sarn__script_is_step(sarn__call_of(job), step)) {
            sarn__sim_put(test->sim, job, false);
            count += 1;
        } else {
            sarn__held_push(&test->hanging, job);
        }
    }
    return count;
}

uint32_t sarn_test_hanging(const sarn_test *test, const char *step)
{
    uint32_t count = 0;

    for (struct sarn__job *job = test->hanging.first; job != NULL; job = job->next) {
        count += sarn__script_is_step(sarn__call_of(job), step) ? 1 : 0;
    }
    return count;
}
