/* sarn backup: a copy of a log, also of a live one, that grows by what is new each
 * time.
 *
 * FILE is written in place. It is good up to its last whole commit at any moment, and
 * whoever goes on with it looks at all of it first.
 */
#include <string.h>

#include "archive.h"

struct backup {
    const char *log_path, *path, *older;
    uint64_t from;
    bool json;
    sarn_log *log;
    struct sarn_log_stats stats;
    struct cli_sink sink;
    struct sarn_archive_info info; /* Of what FILE, or OLDER, has already. */
    struct sarn_archive_end
        begin;    /* Where FILE begins; its position alone, with from. */
    bool goes_on; /* FILE has a head. */
    struct sarn_export out;
};

/* --- what is there already --- */

static int of_this_log(const struct backup *backup, const char *name)
{
    const struct sarn_uuid *log_id = &backup->stats.log_id;

    if (memcmp(log_id, &backup->info.log_id, sizeof(*log_id)) == 0) {
        return CLI_OK;
    }
    cli_complain("%s is a backup of another log: %s was not touched", name,
                 backup->path);
    return CLI_REFUSED;
}

/* Look at FILE, which is open: where to go on. */
static int look_at_file(struct backup *backup)
{
    struct sarn_archive_info *info = &backup->info;
    struct sarn_error error = {SARN_OK, ""};
    struct cli_source source;
    sarn_status status;

    if (!cli_source_of(&source, backup->path, backup->sink.fd)) {
        return CLI_FAILED;
    }
    source.shows = true;
    status = sarn_archive_look(cli_source_read, &source, info, &error);
    cli_progress_clear(&source.progress);
    if (status == SARN_ERR_CORRUPT && source.error == 0) {
        cli_complain("%s is no backup of this log, and was not touched: %s",
                     backup->path, error.text);
        return CLI_REFUSED;
    }
    if (status != SARN_OK) {
        return cli_source_fail(&source, status, &error);
    }
    backup->goes_on = true;
    backup->begin = info->begin;
    backup->sink.begin = info->bytes;
    backup->out.format = info->format;
    return of_this_log(backup, backup->path);
}

static int look_at_older(struct backup *backup)
{
    struct cli_source source;
    int result;

    if (!cli_source_open(&source, backup->older)) {
        return CLI_FAILED;
    }
    result = cli_source_look(&source, &backup->info);
    cli_source_close(&source);
    if (result != CLI_OK) {
        return result;
    }
    backup->begin = backup->info.end;
    backup->out.format = backup->info.format;
    if (!backup->info.complete) {
        cli_complain("%s is not complete: this one begins behind its last whole "
                     "commit, at position %llu",
                     backup->older, (unsigned long long)backup->begin.position + 1);
    }
    return of_this_log(backup, backup->older);
}

static int look_around(struct backup *backup)
{
    if (backup->sink.done == 0) {
        return backup->older != NULL ? look_at_older(backup) : CLI_OK;
    }
    if (backup->older != NULL || backup->from != 0) {
        cli_complain("%s is there already: it goes on where it ends; --after and "
                     "--from are for a new file",
                     backup->path);
        return CLI_REFUSED;
    }
    return look_at_file(backup);
}

static bool is_up_to_date(const struct backup *backup)
{
    const struct sarn_archive_end *end = &backup->info.end;

    return backup->goes_on && backup->info.complete &&
           end->position == backup->stats.last_position &&
           memcmp(end->hash, backup->stats.head_hash, sizeof(end->hash)) == 0;
}

/* --- the tail of a damaged file --- */

struct proof {
    uint64_t wanted, seen; /* Bytes. */
};

static sarn_status count_bytes(void *arg, const void *data, size_t size)
{
    struct proof *proof = arg;

    (void)data;
    proof->seen += size;
    return proof->seen < proof->wanted ? SARN_OK : SARN_ERR_CANCELLED;
}

/* What lies behind the last whole commit will be cut off: the mark, or what came of
 * damage. It may have been a backup of commits, and the only one: first the log has to
 * show that it can give as much. */
static int prove_tail(const struct backup *backup)
{
    struct proof proof = {
        .wanted = backup->sink.done - backup->info.bytes,
    };
    struct sarn_export out = backup->out;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    if (is_up_to_date(backup) || proof.wanted == 0) {
        return CLI_OK;
    }
    out.write = count_bytes;
    out.progress = NULL;
    out.arg = &proof;
    status = sarn_log_export(backup->log, &out, &error);
    if (proof.seen >= proof.wanted) {
        if (!backup->info.complete) {
            cli_complain("%s was cut off or damaged behind position %llu: it goes on "
                         "from there",
                         backup->path, (unsigned long long)backup->info.end.position);
        }
        return CLI_OK;
    }
    if (status == SARN_OK) {
        cli_complain("%s was not touched: what it has behind position %llu is damaged, "
                     "and more than the log has; name a new file",
                     backup->path, (unsigned long long)backup->info.end.position);
        return CLI_REFUSED;
    }
    cli_complain("%s was not touched: %s", backup->path, error.text);
    return cli_archive_status(status);
}

/* --- the backup --- */

