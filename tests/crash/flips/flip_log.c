#define _GNU_SOURCE

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flips.h"
#include "infra/lmdb/check.h"
#include "infra/lmdb/lmdb_journal.h"
#include "infra/openssl/digest.h"
#include "infra/posix/process.h"
#include "infra/xxhash/checksum.h"
#include "ports/journal.h"
#include "sarn/payments.h"
#include "sarn/sarn.h"

#define ROUNDS     12u
#define ACCOUNTS   5u
#define TABLES_MAX 256u

void flip_die(const char *what, const char *why)
{
    fprintf(stderr, "bitflips: %s: %s\n", what, why);
    exit(2);
}

static void must(sarn_status status, const struct sarn_error *error, const char *what)
{
    if (status != SARN_OK) {
        flip_die(what, error->text);
    }
}

uint64_t flip_draw(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* --- a log with everything in it --- */

static void
append(sarn_engine *engine, const char *stream, uint32_t count, uint32_t bytes)
{
    static char text[16384];
    struct sarn_new_event events[8];
    struct sarn_stream_append to = {.stream = sarn_str(stream),
                                    .expected_version = SARN_ANY,
                                    .events = events,
                                    .event_count = count};
    struct sarn_append all = SARN_APPEND_INIT;
    struct sarn_str payload = {text, bytes};
    struct sarn_error error;

    memset(text, 'a' + (int)(bytes % 26), sizeof(text));
    for (uint32_t i = 0; i < count; i++) {
        events[i] = (struct sarn_new_event){.type_name = "said", .data = &payload};
    }
    all.streams = &to;
    all.stream_count = 1;
    must(sarn_append_call(engine, &all, NULL, &error), &error, "append");
}

static void credit(sarn_engine *engine, uint32_t round)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_EUR};
    struct payments_credit credit = {
        .amount = {.minor = round + 1, .currency = PAYMENTS_CURRENCY_EUR}};
    struct sarn_error error;
    char stream[32], key[32];

    snprintf(stream, sizeof(stream), "account-%u", round % ACCOUNTS);
    snprintf(key, sizeof(key), "credit-%u", round);
    command.stream = sarn_str(stream);
    if (round < ACCOUNTS) {
        command.type = &payments_open_account_type;
        command.data = &open;
        must(sarn_call(engine, &command, NULL, &error), &error, "open an account");
    }
    credit.reference = sarn_str(key);
    command.type = &payments_credit_type;
    command.data = &credit;
    command.key = sarn_str(key);
    must(sarn_call(engine, &command, NULL, &error), &error, "credit");
}

static struct flip_version read_file(const char *path)
{
    struct flip_version version = {NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        flip_die(path, "cannot be read");
    }
    version.size = (size_t)status.st_size;
    version.bytes = malloc(version.size + 1);
    if (version.bytes == NULL ||
        read(fd, version.bytes, version.size) != (ssize_t)version.size) {
        flip_die(path, "cannot be read");
    }
    close(fd);
    return version;
}

static void keep_version(struct flip_log *log, const char *path)
{
    if (log->version_count < FLIP_VERSIONS) {
        log->before[log->version_count++] = read_file(path);
    }
}

/* Several owners, so that there are several epochs, each of which flushes. */
static void write_log(struct flip_log *log, const char *path)
{
    const struct sarn_module *const modules[] = {&sarn_payments_module};

    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct sarn_options options = SARN_OPTIONS_INIT;
        sarn_engine *engine;
        struct sarn_error error;
        char talk[32];

        options.modules = modules;
        options.module_count = 1;
        options.tail_max = 1;
        must(sarn_open(path, &options, &engine, &error), &error, "open");
        snprintf(talk, sizeof(talk), "talk-%u", round % 4);
        append(engine, talk, 1 + round % 3, 40 + round);
        keep_version(log, path);
        credit(engine, round);
        if (round % 5 == 2) {
            append(engine, "long-1", 1, 5000 + 100 * round);
        }
        sarn_close(engine);
        keep_version(log, path);
    }
}

/* --- what is in it --- */

struct reading {
    struct sarn_hash hash;
    struct flip_log *log; /* May be NULL. */
    uint64_t sum, begin;
};

static uint64_t
sum_bytes(const struct reading *reading, uint64_t seed, struct sarn_str bytes)
{
    return reading->hash.ops->checksum(reading->hash.self, seed, bytes.data,
                                       bytes.size);
}

static sarn_status take_record(void *arg, uint64_t position, struct sarn_str value)
{
    struct reading *reading = arg;

    reading->sum = sum_bytes(reading, reading->sum ^ position, value);
    if (reading->log != NULL) {
        if (position >= FLIP_POSITIONS) {
            flip_die("the log", "is too long");
        }
        reading->log->sums[position] = sum_bytes(reading, position, value);
        reading->log->events = position;
    }
    return SARN_OK;
}

static sarn_status take_commit(void *arg, uint64_t last, struct sarn_str value)
{
    struct reading *reading = arg;

    reading->sum = sum_bytes(reading, reading->sum ^ last, value);
    for (; reading->log != NULL && reading->begin <= last; reading->begin++) {
        reading->log->commit_end[reading->begin] = last;
    }
    return SARN_OK;
}

static sarn_status take_row(void *arg, struct sarn_str key, struct sarn_str value)
{
    struct reading *reading = arg;

    reading->sum = sum_bytes(reading, reading->sum, key);
    reading->sum = sum_bytes(reading, reading->sum, value);
    return SARN_OK;
}

