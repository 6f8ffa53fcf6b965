/* bank - the transactions of a bank, as commands and transfers in one Sarn log. */
#include <string.h>

#include "inject.h"

static const char usage[] =
    "bank - book the transactions of a bank in a Sarn log\n"
    "\n"
    "  bank import LOG.sarn TRANSACTIONS.csv   book every row, each once and no more\n"
    "  bank balances LOG.sarn                  account_id,balance in minor units\n"
    "  bank outcomes LOG.sarn                  trans_id,completed|compensated|parked\n"
    "  bank check LOG.sarn TRANSACTIONS.csv    sum up the rows of the file that\n"
    "                                          completed, and compare\n"
    "\n"
    "Options of import:\n"
    "  --fail STEP:RATE  let that part (0 to 1) of the transfers fail at STEP for "
    "good;\n"
    "                    any: at each of the steps. What was done of them is undone. "
    "May\n"
    "                    be given again, for other steps; the last one counts.\n"
    "  --seed N          which ones (0): the same for the same N, whenever they are\n"
    "                    imported\n"
    "\n"
    "TRANSACTIONS.csv has a header and ;-separated columns: trans_id account_id date\n"
    "type operation amount balance k_symbol bank account (examples/data/ has a "
    "sample).\n"
    "Importing again, or after a crash, books what is missing and nothing twice.\n"
    "\n"
    "Exit status: 0 all done, the sums agree; 1 rows were skipped, or sums differ;\n"
    "2 failed.\n";

#define WORDS_MAX 3u

/* The command line, sorted out. */
struct arguments {
    const char *words[WORDS_MAX]; /* What is no option. */
    uint32_t word_count;
    struct bank_failures failures;
    bool has_options, help;
};

/* The value of option when it is the one called name: behind a '=', or next, the word
 * after it, which is taken then (*i). NULL: it is another one, or has no value. */
static const char *
value_of(const char *name, const char *option, const char *next, int *i)
{
    size_t size = strlen(name);

    if (strncmp(option, name, size) != 0) {
        return NULL;
    }
    if (option[size] == '=') {
        return option + size + 1;
    }
    if (option[size] == '\0' && next != NULL) {
        *i += 1;
        return next;
    }
    return NULL;
}

/* next NULL: option is the last word. false: said why on stderr. */
static bool
take_option(struct arguments *arguments, const char *option, const char *next, int *i)
{
    const char *value;

    arguments->has_options = true;
    if ((value = value_of("--fail", option, next, i)) != NULL) {
        return bank_failures_add(&arguments->failures, value);
    }
    if ((value = value_of("--seed", option, next, i)) != NULL) {
        return bank_failures_seed(&arguments->failures, value);
    }
    if (strcmp(option, "--fail") == 0 || strcmp(option, "--seed") == 0) {
        fprintf(stderr, "bank: %s takes a value\n", option);
    } else {
        fprintf(stderr, "bank: there is no option %s\n", option);
    }
    return false;
}

static bool parse(struct arguments *arguments, int argc, char **argv)
{
    *arguments = (struct arguments){.word_count = 0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            arguments->help = true;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(arguments, argv[i], i + 1 < argc ? argv[i + 1] : NULL,
                             &i)) {
                return false;
            }
        } else if (arguments->word_count == WORDS_MAX) {
            fprintf(stderr, "bank: what is %s?\n", argv[i]);
            return false;
        } else {
            arguments->words[arguments->word_count++] = argv[i];
        }
    }
    return true;
}

/* Is it this command, with so many words behind it? */
static bool is(const struct arguments *arguments, const char *name, uint32_t operands)
{
    return arguments->word_count == operands + 1 &&
           strcmp(arguments->words[0], name) == 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments;

    if (!parse(&arguments, argc, argv)) {
        return BANK_FAILED;
    }
    if (arguments.help) {
        fputs(usage, stdout);
        return BANK_DONE;
    }
    if (is(&arguments, "import", 2)) {
        return bank_import(arguments.words[1], arguments.words[2], &arguments.failures);
    }
    if (arguments.has_options) {
        fprintf(stderr, "bank: --fail and --seed are options of import\n");
        return BANK_FAILED;
    }
    if (is(&arguments, "balances", 1)) {
        return bank_balances(arguments.words[1]);
    }
    if (is(&arguments, "outcomes", 1)) {
        return bank_outcomes(arguments.words[1]);
    }
    if (is(&arguments, "check", 2)) {
        return bank_check(arguments.words[1], arguments.words[2]);
    }
    fputs(usage, stderr);
    return BANK_FAILED;
}
