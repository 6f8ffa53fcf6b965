#define _POSIX_C_SOURCE 200809L

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "powercut.h"

#define STREAMS_MAX 3u
#define EVENTS_MAX  8u
#define BYTES_MAX   9000u /* Some lie on pages of their own. */
#define BACK_MAX    24u   /* How far back a voyage is that is told. */

const struct sarn_module *const power_modules[3] = {
    &sarn_payments_module, &sarn_funds_transfer_module, &power_voyage_module};

uint64_t power_number(struct sarn_str text, const char *prefix)
{
    size_t size = strlen(prefix);
    char digits[24] = "";

    if (text.size <= size || text.size - size >= sizeof(digits) ||
        memcmp(text.data, prefix, size) != 0) {
        return 0;
    }
    memcpy(digits, text.data + size, text.size - size);
    return strtoull(digits, NULL, 10);
}

struct sarn_options power_options(struct power_world *world)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.modules = power_modules;
    options.module_count = 3;
    options.workers = 2;
    options.map_bytes = UINT64_C(1) << 30;
    options.context = world;
    return options;
}

/* --- drawing --- */

static enum power_work_kind kind_of(uint64_t draw)
{
    static const enum power_work_kind kinds[] = {
        POWER_NOTE,    POWER_NOTE,     POWER_BATCH,    POWER_BATCH,
        POWER_BATCH,   POWER_DEPOSIT,  POWER_DEPOSIT,  POWER_DEPOSIT,
        POWER_REFUSAL, POWER_TRANSFER, POWER_TRANSFER, POWER_TRANSFER,
        POWER_VOYAGE,  POWER_VOYAGE,   POWER_TELL,     POWER_TELL};

    return kinds[draw % (sizeof(kinds) / sizeof(kinds[0]))];
}

static uint64_t voyage_before(uint64_t seed, uint64_t number, uint64_t skip)
{
    for (uint64_t n = number - 1; n > 0 && n + BACK_MAX > number; n--) {
        if (kind_of(power_mix(seed, n)) == POWER_VOYAGE && skip-- == 0) {
            return n;
        }
    }
    return 0;
}

struct power_work power_work_of(uint64_t seed, uint64_t number)
{
    uint64_t draws = power_mix(seed, number);
    struct power_work work = {.kind = kind_of(draws), .number = number};

    work.account = (uint32_t)power_draw(&draws, POWER_ACCOUNTS);
    work.other = (work.account + 1 + (uint32_t)power_draw(&draws, POWER_ACCOUNTS - 1)) %
                 POWER_ACCOUNTS;
    work.amount = 1 + (int64_t)power_draw(&draws, 100);
    work.streams = 1 + (uint32_t)power_draw(&draws, STREAMS_MAX);
    work.events = 1 + (uint32_t)power_draw(&draws, EVENTS_MAX);
    work.bytes = power_draw(&draws, 12) == 0 ? (uint32_t)power_draw(&draws, BYTES_MAX)
                                             : (uint32_t)power_draw(&draws, 200);
    work.cancel = power_draw(&draws, 3) == 0;
    if (work.kind == POWER_TELL) {
        work.target = voyage_before(seed, number, power_draw(&draws, 2));
    } else if (work.kind == POWER_NOTE) {
        work.streams = work.events = 1;
    } else if (work.kind == POWER_DEPOSIT) {
        work.amount *= 50;
    }
    return work;
}

bool power_is_keyed(const struct power_work *work)
{
    return work->kind != POWER_NOTE && work->kind != POWER_TELL;
}

bool power_may_answer(const struct power_work *work, sarn_status status)
{
    switch (work->kind) {
    case POWER_REFUSAL:
        return status == SARN_ERR_REJECTED;
    case POWER_TRANSFER:
        return status == SARN_OK || status == SARN_ERR_COMPENSATED;
    case POWER_VOYAGE:
        return status == SARN_OK || status == SARN_ERR_COMPENSATED ||
               status == SARN_ERR_CANCELLED;
    case POWER_TELL:
        return status == SARN_OK || status == SARN_ERR_STATE ||
               status == SARN_ERR_NOT_FOUND;
    case POWER_NOTE:
    case POWER_BATCH:
    case POWER_DEPOSIT:
        break;
    }
    return status == SARN_OK;
}

/* --- waiting for an answer --- */

struct waiting {
    sem_t answered;
    struct power_answer *answer;
};

