#include "engine/registry.h"

#include <assert.h>
#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "core/hash_map.h"
#include "core/heap.h"
#include "engine/execution_rows.h"
#include "engine/module_check.h"
#include "sarn/events.h"

#define MODULES_MAX 256u

/* What a name leads to, and who brought it. */
struct entry {
    struct sarn__map_node node;
    const char *module;
    const void *part;
    struct entry *older; /* Of a workflow: the version before, or NULL. */
    bool named;          /* A type: by a module, and not only along with a schema. */
};

struct sarn__registry {
    struct sarn_heap heap;
    struct sarn_arena *arena; /* Entries. */
    struct sarn__map modules, categories, aggregates, workflows, projections;
    struct sarn__map upcasters, types, schemas;
    const struct sarn_projection **projection_list; /* In order of registration. */
    uint32_t projection_count;
    const struct sarn_schema **schema_list;
    uint32_t schema_count, schema_room;
};

static const struct entry *find(const struct sarn__map *map, struct sarn_str name)
{
    const struct sarn__map_node *node = sarn__map_find(map, name);

    return node == NULL ? NULL : SARN__OF(node, const struct entry, node);
}

static const void *find_part(const struct sarn__map *map, struct sarn_str name)
{
    const struct entry *entry = find(map, name);

    return entry == NULL ? NULL : entry->part;
}

static sarn_status insert(struct sarn__registry *registry,
                          struct sarn__map *map,
                          const char *name,
                          const char *module,
                          const void *part,
                          struct sarn_error *error)
{
    struct entry *entry = sarn_arena_alloc(registry->arena, sizeof(*entry));

    if (entry != NULL) {
        *entry =
            (struct entry){.node.key = sarn_str(name), .module = module, .part = part};
    }
    if (entry == NULL || sarn__map_insert(map, &entry->node) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory while registering module '%.60s'", module);
    }
    return SARN_OK;
}

/* Insert a name that nobody may have yet; kind says of what. */
static sarn_status insert_once(struct sarn__registry *registry,
                               struct sarn__map *map,
                               const char *kind,
                               const char *name,
                               const char *module,
                               const void *part,
                               struct sarn_error *error)
{
    const struct entry *other = find(map, sarn_str(name));

    if (other != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.50s': the %s '%.60s' is registered already, by "
                          "module '%.50s'",
                          module, kind, name, other->module);
    }
    return insert(registry, map, name, module, part, error);
}

/* --- schemas and types --- */

/* Two modules may each bring the descriptors of one schema, compiled twice: then the
 * first stands for both. */
static sarn_status add_types(struct sarn__registry *registry,
                             const char *module,
                             const struct sarn_schema *schema,
                             struct sarn_error *error)
{
    for (uint32_t i = 0; i < schema->type_count; i++) {
        const struct sarn_type *type = schema->types[i];
        const struct entry *other = find(&registry->types, sarn_str(type->name));

        if (other == NULL) {
            SARN__TRY(
                insert(registry, &registry->types, type->name, module, type, error));
        } else if (sarn__type_fingerprint(other->part) !=
                   sarn__type_fingerprint(type)) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "modules '%.50s' and '%.50s' describe the type '%.60s' "
                              "differently; build both from the same schema",
                              other->module, module, type->name);
        }
    }
    return SARN_OK;
}

static sarn_status add_schema(struct sarn__registry *registry,
                              const char *module,
                              const struct sarn_schema *schema,
                              struct sarn_error *error)
{
    const struct entry *other = find(&registry->schemas, sarn_str(schema->name));

    if (other != NULL) {
        const struct sarn_schema *first = other->part;

        if (first->bfbs_size == schema->bfbs_size &&
            memcmp(first->bfbs, schema->bfbs, schema->bfbs_size) == 0) {
            return SARN_OK;
        }
        return sarn__fail(error, SARN_ERR_INVALID,
                          "modules '%.50s' and '%.50s' bring different schemas named "
                          "'%.60s'; build both from the same one",
                          other->module, module, schema->name);
    }
    if (registry->schema_count == registry->schema_room) {
        uint32_t room = registry->schema_room == 0 ? 8 : registry->schema_room * 2;
        const struct sarn_schema **list = sarn__heap_resize(
            &registry->heap, registry->schema_list, room * sizeof(*list));

        if (list == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM,
                              "out of memory while registering module '%.60s'", module);
        }
        registry->schema_list = list;
        registry->schema_room = room;
    }
    SARN__TRY(
        insert(registry, &registry->schemas, schema->name, module, schema, error));
    registry->schema_list[registry->schema_count++] = schema;
    return add_types(registry, module, schema, error);
}

/* A schema that includes another one brings descriptors of its own of what that one
 * declares. Events are handed over under the descriptor that a module names, since that
 * is the one that its functions know them by. */
