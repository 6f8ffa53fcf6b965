#include "engine/module_check.h"
#include "engine/schedule_log.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

/* A part as the sentences name it: "projection 'balances'". */
struct part {
    char text[96];
};

static struct part part_named(const char *kind, const char *name)
{
    struct part part;

    (void)snprintf(part.text, sizeof(part.text), "%s '%.60s'", kind, name);
    return part;
}

static bool name_fits(const char *name, size_t bytes_max)
{
    return name != NULL && name[0] != '\0' && strlen(name) <= bytes_max;
}

sarn_status sarn__category_check(const char *module,
                                 const char *kind,
                                 const char *name,
                                 uint32_t bytes_max,
                                 struct sarn_error *error)
{
    if (!name_fits(name, bytes_max)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s': the name of %s '%.60s' must have 1 to %u "
                          "bytes",
                          module, kind, name == NULL ? "" : name, bytes_max);
    }
    if (strcmp(name, SARN__SCHEDULE_CATEGORY) == 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s': the category '%s' is that of schedules",
                          module, name);
    }
    if (strchr(name, '-') != NULL || name[0] == '$') {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s': %s '%.60s' names a category, so it may have "
                          "no '-' and no '$' in front",
                          module, kind, name);
    }
    return SARN_OK;
}

sarn_status sarn__type_check(const char *module,
                             const char *part,
                             const char *what,
                             const struct sarn_type *type,
                             struct sarn_error *error)
{
    if (type == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "module '%.60s', %s: %s is NULL",
                          module, part, what);
    }
    if (type == &sarn_bytes_type) {
        return SARN_OK;
    }
    if (!name_fits(type->name, SARN_NAME_BYTES_MAX)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: the type of %s must have a name of 1 to "
                          "%u bytes",
                          module, part, what, SARN_NAME_BYTES_MAX);
    }
    if (type->wire_size != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: %s is the struct '%.60s'; only a table "
                          "can be stored by itself",
                          module, part, what, type->name);
    }
    if (type->schema == NULL || type->schema->name == NULL ||
        type->schema->bfbs == NULL || type->schema->bfbs_size == 0 ||
        sarn_schema_type(type->schema, sarn_str(type->name)) != type) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "module '%.60s', %s: no schema describes '%.60s', the type of "
            "%s; generate it with sarn_add_schema()",
            module, part, type->name, what);
    }
    return SARN_OK;
}

static sarn_status check_types(const char *module,
                               const char *part,
                               const char *what,
                               const struct sarn_type *const *types,
                               uint32_t count,
                               struct sarn_error *error)
{
    if ((types == NULL && count > 0) || count > SARN__TYPES_MAX) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: %u types of %s, but %s", module, part,
                          count, what,
                          types == NULL ? "no list of them" : "1024 are the limit");
    }
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(sarn__type_check(module, part, what, types[i], error));
    }
    return SARN_OK;
}

static sarn_status check_aggregate(const char *module,
                                   const struct sarn_aggregate *aggregate,
                                   struct sarn_error *error)
{
    struct part part;

    SARN__TRY(sarn__category_check(module, "aggregate", aggregate->category,
                                   SARN_NAME_BYTES_MAX - 1, error));
    part = part_named("aggregate", aggregate->category);
    if (aggregate->decide == NULL || aggregate->apply == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: it has no function %s", module,
                          part.text, aggregate->decide == NULL ? "decide" : "apply");
    }
    SARN__TRY(
        sarn__type_check(module, part.text, "the state", aggregate->state, error));
    SARN__TRY(check_types(module, part.text, "a command", aggregate->commands,
                          aggregate->command_count, error));
    return check_types(module, part.text, "an event", aggregate->events,
                       aggregate->event_count, error);
}

static sarn_status check_indexes(const char *module,
                                 const char *part,
                                 const struct sarn_projection *projection,
                                 struct sarn_error *error)
{
    if (projection->index_count > SARN__INDEXES_MAX ||
        (projection->indexes == NULL && projection->index_count > 0)) {
        return sarn__fail(
            error, SARN_ERR_INVALID, "module '%.60s', %s: %u indexes, but %s", module,
            part, projection->index_count,
            projection->indexes == NULL ? "no list of them" : "16 are the limit");
    }
    for (uint32_t i = 0; i < projection->index_count; i++) {
        const struct sarn_index *index = &projection->indexes[i];

        if (!name_fits(index->name, SARN_NAME_BYTES_MAX) || index->key == NULL) {
            return sarn__fail(
                error, SARN_ERR_INVALID,
                "module '%.60s', %s: index %u needs a name and a function "
                "key",
                module, part, i);
        }
        for (uint32_t other = 0; other < i; other++) {
            if (strcmp(projection->indexes[other].name, index->name) == 0) {
                return sarn__fail(error, SARN_ERR_INVALID,
                                  "module '%.60s', %s: two indexes are named '%.60s'",
                                  module, part, index->name);
            }
        }
    }
    return SARN_OK;
}

static sarn_status check_projection(const char *module,
                                    const struct sarn_projection *projection,
                                    struct sarn_error *error)
{
    struct part part;

