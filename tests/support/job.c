#include "support/job.h"

#include <string.h>

#include "engine/state.h"
#include "infra/memory/codec.h"
#include "sarn/execution.h"
#include "support/executions.h"

static void note(struct sarn_step_call *call, const char *what)
{
    struct job *job = sarn_step_context(call);
    struct sarn_str id = sarn_step_id(call);
    size_t used = strlen(job->ran);

    snprintf(job->ran + used, sizeof(job->ran) - used, "%s%s%.*s", used > 0 ? " " : "",
             what, (int)id.size, id.data);
}

static sarn_status run_step(struct sarn_step_call *call)
{
    note(call, "");
    return SARN_OK;
}

static sarn_status undo_step(struct sarn_step_call *call)
{
    note(call, "-");
    return SARN_OK;
}

static void define_step(struct job_version *version, uint32_t i, const char *word)
{
    struct sarn_step *step = &version->steps[i];
    size_t size = strcspn(word, "!?*=");
    const char *old = strchr(word, '=');

    assert_true(size < JOB_WORD);
    memcpy(version->ids[i], word, size);
    *step = (struct sarn_step){
        .id = version->ids[i], .run = run_step, .kind = SARN_STEP_LOCAL};
    if (strchr(word, '!') != NULL) {
        step->compensate = undo_step;
    }
    if (strchr(word, '?') != NULL) {
        step->kind = SARN_STEP_SIGNAL;
        step->run = NULL;
        step->signal = "go";
    }
    if (strchr(word, '*') != NULL) {
        step->kind = SARN_STEP_EXTERNAL;
        step->flags = SARN_STEP_IDEMPOTENT;
    }
    if (old != NULL) {
        snprintf(version->old[i], JOB_WORD, "%s", old + 1);
        version->aliases[i][0] = version->old[i];
        step->aliases = version->aliases[i];
    }
}

static void define(struct job_version *version, uint32_t number, const char *text)
{
    char words[128];
    char *word = words;

    memset(version, 0, sizeof(*version));
    snprintf(words, sizeof(words), "%s", text);
    version->workflow = (struct sarn_workflow){.name = "job",
                                               .version = number,
                                               .steps = version->steps,
                                               .step_size = sizeof(struct sarn_step)};
    while (*word != '\0') {
        size_t size = strcspn(word, " ");
        bool last = word[size] == '\0';

        word[size] = '\0';
        assert_true(version->workflow.step_count < JOB_STEPS_MAX);
        define_step(version, version->workflow.step_count++, word);
        word += last ? size : size + 1;
    }
}

void job_register(struct job *job, const char *const *texts, uint32_t count)
{
    uint32_t registered = 0;

    assert_true(count <= COUNT(job->versions));
    for (uint32_t i = 0; i < count; i++) {
        if (texts[i] != NULL) {
            define(&job->versions[i], i + 1, texts[i]);
            job->workflows[registered++] = &job->versions[i].workflow;
        }
    }
    job->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                       .struct_size = sizeof(struct sarn_module),
                                       .name = "jobs",
                                       .version = "1",
                                       .workflows = job->workflows,
                                       .workflow_count = registered};
    job->modules[0] = &job->module;
}

static void hear_misfit(void *arg, const struct sarn_misfit *misfit)
{
    struct job *job = arg;
    size_t used = strlen(job->told);

    snprintf(job->told + used, sizeof(job->told) - used, "%s%u of %.*s v%u at %.*s: %s",
             used > 0 ? "; " : "", (unsigned)misfit->count, (int)misfit->workflow.size,
             misfit->workflow.data, misfit->definition_version, (int)misfit->step.size,
             misfit->step.data, misfit->reason);
}

void job_open(struct job *job, const char *text)
{
    struct sarn__sim_options options = {.seed = 7, .codec = sarn__memory_codec()};

    memset(job, 0, sizeof(*job));
    job_register(job, &text, 1);
    options.options.modules = job->modules;
    options.options.module_count = 1;
    options.options.context = job;
    options.options.hooks.misfit = hear_misfit;
    options.options.hooks.arg = job;
    options.options.heap = test_heap(&job->heap);
    assert_ok(sarn__sim_create(&options, &job->sim, &job->error), &job->error);
}

void job_close(struct job *job)
{
    if (sarn__sim_engine(job->sim) != NULL) {
        sarn__engine_settle(sarn__sim_engine(job->sim));
        executions_check_counts(sarn__engine_log(sarn__sim_engine(job->sim)));
    }
    sarn__sim_destroy(job->sim);
}

void job_begin(struct job *job, const char *id)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn__sim_outcome outcome = {.answers = 0};

    start.flags = SARN_START_DETACHED;
    start.workflow = "job";
    start.workflow_id = sarn_str(id);
    assert_ok(sarn__sim_start(job->sim, &start, &outcome, &job->error), &job->error);
    while (outcome.answers == 0) {
        assert_true(sarn__sim_move(job->sim));
    }
    assert_int_equal(outcome.status, SARN_OK);
}

void job_start(struct job *job, const char *id)
{
    job_begin(job, id);
    sarn__sim_run(job->sim);
}

sarn_status job_reopen(struct job *job,
                       const char *const *texts,
                       uint32_t count,
                       enum sarn_misfit_policy misfits)
{
    sarn_status status;

    if (sarn__sim_engine(job->sim) != NULL) {
        sarn__sim_crash(job->sim);
    }
    job_register(job, texts, count);
    sarn__sim_next_options(job->sim)->misfits = misfits;
    job->told[0] = '\0';
    status = sarn__sim_open(job->sim, job->modules, 1, &job->error);
    if (status == SARN_OK) {
        sarn__sim_run(job->sim);
    }
    return status;
}

void job_tell(struct job *job, enum sarn_control_op op, const char *id)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    struct sarn__sim_outcome outcome = {.answers = 0};
    struct sarn__request *request;

    control.op = op;
    control.workflow = sarn_str("job");
    control.workflow_id = sarn_str(id);
    control.name = op == SARN_CONTROL_SIGNAL ? sarn_str("go") : control.name;
    assert_ok(sarn__request_control(sarn__sim_engine(job->sim), &control, &request,
                                    &job->error),
              &job->error);
    sarn__sim_request(job->sim, request, &outcome);
    sarn__sim_run(job->sim);
    assert_int_equal(outcome.answers, 1);
    if (outcome.status != SARN_OK) {
        fail_msg("%s", outcome.text);
    }
}

const char *job_state(struct job *job, const char *id)
{
    static char text[SARN_ERROR_TEXT_BYTES + 32];
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_execution_info info;

    assert_ok(sarn__engine_execution(sarn__sim_engine(job->sim), 0, sarn_str("job"),
                                     sarn_str(id), arena, &info, &job->error),
              &job->error);
    snprintf(text, sizeof(text), "%s%s%.*s", sarn_execution_status_text(info.status),
             info.text.size > 0 ? ": " : "", (int)info.text.size, info.text.data);
    sarn_arena_destroy(arena);
    return text;
}
