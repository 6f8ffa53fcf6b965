/* Opening, commands, appending, and who dispatches. */
#include "crash/faults/scenes.h"

#include <string.h>

void scene_open(struct fault_world *world)
{
    HOLDS(world, strlen(sarn_version()) > 0);
    if (fault_open(world, 0)) {
        (void)fault_put(world, "a", 1);
        fault_shut(world);
    }
    if (fault_open(world, 0)) {
        (void)fault_put(world, "a", 2);
        fault_close(world);
    }
}

/* A command that is refused, and one that is only tried. */
static void refused_and_tried(struct fault_world *world)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct jar_put put = {.note = SARN_STR("bad")};

    command.stream = sarn_str("jar-a");
    command.type = &jar_put_type;
    command.data = &put;
    (void)SAYS(world, SARN_ERR_REJECTED,
               sarn_call(world->engine, &command, NULL, &world->error));
    put.note = sarn_str("only tried");
    command.flags = SARN_DRY_RUN;
    (void)DID(world, sarn_call(world->engine, &command, NULL, &world->error));
    put.note = sarn_str("plain");
    (void)DID(world, sarn_call(world->engine, &command, NULL, &world->error));
}

void scene_commands(struct fault_world *world)
{
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};

    if (!fault_open(world, 0)) {
        return;
    }
    for (uint32_t id = 1; id <= 6; id++) {
        (void)fault_put(world, id % 2 == 0 ? "a" : "b", id);
    }
    refused_and_tried(world);
    for (uint32_t id = 7; id <= 12; id++) {
        (void)fault_put(world, "a", id);
    }
    (void)DID(world, sarn_engine_get_stats(world->engine, &stats, &world->error));
    fault_close(world);
}

/* --- streams --- */

static void fill_append(struct sarn_append *append,
                        struct sarn_stream_append *stream,
                        struct sarn_new_event events[2],
                        const char *name,
                        const char *key)
{
    static const struct sarn_str bytes = SARN_STR("some bytes");
    static const struct jar_put_in in = {.note = SARN_STR("appended")};

    events[0] = (struct sarn_new_event){.type_name = "plain", .data = &bytes};
    events[1] = (struct sarn_new_event){.type = &jar_put_in_type, .data = &in};
    *stream = (struct sarn_stream_append){.stream = sarn_str(name),
                                          .expected_version = SARN_ANY,
                                          .events = events,
                                          .event_count = 2};
    *append = (struct sarn_append)SARN_APPEND_INIT;
    append->streams = stream;
    append->stream_count = 1;
    append->key = sarn_str(key);
}

static void append_later(struct fault_world *world, struct fault_reply *reply)
{
    struct sarn_stream_append stream;
    struct sarn_new_event events[2];
    struct sarn_append append;

    *reply = (struct fault_reply){world, world->submitted};
    world->replies[world->submitted] = 0;
    fill_append(&append, &stream, events, "shelf-1", "second append");
    if (DID(world, sarn_append_submit(world->engine, &append, fault_on_reply, reply,
                                      &world->error))) {
        world->submitted += 1;
        fault_await(world, reply->number);
    }
}

void scene_streams(struct fault_world *world)
{
    struct sarn_str shelf = SARN_STR("shelf-1");
    struct sarn_stream_append stream;
    struct sarn_new_event events[2];
    struct sarn_append append;
    struct fault_reply reply;

    if (!fault_open(world, 0)) {
        return;
    }
    fill_append(&append, &stream, events, "shelf-1", "first append");
    (void)DID(world, sarn_append_call(world->engine, &append, NULL, &world->error));
    append_later(world, &reply);
    (void)DID(world,
              sarn_stream_set_metadata(world->engine, 0, shelf,
                                       sarn_str("{\"wood\":\"oak\"}"), &world->error));
    fill_append(&append, &stream, events, "shelf-2", NULL);
    (void)DID(world, sarn_append_call(world->engine, &append, NULL, &world->error));
    (void)DID(world, sarn_stream_delete(world->engine, 0, sarn_str("shelf-2"), SARN_ANY,
                                        &world->error));
    fault_close(world);
}

/* --- who dispatches --- */

static void stop_it(void *arg, const struct sarn_reply *reply)
{
    struct fault_reply *to = arg;

    fault_on_reply(arg, reply);
    sarn_stop(to->world->engine);
}

static bool submit(struct fault_world *world,
                   uint32_t id,
                   sarn_reply_fn *on_reply,
                   struct fault_reply *reply)
{
    struct sarn_command command;
    struct fault_put_text text;
    struct jar_put put;

    *reply = (struct fault_reply){world, world->submitted};
    world->replies[reply->number] = 0;
    fault_put_command("a", id, &command, &put, &text);
    if (!DID(world,
             sarn_submit(world->engine, &command, on_reply, reply, &world->error))) {
        return false;
    }
    world->submitted += 1;
    return true;
}

/* The reply is not looked at where it may be that of the second run. */
static void take_ack(struct fault_world *world, uint32_t id, struct fault_reply *reply)
{
    if (!world->strict && world->replies[reply->number] == 1) {
        fault_put_ended(world, id, world->statuses[reply->number], false);
    } else if (world->strict) {
        world->notes[id] = FAULT_ACKED;
    }
}

void scene_dispatch(struct fault_world *world)
{
    struct fault_reply polled, running;

    if (!fault_open(world, SARN_OPEN_WAIT)) {
        return;
    }
    if (submit(world, 1, fault_on_reply, &polled)) {
        fault_await(world, polled.number);
        take_ack(world, 1, &polled);
    }
    if (DID(world, sarn_start(world->engine, &world->error))) {
        (void)fault_put(world, "a", 2);
        sarn_stop(world->engine);
    }
    if (submit(world, 3, stop_it, &running)) {
        sarn_status status;

        fault_begin(world, "sarn_run()");
        status = sarn_run(world->engine, &world->error);
        if (status == SARN_ERR_STATE) { /* The thread has not heard of the stop yet. */
            (void)fault_put(world, "a", 4);
        } else {
            (void)fault_did(world, status);
        }
    }
    fault_close(world);
}
