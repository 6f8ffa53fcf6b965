/* bank check: sum up the rows of the file that completed, and compare with the log. */
#include <stdlib.h>

#include "bank.h"

/* Rows of the file, by what the log says of them. */
struct tally {
    uint64_t rows;
    uint64_t of[BANK_UNDER_WAY + 1]; /* By enum bank_outcome. */
    uint64_t skipped;                /* Malformed, or refused. */
};

/* Book row if it completed. false: out of memory. */
static bool take_row(const struct bank_ledger *outcomes,
                     struct bank_ledger *ledger,
                     const struct bank_row *row,
                     struct tally *tally)
{
    const struct bank_entry *entry = bank_ledger_find(outcomes, row->trans_id);
    enum bank_outcome outcome = entry == NULL ? BANK_NO_OUTCOME : entry->outcome;
    bool nomem = false;
    bool fits = bank_ledger_book(ledger, row, outcome != BANK_COMPLETED, &nomem);

    if (!fits && outcome == BANK_NO_OUTCOME) {
        tally->skipped += 1; /* It was refused, and so is not there. */
    } else {
        tally->of[outcome] += 1;
    }
    return !nomem;
}

/* Sum up the rows of the file that completed. */
static bool sum_up(struct bank_reader *reader,
                   const struct bank_ledger *outcomes,
                   struct bank_ledger *ledger,
                   struct tally *tally)
{
    enum bank_result result;
    struct bank_row row;
    const char *reason;

    while ((result = bank_reader_next(reader, &row, &reason)) != BANK_END) {
        if (result == BANK_UNREADABLE) {
            fprintf(stderr, "bank: %s\n", reason);
            return false;
        }
        tally->rows += 1;
        if (result == BANK_MALFORMED) {
            tally->skipped += 1;
        } else if (!take_row(outcomes, ledger, &row, tally)) {
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

static void show_tally(const struct tally *tally)
{
    printf("%llu of %llu rows completed, %llu compensated, %llu parked\n",
           (unsigned long long)tally->of[BANK_COMPLETED],
           (unsigned long long)tally->rows,
           (unsigned long long)tally->of[BANK_COMPENSATED],
           (unsigned long long)tally->of[BANK_PARKED]);
    if (tally->skipped > 0) {
        printf("%llu rows that cannot be booked were left out\n",
               (unsigned long long)tally->skipped);
    }
    if (tally->of[BANK_UNDER_WAY] + tally->of[BANK_NO_OUTCOME] > 0) {
        printf(
            "%llu rows are under way, %llu are not in the log: import the file again "
            "to finish them\n",
            (unsigned long long)tally->of[BANK_UNDER_WAY],
            (unsigned long long)tally->of[BANK_NO_OUTCOME]);
    }
}

static int compare(const struct bank_ledger *ledger, const struct tally *tally)
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
    show_tally(tally);
    if (differences > 0) {
        printf("%llu of %zu accounts differ\n", (unsigned long long)differences,
               ledger->count);
        return BANK_SKIPPED;
    }
    printf("%zu accounts agree\n", ledger->count);
    return tally->of[BANK_UNDER_WAY] + tally->of[BANK_NO_OUTCOME] +
                       tally->of[BANK_PARKED] >
                   0
               ? BANK_SKIPPED
               : BANK_DONE;
}

int bank_check(const char *log_path, const char *csv_path)
{
    struct bank_ledger ledger = {0}, outcomes = {0};
    struct bank_reader *reader = bank_reader_open(csv_path);
    sarn_log *log = reader == NULL ? NULL : bank_open_log(log_path);
    struct tally tally = {0};
    struct sarn_error error;
    int result = BANK_FAILED;

    if (log == NULL) {
        bank_reader_close(reader);
        return BANK_FAILED;
    }
    if (bank_outcomes_load(&outcomes, log, &error) != SARN_OK) {
        fprintf(stderr, "bank: cannot read the outcomes: %s\n", error.text);
    } else if (sum_up(reader, &outcomes, &ledger, &tally)) {
        if (bank_ledger_load(&ledger, log, &error) != SARN_OK) {
            fprintf(stderr, "bank: cannot read the balances: %s\n", error.text);
        } else {
            result = compare(&ledger, &tally);
        }
    }
    sarn_log_close(log);
    bank_ledger_done(&ledger);
    bank_ledger_done(&outcomes);
    bank_reader_close(reader);
    return result;
}
