/* Requests to start executions. */
#include "core/fail.h"
#include "engine/module_check.h"
#include "engine/request_parts.h"
#include "engine/state.h"

#define PRIORITY_MAX 255u

/* --- checks --- */

static sarn_status check_attribute(const struct sarn_attribute *attributes,
                                   uint32_t index,
                                   struct sarn_error *error)
{
    const struct sarn_attribute *attribute = &attributes[index];

    SARN__TRY(sarn__request_check_name(attribute->name, SARN_ATTRIBUTE_BYTES_MAX,
                                       "an attribute's name", error));
    SARN__TRY(sarn__request_check_text(attribute->value, SARN_ATTRIBUTE_BYTES_MAX,
                                       "an attribute's value", error));
    for (uint32_t i = 0; i < index; i++) {
        if (sarn_str_equal(attribute->name, attributes[i].name)) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "attribute \"%.*s\" is there twice",
                              (int)attribute->name.size, attribute->name.data);
        }
    }
    return SARN_OK;
}

static sarn_status check_policies(const struct sarn_start *start,
                                  struct sarn_error *error)
{
    if (start->exists > SARN_EXISTS_REPLACE) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "%u is no policy for an id that exists (enum sarn_exists)",
                          start->exists);
    }
    if (start->timeout_us < 0 || start->priority > PRIORITY_MAX) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a start's timeout is not negative, its priority at most %u",
                          PRIORITY_MAX);
    }
    if (start->attribute_count > SARN_ATTRIBUTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an execution has at most %u search attributes, not %u",
                          SARN_ATTRIBUTES_MAX, start->attribute_count);
    }
    for (uint32_t i = 0; i < start->attribute_count; i++) {
        SARN__TRY(check_attribute(start->attributes, i, error));
    }
    return SARN_OK;
}

static sarn_status check_start(sarn_engine *engine,
                               const struct sarn_start *start,
                               const struct sarn_workflow **workflow,
                               struct sarn_error *error)
{
    struct sarn_str name = sarn_str(start->workflow);
    struct sarn_str none = {NULL, 0};

    *workflow = sarn__registry_workflow(engine->log.registry, name);
    if (*workflow == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module has a workflow \"%.*s\"", (int)name.size,
                          name.data);
    }
    SARN__TRY(sarn__request_check_name(start->workflow_id, SARN__WORKFLOW_ID_BYTES_MAX,
                                       "a workflow_id", error));
    if (((*workflow)->input == NULL) != (start->input == NULL)) {
        return sarn__fail(error, SARN_ERR_INVALID, "workflow \"%s\" takes %s input",
                          (*workflow)->name, (*workflow)->input == NULL ? "no" : "an");
    }
    SARN__TRY(check_policies(start, error));
    return sarn__request_check_who(none, start->actor, start->origin, error);
}

/* --- copies --- */

static sarn_status copy_attributes(struct sarn_arena *arena, struct sarn_start *to)
{
    struct sarn_attribute *attributes = NULL;

    if (to->attribute_count == 0) {
        return SARN_OK;
    }
    attributes = sarn_arena_alloc(arena, to->attribute_count * sizeof(*attributes));
    if (attributes == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < to->attribute_count; i++) {
        const struct sarn_attribute *from = &to->attributes[i];

        SARN__TRY(sarn_arena_copy(arena, from->name, &attributes[i].name));
        SARN__TRY(sarn_arena_copy(arena, from->value, &attributes[i].value));
    }
    to->attributes = attributes;
    return SARN_OK;
}

static sarn_status copy_start(struct sarn__request *made,
                              const struct sarn_workflow *workflow)
{
    struct sarn_start *to = &made->as.start;
    struct sarn_str none = {NULL, 0};

    to->workflow = workflow->name; /* Lives as long as the module. */
    SARN__TRY(sarn_arena_copy(made->arena, to->workflow_id, &to->workflow_id));
    SARN__TRY(sarn__request_copy_who(made->arena, &none, &to->actor, &to->origin));
    SARN__TRY(copy_attributes(made->arena, to));
    return sarn__request_copy_data(made->arena, workflow->input, &to->input);
}

sarn_status sarn__request_start(sarn_engine *engine,
                                const struct sarn_start *start,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    const struct sarn_workflow *workflow;
    struct sarn__request *made;

    SARN__TRY(check_start(engine, start, &workflow, error));
    SARN__TRY(sarn__request_create(engine, SARN__REQUEST_START, &made, error));
    made->as.start = *start;
    return sarn__request_finish(made, copy_start(made, workflow), request, error);
}
