#include "support/errand.h"

#include <string.h>

#include "engine/promise_id.h"
#include "engine/state.h"
#include "infra/flatbuffers/codec.h"
#include "infra/yajl/json.h"
#include "ledger_schema.h"
#include "sarn/events.h"

/* --- the workflow --- */

static sarn_status
say(struct sarn_step_call *call, const char *format, struct sarn_str id)
{
    char text[256];
    struct ledger_noted noted;

    snprintf(text, sizeof(text), format, (int)id.size, id.data);
    noted.text = sarn_str(text);
    return sarn_step_output(call, &noted);
}

static sarn_status fetch(struct sarn_step_call *call)
{
    struct errand *f = sarn_step_context(call);

    f->fetched += 1;
    return say(call, "fetched %.*s", sarn_step_workflow_id(call));
}

static sarn_status put_back(struct sarn_step_call *call)
{
    struct errand *f = sarn_step_context(call);

    if (f->undo_fails > 0) {
        f->undo_fails -= 1;
        return sarn_step_fail(call, "shut", "the shop is shut");
    }
    f->undone += 1;
    return SARN_OK;
}

static sarn_status deliver(struct sarn_step_call *call)
{
    struct errand *f = sarn_step_context(call);

    f->delivered += 1;
    return say(call, "delivered %.*s", sarn_step_workflow_id(call));
}

static sarn_status rename_it(struct sarn_step_call *call)
{
    const struct ledger_noted *name = sarn_step_argument(call);
    const struct ledger_noted *before = sarn_step_message(call, "rename");
    const struct ledger_noted nobody = {.text = SARN_STR("(no name)")};

    if (sarn_str_equal(name->text, sarn_str("nobody"))) {
        return sarn_step_fail(call, "name", "that is no name");
    }
    return sarn_step_output(call, before == NULL ? &nobody : before);
}

static sarn_status tell_name(struct sarn_step_call *call)
{
    const struct ledger_noted *name = sarn_step_message(call, "rename");

    if (name == NULL) {
        return sarn_step_fail(call, "name", "it has no name yet");
    }
    return sarn_step_output(call, name);
}

static const struct sarn_step steps[] = {
    {.id = "fetch",
     .run = fetch,
     .compensate = put_back,
     .output = &ledger_noted_type,
     .compensation_retry = {.maximum_attempts = 1}},
    {.id = "go", .kind = SARN_STEP_SIGNAL, .output = &ledger_noted_type},
    {.id = "receipt", .kind = SARN_STEP_PROMISE, .output = &ledger_noted_type},
    {.id = "deliver", .run = deliver, .output = &ledger_noted_type},
};
static const struct sarn_message messages[] = {
    {.name = "hint", .kind = SARN_MESSAGE_SIGNAL, .input = &ledger_noted_type},
    {.name = "ring", .kind = SARN_MESSAGE_SIGNAL},
    {.name = "rename",
     .kind = SARN_MESSAGE_UPDATE,
     .input = &ledger_noted_type,
     .output = &ledger_noted_type,
     .handler = rename_it},
    {.name = "name",
     .kind = SARN_MESSAGE_QUERY,
     .output = &ledger_noted_type,
     .handler = tell_name},
};
static const struct sarn_workflow workflow = {.name = "errand",
                                              .version = 1,
                                              SARN_STEPS(steps),
                                              .messages = messages,
                                              .message_count = COUNT(messages)};
static const struct sarn_workflow *const workflows[] = {&workflow};

const struct sarn_module errand_module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "errands",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&errand_module};

/* --- life --- */

void errand_open(struct errand *f, uint64_t seed, const struct sarn_options *options)
{
    struct sarn__sim_options sim = {
        .seed = seed, .codec = sarn__flatbuffers_codec(), .json = sarn__yajl_json()};
    struct sarn_error error;

    memset(f, 0, sizeof(*f));
    f->arena = sarn_arena_create(NULL);
    assert_non_null(f->arena);
    if (options != NULL) {
        sim.options = *options;
    }
    sim.options.modules = modules;
    sim.options.module_count = 1;
    sim.options.context = f;
    assert_ok(sarn__sim_create(&sim, &f->sim, &error), &error);
}

void errand_close(struct errand *f)
{
    sarn__sim_destroy(f->sim);
    sarn_arena_destroy(f->arena);
}

void errand_reopen(struct errand *f, bool crash)
{
    struct sarn_error error;

    if (crash) {
        sarn__sim_crash(f->sim);
    } else {
        sarn__sim_close(f->sim);
    }
    assert_ok(sarn__sim_open(f->sim, modules, 1, &error), &error);
}