    if (!name_fits(projection->name, SARN_NAME_BYTES_MAX)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s': a projection's name must have 1 to %u bytes",
                          module, SARN_NAME_BYTES_MAX);
    }
    part = part_named("projection", projection->name);
    if (projection->keys == NULL || projection->apply == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: it has no function %s", module,
                          part.text, projection->keys == NULL ? "keys" : "apply");
    }
    if (projection->mode != SARN_INLINE && projection->mode != SARN_ASYNC) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: mode %u is neither SARN_INLINE nor "
                          "SARN_ASYNC",
                          module, part.text, projection->mode);
    }
    if (projection->event_count == 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: it lists no events, so it would stay "
                          "empty",
                          module, part.text);
    }
    SARN__TRY(sarn__type_check(module, part.text, "the row", projection->row, error));
    SARN__TRY(check_types(module, part.text, "an event", projection->events,
                          projection->event_count, error));
    return check_indexes(module, part.text, projection, error);
}

static sarn_status check_upcaster(const char *module,
                                  const struct sarn_upcaster *upcaster,
                                  struct sarn_error *error)
{
    struct part part;

    if (!name_fits(upcaster->from_type, SARN_NAME_BYTES_MAX)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s': an upcaster's from_type must have 1 to %u "
                          "bytes",
                          module, SARN_NAME_BYTES_MAX);
    }
    part = part_named("upcaster of", upcaster->from_type);
    if (upcaster->upcast == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "module '%.60s', %s: it has no function upcast", module,
                          part.text);
    }
    SARN__TRY(sarn__type_check(module, part.text, "from", upcaster->from, error));
    SARN__TRY(sarn__type_check(module, part.text, "to", upcaster->to, error));
    if (strcmp(upcaster->from_type, upcaster->to->name) == 0) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "module '%.60s', %s: it leads to the type it starts from, so "
            "new events would be upcast too; give the new type a new name",
            module, part.text);
    }
    return SARN_OK;
}

static sarn_status check_header(const struct sarn_module *module,
                                struct sarn_error *error)
{
    if (module == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a module in the list of modules is NULL");
    }
    if (module->abi > SARN_MODULE_ABI) {
        return sarn__fail(
            error, SARN_ERR_UNSUPPORTED,
            "a module was compiled for module ABI %u, this library serves "
            "up to %u: use a newer Sarn",
            module->abi, SARN_MODULE_ABI);
    }
    if (module->abi == 0 || module->struct_size < sizeof(struct sarn_module)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a module has abi %u and struct_size %u: set them to "
                          "SARN_MODULE_ABI and sizeof(struct sarn_module)",
                          module->abi, module->struct_size);
    }
    /* Its steps and workflows are smaller than what is read of them here. */
    if (module->abi < SARN__MODULE_ABI_MIN && module->workflow_count > 0) {
        return sarn__fail(
            error, SARN_ERR_UNSUPPORTED,
            "module '%.60s' was compiled for module ABI %u, whose workflows this "
            "library does not know any more: compile it anew",
            module->name == NULL ? "" : module->name, module->abi);
    }
    if (!name_fits(module->name, SARN_NAME_BYTES_MAX) || module->version == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a module needs a name of 1 to %u bytes and a version",
                          SARN_NAME_BYTES_MAX);
    }
    return SARN_OK;
}

static sarn_status check_list(const struct sarn_module *module,
                              const char *what,
                              const void *list,
                              uint32_t count,
                              struct sarn_error *error)
{
    if (count > SARN__PARTS_MAX || (count > 0 && list == NULL)) {
        return sarn__fail(error, SARN_ERR_INVALID, "module '%.60s': %u %s, but %s",
                          module->name, count, what,
                          list == NULL ? "no list of them" : "256 are the limit");
    }
    return SARN_OK;
}

static sarn_status check_lists(const struct sarn_module *module,
                               struct sarn_error *error)
{
    SARN__TRY(check_list(module, "aggregates", module->aggregates,
                         module->aggregate_count, error));
    SARN__TRY(check_list(module, "projections", module->projections,
                         module->projection_count, error));
    SARN__TRY(check_list(module, "workflows", module->workflows, module->workflow_count,
                         error));
    return check_list(module, "upcasters", module->upcasters, module->upcaster_count,
                      error);
}

static sarn_status missing(const struct sarn_module *module,
                           const char *what,
                           uint32_t index,
                           struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_INVALID, "module '%.60s': %s %u is NULL",
                      module->name, what, index);
}

sarn_status sarn__module_check(const struct sarn_module *module,
                               struct sarn_error *error)
{
    SARN__TRY(check_header(module, error));
    SARN__TRY(check_lists(module, error));
    for (uint32_t i = 0; i < module->aggregate_count; i++) {
        if (module->aggregates[i] == NULL) {
            return missing(module, "aggregate", i, error);
        }
        SARN__TRY(check_aggregate(module->name, module->aggregates[i], error));
    }
    for (uint32_t i = 0; i < module->projection_count; i++) {
        if (module->projections[i] == NULL) {
            return missing(module, "projection", i, error);
        }
        SARN__TRY(check_projection(module->name, module->projections[i], error));
    }
    for (uint32_t i = 0; i < module->workflow_count; i++) {
        if (module->workflows[i] == NULL) {
            return missing(module, "workflow", i, error);
        }
        SARN__TRY(sarn__workflow_check(module->name, module->workflows[i], error));
    }
    for (uint32_t i = 0; i < module->upcaster_count; i++) {
        if (module->upcasters[i] == NULL) {
            return missing(module, "upcaster", i, error);
        }
        SARN__TRY(check_upcaster(module->name, module->upcasters[i], error));
    }
    return SARN_OK;
}
