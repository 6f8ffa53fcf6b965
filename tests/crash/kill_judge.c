#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sarn/events.h>

#include "killtest.h"

#define WORK     "work-"
#define TRANSFER "funds_transfer-work-"
#define ERRAND   KILL_ERRAND "-work-"
#define VOYAGE   KILL_VOYAGE "-work-"

_Noreturn void kill_wrong(const char *what, uint64_t n)
{
    fprintf(stderr, "killtest: %s (%llu)\n", what, (unsigned long long)n);
    exit(1);
}

static unsigned char *counts(void)
{
    unsigned char *made = calloc(KILL_WORKS_MAX, 1);

    if (made == NULL) {
        kill_die("judge", "out of memory");
    }
    return made;
}

void kill_judge_init(struct kill_judge *judge, const char *path)
{
    *judge = (struct kill_judge){.path = path,
                                 .acked = counts(),
                                 .begun = counts(),
                                 .ended = counts(),
                                 .held = counts(),
                                 .undone = counts()};
}

void kill_judge_done(struct kill_judge *judge)
{
    free(judge->acked);
    free(judge->begun);
    free(judge->ended);
    free(judge->held);
    free(judge->undone);
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
        kill_wrong("an event of no work of ours", *n);
    }
    return true;
}

static void once(unsigned char *count, uint64_t n, const char *what)
{
    count[n] += 1;
    if (count[n] > 1) {
        kill_wrong(what, n);
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

/* --- one event --- */

/* Money that comes in: a deposit, or what an errand holds. */
static void judge_credit(struct kill_judge *judge,
                         const struct payments_account_credited *credited,
                         uint64_t *n)
{
    if (!work_of(credited->reference, WORK, n)) {
        return; /* A transfer's: it has gone from another account. */
    }
    if (kill_kind_of(*n) == KILL_IS_DEPOSIT) {
        once(judge->begun, *n, "a deposit was made twice");
        once(judge->ended, *n, "a deposit was made twice");
    } else {
        once(judge->held, *n, "an errand held money twice");
    }
    judge->books.paid_in += credited->amount.minor;
}

/* What an errand gives back. */
static void judge_reversal(struct kill_judge *judge,
                           const struct payments_credit_reversed *reversed,
                           uint64_t *n)
{
    if (!work_of(reversed->reference, WORK, n)) {
        return;
    }
    once(judge->undone, *n, "money was given back twice");
    if (judge->held[*n] != 1 || !kill_fails(*n)) {
        kill_wrong("money was given back for nothing", *n);
    }
    judge->books.paid_in -= reversed->amount.minor;
}

/* A note of two streams is two events, side by side. */
static void
judge_note(struct kill_judge *judge, const struct sarn_event *event, uint64_t *n)
{
    uint32_t count;
    uint32_t i;

    *n = ((const struct kill_noted *)event->data)->work;
    if (*n >= KILL_WORKS_MAX) {
        kill_wrong("an event of no work of ours", *n);
    }
    count = kill_note_count(*n);
    i = judge->begun[*n];
    judge->begun[*n] += 1;
    if (i >= count) {
        kill_wrong("a note was made twice", *n);
    }
    if (i > 0 && judge->last_note != event->position - 1) {
        kill_wrong("a note was torn apart", *n);
    }
    if (i + 1 == count) {
        judge->ended[*n] = 1;
    }
    judge->last_note = event->position;
    judge->books.notes[kill_note_stream(*n, i)] += 1;
    judge->books.sums[kill_note_stream(*n, i)] += *n;
}

static bool saga_of(const struct sarn_event *event, uint64_t *n)
{
    return work_of(event->stream, TRANSFER, n) || work_of(event->stream, ERRAND, n) ||
           work_of(event->stream, VOYAGE, n);
}

/* An errand ends as it must, and what it held went the same way. */
static void judge_end(struct kill_judge *judge, uint64_t n, bool compensated)
{
    enum kill_kind kind = kill_kind_of(n);

    once(judge->ended, n, "a saga ended twice");
    if (kind != KILL_IS_ERRAND && kind != KILL_IS_VOYAGE) {
        return;
    }
    if (compensated != kill_fails(n)) {
        kill_wrong("an errand ended as it cannot have ended", n);
    }
    if (judge->held[n] != 1 || judge->undone[n] != (compensated ? 1 : 0)) {
        kill_wrong("an errand ended, and its money is not where it belongs", n);
    }
}

static void judge_work(struct kill_judge *judge, const struct sarn_event *event)
{
    uint64_t n = 0;

    if (event->type == &payments_account_credited_type) {
        judge_credit(judge, event->data, &n);
    } else if (event->type == &payments_credit_reversed_type) {
        judge_reversal(judge, event->data, &n);
    } else if (event->type == &kill_noted_type) {
        judge_note(judge, event, &n);
    } else if (event->type == &sarn_execution_started_type) {
        if (saga_of(event, &n)) {
            once(judge->begun, n, "a saga was started twice");
        } else {
            kill_books_tick(&judge->books, event->stream);
        }
    } else if (event->type == &sarn_execution_completed_type ||
               event->type == &sarn_execution_compensated_type) {
        if (saga_of(event, &n)) {
            judge_end(judge, n, event->type == &sarn_execution_compensated_type);
        }
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
        kill_wrong("a gap before position", event->position);
    }
    if (event->position == judge->position) {
        judge->prefix_held = judge->reading_hash == judge->hash;
    }
    judge_work(judge, event);
    return SARN_OK;
}

/* --- the whole log --- */

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
        kill_wrong("the log does not verify; positions", judge->position);
    }
}

