/* bank check: sum up the file alone, and compare with the log. */
#include <stdlib.h>

#include "bank.h"

/* Book every good row of the file. */
static bool
sum_up(struct bank_reader *reader, struct bank_ledger *ledger, uint64_t *skipped)
{
    enum bank_result result;
    struct bank_row row;
    const char *reason;
    bool nomem = false;

    while ((result = bank_reader_next(reader, &row, &reason)) != BANK_END) {
        if (result == BANK_UNREADABLE) {
            fprintf(stderr, "bank: %s\n", reason);
            return false;
        }
        if (result == BANK_MALFORMED || !bank_ledger_book(ledger, &row, &nomem)) {
            *skipped += 1;
        }
        if (nomem) {
            fprintf(stderr, "bank: out of memory\n");
            return false;
        }
    }
    return true;
}

/* Print the account where log and file differ. */
static bool differs(const struct bank_entry *entry)
{
    if (entry->summed && entry->loaded && entry->sum == entry->balance) {
        return false;
    }
    printf("account %s: ", entry->id);
    if (!entry->loaded) {
        printf("not in the log; the file gives %lld\n", (long long)entry->sum);
    } else if (!entry->summed) {
        printf("%lld in the log; not in the file\n", (long long)entry->balance);
    } else {
        printf("%lld in the log; the file gives %lld\n", (long long)entry->balance,
               (long long)entry->sum);
    }
    return true;
}

static int compare(const struct bank_ledger *ledger, uint64_t skipped)
{
    const struct bank_entry **sorted = bank_ledger_sorted(ledger);
    uint64_t differences = 0;

    if (sorted == NULL) {
        fprintf(stderr, "bank: out of memory\n");
        return BANK_FAILED;
    }
    for (size_t i = 0; i < ledger->count; i++) {
        differences += differs(sorted[i]);
    }
    free((void *)sorted);
    if (skipped > 0) {
        printf("%llu rows that cannot be booked were left out\n",
               (unsigned long long)skipped);
    }
    if (differences > 0) {
        printf("%llu of %zu accounts differ\n", (unsigned long long)differences,
               ledger->count);
        return BANK_SKIPPED;
    }
    printf("%zu accounts agree\n", ledger->count);
    return BANK_DONE;
}

int bank_check(const char *log_path, const char *csv_path)
{
    struct bank_ledger ledger = {0};
    struct bank_reader *reader = bank_reader_open(csv_path);
    sarn_log *log = reader == NULL ? NULL : bank_open_log(log_path);
    struct sarn_error error;
    uint64_t skipped = 0;
    int result = BANK_FAILED;

    if (log != NULL && sum_up(reader, &ledger, &skipped)) {
        if (bank_ledger_load(&ledger, log, &error) != SARN_OK) {
            fprintf(stderr, "bank: cannot read the balances: %s\n", error.text);
        } else {
            result = compare(&ledger, skipped);
        }
    }
    sarn_log_close(log);
    bank_ledger_done(&ledger);
    bank_reader_close(reader);
    return result;
}