void errand_start(struct errand *f, const char *id)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn__sim_outcome outcome = {.answers = 0};
    struct sarn_error error;

    start.flags = SARN_START_DETACHED;
    start.workflow = "errand";
    start.workflow_id = sarn_str(id);
    assert_ok(sarn__sim_start(f->sim, &start, &outcome, &error), &error);
    sarn__sim_run(f->sim);
    assert_int_equal(outcome.answers, 1);
    assert_int_equal(outcome.status, SARN_OK);
}

/* --- telling --- */

struct sarn_control errand_control(enum sarn_control_op op, const char *id)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = op;
    control.workflow = sarn_str("errand");
    control.workflow_id = sarn_str(id);
    return control;
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct errand_reply *to = arg;

    to->answers += 1;
    to->reply = *reply;
    snprintf(to->text, sizeof(to->text), "%s", reply->text);
    to->reply.text = to->text;
    if (reply->output != NULL) {
        const struct ledger_noted *noted = reply->output;

        assert_ptr_equal(reply->output_type, &ledger_noted_type);
        snprintf(to->output, sizeof(to->output), "%.*s", (int)noted->text.size,
                 noted->text.data);
    }
}

sarn_status errand_send(struct errand *f,
                        const struct sarn_control *control,
                        struct errand_reply *reply)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__request *request;
    sarn_status status =
        sarn__request_control(sarn__sim_engine(f->sim), control, &request, &error);

    memset(reply, 0, sizeof(*reply));
    if (status != SARN_OK) {
        snprintf(reply->text, sizeof(reply->text), "%s", error.text);
        return status;
    }
    sarn__sim_request(f->sim, request, NULL);
    request->reply = on_reply; /* Its outcome shows no output. */
    request->reply_arg = reply;
    return SARN_OK;
}

const char *errand_tell(struct errand *f, const struct sarn_control *control)
{
    struct errand_reply reply;
    sarn_status status = errand_send(f, control, &reply);

    if (status == SARN_OK) {
        sarn__sim_run(f->sim);
        assert_int_equal(reply.answers, 1);
        status = reply.reply.status;
    }
    snprintf(f->text, sizeof(f->text), "%s%s%s%s%s%s", sarn_status_text(status),
             status != SARN_OK ? ": " : "", status != SARN_OK ? reply.text : "",
             reply.output[0] != '\0' ? " -> " : "", reply.output,
             reply.reply.repeated ? " repeated" : "");
    return f->text;
}

const char *errand_do(struct errand *f, enum sarn_control_op op, const char *id)
{
    const struct sarn_control control = errand_control(op, id);

    return errand_tell(f, &control);
}

const char *
errand_signal(struct errand *f, const char *id, const char *name, const char *text)
{
    struct sarn_control control = errand_control(SARN_CONTROL_SIGNAL, id);
    char json[256];

    control.name = sarn_str(name);
    if (text != NULL) {
        snprintf(json, sizeof(json), "{\"text\":\"%s\"}", text);
        control.json = sarn_str(json);
    }
    return errand_tell(f, &control);
}

/* --- what tests often say --- */

const char *errand_rename(struct errand *f, const char *id, const char *name)
{
    struct sarn_control control = errand_control(SARN_CONTROL_UPDATE, id);
    char json[64];

    snprintf(json, sizeof(json), "{\"text\":\"%s\"}", name);
    control.name = sarn_str("rename");
    control.json = sarn_str(json);
    return errand_tell(f, &control);
}

const char *errand_keep(struct errand *f, struct sarn_str id, const char *text)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    char json[64];

    control.op = text != NULL ? SARN_CONTROL_PROMISE : SARN_CONTROL_FAIL_PROMISE;
    control.name = id;
    snprintf(json, sizeof(json), "{\"text\":\"%s\"}", text != NULL ? text : "");
    control.json = text != NULL ? sarn_str(json) : (struct sarn_str){NULL, 0};
    control.code = text != NULL ? (struct sarn_str){NULL, 0} : sarn_str("lost");
    control.reason = sarn_str("the paper is gone");
    return errand_tell(f, &control);
}

void errand_finish(struct errand *f, const char *id)
{
    errand_start(f, id);
    assert_string_equal(errand_signal(f, id, "go", "now"), "ok");
    assert_string_equal(errand_keep(f, errand_promise(f, id), "paid"), "ok");
}

/* Parked by an undo that failed for good. */
void errand_park_stuck(struct errand *f, const char *id)
{
    f->undo_fails = 1;
    errand_start(f, id);
    assert_string_equal(errand_do(f, SARN_CONTROL_CANCEL, id), "ok");
    assert_string_equal(
        errand_state(f, id),
        "parked at fetch, 0 done: the compensation of step fetch failed "
        "for good: the shop is shut");
}

