#include "engine/misfits.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/definition_log.h"
#include "engine/execution_log.h"
#include "engine/execution_rows.h"
#include "engine/execution_search.h"
#include "engine/orchestrator_state.h"
#include "engine/step_call.h"

#define GROUPS_MAX 1024u /* Told one by one; the others are only counted. */

sarn_status sarn__misfit_look(struct sarn_log *log,
                              const struct sarn__execution *execution,
                              const struct sarn__definition *next,
                              struct sarn_arena *arena,
                              bool *fits,
                              struct sarn__misfit *misfit,
                              struct sarn_error *error)
{
    struct sarn_error why = {SARN_OK, ""};
    struct sarn__definition *old = NULL;
    sarn_status status =
        sarn__definition_read(log, sarn_str(next->workflow->name),
                              execution->beginning.fingerprint, arena, &old, &why);

    if (status != SARN_OK && status != SARN_ERR_NOT_FOUND) {
        return sarn__fail(error, status, "%s", why.text);
    }
    *fits = sarn__fits(execution, old, next, misfit);
    if (*fits && sarn__step_call_verify(&log->ports.codec, execution, next, &why)) {
        *fits = false;
        misfit->step = (struct sarn_str){NULL, 0};
        memcpy(misfit->reason, why.text, sizeof(misfit->reason));
    }
    return SARN_OK;
}

/* --- those at open --- */

struct group {
    struct sarn_misfit told;
    char reason[SARN_ERROR_TEXT_BYTES];
};

struct check {
    sarn_engine *engine;
    struct sarn__definition next; /* For the list that is looked at. */
    struct sarn_arena *groups_arena;
    struct group *groups; /* GROUPS_MAX of them, once there is a misfit. */
    uint32_t group_count;
    uint64_t count;
    struct sarn_arena *arena, *scratch; /* Of one execution; of one event. */
    struct sarn_error *error;
};

static sarn_status no_memory(const struct check *check)
{
    return sarn__fail(check->error, SARN_ERR_NOMEM,
                      "out of memory looking at executions in flight");
}

static bool is_of_group(const struct group *group,
                        const struct sarn__execution *execution,
                        struct sarn_str workflow,
                        const struct sarn__misfit *misfit)
{
    return group->told.fingerprint == execution->beginning.fingerprint &&
           sarn_str_equal(group->told.workflow, workflow) &&
           sarn_str_equal(group->told.step, misfit->step) &&
           strcmp(group->reason, misfit->reason) == 0;
}

static sarn_status add_group(struct check *check,
                             const struct sarn__execution *execution,
                             const struct sarn__misfit *misfit)
{
    struct group *group;

    if (check->groups == NULL) {
        check->groups =
            sarn_arena_alloc(check->groups_arena, GROUPS_MAX * sizeof(*check->groups));
    }
    if (check->groups == NULL) {
        return no_memory(check);
    }
    group = &check->groups[check->group_count];
    *group = (struct group){
        .told = {.struct_size = sizeof(group->told),
                 .definition_version = execution->beginning.definition_version,
                 .fingerprint = execution->beginning.fingerprint,
                 .workflow = sarn_str(check->next.workflow->name),
                 .count = 1}};
    if (sarn_arena_copy(check->groups_arena, misfit->step, &group->told.step)) {
        return no_memory(check);
    }
    memcpy(group->reason, misfit->reason, sizeof(group->reason));
    group->told.reason = group->reason;
    check->group_count += 1;
    return SARN_OK;
}

static sarn_status count_misfit(struct check *check,
                                const struct sarn__execution *execution,
                                const struct sarn__misfit *misfit)
{
    struct sarn_str workflow = sarn_str(check->next.workflow->name);

    check->count += 1;
    for (uint32_t i = 0; i < check->group_count; i++) {
        if (is_of_group(&check->groups[i], execution, workflow, misfit)) {
            check->groups[i].told.count += 1;
            return SARN_OK;
        }
    }
    return check->group_count == GROUPS_MAX ? SARN_OK
                                            : add_group(check, execution, misfit);
}

/* The stream that entry is of, folded; *execution NULL: it is gone. */
static sarn_status load(struct check *check,
                        const struct sarn_execution_entry *entry,
                        struct sarn__head *head,
                        struct sarn__execution **execution)
{
    struct sarn_log *log = &check->engine->log;
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
    struct sarn__execution_trace trace;
    int size = snprintf(name, sizeof(name), "%.*s-%.*s", (int)entry->workflow.size,
                        entry->workflow.data, (int)entry->workflow_id.size,
                        entry->workflow_id.data);

