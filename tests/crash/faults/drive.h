/* drive.h - plays a scene with one fault in a child, and says how that ended. */
#ifndef SARN_TESTS_CRASH_FAULTS_DRIVE_H
#define SARN_TESTS_CRASH_FAULTS_DRIVE_H

#include "crash/faults/scenes.h"

enum fault_ending {
    FAULT_END_GOOD,
    FAULT_END_CRASHED,
    FAULT_END_HUNG,
    FAULT_END_LEAKED,
    FAULT_END_LOST,
    FAULT_END_UNCLEAR,
    FAULT_ENDS
};

struct fault_drive {
    const char *folder;
    struct fault_report *report; /* Shared with the children; of the last one. */
    bool shown;                  /* Strikes are shown. */
    bool patient;                /* Children are not ended when they hang. */
};

/* Once, before the first fault of a scene. Ends the program when it goes wrong. */
void fault_drive_prepare(const struct fault_drive *drive,
                         const struct fault_scene *scene);
enum fault_ending fault_drive_one(const struct fault_drive *drive,
                                  const struct fault_scene *scene,
                                  const struct fault_plan *plan);

#endif
