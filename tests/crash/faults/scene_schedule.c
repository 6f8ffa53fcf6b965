/* Schedules, from inside and from outside. */
#include "crash/faults/scenes.h"

#include <string.h>

static const struct jar_errand input = {.note = SARN_STR("bread")};

static void fill(struct sarn_schedule *schedule, const char *id)
{
    *schedule = (struct sarn_schedule)SARN_SCHEDULE_INIT;
    schedule->id = sarn_str(id);
    schedule->workflow = "helper";
    schedule->input = &input;
    schedule->cron = "0 3 * * *";
    schedule->zone = "Europe/Prague";
    schedule->actor = sarn_str("eva");
}

static struct sarn_schedule_change change_of(enum sarn_schedule_op op, const char *id)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;

    change.op = op;
    change.id = sarn_str(id);
    change.actor = sarn_str("eva");
    change.reason = sarn_str("the scene wants it");
    return change;
}

static sarn_status count(void *arg, const struct sarn_schedule_info *info)
{
    *(uint32_t *)arg += info->id.size > 0 ? 1 : 0;
    return SARN_OK;
}

/* Paused and resumed; in the second run it may stand where the first has left it. */
static void pause_and_resume(struct fault_world *world, const char *id)
{
    struct sarn_schedule_change pause = change_of(SARN_SCHEDULE_PAUSE, id);
    struct sarn_schedule_change resume = change_of(SARN_SCHEDULE_RESUME, id);

    if (world->strict && sarn_schedule_alter(world->engine, &resume, NULL) == SARN_OK) {
        world->failed = false; /* It was paused. */
    }
    (void)DID(world, sarn_schedule_alter(world->engine, &pause, &world->error));
    (void)DID(world, sarn_schedule_alter(world->engine, &resume, &world->error));
}

void scene_schedule(struct fault_world *world)
{
    struct sarn_schedule_change trigger = change_of(SARN_SCHEDULE_TRIGGER, "s1");
    struct sarn_schedule schedule;
    uint32_t schedules = 0;

    if (!fault_open(world, 0)) {
        return;
    }
    fill(&schedule, "s1");
    (void)DID(world, sarn_schedule_put(world->engine, &schedule, &world->error));
    pause_and_resume(world, "s1");
    (void)DID(world, sarn_schedule_alter(world->engine, &trigger, &world->error));
    (void)DID(world, sarn_schedules(sarn_engine_log(world->engine), count, &schedules,
                                    &world->error));
    HOLDS(world, schedules == 1);
    fault_close(world);
}

/* --- from outside --- */

static void alter_at(struct fault_world *world, const char *id)
{
    struct sarn_schedule_change trigger = change_of(SARN_SCHEDULE_TRIGGER, id);
    struct sarn_str json = SARN_STR("{\"note\":\"bread\"}");
    struct sarn_schedule schedule;

    fill(&schedule, id);
    schedule.input = NULL;
    (void)DID(world, sarn_schedule_put_at(world->path, &schedule, json, &world->error));
    (void)DID(world, sarn_schedule_alter_at(world->path, &trigger, &world->error));
}

void scene_schedule_at(struct fault_world *world)
{
    alter_at(world, "alone");
    if (!fault_open(world, SARN_OPEN_CONTROL)) {
        return;
    }
    if (DID(world, sarn_start(world->engine, &world->error))) {
        alter_at(world, "beside");
    }
    fault_close(world);
}
