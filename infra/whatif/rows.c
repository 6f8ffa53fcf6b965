/* The rows of the projections as they are, and as the new code would make them. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/hash_map.h"
#include "infra/whatif/report.h"

/* One row that is. */
struct row {
    struct sarn__map_node node;
    struct sarn_str bytes;
};

/* The rows of one projection. */
struct sarn__old_rows {
    struct sarn__old_rows *next;
    const char *name;
    struct sarn__map rows;
};

/* One projection being read. */
struct reading {
    struct sarn__asking *asking;
    const struct sarn_projection *projection;
    struct sarn__old_rows *old;
    struct sarn_arena *arena;
    uint64_t met, changed, added;
};

static sarn_status
encode(const struct reading *reading, const void *row, struct sarn_str *bytes)
{
    const struct sarn_codec *codec = &reading->asking->world.codec;

    return codec->ops->encode(codec->self, reading->projection->row, row,
                              reading->arena, bytes, NULL);
}

static sarn_status query(struct reading *reading,
                         sarn_log *log,
                         sarn_row_fn *handler,
                         struct sarn_error *why)
{
    struct sarn_query query = SARN_QUERY_INIT;

    query.projection = reading->projection->name;
    return sarn_log_query(log, &query, handler, reading, why);
}

static void not_compared(struct sarn__asking *asking, const char *name, const char *why)
{
    asking->what_if.not_compared += 1;
    sarn__what_if_change(asking, SARN_CHANGE_NOT_COMPARED, 0, sarn_str(name),
                         (struct sarn_str){NULL, 0}, sarn_str(why));
}

/* --- as they are --- */

static sarn_status keep(void *arg, struct sarn_str key, const void *data)
{
    struct reading *reading = arg;
    struct row *row = sarn_arena_alloc(reading->arena, sizeof(*row));

    if (row == NULL) {
        return SARN_ERR_NOMEM;
    }
    SARN__TRY(sarn_arena_copy(reading->arena, key, &row->node.key));
    SARN__TRY(encode(reading, data, &row->bytes));
    return sarn__map_insert(&reading->old->rows, &row->node);
}

static sarn_status keep_all(struct sarn__asking *asking,
                            sarn_log *log,
                            const struct sarn_projection *projection)
{
    struct reading reading = {
        .asking = asking, .projection = projection, .arena = asking->rows_arena};
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status = SARN_ERR_NOMEM;

    reading.old = sarn_arena_alloc(asking->rows_arena, sizeof(*reading.old));
    if (reading.old != NULL) {
        reading.old->name = projection->name;
        sarn__map_init(&reading.old->rows, &asking->heap);
        reading.old->next = asking->old_rows;
        asking->old_rows = reading.old;
        status = query(&reading, log, keep, &why);
    }
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(asking->error, status, "out of memory for rows");
    }
    /* Rows that were never made are none. */
    if (status != SARN_OK && status != SARN_ERR_STATE) {
        not_compared(asking, projection->name, why.text);
        asking->old_rows = reading.old->next;
        sarn__map_done(&reading.old->rows);
    }
    return SARN_OK;
}

static sarn_status keep_modules(struct sarn__asking *asking, sarn_log *log)
{
    const struct sarn_trial *trial = &asking->what_if;

    for (uint32_t i = 0; i < trial->old_module_count; i++) {
        const struct sarn_module *module = trial->old_modules[i];

        for (uint32_t k = 0; k < module->projection_count; k++) {
            SARN__TRY(keep_all(asking, log, module->projections[k]));
        }
    }
    return SARN_OK;
}

sarn_status sarn__what_if_old_rows(struct sarn__asking *asking, const char *path)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    sarn_log *log = NULL;
    sarn_status status;

    if (asking->what_if.old_module_count == 0) {
        return SARN_OK;
    }
    asking->rows_arena = sarn_arena_create(&asking->heap);
    if (asking->rows_arena == NULL) {
        return sarn__fail(asking->error, SARN_ERR_NOMEM, "out of memory for rows");
    }
    options.modules = asking->what_if.old_modules;
    options.module_count = asking->what_if.old_module_count;
    options.heap = asking->heap;
    SARN__TRY(sarn_log_open(path, &options, &log, asking->error));
    status = keep_modules(asking, log);
    sarn_log_close(log);
    return status;
}

void sarn__what_if_forget_rows(struct sarn__asking *asking)
{
    for (; asking->old_rows != NULL; asking->old_rows = asking->old_rows->next) {
        sarn__map_done(&asking->old_rows->rows);
    }
    sarn_arena_destroy(asking->rows_arena);
}

/* --- as they would be --- */

static sarn_status hold_against(void *arg, struct sarn_str key, const void *data)
{
    struct reading *reading = arg;
    struct sarn__map_node *node = sarn__map_find(&reading->old->rows, key);
    struct sarn_str bytes;

    reading->asking->what_if.rows += 1;
    if (node == NULL) {
        reading->added += 1;
        return SARN_OK;
    }
    reading->met += 1;
    sarn_arena_reset(reading->arena);
    SARN__TRY(encode(reading, data, &bytes));
    reading->changed +=
        sarn_str_equal(bytes, SARN__OF(node, struct row, node)->bytes) ? 0 : 1;
    return SARN_OK;
}

static void say(const struct reading *reading)
{
    uint64_t gone = reading->old->rows.count - reading->met;
    uint64_t different = reading->changed + reading->added + gone;
    char text[96];

    if (different == 0) {
        return;
    }
    reading->asking->what_if.rows_different += different;
    snprintf(text, sizeof(text), "%llu changed, %llu more, %llu fewer",
             (unsigned long long)reading->changed, (unsigned long long)reading->added,
             (unsigned long long)gone);
    sarn__what_if_change(reading->asking, SARN_CHANGE_ROW, 0,
                         sarn_str(reading->projection->name),
                         (struct sarn_str){NULL, 0}, sarn_str(text));
}

static sarn_status compare(struct sarn__asking *asking,
                           const struct sarn_projection *projection)
{
    struct reading reading = {.asking = asking,
                              .projection = projection,
                              .old = asking->old_rows,
                              .arena = asking->scratch};
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status;

    while (reading.old != NULL && strcmp(reading.old->name, projection->name) != 0) {
        reading.old = reading.old->next;
    }
    if (reading.old == NULL) {
        not_compared(asking, projection->name,
                     "the code that has made its rows was not given, or has none");
        return SARN_OK;
    }
    status = query(&reading, sarn__engine_log(sarn__sim_engine(asking->world.sim)),
                   hold_against, &why);
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(asking->error, status, "%s", why.text);
    }
    if (status == SARN_OK) {
        say(&reading);
    } else {
        not_compared(asking, projection->name, why.text);
    }
    return SARN_OK;
}

sarn_status sarn__what_if_rows(struct sarn__asking *asking)
{
    const struct sarn_trial *trial = &asking->what_if;

    for (uint32_t i = 0; i < trial->module_count; i++) {
        const struct sarn_module *module = trial->modules[i];

        for (uint32_t k = 0; k < module->projection_count; k++) {
            if (trial->to != 0 && trial->to < asking->last_position) {
                not_compared(asking, module->projections[k]->name,
                             "its rows go on to the end of the log, and the range does "
                             "not");
            } else {
                SARN__TRY(compare(asking, module->projections[k]));
            }
        }
    }
    return SARN_OK;
}
