/* What errands are told beside their signals: from inside, and from outside. */
#include "crash/faults/scenes.h"

#include <stdio.h>
#include <string.h>

/* In the second run, errands that are new: what the first has left of the others is
 * looked at by those who hold the log against itself. */
static const char *name(const struct fault_world *world, char to[16], int n)
{
    snprintf(to, 16, "%s%d", world->strict ? "again" : "e", n);
    return to;
}

static bool tell(struct fault_world *world,
                 const char *id,
                 enum sarn_control_op op,
                 const char *what)
{
    return errand_tell(world, id, op, what, "");
}

static void
tell_later(struct fault_world *world, const char *id, struct fault_reply *reply)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    *reply = (struct fault_reply){world, world->submitted};
    world->replies[world->submitted] = 0;
    control.op = SARN_CONTROL_TERMINATE;
    control.workflow = sarn_str("errand");
    control.workflow_id = sarn_str(id);
    control.actor = sarn_str("eva");
    if (DID(world, sarn_control_submit(world->engine, &control, fault_on_reply, reply,
                                       &world->error))) {
        world->submitted += 1;
        fault_await(world, reply->number);
    }
}

/* What was begun comes to an end: nothing goes on behind the scene. */
static void end(struct fault_world *world, const char *id)
{
    struct sarn_start start = SARN_START_INIT;
    struct jar_errand input = {.note = SARN_STR("milk"), .again = true};
    sarn_status status;

    if (!world->strict) {
        return;
    }
    start.workflow = "errand";
    start.workflow_id = sarn_str(id);
    start.input = &input;
    fault_begin(world, "the end of an errand");
    status = sarn_execute(world->engine, &start, NULL, &world->error);
    if (status != SARN_ERR_CANCELLED && status != SARN_ERR_TERMINATED) {
        fault_end(world, FAULT_LOST, "errand %s does not end: %s", id,
                  world->error.text);
    }
}

void scene_control(struct fault_world *world)
{
    struct fault_reply reply;
    char id[16], fork[16];

    if (!fault_open(world, 0)) {
        return;
    }
    if (errand_begin(world, name(world, id, 1))) {
        (void)tell(world, id, SARN_CONTROL_PAUSE, "");
        (void)tell(world, id, SARN_CONTROL_RESUME, "");
        (void)tell(world, id, SARN_CONTROL_RESET, "put");
        if (errand_wait(world, id, "go") && tell(world, id, SARN_CONTROL_CANCEL, "")) {
            end(world, id);
        }
    }
    if (errand_begin(world, name(world, id, 2))) {
        struct sarn_control control = SARN_CONTROL_INIT;

        control.op = SARN_CONTROL_FORK;
        control.workflow = sarn_str("errand");
        control.workflow_id = sarn_str(id);
        control.step = sarn_str("go");
        control.name = sarn_str(name(world, fork, 3));
        if (DID(world, sarn_control_call(world->engine, &control, NULL, NULL,
                                         &world->error)) &&
            tell(world, fork, SARN_CONTROL_CANCEL, "")) {
            end(world, fork);
        }
        tell_later(world, id, &reply);
        end(world, id);
    }
    fault_close(world);
}

/* --- from outside --- */

static void tell_at(struct fault_world *world, const char *id, enum sarn_control_op op)
{
    struct sarn_arena *arena = fault_arena(world);
    struct sarn_control control = SARN_CONTROL_INIT;
    struct sarn_str answer = {NULL, 0};
    char key[32];

    control.op = op;
    control.workflow = sarn_str("errand");
    control.workflow_id = sarn_str(id);
    if (op == SARN_CONTROL_UPDATE) {
        control.name = sarn_str("rename");
        control.json = sarn_str("{\"text\":\"rosa\"}");
    }
    snprintf(key, sizeof(key), "%u %s", (unsigned)op, id);
    control.key = sarn_str(key);
    (void)DID(world,
              sarn_control_at(world->path, &control, arena, &answer, &world->error));
    sarn_arena_destroy(arena);
}

/* The first is told while nobody owns the log, the second while its owner runs. */
void scene_control_at(struct fault_world *world)
{
    char first[16], second[16];

    if (fault_open(world, 0)) {
        bool both = errand_begin(world, name(world, first, 1)) &&
                    errand_begin(world, name(world, second, 2));

        fault_shut(world);
        if (!both) {
            return;
        }
        tell_at(world, first, SARN_CONTROL_CANCEL);
    }
    (void)name(world, second, 2);
    if (!fault_open(world, SARN_OPEN_CONTROL)) {
        return;
    }
    if (DID(world, sarn_start(world->engine, &world->error))) {
        tell_at(world, second, SARN_CONTROL_UPDATE);
        tell_at(world, second, SARN_CONTROL_CANCEL);
    }
    fault_close(world);
}
