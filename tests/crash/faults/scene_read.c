/* Reading: what an engine knows, what its log holds, and a log without an engine. */
#include "crash/faults/scenes.h"

#include <string.h>

#define SHELF 40u /* Notes that are there before: from this one on. */

void prepare_shelf(struct fault_world *world)
{
    struct sarn_str metadata = SARN_STR("{\"wood\":\"oak\"}");

    if (!fault_open(world, 0)) {
        return;
    }
    for (uint32_t i = 0; i < 12; i++) {
        (void)fault_put(world, i % 3 == 0 ? "b" : "a", SHELF + i);
    }
    (void)DID(world, sarn_stream_set_metadata(world->engine, 0, sarn_str("jar-a"),
                                              metadata, &world->error));
    (void)errand_begin(world, "e1");
    fault_shut(world);
}

/* --- values --- */

/* No file, no engine. */
void scene_values(struct fault_world *world)
{
    static const struct sarn_str text =
        SARN_STR("0190a000-0000-7000-8000-000000000000");
    struct sarn_arena *arena = fault_arena(world);
    const struct jar_note note = {.text = SARN_STR("a note")};
    const struct sarn_type *type;
    char written[SARN_UUID_TEXT_BYTES];
    struct sarn_uuid id;
    struct jar_note copied = {.text = {NULL, 0}};
    struct sarn_str copy = {NULL, 0};

    if (arena == NULL) {
        return;
    }
    HOLDS(world, sarn_uuid_parse(text, &id) == SARN_OK && !sarn_uuid_is_zero(id));
    sarn_uuid_text(id, written);
    HOLDS(world, sarn_str_equal(text, sarn_str(written)));
    if (sarn_arena_copy(arena, text, &copy) == SARN_OK) {
        HOLDS(world, sarn_str_equal(copy, text) && sarn_arena_bytes(arena) > 0);
    }
    (void)sarn_arena_alloc(arena, 1u << 20);
    sarn_arena_reset(arena);
    type = sarn_schema_type(&jar_schema, sarn_str("jar.Note"));
    HOLDS(world, type == &jar_note_type);
    if (sarn_type_copy(type, &note, &copied, arena) == SARN_OK) {
        HOLDS(world, sarn_str_equal(copied.text, note.text));
    }
    sarn_arena_destroy(arena);
    HOLDS(world, strcmp(sarn_status_text(SARN_OK), "ok") == 0);
    HOLDS(world, strcmp(sarn_execution_status_text(SARN_EXECUTION_RUNNING), "") != 0);
}

/* --- a log --- */

struct counted {
    uint64_t count;
    /* For events as JSON: */
    struct fault_world *world;
    struct sarn_arena *arena;
    sarn_log *log;
};

static sarn_status count_event(void *arg, const struct sarn_event *event)
{
    struct counted *counted = arg;

    counted->count += event->position > 0 ? 1 : 0;
    return SARN_OK;
}

static sarn_status count_json(void *arg, const struct sarn_event *event)
{
    struct counted *counted = arg;
    struct sarn_str json;

    if (DID(counted->world, sarn_event_json(counted->log, event, counted->arena, &json,
                                            &counted->world->error))) {
        counted->count += json.size > 0 ? 1 : 0;
    }
    return SARN_OK;
}

static sarn_status count_stream(void *arg, const struct sarn_stream_info *info)
{
    ((struct counted *)arg)->count += info->name.size > 0 ? 1 : 0;
    return SARN_OK;
}

static sarn_status count_schema(void *arg, const struct sarn_stored_schema *schema)
{
    ((struct counted *)arg)->count += schema->bfbs.size > 0 ? 1 : 0;
    return SARN_OK;
}

static sarn_status count_row(void *arg, struct sarn_str key, const void *row)
{
    ((struct counted *)arg)->count += key.size > 0 && row != NULL ? 1 : 0;
    return SARN_OK;
}

