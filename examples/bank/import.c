/* bank import: every row becomes a command or a transfer, many in flight at once.
 *
 * One thread, this one, reads rows and submits; Sarn's own thread decides and replies.
 * Requests are decided in the order they were submitted, so the rows of an account are
 * booked in the order of the file, and an account is open before its first row.
 *
 * A row is done once and no more: its trans_id is the idempotency key of its command,
 * or the id of its transfer. To go on after a crash is to import the file again.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"

#define IN_FLIGHT_MAX 4096u

/* A row that waits for its reply. */
struct flight {
    struct flight *next; /* Free ones. */
    struct import *import;
    uint64_t line; /* 0: the opening of an account. */
    enum bank_kind kind;
};

struct import {
    sarn_engine *engine;
    struct bank_reader *reader;
    struct bank_ledger accounts; /* Opened here; the sums are not used. */
    struct flight *flights;
    pthread_mutex_t mutex; /* For all below. */
    pthread_cond_t landed;
    struct bank_progress progress;
    struct flight *free;
    uint32_t in_flight;
    uint64_t rows, bookings, transfers, before, skipped;
    bool failed;
    struct sarn_error error; /* When failed. */
};

/* Say why a row was skipped. With the mutex. */
static void skip(struct import *import, uint64_t line, const char *reason)
{
    bank_progress_clear(&import->progress);
    fprintf(stderr, "line %llu: %s\n", (unsigned long long)line, reason);
    import->skipped += 1;
}

/* Stop; the first failure is the one to tell. With the mutex. */
static void fail(struct import *import, sarn_status status, const char *text)
{
    if (!import->failed) {
        import->failed = true;
        import->error.status = status;
        snprintf(import->error.text, sizeof(import->error.text), "%s", text);
    }
}

/* Is it the row that is wrong, and not the log? */
static bool is_refusal(sarn_status status)
{
    return status == SARN_ERR_REJECTED || status == SARN_ERR_COMPENSATED ||
           status == SARN_ERR_PARKED || status == SARN_ERR_KEY_REUSED;
}

/* [dispatch thread] */
static void landed(void *arg, const struct sarn_reply *reply)
{
    struct flight *flight = arg;
    struct import *import = flight->import;
    bool transfer =
        flight->kind == BANK_TRANSFER_IN || flight->kind == BANK_TRANSFER_OUT;

    pthread_mutex_lock(&import->mutex);
    if (flight->line == 0) {
        /* An account that cannot be opened again is open, or its rows will say. */
        if (reply->status != SARN_OK && !is_refusal(reply->status)) {
            fail(import, reply->status, reply->text);
        }
    } else if (reply->status == SARN_OK) {
        import->before += reply->repeated;
        import->transfers += !reply->repeated && transfer;
        import->bookings += !reply->repeated && !transfer;
    } else if (is_refusal(reply->status)) {
        skip(import, flight->line, reply->text);
    } else {
        fail(import, reply->status, reply->text);
    }
    flight->next = import->free;
    import->free = flight;
    import->in_flight -= 1;
    pthread_cond_signal(&import->landed);
    pthread_mutex_unlock(&import->mutex);
}

/* A place in flight for row (NULL: an opening), when there is one. NULL: stop. */
static struct flight *take_off(struct import *import, const struct bank_row *row)
{
    struct flight *flight;

    pthread_mutex_lock(&import->mutex);
    while (import->free == NULL && !import->failed) {
        pthread_cond_wait(&import->landed, &import->mutex);
    }
    flight = import->failed ? NULL : import->free;
    if (flight != NULL) {
        import->free = flight->next;
        import->in_flight += 1;
        flight->line = row == NULL ? 0 : row->line;
        flight->kind = row == NULL ? BANK_DEPOSIT : row->kind;
    }
    pthread_mutex_unlock(&import->mutex);
    return flight;
}

