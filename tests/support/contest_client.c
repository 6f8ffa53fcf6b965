/* The calls of a client: drawn from its seed, noted as they begin and end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger_schema.h"
#include "support/contest_parts.h"

#define LEFT_IN_FLIGHT 4u /* At the end of a round, by each client. */

uint64_t contest_draw(uint64_t *seed, uint64_t below)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return linear_mix(*seed, 0) % below;
}

void contest_fail(struct contest_run *run, const char *what, const char *why)
{
    if (!atomic_exchange(&run->failed, true)) {
        snprintf(run->contest->text, sizeof(run->contest->text), "%s: %s", what, why);
    }
}

/* --- drawing --- */

static int64_t draw_expected(uint64_t *seed, int64_t known)
{
    uint64_t one = contest_draw(seed, 100);

    if (one < 45) {
        return known < 0 ? SARN_NO_STREAM : known;
    }
    return one < 75 ? SARN_ANY : one < 85 ? SARN_NO_STREAM : SARN_STREAM_EXISTS;
}

/* To one stream or to several, none of them twice; or a command. */
static void draw_append(uint64_t *seed, const int64_t *known, struct linear_op *op)
{
    uint32_t first = (uint32_t)contest_draw(seed, LINEAR_STREAMS);

    op->kind = LINEAR_APPEND;
    op->part_count = first == CONTEST_ACCOUNT || contest_draw(seed, 10) < 6
                         ? 1
                         : 2 + (uint32_t)contest_draw(seed, LINEAR_PARTS - 1);
    for (uint32_t i = 0; i < op->part_count; i++) {
        struct linear_part *part = &op->parts[i];

        part->stream = first == CONTEST_ACCOUNT ? first : (first + i) % CONTEST_ACCOUNT;
        part->count =
            first == CONTEST_ACCOUNT ? 1 : 1 + (uint32_t)contest_draw(seed, 2);
        part->expected = draw_expected(seed, known[part->stream]);
    }
}

void contest_keys(struct contest_run *run)
{
    uint64_t seed = run->options->seed ^ UINT64_C(0x6b657973);
    int64_t known[LINEAR_STREAMS];

    for (uint32_t key = 1; key < LINEAR_KEYS; key++) {
        for (uint32_t i = 0; i < LINEAR_STREAMS; i++) {
            known[i] = (int64_t)contest_draw(&seed, 6) - 1;
        }
        run->keyed[key] = (struct linear_op){.key = key, .content = key};
        draw_append(&seed, known, &run->keyed[key]);
    }
}

/* --- noting --- */

/* Room for a call; NULL: there is none left. */
static struct linear_op *next_op(struct contest_client *client)
{
    struct contest_shared *shared = client->run->shared;
    uint32_t i = atomic_fetch_add(&shared->op_count, 1);

    if (i >= LINEAR_OPS_MAX) {
        return NULL;
    }
    shared->ops[i] =
        (struct linear_op){.client = client->number, .content = CONTEST_FREE_FROM + i};
    return &shared->ops[i];
}

/* Not done, and answered so: as if it had never been asked. */
static void forget(struct linear_op *op)
{
    op->begun = 0;
}

/* An append's answer. false: nobody answers any more. */
static bool answered(struct contest_run *run,
                     struct linear_op *op,
                     sarn_status status,
                     const struct sarn_reply *reply)
{
    op->ended = contest_now(run->shared);
    if (status == SARN_OK) {
        op->outcome = LINEAR_DONE;
        op->repeated = reply->repeated;
        op->position = reply->position;
        op->version = reply->version;
    } else if (status == SARN_ERR_WRONG_EXPECTED_VERSION) {
        op->outcome = LINEAR_REFUSED;
    } else if (status == SARN_ERR_IN_DOUBT) {
        op->outcome = LINEAR_UNKNOWN;
        op->ended = LINEAR_NEVER;
        return false;
    } else {
        forget(op);
        if (status != SARN_ERR_CLOSED) {
            contest_fail(run, "an append", sarn_status_text(status));
        }
        return false;
    }
    return true;
}

