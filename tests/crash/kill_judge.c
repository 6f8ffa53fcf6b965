#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sarn/events.h>

#include "killtest.h"

#define WORK   "work-"
#define STREAM "funds_transfer-work-"

static void wrong(const char *what, uint64_t n)
{
    fprintf(stderr, "killtest: %s (%llu)\n", what, (unsigned long long)n);
    exit(1);
}

void kill_judge_init(struct kill_judge *judge, const char *path)
{
    *judge = (struct kill_judge){.path = path};
    judge->acked = calloc(KILL_WORKS_MAX, 1);
    judge->begun = calloc(KILL_WORKS_MAX, 1);
    judge->ended = calloc(KILL_WORKS_MAX, 1);
    if (judge->acked == NULL || judge->begun == NULL || judge->ended == NULL) {
        kill_die("judge", "out of memory");
    }
}

void kill_judge_done(struct kill_judge *judge)
{
    free(judge->acked);
    free(judge->begun);
    free(judge->ended);
}

/* The work that text names after prefix; false: none of ours. */
static bool work_of(struct sarn_str text, const char *prefix, uint64_t *n)
{
    size_t size = strlen(prefix);
    char digits[24] = "";

    if (text.size <= size || text.size - size >= sizeof(digits) ||
        memcmp(text.data, prefix, size) != 0) {
        return false;
    }
    memcpy(digits, text.data + size, text.size - size);
    *n = strtoull(digits, NULL, 10);
    if (*n >= KILL_WORKS_MAX) {
        wrong("an event of no work of ours", *n);
    }
    return true;
}

static void once(unsigned char *count, uint64_t n, const char *what)
{
    count[n] += 1;
    if (count[n] > 1) {
        wrong(what, n);
    }
}

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    }
    return hash;
}

static void judge_work(struct kill_judge *judge, const struct sarn_event *event)
{
    uint64_t n = 0;

    if (event->type == &payments_account_credited_type) {
        const struct payments_account_credited *credited = event->data;

        if (work_of(credited->reference, WORK, &n) && n % 2 == 0) {
            once(judge->begun, n, "a deposit was made twice");
            once(judge->ended, n, "a deposit was made twice");
            judge->paid_in += credited->amount.minor;
        }
    } else if (event->type == &sarn_execution_started_type &&
               work_of(event->stream, STREAM, &n)) {
        once(judge->begun, n, "a transfer was started twice");
    } else if ((event->type == &sarn_execution_completed_type ||
                event->type == &sarn_execution_compensated_type) &&
               work_of(event->stream, STREAM, &n)) {
        once(judge->ended, n, "a transfer ended twice");
    }
    if (n > judge->begun_max) {
        judge->begun_max = n;
    }
}

static sarn_status judge_event(void *arg, const struct sarn_event *event)
{
    struct kill_judge *judge = arg;

    judge->reading_hash = mix(judge->reading_hash, event->id.bytes, 16);
    judge->reading_hash = mix(judge->reading_hash, &event->version, 8);
    judge->reading_hash =
        mix(judge->reading_hash, event->payload.data, event->payload.size);
    judge->events += 1;
    if (event->position != judge->events) {
        wrong("a gap before position", event->position);
    }
    if (event->position == judge->position) {
        judge->prefix_held = judge->reading_hash == judge->hash;
    }
    judge_work(judge, event);
    return SARN_OK;
}

static sarn_status add_row(void *arg, struct sarn_str key, const void *row)
{
    (void)key;
    *(int64_t *)arg += ((const struct payments_balance *)row)->balance;
    return SARN_OK;
}

/* In a child: a damaged file may crash LMDB. */
static void verify(const struct kill_judge *judge)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct sarn_check check = SARN_CHECK_INIT;
        struct sarn_error error = {SARN_OK, ""};
        sarn_status verified = sarn_log_verify(judge->path, &check, &error);

        if (verified != SARN_OK) {
            fprintf(stderr, "killtest: verify: %s\n", error.text);
        }
        _exit(verified == SARN_OK ? 0 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        wrong("the log does not verify; positions", judge->position);
    }
}

static void check_books(struct kill_judge *judge, sarn_log *log)
{
    struct sarn_query query = SARN_QUERY_INIT;
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error;
    int64_t rows = 0;

    query.projection = "balances";
    kill_must(sarn_log_query(log, &query, add_row, &rows, &error), &error, "query");
    if (rows != judge->paid_in) {
        fprintf(stderr, "killtest: paid in %lld, in the accounts %lld\n",
                (long long)judge->paid_in, (long long)rows);
        exit(1);
    }
    kill_must(sarn_log_check(log, &check, &error), &error, "check");
    if (check.differences != 0) {
        wrong("stored tables differ from a fold", check.differences);
    }
}

static void check_acked(const struct kill_judge *judge, bool all_ended)
{
    for (uint64_t n = 0; n < KILL_WORKS_MAX; n++) {
        if (judge->acked[n] != 0 && judge->ended[n] != 1) {
            wrong("acknowledged work is lost", n);
        }
        if (all_ended && judge->begun[n] != judge->ended[n]) {
            wrong("a transfer never ended", n);
        }
    }
}

void kill_judge_inspect(struct kill_judge *judge, bool all_ended)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_log *log;

    options.modules = kill_modules;
    options.module_count = 2;
    kill_must(sarn_log_open(judge->path, &options, &log, &error), &error,
              "open to read");
    judge->reading_hash = UINT64_C(0xcbf29ce484222325);
    judge->events = 0;
    judge->paid_in = 0;
    judge->prefix_held = judge->position == 0;
    memset(judge->begun, 0, KILL_WORKS_MAX);
    memset(judge->ended, 0, KILL_WORKS_MAX);
    kill_must(sarn_read(log, NULL, judge_event, judge, &error), &error, "read");
    if (!judge->prefix_held) {
        wrong("what was read before is no prefix of the log, up to", judge->position);
    }
    judge->hash = judge->reading_hash;
    judge->position = judge->events;
    check_books(judge, log);
    check_acked(judge, all_ended);
    sarn_log_close(log);
    verify(judge);
}
