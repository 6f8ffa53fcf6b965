/* archive.h - what the commands that make, read and look at archives share: where the
 * bytes come from, where they go, and what is said of them.
 */
#ifndef SARN_CLI_ARCHIVE_H
#define SARN_CLI_ARCHIVE_H

#include <sarn/archive.h>

#include "cli.h"

/* --- reading an archive (archive_source.c) --- */

struct cli_source {
    const char *name; /* For sentences. */
    int fd, error;    /* error: errno of a read that failed. */
    bool owned;
    bool ended;          /* It was read to its end. */
    bool shows;          /* Progress by bytes; else who reads shows its own. */
    uint64_t done, size; /* Bytes; size 0: unknown. */
    struct cli_progress progress;
};

/* Open path; NULL or "-": standard input. false: said why. */
bool cli_source_open(struct cli_source *source, const char *path);
/* The same of what is open already, from its beginning. */
bool cli_source_of(struct cli_source *source, const char *name, int fd);
void cli_source_close(struct cli_source *source);
/* A sarn_source_fn; arg is the struct cli_source. */
sarn_status cli_source_read(void *arg, void *data, size_t *size);
/* Look at it from end to end. CLI_OK, or a status to leave with, having said why. */
int cli_source_look(struct cli_source *source, struct sarn_archive_info *info);
/* Say why reading or importing it failed, and which exit status that is. */
int cli_source_fail(const struct cli_source *source,
                    sarn_status status,
                    const struct sarn_error *error);

/* --- writing one (archive_sink.c) --- */

struct cli_sink {
    const char *name;      /* For sentences. */
    int fd;                /* -1: not open. */
    bool file;             /* A regular file: it is synced, and may be cut off. */
    bool created;          /* By us. */
    uint64_t begin;        /* Where this run's bytes begin; what is behind goes. */
    uint64_t done, synced; /* Bytes from the file's beginning. */
    bool begun;            /* Something was written. */
    bool lost;             /* A sync failed, and what it was for was cut off. */
    const char *what;      /* That failed: "write to"; NULL: nothing. */
    int error;             /* Its errno. */
    struct cli_progress progress;
};

enum cli_sink_mode {
    CLI_SINK_NEW,  /* There must be no file. */
    CLI_SINK_GO_ON /* Or one to go on with: size in *done. */
};

/* Open path, or standard output (NULL), for writing an archive of the log at log_path.
 * CLI_OK, or a status to leave with, having said why. */
int cli_sink_open(struct cli_sink *sink,
                  const char *path,
                  const char *log_path,
                  enum cli_sink_mode mode);
/* A sarn_write_fn; arg is the struct cli_sink. */
sarn_status cli_sink_write(void *arg, const void *data, size_t size);
sarn_status cli_sink_progress(void *arg, uint64_t done, uint64_t total);
/* All is written: make it durable. false: it is not; what was not is gone, and error
 * and what say why. */
bool cli_sink_sync(struct cli_sink *sink);
/* Writing failed: of what this run wrote, keep the first whole bytes only. */
void cli_sink_keep(struct cli_sink *sink, uint64_t whole);
/* A file that we made and that has nothing (done is 0) goes. */
void cli_sink_close(struct cli_sink *sink);

/* --- what is said (archive_say.c) --- */

/* What there is to say of an archive: to people, and as JSON. */
struct cli_account {
    const char *done; /* "added", "restored"; NULL: no line about this run. */
    uint64_t events, commits, bytes; /* Of this run; bytes 0: not told. */
    double seconds;
    const struct sarn_uuid *log_id; /* NULL: not told, as what follows is. */
    const char *format;
    const struct sarn_archive_end *begin, *end; /* begin: hash zero: not known. */
    bool complete;
    const char *why; /* Not complete; may be empty. */
};
void cli_say_archive(FILE *to, const struct cli_account *account, bool json);

#define CLI_HASH_BYTES 65u
void cli_hash_text(const uint8_t hash[32], char text[CLI_HASH_BYTES]);
/* false: said why text is none. */
bool cli_hash_parse(const char *text, uint8_t hash[32]);
const char *cli_format_name(uint32_t format);
/* CLI_WRONG for what is damaged, CLI_REFUSED for what does not fit, or CLI_FAILED. */
int cli_archive_status(sarn_status status);

/* --- archives into a log (restore.c) --- */

struct cli_import {
    const char *log_path;
    const char *const *archives; /* NULL in it: standard input. */
    size_t archive_count;
    uint64_t to;        /* 0: no limit. */
    int64_t to_time_us; /* 0: no limit. */
    const char *expect; /* The head, in hexadecimal digits, or NULL. */
    bool json;
};
/* Take over archives in order; says what came of it. A status to leave with. */
int cli_import_archives(const struct cli_import *import);

#endif
