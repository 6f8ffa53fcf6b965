/* bank balances, and how a log is opened for reading. */
#include <stdlib.h>

#include "bank.h"

sarn_log *bank_open_log(const char *path)
{
    static const struct sarn_module *const modules[] = {&sarn_payments_module};
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_log *log;

    options.modules = modules;
    options.module_count = 1;
    if (sarn_log_open(path, &options, &log, &error) != SARN_OK) {
        fprintf(stderr, "bank: %s\n", error.text);
        return NULL;
    }
    return log;
}

int bank_balances(const char *log_path)
{
    sarn_log *log = bank_open_log(log_path);
    struct bank_ledger ledger = {0};
    const struct bank_entry **sorted = NULL;
    struct sarn_error error;
    int result = BANK_FAILED;

    if (log == NULL) {
        return BANK_FAILED;
    }
    if (bank_ledger_load(&ledger, log, &error) != SARN_OK) {
        fprintf(stderr, "bank: cannot read the balances: %s\n", error.text);
    } else if ((sorted = bank_ledger_sorted(&ledger)) == NULL) {
        fprintf(stderr, "bank: out of memory\n");
    } else {
        for (size_t i = 0; i < ledger.count && bank_is_number(sorted[i]->id); i++) {
            printf("%s,%lld\n", sorted[i]->id, (long long)sorted[i]->balance);
        }
        result = fflush(stdout) == 0 ? BANK_DONE : BANK_FAILED;
    }
    free((void *)sorted);
    bank_ledger_done(&ledger);
    sarn_log_close(log);
    return result;
}