/* It never took off. */
static void call_off(struct flight *flight, const struct sarn_error *error)
{
    struct import *import = flight->import;

    pthread_mutex_lock(&import->mutex);
    fail(import, error->status, error->text);
    flight->next = import->free;
    import->free = flight;
    import->in_flight -= 1;
    pthread_mutex_unlock(&import->mutex);
}

/* Send one command to an account. false: stop. */
static bool submit(struct import *import,
                   const struct bank_row *row,
                   const char *account,
                   const struct sarn_type *type,
                   const void *data)
{
    struct flight *flight = take_off(import, row);
    struct sarn_command command = SARN_COMMAND_INIT;
    char stream[sizeof(SARN_PAYMENTS_ACCOUNT_CATEGORY "-") + BANK_ID_BYTES];
    struct sarn_error error;

    if (flight == NULL) {
        return false;
    }
    snprintf(stream, sizeof(stream), SARN_PAYMENTS_ACCOUNT_CATEGORY "-%s", account);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(row == NULL ? NULL : row->trans_id);
    command.origin = sarn_str("bank import");
    if (sarn_submit(import->engine, &command, landed, flight, &error) != SARN_OK) {
        call_off(flight, &error);
        return false;
    }
    return true;
}

/* Open account on its first use in this file; again is nothing. false: stop. */
static bool open_account(struct import *import, const char *account)
{
    const struct payments_open_account terms = {.currency = BANK_CURRENCY,
                                                .overdraft_unlimited = true};
    bool added = false;

    if (bank_ledger_entry(&import->accounts, account, &added) == NULL) {
        pthread_mutex_lock(&import->mutex);
        fail(import, SARN_ERR_NOMEM, "out of memory");
        pthread_mutex_unlock(&import->mutex);
        return false;
    }
    return !added || submit(import, NULL, account, &payments_open_account_type, &terms);
}

static bool transfer(struct import *import, const struct bank_row *row)
{
    bool in = row->kind == BANK_TRANSFER_IN;
    const struct payments_transfer input = {
        .from_account = sarn_str(in ? row->other : row->account),
        .to_account = sarn_str(in ? row->account : row->other),
        .amount = {.minor = row->minor, .currency = BANK_CURRENCY},
        .reference = sarn_str(row->trans_id),
        .text = sarn_str(row->text),
        .value_us = row->value_us};
    struct sarn_start start = SARN_START_INIT;
    struct flight *flight = take_off(import, row);
    struct sarn_error error;

    if (flight == NULL) {
        return false;
    }
    start.workflow = "funds_transfer";
    start.workflow_id = input.reference;
    start.input = &input;
    start.origin = sarn_str("bank import");
    if (sarn_execution_start(import->engine, &start, landed, flight, &error) !=
        SARN_OK) {
        call_off(flight, &error);
        return false;
    }
    return true;
}

static bool deposit(struct import *import, const struct bank_row *row)
{
    const struct payments_credit credit = {
        .amount = {.minor = row->minor, .currency = BANK_CURRENCY},
        .reference = sarn_str(row->trans_id),
        .text = sarn_str(row->text),
        .value_us = row->value_us};

    return submit(import, row, row->account, &payments_credit_type, &credit);
}

static bool withdraw(struct import *import, const struct bank_row *row)
{
    const struct payments_debit debit = {
        .amount = {.minor = row->minor, .currency = BANK_CURRENCY},
        .reference = sarn_str(row->trans_id),
        .text = sarn_str(row->text),
        .value_us = row->value_us};

    return submit(import, row, row->account, &payments_debit_type, &debit);
}

static bool book(struct import *import, const struct bank_row *row)
{
    if (!open_account(import, row->account)) {
        return false;
    }
    switch (row->kind) {
    case BANK_DEPOSIT:
        return deposit(import, row);
    case BANK_WITHDRAWAL:
        return withdraw(import, row);
    case BANK_TRANSFER_IN:
    case BANK_TRANSFER_OUT:
        return open_account(import, row->other) && transfer(import, row);
    }
    return false;
}

