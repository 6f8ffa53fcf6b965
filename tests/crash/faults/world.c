#define _POSIX_C_SOURCE 200809L

#include "crash/faults/world.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AWAIT_TURNS   20
#define AWAIT_TURN_MS 20
#define PROBE         (FAULT_NOTES_MAX - 2) /* The note that tells; two of them. */

static const char *kind_name(enum fault_kind kind)
{
    static const char *const names[FAULT_KINDS] = {"malloc", "write", "sync", "open"};

    return kind < FAULT_KINDS ? names[kind] : "call";
}

void fault_end(struct fault_world *world,
               enum fault_verdict verdict,
               const char *format,
               ...)
{
    va_list args;

    fault_disarm();
    va_start(args, format);
    vsnprintf(world->report->why, sizeof(world->report->why), format, args);
    va_end(args);
    if (world->loud) {
        fprintf(stderr, "faulttest: %s\n", world->report->why);
    }
    _exit((int)verdict);
}

/* --- calls --- */

void fault_begin(struct fault_world *world, const char *call)
{
    size_t size = strlen(call);
    size_t room = sizeof(world->report->call) - 1;

    size = size < room ? size : room;
    memcpy(world->report->call, call, size);
    world->report->call[size] = '\0';
    world->error = (struct sarn_error){SARN_OK, ""};
}

/* May this be the first thing that goes wrong under the plan? */
static bool fits(const struct fault_plan *plan, sarn_status status, const char *call)
{
    bool in_doubt = status == SARN_ERR_IN_DOUBT;
    bool full = status == SARN_ERR_FULL && plan->error != EIO;
    /* A step's own words went wrong: it is undone, or waits for somebody. */
    bool undone = status == SARN_ERR_COMPENSATED || status == SARN_ERR_PARKED;
    /* Who answers elsewhere has hung up. */
    bool elsewhere = in_doubt && strstr(call, "_at(") != NULL;

    switch (plan->kind) {
    case FAULT_MALLOC:
        if (status == SARN_ERR_TOO_LARGE && strstr(call, "sarn_test_") != NULL) {
            return true; /* In virtual time, trying again for ever is soon too often. */
        }
        /* Closed: what is durable could not be folded. */
        return status == SARN_ERR_NOMEM || status == SARN_ERR_CLOSED || elsewhere ||
               undone;
    case FAULT_WRITE:
    case FAULT_SYNC:
        /* Closed: what the engine wrote of itself has failed, since the last call. */
        return in_doubt || full || status == SARN_ERR_IO || status == SARN_ERR_CLOSED;
    case FAULT_OPEN:
        return status == SARN_ERR_IO || status == SARN_ERR_NOMEM || full || elsewhere;
    case FAULT_KINDS:
        break;
    }
    return false;
}

static void note_failure(struct fault_world *world, sarn_status status)
{
    if (world->error.status != status || world->error.text[0] == '\0' ||
        strlen(world->error.text) < 8) {
        fault_end(world, FAULT_UNCLEAR, "%s answered \"%s\" with the words \"%s\" (%s)",
                  world->report->call, sarn_status_text(status), world->error.text,
                  sarn_status_text(world->error.status));
    }
    if (!world->failed && !fits(world->plan, status, world->report->call)) {
        fault_end(world, FAULT_UNCLEAR, "%s answered \"%s\" to a failed %s: %s",
                  world->report->call, sarn_status_text(status),
                  kind_name(world->plan->kind), world->error.text);
    }
    world->failed = true;
    world->report->failed += 1;
    if ((status == SARN_ERR_IN_DOUBT || status == SARN_ERR_CLOSED) &&
        strstr(world->report->call, "_at(") == NULL) { /* Then it is another's. */
        world->stopped = true;
        world->report->stopped = 1;
    }
}

bool fault_says(struct fault_world *world, sarn_status status, sarn_status expected)
{
    if (status == expected) {
        return true;
    }
    if (world->strict || fault_struck() == 0) {
        fault_end(world, FAULT_UNCLEAR, "%s: %s answered \"%s\": %s",
                  world->strict ? "without faults" : "before any fault",
                  world->report->call, sarn_status_text(status), world->error.text);
    }
    if (status == SARN_OK) { /* Less went on before it than should have. */
        fault_holds(world, world->failed, world->report->call);
        return false;
    }
    note_failure(world, status);
    return false;
}

bool fault_did(struct fault_world *world, sarn_status status)
{
    return fault_says(world, status, SARN_OK);
}

void fault_holds(struct fault_world *world, bool condition, const char *text)
{
    if (!condition && !world->failed) {
        fault_end(world, FAULT_LOST, "%s: it does not hold that %s",
                  world->strict ? "without faults" : "though nothing has failed", text);
    }
}

struct sarn_arena *fault_arena(struct fault_world *world)
{
    struct sarn_heap heap = fault_heap();
    struct sarn_arena *arena;

