/* Every point that an execution went through is one where another may be now. */
#include <string.h>

#include "core/fail.h"
#include "core/fit.h"
#include "core/timeline.h"
#include "engine/definition_log.h"
#include "engine/execution_log.h"
#include "engine/registry.h"
#include "engine/step_call.h"
#include "infra/testkit/replay.h"

struct following {
    struct sarn__replay *replay;
    const struct sarn_stream_info *stream;
    struct sarn__execution execution;
    struct sarn__definition *old; /* As the log has it; NULL: it has not. */
    struct sarn__definition next; /* Of today; no workflow: none. */
    struct sarn__timeline timeline;
    char line[SARN__TIMELINE_BYTES]; /* Of the last event. */
    uint64_t version;
    bool begun;
    bool said; /* That this run does not fit. */
};

/* --- the workflow of today --- */

/* Is a better choice than before for executions with this fingerprint? Their own
 * version; else the newest. */
static bool is_better(const struct sarn__definition *before,
                      const struct sarn_workflow *workflow,
                      uint64_t fingerprint)
{
    if (before->workflow == NULL || before->fingerprint == fingerprint) {
        return before->workflow == NULL;
    }
    return sarn__workflow_fingerprint(workflow) == fingerprint ||
           workflow->version > before->workflow->version;
}

static struct sarn__definition
find_next(const struct sarn__replay *replay, struct sarn_str name, uint64_t fingerprint)
{
    const struct sarn_test_histories *histories = replay->histories;
    struct sarn__definition found = {.workflow = NULL};

    for (uint32_t m = 0; m < histories->module_count; m++) {
        const struct sarn_module *module = histories->modules[m];

        for (uint32_t w = 0; w < module->workflow_count; w++) {
            const struct sarn_workflow *workflow = module->workflows[w];

            if (sarn_str_equal(sarn_str(workflow->name), name) &&
                is_better(&found, workflow, fingerprint)) {
                found.workflow = workflow;
                found.fingerprint = sarn__workflow_fingerprint(workflow);
            }
        }
    }
    return found;
}

/* --- what is said --- */

static void say(struct following *f, const char *what, struct sarn_str step)
{
    if (!f->said) {
        f->said = true;
        sarn__replay_say(f->replay, f->stream->name, f->version,
                         "after \"%.150s\" it cannot go on with version %u: %s%.*s%s%s",
                         f->line, f->next.workflow->version,
                         step.size > 0 ? "step " : "", (int)step.size, step.data,
                         step.size > 0 ? ": " : "", what);
    }
}

/* Could it go on from here? */
static void hold_against(struct following *f)
{
    struct sarn__misfit misfit;

    if (f->next.workflow == NULL || sarn__execution_is_closed(&f->execution) ||
        f->next.fingerprint == f->execution.beginning.fingerprint) {
        return;
    }
    if (!sarn__fits(&f->execution, f->old, &f->next, &misfit)) {
        say(f, misfit.reason, misfit.step);
    }
}

/* Its input, and what its steps put out, at the end of the run. */
static void hold_bytes(struct following *f)
{
    const struct sarn_codec *codec = &f->replay->log->ports.codec;
    struct sarn_error why;

    if (!f->begun || f->said) {
        return;
    }
    if (f->next.workflow == NULL) {
        if (!sarn__execution_is_closed(&f->execution)) {
            sarn__replay_say(f->replay, f->stream->name, f->version,
                             "it is not over, and its workflow is not registered");
        }
    } else if (sarn__step_call_verify(codec, &f->execution, &f->next, &why) !=
               SARN_OK) {
        say(f, why.text, sarn_str(""));
    }
}

/* --- following it --- */

static sarn_status begin_run(struct following *f,
                             const struct sarn__execution_event *fact)
{
    struct sarn__replay *replay = f->replay;
    struct sarn_str name = sarn__category(f->stream->name);
    uint64_t fingerprint = fact->beginning->fingerprint;
    struct sarn_error why;
    sarn_status status;

    f->said = false;
    f->begun = true;
    replay->histories->executions += 1;
    f->next = find_next(replay, name, fingerprint);
    f->old = NULL;
    status = sarn__definition_read(replay->log, name, fingerprint, replay->arena,
                                   &f->old, &why);
    sarn__timeline_init(&f->timeline, f->old == NULL ? NULL : f->old->workflow);
    return status == SARN_OK || status == SARN_ERR_NOT_FOUND
               ? SARN_OK
               : sarn__fail(&replay->error, status, "%s", why.text);
}

static sarn_status follow(void *arg, const struct sarn_event *event)
{
    struct following *f = arg;
    struct sarn__replay *replay = f->replay;
    struct sarn__execution_event fact;
    struct sarn_error why = {SARN_OK, ""};

    sarn_arena_reset(replay->scratch);
    SARN__TRY(sarn__execution_event(event, replay->scratch, &fact, &replay->error));
    if (fact.kind == 0) {
        return SARN_OK;
    }
    fact.time_us = event->time_us;
    if (fact.kind == SARN__STARTED) {
        hold_bytes(f);
        SARN__TRY(begin_run(f, &fact));
    }
    (void)sarn__timeline_line(&f->timeline, &fact, event->actor, f->line);
    f->version = event->version;
    if (sarn__execution_apply(&f->execution, &fact, &why) != SARN_OK) {
        sarn__replay_say(replay, event->stream, event->version, "%s", why.text);
        return why.status == SARN_ERR_NOMEM ? SARN_ERR_NOMEM : SARN_ERR_CORRUPT;
    }
    hold_against(f);
    return SARN_OK;
}

sarn_status sarn__replay_execution(struct sarn__replay *replay,
                                   const struct sarn_stream_info *stream)
{
    struct following f = {.replay = replay, .stream = stream};
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error why = {SARN_OK, ""};
    uint64_t said = replay->histories->misfits;
    sarn_status status;

    sarn__execution_init(&f.execution, replay->arena);
    range.stream = stream->name;
    range.tenant = stream->tenant;
    status = sarn_read(replay->log, &range, follow, &f, &why);
    if (status == SARN_OK) {
        hold_bytes(&f);
        return SARN_OK;
    }
    if (status == SARN_ERR_CORRUPT && replay->histories->misfits > said) {
        return SARN_OK; /* It was said where. */
    }
    return sarn__replay_ended(replay, stream->name, status, &why);
}
