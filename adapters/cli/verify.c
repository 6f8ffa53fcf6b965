/* sarn verify: every checksum, version and hash of a log, and LMDB's own structure.
 *
 * A damaged file can crash LMDB, or keep it busy for ever. So a child process reads the
 * file and reports through a pipe; this one survives it, and says what became of it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

#define TIMEOUT_S 60 /* Without a sign of life. */

/* What the child sends: a kind and its words, a line each. */
#define FINDING  'F'
#define PROGRESS 'P' /* done total */
#define RESULT   'R' /* status events rows held-bytes idle-bytes */

struct verify {
    struct cli_progress progress;
    uint64_t events, rows, held_bytes, idle_bytes, findings;
    int status; /* The child's sarn_status; -1: it has not said. */
    bool json, colored;
};

/* --- the child --- */

/* A line of the pipe; a finding is at most a sentence of 256 bytes. Findings are few.
 */
static void send_line(const int *pipe_end, const char *line)
{
    size_t size = strlen(line), sent = 0;

    while (sent < size) {
        ssize_t n = write(*pipe_end, line + sent, size - sent);

        if (n < 0 && errno != EINTR) {
            _exit(1); /* Nobody listens. */
        }
        sent += n > 0 ? (size_t)n : 0;
    }
}

static sarn_status send_progress(void *arg, uint64_t done, uint64_t total)
{
    char line[64];

    snprintf(line, sizeof(line), "%c%llu %llu\n", PROGRESS, (unsigned long long)done,
             (unsigned long long)total);
    send_line(arg, line);
    return SARN_OK;
}

static void send_finding(void *arg, const char *text)
{
    char line[1024];

    snprintf(line, sizeof(line) - 1, "%c%s", FINDING, text);
    for (char *c = line; *c != '\0'; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
    line[strlen(line) + 1] = '\0';
    line[strlen(line)] = '\n';
    send_line(arg, line);
}

static void verify_in_child(const char *path, int pipe_end)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error = {SARN_OK, ""};
    char line[128];
    sarn_status status;

    check.progress = send_progress;
    check.finding = send_finding;
    check.arg = &pipe_end;
    status = sarn_log_verify(path, &check, &error);
    /* What is wrong has been found and said, unless the file could not be read at all.
     */
    if (status != SARN_OK && check.differences == 0) {
        send_finding(&pipe_end, error.text);
    }
    snprintf(line, sizeof(line), "%c%d %llu %llu %llu %llu\n", RESULT, (int)status,
             (unsigned long long)check.events, (unsigned long long)check.rows,
             (unsigned long long)check.held_bytes,
             (unsigned long long)check.idle_bytes);
    send_line(&pipe_end, line);
    _exit(0);
}

/* --- the parent --- */

static void report(struct verify *verify, const char *text)
{
    cli_progress_clear(&verify->progress);
    if (verify->json) {
        fputs(verify->findings == 0 ? "" : ",", stdout);
        cli_print_json(sarn_str(text));
    } else {
        cli_print(verify->colored, CLI_BAD, sarn_str(text));
        putchar('\n');
    }
    verify->findings += 1;
}

static void take_line(struct verify *verify, const char *line)
{
    unsigned long long a = 0, b = 0, held = 0, idle = 0;

    switch (line[0]) {
    case FINDING:
        report(verify, line + 1);
        break;
    case PROGRESS:
        if (sscanf(line + 1, "%llu %llu", &a, &b) == 2) {
            cli_progress_show(&verify->progress, a, b);
        }
        break;
    case RESULT:
        if (sscanf(line + 1, "%d %llu %llu %llu %llu", &verify->status, &a, &b, &held,
                   &idle) == 5) {
            verify->events = a;
            verify->rows = b;
            verify->held_bytes = held;
            verify->idle_bytes = idle;
        }
        break;
    default:
        break;
    }
}

/* Take what the child sends until it is done. false: it went silent. */
static bool listen_to(struct verify *verify, int pipe_end, int timeout_s)
{
    char buffer[2048];
    size_t used = 0;

    for (;;) {
        struct pollfd wait = {.fd = pipe_end, .events = POLLIN};
        int ready =
            poll(&wait, 1, timeout_s > INT32_MAX / 1000 ? -1 : timeout_s * 1000);
        ssize_t n;
        char *end;

        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return false;
        }
        n = read(pipe_end, buffer + used, sizeof(buffer) - used);
        if (n <= 0) {
            return true;
        }
        used += (size_t)n;
        while ((end = memchr(buffer, '\n', used)) != NULL) {
            *end = '\0';
            take_line(verify, buffer);
            used -= (size_t)(end + 1 - buffer);
            memmove(buffer, end + 1, used);
        }
        used = used == sizeof(buffer) ? 0 : used; /* No line of ours is that long. */
    }
}

