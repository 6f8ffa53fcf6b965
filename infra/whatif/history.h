/* history.h - what happened, by execution: every execution of a log with its events,
 * and what its local steps wrote, copied out of the log.
 *
 * Of the old log it is what external steps are answered from; of the new one, what the
 * old is compared with.
 *
 * Ownership: everything is in an arena of its own.
 * Threads:   one at a time.
 */
#ifndef SARN_INFRA_WHATIF_HISTORY_H
#define SARN_INFRA_WHATIF_HISTORY_H

#include "core/execution.h"
#include "core/hash_map.h"
#include "ports/codec.h"
#include "ports/job.h"
#include "sarn/log.h"

/* One event of an execution. */
struct sarn__told {
    struct sarn__told *next;
    uint64_t position;
    struct sarn__execution_event fact; /* But for attributes and windows. */
    bool used;                         /* An answer is given once. */
    bool paired; /* A compensation: the other history has it, too. */
};

/* One event that a local step of it wrote. */
struct sarn__wrote {
    struct sarn__wrote *next;
    uint64_t position;
    struct sarn_str stream, type_name, payload;
};

/* One execution id, with all of its runs. */
struct sarn__past {
    struct sarn__map_node node; /* Key: tenant and stream name. */
    struct sarn__past *next;    /* In the order of their first starts. */
    struct sarn_str stream, workflow, workflow_id;
    uint32_t tenant;
    uint32_t status; /* enum sarn_execution_status of its latest run. */
    bool run_again;  /* The old one's: it was started again. */
    bool unanswered; /* Likewise: it asked what history does not know. */
    struct sarn__told *told, *last_told;
    /* The old one's. The start of its first run that was started again: what was
     * before stands as it was. The start of the run that answers, to the run of the
     * new one that asks (zero: none has asked yet). */
    struct sarn__told *again, *answers;
    struct sarn_uuid asks;
    struct sarn__job *early; /* Steps whose answers stand further on; by next. */
    struct sarn__wrote *wrote, *last_wrote;
};

/* A run id, and whose it is. */
struct sarn__past_run {
    struct sarn__map_node node;
    struct sarn_uuid id;
    struct sarn__past *past;
};

struct sarn__history {
    struct sarn_arena *arena;
    struct sarn_codec codec;
    struct sarn__map pasts, runs;
    struct sarn__past *first, *last;
    uint64_t events;
    int64_t first_time_us, last_time_us;
    uint64_t last_position;
};

/* codec: what is written is held as the types of today have it. */
SARN_MUST_USE sarn_status sarn__history_init(struct sarn__history *history,
                                             const struct sarn_codec *codec,
                                             const struct sarn_heap *heap);
void sarn__history_done(struct sarn__history *history);

/* Take in one event, in the order of the log. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__history_add(struct sarn__history *history,
                                            const struct sarn_event *event);
struct sarn__past *sarn__history_find(const struct sarn__history *history,
                                      uint32_t tenant,
                                      struct sarn_str stream);
/* Did a local step of an execution write event? NULL: nobody's. */
struct sarn__past *sarn__history_writer(const struct sarn__history *history,
                                        const struct sarn_event *event);

/* Call the steps of past what workflow calls them, which has their aliases. */
void sarn__past_rename(struct sarn__past *past, const struct sarn_workflow *workflow);
/* The next result of that visit that was not given yet, in the run of past that stands
 * for run: the same for each question of one run, and a later one for the next. NULL:
 * there is none. */
struct sarn__told *sarn__past_answer(struct sarn__past *past,
                                     const struct sarn_uuid *run,
                                     const struct sarn_step *step,
                                     uint32_t visit,
                                     bool compensation);

#endif