/* --- appending --- */

struct said {
    char bytes[sizeof(uint64_t) + sizeof(uint32_t)];
};

/* Everything that an append is made of. */
struct saying {
    struct said said[2 * LINEAR_PARTS];
    struct sarn_str payloads[2 * LINEAR_PARTS];
    struct sarn_new_event events[2 * LINEAR_PARTS];
    struct sarn_stream_append streams[LINEAR_PARTS];
    struct sarn_append append;
    struct ledger_deposit deposit;
    struct sarn_command command;
    char key[24];
};

static void make_append(struct saying *saying, const struct linear_op *op)
{
    uint32_t index = 0;

    saying->append = (struct sarn_append)SARN_APPEND_INIT;
    for (uint32_t i = 0; i < op->part_count; i++) {
        const struct linear_part *part = &op->parts[i];

        saying->streams[i] =
            (struct sarn_stream_append){.stream = contest_stream(part->stream),
                                        .expected_version = part->expected,
                                        .events = &saying->events[index],
                                        .event_count = part->count};
        for (uint32_t k = 0; k < part->count; k++, index++) {
            struct said *said = &saying->said[index];

            memcpy(said->bytes, &op->content, sizeof(op->content));
            memcpy(said->bytes + sizeof(op->content), &index, sizeof(index));
            saying->payloads[index] =
                (struct sarn_str){said->bytes, sizeof(said->bytes)};
            saying->events[index] = (struct sarn_new_event){
                .type_name = "said", .data = &saying->payloads[index]};
        }
    }
    saying->append.streams = saying->streams;
    saying->append.stream_count = op->part_count;
    saying->append.key = sarn_str(saying->key);
}

static void make_command(struct saying *saying, const struct linear_op *op)
{
    saying->deposit = (struct ledger_deposit){.amount = (int64_t)op->content};
    saying->command = (struct sarn_command)SARN_COMMAND_INIT;
    saying->command.stream = contest_stream(CONTEST_ACCOUNT);
    saying->command.type = &ledger_deposit_type;
    saying->command.data = &saying->deposit;
    saying->command.expected_version = op->parts[0].expected;
    saying->command.key = sarn_str(saying->key);
}

static void make(struct saying *saying, const struct linear_op *op)
{
    saying->key[0] = '\0';
    if (op->key != 0) {
        snprintf(saying->key, sizeof(saying->key), "key-%u", op->key);
    }
    if (op->parts[0].stream == CONTEST_ACCOUNT) {
        make_command(saying, op);
    } else {
        make_append(saying, op);
    }
}

/* An append of its own, or one that a key stands for. */
static void draw_op(struct contest_client *client, struct linear_op *op)
{
    if (contest_draw(&client->seed, 10) < 3) {
        uint32_t number = op->client;

        *op = client->run->keyed[1 + contest_draw(&client->seed, LINEAR_KEYS - 1)];
        op->client = number;
    } else {
        draw_append(&client->seed, client->known, op);
    }
}

static bool append(struct contest_client *client, struct linear_op *op)
{
    struct contest_run *run = client->run;
    struct sarn_reply reply = {.version = -1};
    struct saying saying;
    sarn_status status;

    draw_op(client, op);
    make(&saying, op);
    op->begun = contest_now(run->shared);
    status = op->parts[0].stream == CONTEST_ACCOUNT
                 ? sarn_call(run->engine, &saying.command, &reply, NULL)
                 : sarn_append_call(run->engine, &saying.append, &reply, NULL);
    if (!answered(run, op, status, &reply)) {
        return false;
    }
    if (status == SARN_OK) {
        client->known[op->parts[op->part_count - 1].stream] = reply.version;
    }
    return true;
}

/* --- without waiting --- */

struct in_flight {
    struct contest_run *run;
    struct linear_op *op;
};

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct in_flight *flight = arg;

    (void)answered(flight->run, flight->op, reply->status, reply);
    free(flight);
}

