#include "infra/yajl/json.h"

static sarn_status write_json(void *self,
                              const struct sarn_type *type,
                              const void *value,
                              struct sarn_arena *arena,
                              struct sarn_str *json,
                              struct sarn_error *error)
{
    (void)self;
    return sarn__yajl_write(type, value, arena, json, error);
}

static sarn_status read_json(void *self,
                             const struct sarn_type *type,
                             struct sarn_str json,
                             void *value,
                             struct sarn_arena *arena,
                             struct sarn_error *error)
{
    (void)self;
    return sarn__yajl_read(type, json, value, arena, error);
}

static sarn_status pick_json(void *self,
                             const struct sarn_type *type,
                             struct sarn_str json,
                             void *value,
                             struct sarn_arena *arena,
                             struct sarn_error *error)
{
    (void)self;
    return sarn__yajl_pick(type, json, value, arena, error);
}

struct sarn_json sarn__yajl_json(void)
{
    static const struct sarn_json_ops ops = {
        .write = write_json, .read = read_json, .pick = pick_json};

    return (struct sarn_json){.ops = &ops, .self = NULL};
}
