#include "engine/definition_log.h"

#include <string.h>

#include "core/fail.h"

/* In place of functions that the log does not have. */
static sarn_status nowhere(struct sarn_step_call *call)
{
    (void)call;
    return SARN_ERR_UNSUPPORTED;
}

/* --- copies; NULL on failure is told apart by made->failed --- */

struct making {
    struct sarn_arena *arena;
    bool failed;
};

static void *make(struct making *making, size_t size)
{
    void *memory = sarn_arena_alloc(making->arena, size);

    making->failed = making->failed || memory == NULL;
    return memory;
}

/* NUL-terminated; NULL for what is absent. */
static const char *text_of(struct making *making, struct sarn_str text)
{
    char *copy;

    if (text.data == NULL) {
        return NULL;
    }
    copy = make(making, (size_t)text.size + 1);
    if (copy != NULL && text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return copy;
}

static const struct sarn_type *type_of(struct making *making, struct sarn_str name)
{
    struct sarn_type *type;

    if (name.size == 0) {
        return NULL;
    }
    type = make(making, sizeof(*type));
    if (type != NULL) {
        type->name = text_of(making, name);
    }
    return type;
}

static const char *const *
list_of(struct making *making, const struct sarn_str *texts, uint32_t count)
{
    const char **list;

    if (count == 0) {
        return NULL;
    }
    list = make(making, (count + (size_t)1) * sizeof(*list));
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        list[i] = text_of(making, texts[i]);
    }
    return list;
}

/* --- the table --- */

static struct sarn_step step_of(struct making *making,
                                const struct sarn_step_defined *defined)
{
    return (struct sarn_step){
        .id = text_of(making, defined->id),
        .run = nowhere,
        .compensate =
            defined->compensates && defined->kind != SARN_STEP_CHILD ? nowhere : NULL,
        .kind = defined->kind,
        .flags = defined->flags,
        .reconcile = defined->reconciles ? nowhere : NULL,
        .output = type_of(making, defined->output),
        .next = defined->ends ? SARN_STEP_END : text_of(making, defined->next),
        .group = defined->group.size > 0 ? text_of(making, defined->group) : NULL,
        .on_timeout = text_of(making, defined->on_timeout),
        .aliases = list_of(making, defined->aliases.data, defined->aliases.size),
        .depends_on =
            list_of(making, defined->depends_on.data, defined->depends_on.size),
        .signal = defined->signal.size > 0 ? text_of(making, defined->signal) : NULL,
        .child = defined->child.size > 0 ? text_of(making, defined->child) : NULL};
}

static void add_steps(struct making *making,
                      const struct sarn_workflow_registered *registered,
                      struct sarn_workflow *workflow)
{
    uint32_t count = registered->steps.size;
    struct sarn_step *steps = make(making, count * sizeof(*steps));

    for (uint32_t i = 0; steps != NULL && i < count; i++) {
        steps[i] = step_of(making, &registered->steps.data[i]);
    }
    workflow->steps = steps;
    workflow->step_count = count;
    workflow->step_size = sizeof(*steps);
}

static void add_groups(struct making *making,
                       const struct sarn_workflow_registered *registered,
                       struct sarn_workflow *workflow)
{
    uint32_t count = registered->groups.size;
    struct sarn_group *groups = make(making, count * sizeof(*groups));

    for (uint32_t i = 0; groups != NULL && i < count; i++) {
        const struct sarn_group_defined *defined = &registered->groups.data[i];

        groups[i] = (struct sarn_group){.name = text_of(making, defined->name),
                                        .join = defined->join,
                                        .count = defined->count};
    }
    workflow->groups = groups;
    workflow->group_count = count;
}

static void add_messages(struct making *making,
                         const struct sarn_workflow_registered *registered,
                         struct sarn_workflow *workflow)
{
    uint32_t count = registered->messages.size;
    struct sarn_message *messages = make(making, count * sizeof(*messages));

    for (uint32_t i = 0; messages != NULL && i < count; i++) {
        const struct sarn_message_defined *defined = &registered->messages.data[i];

        messages[i] = (struct sarn_message){.name = text_of(making, defined->name),
                                            .kind = defined->kind,
                                            .input = type_of(making, defined->input),
                                            .output = type_of(making, defined->output),
                                            .handler = nowhere};
    }
    workflow->messages = messages;
    workflow->message_count = count;
}

sarn_status sarn__definition_make(const struct sarn_workflow_registered *registered,
                                  struct sarn_arena *arena,
                                  struct sarn__definition **definition,
                                  struct sarn_error *error)
{
    struct making making = {.arena = arena};
    struct sarn_workflow *workflow = make(&making, sizeof(*workflow));
    struct sarn__definition *made = make(&making, sizeof(*made));

    if (workflow != NULL && made != NULL) {
        workflow->name = text_of(&making, registered->name);
        workflow->version = registered->version;
        workflow->input = type_of(&making, registered->input);
        workflow->undo_order = registered->undo_order;
        workflow->result =
            registered->result.size > 0 ? text_of(&making, registered->result) : NULL;
        add_steps(&making, registered, workflow);
        add_groups(&making, registered, workflow);
        add_messages(&making, registered, workflow);
        *made = (struct sarn__definition){.workflow = workflow,
                                          .fingerprint = registered->fingerprint};
    }
    if (making.failed) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for workflow %.*s",
                          (int)registered->name.size, registered->name.data);
    }
    *definition = made;
    return SARN_OK;
}

/* --- from the log --- */

struct finding {
    struct sarn_arena *arena;
    struct sarn__definition *found;
    struct sarn_error error;
};

static sarn_status take(void *arg, const struct sarn_event *event)
{
    struct finding *finding = arg;

    if (event->type != &sarn_workflow_registered_type || event->data == NULL) {
        return sarn__fail(&finding->error, SARN_ERR_CORRUPT,
                          "position %llu does not register a workflow, as the log's "
                          "tables say it does",
                          (unsigned long long)event->position);
    }
    return sarn__definition_make(event->data, finding->arena, &finding->found,
                                 &finding->error);
}

sarn_status sarn__definition_read(struct sarn_log *log,
                                  struct sarn_str workflow,
                                  uint64_t fingerprint,
                                  struct sarn_arena *arena,
                                  struct sarn__definition **definition,
                                  struct sarn_error *error)
{
    struct finding finding = {.arena = arena, .error = {SARN_OK, ""}};
    struct sarn_range range = SARN_RANGE_INIT;
    uint64_t position = 0;
    sarn_status status;

    SARN__TRY(
        sarn__store_definition(&log->store, workflow, fingerprint, &position, error));
    range.from = position;
    range.to = position;
    status = sarn__log_read(log, &range, take, &finding, error);
    if (status != SARN_OK) {
        return finding.error.status == SARN_OK
                   ? status
                   : sarn__fail(error, status, "%s", finding.error.text);
    }
    if (finding.found == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "there is no position %llu",
                          (unsigned long long)position);
    }
    *definition = finding.found;
    return SARN_OK;
}
