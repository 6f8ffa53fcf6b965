/* sarn - read, follow, replay and verify logs, back them up and restore them, and tell
 * executions what to do, also those whose owner is running. */
#include <string.h>

#include <sarn/sarn.h>

#include "cli.h"

static const struct cli_command *const readers[] = {
    &cli_log,   &cli_show,   &cli_plan,   &cli_executions, &cli_streams,
    &cli_stats, &cli_replay, &cli_verify, &cli_schema,     &cli_schedules};
static const struct cli_command *const tellers[] = {
    &cli_signal, &cli_update,  &cli_promise, &cli_cancel, &cli_terminate,
    &cli_pause,  &cli_resume,  &cli_reset,   &cli_fork,   &cli_retry,
    &cli_skip,   &cli_resolve, &cli_schedule};
static const struct cli_command *const copiers[] = {
    &cli_backup, &cli_restore, &cli_export, &cli_import, &cli_archive, &cli_repair};

#define COUNT(commands) (sizeof(commands) / sizeof((commands)[0]))

static void
print_commands(FILE *to, const struct cli_command *const *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "  sarn %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
}

static void print_usage(FILE *to)
{
    fputs("sarn - look into a Sarn log, copy it, and tell its executions what to do, "
          "also\nwhile its owner is running\n\n",
          to);
    print_commands(to, readers, COUNT(readers));
    fputs("\nCopies, and logs from copies:\n\n", to);
    print_commands(to, copiers, COUNT(copiers));
    fputs("\nThese change the log, through its owner if there is one:\n\n", to);
    print_commands(to, tellers, COUNT(tellers));
    fputs("\n"
          "sarn COMMAND --help says more. Every command takes --json (one object, or "
          "one\n"
          "a line) and --color=auto|always|never (auto: on a terminal, unless NO_COLOR "
          "is\n"
          "set).\n"
          "\n"
          "Exit status:\n"
          "  0  done; nothing is wrong\n"
          "  1  the log or archive is damaged, is none, or its tables differ from its "
          "events\n"
          "  2  the command line was not understood\n"
          "  3  nothing is wrong, but not everything could be checked (replay)\n"
          "  4  no such stream, execution, step or schema\n"
          "  5  the log could not be opened or read, or its owner not asked\n"
          "  6  what was asked for was refused, as things are now\n",
          to);
}

static const struct cli_command *
find(const struct cli_command *const *commands, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, commands[i]->name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct cli_command *command = find(readers, COUNT(readers), name);

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0) {
        print_usage(stdout);
        return cli_finish(CLI_OK);
    }
    if (strcmp(name, "--version") == 0) {
        printf("sarn %s\n", sarn_version());
        return cli_finish(CLI_OK);
    }
    if (command == NULL) {
        command = find(copiers, COUNT(copiers), name);
    }
    if (command == NULL) {
        command = find(tellers, COUNT(tellers), name);
    }
    if (command != NULL) {
        return command->run(command, argc - 1, argv + 1);
    }
    if (argc > 1) {
        cli_complain("there is no command \"%s\"", name);
    }
    print_usage(stderr);
    return CLI_USAGE;
}
