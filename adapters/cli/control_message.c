/* sarn signal, update, promise: what an execution waits for, or is asked. */
#include "cli.h"

#define OPTIONS                                                                        \
    "  --payload JSON  as the message's type has it\n"                                 \
    "  --actor NAME    who says so; your login name unless given\n"                    \
    "  --reason TEXT   why\n"                                                          \
    "  --key KEY       said twice under one key, it is said once\n"                    \
    "  --tenant N      0 unless given\n"                                               \
    "  --json          say how it went as one JSON object\n"                           \
    "\n"                                                                               \
    "Whoever owns the log is told through its control socket; where nobody does, it\n" \
    "is recorded, and found when the program is next run.\n"                           \
    "Exit status: 0 done; 4 no such execution or message; 6 refused, as the\n"         \
    "execution is now, or for what is said; 1, 2, 5: see sarn --help.\n"

static bool take_name(struct cli_control *said)
{
    said->control.name = sarn_str(said->words[said->of_promise ? 1 : 2]);
    return true;
}

static int
say(const struct cli_command *command, enum sarn_control_op op, int argc, char **argv)
{
    struct cli_control said = {.command = command,
                               .control = SARN_CONTROL_INIT,
                               .takes_payload = true,
                               .word_count = 3,
                               .words_needed = 3};

    said.control.op = op;
    return cli_control_run(&said, argc, argv, NULL, 0, take_name);
}

static int run_signal(const struct cli_command *command, int argc, char **argv)
{
    return say(command, SARN_CONTROL_SIGNAL, argc, argv);
}

static int run_update(const struct cli_command *command, int argc, char **argv)
{
    return say(command, SARN_CONTROL_UPDATE, argc, argv);
}

/* What --fail gives. */
struct promise {
    struct cli_control said;
    const char *code;
};

static bool take_promise(struct cli_control *said)
{
    const struct promise *promise = (struct promise *)(void *)said; /* First member. */

    if (promise->code != NULL) {
        said->control.op = SARN_CONTROL_FAIL_PROMISE;
        said->control.code = sarn_str(promise->code);
    }
    return take_name(said);
}

static int run_promise(const struct cli_command *command, int argc, char **argv)
{
    struct promise promise = {.said = {.command = command,
                                       .control = SARN_CONTROL_INIT,
                                       .takes_payload = true,
                                       .of_promise = true,
                                       .word_count = 2,
                                       .words_needed = 2}};
    const struct cli_option options[] = {{"fail", CLI_TEXT, &promise.code, 0}};

    promise.said.control.op = SARN_CONTROL_PROMISE;
    return cli_control_run(&promise.said, argc, argv, options, 1, take_promise);
}

const struct cli_command cli_signal = {
    .name = "signal",
    .summary = "send an execution a signal",
    .usage = "sarn signal LOG WORKFLOW/ID NAME [options] - send an execution the "
             "signal NAME.\n"
             "It is kept until a step waits for it.\n"
             "\n" OPTIONS,
    .run = run_signal,
};

const struct cli_command cli_update = {
    .name = "update",
    .summary = "ask an execution for a change, and print its answer",
    .usage = "sarn update LOG WORKFLOW/ID NAME [options] - ask an execution for the "
             "update\n"
             "NAME: its workflow accepts it, with an answer that is printed as JSON, "
             "or\n"
             "refuses it. That takes the workflow's code: the program must be "
             "running.\n"
             "\n" OPTIONS,
    .run = run_update,
};

const struct cli_command cli_promise = {
    .name = "promise",
    .summary = "keep a promise, or break it",
    .usage =
        "sarn promise LOG PROMISE_ID [options] - complete a step that waits for a\n"
        "promise, by the id that the workflow has handed out.\n"
        "\n"
        "  --fail CODE     it is broken: the step fails with this code\n" OPTIONS,
    .run = run_promise,
};
