/* scenes.h - what is played with faults: together, every public call. */
#ifndef SARN_TESTS_CRASH_FAULTS_SCENES_H
#define SARN_TESTS_CRASH_FAULTS_SCENES_H

#include "crash/faults/world.h"

struct fault_scene {
    const char *name;
    /* What is there before, without faults; every run begins with a copy of its log.
     * NULL: nothing is. */
    void (*prepare)(struct fault_world *world);
    void (*play)(struct fault_world *world);
    bool no_log; /* It leaves none behind to be judged. */
};

extern const struct fault_scene fault_scenes[];
extern const uint32_t fault_scene_count;

/* scene_commands.c */
void scene_open(struct fault_world *world);
void scene_commands(struct fault_world *world);
void scene_streams(struct fault_world *world);
void scene_dispatch(struct fault_world *world);

/* scene_read.c */
void prepare_shelf(struct fault_world *world);
void scene_values(struct fault_world *world);
void scene_read(struct fault_world *world);
void scene_reader(struct fault_world *world);
void scene_check(struct fault_world *world);

/* scene_follow.c */
void scene_subscribe(struct fault_world *world);
void scene_rebuild(struct fault_world *world);

/* scene_errand.c */
void scene_errand(struct fault_world *world);

/* scene_control.c */
void scene_control(struct fault_world *world);
void scene_control_at(struct fault_world *world);

/* scene_schedule.c */
void scene_schedule(struct fault_world *world);
void scene_schedule_at(struct fault_world *world);

/* scene_kit.c */
void scene_kit(struct fault_world *world);
void scene_kit_crash(struct fault_world *world);
void scene_replay(struct fault_world *world);
void scene_what_if(struct fault_world *world);

/* scene_archive.c */
void scene_archive(struct fault_world *world);
void scene_repair(struct fault_world *world);

/* scene_modules.c */
void scene_modules(struct fault_world *world);

/* Errands, for those that need one. errand_begin() starts id, detached, and waits until
 * it waits for its signal; false: it does not come there. errand_tell() is
 * sarn_control_call(). */
bool errand_begin(struct fault_world *world, const char *id);
bool errand_wait(struct fault_world *world, const char *id, const char *step);
bool errand_tell(struct fault_world *world,
                 const char *id,
                 enum sarn_control_op op,
                 const char *what,
                 const char *key);

#endif
