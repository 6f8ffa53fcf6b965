/* contest_parts.h - between the files of a contest. */
#ifndef SARN_TESTS_SUPPORT_CONTEST_PARTS_H
#define SARN_TESTS_SUPPORT_CONTEST_PARTS_H

#include <stdatomic.h>

#include "sarn/sarn.h"
#include "support/contest.h"

#define CONTEST_ACCOUNT   (LINEAR_STREAMS - 1) /* The aggregate's stream. */
#define CONTEST_READ_MAX  128u                 /* Calls of the other process. */
#define CONTEST_FREE_FROM 1000u                /* Contents of appends without key. */

/* What both processes see. */
struct contest_shared {
    atomic_uint_fast64_t now; /* One more for each begin and each end. */
    atomic_bool over;
    atomic_uint read_count;
    struct linear_op reads[CONTEST_READ_MAX];
    atomic_uint op_count;
    struct linear_op ops[LINEAR_OPS_MAX];
};

struct contest_run {
    const struct contest_options *options;
    struct contest *contest;
    struct contest_shared *shared;
    struct linear_op keyed[LINEAR_KEYS]; /* What is sent under each key. */
    sarn_engine *engine;
    atomic_bool failed; /* contest->text is somebody's. */
};

struct contest_client {
    struct contest_run *run;
    uint32_t number;
    uint64_t seed;
    int64_t known[LINEAR_STREAMS]; /* Versions last heard of; -1: none. */
};

uint64_t contest_draw(uint64_t *seed, uint64_t below);
uint64_t contest_now(struct contest_shared *shared);
struct sarn_str contest_stream(uint32_t stream);
/* Which one of ours; LINEAR_STREAMS: none. */
uint32_t contest_stream_of(const struct sarn_event *event);
/* What an event of ours says; false: it is none. */
bool contest_event(const struct sarn_event *event, struct linear_event *out);
void contest_fail(struct contest_run *run, const char *what, const char *why);

/* --- contest_client.c: the calls --- */

/* The appends of the keys, from the seed. */
void contest_keys(struct contest_run *run);
/* A round of one client. */
void *contest_client(void *client);

/* --- contest_read.c --- */

/* The whole log into op: begun and ended are the caller's. */
sarn_status
contest_snapshot(sarn_log *log, struct linear_op *op, struct sarn_error *error);
/* One stream. SARN_ERR_NOT_FOUND is answered as no events. */
sarn_status contest_read(sarn_log *log, struct linear_op *op, struct sarn_error *error);
/* What the other process does, until it is over. */
void contest_read_along(struct contest_shared *shared, const char *path);

#endif