    *execution = NULL;
    sarn_arena_reset(check->arena);
    if (size < 0 || (size_t)size >= sizeof(name)) {
        return SARN_OK;
    }
    SARN__TRY(sarn__store_head(&log->store, entry->tenant,
                               (struct sarn_str){name, (uint32_t)size}, head,
                               check->error));
    if (head->number == 0 || head->deleted) {
        return SARN_OK;
    }
    SARN__TRY(sarn__execution_read(&log->store, log->decoder, head, check->arena,
                                   check->scratch, execution, &trace, check->error));
    if (*execution != NULL) {
        sarn__execution_recovered(*execution, true);
    }
    return SARN_OK;
}

static sarn_status look_at(void *arg, const struct sarn_execution_entry *entry)
{
    struct check *check = arg;
    struct sarn__execution *execution;
    struct sarn__misfit misfit = {.reason = ""};
    struct sarn__head head;
    bool fits;

    SARN__TRY(load(check, entry, &head, &execution));
    if (execution == NULL || sarn__execution_is_over(execution)) {
        return SARN_OK;
    }
    SARN__TRY(sarn__misfit_look(&check->engine->log, execution, &check->next,
                                check->arena, &fits, &misfit, check->error));
    if (fits) {
        return SARN_OK;
    }
    SARN__TRY(count_misfit(check, execution, &misfit));
    return check->engine->options.misfits == SARN_MISFIT_PARK
               ? sarn__orchestrator_take_up_later(check->engine, head.number,
                                                  check->error)
               : SARN_OK;
}

/* Where its version is registered, nothing more has to be read. */
static sarn_status look_at_list(void *arg, const struct sarn__execution_list *list)
{
    struct check *check = arg;
    const struct sarn__registry *registry = check->engine->log.registry;
    const struct sarn_workflow *workflow =
        sarn__registry_workflow(registry, list->workflow);

    if ((list->status != SARN_EXECUTION_RUNNING &&
         list->status != SARN_EXECUTION_COMPENSATING) ||
        workflow == NULL || /* Another program's. */
        sarn__registry_workflow_version(registry, list->workflow, list->fingerprint) !=
            NULL) {
        return SARN_OK;
    }
    check->next =
        (struct sarn__definition){workflow, sarn__workflow_fingerprint(workflow)};
    return sarn__execution_list(check->engine->log.projections, list, look_at, check,
                                check->error);
}

static sarn_status tell(const struct check *check)
{
    const struct sarn_options *options = &check->engine->options;
    const struct sarn_misfit *first;

    if (check->count == 0) {
        return SARN_OK;
    }
    for (uint32_t i = 0; options->hooks.misfit != NULL && i < check->group_count; i++) {
        options->hooks.misfit(options->hooks.arg, &check->groups[i].told);
    }
    if (options->misfits != SARN_MISFIT_REFUSE) {
        return SARN_OK;
    }
    first = &check->groups[0].told;
    return sarn__fail(check->error, SARN_ERR_MISFIT,
                      "%llu executions in flight do not fit the registered workflows; "
                      "of workflow '%.60s', version %u, %llu: step '%.*s': %.100s",
                      (unsigned long long)check->count, first->workflow.data,
                      first->definition_version, (unsigned long long)first->count,
                      (int)(first->step.size < 60 ? first->step.size : 60),
                      first->step.data, first->reason);
}

sarn_status sarn__misfits_check(sarn_engine *engine, struct sarn_error *error)
{
    const struct sarn_heap *heap = &engine->log.ports.heap;
    struct check check = {.engine = engine, .error = error};
    sarn_status status;

    check.groups_arena = sarn_arena_create(heap);
    check.arena = sarn_arena_create(heap);
    check.scratch = sarn_arena_create(heap);
    status = check.groups_arena == NULL || check.arena == NULL || check.scratch == NULL
                 ? no_memory(&check)
                 : sarn__execution_lists(engine->log.projections, look_at_list, &check,
                                         error);
    if (status == SARN_OK) {
        status = tell(&check);
    }
    sarn_arena_destroy(check.scratch);
    sarn_arena_destroy(check.arena);
    sarn_arena_destroy(check.groups_arena);
    return status;
}