/* Parked by a step of which nobody knows whether it was done. */
void errand_park_unknown(struct errand *f, const char *id)
{
    struct errand_reply reply;
    struct sarn_control control = SARN_CONTROL_INIT;

    errand_start(f, id);
    errand_signal(f, id, "go", "now");
    control.op = SARN_CONTROL_PROMISE;
    control.name = errand_promise(f, id);
    control.json = sarn_str("{\"text\":\"paid\"}");
    assert_int_equal(errand_send(f, &control, &reply), SARN_OK);
    while (f->delivered == 0) {
        assert_true(sarn__sim_move(f->sim));
    }
    errand_reopen(f, true); /* Before anybody hears of it. */
    sarn__sim_run(f->sim);
    assert_non_null(strstr(errand_state(f, id), "parked at deliver, 3 done"));
}

/* --- looking --- */

static sarn_status
get(struct errand *f, const char *id, struct sarn_execution_info *info)
{
    return sarn__engine_execution(sarn__sim_engine(f->sim), 0, sarn_str("errand"),
                                  sarn_str(id), f->arena, info, NULL);
}

struct sarn_str errand_promise(struct errand *f, const char *id)
{
    struct sarn_execution_info info;
    struct sarn__promise_id promise = {.visit = 1, .step = SARN_STR("receipt")};
    struct sarn_str text;
    char stream[64];

    assert_int_equal(get(f, id, &info), SARN_OK);
    snprintf(stream, sizeof(stream), "errand-%s", id);
    promise.stream = sarn_str(stream);
    promise.run_id = info.run_id;
    assert_int_equal(sarn__promise_id_write(&promise, f->arena, &text), SARN_OK);
    return text;
}

const char *errand_state(struct errand *f, const char *id)
{
    struct sarn_execution_info info = {.status = 0};

    if (get(f, id, &info) != SARN_OK) {
        return "none";
    }
    snprintf(f->text, sizeof(f->text), "%s%s%s%.*s, %u done%s%.*s",
             info.paused ? "paused, " : "", sarn_execution_status_text(info.status),
             info.step.size > 0 ? " at " : "", (int)info.step.size, info.step.data,
             info.steps_done, info.text.size > 0 ? ": " : "", (int)info.text.size,
             info.text.data);
    return f->text;
}

/* --- histories --- */

static void add(struct errand *f, const char *format, ...) SARN_PRINTF(2, 3);

static void add(struct errand *f, const char *format, ...)
{
    size_t used = strlen(f->text);
    va_list list;

    va_start(list, format);
    vsnprintf(f->text + used, sizeof(f->text) - used, format, list);
    va_end(list);
}

/* The text of a member of an event's JSON, without its quotes. */
static struct sarn_str member(const char *json, const char *name)
{
    const char *at = strstr(json, name);
    const char *end;

    if (at == NULL) {
        return (struct sarn_str){NULL, 0};
    }
    at += strlen(name);
    end = strchr(at, '"');
    return (struct sarn_str){at, (uint32_t)(end - at)};
}

static sarn_status add_event(void *arg, const struct sarn_event *event)
{
    struct errand *f = arg;
    const struct sarn_json json = sarn__yajl_json();
    struct sarn_str text, step, name, reason;
    char terminated[4096];

    if (event->type == &sarn_execution_slept_type) {
        return SARN_OK;
    }
    assert_int_equal(
        json.ops->write(json.self, event->type, event->data, f->arena, &text, NULL),
        SARN_OK);
    snprintf(terminated, sizeof(terminated), "%.*s", (int)text.size, text.data);
    step = member(terminated, "\"step\":\"");
    name = member(terminated, "\"name\":\"");
    reason = member(terminated, "\"reason\":\"");
    add(f, "%s%.*s", f->text[0] == '\0' ? "" : " ", (int)event->type_name.size - 5,
        event->type_name.data + 5);
    if (step.size + name.size > 0) {
        add(f, "(%.*s)", (int)(step.size + name.size),
            step.size > 0 ? step.data : name.data);
    }
    if (event->actor.size > 0) {
        add(f, "[%.*s: %.*s]", (int)event->actor.size, event->actor.data,
            (int)reason.size, reason.data);
    }
    return SARN_OK;
}

const char *errand_history(struct errand *f, const char *id)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error;
    char stream[64];

    snprintf(stream, sizeof(stream), "errand-%s", id);
    range.stream = sarn_str(stream);
    f->text[0] = '\0';
    sarn__engine_settle(sarn__sim_engine(f->sim));
    assert_ok(sarn__log_read(sarn__engine_log(sarn__sim_engine(f->sim)), &range,
                             add_event, f, &error),
              &error);
    return f->text;
}
