/* sarn retry, skip, resolve: what an operator decides about a parked execution. */
#include "cli.h"

#define OPTIONS                                                                        \
    "  --reason TEXT   why; recorded\n"                                                \
    "  --actor NAME    who decides; your login name unless given\n"                    \
    "  --key KEY       said twice under one key, it is decided once\n"                 \
    "  --tenant N      0 unless given\n"                                               \
    "  --json          say how it went as one JSON object\n"                           \
    "\n"                                                                               \
    "STEP may be left out: then it is the one that parked the execution. sarn show\n"  \
    "says why it is parked, sarn plan what is still to be undone.\n"                   \
    "Whoever owns the log is told through its control socket; where nobody does, it\n" \
    "is recorded, and goes on from there when the program is next run.\n"              \
    "Exit status: 0 done; 4 no such execution or step; 6 refused, as the execution\n"  \
    "is now; 1, 2, 5: see sarn --help.\n"

static bool take_step(struct cli_control *said)
{
    said->control.step = sarn_str(said->words[2]);
    return true;
}

static int decide(const struct cli_command *command,
                  enum sarn_control_op op,
                  int argc,
                  char **argv)
{
    struct cli_control said = {.command = command,
                               .control = SARN_CONTROL_INIT,
                               .wants_reason = true,
                               .word_count = 3,
                               .words_needed = 2};

    said.control.op = op;
    return cli_control_run(&said, argc, argv, NULL, 0, take_step);
}

static int run_retry(const struct cli_command *command, int argc, char **argv)
{
    return decide(command, SARN_CONTROL_RETRY, argc, argv);
}

static int run_skip(const struct cli_command *command, int argc, char **argv)
{
    return decide(command, SARN_CONTROL_SKIP, argc, argv);
}

/* What --done and --not-done say. */
struct resolve {
    struct cli_control said;
    bool done, not_done;
};

static bool take_fate(struct cli_control *said)
{
    const struct resolve *resolve = (struct resolve *)(void *)said; /* First member. */

    if (resolve->done == resolve->not_done) {
        cli_complain("say --done or --not-done; see sarn resolve --help");
        return false;
    }
    said->control.fate = resolve->done ? SARN_STEP_DONE : SARN_STEP_NOT_DONE;
    return take_step(said);
}

static int run_resolve(const struct cli_command *command, int argc, char **argv)
{
    struct resolve resolve = {.said = {.command = command,
                                       .control = SARN_CONTROL_INIT,
                                       .wants_reason = true,
                                       .takes_payload = true,
                                       .word_count = 3,
                                       .words_needed = 2}};
    const struct cli_option options[] = {{"done", CLI_FLAG, &resolve.done, 0},
                                         {"not-done", CLI_FLAG, &resolve.not_done, 0}};

    resolve.said.control.op = SARN_CONTROL_RESOLVE;
    return cli_control_run(&resolve.said, argc, argv, options, 2, take_fate);
}

const struct cli_command cli_retry = {
    .name = "retry",
    .summary = "parked: try again",
    .usage =
        "sarn retry LOG WORKFLOW/ID [STEP] --reason TEXT [options] - let what parked "
        "an\n"
        "execution be tried again: the compensation that failed, the question what\n"
        "became of a step, or the code that did not fit.\n"
        "\n" OPTIONS,
    .run = run_retry,
};

const struct cli_command cli_skip = {
    .name = "skip",
    .summary = "parked: go on as if the step had nothing to do",
    .usage = "sarn skip LOG WORKFLOW/ID [STEP] --reason TEXT [options] - let a parked\n"
             "execution go on as if STEP had had nothing to do, or nothing to undo.\n"
             "\n" OPTIONS,
    .run = run_skip,
};

const struct cli_command cli_resolve = {
    .name = "resolve",
    .summary = "parked: say what became of a step",
    .usage =
        "sarn resolve LOG WORKFLOW/ID [STEP] --done|--not-done --reason TEXT "
        "[options]\n"
        "- say what became of the step of a parked execution that nobody knows of, or\n"
        "that what could not be undone was undone by hand.\n"
        "\n"
        "  --done          it was; with --payload if it has an output\n"
        "  --not-done      it was not: it is run again\n"
        "  --payload JSON  its output\n" OPTIONS,
    .run = run_resolve,
};
