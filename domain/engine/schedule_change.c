/* The turn of a request about a schedule. */
#include "core/fail.h"
#include "engine/schedules_state.h"

/* The event that the request leads to; it may point to standing. */
static sarn_status decide(sarn_engine *engine,
                          struct sarn__held_schedule *held,
                          struct sarn__request *request,
                          int64_t now_us,
                          struct sarn__schedule_standing *standing,
                          struct sarn__schedule_event *event,
                          struct sarn_error *error)
{
    const struct sarn_schedule_change *what = &request->as.schedule.what;

    if (what->op == 0) {
        SARN__TRY(sarn__schedule_input(engine, request, error));
        *event = (struct sarn__schedule_event){.kind = SARN__SCHEDULE_SET,
                                               .spec = request->as.schedule.spec,
                                               .standing = standing,
                                               .reason = what->reason};
        *standing = sarn__schedule_stand(&held->schedule);
        return SARN_OK;
    }
    if (what->op == SARN_SCHEDULE_BACKFILL && held->schedule.exists) {
        SARN__TRY(sarn__held_zone(engine, held, error));
    }
    return sarn__schedule_decide(&held->schedule, what, &held->zone, now_us, event,
                                 error);
}

static sarn_status carry_out(sarn_engine *engine,
                             struct sarn__request *request,
                             struct sarn_reply *reply,
                             struct sarn_error *error)
{
    const struct sarn_schedule_change *what = &request->as.schedule.what;
    struct sarn__meta meta = {.time_us = sarn__writer_now(&engine->writer),
                              .tenant = what->tenant,
                              .actor = what->actor};
    char name[SARN_STREAM_NAME_BYTES_MAX];
    struct sarn__held_schedule *held = NULL;
    struct sarn__schedule_standing standing;
    struct sarn__schedule_event event;
    struct sarn__written written;

    SARN__TRY(sarn__held_find(engine, what->tenant,
                              sarn__schedule_stream(what->id, name), &held, error));
    SARN__TRY(sarn__held_load(engine, held, error));
    SARN__TRY(decide(engine, held, request, meta.time_us, &standing, &event, error));
    if (event.kind == SARN__SCHEDULE_SET &&
        sarn__schedule_is_set_so(&held->schedule, &event.spec)) {
        return SARN_OK; /* A program may set it whenever it starts. */
    }
    SARN__TRY(
        sarn__writer_uuid(&engine->writer, meta.time_us, &meta.correlation_id, error));
    SARN__TRY(sarn__held_record(engine, held, &meta, &event, &written, error));
    reply->event_count = 1;
    reply->position = written.position;
    reply->version = (int64_t)written.version;
    reply->correlation_id = meta.correlation_id;
    sarn__held_call(engine->schedules, held);
    return SARN_OK;
}

void sarn__schedules_request(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_reply reply = {.version = -1};

    reply.status = carry_out(engine, request, &reply, &error);
    if (reply.status != SARN_OK && error.status == reply.status) {
        reply.text = error.text;
    }
    /* Also a refusal may rest on events in flight. */
    sarn__answer_later(engine, request, &reply);
    /* In the same batch, if it has room: what it is due for, and when it sleeps. */
    (void)sarn__schedules_turn(engine);
}
