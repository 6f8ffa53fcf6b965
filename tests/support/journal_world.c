#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "support/journal_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/lmdb/lmdb_journal.h"
#include "infra/memory/hash.h"
#include "infra/posix/process.h"
#include "support/faults.h"

void world_fill(uint64_t *bytes, uint64_t position, uint32_t size)
{
    for (uint32_t i = 0; i < size / 8; i++) {
        bytes[i] = position * UINT64_C(0x9e3779b97f4a7c15) + i;
    }
}

static sarn_status append_through(struct sarn_journal *journal,
                                  const struct order *order,
                                  struct sarn_error *error)
{
    uint64_t commit[SARN__COMMIT_BYTES / 8];
    struct sarn_str *records = calloc(order->count, sizeof(*records));
    struct sarn_batch batch = {.epoch = order->epoch,
                               .take_epoch = order->take_epoch,
                               .first = order->first,
                               .records = records,
                               .count = order->count,
                               .commit = {(char *)commit, sizeof(commit)}};
    sarn_status status;

    world_fill(commit, ~(order->first + order->count - 1), sizeof(commit));
    for (uint32_t i = 0; i < order->count; i++) {
        uint64_t *bytes = malloc(order->bytes);

        world_fill(bytes, order->first + i, order->bytes);
        records[i] = (struct sarn_str){(char *)bytes, order->bytes};
    }
    status = journal->ops->append(journal->self, &batch, error);
    for (uint32_t i = 0; i < order->count; i++) {
        free((void *)(uintptr_t)records[i].data);
    }
    free(records);
    return status;
}

static sarn_status sum_record(void *arg, uint64_t position, struct sarn_str value)
{
    uint64_t *sum = arg, first;

    memcpy(&first, value.data, sizeof(first));
    *sum += first ^ position;
    return (uintptr_t)value.data % 8 == 0 ? SARN_OK : SARN_ERR_INVALID;
}

static struct answer
obey(struct world *world, struct sarn_journal *journal, const struct order *order)
{
    struct answer answer = {.status = SARN_OK};
    struct sarn_error error = {.status = SARN_OK, .text = ""};
    struct sarn_journal_state state;
    uint64_t next = 1;

    switch (order->verb) {
    case OPEN:
        answer.status = world->kind->open(world, order->flags, journal, &error);
        break;
    case APPEND:
        answer.status = append_through(journal, order, &error);
        break;
    case LAST:
        answer.status = journal->ops->state(journal->self, &state, &error);
        answer.value = answer.status == SARN_OK ? state.last_position : 0;
        break;
    case SUM:
        while (next != 0 && answer.status == SARN_OK) {
            answer.status =
                journal->ops->scan(journal->self, next, UINT64_MAX, sum_record,
                                   &answer.value, &next, &error);
        }
        break;
    case CLOSE:
        journal->ops->close(journal->self);
        break;
    }
    memcpy(answer.text, error.text, sizeof(answer.text));
    return answer;
}

/* --- the peer --- */

static void peer_main(struct world *world, int socket)
{
    struct order order;
    bool open = false;

    while (read(socket, &order, sizeof(order)) == (ssize_t)sizeof(order)) {
        struct answer answer = obey(world, &world->peers, &order);

        open =
            order.verb == OPEN ? answer.status == SARN_OK : open && order.verb != CLOSE;
        if (write(socket, &answer, sizeof(answer)) != (ssize_t)sizeof(answer)) {
            break;
        }
    }
    if (open) {
        world->peers.ops->close(world->peers.self);
    }
    _exit(0);
}

static bool start_peer(struct world *world)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    world->peer_pid = fork();
    if (world->peer_pid == 0) {
        close(ends[0]);
        peer_main(world, ends[1]);
    }
    close(ends[1]);
    world->peer = ends[0];
    return world->peer_pid > 0;
}

struct answer world_ask_peer(struct world *world, struct order order)
{
    struct answer answer = {.status = SARN_ERR_IO};

    if (!world->kind->peer_is_process) {
        return obey(world, &world->peers, &order);
    }
    assert_int_equal(write(world->peer, &order, sizeof(order)), sizeof(order));
    assert_int_equal(read(world->peer, &answer, sizeof(answer)), sizeof(answer));
    return answer;
}

/* --- the two kinds --- */

static bool memory_create(struct world *world)
{
    world->store = sarn__memory_store_create(NULL);
    return world->store != NULL;
}

static void memory_destroy(struct world *world)
{
    sarn__memory_store_destroy(world->store);
}