static void keep_answer(void *arg, const struct sarn_reply *reply)
{
    struct waiting *waiting = arg;

    waiting->answer->status = reply->status;
    waiting->answer->position = reply->position;
    waiting->answer->repeated = reply->repeated;
    snprintf(waiting->answer->text, sizeof(waiting->answer->text), "%s", reply->text);
    (void)sem_post(&waiting->answered);
}

static void begin_waiting(struct waiting *waiting)
{
    *waiting->answer = (struct power_answer){.status = SARN_OK};
    if (sem_init(&waiting->answered, 0, 0) != 0) {
        power_die("semaphore", "there is none left");
    }
}

/* submitted: whether there will be an answer. */
static void end_waiting(struct waiting *waiting,
                        sarn_status submitted,
                        const struct sarn_error *error)
{
    if (submitted == SARN_OK) {
        while (sem_wait(&waiting->answered) != 0) {
        }
    } else {
        waiting->answer->status = submitted;
        snprintf(waiting->answer->text, sizeof(waiting->answer->text), "%s",
                 error->text);
    }
    (void)sem_destroy(&waiting->answered);
}

/* What a call that waits answered. */
static void keep_result(struct power_answer *answer,
                        sarn_status status,
                        const struct sarn_reply *reply,
                        const struct sarn_error *error)
{
    *answer = (struct power_answer){.status = status};
    if (status == SARN_OK) {
        answer->position = reply->position;
        answer->repeated = reply->repeated;
    } else {
        snprintf(answer->text, sizeof(answer->text), "%s", error->text);
    }
}

/* --- doing --- */

static struct sarn_str key_of(uint64_t number, char *text, size_t size)
{
    snprintf(text, size, "w-%llu", (unsigned long long)number);
    return sarn_str(text);
}

/* "w-17/3/12 ....": the third event (from 0) of 12 of work 17. */
static struct sarn_str
payload_of(const struct power_work *work, uint32_t i, uint32_t count, char *to)
{
    int size = snprintf(to, BYTES_MAX, "w-%llu/%u/%u ",
                        (unsigned long long)work->number, i, count);
    uint32_t bytes = work->bytes / (1 + i);

    while ((uint32_t)size < bytes) {
        to[size] = (char)('a' + (work->number + (uint32_t)size) % 26);
        size += 1;
    }
    return (struct sarn_str){to, (uint32_t)size};
}

static void do_append(sarn_engine *engine,
                      const struct power_work *work,
                      struct power_answer *answer)
{
    struct sarn_stream_append streams[STREAMS_MAX];
    struct sarn_new_event events[STREAMS_MAX * EVENTS_MAX];
    struct sarn_str payloads[STREAMS_MAX * EVENTS_MAX];
    char names[STREAMS_MAX][24], key[32];
    struct sarn_append append = SARN_APPEND_INIT;
    struct sarn_reply reply = {.status = SARN_OK};
    struct sarn_error error = {SARN_OK, ""};
    uint32_t count = work->streams * work->events;
    char *bytes = power_resize(NULL, count, BYTES_MAX + 64);

    for (uint32_t i = 0; i < count; i++) {
        payloads[i] = payload_of(work, i, count, bytes + (size_t)i * (BYTES_MAX + 64));
        events[i] = (struct sarn_new_event){.type_name = "noted", .data = &payloads[i]};
    }
    for (uint32_t i = 0; i < work->streams; i++) {
        snprintf(names[i], sizeof(names[i]), "note-%u", (work->account + i) % 8);
        streams[i] = (struct sarn_stream_append){.stream = sarn_str(names[i]),
                                                 .expected_version = SARN_ANY,
                                                 .events = events + i * work->events,
                                                 .event_count = work->events};
    }
    append.streams = streams;
    append.stream_count = work->streams;
    if (power_is_keyed(work)) {
        append.key = key_of(work->number, key, sizeof(key));
    }
    keep_result(answer, sarn_append_call(engine, &append, &reply, &error), &reply,
                &error);
    free(bytes);
}

static void do_command(sarn_engine *engine,
                       const struct power_work *work,
                       bool started,
                       struct power_answer *answer)
{
    const struct payments_credit credit = {
        .amount = {.minor = work->amount, .currency = PAYMENTS_CURRENCY_EUR}};
    const struct payments_debit debit = {
        .amount = {.minor = INT64_MAX / 2, .currency = PAYMENTS_CURRENCY_EUR}};
    struct waiting waiting = {.answer = answer};
    struct payments_credit deposit = credit;
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_reply reply = {.status = SARN_OK};
    struct sarn_error error = {SARN_OK, ""};
    char stream[24], key[32];