static sarn_status count_execution(void *arg, const struct sarn_execution_row *row)
{
    ((struct counted *)arg)->count += row->workflow_id.size > 0 ? 1 : 0;
    return SARN_OK;
}

static sarn_status count_counts(void *arg, const struct sarn_execution_count *count)
{
    ((struct counted *)arg)->count += count->count;
    return SARN_OK;
}

static sarn_status
count_line(void *arg, const struct sarn_event *event, struct sarn_str text)
{
    (void)event;
    ((struct counted *)arg)->count += text.size > 0 ? 1 : 0;
    return SARN_OK;
}

static sarn_status count_undo(void *arg, const struct sarn_undo_step *step)
{
    ((struct counted *)arg)->count += step->undo > 0 ? 1 : 0;
    return SARN_OK;
}

static void read_events(struct fault_world *world, sarn_log *log)
{
    struct counted all = {.count = 0}, some = {.count = 0}, typed = {.count = 0};
    struct sarn_range range = SARN_RANGE_INIT;

    (void)DID(world, sarn_read(log, NULL, count_event, &all, &world->error));
    HOLDS(world, all.count > 12);
    range.stream = sarn_str("jar-a");
    range.flags = SARN_READ_BACKWARD;
    (void)DID(world, sarn_read(log, &range, count_event, &some, &world->error));
    HOLDS(world, some.count >= 8);
    range = (struct sarn_range)SARN_RANGE_INIT;
    range.category = sarn_str("jar");
    range.type = sarn_str("jar.PutIn");
    (void)DID(world, sarn_read(log, &range, count_event, &typed, &world->error));
    HOLDS(world, typed.count >= 12);
}

static void
read_streams(struct fault_world *world, sarn_log *log, struct sarn_arena *arena)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct counted streams = {.count = 0}, schemas = {.count = 0};
    struct sarn_stream_info info;
    struct sarn_str nothing = {NULL, 0};

    if (DID(world,
            sarn_log_stream(log, 0, sarn_str("jar-a"), arena, &info, &world->error))) {
        HOLDS(world, info.metadata.size > 0);
    }
    (void)DID(world,
              sarn_log_streams(log, nothing, count_stream, &streams, &world->error));
    HOLDS(world, streams.count >= 3);
    (void)DID(world, sarn_log_get_stats(log, &stats, &world->error));
    (void)DID(world, sarn_log_schemas(log, count_schema, &schemas, &world->error));
    HOLDS(world, schemas.count >= 2);
}

static void
read_rows(struct fault_world *world, sarn_log *log, struct sarn_arena *arena)
{
    struct counted rows = {.count = 0};
    struct sarn_query query = SARN_QUERY_INIT;
    struct sarn_key key = {.size = 0};
    struct jar_filled row;

    query.projection = "filled";
    query.index = "count";
    query.flags = SARN_READ_BACKWARD;
    (void)DID(world, sarn_log_query(log, &query, count_row, &rows, &world->error));
    HOLDS(world, rows.count >= 2);
    HOLDS(world, sarn_key_add_text(&key, sarn_str("jar-a")) == SARN_OK);
    if (DID(world, sarn_log_row(log, "filled", &key, arena, &row, &world->error))) {
        HOLDS(world, row.count >= 8);
    }
}

static void read_executions(struct fault_world *world, sarn_log *log)
{
    struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;
    struct counted found = {.count = 0}, counted = {.count = 0};
    struct counted lines = {.count = 0}, undo = {.count = 0};
    const struct sarn_attribute seen = {SARN_STR("seen"), SARN_STR("yes")};
    struct sarn_str workflow = SARN_STR("errand");

    filter.attributes = &seen;
    filter.attribute_count = 1;
    filter.workflow = workflow;
    (void)DID(world,
              sarn_executions(log, &filter, count_execution, &found, &world->error));
    HOLDS(world, found.count == 1);
    (void)DID(world, sarn_execution_counts(log, count_counts, &counted, &world->error));
    HOLDS(world, counted.count == 1);
    (void)DID(world, sarn_execution_timeline(log, 0, workflow, sarn_str("e1"), 0,
                                             count_line, &lines, &world->error));
    HOLDS(world, lines.count > 3);
    (void)DID(world, sarn_execution_plan(log, 0, workflow, sarn_str("e1"), count_undo,
                                         &undo, &world->error));
    HOLDS(world, undo.count >= 2);
}

