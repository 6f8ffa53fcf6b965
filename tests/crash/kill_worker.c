#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "killtest.h"

const struct sarn_module *const kill_modules[2] = {&sarn_payments_module,
                                                   &sarn_funds_transfer_module};

void kill_die(const char *what, const char *why)
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

int64_t kill_amount(uint64_t n)
{
    return (int64_t)(n % 100) + 1;
}

struct worker {
    sarn_engine *engine;
    uint64_t next, end;
    uint32_t flying;
};

struct work {
    struct worker *worker;
    uint64_t n;
};

static void send_next(struct worker *worker);

static void acknowledged(void *arg, const struct sarn_reply *reply)
{
    struct work *work = arg;
    struct worker *worker = work->worker;

    if (reply->status == SARN_ERR_CLOSED) {
        free(work);
        return;
    }
    if (reply->status != SARN_OK && reply->status != SARN_ERR_COMPENSATED) {
        kill_die("a command failed", reply->text);
    }
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

    snprintf(stream, sizeof(stream), "account-%u",
             (unsigned)(work->n / 2 % KILL_ACCOUNTS));
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
    uint64_t from = work->n / 2 % KILL_ACCOUNTS;
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
        if (work->n % 2 == 0) {
            send_deposit(worker, work);
        } else {
            send_transfer(worker, work);
        }
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

int kill_work(const char *path, uint64_t first, uint64_t limit)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct worker worker = {.next = first,
                            .end = limit == 0 ? KILL_WORKS_MAX : first + limit};
    struct sarn_error error;

    options.modules = kill_modules;
    options.module_count = 2;
    options.tail_max = 512; /* So that flush rounds are killed too. */
    kill_must(sarn_open(path, &options, &worker.engine, &error), &error, "open");
    open_accounts(worker.engine);
    send_next(&worker);
    kill_must(sarn_run(worker.engine, &error), &error, "run");
    sarn_close(worker.engine);
    return 0;
}
