/* The input of a schedule whose workflow is not registered here: JSON, read by the
 * schemas that the log keeps. */
#include "core/fail.h"
#include "engine/log_parts.h"
#include "engine/scan.h"
#include "engine/schedules_state.h"
#include "sarn/events.h"

struct reading {
    sarn_engine *engine;
    struct sarn_arena *arena;
    struct sarn_str name; /* Of the input's type; empty: it has none. */
    struct sarn_error *error;
};

static sarn_status read_registered(void *arg, const struct sarn__record *record)
{
    struct reading *reading = arg;
    struct sarn_event event;

    SARN__TRY(sarn__decoder_event(reading->engine->log.decoder, record, 0,
                                  reading->arena, &event, reading->error));
    if (event.type != &sarn_workflow_registered_type || event.data == NULL) {
        return sarn__fail(reading->error, SARN_ERR_CORRUPT,
                          "position %llu is not where a workflow was registered",
                          (unsigned long long)record->position);
    }
    return sarn_arena_copy(reading->arena,
                           ((const struct sarn_workflow_registered *)event.data)->input,
                           &reading->name);
}

static sarn_status encode(sarn_engine *engine,
                          struct sarn__request *request,
                          const struct sarn_type *type,
                          struct sarn_error *error)
{
    const struct sarn_ports *ports = &engine->log.ports;
    void *value = sarn_arena_alloc(request->arena, type->size);

    if (value == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an input");
    }
    SARN__TRY(ports->json.ops->read(ports->json.self, type, request->as.schedule.json,
                                    value, request->arena, error));
    return ports->codec.ops->encode(ports->codec.self, type, value, request->arena,
                                    &request->as.schedule.spec.input, error);
}

sarn_status sarn__schedule_input(sarn_engine *engine,
                                 struct sarn__request *request,
                                 struct sarn_error *error)
{
    struct sarn_str workflow = request->as.schedule.spec.workflow;
    bool given = request->as.schedule.json.size > 0;
    struct reading reading = {engine, request->arena, {NULL, 0}, error};
    const struct sarn_type *type = NULL;
    uint64_t position = 0;

    if (sarn__registry_workflow(engine->log.registry, workflow) != NULL) {
        return SARN_OK; /* It was read when the request was made. */
    }
    SARN__TRY(
        sarn__store_latest_definition(&engine->log.store, workflow, &position, error));
    SARN__TRY(sarn__scan_forward(&engine->log.ports, position, position,
                                 read_registered, &reading, error));
    if ((reading.name.size > 0) != given) {
        return sarn__fail(error, SARN_ERR_INVALID, "workflow \"%.*s\" takes %s input",
                          (int)workflow.size, workflow.data, given ? "no" : "an");
    }
    if (!given) {
        return SARN_OK;
    }
    SARN__TRY(sarn__log_type(&engine->log, reading.name, &type, error));
    return encode(engine, request, type, error);
}
