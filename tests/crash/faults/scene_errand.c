/* Workflows: an errand from beginning to end, and what errands are told. */
#define _POSIX_C_SOURCE 200809L

#include "crash/faults/scenes.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define TURNS   100
#define TURN_MS 20

/* --- helpers --- */

static bool start(struct fault_world *world,
                  const char *id,
                  uint32_t flags,
                  uint32_t exists,
                  struct sarn_start *to,
                  struct jar_errand *input)
{
    *input = (struct jar_errand){.note = SARN_STR("milk"), .again = true};
    *to = (struct sarn_start)SARN_START_INIT;
    to->flags = flags;
    to->workflow = "errand";
    to->workflow_id = sarn_str(id);
    to->input = input;
    to->exists = exists;
    return world->engine != NULL;
}

/* How it stands now; 0: it is not there, or nobody can tell. */
static uint32_t
look(struct fault_world *world, const char *id, char step[64], bool *paused)
{
    struct sarn_arena *arena = fault_arena(world);
    struct sarn_execution_info info = {.status = 0};
    sarn_status status;

    step[0] = '\0';
    *paused = false;
    if (arena == NULL) {
        return 0;
    }
    fault_begin(world, "sarn_execution_get()");
    status = sarn_execution_get(world->engine, 0, "errand", sarn_str(id), arena, &info,
                                &world->error);
    if (status == SARN_OK) {
        snprintf(step, 64, "%.*s", (int)info.step.size, info.step.data);
        *paused = info.paused;
    } else if (status != SARN_ERR_NOT_FOUND) {
        (void)fault_did(world, status);
    }
    sarn_arena_destroy(arena);
    return status == SARN_OK ? info.status : 0;
}

/* With a fault it may never come; without one, it is there at once. */
static int patience(const struct fault_world *world)
{
    return world->strict ? TURNS : TURNS / 10;
}

/* Twice: having been asked is something to do, too. */
static void dispatch(struct fault_world *world)
{
    for (int i = 0; i < 2; i++) {
        struct pollfd ready = {.fd = sarn_fd(world->engine), .events = POLLIN};

        (void)poll(&ready, 1, TURN_MS);
        (void)DID(world, sarn_dispatch(world->engine, &world->error));
    }
}

/* Until it is at step, or over. */
bool errand_wait(struct fault_world *world, const char *id, const char *step)
{
    for (int turn = 0; turn < patience(world); turn++) {
        bool paused;
        char at[64];
        uint32_t status = look(world, id, at, &paused);

        if (status == SARN_EXECUTION_RUNNING && strcmp(at, step) == 0) {
            return true;
        }
        if (status > SARN_EXECUTION_COMPENSATING || world->stopped) {
            return false;
        }
        dispatch(world);
    }
    if (world->strict) {
        char at[64];
        bool paused;
        uint32_t status = look(world, id, at, &paused);

        fault_end(world, FAULT_LOST, "errand %s does not come to %s: it is %s at %s",
                  id, step, sarn_execution_status_text(status), at);
    }
    return false;
}

bool errand_begin(struct fault_world *world, const char *id)
{
    struct jar_errand input;
    struct sarn_start now;

    if (!start(world, id, SARN_START_DETACHED, SARN_EXISTS_JOIN, &now, &input)) {
        return false;
    }
    return DID(world, sarn_execute(world->engine, &now, NULL, &world->error)) &&
           errand_wait(world, id, "go");
}

static void fill_control(struct sarn_control *control,
                         enum sarn_control_op op,
                         const char *id,
                         const char *what,
                         const char *key)
{
    static const struct jar_note note = {.text = SARN_STR("go now")};

    *control = (struct sarn_control)SARN_CONTROL_INIT;
    control->op = op;
    if (op != SARN_CONTROL_PROMISE && op != SARN_CONTROL_FAIL_PROMISE) {
        control->workflow = sarn_str("errand");
        control->workflow_id = sarn_str(id);
    }
    if (op == SARN_CONTROL_RESET || op == SARN_CONTROL_RETRY) {
        control->step = sarn_str(what);
    } else {
        control->name = sarn_str(what);
    }
    if (op == SARN_CONTROL_SIGNAL || op == SARN_CONTROL_UPDATE ||
        op == SARN_CONTROL_PROMISE) {
        control->data = &note;
    }
    control->reason = sarn_str("the scene wants it");
    control->actor = sarn_str("eva");
    control->key = sarn_str(key);
}

bool errand_tell(struct fault_world *world,
                 const char *id,
                 enum sarn_control_op op,
                 const char *what,
                 const char *key)
{
    struct sarn_arena *arena = fault_arena(world);
    struct sarn_control control;
    const void *output = NULL;
    bool told;

    fill_control(&control, op, id, what, key);
    told = DID(world, sarn_control_call(world->engine, &control, arena, &output,
                                        &world->error));
    sarn_arena_destroy(arena);
    return told;
}

