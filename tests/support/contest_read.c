#define _POSIX_C_SOURCE 200809L

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "ledger_schema.h"
#include "support/contest_parts.h"
#include "support/ledger.h"

/* --- what is what --- */

static const struct sarn_str streams[LINEAR_STREAMS] = {
    SARN_STR("talk-0"), SARN_STR("talk-1"), SARN_STR("talk-2"), SARN_STR("account-0")};

struct sarn_str contest_stream(uint32_t stream)
{
    return streams[stream];
}

uint32_t contest_stream_of(const struct sarn_event *event)
{
    for (uint32_t i = 0; i < LINEAR_STREAMS; i++) {
        if (sarn_str_equal(streams[i], event->stream)) {
            return i;
        }
    }
    return LINEAR_STREAMS;
}

bool contest_event(const struct sarn_event *event, struct linear_event *out)
{
    *out = (struct linear_event){.position = event->position,
                                 .version = event->version,
                                 .stream = contest_stream_of(event)};
    if (out->stream == CONTEST_ACCOUNT && event->type == &ledger_deposited_type) {
        out->content = (uint64_t)((const struct ledger_deposited *)event->data)->amount;
    } else if (out->stream < CONTEST_ACCOUNT &&
               event->payload.size == sizeof(out->content) + sizeof(out->index)) {
        memcpy(&out->content, event->payload.data, sizeof(out->content));
        memcpy(&out->index, event->payload.data + sizeof(out->content),
               sizeof(out->index));
    }
    return out->stream < LINEAR_STREAMS;
}

uint64_t contest_now(struct contest_shared *shared)
{
    return atomic_fetch_add(&shared->now, 1) + 1;
}

/* --- reads --- */

struct seeing {
    uint64_t position;
    uint64_t events[LINEAR_STREAMS], hashes[LINEAR_STREAMS];
};

static sarn_status see(void *arg, const struct sarn_event *event)
{
    struct seeing *seeing = arg;
    struct linear_event ours;

    seeing->position = event->position;
    if (contest_event(event, &ours)) {
        seeing->events[ours.stream] += 1;
        seeing->hashes[ours.stream] =
            linear_hash_add(seeing->hashes[ours.stream], ours.content, ours.index);
    }
    return SARN_OK;
}

sarn_status
contest_snapshot(sarn_log *log, struct linear_op *op, struct sarn_error *error)
{
    struct seeing seeing = {0};
    sarn_status status = sarn_read(log, NULL, see, &seeing, error);

    if (status == SARN_OK) {
        op->kind = LINEAR_SNAPSHOT;
        op->position = seeing.position;
        memcpy(op->seen, seeing.events, sizeof(op->seen));
        op->hash = linear_hash_all(seeing.hashes);
    }
    return status;
}

sarn_status contest_read(sarn_log *log, struct linear_op *op, struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct seeing seeing = {0};
    sarn_status status;

    range.stream = streams[op->stream];
    status = sarn_read(log, &range, see, &seeing, error);
    if (status != SARN_OK && status != SARN_ERR_NOT_FOUND) {
        return status;
    }
    op->kind = LINEAR_READ;
    op->seen[0] = seeing.events[op->stream];
    op->hash = seeing.hashes[op->stream];
    return SARN_OK;
}

/* --- the other process --- */

/* Open, or see what is new. */
static sarn_status look_again(sarn_log **log, const char *path)
{
    static const struct sarn_module *const modules[] = {&ledger_module};
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;

    if (*log != NULL) {
        return sarn_log_refresh(*log, NULL);
    }
    options.modules = modules;
    options.module_count = 1;
    return sarn_log_open(path, &options, log, NULL);
}

void contest_read_along(struct contest_shared *shared, const char *path)
{
    sarn_log *log = NULL;
    uint64_t last = 0;
    pid_t parent = getppid();

    for (uint32_t i = 0;
         i < CONTEST_READ_MAX && !atomic_load(&shared->over) && getppid() == parent;) {
        struct linear_op *op = &shared->reads[i];

        if (atomic_load(&shared->now) < last + 3) {
            (void)sched_yield(); /* Nothing has happened since. */
            continue;
        }
        *op = (struct linear_op){.client = CONTEST_CLIENTS_MAX,
                                 .begun = contest_now(shared)};
        if (look_again(&log, path) != SARN_OK ||
            contest_snapshot(log, op, NULL) != SARN_OK) {
            sarn_log_close(log); /* Not there yet, or just being made. */
            log = NULL;
            (void)sched_yield();
            continue;
        }
        last = op->ended = contest_now(shared);
        i += 1;
        atomic_store(&shared->read_count, i);
        if (i % 8 == 0) {
            sarn_log_close(log);
            log = NULL;
        }
    }
    sarn_log_close(log);
}
