/* sarn cancel, terminate, pause, resume, reset, fork: where an execution goes. */
#include "cli.h"

#define OPTIONS                                                                        \
    "  --actor NAME   who asks; your login name unless given\n"                        \
    "  --reason TEXT  why\n"                                                           \
    "  --key KEY      asked twice under one key, it is done once\n"                    \
    "  --tenant N     0 unless given\n"                                                \
    "  --json         say so as one JSON object\n"                                     \
    "\n"                                                                               \
    "Whoever owns the log does it, asked through its control socket; where nobody\n"   \
    "does, it is recorded, and goes on from there when the program is next run.\n"     \
    "Exit status: 0 done; 4 no such execution or step; 6 refused, as the execution\n"  \
    "is now; 1, 2, 5: see sarn --help.\n"

static bool take_step(struct cli_control *said)
{
    said->control.step = sarn_str(said->words[2]);
    said->control.name = sarn_str(said->words[3]);
    return true;
}

static int steer(const struct cli_command *command,
                 enum sarn_control_op op,
                 bool wants_reason,
                 size_t words,
                 int argc,
                 char **argv)
{
    struct cli_control said = {.command = command,
                               .control = SARN_CONTROL_INIT,
                               .wants_reason = wants_reason,
                               .word_count = words,
                               .words_needed = words};

    said.control.op = op;
    return cli_control_run(&said, argc, argv, NULL, 0, take_step);
}

static int run_cancel(const struct cli_command *command, int argc, char **argv)
{
    return steer(command, SARN_CONTROL_CANCEL, false, 2, argc, argv);
}

static int run_terminate(const struct cli_command *command, int argc, char **argv)
{
    return steer(command, SARN_CONTROL_TERMINATE, true, 2, argc, argv);
}

static int run_pause(const struct cli_command *command, int argc, char **argv)
{
    return steer(command, SARN_CONTROL_PAUSE, false, 2, argc, argv);
}

static int run_resume(const struct cli_command *command, int argc, char **argv)
{
    return steer(command, SARN_CONTROL_RESUME, false, 2, argc, argv);
}

static int run_reset(const struct cli_command *command, int argc, char **argv)
{
    return steer(command, SARN_CONTROL_RESET, true, 3, argc, argv);
}

static int run_fork(const struct cli_command *command, int argc, char **argv)
{
    return steer(command, SARN_CONTROL_FORK, false, 4, argc, argv);
}

const struct cli_command cli_cancel = {
    .name = "cancel",
    .summary = "end an execution: what it did is undone",
    .usage = "sarn cancel LOG WORKFLOW/ID [options] - end an execution. What waits is "
             "given\n"
             "up, what is under way ends and is told, then what was done is undone.\n"
             "\n" OPTIONS,
    .run = run_cancel,
};

const struct cli_command cli_terminate = {
    .name = "terminate",
    .summary = "the same without waiting for what is under way",
    .usage = "sarn terminate LOG WORKFLOW/ID --reason TEXT [options] - end an "
             "execution at\n"
             "once: what is under way is in doubt, and undone as far as that can be.\n"
             "\n" OPTIONS,
    .run = run_terminate,
};

const struct cli_command cli_pause = {
    .name = "pause",
    .summary = "let nothing new begin in an execution",
    .usage = "sarn pause LOG WORKFLOW/ID [options] - begin nothing new in an "
             "execution; what\n"
             "ends is recorded. See sarn resume.\n"
             "\n" OPTIONS,
    .run = run_pause,
};

const struct cli_command cli_resume = {
    .name = "resume",
    .summary = "let an execution that was paused go on",
    .usage = "sarn resume LOG WORKFLOW/ID [options] - let an execution that was paused "
             "go on.\n"
             "\n" OPTIONS,
    .run = run_resume,
};

const struct cli_command cli_reset = {
    .name = "reset",
    .summary = "undo an execution back to a step, and go on from there",
    .usage = "sarn reset LOG WORKFLOW/ID STEP --reason TEXT [options] - undo what an\n"
             "execution did from its latest visit of STEP on, and go forward from "
             "there.\n"
             "It may be running, parked or completed.\n"
             "\n" OPTIONS,
    .run = run_reset,
};

const struct cli_command cli_fork = {
    .name = "fork",
    .summary = "begin a new execution with what another did before a step",
    .usage = "sarn fork LOG WORKFLOW/ID STEP NEW_ID [options] - begin execution "
             "WORKFLOW/NEW_ID,\n"
             "which takes over as done what WORKFLOW/ID did before STEP, and goes on "
             "from\n"
             "there on its own.\n"
             "\n" OPTIONS,
    .run = run_fork,
};