static void name_type(struct sarn__registry *registry, const struct sarn_type *type)
{
    struct sarn__map_node *node =
        sarn__map_find(&registry->types, sarn_str(type->name));
    struct entry *entry = node == NULL ? NULL : SARN__OF(node, struct entry, node);

    if (entry != NULL && !entry->named) {
        entry->part = type;
        entry->named = true;
    }
}

static sarn_status add_schema_of(struct sarn__registry *registry,
                                 const char *module,
                                 const struct sarn_type *type,
                                 struct sarn_error *error)
{
    if (type == NULL || type == &sarn_bytes_type) {
        return SARN_OK;
    }
    SARN__TRY(add_schema(registry, module, type->schema, error));
    name_type(registry, type);
    return SARN_OK;
}

static sarn_status add_schemas_of(struct sarn__registry *registry,
                                  const char *module,
                                  const struct sarn_type *const *types,
                                  uint32_t count,
                                  struct sarn_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(add_schema_of(registry, module, types[i], error));
    }
    return SARN_OK;
}

/* --- parts --- */

static sarn_status add_aggregate(struct sarn__registry *registry,
                                 const char *module,
                                 const struct sarn_aggregate *aggregate,
                                 struct sarn_error *error)
{
    SARN__TRY(insert_once(registry, &registry->categories, "category",
                          aggregate->category, module, aggregate, error));
    SARN__TRY(insert(registry, &registry->aggregates, aggregate->category, module,
                     aggregate, error));
    SARN__TRY(add_schema_of(registry, module, aggregate->state, error));
    SARN__TRY(add_schemas_of(registry, module, aggregate->commands,
                             aggregate->command_count, error));
    return add_schemas_of(registry, module, aggregate->events, aggregate->event_count,
                          error);
}

static sarn_status add_projection(struct sarn__registry *registry,
                                  const char *module,
                                  const struct sarn_projection *projection,
                                  struct sarn_error *error)
{
    SARN__TRY(insert_once(registry, &registry->projections, "projection",
                          projection->name, module, projection, error));
    registry->projection_list[registry->projection_count++] = projection;
    SARN__TRY(add_schema_of(registry, module, projection->row, error));
    return add_schemas_of(registry, module, projection->events, projection->event_count,
                          error);
}

/* Its executions are streams of the category that has its name, whatever version. */
static sarn_status add_workflow_name(struct sarn__registry *registry,
                                     const char *module,
                                     const struct sarn_workflow *workflow,
                                     struct sarn_error *error)
{
    SARN__TRY(insert_once(registry, &registry->categories, "category", workflow->name,
                          module, workflow, error));
    return insert(registry, &registry->workflows, workflow->name, module, workflow,
                  error);
}

/* One more version of newest's name: the entry in the map is that of the newest. */
static sarn_status add_version(struct sarn__registry *registry,
                               const char *module,
                               const struct sarn_workflow *workflow,
                               struct entry *newest,
                               struct sarn_error *error)
{
    struct entry *made = sarn_arena_alloc(registry->arena, sizeof(*made));
    struct entry *after = newest;
    const struct sarn_workflow *other = newest->part;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory while registering module '%.60s'", module);
    }
    if (workflow->version > other->version) {
        *made = *newest;
        newest->module = module;
        newest->part = workflow;
        newest->older = made;
        return SARN_OK;
    }
    while (after->older != NULL &&
           ((const struct sarn_workflow *)after->older->part)->version >=
               workflow->version) {
        after = after->older;
    }
    other = after->part;
    if (other->version == workflow->version) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.50s': version %u of the workflow '%.60s' is "
                          "registered already, by module '%.50s'",
                          module, workflow->version, workflow->name, after->module);
    }
    *made = (struct entry){.module = module, .part = workflow, .older = after->older};
    after->older = made;
    return SARN_OK;
}

static sarn_status add_workflow(struct sarn__registry *registry,
                                const char *module,
                                const struct sarn_workflow *workflow,
                                struct sarn_error *error)
{
    struct sarn__map_node *known =
        sarn__map_find(&registry->workflows, sarn_str(workflow->name));

    if (known == NULL) {
        SARN__TRY(add_workflow_name(registry, module, workflow, error));
    } else {
        SARN__TRY(add_version(registry, module, workflow,
                              SARN__OF(known, struct entry, node), error));
    }
    SARN__TRY(add_schema_of(registry, module, workflow->input, error));
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        SARN__TRY(add_schema_of(registry, module,
                                sarn__workflow_step(workflow, i)->output, error));
    }
    for (uint32_t i = 0; i < workflow->message_count; i++) {
        SARN__TRY(add_schema_of(registry, module, workflow->messages[i].input, error));
        SARN__TRY(add_schema_of(registry, module, workflow->messages[i].output, error));
    }
    return SARN_OK;
}