static void read_all(struct fault_world *world, sarn_log *log)
{
    struct sarn_arena *arena = fault_arena(world);

    read_events(world, log);
    read_executions(world, log);
    if (arena != NULL) {
        read_streams(world, log, arena);
        read_rows(world, log, arena);
        sarn_arena_destroy(arena);
    }
}

/* --- with an engine --- */

static sarn_status
count_state(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    const struct jar_notes *notes = state;

    (void)stream;
    ((struct counted *)arg)->count += version > 0 ? notes->count : 0;
    return SARN_OK;
}

static void load(struct fault_world *world)
{
    static const struct sarn_str streams[] = {SARN_STR("jar-a"), SARN_STR("jar-b")};
    struct sarn_arena *arena = fault_arena(world);
    struct counted loaded = {.count = 0};
    struct jar_notes notes = {.count = 0};
    int64_t version = 0;

    if (arena != NULL) {
        if (DID(world, sarn_load(world->engine, 0, streams[0], arena, &notes, &version,
                                 &world->error))) {
            HOLDS(world, notes.count >= 8 && version >= 7);
        }
        sarn_arena_destroy(arena);
    }
    (void)DID(world, sarn_load_batch(world->engine, 0, streams, 2, count_state, &loaded,
                                     &world->error));
    HOLDS(world, loaded.count >= 12);
    (void)DID(world, sarn_warm(world->engine, 0, "jar", 10, &world->error));
}

void scene_read(struct fault_world *world)
{
    if (!fault_open(world, SARN_OPEN_EXISTING)) {
        return;
    }
    read_all(world, sarn_engine_log(world->engine));
    load(world);
    fault_close(world);
}

/* --- without one --- */

static sarn_log *open_reader(struct fault_world *world)
{
    const struct sarn_module *const modules[] = {&jar_module};
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    sarn_log *log = NULL;

    options.modules = modules;
    options.module_count = 1;
    options.heap = fault_heap();
    (void)DID(world, sarn_log_open(world->path, &options, &log, &world->error));
    return log;
}

void scene_reader(struct fault_world *world)
{
    sarn_log *log = open_reader(world);
    struct counted events = {.world = world, .arena = NULL, .log = log};
    struct sarn_range range = SARN_RANGE_INIT;

    if (log == NULL) {
        return;
    }
    read_all(world, log);
    (void)DID(world, sarn_log_refresh(log, &world->error));
    events.arena = fault_arena(world);
    if (events.arena != NULL) {
        range.limit = 30;
        (void)DID(world, sarn_read(log, &range, count_json, &events, &world->error));
        sarn_arena_destroy(events.arena);
    }
    sarn_log_close(log);
}

/* --- checking --- */

void scene_check(struct fault_world *world)
{
    struct sarn_check check = SARN_CHECK_INIT;
    sarn_log *log;

    if (world->strict && fault_open(world, 0)) { /* What was in doubt is settled. */
        fault_shut(world);
    }
    log = open_reader(world);

    if (log != NULL) {
        (void)DID(world, sarn_log_check(log, &check, &world->error));
        HOLDS(world, check.differences == 0);
        sarn_log_close(log);
    }
    check = (struct sarn_check)SARN_CHECK_INIT;
    (void)DID(world, sarn_log_verify(world->path, &check, &world->error));
    HOLDS(world, check.events > 12);
    if (fault_open(world, 0)) {
        check = (struct sarn_check)SARN_CHECK_INIT;
        (void)DID(world, sarn_log_check(sarn_engine_log(world->engine), &check,
                                        &world->error));
        HOLDS(world, check.differences == 0);
        fault_close(world);
    }
}
