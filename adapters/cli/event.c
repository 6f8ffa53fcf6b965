/* One event as a line for people. */
#include "cli.h"

sarn_status cli_print_data(sarn_log *log,
                           const struct sarn_event *event,
                           bool colored,
                           struct sarn_arena *arena,
                           struct sarn_error *error)
{
    struct sarn_str json, data;
    sarn_status status = sarn_event_json(log, event, arena, &json, error);

    if (status != SARN_OK) {
        return status;
    }
    data = cli_json_member(json, "data");
    if (data.size > 0) {
        cli_print(colored, CLI_PLAIN, data);
    } else {
        cli_printf(colored, CLI_DIM, "%u byte%s", event->payload.size,
                   CLI_PLURAL(event->payload.size));
    }
    return SARN_OK;
}

sarn_status cli_print_event(sarn_log *log,
                            const struct sarn_event *event,
                            bool colored,
                            struct sarn_arena *arena,
                            struct sarn_error *error)
{
    char time[CLI_TIME_BYTES];
    sarn_status status;

    cli_time_text(event->time_us, time);
    cli_printf(colored, CLI_DIM, "%8llu  %s  ", (unsigned long long)event->position,
               time);
    if (event->stream.size > 0) {
        cli_print(colored, CLI_NAME, event->stream);
        cli_printf(colored, CLI_DIM, "@%llu  ", (unsigned long long)event->version);
    } else {
        cli_printf(colored, CLI_DIM, "-  ");
    }
    cli_print(colored, CLI_BOLD, event->type_name);
    fputs("  ", stdout);
    status = cli_print_data(log, event, colored, arena, error);
    putchar('\n');
    return status;
}
