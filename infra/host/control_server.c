#include "infra/host/control_server.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/engine.h"
#include "infra/host/control_line.h"
#include "infra/posix/line_server.h"

#define CLIENTS_MAX 16u
#define DEADLINE_MS 10000u

#define TOO_MANY                                                                       \
    "{\"status\":16,\"text\":\"too many clients are connected to the control "         \
    "socket: try again later\"}\n"
#define TOO_LONG                                                                       \
    "{\"status\":19,\"text\":\"a request to the control socket is one line of at "     \
    "most 4 MiB\"}\n"

struct sarn__control_server {
    struct sarn_heap heap;
    sarn_engine *engine;
    struct sarn_json json;
    struct sarn_arena *arena; /* Of one line. */
    struct sarn__line_server *lines;
};

/* Whom a reply goes to; in the arena of its request. */
struct asked {
    struct sarn__control_server *server;
    uint64_t client;
};

static void answer(struct sarn__control_server *server,
                   uint64_t client,
                   const struct sarn_reply *reply)
{
    struct sarn_str line = SARN_STR("{\"status\":1,\"text\":\"out of memory for the "
                                    "reply: look at the execution\"}");

    sarn_arena_reset(server->arena);
    if (sarn__control_reply_write(&server->json, reply, server->arena, &line, NULL) !=
        SARN_OK) {
        struct sarn_reply bare = *reply; /* Without what made it fail. */

        bare.output = NULL;
        (void)!sarn__control_reply_write(&server->json, &bare, server->arena, &line,
                                         NULL);
    }
    sarn__line_server_answer(server->lines, client, line);
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    const struct asked *asked = arg;

    answer(asked->server, asked->client, reply);
}

static void refuse(struct sarn__control_server *server,
                   uint64_t client,
                   sarn_status status,
                   const struct sarn_error *error)
{
    struct sarn_reply reply = {.status = status, .version = -1, .text = error->text};

    answer(server, client, &reply);
}

static sarn_status make_request(sarn_engine *engine,
                                const struct sarn__said *said,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    if (said->kind == SARN__SAID_SCHEDULE) {
        return sarn__request_schedule_put(engine, &said->as.schedule, said->input,
                                          request, error);
    }
    if (said->kind == SARN__SAID_SCHEDULE_CHANGE) {
        return sarn__request_schedule_alter(engine, &said->as.schedule_change, request,
                                            error);
    }
    return sarn__request_control(engine, &said->as.control, request, error);
}

static sarn_status take(struct sarn__control_server *server,
                        uint64_t client,
                        struct sarn_str line,
                        struct sarn_error *error)
{
    struct sarn__said said;
    struct sarn__request *request;
    struct asked *asked;

    sarn_arena_reset(server->arena);
    SARN__TRY(
        sarn__control_line_read(&server->json, line, server->arena, &said, error));
    SARN__TRY(make_request(server->engine, &said, &request, error));
    asked = sarn_arena_alloc(request->arena, sizeof(*asked));
    if (asked == NULL) {
        sarn__request_destroy(request);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory taking a request");
    }
    *asked = (struct asked){.server = server, .client = client};
    request->reply = on_reply;
    request->reply_arg = asked;
    sarn__engine_submit(server->engine, request);
    return SARN_OK;
}

static void on_line(void *arg, uint64_t client, struct sarn_str line)
{
    struct sarn__control_server *server = arg;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = take(server, client, line, &error);

    if (status != SARN_OK) {
        refuse(server, client, status, &error);
    }
}

/* --- life --- */

SARN_MUST_USE static sarn_status
serve_at(struct sarn__control_server *made, const char *path, struct sarn_error *error)
{
    const struct sarn__line_options options = {.clients_max = CLIENTS_MAX,
                                               .line_max = SARN__CONTROL_LINE_MAX,
                                               .deadline_ms = DEADLINE_MS,
                                               .too_many = SARN_STR(TOO_MANY),
                                               .too_long = SARN_STR(TOO_LONG),
                                               .on_line = on_line,
                                               .arg = made};
    char name[4096 + sizeof(SARN__CONTROL_SUFFIX)];
    int size = snprintf(name, sizeof(name), "%s%s", path, SARN__CONTROL_SUFFIX);

    if (size < 0 || (size_t)size >= sizeof(name)) {
        return sarn__fail(error, SARN_ERR_INVALID, "the path is too long");
    }
    return sarn__line_server_create(name, &options, &made->heap, &made->lines, error);
}

sarn_status sarn__control_server_create(sarn_engine *engine,
                                        const char *path,
                                        struct sarn__control_server **server,
                                        struct sarn_error *error)
{
    const struct sarn_ports *ports = &sarn__engine_log(engine)->ports;
    struct sarn__control_server *made = sarn__heap_alloc(&ports->heap, sizeof(*made));
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a control socket");
    }
    made->heap = ports->heap;
    made->engine = engine;
    made->json = ports->json;
    made->arena = sarn_arena_create(&made->heap);
    status = made->arena == NULL ? sarn__fail(error, SARN_ERR_NOMEM,
                                              "out of memory for a control socket")
                                 : serve_at(made, path, error);
    if (status != SARN_OK) {
        sarn__control_server_destroy(made);
        return status;
    }
    *server = made;
    return SARN_OK;
}

void sarn__control_server_stop(struct sarn__control_server *server)
{
    if (server != NULL) {
        sarn__line_server_stop(server->lines);
    }
}

void sarn__control_server_destroy(struct sarn__control_server *server)
{
    struct sarn_heap heap;

    if (server == NULL) {
        return;
    }
    sarn__line_server_destroy(server->lines);
    sarn_arena_destroy(server->arena);
    heap = server->heap;
    sarn__heap_free(&heap, server);
}

int sarn__control_server_fd(const struct sarn__control_server *server)
{
    return sarn__line_server_fd(server->lines);
}

void sarn__control_server_serve(struct sarn__control_server *server)
{
    sarn__line_server_serve(server->lines);
}
