/* world.h - the new code in memory: an engine over the memory journal, whose external
 * steps are answered from the old log's history.
 *
 * Ownership: the world copies what it changes of the modules; they outlive it.
 * Threads:   one.
 */
#ifndef SARN_INFRA_WHATIF_WORLD_H
#define SARN_INFRA_WHATIF_WORLD_H

#include "infra/memory/sim.h"
#include "infra/whatif/history.h"

struct sarn__world {
    struct sarn__sim *sim;
    struct sarn_codec codec;
    struct sarn_heap heap; /* Given; the engine's is this one, watched. */
    bool starved; /* It had nothing once: an engine would try again and again. */
    struct sarn_arena *arena;
    struct sarn__history *old; /* Answers. */
    uint64_t position;         /* Where the old log is now: what is further on has
                                  not happened yet. */
    struct sarn__job *held;    /* Steps that never come back; linked by next. */
    /* Told of an external step that history does not know; past NULL: nor its
     * execution. */
    void (*unanswered)(void *arg,
                       struct sarn__past *past,
                       uint32_t tenant,
                       struct sarn_str stream,
                       struct sarn_str step);
    void *arg;
};

/* Open an empty log with copies of modules, at start_us. codec, old, unanswered and arg
 * are set by the caller. Errors as sarn_open() has them of modules. */
SARN_MUST_USE sarn_status sarn__world_open(struct sarn__world *world,
                                           const struct sarn_module *const *modules,
                                           uint32_t module_count,
                                           void *context,
                                           int64_t start_us,
                                           const struct sarn_heap *heap,
                                           struct sarn_error *error);
void sarn__world_close(struct sarn__world *world);

/* The old log has come to another event of past: what waits for that asks again. */
void sarn__world_ask_again(struct sarn__world *world, struct sarn__past *past);
/* SARN_ERR_NOMEM: the world lacked memory once, and is what it would not be. */
SARN_MUST_USE sarn_status sarn__world_check(const struct sarn__world *world,
                                            struct sarn_error *error);
/* Let everything happen that is due until time_us. */
void sarn__world_run(struct sarn__world *world, int64_t time_us);

/* Let those that had ended do so, who may be a little behind: as long as one is, but
 * not long. */
void sarn__world_finish(struct sarn__world *world);

/* Start the execution whose start event is. *refused says why it is not (then nothing
 * happened), and is empty where it is. */
SARN_MUST_USE sarn_status sarn__world_start(struct sarn__world *world,
                                            const struct sarn_event *event,
                                            const struct sarn__execution_event *fact,
                                            char refused[SARN_ERROR_TEXT_BYTES],
                                            struct sarn_error *error);
/* Tell an execution what it was told from outside; refused likewise. */
SARN_MUST_USE sarn_status sarn__world_tell(struct sarn__world *world,
                                           const struct sarn_event *event,
                                           const struct sarn__execution_event *fact,
                                           char refused[SARN_ERROR_TEXT_BYTES],
                                           struct sarn_error *error);
/* Append event as it is, at this place. */
SARN_MUST_USE sarn_status sarn__world_append(struct sarn__world *world,
                                             const struct sarn_event *event,
                                             struct sarn_error *error);

/* --- answers.c: external steps --- */

/* A copy of module, in world's arena, whose external steps ask history. NULL: out of
 * memory. */
const struct sarn_module *sarn__world_rewire(struct sarn__world *world,
                                             const struct sarn_module *module);
/* The sim's hook (arg: world), which holds the steps that do not come back yet. */
bool sarn__world_work(void *arg, struct sarn__job *job);
/* All of those whose answers stand further on ask again. */
void sarn__world_ask_all_again(struct sarn__world *world);
/* The sim has everything that is held: for closing. */
void sarn__world_let_go(struct sarn__world *world);
/* bytes of the old log, wherever they lie, as a value of type in arena. */
SARN_MUST_USE sarn_status sarn__world_decode(const struct sarn__world *world,
                                             const struct sarn_type *type,
                                             struct sarn_str bytes,
                                             struct sarn_arena *arena,
                                             void **value,
                                             struct sarn_error *error);

#endif
