/* sarn - read, follow, replay and verify logs, also those whose owner is running. */
#include <string.h>

#include <sarn/sarn.h>

#include "cli.h"

static const struct cli_command *const commands[] = {
    &cli_log,    &cli_show,   &cli_streams, &cli_stats,
    &cli_replay, &cli_verify, &cli_schema};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *to)
{
    fputs("sarn - look into a Sarn log, also while its owner is running\n\n", to);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(to, "  sarn %-8s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\n"
          "sarn COMMAND --help says more. Every command takes --json (one object, or "
          "one\n"
          "a line) and --color=auto|always|never (auto: on a terminal, unless NO_COLOR "
          "is\n"
          "set). Nothing here changes a log.\n"
          "\n"
          "Exit status:\n"
          "  0  done; nothing is wrong\n"
          "  1  the log is damaged, is no Sarn log, or its tables differ from its "
          "events\n"
          "  2  the command line was not understood\n"
          "  3  nothing is wrong, but not everything could be checked (replay)\n"
          "  4  no such stream, execution or schema\n"
          "  5  the log could not be opened or read\n",
          to);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0) {
        print_usage(stdout);
        return cli_finish(CLI_OK);
    }
    if (strcmp(name, "--version") == 0) {
        printf("sarn %s\n", sarn_version());
        return cli_finish(CLI_OK);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i]->name) == 0) {
            return commands[i]->run(commands[i], argc - 1, argv + 1);
        }
    }
    if (argc > 1) {
        cli_complain("there is no command \"%s\"", name);
    }
    print_usage(stderr);
    return CLI_USAGE;
}
