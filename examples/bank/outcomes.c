/* bank outcomes: what became of every row, by the log alone. */
#include <stdlib.h>
#include <string.h>

#include "bank.h"

/* Note how the row called id stands. */
static sarn_status note(struct bank_ledger *outcomes,
                        struct sarn_str id,
                        enum bank_outcome outcome,
                        bool first_wins)
{
    char text[SARN_KEY_BYTES_MAX + 1];
    struct bank_entry *entry;

    if (id.size >= sizeof(text)) {
        return SARN_ERR_CORRUPT;
    }
    memcpy(text, id.data, id.size);
    text[id.size] = '\0';
    entry = bank_ledger_entry(outcomes, text, NULL);
    if (entry == NULL) {
        return SARN_ERR_NOMEM;
    }
    if (!first_wins || entry->outcome == BANK_NO_OUTCOME) {
        entry->outcome = outcome;
    }
    return SARN_OK;
}

static sarn_status take_transaction(void *arg, const struct sarn_execution_row *row)
{
    enum bank_outcome outcome = BANK_UNDER_WAY;

    switch (row->status) {
    case SARN_EXECUTION_COMPLETED:
        outcome = BANK_COMPLETED;
        break;
    case SARN_EXECUTION_PARKED:
        outcome = BANK_PARKED;
        break;
    case SARN_EXECUTION_COMPENSATED:
    case SARN_EXECUTION_CANCELLED:
    case SARN_EXECUTION_TERMINATED:
    case SARN_EXECUTION_TIMED_OUT:
    case SARN_EXECUTION_UNDONE:
        outcome = BANK_COMPENSATED;
        break;
    default: /* It runs, or is being undone. */
        break;
    }
    return note(arg, row->workflow_id, outcome, false);
}

/* A booking that is no transaction's is a row's own: it is there, so it is done. */
static sarn_status take_booking(void *arg, const struct sarn_event *event)
{
    struct sarn_str reference = {NULL, 0};

    if (event->type == &payments_account_credited_type) {
        reference = ((const struct payments_account_credited *)event->data)->reference;
    } else if (event->type == &payments_account_debited_type) {
        reference = ((const struct payments_account_debited *)event->data)->reference;
    }
    return reference.size == 0 ? SARN_OK : note(arg, reference, BANK_COMPLETED, true);
}

sarn_status bank_outcomes_load(struct bank_ledger *outcomes,
                               sarn_log *log,
                               struct sarn_error *error)
{
    struct sarn_execution_filter transactions = SARN_EXECUTION_FILTER_INIT;
    struct sarn_range bookings = SARN_RANGE_INIT;
    sarn_status status;

    transactions.workflow = sarn_str(BANK_WORKFLOW);
    status = sarn_executions(log, &transactions, take_transaction, outcomes, error);
    if (status != SARN_OK) {
        return status;
    }
    bookings.category = sarn_str(SARN_PAYMENTS_ACCOUNT_CATEGORY);
    status = sarn_read(log, &bookings, take_booking, outcomes, error);
    return status == SARN_ERR_NOT_FOUND ? SARN_OK : status; /* There are no accounts. */
}

static int print(const struct bank_ledger *outcomes)
{
    static const char *const words[] = {[BANK_COMPLETED] = "completed",
                                        [BANK_COMPENSATED] = "compensated",
                                        [BANK_PARKED] = "parked"};
    const struct bank_entry **sorted = bank_ledger_sorted(outcomes);
    uint64_t under_way = 0;

    if (sorted == NULL) {
        fprintf(stderr, "bank: out of memory\n");
        return BANK_FAILED;
    }
    for (size_t i = 0; i < outcomes->count; i++) {
        if (sorted[i]->outcome == BANK_UNDER_WAY) {
            under_way += 1;
        } else {
            printf("%s,%s\n", sorted[i]->id, words[sorted[i]->outcome]);
        }
    }
    free((void *)sorted);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "bank: the outcomes cannot be written\n");
        return BANK_FAILED;
    }
    if (under_way > 0) {
        fprintf(
            stderr,
            "bank: %llu rows are under way and have no outcome yet; import the file "
            "again to finish them\n",
            (unsigned long long)under_way);
        return BANK_SKIPPED;
    }
    return BANK_DONE;
}

int bank_outcomes(const char *log_path)
{
    sarn_log *log = bank_open_log(log_path);
    struct bank_ledger outcomes = {0};
    struct sarn_error error;
    int result = BANK_FAILED;

    if (log == NULL) {
        return BANK_FAILED;
    }
    if (bank_outcomes_load(&outcomes, log, &error) != SARN_OK) {
        fprintf(stderr, "bank: cannot read the outcomes: %s\n", error.text);
    } else {
        result = print(&outcomes);
    }
    bank_ledger_done(&outcomes);
    sarn_log_close(log);
    return result;
}
