/* sarn plan: what would be undone now, without doing it. */
#include "cli.h"

struct plan {
    bool json, colored, any;
};

static const char *const words[] = {
    [SARN_UNDO_COMPENSATE] = "is compensated",
    [SARN_UNDO_BY_KEY] = "is compensated by its key: it may have run",
    [SARN_UNDO_RECONCILE] = "is in doubt: asked first, compensated if it was done",
    [SARN_UNDO_CHILD] = "its child is undone",
    [SARN_UNDO_NOTHING] = "has nothing to undo it with",
};
static const char *const names[] = {
    [SARN_UNDO_COMPENSATE] = "compensate", [SARN_UNDO_BY_KEY] = "by_key",
    [SARN_UNDO_RECONCILE] = "reconcile",   [SARN_UNDO_CHILD] = "child",
    [SARN_UNDO_NOTHING] = "nothing",
};

static void print_json(struct plan *plan, const struct sarn_undo_step *step)
{
    printf("%s{\"step\":", plan->any ? "," : "[");
    cli_print_json(step->step);
    printf(",\"visit\":%u,\"undo\":\"%s\",\"attempts\":%u,\"stuck\":%s}", step->visit,
           names[step->undo], step->attempts, step->stuck ? "true" : "false");
}

static void print_text(struct plan *plan, const struct sarn_undo_step *step)
{
    cli_print(plan->colored, CLI_NAME, step->step);
    if (step->visit > 1) {
        printf(", visit %u", step->visit);
    }
    printf(": ");
    cli_printf(plan->colored, step->stuck ? CLI_BAD : CLI_PLAIN, "%s",
               words[step->undo]);
    if (step->stuck) {
        printf("; failed for good after %u attempt%s", step->attempts,
               CLI_PLURAL(step->attempts));
    } else if (step->attempts > 0) {
        printf("; %u attempt%s so far", step->attempts, CLI_PLURAL(step->attempts));
    }
    putchar('\n');
}

static sarn_status print_step(void *arg, const struct sarn_undo_step *step)
{
    struct plan *plan = arg;

    if (step->undo == 0 || step->undo >= sizeof(words) / sizeof(words[0])) {
        return SARN_ERR_UNSUPPORTED;
    }
    if (plan->json) {
        print_json(plan, step);
    } else {
        print_text(plan, step);
    }
    plan->any = true;
    return SARN_OK;
}

static int print_plan(sarn_log *log,
                      struct plan *plan,
                      uint32_t tenant,
                      struct sarn_str workflow,
                      struct sarn_str workflow_id)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    status = sarn_execution_plan(log, tenant, workflow, workflow_id, print_step, plan,
                                 &error);
    if (status == SARN_ERR_NOT_FOUND || status == SARN_ERR_STATE) {
        cli_complain("%s", error.text);
        return status == SARN_ERR_STATE ? CLI_REFUSED : CLI_MISSING;
    }
    if (status != SARN_OK) {
        return cli_fail(status, &error);
    }
    if (plan->json) {
        printf("%s]\n", plan->any ? "" : "[");
    } else if (!plan->any) {
        printf("nothing would be undone\n");
    }
    return CLI_OK;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_common common = {0};
    struct cli_list modules = {.count = 0};
    const char *given[2] = {NULL, NULL};
    struct sarn_str workflow, workflow_id;
    uint64_t tenant = 0;
    const struct cli_option options[] = {{"tenant", CLI_NUMBER, &tenant, 0},
                                         {"module", CLI_LIST, &modules, 'm'}};
    struct plan plan;
    sarn_log *log;
    int result;

    if (!cli_parse(command, argc, argv, options, 2, &common, given, 2, 2)) {
        return cli_parse_status(&common);
    }
    if (tenant > UINT32_MAX) {
        cli_complain("a tenant is a number of 32 bits");
        return CLI_USAGE;
    }
    if (!cli_execution_name(given[1], &workflow, &workflow_id)) {
        return CLI_USAGE;
    }
    result = cli_open(given[0], &modules, &log);
    if (result != CLI_OK) {
        return result;
    }
    plan = (struct plan){.json = common.json, .colored = cli_use_color(common.color)};
    result = print_plan(log, &plan, (uint32_t)tenant, workflow, workflow_id);
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_plan = {
    .name = "plan",
    .summary = "what would be undone of an execution now, without doing it",
    .usage =
        "sarn plan LOG WORKFLOW/ID [options] - the steps that would be undone if the\n"
        "execution were cancelled now, or that are still to be, in the order in which\n"
        "that would begin. Nothing is done.\n"
        "\n"
        "  --module FILE, -m  a module that knows the workflow; may be repeated\n"
        "  --tenant N         0 unless given\n"
        "  --json             one list\n"
        "\n"
        "Exit status: 0 done; 4 no such execution, or nobody knows its workflow; 6 it "
        "is\n"
        "over; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
