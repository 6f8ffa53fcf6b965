#include "support/stage.h"

#include <string.h>

#include "engine/orchestrator_state.h"
#include "engine/promise_id.h"
#include "infra/memory/codec.h"
#include "support/history.h"

void stage_open_in(struct stage *stage,
                   const struct sarn_workflow *const *workflows,
                   uint32_t count,
                   uint64_t seed,
                   void *arg,
                   struct sarn_heap heap)
{
    struct sarn_options options = {.heap = heap};

    stage_open_with(stage, workflows, count, seed, arg, &options);
}

void stage_open_with(struct stage *stage,
                     const struct sarn_workflow *const *workflows,
                     uint32_t count,
                     uint64_t seed,
                     void *arg,
                     const struct sarn_options *options)
{
    struct sarn__sim_options sim = {
        .seed = seed, .options = *options, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    assert_true(count <= STAGE_WORKFLOWS_MAX);
    *stage = (struct stage){.arg = arg};
    memcpy(stage->workflows, workflows, count * sizeof(stage->workflows[0]));
    stage->arena = sarn_arena_create(NULL);
    assert_non_null(stage->arena);
    stage->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                         .struct_size = sizeof(stage->module),
                                         .name = "stage",
                                         .version = "1",
                                         .workflows = stage->workflows,
                                         .workflow_count = count};
    stage->modules[0] = &stage->module;
    sim.options.modules = stage->modules;
    sim.options.module_count = 1;
    sim.options.context = stage;
    if (sarn__sim_create(&sim, &stage->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

void stage_open(struct stage *stage,
                const struct sarn_workflow *const *workflows,
                uint32_t count,
                uint64_t seed,
                void *arg)
{
    stage_open_in(stage, workflows, count, seed, arg, (struct sarn_heap){NULL, NULL});
}

void stage_close(struct stage *stage)
{
    sarn__sim_destroy(stage->sim);
    sarn_arena_destroy(stage->arena);
}

/* --- running --- */

void stage_start(struct stage *stage,
                 const char *workflow,
                 const char *id,
                 const char *input,
                 uint32_t exists,
                 struct sarn__sim_outcome *out)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_str text = sarn_str(input);

    start.workflow = workflow;
    start.workflow_id = sarn_str(id);
    start.input = input == NULL ? NULL : &text;
    start.exists = exists;
    stage_send(stage, &start, out);
}

void stage_send(struct stage *stage,
                const struct sarn_start *start,
                struct sarn__sim_outcome *out)
{
    struct sarn_error error = {SARN_OK, ""};

    memset(out, 0, sizeof(*out));
    if (sarn__sim_start(stage->sim, start, out, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

const char *stage_describe(struct stage *stage, const struct sarn__sim_outcome *out)
{
    if (out->answers == 0) {
        return "no answer";
    }
    assert_int_equal(out->answers, 1);
    if (out->status == SARN_OK) {
        return out->repeated ? "ok repeated" : "ok";
    }
    snprintf(stage->text, sizeof(stage->text), "%s: %s", sarn_status_text(out->status),
             out->text);
    return stage->text;
}

const char *stage_do(struct stage *stage, const char *input)
{
    struct sarn__sim_outcome out;

    stage_start(stage, "w", "1", input, SARN_EXISTS_JOIN, &out);
    sarn__sim_run(stage->sim);
    return stage_describe(stage, &out);
}

void stage_settle(struct stage *stage)
{
    while (sarn__sim_move(stage->sim)) {
    }
}

void stage_advance(struct stage *stage, int64_t by_us)
{
    sarn__sim_advance(stage->sim, by_us);
    stage_settle(stage);
}

void stage_crash(struct stage *stage)
{
    struct sarn_error error = {SARN_OK, ""};

    if (sarn__sim_crash_reopen(stage->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

/* --- telling --- */

sarn_status stage_tell(struct stage *stage,
                       const char *stream,
                       const struct sarn__execution_event *event)
{
    sarn_engine *engine = sarn__sim_engine(stage->sim);
    struct sarn__meta meta = {.actor = SARN_STR("tester")};
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__run *run = NULL;
    sarn_status status = sarn__run_take_up(engine, 0, sarn_str(stream), &run, &error);

    if (status == SARN_OK && run == NULL) {
        return SARN_ERR_NOT_FOUND;
    }
    if (status == SARN_OK) {
        status = sarn__run_tell(engine, run, &meta, event, &error);
    }
    sarn__sim_poke(stage->sim);
    return status;
}

void stage_signal(struct stage *stage, const char *stream, const char *name)
{
    struct sarn_codec codec = sarn__memory_codec();
    struct sarn__execution_event event = {.kind = SARN__SIGNAL_RECEIVED,
                                          .name = sarn_str(name)};

    assert_int_equal(codec.ops->encode(codec.self, &sarn_bytes_type, &event.name,
                                       stage->arena, &event.input, NULL),
                     SARN_OK);
    assert_int_equal(stage_tell(stage, stream, &event), SARN_OK);
}

void stage_cancel(struct stage *stage, const char *stream, bool terminate)
{
    struct sarn__execution_event event = {.kind = SARN__CANCEL_REQUESTED,
                                          .terminate = terminate,
                                          .text = SARN_STR("no longer wanted")};

    assert_int_equal(stage_tell(stage, stream, &event), SARN_OK);
}

sarn_status stage_promise(struct stage *stage, struct sarn_str id, bool failed)
{
    struct sarn_codec codec = sarn__memory_codec();
    struct sarn__execution_event event = {.kind = SARN__PROMISE_SETTLED,
                                          .failed = failed};
    struct sarn__promise_id promise;
    char stream[SARN_STREAM_NAME_BYTES_MAX + 1];

    assert_int_equal(sarn__promise_id_read(id, &promise), SARN_OK);
    event.step = promise.step;
    event.visit = promise.visit;
    if (failed) {
        event.code = sarn_str("broken");
        event.text = sarn_str("nobody came");
    } else {
        assert_int_equal(codec.ops->encode(codec.self, &sarn_bytes_type, &promise.step,
                                           stage->arena, &event.output, NULL),
                         SARN_OK);
    }
    snprintf(stream, sizeof(stream), "%.*s", (int)promise.stream.size,
             promise.stream.data);
    return stage_tell(stage, stream, &event);
}

/* --- looking --- */

const char *stage_history(struct stage *stage, const char *stream)
{
    sarn__settle_fold(sarn__sim_engine(stage->sim));
    history_of(sarn__engine_log(sarn__sim_engine(stage->sim)), sarn_str(stream),
               stage->text, sizeof(stage->text));
    return stage->text;
}

uint32_t stage_in_memory(struct stage *stage)
{
    return sarn__sim_engine(stage->sim)->orchestrator->runs.count;
}

/* --- for steps --- */

sarn_status stage_serve(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct sarn_str key = sarn_step_key(call), id = sarn_step_id(call);
    struct stage_deed *deed = stage->deeds;

    stage->now_us = sarn_step_now_us(call);
    while (deed < stage->deeds + stage->deed_count &&
           !sarn_str_equal(sarn_str(deed->key), key)) {
        deed += 1;
    }
    if (deed == stage->deeds + stage->deed_count) {
        assert_true(stage->deed_count < STAGE_DEEDS_MAX);
        stage->deed_count += 1;
        snprintf(deed->key, sizeof(deed->key), "%.*s", (int)key.size, key.data);
    }
    deed->calls += 1;
    return call->compensation || call->step->output == NULL
               ? SARN_OK
               : sarn_step_output(call, &id);
}

uint32_t stage_served(const struct stage *stage, const char *part)
{
    uint32_t calls = 0;

    for (uint32_t i = 0; i < stage->deed_count; i++) {
        calls += strstr(stage->deeds[i].key, part) != NULL ? stage->deeds[i].calls : 0;
    }
    return calls;
}
