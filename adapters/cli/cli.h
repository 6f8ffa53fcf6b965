/* cli.h - the parts of the sarn command: its commands, their options, their output.
 *
 * Exit statuses are for scripts, and stay as they are.
 */
#ifndef SARN_CLI_H
#define SARN_CLI_H

#include <sarn/control.h>
#include <sarn/log.h>
#include <sarn/workflow.h>
#include <stdio.h>

#define CLI_OK        0 /* Done; nothing is wrong. */
#define CLI_WRONG     1 /* Damaged, no Sarn log, or its tables differ from its events. */
#define CLI_USAGE     2 /* The command line was not understood. */
#define CLI_UNCHECKED 3 /* Nothing is wrong, but not everything could be checked. */
#define CLI_MISSING   4 /* No such stream, execution or schema. */
#define CLI_FAILED    5 /* The log could not be opened or read, its owner not asked. */
#define CLI_REFUSED   6 /* What was asked for is not to be done, as things are now. */

struct cli_command {
    const char *name, *summary;
    const char *usage; /* Printed by --help. */
    /* argv[0] is the command's name; an exit status. */
    int (*run)(const struct cli_command *command, int argc, char **argv);
};

extern const struct cli_command cli_log, cli_show, cli_replay, cli_verify, cli_stats,
    cli_streams, cli_schema, cli_plan, cli_executions, cli_schedules;
extern const struct cli_command cli_backup, cli_restore, cli_export, cli_import,
    cli_archive, cli_repair;                                         /* Copies. */
extern const struct cli_command cli_signal, cli_update, cli_promise; /* Messages. */
extern const struct cli_command cli_cancel, cli_terminate, cli_pause, cli_resume,
    cli_reset, cli_fork;
extern const struct cli_command cli_retry, cli_skip, cli_resolve; /* Parked. */
extern const struct cli_command cli_schedule;

/* "buffer-one", and back (schedules.c). */
const char *cli_overlap_text(uint32_t overlap);
bool cli_overlap_parse(const char *text, uint32_t *overlap);

/* --- options (options.c) --- */

enum cli_kind {
    CLI_FLAG,
    CLI_TEXT,
    CLI_NUMBER,
    CLI_POSITION,
    CLI_TIME,
    CLI_UUID,
    CLI_LIST
};

#define CLI_LIST_MAX 32u

struct cli_list {
    const char *items[CLI_LIST_MAX];
    uint32_t count;
};

struct cli_option {
    const char *name; /* Without "--"; its first letter, with "-", is "brief". */
    enum cli_kind kind;
    void *value; /* bool, const char *, uint64_t, int64_t (microseconds),
                    struct sarn_uuid, struct cli_list */
    char brief;  /* 'f' for -f; 0: none. */
};

/* What every command takes. */
struct cli_common {
    bool json;
    bool help; /* --help was asked for and given: leave with CLI_OK. */
    const char *color;
};

/* Parse argv into options, common and as many words as there are in words (the others
 * stay NULL). false: said why on stderr, leave with CLI_USAGE; or help was given. */
bool cli_parse(const struct cli_command *command,
               int argc,
               char **argv,
               const struct cli_option *options,
               size_t option_count,
               struct cli_common *common,
               const char **words,
               size_t word_count,
               size_t words_needed);
/* What to leave with after cli_parse() was false. */
int cli_parse_status(const struct cli_common *common);

/* --- telling an execution something (control.c) --- */

/* WORKFLOW/ID, or as its stream is called: WORKFLOW-ID. false: said why it is none. */
bool cli_execution_name(const char *word,
                        struct sarn_str *workflow,
                        struct sarn_str *workflow_id);

#define CLI_LOGIN_BYTES 64u
/* The login name of who runs this, in login. */
const char *cli_login_name(char login[CLI_LOGIN_BYTES]);
/* What to leave with when that is how it went. */
int cli_told(sarn_status status);

#define CLI_CONTROL_OPTIONS_MAX 2u

/* What one such command says: set up by it, filled in by cli_control_run(). */
struct cli_control {
    const struct cli_command *command;
    struct sarn_control control; /* Its op is set. */
    bool takes_payload, wants_reason;
    bool of_promise; /* The second word is a promise's id, not an execution. */
    size_t word_count, words_needed;
    const char *words[4]; /* The log first. */
    char login[CLI_LOGIN_BYTES];
};
/* Parse the command line, with more options (at most CLI_CONTROL_OPTIONS_MAX) than all
 * of these have, let take (may be NULL; false: said why not) put the words where they
 * belong, and say it. An exit status. */
