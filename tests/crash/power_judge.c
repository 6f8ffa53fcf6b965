#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "powercut.h"

#define ASKED_AGAIN 6u /* Acknowledged works that are sent once more. */
#define LOCK_BYTES  8192u

/* What is in the log of one work. */
struct tally {
    uint32_t notes, notes_of; /* Events of an append, and how many it had. */
    uint32_t deposits;
};

/* An execution that has not ended. */
struct running {
    struct power_work work;
};

struct judging {
    const struct power_story *story;
    const struct power_disk *disk;
    const char *path;
    uint64_t draws;
    struct power_finding *finding;
    uint64_t needs, count; /* Positions: that must be there, that are. */
    sarn_engine *engine;
    struct tally *tallies;
    uint64_t tally_count;
    uint64_t position;
    int64_t paid_in, held;
    struct running *running;
    uint32_t running_count;
};

/* false, so that it can be returned. */
SARN_PRINTF(3, 4)
static bool fail(struct judging *j, enum power_verdict verdict, const char *format, ...)
{
    va_list more;

    if (j->finding->verdict == POWER_GOOD) {
        j->finding->verdict = verdict;
        va_start(more, format);
        vsnprintf(j->finding->text, sizeof(j->finding->text), format, more);
        va_end(more);
    }
    return false;
}

/* --- before the engine --- */

/* The lock file of before the cut may be there, whole, cut or with anything in it. */
static void leave_lock(struct judging *j)
{
    char path[POWER_PATH_MAX + 8], bytes[LOCK_BYTES];
    uint64_t kind = power_draw(&j->draws, 4);
    size_t size = power_draw(&j->draws, LOCK_BYTES + 1);
    int fd;

    snprintf(path, sizeof(path), "%s-lock", j->path);
    (void)unlink(path);
    if (kind == 0 || !j->disk->exists) {
        return;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = kind == 1 ? (char)power_draw(&j->draws, 256) : '\0';
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) != 0) {
        power_die(path, "cannot be written");
    }
}

static void first_finding(void *arg, const char *text)
{
    char *first = arg;

    if (first[0] == '\0') {
        snprintf(first, 200, "%s", text);
    }
}

/* *count: events. A file that is no log yet has none. */
static bool verify(struct judging *j, const char *when, uint64_t *count)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error = {SARN_OK, ""};
    char first[200] = "";
    sarn_status status;

    check.finding = first_finding;
    check.arg = first;
    status = sarn_log_verify(j->path, &check, &error);
    *count = check.events;
    if (status == SARN_ERR_NOT_FOUND) {
        *count = 0;
        return true;
    }
    return status == SARN_OK || fail(j, POWER_CORRUPT, "%s, it does not verify: %s: %s",
                                     when, error.text, first);
}

static bool look(struct judging *j)
{
    if (!verify(j, "as it was left", &j->count)) {
        return false;
    }
    if (j->count > j->story->event_count) {
        return fail(j, POWER_CORRUPT, "it has %" PRIu64 " events, there were %" PRIu64,
                    j->count, j->story->event_count);
    }
    return j->count >= j->needs ||
           fail(j, POWER_LOST,
                "position %" PRIu64 " was acknowledged, the log ends at %" PRIu64,
                j->needs, j->count);
}

static bool fold_is_right(struct judging *j, sarn_log *log, const char *where)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error = {SARN_OK, ""};
    char first[200] = "";

    check.finding = first_finding;
    check.arg = first;
    if (sarn_log_check(log, &check, &error) != SARN_OK) {
        return fail(j, POWER_CORRUPT, "%s cannot be checked: %s", where, error.text);
    }
    return check.differences == 0 || fail(j, POWER_CORRUPT, "%s: %s", where, first);
}

/* As somebody who only reads it: "sarn log" on what the cut left. */
static bool read_only(struct judging *j)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_log *log;
    bool good;

    options.modules = power_modules;
    options.module_count = 3;
    if (j->count == 0) {
        return true;
    }
    if (sarn_log_open(j->path, &options, &log, &error) != SARN_OK) {
        return fail(j, POWER_CORRUPT, "it cannot be opened to read: %s", error.text);
    }
    good = fold_is_right(j, log, "as it was left");
    sarn_log_close(log);
    return good;
}

/* --- idempotency --- */

static bool send_again(struct judging *j, uint64_t number)
{
    struct power_work work = power_work_of(j->story->seed, number);
    const struct power_told *told = &j->story->works[number];
    bool acked = told->acked < j->disk->cut;
    struct power_answer answer;

    if (!power_is_keyed(&work)) {
        return true;
    }
    power_do(j->engine, &work, true, &answer);
    if (!power_may_answer(&work, answer.status)) {
        return fail(j, POWER_CORRUPT, "work %" PRIu64 ", sent again, fails: %s", number,
                    answer.text);
    }
    if (!acked) {
        return true;
    }
    /* Of an end that is a failure nobody is told that it is repeated. */
    if (!answer.repeated && (work.kind == POWER_REFUSAL || answer.status == SARN_OK)) {
        return fail(j, POWER_LOST, "work %" PRIu64 " was answered, and is done anew",
                    number);
    }
    if (work.kind != POWER_VOYAGE &&
        (answer.status != told->status ||
         (work.kind != POWER_TRANSFER && answer.position != told->position))) {
        return fail(j, POWER_LOST, "work %" PRIu64 " is answered otherwise: %s", number,
                    answer.text);
    }
    return true;
}

