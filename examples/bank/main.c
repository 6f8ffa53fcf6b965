/* bank - the transactions of a bank, as commands and transfers in one Sarn log. */
#include <string.h>

#include "bank.h"

static const char usage[] =
    "bank - book the transactions of a bank in a Sarn log\n"
    "\n"
    "  bank import LOG.sarn TRANSACTIONS.csv   book every row, each once and no more\n"
    "  bank balances LOG.sarn                  account_id,balance in minor units\n"
    "  bank check LOG.sarn TRANSACTIONS.csv    sum up the file alone, and compare\n"
    "\n"
    "TRANSACTIONS.csv has a header and ;-separated columns: trans_id account_id date\n"
    "type operation amount balance k_symbol bank account (examples/data/ has a "
    "sample).\n"
    "Importing again, or after a crash, books what is missing and nothing twice.\n"
    "\n"
    "Exit status: 0 all done, the sums agree; 1 rows were skipped, or sums differ;\n"
    "2 failed.\n";

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        fputs(usage, stdout);
        return BANK_DONE;
    }
    if (strcmp(command, "import") == 0 && argc == 4) {
        return bank_import(argv[2], argv[3]);
    }
    if (strcmp(command, "balances") == 0 && argc == 3) {
        return bank_balances(argv[2]);
    }
    if (strcmp(command, "check") == 0 && argc == 4) {
        return bank_check(argv[2], argv[3]);
    }
    fputs(usage, stderr);
    return BANK_FAILED;
}