/* Submit every row, then wait for the last reply. */
static void run(struct import *import)
{
    enum bank_result result = BANK_ROW;
    struct bank_row row;
    const char *reason;
    uint64_t done, total;

    while (result != BANK_END && result != BANK_UNREADABLE) {
        result = bank_reader_next(import->reader, &row, &reason);
        if (result == BANK_ROW && !book(import, &row)) {
            break;
        }
        bank_reader_progress(import->reader, &done, &total);
        pthread_mutex_lock(&import->mutex);
        import->rows += result == BANK_ROW || result == BANK_MALFORMED;
        if (result == BANK_MALFORMED) {
            skip(import, row.line, reason);
        } else if (result == BANK_UNREADABLE) {
            fail(import, SARN_ERR_IO, reason);
        }
        bank_progress_show(&import->progress, import->rows, done, total);
        pthread_mutex_unlock(&import->mutex);
    }
    pthread_mutex_lock(&import->mutex);
    while (import->in_flight > 0) {
        pthread_cond_wait(&import->landed, &import->mutex);
    }
    bank_progress_clear(&import->progress);
    pthread_mutex_unlock(&import->mutex);
}

static void report(struct import *import, const char *csv_path)
{
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};
    double seconds = (double)bank_progress_elapsed_us(&import->progress) / 1e6;

    if (import->failed) {
        fprintf(
            stderr,
            "bank: the import stopped: %s. What was booked is booked; import %s again "
            "to finish the rest.\n",
            import->error.text, csv_path);
    }
    if (sarn_engine_get_stats(import->engine, &stats, NULL) != SARN_OK) {
        stats = (struct sarn_engine_stats){0};
    }
    printf(
        "%llu rows in %.2f s (%.0f rows/s, %.0f events/s, %llu commits): %llu booked, "
        "%llu transferred, %llu done before, %llu skipped\n",
        (unsigned long long)import->rows, seconds, (double)import->rows / seconds,
        (double)stats.events / seconds, (unsigned long long)stats.commits,
        (unsigned long long)import->bookings, (unsigned long long)import->transfers,
        (unsigned long long)import->before, (unsigned long long)import->skipped);
}

static sarn_engine *open_engine(const char *path)
{
    static const struct sarn_module *const modules[] = {&sarn_payments_module,
                                                        &sarn_funds_transfer_module};
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;
    struct sarn_error error;

    options.flags = SARN_OPEN_WAIT;
    options.modules = modules;
    options.module_count = sizeof(modules) / sizeof(modules[0]);
    if (sarn_open(path, &options, &engine, &error) != SARN_OK) {
        fprintf(stderr, "bank: %s\n", error.text);
        return NULL;
    }
    if (sarn_start(engine, &error) != SARN_OK) {
        fprintf(stderr, "bank: %s\n", error.text);
        sarn_close(engine);
        return NULL;
    }
    return engine;
}

int bank_import(const char *log_path, const char *csv_path)
{
    struct import import = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                            .landed = PTHREAD_COND_INITIALIZER};
    int result = BANK_FAILED;

    import.reader = bank_reader_open(csv_path);
    if (import.reader == NULL) {
        return BANK_FAILED;
    }
    import.flights = calloc(IN_FLIGHT_MAX, sizeof(*import.flights));
    if (import.flights == NULL) {
        fprintf(stderr, "bank: out of memory\n");
    } else if ((import.engine = open_engine(log_path)) != NULL) {
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
            import.flights[i] = (struct flight){.next = import.free, .import = &import};
            import.free = &import.flights[i];
        }
        bank_progress_begin(&import.progress);
        run(&import);
        report(&import, csv_path);
        sarn_close(import.engine);
        result = import.failed         ? BANK_FAILED
                 : import.skipped != 0 ? BANK_SKIPPED
                                       : BANK_DONE;
    }
    free(import.flights);
    bank_ledger_done(&import.accounts);
    bank_reader_close(import.reader);
    return result;
}
