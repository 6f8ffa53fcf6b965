/* A life: it opens the log, works off its items, and says what it was told. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sarn/sarn.h>

#include "takeover.h"

_Noreturn void
takeover_wrong(const struct takeover_ring *ring, const char *what, const char *why)
{
    fprintf(stderr, "takeover: %s: %s: %s\n", ring->path, what, why);
    (void)fflush(stderr);
    _exit(1);
}

struct working {
    struct takeover_ring *ring;
    struct takeover_life *life;
    sarn_engine *engine;
    uint32_t sent, answered;
};

struct item {
    struct working *working;
    uint32_t number;
};

static void send_more(struct working *working);

static void
note(struct working *working, uint32_t number, const struct sarn_reply *reply)
{
    struct takeover_life *life = working->life;

    switch ((int)reply->status) {
    case SARN_OK:
        atomic_store(&working->ring->acked[number], 1);
        atomic_fetch_add(&life->acked, 1);
        atomic_fetch_add(&life->repeated, reply->repeated ? 1 : 0);
        if (atomic_load(&life->deposed) > 0) {
            atomic_fetch_add(&life->late, 1);
        }
        break;
    case SARN_ERR_DEPOSED:
        atomic_fetch_add(&life->deposed, 1);
        break;
    default:
        atomic_store(&life->strange, (int)reply->status);
    }
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct item *item = arg;
    struct working *working = item->working;

    note(working, item->number, reply);
    free(item);
    working->answered += 1;
    if (working->answered == working->life->rest_after) {
        /* Not here: the committer may be in the middle of a flush. */
        atomic_store(&working->life->stop_outside, true);
    }
    send_more(working);
}

/* Item n is one event, or, every third, two in two streams. */
static void send_item(struct working *working, struct item *item)
{
    char key[24], body[24], names[2][24];
    struct sarn_str payload;
    struct sarn_new_event event = {.type_name = "item", .data = &payload};
    struct sarn_stream_append streams[2];
    struct sarn_append append = SARN_APPEND_INIT;
    struct sarn_error error;

    snprintf(key, sizeof(key), "item-%u", item->number);
    snprintf(body, sizeof(body), "%u", item->number);
    payload = sarn_str(body);
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(names[i], sizeof(names[i]), "side%u-%u", i, item->number % 5);
        streams[i] = (struct sarn_stream_append){.stream = sarn_str(names[i]),
                                                 .expected_version = SARN_ANY,
                                                 .events = &event,
                                                 .event_count = 1};
    }
    append.streams = streams;
    append.stream_count = item->number % 3 == 0 ? 2 : 1;
    append.key = sarn_str(key);
    if (sarn_append_submit(working->engine, &append, on_reply, item, &error) !=
        SARN_OK) {
        takeover_wrong(working->ring, "submitting", error.text);
    }
}

static void send_more(struct working *working)
{
    const struct takeover_life *life = working->life;

    while (working->sent < life->count &&
           working->sent - working->answered < life->window) {
        struct item *item = malloc(sizeof(*item));

        if (item == NULL) {
            takeover_wrong(working->ring, "a life", "out of memory");
        }
        *item = (struct item){working, life->first + working->sent};
        working->sent += 1;
        send_item(working, item);
    }
    if (working->answered == life->count) {
        sarn_stop(working->engine);
    }
}

static void live(struct takeover_ring *ring, struct takeover_life *life)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct working working = {.ring = ring, .life = life};
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    takeover_moments_of(life);
    options.flags = life->flags;
    options.tail_max = 8; /* So that tables are flushed, too. */
    options.map_bytes = UINT64_C(1) << 30;
    status = sarn_open(ring->path, &options, &working.engine, &error);
    memcpy(life->text, error.text, sizeof(life->text));
    atomic_store(&life->opened, (int)status);
    if (status != SARN_OK) {
        return;
    }
    send_more(&working);
    if (sarn_run(working.engine, &error) != SARN_OK) {
        takeover_wrong(ring, "sarn_run", error.text);
    }
    sarn_close(working.engine);
}

pid_t takeover_start(struct takeover_ring *ring, uint32_t slot)
{
    struct takeover_life *life = &ring->lives[slot];
    pid_t child;

    if (life->first + life->count > TAKEOVER_ITEMS_MAX) {
        takeover_wrong(ring, "a life", "too many items");
    }
    atomic_store(&life->opened, -1);
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* Nobody stays behind stopped. */
        live(ring, life);
        _exit(0);
    }
    if (child < 0) {
        takeover_wrong(ring, "a life", "cannot be started");
    }
    return child;
}

bool takeover_await(pid_t life)
{
    int how = 0;

    if (waitpid(life, &how, WUNTRACED) != life ||
        (!WIFSTOPPED(how) && (!WIFEXITED(how) || WEXITSTATUS(how) != 0))) {
        fprintf(stderr, "takeover: process %d ended badly (%d)\n", (int)life, how);
        _exit(1);
    }
    return WIFSTOPPED(how);
}

bool takeover_go_on(pid_t life)
{
    (void)kill(life, SIGCONT);
    return takeover_await(life);
}

void takeover_kill(pid_t life)
{
    (void)kill(life, SIGKILL);
    (void)waitpid(life, NULL, 0);
}