    fault_begin(world, "sarn_arena_create()");
    arena = sarn_arena_create(heap.resize == NULL ? NULL : &heap);
    if (arena == NULL) {
        (void)snprintf(world->error.text, sizeof(world->error.text), "out of memory");
        world->error.status = SARN_ERR_NOMEM;
        (void)fault_did(world, SARN_ERR_NOMEM);
    }
    return arena;
}

/* --- the engine --- */

bool fault_open_with(struct fault_world *world,
                     uint32_t flags,
                     const struct sarn_module *const *modules,
                     uint32_t count)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.flags = flags;
    options.modules = modules;
    options.module_count = count;
    options.context = &world->jar;
    options.workers = 2;
    options.tail_max = 8; /* So that tables are flushed, too. */
    options.map_bytes = UINT64_C(1) << 30;
    options.heap = fault_heap();
    world->engine = NULL;
    world->stopped = false;
    return DID(world, sarn_open(world->path, &options, &world->engine, &world->error));
}

bool fault_open(struct fault_world *world, uint32_t flags)
{
    const struct sarn_module *const modules[] = {&jar_module};

    return fault_open_with(world, flags, modules, 1);
}

void fault_shut(struct fault_world *world)
{
    fault_begin(world, "sarn_close()");
    sarn_close(world->engine);
    world->engine = NULL;
    for (uint32_t i = 0; i < world->submitted; i++) {
        if (world->replies[i] != 1) {
            fault_end(world, FAULT_LOST, "a request was answered %u times",
                      world->replies[i]);
        }
    }
    world->submitted = 0;
}

void fault_close(struct fault_world *world)
{
    if (world->plan->mode != FAULT_ON) {
        fault_disarm();
    }
    if (world->engine != NULL) {
        bool was_stopped = world->stopped;
        bool done = fault_put(world, "probe", world->strict ? PROBE + 1 : PROBE);

        if (!done && world->plan->mode != FAULT_ON && !world->stopped) {
            fault_end(world, FAULT_UNCLEAR,
                      "the faults are over, and a command still fails: %s",
                      world->error.text);
        }
        if (!done &&
            (world->error.status == SARN_ERR_CLOSED ||
             world->error.status == SARN_ERR_IN_DOUBT) &&
            strstr(world->error.text, "open") == NULL) {
            fault_end(world, FAULT_UNCLEAR,
                      "the engine has stopped, and does not say what to do: %s",
                      world->error.text);
        }
        if (done && was_stopped) {
            fault_end(world, FAULT_UNCLEAR, "the engine had said that it was stopped");
        }
        fault_shut(world);
    }
}

/* --- notes --- */

void fault_put_command(const char *jar,
                       uint32_t id,
                       struct sarn_command *command,
                       struct jar_put *put,
                       struct fault_put_text *text)
{
    snprintf(text->stream, sizeof(text->stream), "jar-%s", jar);
    snprintf(text->note, sizeof(text->note), "note-%u", id);
    snprintf(text->key, sizeof(text->key), "key-%u", id);
    *put = (struct jar_put){.note = sarn_str(text->note)};
    *command = (struct sarn_command)SARN_COMMAND_INIT;
    command->stream = sarn_str(text->stream);
    command->type = &jar_put_type;
    command->data = put;
    command->key = sarn_str(text->key);
}

void fault_put_ended(struct fault_world *world,
                     uint32_t id,
                     sarn_status status,
                     bool repeated)
{
    if (world->strict && world->notes[id] == FAULT_ACKED && !repeated) {
        fault_end(world, FAULT_LOST, "note %u was acknowledged and is not there", id);
    }
    if (status == SARN_OK) {
        world->notes[id] = FAULT_ACKED;
    } else if (world->notes[id] == FAULT_NOT_ASKED) {
        world->notes[id] = FAULT_FAILED;
    }
}

bool fault_put(struct fault_world *world, const char *jar, uint32_t id)
{
    struct sarn_reply reply = {.status = SARN_OK};
    struct sarn_command command;
    struct fault_put_text text;
    struct jar_put put;
    sarn_status status;

    fault_put_command(jar, id, &command, &put, &text);
    fault_begin(world, "sarn_call()");
    status = sarn_call(world->engine, &command, &reply, &world->error);
    if (!fault_did(world, status)) {
        fault_put_ended(world, id, status, false);
        return false;
    }
    fault_put_ended(world, id, status, reply.repeated);
    return true;
}

void fault_on_reply(void *arg, const struct sarn_reply *reply)
{
    struct fault_reply *to = arg;

    to->world->replies[to->number] += 1;
    to->world->statuses[to->number] = reply->status;
}

void fault_await(struct fault_world *world, uint32_t number)
{
    for (int turn = 0; turn < AWAIT_TURNS && world->replies[number] == 0; turn++) {
        struct pollfd ready = {.fd = sarn_fd(world->engine), .events = POLLIN};

        (void)poll(&ready, 1, AWAIT_TURN_MS);
        (void)DID(world, sarn_dispatch(world->engine, &world->error));
    }
    HOLDS(world, world->replies[number] == 1);
}