static sarn_status memory_open(struct world *world,
                               unsigned flags,
                               struct sarn_journal *journal,
                               struct sarn_error *error)
{
    return sarn__memory_journal_open(
        world->store,
        ((flags & READ_ONLY) != 0 ? SARN__MEMORY_READ_ONLY : 0) |
            ((flags & TAKEOVER) != 0 ? SARN__MEMORY_TAKEOVER : 0),
        (uint32_t)getpid(), journal, error);
}

static void memory_limit(struct world *world, uint64_t bytes)
{
    sarn__memory_store_limit(world->store, bytes);
}

static void memory_doubt(struct world *world)
{
    sarn__memory_store_fail(world->store, 1, SARN__MEMORY_IN_DOUBT_LOST);
}

static bool lmdb_create(struct world *world)
{
    tempdir_make(&world->directory);
    return true;
}

static void lmdb_destroy(struct world *world)
{
    tempdir_remove(&world->directory);
}

static sarn_status lmdb_open(struct world *world,
                             unsigned flags,
                             struct sarn_journal *journal,
                             struct sarn_error *error)
{
    struct sarn__lmdb_options options = {
        .path = tempdir_path(&world->directory, "LOG.sarn"),
        .read_only = (flags & READ_ONLY) != 0,
        .takeover = (flags & TAKEOVER) != 0,
        .map_bytes = world->map_bytes,
        .log_id = {{1}},
        .process = sarn__posix_process(),
        .hash = sarn__memory_hash()};

    return sarn__lmdb_open(&options, journal, error);
}

static void lmdb_limit(struct world *world, uint64_t bytes)
{
    world->map_bytes = bytes;
}

static void lmdb_doubt(struct world *world)
{
    (void)world;
    faults_set(FAULT_WRITE_META, 1, 1, EIO);
}

const struct kind world_in_memory = {.name = "memory",
                                     .create = memory_create,
                                     .destroy = memory_destroy,
                                     .open = memory_open,
                                     .limit = memory_limit,
                                     .doubt = memory_doubt};
const struct kind world_on_lmdb = {.name = "lmdb",
                                   .create = lmdb_create,
                                   .destroy = lmdb_destroy,
                                   .open = lmdb_open,
                                   .limit = lmdb_limit,
                                   .doubt = lmdb_doubt,
                                   .peer_is_process = true};

int world_set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->kind = *state;
    *state = world;
    world->map_bytes = UINT64_C(1) << 30; /* What valgrind can take, too. */
    if (!world->kind->create(world)) {
        return -1;
    }
    return world->kind->peer_is_process && !start_peer(world) ? -1 : 0;
}

int world_tear_down(void **state)
{
    struct world *world = *state;

    (void)faults_clear();
    if (world->open) {
        world->mine.ops->close(world->mine.self);
    }
    if (world->kind->peer_is_process) {
        close(world->peer);
        waitpid(world->peer_pid, NULL, 0);
    } else if (world->peer_open) {
        world->peers.ops->close(world->peers.self);
    }
    world->kind->destroy(world);
    free(world);
    return 0;
}

/* --- telling the actors --- */

struct answer world_ask(struct world *world, struct order order)
{
    return obey(world, &world->mine, &order);
}

sarn_status world_tell(struct world *world, struct order order)
{
    struct answer answer = world_ask(world, order);

    world->open = order.verb == OPEN ? answer.status == SARN_OK : world->open;
    world->open = order.verb == CLOSE ? false : world->open;
    return answer.status;
}

sarn_status world_tell_peer(struct world *world, struct order order)
{
    struct answer answer = world_ask_peer(world, order);

    world->peer_open = order.verb == OPEN ? answer.status == SARN_OK : world->peer_open;
    world->peer_open = order.verb == CLOSE ? false : world->peer_open;
    return answer.status;
}

void world_begin(struct world *world)
{
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = APPEND,
                                                      .take_epoch = true,
                                                      .epoch = 1,
                                                      .first = 1,
                                                      .count = 1,
                                                      .bytes = 160}),
                     SARN_OK);
}

sarn_status world_append(struct world *world, uint64_t first, uint32_t count)
{
    return world_tell(
        world,
        (struct order){
            .verb = APPEND, .epoch = 1, .first = first, .count = count, .bytes = 160});
}

struct sarn_journal_state world_state(struct world *world)
{
    struct sarn_journal_state state = {0};
    struct sarn_error error;

    assert_int_equal(world->mine.ops->state(world->mine.self, &state, &error), SARN_OK);
    return state;
}
