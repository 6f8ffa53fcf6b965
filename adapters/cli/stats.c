/* sarn stats: the log in figures. */
#include "cli.h"

static void hex(const uint8_t *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
}

static void print_json(const struct sarn_log_stats *s)
{
    char id[SARN_UUID_TEXT_BYTES], head[2 * sizeof(s->head_hash) + 1];

    sarn_uuid_text(s->log_id, id);
    hex(s->head_hash, sizeof(s->head_hash), head);
    printf("{\"log_id\":\"%s\",\"format\":%u,\"last_position\":%llu,\"commits\":%llu,"
           "\"streams\":%llu,\"epoch\":%llu,\"flushed_position\":%llu,"
           "\"first_time_us\":%lld,\"last_time_us\":%lld,\"file_bytes\":%llu,"
           "\"used_bytes\":%llu,\"map_bytes\":%llu,\"readers\":%llu,\"owner_pid\":%u,"
           "\"head_hash\":\"%s\"}\n",
           id, s->format, (unsigned long long)s->last_position,
           (unsigned long long)s->commits, (unsigned long long)s->streams,
           (unsigned long long)s->epoch, (unsigned long long)s->flushed_position,
           (long long)s->first_time_us, (long long)s->last_time_us,
           (unsigned long long)s->file_bytes, (unsigned long long)s->used_bytes,
           (unsigned long long)s->map_bytes, (unsigned long long)s->readers,
           s->owner_pid, head);
}

/* "12.3 MiB" */
static const char *bytes_text(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

static void print_text(const struct sarn_log_stats *s, bool colored)
{
    char id[SARN_UUID_TEXT_BYTES], head[2 * sizeof(s->head_hash) + 1];
    char first[CLI_TIME_BYTES], last[CLI_TIME_BYTES], text[3][32];

    sarn_uuid_text(s->log_id, id);
    hex(s->head_hash, sizeof(s->head_hash), head);
    cli_time_text(s->first_time_us, first);
    cli_time_text(s->last_time_us, last);
    printf("log         %s, format %u\n", id, s->format);
    printf("events      %llu in %llu commits\n", (unsigned long long)s->last_position,
           (unsigned long long)s->commits);
    printf("streams     %llu\n", (unsigned long long)s->streams);
    if (s->last_position > 0) {
        printf("from        %s\nto          %s\n", first, last);
    }
    printf("tail        %llu events after position %llu\n",
           (unsigned long long)(s->last_position - s->flushed_position),
           (unsigned long long)s->flushed_position);
    printf("file        %s, %s used, of %s at most\n",
           bytes_text(s->file_bytes, text[0]), bytes_text(s->used_bytes, text[1]),
           bytes_text(s->map_bytes, text[2]));
    printf("readers     %llu\n", (unsigned long long)s->readers);
    printf("epoch       %llu, ", (unsigned long long)s->epoch);
    if (s->owner_pid == 0) {
        printf("nobody owns it now\n");
    } else {
        cli_printf(colored, CLI_GOOD, "owned by process %u", s->owner_pid);
        putchar('\n');
    }
    printf("head        %s\n", head);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct cli_common common = {0};
    struct sarn_error error = {SARN_OK, ""};
    const char *words[1] = {NULL};
    sarn_log *log;
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, NULL, 0, &common, words, 1, 1)) {
        return cli_parse_status(&common);
    }
    result = cli_open(words[0], NULL, &log);
    if (result != CLI_OK) {
        return result;
    }
    status = sarn_log_get_stats(log, &stats, &error);
    if (status != SARN_OK) {
        result = cli_fail(status, &error);
    } else if (common.json) {
        print_json(&stats);
    } else {
        print_text(&stats, cli_use_color(common.color));
    }
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_stats = {
    .name = "stats",
    .summary =
        "the log in figures: events, commits, size, owner, head of the hash chain",
    .usage =
        "sarn stats LOG [--json] - the log in figures\n"
        "\n"
        "The tail is what an open has to fold. The head is the hash of the last\n"
        "commit, which covers every event before it: keep it, or sign it, elsewhere;\n"
        "sarn restore --expect takes it. Positions count events from 1, so the number "
        "of\n"
        "events is the last position: what restore --to and export --to take.\n"
        "Exit status: 0 done; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
