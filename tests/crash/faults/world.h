/* world.h - what a scene has at hand, and how its calls are held to their word.
 *
 * A scene is a run over a few public calls. It is played twice on one log: first with a
 * fault, where a call may fail, with a status that fits the fault and a sentence; then
 * without, where every call must do what it is for, and what was acknowledged the first
 * time must be there. The scene itself is the same both times: commands have their
 * idempotency keys, executions their ids.
 */
#ifndef SARN_TESTS_CRASH_FAULTS_WORLD_H
#define SARN_TESTS_CRASH_FAULTS_WORLD_H

#include <sarn/sarn.h>

#include "crash/faults/inject.h"
#include "crash/faults/jar.h"

#define FAULT_PATH_BYTES  512u
#define FAULT_NOTES_MAX   64u
#define FAULT_REPLIES_MAX 16u

/* How a child ends; anything else is a crash. */
enum fault_verdict {
    FAULT_GOOD = 0,
    FAULT_LEAKED = 10,
    FAULT_LOST = 11,   /* What was acknowledged is not there, or is there twice. */
    FAULT_UNCLEAR = 12 /* A status that does not fit, or no sentence. */
};

/* From child to parent, in shared memory. */
struct fault_report {
    uint64_t counts[FAULT_KINDS];
    uint64_t struck;
    uint64_t failed;  /* Calls, in the first run. */
    uint64_t stopped; /* The engine said that it has to be opened again. */
    char call[160];   /* Under way. */
    char why[768];
};

enum fault_ack { FAULT_NOT_ASKED, FAULT_FAILED, FAULT_ACKED };

struct fault_world {
    const char *folder; /* For whatever the scene needs. */
    char path[FAULT_PATH_BYTES];
    const struct fault_plan *plan;
    struct fault_report *report;
    bool loud;   /* In the parent: why it ends is to be said. */
    bool strict; /* The second run. */
    bool failed; /* A call has failed; what comes after may follow from that. */
    bool stopped;
    sarn_engine *engine;
    struct sarn_error error;
    struct jar_world jar;
    enum fault_ack notes[FAULT_NOTES_MAX];
    /* Requests whose reply is under way, and how often it came. */
    uint32_t submitted;
    uint32_t replies[FAULT_REPLIES_MAX];
    sarn_status statuses[FAULT_REPLIES_MAX];
};

/* End the child. */
_Noreturn void fault_end(struct fault_world *world,
                         enum fault_verdict verdict,
                         const char *format,
                         ...) SARN_PRINTF(3, 4);

/* Has call succeeded? If not, and it may fail, its status and sentence must fit. The
 * call is given &world->error. */
#define DID(world, call) (fault_begin((world), #call), fault_did((world), (call)))
void fault_begin(struct fault_world *world, const char *call);
bool fault_did(struct fault_world *world, sarn_status status);
/* The same for a call that answers status when all is well. */
#define SAYS(world, status, call)                                                      \
    (fault_begin((world), #call), fault_says((world), (call), (status)))
bool fault_says(struct fault_world *world, sarn_status status, sarn_status expected);
/* What must be so where nothing has failed. */
#define HOLDS(world, condition) fault_holds((world), (condition), #condition)
void fault_holds(struct fault_world *world, bool condition, const char *text);
/* Memory that the scene needs for itself; NULL where it may be had by nobody. */
struct sarn_arena *fault_arena(struct fault_world *world);

/* --- the engine --- */

/* Open world->path with the jars; false: it could not be. */
bool fault_open(struct fault_world *world, uint32_t flags);
/* The same with other modules. */
bool fault_open_with(struct fault_world *world,
                     uint32_t flags,
                     const struct sarn_module *const *modules,
                     uint32_t count);
/* The faults are over, unless they go on for ever: a last command must be carried out,
 * or say that the log is to be opened again. Then close. */
void fault_close(struct fault_world *world);
/* Close and go on. */
void fault_shut(struct fault_world *world);

/* Put note number id into the jar called jar; each is there once in the end. */
bool fault_put(struct fault_world *world, const char *jar, uint32_t id);
/* Fill command and put for that; text is what they point to. */
struct fault_put_text {
    char stream[64], note[32], key[32];
};
void fault_put_command(const char *jar,
                       uint32_t id,
                       struct sarn_command *command,
                       struct jar_put *put,
                       struct fault_put_text *text);
/* What became of it. */
void fault_put_ended(struct fault_world *world,
                     uint32_t id,
                     sarn_status status,
                     bool repeated);
/* A reply function and its argument; its number is world->submitted, which grows when
 * the submit was taken. */
void fault_on_reply(void *arg, const struct sarn_reply *reply);
struct fault_reply {
    struct fault_world *world;
    uint32_t number;
};
/* Dispatch until reply number has come, or it is no use to wait longer. */
void fault_await(struct fault_world *world, uint32_t number);

/* --- the judge (judge.c) --- */

/* Hold what the log says against world, once the second run is over. */
void fault_judge(struct fault_world *world);

#endif