/* Say how the child ended, when it did not say itself. */
static void autopsy(struct verify *verify, pid_t child, bool silent, int timeout_s)
{
    char text[160];
    int how = 0;

    if (silent) {
        kill(child, SIGKILL);
    }
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    if (verify->status >= 0) {
        return;
    }
    verify->status = SARN_ERR_CORRUPT;
    if (silent) {
        snprintf(text, sizeof(text),
                 "reading the file came to no end: nothing was heard for %d seconds",
                 timeout_s);
    } else if (WIFSIGNALED(how)) {
        snprintf(text, sizeof(text), "reading the file crashed: signal %d (%s)",
                 WTERMSIG(how), strsignal(WTERMSIG(how)));
    } else {
        snprintf(text, sizeof(text), "reading the file ended with status %d",
                 WEXITSTATUS(how));
    }
    report(verify, text);
}

static bool verify_apart(struct verify *verify, const char *path, int timeout_s)
{
    int ends[2];
    pid_t child;
    bool silent;

    fflush(stdout);
    if (pipe(ends) != 0) {
        cli_complain("cannot make a pipe: %s", strerror(errno));
        return false;
    }
    child = fork();
    if (child < 0) {
        cli_complain("cannot start a process: %s", strerror(errno));
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (child == 0) {
        close(ends[0]);
        verify_in_child(path, ends[1]);
    }
    close(ends[1]);
    silent = !listen_to(verify, ends[0], timeout_s);
    close(ends[0]);
    cli_progress_clear(&verify->progress);
    autopsy(verify, child, silent, timeout_s);
    return true;
}

static int conclude(const struct verify *verify)
{
    bool wrong = verify->status == SARN_ERR_CORRUPT ||
                 (verify->status == SARN_OK && verify->findings > 0);
    int result = wrong ? CLI_WRONG : verify->status == SARN_OK ? CLI_OK : CLI_FAILED;
    double seconds = cli_progress_seconds(&verify->progress);

    if (verify->json) {
        printf("],\"ok\":%s,\"events\":%llu,\"held_bytes\":%llu,\"idle_bytes\":%llu,"
               "\"seconds\":%.6f}\n",
               result == CLI_OK ? "true" : "false", (unsigned long long)verify->events,
               (unsigned long long)verify->held_bytes,
               (unsigned long long)verify->idle_bytes, seconds);
    } else if (result == CLI_OK) {
        printf("%llu event%s in %.2f s: ", (unsigned long long)verify->events,
               CLI_PLURAL(verify->events), seconds);
        cli_printf(verify->colored, CLI_GOOD, "all is well");
        printf(
            "; %llu bytes hold the log and were checked, %llu hold nothing and may be "
            "anything\n",
            (unsigned long long)verify->held_bytes,
            (unsigned long long)verify->idle_bytes);
    }
    return result;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct verify verify = {.status = -1};
    struct cli_common common = {0};
    const char *words[1] = {NULL};
    uint64_t timeout_s = TIMEOUT_S;
    const struct cli_option options[] = {{"timeout", CLI_NUMBER, &timeout_s, 0}};

    if (!cli_parse(command, argc, argv, options, 1, &common, words, 1, 1)) {
        return cli_parse_status(&common);
    }
    if (timeout_s == 0 || timeout_s > 86400) {
        cli_complain("--timeout is 1 to 86400 seconds");
        return CLI_USAGE;
    }
    verify.json = common.json;
    verify.colored = cli_use_color(common.color);
    if (verify.json) {
        fputs("{\"findings\":[", stdout);
    }
    cli_progress_begin(&verify.progress);
    if (!verify_apart(&verify, words[0], (int)timeout_s)) {
        verify.status = SARN_ERR_IO;
    }
    return cli_finish(conclude(&verify));
}

const struct cli_command cli_verify = {
    .name = "verify",
    .summary = "check every checksum, version and hash, and LMDB's structure",
    .usage =
        "sarn verify LOG [options] - read all of a log and check it: LMDB's structure\n"
        "(both meta pages, every page reached once or free), the checksum of every\n"
        "record, positions and versions, the hash chain over the commits, the rows. "
        "It\n"
        "reads in a process of its own, since a damaged file can crash LMDB; it "
        "changes\n"
        "nothing. It says how many bytes hold the log and were checked, and how many "
        "hold\n"
        "nothing: these may be anything. \"sarn repair\" saves what is whole.\n"
        "\n"
        "  --timeout SECONDS  give up after so long without progress (60)\n"
        "  --json             one JSON object\n"
        "\n"
        "Exit status: 0 all is well; 1 something is wrong, each on a line, the first "
        "bad\n"
        "record first; 2, 5: see sarn --help.\n",
    .run = run,
};