static bool read_journal(const struct sarn_journal *journal, struct reading *reading)
{
    struct sarn_table_range range = {.table = 0};
    struct sarn_journal_state state;
    uint64_t next = 1;
    bool more;

    if (journal->ops->state(journal->self, &state, NULL) != SARN_OK) {
        return false;
    }
    reading->sum = state.epoch * 31 + state.through;
    reading->sum = sum_bytes(
        reading, reading->sum,
        (struct sarn_str){(const char *)state.log_id.bytes, sizeof(state.log_id)});
    if (journal->ops->scan(journal->self, 1, UINT64_MAX, take_record, reading, &next,
                           NULL) != SARN_OK ||
        journal->ops->commits(journal->self, 1, take_commit, reading, &next, NULL) !=
            SARN_OK) {
        return false;
    }
    for (; range.table < TABLES_MAX; range.table++) {
        if (journal->ops->rows(journal->self, &range, take_row, reading, &more, NULL) !=
            SARN_OK) {
            return false;
        }
    }
    return true;
}

static const struct sarn_hash_ops hash_ops = {.checksum = sarn__xxhash_checksum,
                                              .digest = sarn__openssl_digest};

static uint64_t content_of(const char *path, struct flip_log *log)
{
    struct reading reading = {
        .hash = {.ops = &hash_ops}, .log = log, .sum = 0, .begin = 1};
    struct sarn__lmdb_options options = {.path = path,
                                         .read_only = true,
                                         .existing = true,
                                         .process = sarn__posix_process(),
                                         .hash = {.ops = &hash_ops}};
    struct sarn_journal journal;
    bool good;

    if (sarn__lmdb_open(&options, &journal, NULL) != SARN_OK) {
        return 0;
    }
    good = read_journal(&journal, &reading);
    journal.ops->close(journal.self);
    return good ? reading.sum : 0;
}

uint64_t flip_content(const char *path)
{
    return content_of(path, NULL);
}

bool flip_is_prefix(const struct flip_log *log, const char *path, uint64_t *events)
{
    static struct flip_log other; /* Only what is read of it. */

    memset(&other, 0, sizeof(other));
    if (content_of(path, &other) == 0 || other.events > log->events) {
        return false;
    }
    for (uint64_t i = 1; i <= other.events; i++) {
        if (other.sums[i] != log->sums[i] ||
            other.commit_end[i] != log->commit_end[i]) {
            return false;
        }
    }
    *events = other.events;
    return true;
}

/* --- what verify says of its bytes --- */

static void mark_idle(void *arg, uint64_t offset, uint64_t bytes)
{
    struct flip_log *log = arg;

    if (offset + bytes > log->file.size) {
        flip_die("verify", "calls bytes behind the file idle");
    }
    for (uint64_t i = offset; i < offset + bytes; i++) {
        if (log->idle[i] != 0) {
            flip_die("verify", "calls bytes idle twice");
        }
        log->idle[i] = 1;
    }
    log->idle_bytes += bytes;
}

static void no_finding(void *arg, const char *text)
{
    (void)arg;
    flip_die("the good log is damaged", text);
}

static void look_at_pages(struct flip_log *log, const char *path)
{
    struct sarn__check_options options = {.hash = {.ops = &hash_ops},
                                          .finding = no_finding,
                                          .idle = mark_idle,
                                          .arg = log};
    struct sarn__pages pages;
    struct sarn_error error;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t page[SARN__PAGE_MAX];

    must(sarn__pages_open(fd, path, &pages, &error), &error, "look at pages");
    log->page_bytes = pages.page_bytes;
    log->pages = (uint32_t)(pages.file_bytes / pages.page_bytes);
    log->roots[0] = 0;
    log->roots[1] = 1;
    log->roots[2] = pages.metas[pages.newest].main.root;
    if (!sarn__pages_read(&pages, log->roots[2], page, pages.page_bytes) ||
        pages.metas[pages.newest].main.depth != 1) {
        flip_die("the good log", "has no list of databases");
    }
    for (uint32_t i = 0; i < sarn__page_nodes(page); i++) {
        struct sarn__node node = sarn__page_node(page, i);

        if (sarn_str_equal(node.key, sarn_str("meta"))) {
            log->roots[3] = sarn__tree_get(node.value).root;
        }
    }
    must(sarn__check_pages(&pages, &options, &error), &error, "check pages");
    close(fd);
}

void flip_log_make(struct flip_log *log, const char *folder)
{
    char path[FLIP_PATH_MAX], lock[FLIP_PATH_MAX + 8];

    memset(log, 0, sizeof(*log));
    snprintf(path, sizeof(path), "%s/good.sarn", folder);
    snprintf(lock, sizeof(lock), "%s-lock", path);
    write_log(log, path);
    log->file = read_file(path);
    if (log->file.size > FLIP_FILE_MAX) {
        flip_die("the good log", "is too large");
    }
    log->idle = calloc(1, log->file.size);
    if (log->idle == NULL) {
        flip_die("the good log", "out of memory");
    }
    log->content = content_of(path, log);
    if (log->content == 0) {
        flip_die("the good log", "cannot be read");
    }
    look_at_pages(log, path);
    unlink(path);
    unlink(lock);
}

void flip_log_free(struct flip_log *log)
{
    for (uint32_t i = 0; i < log->version_count; i++) {
        free(log->before[i].bytes);
    }
    free(log->file.bytes);
    free(log->idle);
}