static int say_failed(const struct backup *backup, sarn_status status, const char *why)
{
    const struct cli_sink *sink = &backup->sink;
    const struct sarn_archive_end *had = &backup->info.end;
    uint64_t good = backup->out.end.position;

    good = backup->goes_on && good < had->position ? had->position : good;
    if (sink->what == NULL) {
        cli_complain("%s%s%s", backup->goes_on ? sink->name : "",
                     !backup->goes_on ? ""
                     : sink->begun    ? ": "
                                      : " was not touched: ",
                     why);
    } else {
        cli_complain("cannot %s %s: %s", sink->what, sink->name, strerror(sink->error));
    }
    if (sink->lost) {
        cli_complain("what could not be synced was cut off; the same command goes on "
                     "with the rest");
    } else if (sink->begun && sink->done > 0) {
        cli_complain("%s is not complete: it is good up to position %llu%s", sink->name,
                     (unsigned long long)good,
                     sink->what == NULL && status == SARN_ERR_CORRUPT
                         ? "; sarn repair saves what is whole of the log"
                         : ", and the same command goes on with it");
    }
    return sink->what != NULL ? CLI_FAILED : cli_archive_status(status);
}

static int write_out(struct backup *backup)
{
    struct sarn_export *out = &backup->out;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = SARN_OK;

    if (!is_up_to_date(backup)) {
        status = sarn_log_export(backup->log, out, &error);
    } else {
        out->end = backup->info.end;
    }
    cli_progress_clear(&backup->sink.progress);
    /* Also when nothing was new: who wrote it may have had no time to sync it. */
    if (status == SARN_OK && cli_sink_sync(&backup->sink)) {
        return CLI_OK;
    }
    cli_sink_keep(&backup->sink, out->bytes);
    return say_failed(backup, status, error.text);
}

static void say(const struct backup *backup)
{
    const struct sarn_export *out = &backup->out;
    struct cli_account account = {
        .done = "added",
        .events = out->events,
        .commits = out->commits,
        .bytes = out->bytes,
        .seconds = cli_progress_seconds(&backup->sink.progress),
        .format = cli_format_name(out->format),
        .begin = &backup->begin,
        .end = &out->end,
        .complete = true,
    };
    struct sarn_archive_end begin = backup->begin;

    if (!backup->goes_on && backup->older == NULL) {
        begin.position = out->end.position - out->events;
        account.begin = &begin;
    }
    cli_say_archive(stdout, &account, backup->json);
}

static int back_up(struct backup *backup)
{
    struct sarn_export *out = &backup->out;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = sarn_log_get_stats(backup->log, &backup->stats, &error);
    int result;

    if (status != SARN_OK) {
        return cli_fail(status, &error);
    }
    result = look_around(backup);
    if (result != CLI_OK) {
        return result;
    }
    out->from = backup->from;
    out->after = backup->goes_on || backup->older != NULL ? &backup->info.end : NULL;
    out->resume = backup->goes_on;
    result = backup->goes_on ? prove_tail(backup) : CLI_OK;
    if (result != CLI_OK) {
        return result;
    }
    out->write = cli_sink_write;
    out->progress = cli_sink_progress;
    out->arg = &backup->sink;
    result = write_out(backup);
    if (result == CLI_OK) {
        say(backup);
    }
    return result;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct backup backup = {.out = SARN_EXPORT_INIT,
                            .info = SARN_ARCHIVE_INFO_INIT,
                            .stats = {.struct_size = sizeof(backup.stats)}};
    struct cli_common common = {0};
    const char *words[2] = {NULL, NULL};
    const struct cli_option options[] = {{"from", CLI_POSITION, &backup.from, 0},
                                         {"after", CLI_TEXT, &backup.older, 0}};
    int result;

    if (!cli_parse(command, argc, argv, options, 2, &common, words, 2, 2)) {
        return cli_parse_status(&common);
    }
    if (backup.from != 0 && backup.older != NULL) {
        cli_complain("--after says where to begin, as --from does: give one of them");
        return CLI_USAGE;
    }
    backup.log_path = words[0];
    backup.path = words[1];
    backup.json = common.json;
    result = cli_open(backup.log_path, NULL, &backup.log);
    if (result != CLI_OK) {
        return result;
    }
    result = cli_sink_open(&backup.sink, backup.path, backup.log_path, CLI_SINK_GO_ON);
    if (result == CLI_OK) {
        result = back_up(&backup);
        cli_sink_close(&backup.sink);
    }
    sarn_log_close(backup.log);
    return cli_finish(result);
}

const struct cli_command cli_backup = {
    .name = "backup",
    .summary = "copy a log, also a live one, to a file that grows by what is new",
    .usage =
        "sarn backup LOG FILE [options] - copy a log to an archive, also while its\n"
        "owner writes to it. Where FILE is a backup of this log already, complete or "
        "cut\n"
        "off, it goes on where that ends: run it again and again, and each time only "
        "what\n"
        "is new is added. What FILE has is checked from end to end first.\n"
        "\n"
        "  --after OLDER    begin a new FILE behind the end of the backup OLDER: "
        "both,\n"
        "                   in order, are what sarn restore wants\n"
        "  --from POSITION  begin a new FILE with the commit that holds POSITION\n"
        "  --json           one JSON object\n"
        "\n"
        "FILE is good up to its last whole commit at any moment, and reported good "
        "only\n"
        "when it is synced. It has no gaps of the log file, and no tables: those are\n"
        "folded again. Keep the head that is printed elsewhere: it is the hash of all\n"
        "events up to the end, and what sarn restore --expect takes.\n"
        "\n"
        "Exit status: 0 done, and synced; 1 the log is damaged: FILE is good up to "
        "the\n"
        "damage; 6 FILE is something else, the log itself, or of another log or "
        "history;\n"
        "2, 5: see sarn --help.\n",
    .run = run,
};
