/* sarn replay --against: what would be different with other code. */
#include <sarn/whatif.h>

#include "cli.h"

struct against {
    struct cli_progress progress;
    bool json, colored, first;
};

static const char *kind_text(uint32_t kind)
{
    switch ((enum sarn_change_kind)kind) {
    case SARN_CHANGE_STEPS:
        return "steps";
    case SARN_CHANGE_EVENTS:
        return "events";
    case SARN_CHANGE_END:
        return "end";
    case SARN_CHANGE_COMPENSATION:
        return "compensation";
    case SARN_CHANGE_ROW:
        return "rows";
    case SARN_CHANGE_NO_ANSWER:
        return "no answer";
    case SARN_CHANGE_NOT_COMPARED:
        return "not compared";
    }
    return "other";
}

static sarn_status show_progress(void *arg, uint64_t done, uint64_t total)
{
    struct against *against = arg;

    cli_progress_show(&against->progress, done, total);
    return SARN_OK;
}

static void print_member(const char *name, struct sarn_str text)
{
    printf(",\"%s\":", name);
    cli_print_json(text);
}

static void print_json(struct against *against, const struct sarn_change *change)
{
    printf("%s{\"kind\":\"%s\",\"tenant\":%u", against->first ? "" : ",",
           kind_text(change->kind), change->tenant);
    print_member("subject", change->subject);
    if (change->was.size > 0) {
        print_member("was", change->was);
    }
    print_member("would_be", change->would_be);
    putchar('}');
    against->first = false;
}

static void print_change(void *arg, const struct sarn_change *change)
{
    struct against *against = arg;

    cli_progress_clear(&against->progress);
    if (against->json) {
        print_json(against, change);
        return;
    }
    cli_print(against->colored, CLI_NAME, change->subject);
    printf(": %s: ", kind_text(change->kind));
    if (change->was.size > 0) {
        cli_print(against->colored, CLI_DIM, change->was);
        fputs(" -> ", stdout);
    }
    if (change->kind == SARN_CHANGE_NO_ANSWER) {
        fputs("history does not say what became of step ", stdout);
    }
    cli_print(against->colored, CLI_BAD, change->would_be);
    putchar('\n');
}

static void print_totals(const struct against *against, const struct sarn_trial *asked)
{
    if (against->json) {
        printf("],\"events\":%llu,\"executions\":%llu,\"different\":%llu,"
               "\"compensated_more\":%llu,\"compensated_less\":%llu,"
               "\"unanswered\":%llu,\"rows\":%llu,\"rows_different\":%llu,"
               "\"not_compared\":%llu}\n",
               (unsigned long long)asked->events, (unsigned long long)asked->executions,
               (unsigned long long)asked->different,
               (unsigned long long)asked->compensated_more,
               (unsigned long long)asked->compensated_less,
               (unsigned long long)asked->unanswered, (unsigned long long)asked->rows,
               (unsigned long long)asked->rows_different,
               (unsigned long long)asked->not_compared);
        return;
    }
    printf("%llu event%s read, %llu execution%s run again: %llu different; %llu step%s "
           "compensated more, %llu fewer; %llu of %llu row%s different",
           (unsigned long long)asked->events, CLI_PLURAL(asked->events),
           (unsigned long long)asked->executions, CLI_PLURAL(asked->executions),
           (unsigned long long)asked->different,
           (unsigned long long)asked->compensated_more,
           CLI_PLURAL(asked->compensated_more),
           (unsigned long long)asked->compensated_less,
           (unsigned long long)asked->rows_different, (unsigned long long)asked->rows,
           CLI_PLURAL(asked->rows));
    if (asked->unanswered + asked->not_compared > 0) {
        printf("; %llu unanswered, %llu not compared",
               (unsigned long long)asked->unanswered,
               (unsigned long long)asked->not_compared);
    }
    putchar('\n');
}

static int result_of(const struct sarn_trial *asked)
{
    if (asked->different + asked->rows_different > 0) {
        return CLI_WRONG;
    }
    return asked->unanswered + asked->not_compared > 0 ? CLI_UNCHECKED : CLI_OK;
}

int cli_replay_against(const char *path,
                       const struct cli_list *old_files,
                       const struct cli_list *new_files,
                       uint64_t from,
                       uint64_t to,
                       const struct cli_common *common)
{
    struct against against = {.json = common->json, .first = true};
    struct sarn_trial asked = SARN_TRIAL_INIT;
    struct cli_modules modules, old_modules;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    if (!cli_load_modules(new_files, &modules) ||
        !cli_load_modules(old_files, &old_modules)) {
        return CLI_FAILED;
    }
    asked.old_modules = old_modules.items;
    asked.old_module_count = old_modules.count;
    against.colored = cli_use_color(common->color);
    cli_progress_begin(&against.progress);
    asked.modules = modules.items;
    asked.module_count = modules.count;
    asked.from = from;
    asked.to = to;
    asked.change = print_change;
    asked.progress = show_progress;
    asked.arg = &against;
    if (against.json) {
        fputs("{\"changes\":[", stdout);
    }
    status = sarn_what_if(path, &asked, &error);
    cli_progress_clear(&against.progress);
    if (status == SARN_OK) {
        print_totals(&against, &asked);
    } else if (against.json) {
        fputs("]}\n", stdout);
    }
    return cli_finish(status == SARN_OK ? result_of(&asked) : cli_fail(status, &error));
}