static sarn_status add_upcaster(struct sarn__registry *registry,
                                const char *module,
                                const struct sarn_upcaster *upcaster,
                                struct sarn_error *error)
{
    SARN__TRY(insert_once(registry, &registry->upcasters, "upcaster of",
                          upcaster->from_type, module, upcaster, error));
    SARN__TRY(add_schema_of(registry, module, upcaster->from, error));
    return add_schema_of(registry, module, upcaster->to, error);
}

static sarn_status add_module(struct sarn__registry *registry,
                              const struct sarn_module *module,
                              struct sarn_error *error)
{
    SARN__TRY(insert_once(registry, &registry->modules, "module", module->name,
                          module->name, module, error));
    for (uint32_t i = 0; i < module->aggregate_count; i++) {
        SARN__TRY(add_aggregate(registry, module->name, module->aggregates[i], error));
    }
    for (uint32_t i = 0; i < module->projection_count; i++) {
        SARN__TRY(
            add_projection(registry, module->name, module->projections[i], error));
    }
    for (uint32_t i = 0; i < module->workflow_count; i++) {
        SARN__TRY(add_workflow(registry, module->name, module->workflows[i], error));
    }
    for (uint32_t i = 0; i < module->upcaster_count; i++) {
        SARN__TRY(add_upcaster(registry, module->name, module->upcasters[i], error));
    }
    return SARN_OK;
}

/* An upcaster leads to the newest type, not to one that is upcast itself: each event is
 * upcast once. */
static sarn_status check_chains(const struct sarn__registry *registry,
                                const struct sarn_module *module,
                                struct sarn_error *error)
{
    for (uint32_t i = 0; i < module->upcaster_count; i++) {
        const struct sarn_upcaster *upcaster = module->upcasters[i];

        if (find(&registry->upcasters, sarn_str(upcaster->to->name)) != NULL) {
            return sarn__fail(
                error, SARN_ERR_INVALID,
                "module '%.50s', upcaster of '%.60s': it leads to '%.60s', "
                "which is upcast itself; lead to the newest type",
                module->name, upcaster->from_type, upcaster->to->name);
        }
    }
    return SARN_OK;
}

/* The output of an execution of workflow; NULL: none. */
static const struct sarn_type *result_type(const struct sarn_workflow *workflow)
{
    uint32_t index = 0;

    if (workflow->result == NULL) {
        return NULL;
    }
    index = sarn__step_index(workflow, sarn_str(workflow->result), 0);
    return sarn__workflow_step(workflow, index)->output;
}

static bool same_type(const struct sarn_type *a, const struct sarn_type *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a->name, b->name) == 0);
}

/* What is wrong with step as the parent of a child; NULL: nothing. */
static const char *child_problem(const struct sarn__registry *registry,
                                 const struct sarn_step *step)
{
    const struct sarn_workflow *child =
        find_part(&registry->workflows, sarn_str(step->child));

    if (child == NULL) {
        return "which no module brings";
    }
    if (child->input != NULL && step->run == NULL) {
        return "which has an input: a function run has to say with what it begins";
    }
    if (step->output != NULL && !same_type(step->output, result_type(child))) {
        return "whose result is of another type than the step's output";
    }
    return NULL;
}

/* A child is started by the name of its workflow. */
static sarn_status check_children(const struct sarn__registry *registry,
                                  const struct sarn_module *module,
                                  struct sarn_error *error)
{
    for (uint32_t i = 0; i < module->workflow_count; i++) {
        const struct sarn_workflow *workflow = module->workflows[i];

        for (uint32_t index = 0; index < workflow->step_count; index++) {
            const struct sarn_step *step = sarn__workflow_step(workflow, index);
            const char *problem =
                step->child != NULL ? child_problem(registry, step) : NULL;

            if (problem != NULL) {
                return sarn__fail(error, SARN_ERR_INVALID,
                                  "module '%.40s', workflow '%.40s', step '%.40s': its "
                                  "child is workflow '%.40s', %s",
                                  module->name, workflow->name, step->id, step->child,
                                  problem);
            }
        }
    }
    return SARN_OK;
}

/* --- life --- */

