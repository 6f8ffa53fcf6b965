/* bank.h - the parts of the program bank: a row, the sums, and one function per
 * command. */
#ifndef BANK_H
#define BANK_H

#include <sarn/financial_transaction.h>
#include <sarn/sarn.h>
#include <stdio.h>

/* Exit statuses, of bank and of its commands. */
#define BANK_DONE    0 /* All done; the sums agree. */
#define BANK_SKIPPED 1 /* Rows were skipped; the sums differ. */
#define BANK_FAILED  2

#define BANK_CURRENCY PAYMENTS_CURRENCY_CZK

/* The transfers are transactions of this workflow. */
#define BANK_WORKFLOW "financial_transaction"

struct bank_failures; /* inject.h */

int bank_import(const char *log_path,
                const char *csv_path,
                const struct bank_failures *failures);
int bank_balances(const char *log_path);
int bank_outcomes(const char *log_path);
int bank_check(const char *log_path, const char *csv_path);

/* The log at path for reading, with the module payments. NULL: said why on stderr. */
sarn_log *bank_open_log(const char *path);

/* --- rows (rows.c) --- */

#define BANK_LINE_BYTES_MAX  4096u /* Of one line; a longer one is malformed. */
#define BANK_FIELD_BYTES_MAX 64u   /* Of a bank or an account at another bank. */
/* "BANK:ACCOUNT", a u64 or "external", and a NUL. */
#define BANK_ID_BYTES (2u * BANK_FIELD_BYTES_MAX + 2u)

enum bank_kind { BANK_DEPOSIT, BANK_WITHDRAWAL, BANK_TRANSFER_IN, BANK_TRANSFER_OUT };

/* One row, checked. */
struct bank_row {
    uint64_t line; /* In the file, from 1. */
    enum bank_kind kind;
    int64_t minor;    /* Positive. */
    int64_t value_us; /* Midnight UTC of its date. */
    const char *text; /* For the statement; static. */
    char trans_id[BANK_ID_BYTES];
    char account[BANK_ID_BYTES]; /* A bare number. */
    char other[BANK_ID_BYTES]; /* The other side of a transfer; never a bare number. */
};

enum bank_result { BANK_ROW, BANK_MALFORMED, BANK_END, BANK_UNREADABLE };

struct bank_reader;

#define BANK_REASON_BYTES 256u

/* Read file, which is the reader's from now on. NULL: reason says why, and file is
 * closed. */
struct bank_reader *bank_reader_read(FILE *file, char reason[BANK_REASON_BYTES]);
/* NULL: said why on stderr. */
struct bank_reader *bank_reader_open(const char *path);
void bank_reader_close(struct bank_reader *reader);
/* The next row; a line that repeats one before it to the letter is passed over.
 * BANK_MALFORMED: row->line and reason (a sentence, the reader's) say
 * what; go on. BANK_UNREADABLE: reason says why the file cannot be read on. */
enum bank_result
bank_reader_next(struct bank_reader *reader, struct bank_row *row, const char **reason);
/* How far into the file, of how much. 0 of 0: not known (a pipe). */
void bank_reader_progress(const struct bank_reader *reader,
                          uint64_t *done,
                          uint64_t *total);

/* --- sums by account id, outcomes by trans_id (ledger.c) --- */

/* What became of a row. */
enum bank_outcome {
    BANK_NO_OUTCOME, /* It is not in the log. */
    BANK_COMPLETED,
    BANK_COMPENSATED,
    BANK_PARKED,
    BANK_UNDER_WAY
};

struct bank_entry {
    char *id;
    int64_t sum;               /* By bank_ledger_book(). */
    int64_t balance;           /* By bank_ledger_load(). */
    enum bank_outcome outcome; /* By bank_outcomes_load(), where ids are of rows. */
    bool summed, loaded;
};

struct bank_ledger {
    struct bank_entry *entries; /* Open addressing; id NULL: free. */
    size_t slots, count;
};

void bank_ledger_done(struct bank_ledger *ledger);
/* The entry of id, made when there is none (*added, may be NULL). NULL: out of memory.
 */
struct bank_entry *
bank_ledger_entry(struct bank_ledger *ledger, const char *id, bool *added);
/* The entry of id; NULL: there is none. */
const struct bank_entry *bank_ledger_find(const struct bank_ledger *ledger,
                                          const char *id);
/* Book row as the module payments does with no overdraft limit; or find out whether it
 * could be (dry): its accounts are known then, too. false: a balance would leave the
 * range of 64 bits, and nothing is booked; or out of memory (*nomem). */
bool bank_ledger_book(struct bank_ledger *ledger,
                      const struct bank_row *row,
                      bool dry,
                      bool *nomem);
/* The entries, sorted: bare numbers by value, then the others by text. The array is the
 * caller's to free; the entries stay the ledger's. NULL: out of memory. */
const struct bank_entry **bank_ledger_sorted(const struct bank_ledger *ledger);
bool bank_is_number(const char *id);
/* Put the balances of log beside the sums. */
sarn_status
bank_ledger_load(struct bank_ledger *ledger, sarn_log *log, struct sarn_error *error);

/* Put the outcome of every row in log under its trans_id (outcomes.c). */
sarn_status bank_outcomes_load(struct bank_ledger *outcomes,
                               sarn_log *log,
                               struct sarn_error *error);

/* --- progress on stderr (progress.c) --- */

struct bank_progress {
    int64_t start_us, shown_us;
    bool terminal; /* One line, updated; else a line now and then. */
    bool open;     /* That line is there. */
};

void bank_progress_begin(struct bank_progress *progress);
/* Microseconds since begin. */
int64_t bank_progress_elapsed_us(const struct bank_progress *progress);
/* Show where it stands, unless that was shown just now. */
void bank_progress_show(struct bank_progress *progress,
                        uint64_t rows,
                        uint64_t done,
                        uint64_t total);
/* Clear the line, before something else is printed. */
void bank_progress_clear(struct bank_progress *progress);

#endif