static void check_tables(const struct kill_judge *judge, sarn_log *log)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error;

    kill_books_check(&judge->books, log, false);
    kill_must(sarn_log_check(log, &check, &error), &error, "check");
    if (check.differences != 0) {
        kill_wrong("stored tables differ from a fold", check.differences);
    }
}

/* The engine follows with what is late when it is opened. */
static void check_later(const struct kill_judge *judge)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;
    sarn_engine *engine;

    options.modules = kill_modules;
    options.module_count = KILL_MODULES;
    kill_must(sarn_open(judge->path, &options, &engine, &error), &error, "open");
    kill_books_check(&judge->books, sarn_engine_log(engine), true);
    sarn_close(engine);
}

static void check_acked(const struct kill_judge *judge, bool all_ended)
{
    for (uint64_t n = 0; n < KILL_WORKS_MAX; n++) {
        if (judge->acked[n] != 0 && judge->ended[n] != 1) {
            kill_wrong("acknowledged work is lost", n);
        }
        if (kill_note_count(n) == 2 ? judge->begun[n] != 2 * judge->ended[n]
                                    : all_ended && judge->begun[n] != judge->ended[n]) {
            kill_wrong(kill_note_count(n) == 2 ? "half a note" : "a saga never ended",
                       n);
        }
    }
}

void kill_judge_inspect(struct kill_judge *judge, bool all_ended)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_log *log;

    options.modules = kill_modules;
    options.module_count = KILL_MODULES;
    kill_must(sarn_log_open(judge->path, &options, &log, &error), &error,
              "open to read");
    judge->reading_hash = UINT64_C(0xcbf29ce484222325);
    judge->events = 0;
    judge->books = (struct kill_books){.last_tick = -1};
    judge->prefix_held = judge->position == 0;
    memset(judge->begun, 0, KILL_WORKS_MAX);
    memset(judge->ended, 0, KILL_WORKS_MAX);
    memset(judge->held, 0, KILL_WORKS_MAX);
    memset(judge->undone, 0, KILL_WORKS_MAX);
    kill_must(sarn_read(log, NULL, judge_event, judge, &error), &error, "read");
    if (!judge->prefix_held) {
        kill_wrong("what was read before is no prefix of the log, up to",
                   judge->position);
    }
    judge->hash = judge->reading_hash;
    judge->position = judge->events;
    check_tables(judge, log);
    check_acked(judge, all_ended);
    sarn_log_close(log);
    verify(judge);
    if (all_ended) {
        check_later(judge);
    }
}
