/* The thread that makes operations, each at its time.
 *
 * What operation n is, follows from n alone: one that a closing has cut off is made
 * again under the same key, and is done once. */
#include <stdlib.h>
#include <string.h>

#include "soak.h"
#include "soak_schema.h"

#define TRAILS       2000u
#define TELL_EVERY   100u
#define TELL_DELAY_S 2.0 /* An execution waits so long for its signal. */
#define REPEAT_EVERY 16u /* Of so many commands one is sent twice. */

/* One request on its way. */
struct soak_op {
    struct soak *soak;
    uint64_t n;
    enum soak_kind kind;
    bool begins;  /* TELL: starts the execution that is told later. */
    bool repeats; /* COMMAND: the second time, under the same key. */
    int64_t due_us;
    struct soak_op *next;
};

static const char note_text[] =
    "This is what somebody wrote on it: as long as what people write in a line or two, "
    "and the same each time it is written.....";

#define NOTE_BYTES ((uint32_t)sizeof(note_text) - 1)

static enum soak_kind kind_of(uint64_t n)
{
    uint64_t place = n % 100;

    return place < 55   ? SOAK_COMMAND
           : place < 78 ? SOAK_APPEND
           : place < 90 ? SOAK_SAGA
           : place < 94 ? SOAK_UNDO
           : place < 99 ? SOAK_WAIT
                        : SOAK_TELL;
}

/* A number that n leads to, as if drawn (splitmix64; Steele, Lea, Flood, 2014). */
static uint64_t drawn(uint64_t n)
{
    uint64_t z = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct sarn_str text_of(char *text, size_t size, const char *what, uint64_t n)
{
    int length = snprintf(text, size, "%s-%llu", what, (unsigned long long)n);

    return (struct sarn_str){text, (uint32_t)length};
}

void soak_counter(uint64_t n, char text[32])
{
    (void)text_of(text, 32, "counter", n / SOAK_LIFE + drawn(n) % SOAK_LIVE);
}

static int64_t pause_of(uint64_t n)
{
    return 1000000 + (int64_t)(drawn(n) % 4000000);
}

/* --- answers --- */

static void answered(void *arg, const struct sarn_reply *reply);
static sarn_status submit(struct soak_op *op, struct sarn_error *error);

/* Answered as it should be? */
static bool is_right(const struct soak_op *op, const struct sarn_reply *reply)
{
    if (op->kind == SOAK_UNDO) {
        return reply->status == SARN_ERR_COMPENSATED;
    }
    return reply->status == SARN_OK && (!op->repeats || reply->repeated);
}

static void keep_closed(struct soak_op *op)
{
    struct soak *soak = op->soak;

    pthread_mutex_lock(&soak->mutex);
    op->next = soak->closed;
    soak->closed = op;
    soak->again += 1;
    pthread_mutex_unlock(&soak->mutex);
}

static void end_op(struct soak_op *op)
{
    pthread_mutex_lock(&op->soak->mutex);
    op->soak->flying -= 1;
    pthread_mutex_unlock(&op->soak->mutex);
    free(op);
}

static void send(struct soak_op *op)
{
    struct sarn_error error;
    sarn_status status = submit(op, &error);

    if (status == SARN_ERR_CLOSED) {
        keep_closed(op);
    } else if (status != SARN_OK) {
        soak_error(op->soak, soak_kind_names[op->kind], error.text);
        end_op(op);
    }
}

static void answered(void *arg, const struct sarn_reply *reply)
{
    struct soak_op *op = arg;
    struct soak *soak = op->soak;

    if (reply->status == SARN_ERR_CLOSED) {
        keep_closed(op);
        return;
    }
    if (!is_right(op, reply)) {
        soak_error(soak, soak_kind_names[op->kind],
                   reply->status == SARN_OK ? "answered, but not as it should be"
                                            : reply->text);
    } else if (!op->begins && !op->repeats) {
        int64_t slept = op->kind == SOAK_WAIT ? pause_of(op->n) : 0;

        soak_answered(soak, op->kind, soak_clock_us() - op->due_us - slept);
        if (op->kind == SOAK_COMMAND && op->n % REPEAT_EVERY == 0) {
            op->repeats = true;
            send(op);
            return;
        }
    }
    end_op(op);
}

/* --- requests --- */

static sarn_status submit_command(struct soak_op *op, struct sarn_error *error)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct soak_bump bump = {.by = 1,
                             .source = SARN_STR("command"),
                             .note = {note_text, (uint32_t)(op->n % NOTE_BYTES)}};
    char stream[32], key[32];

    soak_counter(op->n, stream);
    command.stream = sarn_str(stream);
    command.key = text_of(key, sizeof(key), "c", op->n);
    command.type = &soak_bump_type;
    command.data = &bump;
    return sarn_submit(op->soak->engine, &command, answered, op, error);
}

