/* A file of the bank's transactions. Each line is a row that keeps its promises, or is
 * refused with a reason; the sums over the rows are the same in whichever way they are
 * booked. */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "examples/bank/bank.h"

#define DAY_US       (INT64_C(86400) * 1000000)
#define YEAR_1900_US (-25567 * DAY_US)
#define YEAR_2000_US (10957 * DAY_US)

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What bank.h says of a row. */
static void check_row(const struct bank_row *row)
{
    must(row->minor > 0 && row->text != NULL && row->text[0] != '\0');
    must(row->kind == BANK_DEPOSIT || row->kind == BANK_WITHDRAWAL ||
         row->kind == BANK_TRANSFER_IN || row->kind == BANK_TRANSFER_OUT);
    must(row->value_us >= YEAR_1900_US && row->value_us < YEAR_2000_US &&
         row->value_us % DAY_US == 0);
    must(bank_is_number(row->trans_id) && bank_is_number(row->account));
    must(row->account[0] != '0' || row->account[1] == '\0');
    must(row->other[0] != '\0' && !bank_is_number(row->other));
    for (const char *c = row->other; *c != '\0'; c++) {
        must(*c >= ' ' && *c <= '~');
    }
}

static void book(struct bank_ledger *ledger, const struct bank_row *row)
{
    bool nomem, dry = bank_ledger_book(ledger, row, true, &nomem);
    const struct bank_entry *entry;
    int64_t before;

    must(!nomem);
    entry = bank_ledger_find(ledger, row->account);
    must(entry != NULL);
    before = entry->sum;
    must(bank_ledger_book(ledger, row, false, &nomem) == dry && !nomem);
    entry = bank_ledger_find(ledger, row->account);
    must(dry ? entry->sum != before : entry->sum == before);
}

static void check_sorted(const struct bank_ledger *ledger)
{
    const struct bank_entry **sorted = bank_ledger_sorted(ledger);

    must(sorted != NULL);
    for (size_t i = 1; i < ledger->count; i++) {
        must(strcmp(sorted[i - 1]->id, sorted[i]->id) != 0);
        must(bank_is_number(sorted[i - 1]->id) || !bank_is_number(sorted[i]->id));
    }
    free((void *)sorted);
}

static void read_rows(struct bank_reader *reader, size_t size)
{
    struct bank_ledger ledger = {.entries = NULL};
    struct bank_row row;
    const char *reason = NULL;
    enum bank_result result;
    uint64_t line = 1, done, total;

    while ((result = bank_reader_next(reader, &row, &reason)) != BANK_END) {
        must(result == BANK_ROW || result == BANK_MALFORMED);
        must(row.line > line);
        line = row.line;
        if (result == BANK_ROW) {
            check_row(&row);
            book(&ledger, &row);
        } else {
            must(reason[0] != '\0' && strlen(reason) < BANK_REASON_BYTES);
        }
    }
    bank_reader_progress(reader, &done, &total);
    must(done == size);
    check_sorted(&ledger);
    bank_ledger_done(&ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char reason[BANK_REASON_BYTES] = "";
    struct bank_reader *reader;
    FILE *file;

    if (size == 0) {
        return 0; /* fmemopen() need not make a file of nothing. */
    }
    file = fmemopen((void *)(uintptr_t)data, size, "rb");
    must(file != NULL);
    reader = bank_reader_read(file, reason);
    if (reader == NULL) {
        must(reason[0] != '\0');
        return 0;
    }
    read_rows(reader, size);
    bank_reader_close(reader);
    return 0;
}