static void leave_in_flight(struct contest_client *client, struct linear_op *op)
{
    struct contest_run *run = client->run;
    struct in_flight *flight = malloc(sizeof(*flight));
    struct sarn_error error = {SARN_OK, ""};
    struct saying saying;
    sarn_status status;

    if (flight == NULL) {
        contest_fail(run, "a client", "out of memory");
        return;
    }
    *flight = (struct in_flight){run, op};
    draw_op(client, op);
    make(&saying, op);
    op->begun = contest_now(run->shared);
    status =
        op->parts[0].stream == CONTEST_ACCOUNT
            ? sarn_submit(run->engine, &saying.command, on_reply, flight, &error)
            : sarn_append_submit(run->engine, &saying.append, on_reply, flight, &error);
    if (status != SARN_OK) {
        forget(op);
        free(flight);
        contest_fail(run, "submitting", error.text);
    }
}

/* --- reading --- */

static sarn_status load(sarn_engine *engine, struct linear_op *op)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct ledger_account account = {0};
    int64_t version = -1;
    sarn_status status;

    if (arena == NULL) {
        return SARN_ERR_NOMEM;
    }
    op->kind = LINEAR_SUM;
    op->stream = CONTEST_ACCOUNT;
    status = sarn_load(engine, 0, contest_stream(op->stream), arena, &account, &version,
                       NULL);
    op->seen[0] = (uint64_t)(version + 1);
    op->sum = (uint64_t)account.balance;
    sarn_arena_destroy(arena);
    return status;
}

static sarn_status look(sarn_engine *engine, struct linear_op *op)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_stream_info info;
    sarn_status status;

    if (arena == NULL) {
        return SARN_ERR_NOMEM;
    }
    op->kind = LINEAR_VERSION;
    status = sarn_log_stream(sarn_engine_log(engine), 0, contest_stream(op->stream),
                             arena, &info, NULL);
    op->seen[0] = status == SARN_OK ? info.version + 1 : 0;
    sarn_arena_destroy(arena);
    return status == SARN_ERR_NOT_FOUND ? SARN_OK : status;
}

static bool read(struct contest_client *client, struct linear_op *op)
{
    struct contest_run *run = client->run;
    uint64_t way = contest_draw(&client->seed, 10);
    sarn_status status;

    op->content = 0;
    op->stream = (uint32_t)contest_draw(&client->seed, LINEAR_STREAMS);
    op->begun = contest_now(run->shared);
    status = way < 4   ? contest_read(sarn_engine_log(run->engine), op, NULL)
             : way < 6 ? look(run->engine, op)
             : way < 8 ? load(run->engine, op)
                       : contest_snapshot(sarn_engine_log(run->engine), op, NULL);
    op->ended = contest_now(run->shared);
    op->outcome = LINEAR_DONE;
    if (status != SARN_OK) {
        forget(op);
        if (status != SARN_ERR_IN_DOUBT && status != SARN_ERR_CLOSED) {
            contest_fail(run, "a read", sarn_status_text(status));
        }
        return false;
    }
    if (op->kind != LINEAR_SNAPSHOT) {
        client->known[op->stream] = (int64_t)op->seen[0] - 1;
    }
    return true;
}

/* --- a round --- */

void *contest_client(void *arg)
{
    struct contest_client *client = arg;
    bool open = true;

    for (uint32_t i = 0; i < client->run->options->calls && open; i++) {
        struct linear_op *op = next_op(client);

        if (op == NULL) {
            return NULL;
        }
        open =
            contest_draw(&client->seed, 10) < 6 ? append(client, op) : read(client, op);
    }
    for (uint32_t i = 0; i < LEFT_IN_FLIGHT && open; i++) {
        struct linear_op *op = next_op(client);

        if (op != NULL) {
            leave_in_flight(client, op);
        }
    }
    return NULL;
}