static sarn_status add_modules(struct sarn__registry *registry,
                               const struct sarn_module *const *modules,
                               uint32_t count,
                               struct sarn_error *error)
{
    uint32_t projections = 0;

    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(sarn__module_check(modules[i], error));
        projections += modules[i]->projection_count;
    }
    projections += SARN__CORE_ROWS_COUNT;
    registry->projection_list = sarn__heap_alloc(
        &registry->heap, (size_t)projections * sizeof(*registry->projection_list));
    if (registry->projection_list == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory while registering %u "
                          "projections",
                          projections);
    }
    SARN__TRY(add_schema(registry, "sarn", &sarn_events_schema, error));
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(add_module(registry, modules[i], error));
    }
    for (uint32_t i = 0; i < SARN__CORE_ROWS_COUNT; i++) {
        SARN__TRY(add_projection(registry, "sarn", sarn__core_projections[i], error));
    }
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(check_chains(registry, modules[i], error));
        SARN__TRY(check_children(registry, modules[i], error));
    }
    return SARN_OK;
}

sarn_status sarn__registry_create(const struct sarn_module *const *modules,
                                  uint32_t count,
                                  const struct sarn_heap *heap,
                                  struct sarn__registry **registry,
                                  struct sarn_error *error)
{
    struct sarn__registry *made = NULL;
    sarn_status status;

    if (count > MODULES_MAX || (count > 0 && modules == NULL)) {
        return sarn__fail(error, SARN_ERR_INVALID, "%u modules, but %s", count,
                          modules == NULL ? "no list of them" : "256 are the limit");
    }
    made = sarn__heap_alloc(heap, sizeof(*made));
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the registry");
    }
    made->heap = *heap;
    sarn__map_init(&made->modules, heap);
    sarn__map_init(&made->categories, heap);
    sarn__map_init(&made->aggregates, heap);
    sarn__map_init(&made->workflows, heap);
    sarn__map_init(&made->projections, heap);
    sarn__map_init(&made->upcasters, heap);
    sarn__map_init(&made->types, heap);
    sarn__map_init(&made->schemas, heap);
    made->arena = sarn_arena_create(heap);
    status = made->arena == NULL
                 ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the registry")
                 : add_modules(made, modules, count, error);
    if (status != SARN_OK) {
        sarn__registry_destroy(made);
        return status;
    }
    *registry = made;
    return SARN_OK;
}

void sarn__registry_destroy(struct sarn__registry *registry)
{
    if (registry == NULL) {
        return;
    }
    sarn__map_done(&registry->modules);
    sarn__map_done(&registry->categories);
    sarn__map_done(&registry->aggregates);
    sarn__map_done(&registry->workflows);
    sarn__map_done(&registry->projections);
    sarn__map_done(&registry->upcasters);
    sarn__map_done(&registry->types);
    sarn__map_done(&registry->schemas);
    sarn__heap_free(&registry->heap, registry->projection_list);
    sarn__heap_free(&registry->heap, registry->schema_list);
    sarn_arena_destroy(registry->arena);
    sarn__heap_free(&registry->heap, registry);
}

/* --- questions --- */

const struct sarn_aggregate *
sarn__registry_aggregate(const struct sarn__registry *registry,
                         struct sarn_str category)
{
    return find_part(&registry->aggregates, category);
}

const struct sarn_workflow *
sarn__registry_workflow(const struct sarn__registry *registry, struct sarn_str name)
{
    return find_part(&registry->workflows, name);
}

const struct sarn_workflow *sarn__registry_workflow_version(
    const struct sarn__registry *registry, struct sarn_str name, uint64_t fingerprint)
{
    for (const struct entry *entry = find(&registry->workflows, name); entry != NULL;
         entry = entry->older) {
        if (sarn__workflow_fingerprint(entry->part) == fingerprint) {
            return entry->part;
        }
    }
    return NULL;
}

const struct sarn_workflow *
sarn__registry_workflow_older(const struct sarn__registry *registry,
                              const struct sarn_workflow *workflow)
{
    const struct entry *entry = find(&registry->workflows, sarn_str(workflow->name));

    while (entry != NULL && entry->part != workflow) {
        entry = entry->older;
    }
    return entry == NULL || entry->older == NULL ? NULL : entry->older->part;
}

const struct sarn_type *sarn__registry_type(const struct sarn__registry *registry,
                                            struct sarn_str name)
{
    return find_part(&registry->types, name);
}

const struct sarn_upcaster *
sarn__registry_upcaster(const struct sarn__registry *registry,
                        struct sarn_str from_type)
{
    return find_part(&registry->upcasters, from_type);
}

uint32_t sarn__registry_projection_count(const struct sarn__registry *registry)
{
    return registry->projection_count;
}

const struct sarn_projection *
sarn__registry_projection(const struct sarn__registry *registry, uint32_t index)
{
    assert(index < registry->projection_count);
    return registry->projection_list[index];
}

uint32_t sarn__registry_schema_count(const struct sarn__registry *registry)
{
    return registry->schema_count;
}

const struct sarn_schema *sarn__registry_schema(const struct sarn__registry *registry,
                                                uint32_t index)
{
    assert(index < registry->schema_count);
    return registry->schema_list[index];
}
