/* linear.h - a recorded history of clients on one log, and two judges of it.
 *
 * A client notes when each of its calls began and when it came back: numbers drawn from
 * one atomic counter, so no clock is needed. A call of unknown outcome never came back:
 * it may have been done at any time since, or not at all.
 *
 * linear_search() asks whether the calls could have been done one at a time, each at
 * some moment between its begin and its end, by a log that a few lines describe
 * (Herlihy and Wing, "Linearizability", 1990). It knows nothing of positions. It is the
 * depth-first search of Wing and Gong ("Testing and verifying concurrent objects",
 * 1993), over a list from which calls are lifted, with the memory of configurations of
 * Lowe ("Testing for linearizability", 2017), as Horn and Kroening laid it out ("Faster
 * linearizability checking via P-compositionality", 2015). Appends to several streams
 * make them one object, so that it is not cut up by stream.
 *
 * linear_follow() asks for more: that the order of the log itself is such an order.
 * With the order of the writes given this is easy (Gibbons and Korach, "Testing shared
 * memories", 1997): every other call gets the earliest place that it could have been
 * done at, not before what ended before it began; if that is too late for anything,
 * nothing else would do. It also sees to it that what was acknowledged is in the log,
 * once, whole and in one piece, and that nothing else is.
 */
#ifndef SARN_TESTS_SUPPORT_LINEAR_H
#define SARN_TESTS_SUPPORT_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINEAR_STREAMS  4u
#define LINEAR_PARTS    3u
#define LINEAR_OPS_MAX  1024u
#define LINEAR_KEYS     16u
#define LINEAR_NEVER    UINT64_MAX
#define LINEAR_CONTENTS 65536u /* Contents are below; 0: none. */

enum linear_kind {
    LINEAR_APPEND,
    LINEAR_READ,    /* One stream: how many events, and a hash of them. */
    LINEAR_VERSION, /* One stream: how many events. */
    LINEAR_SUM,     /* One stream: how many events, and the sum of their contents. */
    LINEAR_SNAPSHOT /* The whole log: the same of each stream, up to a position. */
};

enum linear_outcome { LINEAR_DONE, LINEAR_REFUSED, LINEAR_UNKNOWN };

/* What one append says to one stream: count events, if it is as expected. */
struct linear_part {
    uint32_t stream, count;
    int64_t expected; /* As in sarn/module.h. */
};

/* A call of a client. Its events carry its content and an index, from 0. */
struct linear_op {
    uint64_t begun, ended; /* ended LINEAR_NEVER: outcome is LINEAR_UNKNOWN. */
    uint32_t kind;         /* enum linear_kind */
    uint32_t outcome;      /* enum linear_outcome */
    uint32_t client;
    /* An append: */
    uint32_t part_count;
    struct linear_part parts[LINEAR_PARTS];
    uint64_t content; /* Its own; calls under one key share it, and their parts. */
    uint32_t key;     /* 1 to LINEAR_KEYS - 1; 0: none. */
    bool repeated;    /* Answered as a repeat. */
    uint64_t position;
    int64_t version; /* Of its last part's stream, after it. */
    /* A read: */
    uint32_t stream;
    uint64_t seen[LINEAR_STREAMS]; /* Events, by stream; of others than SNAPSHOT [0]. */
    uint64_t hash, sum;            /* SNAPSHOT: hash of the streams' hashes. */
};

/* An event of the log as it was read in the end; stream LINEAR_STREAMS: Sarn's own. */
struct linear_event {
    uint64_t position, version, content;
    uint32_t stream, index;
};

struct linear_history {
    struct linear_op *ops;
    struct linear_event *events;
    size_t op_count, event_count;
};

/* --- judges; text has size bytes and says what is wrong --- */

/* false: no legal order. *steps: how far it went; beyond limit it gives up, and says
 * so. */
bool linear_search(const struct linear_history *history,
                   uint64_t limit,
                   uint64_t *steps,
                   char *text,
                   size_t size);
bool linear_follow(const struct linear_history *history, char *text, size_t size);

/* --- for those who record --- */

/* Of a stream, when one more event is added; 0 is that of an empty one. */
uint64_t linear_mix(uint64_t hash, uint64_t value);
uint64_t linear_hash_add(uint64_t hash, uint64_t content, uint32_t index);
/* Of a snapshot: of its streams' hashes. */
uint64_t linear_hash_all(const uint64_t hashes[LINEAR_STREAMS]);
/* Does a stream of that many events meet it? */
bool linear_meets(uint64_t events, int64_t expected);
/* "append 17 of client 2" */
const char *linear_name(const struct linear_op *op, char text[64]);

#endif
