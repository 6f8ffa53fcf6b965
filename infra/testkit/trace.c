/* What happened in a run, for its report: what the kit saw (calls, faults, openings),
 * each note at its place among the events of the log. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/testkit/testkit.h"

#define NOTES_MAX        2000u /* Of one trace; the rest is not noted, but counted. */
#define NOTE_BYTES       200u
#define TRACE_EVENTS_MAX 2000u /* Lines of one trace, from the log. */

struct note {
    uint64_t after; /* Position of the last durable event. */
    int64_t time_us;
    char text[NOTE_BYTES];
};

struct sarn__trace {
    struct sarn_heap heap;
    int64_t begin_us; /* 0: nothing was noted yet. */
    uint32_t count, capacity;
    uint32_t left_out;
    struct note *notes;
};

sarn_status sarn__trace_create(const struct sarn_heap *heap, struct sarn__trace **trace)
{
    struct sarn__trace *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made == NULL) {
        return SARN_ERR_NOMEM;
    }
    made->heap = *heap;
    *trace = made;
    return SARN_OK;
}

void sarn__trace_destroy(struct sarn__trace *trace)
{
    struct sarn_heap heap;

    if (trace == NULL) {
        return;
    }
    heap = trace->heap;
    sarn__heap_free(&heap, trace->notes);
    sarn__heap_free(&heap, trace);
}

/* --- noting --- */

/* Room for one more; NULL: there is none. */
static struct note *make_note(struct sarn__trace *trace)
{
    if (trace->count == trace->capacity && trace->capacity < NOTES_MAX) {
        uint32_t capacity = trace->capacity == 0 ? 32 : 2 * trace->capacity;
        struct note *grown =
            sarn__heap_resize(&trace->heap, trace->notes, capacity * sizeof(*grown));

        if (grown != NULL) {
            trace->notes = grown;
            trace->capacity = capacity;
        }
    }
    if (trace->count == trace->capacity) {
        trace->left_out += 1;
        return NULL;
    }
    return &trace->notes[trace->count++];
}

void sarn__trace_note(sarn_test *test, const char *format, ...)
{
    struct note *note = test->trace == NULL ? NULL : make_note(test->trace);
    va_list list;

    if (note == NULL) {
        return;
    }
    note->time_us = sarn__sim_now_us(test->sim);
    note->after = sarn__memory_store_records(sarn__sim_store(test->sim));
    va_start(list, format);
    vsnprintf(note->text, sizeof(note->text), format, list);
    va_end(list);
}

void sarn__trace_call(sarn_test *test, const struct sarn_step_call *call, uint32_t nth)
{
    static const char *const fates[] = {"nobody knows", "it was done",
                                        "it was not done"};
    const char *what = call->reconciling    ? ", reconcile"
                       : call->compensation ? ", compensate"
                                            : "";
    const char *how = "done";

    if (call->status != SARN_OK) {
        how = call->said_why && call->text[0] != '\0' ? call->text
                                                      : sarn_status_text(call->status);
    } else if (call->reconciling) {
        how = fates[call->fate < 3 ? call->fate : 0];
    }
    sarn__trace_note(test, "call %u: %s-%.*s/%s%s, attempt %u: %s%s", nth,
                     call->workflow->name, (int)call->workflow_id.size,
                     call->workflow_id.data, call->step->id, what, call->attempt,
                     call->status == SARN_OK ? "" : "failed: ", how);
}

/* --- writing --- */

struct writing {
    sarn_test *test;
    struct sarn__text *text;
    struct sarn_arena *arena; /* Of one event. */
    uint32_t next_note;
    uint32_t events, left_out;
    int64_t begin_us; /* 0: not known yet. */
};

static void write_time(struct writing *writing, int64_t time_us)
{
    if (writing->begin_us == 0) {
        writing->begin_us = time_us;
    }
    sarn__text_print(writing->text, "  %+12.6f s  ",
                     (double)(time_us - writing->begin_us) / 1e6);
}

/* Those that came before the event at position. */
static void write_notes(struct writing *writing, uint64_t position)
{
    const struct sarn__trace *trace = writing->test->trace;

    while (writing->next_note < trace->count &&
           trace->notes[writing->next_note].after < position) {
        const struct note *note = &trace->notes[writing->next_note++];

        write_time(writing, note->time_us);
        sarn__text_print(writing->text, "-- %s\n", note->text);
    }
}

static sarn_status write_event(void *arg, const struct sarn_event *event)
{
    struct writing *writing = arg;

    if (writing->events == TRACE_EVENTS_MAX) {
        writing->left_out += 1;
        return SARN_OK;
    }
    writing->events += 1;
    write_notes(writing, event->position);
    if (event->stream.size == 0) { /* Sarn's own: epochs, schemas. */
        return SARN_OK;
    }
    write_time(writing, event->time_us);
    sarn__text_print(writing->text, "%.*s: ", (int)event->stream.size,
                     event->stream.data);
    sarn_arena_reset(writing->arena);
    sarn__history_line(writing->test, event, writing->arena, writing->text);
    sarn__text_print(writing->text, "\n");
    return SARN_OK;
}

sarn_status
sarn__trace_write(sarn_test *test, struct sarn__text *text, struct sarn_error *error)
{
    struct writing writing = {.test = test, .text = text};
    sarn_status status = SARN_OK;

    if (sarn_test_log(test) != NULL && !test->off) {
        writing.arena = sarn_arena_create(&test->heap);
        status =
            writing.arena == NULL
                ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a trace")
                : sarn_read(sarn_test_log(test), NULL, write_event, &writing, error);
        sarn_arena_destroy(writing.arena);
    }
    write_notes(&writing, UINT64_MAX);
    if (writing.left_out + test->trace->left_out > 0) {
        sarn__text_print(text, "  and %u events and %u notes more\n", writing.left_out,
                         test->trace->left_out);
    }
    return status;
}
