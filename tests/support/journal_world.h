/* journal_world.h - one log and two actors that can have it open: this process, and a
 * peer.
 *
 * In memory both are handles on one store; with LMDB, where a process has a log open
 * only once, the peer is a child process that is told what to do. So one suite runs
 * against both.
 */
#ifndef SARN_TESTS_SUPPORT_JOURNAL_WORLD_H
#define SARN_TESTS_SUPPORT_JOURNAL_WORLD_H

#include "support/test.h"

#include <sys/types.h>

#include "infra/memory/journal.h"
#include "ports/journal.h"
#include "support/tempdir.h"

#define READ_ONLY 1u
#define TAKEOVER  2u

#define SMALL_BYTES (UINT64_C(1) << 20) /* Of a log that is to be filled. */

struct world;

struct kind {
    const char *name;
    bool (*create)(struct world *world);
    void (*destroy)(struct world *world);
    sarn_status (*open)(struct world *world,
                        unsigned flags,
                        struct sarn_journal *journal,
                        struct sarn_error *error);
    /* No more than bytes fit; before open. */
    void (*limit)(struct world *world, uint64_t bytes);
    /* The next write ends in doubt. */
    void (*doubt)(struct world *world);
    bool peer_is_process;
};

struct world {
    const struct kind *kind;
    struct sarn__memory_store *store;
    struct tempdir directory;
    uint64_t map_bytes;
    int peer; /* Socket to the peer process. */
    pid_t peer_pid;
    struct sarn_journal mine, peers; /* The peer's is used by the peer only. */
    bool open, peer_open;
};

/* What an actor can be told. */
enum verb { OPEN, APPEND, LAST, SUM, CLOSE };

struct order {
    enum verb verb;
    unsigned flags;
    bool take_epoch;
    uint64_t epoch, first;
    uint32_t count, bytes;
};

struct answer {
    sarn_status status;
    uint64_t value;
    char text[SARN_ERROR_TEXT_BYTES];
};

extern const struct kind world_in_memory, world_on_lmdb;

int world_set_up(void **state);
int world_tear_down(void **state);

/* A test in a world of kind. */
#define WORLD_CASE(test, kind)                                                         \
    cmocka_unit_test_prestate_setup_teardown(test, world_set_up, world_tear_down,      \
                                             (void *)(uintptr_t) & (kind))

/* This process does what order says, or the peer. */
struct answer world_ask(struct world *world, struct order order);
struct answer world_ask_peer(struct world *world, struct order order);
sarn_status world_tell(struct world *world, struct order order);
sarn_status world_tell_peer(struct world *world, struct order order);

/* Open, and take the first epoch with one record at position 1. */
void world_begin(struct world *world);
/* Append count records of 160 bytes under epoch 1. */
sarn_status world_append(struct world *world, uint64_t first, uint32_t count);
struct sarn_journal_state world_state(struct world *world);
/* The bytes of the record at position; no two are alike. A commit's are those of the
 * complement of its last position. */
void world_fill(uint64_t *bytes, uint64_t position, uint32_t size);

#endif
