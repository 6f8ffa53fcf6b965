/* One event as a line for people. */
#include "cli.h"

#define DATA_BYTES_MAX 400u /* Of one line; --json has all of it. */

/* Is it text that a person would want to see? */
static bool is_readable(struct sarn_str bytes)
{
    for (uint32_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c >= 0xf8) {
            return false;
        }
    }
    return bytes.size > 0;
}

static void print_clipped(bool colored, struct sarn_str text)
{
    struct sarn_str clipped = text;

    if (text.size > DATA_BYTES_MAX) {
        clipped.size = DATA_BYTES_MAX;
        while ((clipped.data[clipped.size] & 0xc0) == 0x80) {
            clipped.size -= 1; /* Not in the middle of a character. */
        }
    }
    cli_print(colored, CLI_PLAIN, clipped);
    if (clipped.size < text.size) {
        cli_printf(colored, CLI_DIM, "... (%u bytes)", text.size);
    }
}

sarn_status cli_print_data(sarn_log *log,
                           const struct sarn_event *event,
                           bool colored,
                           struct sarn_arena *arena,
                           struct sarn_error *error)
{
    struct sarn_str json;
    sarn_status status;

    if (event->schema_id == 0) {
        if (is_readable(event->payload)) {
            print_clipped(colored, event->payload);
        } else {
            cli_printf(colored, CLI_DIM, "%u byte%s", event->payload.size,
                       CLI_PLURAL(event->payload.size));
        }
        return SARN_OK;
    }
    status = sarn_event_json(log, event, arena, &json, error);
    if (status == SARN_OK) {
        print_clipped(colored, cli_json_member(json, "data"));
    }
    return status;
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
