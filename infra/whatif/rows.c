/* The rows of the projections as they are, and as the new code would make them. */
#include <string.h>

#include "core/fail.h"
#include "core/hash_map.h"
#include "infra/whatif/report.h"

/* One row that would be. */
struct row {
    struct sarn__map_node node;
    struct sarn_str bytes;
    bool met;
};

struct comparing {
    struct sarn__asking *asking;
    const struct sarn_projection *projection;
    struct sarn_arena *arena;
    struct sarn__map rows;
    uint64_t changed, gone;
};

static sarn_status
encode(const struct comparing *comparing, const void *row, struct sarn_str *bytes)
{
    const struct sarn_codec *codec = &comparing->asking->world.codec;

    return codec->ops->encode(codec->self, comparing->projection->row, row,
                              comparing->arena, bytes, NULL);
}

static sarn_status collect(void *arg, struct sarn_str key, const void *data)
{
    struct comparing *comparing = arg;
    struct row *row = sarn_arena_alloc(comparing->arena, sizeof(*row));

    if (row == NULL) {
        return SARN_ERR_NOMEM;
    }
    SARN__TRY(sarn_arena_copy(comparing->arena, key, &row->node.key));
    SARN__TRY(encode(comparing, data, &row->bytes));
    comparing->asking->what_if.rows += 1;
    return sarn__map_insert(&comparing->rows, &row->node);
}

static sarn_status hold_against(void *arg, struct sarn_str key, const void *data)
{
    struct comparing *comparing = arg;
    struct sarn__map_node *node = sarn__map_find(&comparing->rows, key);
    struct sarn_str bytes;

    if (node == NULL) {
        comparing->gone += 1;
        return SARN_OK;
    }
    SARN__OF(node, struct row, node)->met = true;
    SARN__TRY(encode(comparing, data, &bytes));
    comparing->changed +=
        sarn_str_equal(bytes, SARN__OF(node, struct row, node)->bytes) ? 0 : 1;
    return SARN_OK;
}

static uint64_t count_new(struct comparing *comparing)
{
    struct sarn__map_node *node = NULL;
    uint64_t count = 0;

    while ((node = sarn__map_take(&comparing->rows)) != NULL) {
        count += SARN__OF(node, struct row, node)->met ? 0 : 1;
    }
    return count;
}

static void not_compared(struct sarn__asking *asking, const char *name, const char *why)
{
    asking->what_if.not_compared += 1;
    sarn__what_if_change(asking, SARN_CHANGE_NOT_COMPARED, 0, sarn_str(name),
                         (struct sarn_str){NULL, 0}, sarn_str(why));
}

static void say(struct comparing *comparing, uint64_t added)
{
    struct sarn__asking *asking = comparing->asking;
    uint64_t different = comparing->changed + comparing->gone + added;
    struct sarn_error text;

    if (different == 0) {
        return;
    }
    asking->what_if.rows_different += different;
    sarn__error_set(&text, SARN_OK, "%llu rows changed, %llu more, %llu fewer",
                    (unsigned long long)comparing->changed, (unsigned long long)added,
                    (unsigned long long)comparing->gone);
    sarn__what_if_change(asking, SARN_CHANGE_ROW, 0,
                         sarn_str(comparing->projection->name),
                         (struct sarn_str){NULL, 0}, sarn_str(text.text));
}

static sarn_status compare(struct comparing *comparing)
{
    struct sarn__asking *asking = comparing->asking;
    struct sarn_query query = SARN_QUERY_INIT;
    struct sarn_error why = {SARN_OK, ""};
    sarn_log *new_log = sarn__engine_log(sarn__sim_engine(asking->world.sim));
    sarn_status status;

    query.projection = comparing->projection->name;
    status = sarn_log_query(new_log, &query, collect, comparing, &why);
    if (status == SARN_OK) {
        status = sarn_log_query(asking->log, &query, hold_against, comparing, &why);
    }
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(asking->error, status, "%s", why.text);
    }
    if (status == SARN_OK) {
        say(comparing, count_new(comparing));
    } else {
        not_compared(asking, comparing->projection->name, why.text);
    }
    return SARN_OK;
}

static sarn_status compare_one(struct sarn__asking *asking,
                               const struct sarn_projection *projection)
{
    struct comparing comparing = {.asking = asking,
                                  .projection = projection,
                                  .arena = sarn_arena_create(&asking->heap)};
    sarn_status status;

    if (comparing.arena == NULL) {
        return sarn__fail(asking->error, SARN_ERR_NOMEM, "out of memory for rows");
    }
    sarn__map_init(&comparing.rows, &asking->heap);
    status = compare(&comparing);
    sarn__map_done(&comparing.rows);
    sarn_arena_destroy(comparing.arena);
    return status;
}

sarn_status sarn__what_if_rows(struct sarn__asking *asking)
{
    const struct sarn_trial *what_if = &asking->what_if;

    for (uint32_t i = 0; i < what_if->module_count; i++) {
        const struct sarn_module *module = what_if->modules[i];

        for (uint32_t k = 0; k < module->projection_count; k++) {
            const struct sarn_projection *projection = module->projections[k];

            if (what_if->to != 0 && what_if->to < asking->last_position) {
                not_compared(asking, projection->name,
                             "its rows go on to the end of the log, and the range does "
                             "not");
            } else {
                SARN__TRY(compare_one(asking, projection));
            }
        }
    }
    return SARN_OK;
}