    snprintf(stream, sizeof(stream), "account-%u", work->account);
    command.stream = sarn_str(stream);
    command.key = key_of(work->number, key, sizeof(key));
    deposit.reference = command.key;
    command.type =
        work->kind == POWER_DEPOSIT ? &payments_credit_type : &payments_debit_type;
    command.data =
        work->kind == POWER_DEPOSIT ? (const void *)&deposit : (const void *)&debit;
    if (!started) {
        keep_result(answer, sarn_call(engine, &command, &reply, &error), &reply,
                    &error);
        return;
    }
    begin_waiting(&waiting);
    end_waiting(&waiting, sarn_submit(engine, &command, keep_answer, &waiting, &error),
                &error);
}

/* Start it, or join it. */
static void do_start(sarn_engine *engine,
                     const struct power_work *work,
                     uint32_t flags,
                     struct power_answer *answer)
{
    struct sarn_start start = SARN_START_INIT;
    struct payments_transfer transfer = {
        .amount = {.minor = work->amount, .currency = PAYMENTS_CURRENCY_EUR}};
    bool voyage = work->kind == POWER_VOYAGE;
    struct sarn_reply reply = {.status = SARN_OK};
    struct sarn_error error = {SARN_OK, ""};
    char from[8], to[8], id[32];

    snprintf(from, sizeof(from), "%u", work->account);
    snprintf(to, sizeof(to), "%u", work->other);
    snprintf(id, sizeof(id), "%s-%llu", voyage ? "v" : "t",
             (unsigned long long)work->number);
    transfer.from_account = sarn_str(from);
    transfer.to_account = sarn_str(to);
    start.workflow = voyage ? "voyage" : "funds_transfer";
    start.workflow_id = sarn_str(id);
    start.input = &transfer;
    start.flags = flags;
    keep_result(answer, sarn_execute(engine, &start, &reply, &error), &reply, &error);
}

void power_tell(sarn_engine *engine,
                uint64_t voyage,
                bool cancel,
                uint64_t by,
                struct power_answer *answer)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    struct waiting waiting = {.answer = answer};
    struct sarn_error error = {SARN_OK, ""};
    char id[32], key[32];

    snprintf(id, sizeof(id), "v-%llu", (unsigned long long)voyage);
    control.op = cancel ? SARN_CONTROL_CANCEL : SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("voyage");
    control.workflow_id = sarn_str(id);
    if (!cancel) {
        control.name = sarn_str("go");
    }
    if (by != 0) {
        control.key = key_of(by, key, sizeof(key));
    }
    begin_waiting(&waiting);
    end_waiting(&waiting,
                sarn_control_submit(engine, &control, keep_answer, &waiting, &error),
                &error);
}

void power_do(sarn_engine *engine,
              const struct power_work *work,
              bool started,
              struct power_answer *answer)
{
    *answer = (struct power_answer){.status = SARN_ERR_NOT_FOUND};
    switch (work->kind) {
    case POWER_NOTE:
    case POWER_BATCH:
        do_append(engine, work, answer);
        break;
    case POWER_DEPOSIT:
    case POWER_REFUSAL:
        do_command(engine, work, started, answer);
        break;
    case POWER_TRANSFER:
        do_start(engine, work, 0, answer);
        break;
    case POWER_VOYAGE:
        do_start(engine, work, SARN_START_DETACHED, answer);
        break;
    case POWER_TELL:
        if (started && work->target != 0) {
            power_tell(engine, work->target, work->cancel, work->number, answer);
        }
        break;
    }
}

sarn_status power_finish(sarn_engine *engine, const struct power_work *work)
{
    struct power_answer answer;

    do_start(engine, work, 0, &answer);
    return answer.status;
}

void power_open_accounts(sarn_engine *engine)
{
    for (uint32_t i = 0; i < POWER_ACCOUNTS; i++) {
        struct sarn_command command = SARN_COMMAND_INIT;
        struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_EUR};
        struct sarn_error error;
        char stream[32];

        snprintf(stream, sizeof(stream), "account-%u", i);
        command.stream = sarn_str(stream);
        command.type = &payments_open_account_type;
        command.data = &open;
        if (sarn_call(engine, &command, NULL, &error) != SARN_OK) {
            power_die("open an account", error.text);
        }
    }
}