/* All that were in flight at the cut, the last that was answered, those of which no
 * event tells that they were rejected, and some others. */
static bool settle(struct judging *j)
{
    uint64_t last = 0, known = 0;

    for (uint64_t n = 1; n <= j->story->work_count; n++) {
        const struct power_told *told = &j->story->works[n];

        bool acked = told->acked < j->disk->cut;
        bool again = !acked || told->status == SARN_ERR_REJECTED;

        last = acked ? n : last;
        if (told->sent < j->disk->cut && again && !send_again(j, n)) {
            return false;
        }
        known = told->sent < j->disk->cut ? n : known;
    }
    if (last != 0 && !send_again(j, last)) {
        return false;
    }
    for (uint32_t i = 0; i < ASKED_AGAIN && known != 0; i++) {
        uint64_t n = 1 + power_draw(&j->draws, known);

        if (j->story->works[n].sent < j->disk->cut && !send_again(j, n)) {
            return false;
        }
    }
    return true;
}

/* --- sagas --- */

static sarn_status take_running(void *arg, const struct sarn_execution_row *row)
{
    struct judging *j = arg;
    uint64_t voyage = power_number(row->workflow_id, "v-");
    uint64_t number = voyage != 0 ? voyage : power_number(row->workflow_id, "t-");

    if (row->status == SARN_EXECUTION_PARKED) {
        (void)fail(j, POWER_CORRUPT, "execution %" PRIu64 " is parked", number);
    }
    if (row->status != SARN_EXECUTION_RUNNING &&
        row->status != SARN_EXECUTION_COMPENSATING) {
        return SARN_OK;
    }
    j->running = power_resize(j->running, j->running_count + 1, sizeof(j->running[0]));
    j->running[j->running_count++].work = power_work_of(j->story->seed, number);
    return SARN_OK;
}

static bool find_running(struct judging *j)
{
    struct sarn_error error;

    j->running_count = 0;
    if (sarn_executions(sarn_engine_log(j->engine), NULL, take_running, j, &error) !=
        SARN_OK) {
        return fail(j, POWER_CORRUPT, "executions cannot be listed: %s", error.text);
    }
    return j->finding->verdict == POWER_GOOD;
}

static bool end_sagas(struct judging *j)
{
    struct power_answer answer;

    if (!find_running(j)) {
        return false;
    }
    for (uint32_t i = 0; i < j->running_count; i++) {
        const struct power_work *work = &j->running[i].work;

        if (work->kind == POWER_VOYAGE) { /* Nobody waits for those that nap long. */
            power_tell(j->engine, work->number,
                       work->amount % 3 == 0 || power_draw(&j->draws, 2) == 0, 0,
                       &answer);
        }
    }
    for (uint32_t i = 0; i < j->running_count; i++) {
        const struct power_work *work = &j->running[i].work;
        sarn_status status = power_finish(j->engine, work);

        if (!power_may_answer(work, status)) {
            return fail(j, POWER_CORRUPT, "execution %" PRIu64 " ends with: %s",
                        work->number, sarn_status_text(status));
        }
    }
    return find_running(j) &&
           (j->running_count == 0 ||
            fail(j, POWER_CORRUPT, "execution %" PRIu64 " does not end",
                 j->running[0].work.number));
}

static bool append_more(struct judging *j)
{
    const struct power_work work = {.kind = POWER_NOTE,
                                    .number = j->story->work_count + 1,
                                    .streams = 1,
                                    .events = 1};
    struct power_answer answer;

    power_do(j->engine, &work, true, &answer);
    return answer.status == SARN_OK ||
           fail(j, POWER_CORRUPT, "nothing can be appended: %s", answer.text);
}

/* --- the events --- */

static struct tally *tally_of(struct judging *j, uint64_t number)
{
    if (number < j->tally_count) {
        return &j->tallies[number];
    }
    (void)fail(j, POWER_CORRUPT, "an event of work %" PRIu64 ", which there is not",
               number);
    return &j->tallies[0];
}

static void take_note(struct judging *j, struct sarn_str payload)
{
    char text[64] = "";
    char *at = text + 2;
    struct tally *tally;

    memcpy(text, payload.data, payload.size < 63 ? payload.size : 63);
    tally = tally_of(j, strtoull(at, &at, 10));
    at += *at == '/' ? 1 : 0;
    (void)strtoul(at, &at, 10);
    at += *at == '/' ? 1 : 0;
    tally->notes_of = (uint32_t)strtoul(at, &at, 10);
    tally->notes += 1;
}

