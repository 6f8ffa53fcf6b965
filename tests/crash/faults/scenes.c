#include "crash/faults/scenes.h"

const struct fault_scene fault_scenes[] = {
    {.name = "values", .play = scene_values, .no_log = true},
    {.name = "open", .play = scene_open},
    {.name = "commands", .play = scene_commands},
    {.name = "streams", .play = scene_streams},
    {.name = "dispatch", .play = scene_dispatch},
    {.name = "read", .prepare = prepare_shelf, .play = scene_read},
    {.name = "reader", .prepare = prepare_shelf, .play = scene_reader},
    {.name = "check", .prepare = prepare_shelf, .play = scene_check},
    {.name = "subscribe", .prepare = prepare_shelf, .play = scene_subscribe},
    {.name = "rebuild", .prepare = prepare_shelf, .play = scene_rebuild},
    {.name = "errand", .play = scene_errand},
};
const uint32_t fault_scene_count = sizeof(fault_scenes) / sizeof(fault_scenes[0]);