static sarn_status submit_append(struct soak_op *op, struct sarn_error *error)
{
    struct sarn_str payload = {note_text, NOTE_BYTES};
    struct sarn_new_event event = {.type_name = "soak.Note", .data = &payload};
    struct sarn_stream_append stream = {
        .expected_version = SARN_ANY, .events = &event, .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;
    char name[32], key[32];

    stream.stream = text_of(name, sizeof(name), "trail",
                            op->n / (SOAK_LIFE * 4) + drawn(op->n) % TRAILS);
    append.streams = &stream;
    append.stream_count = 1;
    append.key = text_of(key, sizeof(key), "a", op->n);
    return sarn_append_submit(op->soak->engine, &append, answered, op, error);
}

static sarn_status submit_start(struct soak_op *op, struct sarn_error *error)
{
    struct sarn_start start = SARN_START_INIT;
    struct soak_errand errand = {.fail = op->kind == SOAK_UNDO};
    char id[32], stream[32];

    soak_counter(op->n, stream);
    errand.stream = sarn_str(stream);
    errand.pause_us = pause_of(op->n);
    start.workflow = op->kind == SOAK_WAIT   ? "pause"
                     : op->kind == SOAK_TELL ? "told"
                                             : "order";
    start.workflow_id = text_of(id, sizeof(id), "e", op->n);
    start.input = &errand;
    start.flags = op->kind == SOAK_TELL ? SARN_START_DETACHED : 0;
    return sarn_execution_start(op->soak->engine, &start, answered, op, error);
}

/* Tell the execution that operation n has started. */
static sarn_status submit_tell(struct soak_op *op, struct sarn_error *error)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    char id[32], key[32];

    control.op = SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("told");
    control.workflow_id = text_of(id, sizeof(id), "e", op->n);
    control.name = sarn_str("go");
    control.key = text_of(key, sizeof(key), "t", op->n);
    return sarn_control_submit(op->soak->engine, &control, answered, op, error);
}

static sarn_status submit(struct soak_op *op, struct sarn_error *error)
{
    if (op->kind == SOAK_COMMAND) {
        return submit_command(op, error);
    }
    if (op->kind == SOAK_APPEND) {
        return submit_append(op, error);
    }
    if (op->kind == SOAK_TELL && !op->begins) {
        return submit_tell(op, error);
    }
    return submit_start(op, error);
}

/* --- the thread --- */

static void make(struct soak *soak, struct soak_op made)
{
    struct soak_op *op = malloc(sizeof(*op));

    if (op == NULL) {
        soak_die("an operation", "out of memory");
    }
    *op = made;
    pthread_mutex_lock(&soak->mutex);
    soak->flying += 1;
    pthread_mutex_unlock(&soak->mutex);
    send(op);
}

/* Operation n, which was due then. */
static void make_op(struct soak *soak, uint64_t n, int64_t due_us)
{
    struct soak_op op = {.soak = soak, .n = n, .kind = kind_of(n), .due_us = due_us};

    if (op.kind == SOAK_TELL) {
        uint64_t behind = (uint64_t)(soak->rate * TELL_DELAY_S / TELL_EVERY + 1);

        op.begins = true;
        make(soak, op);
        if (n < behind * TELL_EVERY) {
            return; /* Nobody has waited long enough. */
        }
        op.begins = false;
        op.n = n - behind * TELL_EVERY;
    }
    make(soak, op);
}

void soak_load_again(struct soak *soak)
{
    struct soak_op *op;

    pthread_mutex_lock(&soak->mutex);
    op = soak->closed;
    soak->closed = NULL;
    pthread_mutex_unlock(&soak->mutex);
    while (op != NULL) {
        struct soak_op *next = op->next;

        send(op);
        op = next;
    }
}

void *soak_load(void *arg)
{
    struct soak *soak = arg;
    int64_t lost = 0;
    uint64_t n = 0;

    while (!soak_stopping(soak)) {
        int64_t due = soak->begin_us + lost + (int64_t)((double)n * 1e6 / soak->rate);
        int64_t shut;

        soak_sleep_until(due);
        shut = soak_gate_enter(&soak->gate);
        if (shut == lost) {
            make_op(soak, n, due);
            n += 1;
        }
        lost = shut; /* What it has been shut meanwhile, puts everything off. */
        soak_gate_leave(&soak->gate);
    }
    return NULL;
}