/* --- an errand --- */

/* Make sure, without faults, that errand id is under way: what has gone wrong is begun
 * anew, and what is parked is tried again. key: for what it is told. */
static void settle(struct fault_world *world, const char *id, const char **key)
{
    struct jar_errand input;
    struct sarn_start now;
    char step[64];
    bool paused;
    uint32_t status = look(world, id, step, &paused);

    if (status == SARN_EXECUTION_PARKED) {
        (void)errand_tell(world, id, SARN_CONTROL_RETRY, "", "");
        (void)start(world, id, 0, SARN_EXISTS_JOIN, &now, &input);
        if (sarn_execute(world->engine, &now, NULL, &world->error) == SARN_OK) {
            return;
        }
        status = look(world, id, step, &paused);
    }
    while (status == SARN_EXECUTION_COMPENSATING) {
        dispatch(world);
        status = look(world, id, step, &paused);
    }
    if (status != 0 && status != SARN_EXECUTION_RUNNING &&
        status != SARN_EXECUTION_COMPLETED) {
        (void)start(world, id, SARN_START_DETACHED, SARN_EXISTS_RESTART_FAILED, &now,
                    &input);
        (void)DID(world, sarn_execute(world->engine, &now, NULL, &world->error));
        *key = "second";
    }
}

static void ask_name(struct fault_world *world, const char *id)
{
    struct sarn_arena *arena = fault_arena(world);
    const void *output = NULL;

    if (arena != NULL) {
        (void)DID(world,
                  sarn_execution_query(world->engine, 0, "errand", sarn_str(id), "name",
                                       NULL, arena, &output, &world->error));
        sarn_arena_destroy(arena);
    }
}

/* Tell it what it waits for, until it is over, or it is no use to wait longer. */
static uint32_t bring_on(struct fault_world *world, const char *id, const char *key)
{
    char step[64], keys[2][32];
    uint32_t status = 0;
    bool paused;

    snprintf(keys[0], sizeof(keys[0]), "go %s", key);
    snprintf(keys[1], sizeof(keys[1]), "receipt %s", key);
    for (int turn = 0; turn < patience(world); turn++) {
        status = look(world, id, step, &paused);
        if (status > SARN_EXECUTION_COMPENSATING || world->stopped) {
            break;
        }
        if (strcmp(step, "go") == 0) {
            (void)errand_tell(world, id, SARN_CONTROL_SIGNAL, "go", keys[0]);
        } else if (strcmp(step, "receipt") == 0) {
            (void)errand_tell(world, id, SARN_CONTROL_PROMISE, world->jar.promise,
                              keys[1]);
        }
        dispatch(world);
    }
    return status;
}

/* How it ended is asked twice: waiting, and not. */
static void hear(struct fault_world *world, const char *id)
{
    struct fault_reply reply = {world, world->submitted};
    struct jar_errand input;
    struct sarn_start now;

    (void)start(world, id, 0, SARN_EXISTS_JOIN, &now, &input);
    (void)DID(world, sarn_execute(world->engine, &now, NULL, &world->error));
    world->replies[reply.number] = 0;
    if (DID(world, sarn_execution_start(world->engine, &now, fault_on_reply, &reply,
                                        &world->error))) {
        world->submitted += 1;
        fault_await(world, reply.number);
    }
}

void scene_errand(struct fault_world *world)
{
    const char *key = "first";
    struct jar_errand input;
    struct sarn_start now;
    uint32_t status;
    char step[64];
    bool paused;

    if (!fault_open(world, 0)) {
        return;
    }
    if (world->strict) {
        settle(world, "e1", &key);
    }
    if (start(world, "e1", SARN_START_DETACHED, SARN_EXISTS_JOIN, &now, &input) &&
        DID(world, sarn_execute(world->engine, &now, NULL, &world->error))) {
        ask_name(world, "e1");
        if (look(world, "e1", step, &paused) == SARN_EXECUTION_RUNNING) {
            (void)errand_tell(world, "e1", SARN_CONTROL_UPDATE, "rename", "rename");
        }
        ask_name(world, "e1");
    }
    status = bring_on(world, "e1", key);
    if (world->strict && status != SARN_EXECUTION_COMPLETED) {
        fault_end(world, FAULT_LOST, "the errand ends %s",
                  sarn_execution_status_text(status));
    }
    if (status > SARN_EXECUTION_COMPENSATING) {
        hear(world, "e1");
    }
    if (world->strict) {
        HOLDS(world, world->jar.fetched == 1);
    }
    fault_close(world);
}