int cli_control_run(struct cli_control *said,
                    int argc,
                    char **argv,
                    const struct cli_option *more,
                    size_t more_count,
                    bool (*take)(struct cli_control *said));

/* --- output (output.c) --- */

enum cli_style { CLI_PLAIN, CLI_DIM, CLI_BOLD, CLI_GOOD, CLI_BAD, CLI_NAME };

/* Whether stdout is to be coloured: color is auto (a terminal, and no NO_COLOR), always
 * or never; NULL: auto. */
bool cli_use_color(const char *color);
/* Print text in a style, when colored; control characters are shown, not sent. */
void cli_print(bool colored, enum cli_style style, struct sarn_str text);
void cli_printf(bool colored, enum cli_style style, const char *format, ...)
    SARN_PRINTF(3, 4);
/* text as a JSON string, with its quotes. */
void cli_print_json(struct sarn_str text);
void cli_put_json(FILE *to, struct sarn_str text);
#define CLI_TIME_BYTES 32u
/* "2026-11-21T11:17:00.000001Z" */
void cli_time_text(int64_t time_us, char text[CLI_TIME_BYTES]);
/* "3 events", "1 event" */
#define CLI_PLURAL(n) ((n) == 1 ? "" : "s")
/* One line on stderr: "sarn: ..." */
void cli_complain(const char *format, ...) SARN_PRINTF(1, 2);
/* Flush stdout; status, or CLI_FAILED when what was printed did not get there. */
int cli_finish(int status);

/* The value of a member of one JSON object, as its text; empty: it has none. */
struct sarn_str cli_json_member(struct sarn_str json, const char *name);

/* "  1%  12345 events  54321 events/s", on a terminal's stderr only. */
struct cli_progress {
    int64_t start_us, shown_us;
    bool terminal, open;
};
void cli_progress_begin(struct cli_progress *progress);
double cli_progress_seconds(const struct cli_progress *progress);
/* total 0: unknown. */
void cli_progress_show(struct cli_progress *progress, uint64_t done, uint64_t total);
void cli_progress_clear(struct cli_progress *progress);

/* --- the log (open.c) --- */

#define CLI_BUNDLED_MAX 16u
struct cli_modules {
    const struct sarn_module *items[CLI_BUNDLED_MAX + CLI_LIST_MAX];
    uint32_t count;
};
/* The bundled modules, and those of .so files. false: said why. */
bool cli_load_modules(const struct cli_list *files, struct cli_modules *modules);
/* Open path. files: .so files beside the bundled modules; NULL: none are registered.
 * CLI_OK, or a status to leave with, having said why. */
int cli_open(const char *path, const struct cli_list *files, sarn_log **log);
/* Say why a call failed, and which exit status that is. */
int cli_fail(sarn_status status, const struct sarn_error *error);

/* Which run of an execution (timeline.c). */
struct cli_timeline {
    struct sarn_str stream, workflow, workflow_id;
    uint32_t tenant;
    uint32_t run;  /* From 1; 0: the latest. */
    bool own_only; /* Without what it led to in other streams. */
};
/* Print it, a line for each event. */
sarn_status cli_print_timeline(sarn_log *log,
                               const struct cli_timeline *what,
                               bool json,
                               bool colored,
                               struct sarn_error *error);
/* sarn replay --against (replay_against.c): a status to leave with. */
int cli_replay_against(const char *path,
                       const struct cli_list *old_files,
                       const struct cli_list *new_files,
                       uint64_t from,
                       uint64_t to,
                       const struct cli_common *common);

/* One event as a line of text (event.c). */
sarn_status cli_print_event(sarn_log *log,
                            const struct sarn_event *event,
                            bool colored,
                            struct sarn_arena *arena,
                            struct sarn_error *error);
/* Its data as JSON, or "12 bytes". */
sarn_status cli_print_data(sarn_log *log,
                           const struct sarn_event *event,
                           bool colored,
                           struct sarn_arena *arena,
                           struct sarn_error *error);

#endif
