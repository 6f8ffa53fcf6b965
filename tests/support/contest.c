#define _GNU_SOURCE /* MAP_ANONYMOUS */

#include "support/contest.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/contest_parts.h"
#include "support/faults.h"
#include "support/ledger.h"

static const struct sarn_module *const modules[] = {&ledger_module};

enum dispatcher { OWN_THREAD, RUN, CALLERS };

/* --- a round: the log is opened, contended for, and closed --- */

static void *run_loop(void *arg)
{
    struct contest_run *run = arg;
    struct sarn_error error;

    if (sarn_run(run->engine, &error) != SARN_OK) {
        contest_fail(run, "sarn_run", error.text);
    }
    return NULL;
}

static bool open_engine(struct contest_run *run)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;

    options.modules = modules;
    options.module_count = 1;
    options.tail_max = 64; /* So that tables are flushed, and folded at open. */
    options.map_bytes = UINT64_C(1) << 28;
    if (sarn_open(run->options->path, &options, &run->engine, &error) != SARN_OK) {
        contest_fail(run, "sarn_open", error.text);
        return false;
    }
    return true;
}

static void contend(struct contest_run *run, uint64_t *seed)
{
    struct contest_client clients[CONTEST_CLIENTS_MAX];
    pthread_t threads[CONTEST_CLIENTS_MAX];
    uint32_t count = run->options->clients;

    for (uint32_t i = 0; i < count; i++) {
        clients[i] = (struct contest_client){
            .run = run, .number = i, .seed = contest_draw(seed, UINT64_MAX)};
        for (uint32_t k = 0; k < LINEAR_STREAMS; k++) {
            clients[i].known[k] = -1;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, contest_client, &clients[i]) != 0) {
            contest_fail(run, "a client", "cannot be started");
            count = i;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void set_fault(const struct contest_run *run, uint64_t *seed)
{
    uint64_t kind = contest_draw(seed, 6);
    uint32_t nth = 1 + (uint32_t)contest_draw(seed, 12);

    if (!run->options->faults || kind > 2) {
        return;
    }
    if (kind == 2) { /* And taking it back fails, too: it is there, in doubt. */
        faults_set(FAULT_WRITE_META, nth, 2, FAULT_LATE);
    } else {
        faults_set(kind == 0 ? FAULT_SYNC : FAULT_WRITE_META, nth, 1, EIO);
    }
}

static bool round_of(struct contest_run *run, uint64_t *seed)
{
    enum dispatcher dispatcher = (enum dispatcher)contest_draw(seed, 3);
    struct sarn_error error;
    pthread_t loop;
    bool looping;

    if (!open_engine(run)) {
        return false;
    }
    if (dispatcher == OWN_THREAD && sarn_start(run->engine, &error) != SARN_OK) {
        contest_fail(run, "sarn_start", error.text);
    }
    looping = dispatcher == RUN && pthread_create(&loop, NULL, run_loop, run) == 0;
    set_fault(run, seed);
    contend(run, seed);
    if (looping) { /* It lives on the engine; what is left, the close appends. */
        sarn_stop(run->engine);
        pthread_join(loop, NULL);
    }
    sarn_close(run->engine);
    (void)faults_clear();
    return !atomic_load(&run->failed);
}

/* --- what is there in the end --- */

struct gathering {
    struct linear_history *history;
    size_t room;
};

static sarn_status gather(void *arg, const struct sarn_event *event)
{
    struct gathering *gathering = arg;
    struct linear_history *history = gathering->history;

    if (history->event_count == gathering->room) {
        size_t room = gathering->room == 0 ? 1024 : 2 * gathering->room;
        void *grown = realloc(history->events, room * sizeof(*history->events));

        if (grown == NULL) {
            return SARN_ERR_NOMEM;
        }
        history->events = grown;
        gathering->room = room;
    }
    (void)contest_event(event, &history->events[history->event_count]);
    history->event_count += 1;
    return SARN_OK;
}

static void gather_events(struct contest_run *run)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct gathering gathering = {.history = &run->contest->history};
    struct sarn_error error;
    sarn_log *log = NULL;

    options.modules = modules;
    options.module_count = 1;
    if (sarn_log_open(run->options->path, &options, &log, &error) != SARN_OK ||
        sarn_read(log, NULL, gather, &gathering, &error) != SARN_OK) {
        contest_fail(run, "reading the log", error.text);
    }
    sarn_log_close(log);
}

static bool is_there(const struct linear_history *history, uint64_t content)
{
    for (size_t i = 0; i < history->event_count; i++) {
        if (history->events[i].content == content) {
            return true;
        }
    }
    return false;
}

/* The calls of all clients, without those that were not made. */
static void gather_ops(struct contest_run *run)
{
    struct contest_shared *shared = run->shared;
    struct contest *contest = run->contest;
    uint32_t count = atomic_load(&shared->op_count);
    uint32_t reads = atomic_load(&shared->read_count);
    size_t kept = 0;

    count = count > LINEAR_OPS_MAX ? LINEAR_OPS_MAX : count;
    contest->history.ops = calloc((size_t)count + reads + 1, sizeof(struct linear_op));
    if (contest->history.ops == NULL) {
        contest_fail(run, "a history", "out of memory");
        return;
    }
    for (uint32_t i = 0; i < count + reads; i++) {
        const struct linear_op *op =
            i < count ? &shared->ops[i] : &shared->reads[i - count];

        if (op->begun == 0) {
            continue;
        }
        if (op->ended == 0) {
            contest_fail(run, "a call", "was never answered");
        }
        if (op->outcome == LINEAR_UNKNOWN) {
            contest->in_doubt += 1;
            contest->in_doubt_done += is_there(&contest->history, op->content) ? 1 : 0;
        }
        if (kept < LINEAR_OPS_MAX) {
            contest->history.ops[kept++] = *op;
        }
    }
    contest->history.op_count = kept;
    contest->read_along = reads;
}

/* --- all of it --- */

static void remove_log(const char *path)
{
    char lock[512];

    snprintf(lock, sizeof(lock), "%s-lock", path);
    (void)unlink(path);
    (void)unlink(lock);
}

/* Before there are threads: a child gets none of them. */
static pid_t start_reader(const struct contest_run *run)
{
    pid_t reader = run->options->alone ? 0 : fork();

    if (reader == 0 && !run->options->alone) {
        contest_read_along(run->shared, run->options->path);
        _exit(0);
    }
    return reader;
}

static bool run_rounds(struct contest_run *run)
{
    uint64_t seed = run->options->seed;
    pid_t reader;
    int how = 0;
    bool good = true;

    remove_log(run->options->path);
    contest_keys(run);
    reader = start_reader(run);
    for (uint32_t i = 0; i < run->options->rounds && good; i++) {
        good = round_of(run, &seed);
    }
    atomic_store(&run->shared->over, true);
    if (reader < 0 ||
        (reader > 0 && (waitpid(reader, &how, 0) != reader || how != 0))) {
        contest_fail(run, "the other process", "ended badly");
    }
    if (good) {
        gather_events(run);
        gather_ops(run);
    }
    remove_log(run->options->path);
    return !atomic_load(&run->failed);
}

static struct contest_shared *share(void)
{
    void *shared = mmap(NULL, sizeof(struct contest_shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        return NULL;
    }
    return shared;
}

bool contest_run(const struct contest_options *options, struct contest *contest)
{
    struct contest_run run = {
        .options = options, .contest = contest, .shared = share()};
    bool good;

    *contest = (struct contest){.text = ""};
    if (run.shared == NULL) {
        snprintf(contest->text, sizeof(contest->text), "out of memory");
        return false;
    }
    good = run_rounds(&run);
    (void)munmap(run.shared, sizeof(*run.shared));
    return good;
}

void contest_release(struct contest *contest)
{
    free(contest->history.ops);
    free(contest->history.events);
    contest->history = (struct linear_history){.ops = NULL};
}
