/* bank import: every row becomes a command or a transaction, many in flight at once.
 *
 * One thread, this one, reads rows and submits; Sarn's own thread decides and replies.
 * Requests are decided in the order they were submitted, so the rows of an account are
 * booked in the order of the file, and an account is open, and its user known, before
 * its first row.
 *
 * A row is done once and no more: its trans_id is the idempotency key of its command,
 * or the id of its transaction. To go on after a crash is to import the file again.
 */
#include <stdlib.h>
#include <string.h>

#include "import.h"

/* Submit every row, then wait for the last reply. */
static void run(struct import *import)
{
    enum bank_result result = BANK_ROW;
    struct bank_row row;
    const char *reason;
    uint64_t done, total;

    while (result != BANK_END && result != BANK_UNREADABLE) {
        result = bank_reader_next(import->reader, &row, &reason);
        if (result == BANK_ROW && !bank_book(import, &row)) {
            break;
        }
        bank_reader_progress(import->reader, &done, &total);
        pthread_mutex_lock(&import->mutex);
        import->rows += result == BANK_ROW || result == BANK_MALFORMED;
        if (result == BANK_MALFORMED) {
            bank_skip(import, row.line, reason);
        } else if (result == BANK_UNREADABLE) {
            bank_fail(import, SARN_ERR_IO, reason);
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
        "%llu transferred, %llu done before, %llu skipped",
        (unsigned long long)import->rows, seconds, (double)import->rows / seconds,
        (double)stats.events / seconds, (unsigned long long)stats.commits,
        (unsigned long long)import->bookings, (unsigned long long)import->transfers,
        (unsigned long long)import->before, (unsigned long long)import->skipped);
    if (import->compensated > 0) {
        printf(", %llu compensated", (unsigned long long)import->compensated);
    }
    printf("\n");
}

static sarn_engine *open_engine(const char *path, struct bank_injection *injection)
{
    const struct sarn_module *modules[] = {
        &sarn_payments_module,  &sarn_users_module,         &sarn_compliance_module,
        &sarn_analytics_module, &sarn_notifications_module, &injection->module};
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;
    struct sarn_error error;

    options.flags = SARN_OPEN_WAIT | SARN_OPEN_CONTROL;
    options.modules = modules;
    options.module_count = sizeof(modules) / sizeof(modules[0]);
    options.context = &injection->context;
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

int bank_import(const char *log_path,
                const char *csv_path,
                const struct bank_failures *failures)
{
    struct import import = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                            .landed = PTHREAD_COND_INITIALIZER};
    int result = BANK_FAILED;

    bank_injection_init(&import.injection, failures);
    import.reader = bank_reader_open(csv_path);
    if (import.reader == NULL) {
        return BANK_FAILED;
    }
    if (!bank_flights_create(&import)) {
        fprintf(stderr, "bank: out of memory\n");
    } else if ((import.engine = open_engine(log_path, &import.injection)) != NULL) {
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
    bank_ledger_done(&import.users);
    bank_reader_close(import.reader);
    return result;
}
