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
    {.name = "control", .play = scene_control},
    {.name = "control_at", .play = scene_control_at},
    {.name = "schedule", .play = scene_schedule},
    {.name = "schedule_at", .prepare = prepare_shelf, .play = scene_schedule_at},
    {.name = "modules", .play = scene_modules},
    {.name = "kit", .play = scene_kit, .no_log = true},
    {.name = "kit_crash", .play = scene_kit_crash, .no_log = true},
    {.name = "replay", .prepare = prepare_shelf, .play = scene_replay},
    {.name = "what_if", .prepare = prepare_shelf, .play = scene_what_if},
    {.name = "archive", .prepare = prepare_shelf, .play = scene_archive},
    {.name = "repair", .prepare = prepare_shelf, .play = scene_repair},
};
const uint32_t fault_scene_count = sizeof(fault_scenes) / sizeof(fault_scenes[0]);
