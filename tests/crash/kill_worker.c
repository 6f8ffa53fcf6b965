#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "killtest.h"

_Noreturn void kill_die(const char *what, const char *why)
{
    fprintf(stderr, "killtest: %s: %s\n", what, why);
    exit(2);
}

void kill_must(sarn_status status, const struct sarn_error *error, const char *what)
{
    if (status != SARN_OK) {
        kill_die(what, error->text);
    }
}

#define RECENT_MAX 256u

struct worker {
    sarn_engine *engine;
    uint64_t next, end;
    uint32_t flying;
    uint64_t versions[KILL_NOTE_STREAMS]; /* The next of each stream. */
    uint64_t recent[RECENT_MAX];          /* The last notes that are in the log. */
    uint32_t recent_count;
};

struct work {
    struct worker *worker;
    uint64_t n;
};

static void send_next(struct worker *worker);

/* It ended as it had to. */
static void check_status(uint64_t n, const struct sarn_reply *reply)
{
    enum kill_kind kind = kill_kind_of(n);
    bool fails = (kind == KILL_IS_ERRAND || kind == KILL_IS_VOYAGE) && kill_fails(n);
    bool may_fail = kind == KILL_IS_TRANSFER; /* For want of money. */

    if (!(reply->status == SARN_OK && !fails) &&
        !(reply->status == SARN_ERR_COMPENSATED && (fails || may_fail))) {
        fprintf(stderr, "killtest: work %llu: %s\n", (unsigned long long)n,
                sarn_status_text(reply->status));
        kill_die("a command failed", reply->text);
    }
}

static void acknowledged(void *arg, const struct sarn_reply *reply)
{
    struct work *work = arg;
    struct worker *worker = work->worker;

    if (reply->status == SARN_ERR_CLOSED) {
        free(work);
        return;
    }
    check_status(work->n, reply);
    if (write(STDOUT_FILENO, &work->n, sizeof(work->n)) != sizeof(work->n)) {
        _exit(2); /* Nobody listens. */
    }
    free(work);
    worker->flying -= 1;
    send_next(worker);
}

static void send_deposit(struct worker *worker, struct work *work)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct payments_credit credit = {
        .amount = {.minor = kill_amount(work->n), .currency = PAYMENTS_CURRENCY_EUR}};
    struct sarn_error error;
    char stream[32], reference[32];

    snprintf(stream, sizeof(stream), "account-%u", kill_account(work->n));
    snprintf(reference, sizeof(reference), "work-%llu", (unsigned long long)work->n);
    credit.reference = sarn_str(reference);
    command.stream = sarn_str(stream);
    command.type = &payments_credit_type;
    command.data = &credit;
    command.key = credit.reference;
    kill_must(sarn_submit(worker->engine, &command, acknowledged, work, &error), &error,
              "submit");
}

static void send_transfer(struct worker *worker, struct work *work)
{
    struct sarn_start start = SARN_START_INIT;
    struct payments_transfer transfer = {
        .amount = {.minor = kill_amount(work->n), .currency = PAYMENTS_CURRENCY_EUR}};
    uint64_t from = kill_account(work->n);
    uint64_t to = (from + 1 + work->n % 7) % KILL_ACCOUNTS;
    struct sarn_error error;
    char from_text[24], to_text[24], id[32];

    snprintf(from_text, sizeof(from_text), "%llu", (unsigned long long)from);
    snprintf(to_text, sizeof(to_text), "%llu", (unsigned long long)to);
    snprintf(id, sizeof(id), "work-%llu", (unsigned long long)work->n);
    transfer.from_account = sarn_str(from_text);
    transfer.to_account = sarn_str(to_text);
    start.workflow = "funds_transfer";
    start.workflow_id = sarn_str(id);
    start.input = &transfer;
    kill_must(sarn_execution_start(worker->engine, &start, acknowledged, work, &error),
              &error, "start");
}

static void send_errand(struct worker *worker, struct work *work, const char *workflow)
{
    struct sarn_start start = SARN_START_INIT;
    struct kill_errand errand = {.work = work->n,
                                 .amount = kill_amount(work->n),
                                 .wait_us = kill_wait_us(work->n),
                                 .fails = kill_fails(work->n)};
    struct sarn_error error;
    char account[24], id[32];

    snprintf(account, sizeof(account), "account-%u", kill_account(work->n));
    snprintf(id, sizeof(id), "work-%llu", (unsigned long long)work->n);
    errand.account = sarn_str(account);
    start.workflow = workflow;
    start.workflow_id = sarn_str(id);
    start.input = &errand;
    kill_must(sarn_execution_start(worker->engine, &start, acknowledged, work, &error),
              &error, "start");
}

/* --- notes --- */

static bool is_noted(const struct worker *worker, uint64_t n)
{
    for (uint32_t i = 0; i < worker->recent_count; i++) {
        if (worker->recent[i] == n) {
            return true;
        }
    }
    return false;
}

/* Nobody else writes to these streams, and what is submitted is decided in order: the
 * versions are known beforehand, but for works that are done already. */