/* At the end of what was there before the engine opened it: nothing half. */
static void check_whole(struct judging *j, const char *when)
{
    for (uint64_t n = 1; n < j->tally_count; n++) {
        const struct tally *tally = &j->tallies[n];

        if (tally->notes != 0 && tally->notes != tally->notes_of) {
            (void)fail(j, POWER_CORRUPT, "%s, %u of %u events of work %" PRIu64, when,
                       tally->notes, tally->notes_of, n);
        }
        if (tally->deposits > 1) {
            (void)fail(j, POWER_CORRUPT, "%s, deposit %" PRIu64 " is there %u times",
                       when, n, tally->deposits);
        }
    }
}

static sarn_status take_event(void *arg, const struct sarn_event *event)
{
    struct judging *j = arg;

    j->position += 1;
    if (event->position != j->position) {
        (void)fail(j, POWER_CORRUPT, "a gap before position %" PRIu64, event->position);
    }
    if (event->position <= j->count &&
        power_event_hash(event) != j->story->hashes[event->position]) {
        (void)fail(j, event->position <= j->needs ? POWER_LOST : POWER_CORRUPT,
                   "the event at position %" PRIu64 " is another one", event->position);
    }
    if (sarn_str_equal(event->type_name, sarn_str("noted"))) {
        take_note(j, event->payload);
    } else if (event->type == &payments_account_credited_type) {
        const struct payments_account_credited *credited = event->data;
        uint64_t number = power_number(credited->reference, "w-");

        if (number != 0) {
            tally_of(j, number)->deposits += 1;
            j->paid_in += credited->amount.minor;
        }
    }
    if (event->position == j->count) {
        check_whole(j, "as it was left");
    }
    return SARN_OK;
}

static bool check_events(struct judging *j)
{
    struct sarn_error error;

    if (sarn_read(sarn_engine_log(j->engine), NULL, take_event, j, &error) != SARN_OK) {
        return fail(j, POWER_CORRUPT, "it cannot be read: %s", error.text);
    }
    if (j->position < j->count) {
        return fail(j, POWER_CORRUPT, "only %" PRIu64 " of %" PRIu64 " events are read",
                    j->position, j->count);
    }
    check_whole(j, "in the end");
    for (uint64_t n = 1; n <= j->story->work_count; n++) {
        struct power_work work = power_work_of(j->story->seed, n);
        bool wanted = j->story->works[n].sent < j->disk->cut;

        if (wanted && ((work.kind == POWER_BATCH && j->tallies[n].notes == 0) ||
                       (work.kind == POWER_DEPOSIT && j->tallies[n].deposits == 0))) {
            return fail(j, POWER_LOST, "work %" PRIu64 " is not there", n);
        }
    }
    return j->finding->verdict == POWER_GOOD;
}

/* --- money --- */

static sarn_status add_row(void *arg, struct sarn_str key, const void *row)
{
    const struct payments_balance *balance = row;
    struct judging *j = arg;

    (void)key;
    j->held += balance->balance;
    if (balance->reserved != 0) {
        (void)fail(j, POWER_CORRUPT, "%" PRId64 " stays reserved", balance->reserved);
    }
    return SARN_OK;
}

static bool check_books(struct judging *j)
{
    struct sarn_query query = SARN_QUERY_INIT;
    sarn_log *log = sarn_engine_log(j->engine);
    struct sarn_error error;

    query.projection = "balances";
    if (sarn_log_query(log, &query, add_row, j, &error) != SARN_OK) {
        return fail(j, POWER_CORRUPT, "balances cannot be read: %s", error.text);
    }
    if (j->held != j->paid_in) {
        return fail(j, POWER_CORRUPT,
                    "%" PRId64 " was paid in, and %" PRId64 " is held", j->paid_in,
                    j->held);
    }
    return fold_is_right(j, log, "in the end");
}

/* --- all of it --- */

static bool go_on(struct judging *j)
{
    struct power_world world = {.acted = NULL};
    struct sarn_options options = power_options(&world);
    struct sarn_error error;
    bool good;

    options.tail_max = 32;
    if (sarn_open(j->path, &options, &j->engine, &error) != SARN_OK) {
        return fail(j, POWER_CORRUPT, "it does not open: %s", error.text);
    }
    if (sarn_start(j->engine, &error) != SARN_OK) {
        power_die("start", error.text);
    }
    good = settle(j) && end_sagas(j) && append_more(j) && check_events(j) &&
           check_books(j);
    sarn_close(j->engine);
    return good;
}

void power_judge(const struct power_story *story,
                 const struct power_disk *disk,
                 const char *path,
                 uint64_t seed,
                 struct power_finding *finding)
{
    struct judging j = {.story = story,
                        .disk = disk,
                        .path = path,
                        .draws = seed,
                        .finding = finding,
                        .needs = power_story_needs(story, disk->cut),
                        .tally_count = story->work_count + 2};
    uint64_t count;

    *finding = (struct power_finding){.verdict = POWER_GOOD};
    j.tallies = calloc(j.tally_count, sizeof(j.tallies[0]));
    if (j.tallies == NULL) {
        power_die("judge", "out of memory");
    }
    power_disk_write(disk, path);
    leave_lock(&j);
    if (look(&j) && (power_draw(&j.draws, 8) != 0 || read_only(&j)) && go_on(&j)) {
        (void)verify(&j, "in the end", &count);
    }
    free(j.tallies);
    free(j.running);
}