static void send_note(struct worker *worker, struct work *work)
{
    uint32_t count = kill_note_count(work->n);
    struct kill_noted noted = {.work = work->n};
    struct sarn_new_event event = {.type = &kill_noted_type, .data = &noted};
    struct sarn_stream_append streams[2];
    struct sarn_append append = SARN_APPEND_INIT;
    struct sarn_error error;
    char names[2][16], key[32];

    for (uint32_t i = 0; i < count; i++) {
        uint32_t stream = kill_note_stream(work->n, i);
        uint64_t next = worker->versions[stream];

        snprintf(names[i], sizeof(names[i]), "note-%u", stream);
        streams[i] = (struct sarn_stream_append){
            .stream = sarn_str(names[i]),
            .expected_version = next == 0 ? SARN_NO_STREAM : (int64_t)next - 1,
            .events = &event,
            .event_count = 1};
        worker->versions[stream] += is_noted(worker, work->n) ? 0 : 1;
    }
    snprintf(key, sizeof(key), "note-%llu", (unsigned long long)work->n);
    append.streams = streams;
    append.stream_count = count;
    append.key = sarn_str(key);
    kill_must(sarn_append_submit(worker->engine, &append, acknowledged, work, &error),
              &error, "append");
}

static sarn_status add_recent(void *arg, const struct sarn_event *event)
{
    struct worker *worker = arg;

    worker->recent[worker->recent_count++] =
        ((const struct kill_noted *)event->data)->work;
    return SARN_OK;
}

/* How far the notes have come. */
static void find_notes(struct worker *worker)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_log *log = sarn_engine_log(worker->engine);
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error;
    sarn_status status;

    if (arena == NULL) {
        kill_die("worker", "out of memory");
    }
    for (uint32_t i = 0; i < KILL_NOTE_STREAMS; i++) {
        struct sarn_stream_info info;
        char name[16];

        snprintf(name, sizeof(name), "note-%u", i);
        status = sarn_log_stream(log, 0, sarn_str(name), arena, &info, &error);
        if (status != SARN_ERR_NOT_FOUND) {
            kill_must(status, &error, "look at a stream");
            worker->versions[i] = info.version + 1;
        }
    }
    sarn_arena_destroy(arena);
    range.category = sarn_str("note");
    range.flags = SARN_READ_BACKWARD;
    range.limit = RECENT_MAX;
    status = sarn_read(log, &range, add_recent, worker, &error);
    if (status != SARN_ERR_NOT_FOUND) {
        kill_must(status, &error, "read the notes");
    }
}

/* --- all of them --- */

static void send(struct worker *worker, struct work *work)
{
    switch (kill_kind_of(work->n)) {
    case KILL_IS_DEPOSIT:
        send_deposit(worker, work);
        break;
    case KILL_IS_TRANSFER:
        send_transfer(worker, work);
        break;
    case KILL_IS_NOTE:
    case KILL_IS_NOTES:
        send_note(worker, work);
        break;
    case KILL_IS_ERRAND:
        send_errand(worker, work, KILL_ERRAND);
        break;
    case KILL_IS_VOYAGE:
        send_errand(worker, work, KILL_VOYAGE);
        break;
    }
}

static void send_next(struct worker *worker)
{
    while (worker->flying < KILL_IN_FLIGHT && worker->next < worker->end) {
        struct work *work = malloc(sizeof(*work));

        if (work == NULL) {
            kill_die("worker", "out of memory");
        }
        *work = (struct work){worker, worker->next};
        worker->next += 1;
        worker->flying += 1;
        send(worker, work);
    }
    if (worker->flying == 0) {
        sarn_stop(worker->engine);
    }
}

static void open_accounts(sarn_engine *engine)
{
    for (uint32_t i = 0; i < KILL_ACCOUNTS; i++) {
        struct sarn_command command = SARN_COMMAND_INIT;
        struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_EUR};
        struct sarn_error error;
        char stream[32];

        snprintf(stream, sizeof(stream), "account-%u", i);
        command.stream = sarn_str(stream);
        command.type = &payments_open_account_type;
        command.data = &open;
        kill_must(sarn_call(engine, &command, NULL, &error), &error, "open an account");
    }
}

/* The same at every start: it changes nothing. */
static void set_schedule(sarn_engine *engine)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;
    struct sarn_error error;

    schedule.id = sarn_str(KILL_TICK);
    schedule.workflow = KILL_TICK;
    schedule.interval_us = 1000000;
    schedule.overlap = SARN_OVERLAP_ALLOW;
    schedule.catch_up_us = INT64_C(3600) * 1000000;
    kill_must(sarn_schedule_put(engine, &schedule, &error), &error, "set a schedule");
}

int kill_work(const char *path, uint64_t first, uint64_t limit)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct worker worker = {.next = first,
                            .end = limit == 0 ? KILL_WORKS_MAX : first + limit};
    struct sarn_error error;

    options.modules = kill_modules;
    options.module_count = KILL_MODULES;
    options.tail_max = 512; /* So that flush rounds are killed too. */
    kill_must(sarn_open(path, &options, &worker.engine, &error), &error, "open");
    open_accounts(worker.engine);
    set_schedule(worker.engine);
    find_notes(&worker);
    send_next(&worker);
    kill_must(sarn_run(worker.engine, &error), &error, "run");
    sarn_close(worker.engine);
    return 0;
}
