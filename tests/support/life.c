#include "support/life.h"

#include <stdarg.h>

static const char *const statuses[] = {
    "nothing",   "running",    "compensating", "completed", "compensated", "parked",
    "cancelled", "terminated", "timed out",    "continued", "undone"};

static const char *const states[] = {
    [SARN__WAITING] = "waiting",      [SARN__RUNNING] = "running",
    [SARN__BACKOFF] = "backoff",      [SARN__DOUBTED] = "doubted",
    [SARN__AWAITING] = "awaiting",    [SARN__DONE] = "done",
    [SARN__SKIPPED] = "skipped",      [SARN__CANCELLED] = "cancelled",
    [SARN__EXPIRED] = "expired",      [SARN__FAILED] = "failed",
    [SARN__UNKNOWN] = "unknown",      [SARN__IN_DOUBT] = "in doubt",
    [SARN__COMPENSATING] = "undoing", [SARN__COMPENSATION_BACKOFF] = "undo backoff",
    [SARN__UNDONE] = "undone",        [SARN__STUCK] = "stuck",
};

/* --- as text --- */

static void SARN_PRINTF(3, 4) add(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list list;

    va_start(list, format);
    vsnprintf(text + used, size - used, format, list);
    va_end(list);
    assert_true(strlen(text) + 1 < size);
}

#define STR(str) (int)(str).size, (str).data != NULL ? (str).data : ""

static void add_visit(const struct sarn__step *visit, char *text, size_t size)
{
    add(text, size, "%.*s", STR(visit->id));
    if (visit->visit != 1) {
        add(text, size, "#%" PRIu32, visit->visit);
    }
    add(text, size, " %s", states[visit->state]);
    if (visit->attempts != 0) {
        add(text, size, " n%" PRIu32, visit->attempts);
    }
    if (visit->compensation_attempts != 0) {
        add(text, size, " c%" PRIu32, visit->compensation_attempts);
    }
    if (visit->order != 0) {
        add(text, size, " o%" PRIu32, visit->order);
    }
    add(text, size, "%s%s%s%s%s%s", visit->permitted ? " permitted" : "",
        visit->orphaned ? " orphaned" : "", visit->acted ? " acted" : "",
        visit->inherited ? " inherited" : "", visit->settled ? " settled" : "",
        visit->settled_failed ? " badly" : "");
    if (visit->settled_code.size > 0 || visit->settled_text.size > 0) {
        add(text, size, " (%.*s: %.*s)", STR(visit->settled_code),
            STR(visit->settled_text));
    }
}

static void add_brief(const struct sarn__execution *execution, char *text, size_t size)
{
    add(text, size, "%s%s%s%s", statuses[execution->status],
        execution->paused ? " paused" : "",
        execution->asked_terminate ? " terminating"
        : execution->asked_to_end  ? " ending"
                                   : "",
        execution->asked_to_undo ? " to undo" : "");
    if (execution->place.id.size > 0) {
        add(text, size, " @%s%.*s", execution->place.is_group ? "group " : "",
            STR(execution->place.id));
    }
    if (execution->place.chose) {
        add(text, size, ">%.*s", STR(execution->place.next));
    }
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        add(text, size, "%s", visit == execution->first ? ": " : "; ");
        add_visit(visit, text, size);
    }
}

static void add_trouble(const struct sarn__trouble *trouble, char *text, size_t size)
{
    add(text, size, " [%.*s %.*s %.*s]", STR(trouble->step), STR(trouble->code),
        STR(trouble->text));
}

static void add_messages(const struct sarn__message *message, char *text, size_t size)
{
    for (; message != NULL; message = message->next) {
        add(text, size, " %.*s=%.*s%s", STR(message->name), STR(message->payload),
            message->taken ? " taken" : "");
    }
    add(text, size, "\n");
}

void life_describe(const struct sarn__execution *execution, char *text, size_t size)
{
    text[0] = '\0';
    add_brief(execution, text, size);
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        add(text, size,
            "\n%.*s g%.*s at %.*s/%" PRIu32 " begun %" PRIu32 " [%" PRId64 " %" PRId64
            " %" PRId64 " %" PRId64 "] out %.*s child %.*s base %" PRIu32
            " st %" PRIu32,
            STR(visit->id), STR(visit->group), STR(visit->before.id),
            visit->before.serial, visit->begun, visit->scheduled_us, visit->retry_at_us,
            visit->due_us, visit->deadline_us, STR(visit->output), STR(visit->child),
            visit->compensation_base, visit->settled_status);
    }
    add(text, size,
        "\n%" PRIu32 " done %" PRIu32 " order %" PRIu32 " begun %" PRIu32
        " serial %" PRIu32 " from %" PRIu32 " cause %" PRIu32 " v%" PRIu32
        " messages %" PRIu32 " reset %.*s %" PRIu32 " in %.*s out %.*s next %.*s\n",
        execution->step_count, execution->done_count, execution->last_order,
        execution->last_begun, execution->last_serial, execution->parked_from,
        execution->cause, execution->beginning.definition_version,
        execution->message_count, STR(execution->reset_to), execution->reset_begun,
        STR(execution->beginning.input), STR(execution->output),
        STR(execution->continue_input));
    add_trouble(&execution->failure, text, size);
    add_trouble(&execution->parked, text, size);
    add_messages(execution->messages, text, size);
    add_messages(execution->latest, text, size);
    for (uint32_t i = 0; i < execution->attribute_count; i++) {
        add(text, size, " %.*s=%.*s", STR(execution->attributes[i].name),
            STR(execution->attributes[i].value));
    }
}

const char *life_text(struct life *f)
{
    f->text[0] = '\0';
    add_brief(&f->execution, f->text, sizeof(f->text));
    return f->text;
}

/* --- without memory --- */

/* An execution of the history so far, in an arena that has spare bytes left in its
 * block and gets no other. Answers how many bytes there would be. */
static size_t scarce(const struct life *f,
                     struct test_heap *heap,
                     size_t spare,
                     struct sarn_arena **arena,
                     struct sarn__execution *execution)
{
    struct sarn_heap from = test_heap(heap);
    size_t left = 0;

    *arena = sarn_arena_create(&from);
    assert_non_null(*arena);
    sarn__execution_init(execution, *arena);
    for (uint32_t i = 0; i < f->count; i++) {
        assert_int_equal(sarn__execution_apply(execution, &f->history[i], NULL),
                         SARN_OK);
    }
    /* A block that has room for any event. */
    for (uint64_t wanted = heap->calls + 4; heap->calls < wanted;) {
        assert_non_null(sarn_arena_alloc(*arena, 16));
    }
    heap->fail_at = heap->calls + 1;
    heap->broken = true;
    if (spare == SIZE_MAX) {
        while (sarn_arena_alloc(*arena, 16) != NULL) {
            left += 16;
        }
    } else if (spare > 0) {
        assert_non_null(sarn_arena_alloc(*arena, spare));
    }
    return left;
}

static void fails_without_memory(const struct life *f, const life_event *event)
{
    char before[8192], after[8192];
    bool enough = false;
    size_t left = 0;

    for (size_t room = 0; !enough; room += 16) {
        struct test_heap heap = {0};
        struct sarn_arena *arena = NULL;
        struct sarn__execution execution;
        struct sarn_error error = {SARN_OK, ""};
        sarn_status status = SARN_OK;

        if (room == 0) {
            left = scarce(f, &heap, SIZE_MAX, &arena, &execution);
        } else {
            assert_true(room <= left);
            scarce(f, &heap, left - room, &arena, &execution);
        }
        life_describe(&execution, before, sizeof(before));
        status = sarn__execution_apply(&execution, event, &error);
        life_describe(&execution, after, sizeof(after));
        enough = status != SARN_ERR_NOMEM;
        if (!enough) {
            assert_true(error.text[0] != '\0');
            assert_string_equal(before, after);
        }
        sarn_arena_destroy(arena);
        assert_int_equal(heap.live, 0);
        if (room == 0 && enough) {
            return; /* It takes none. */
        }
    }
}

/* --- the life --- */

void life_begin(struct life *f)
{
    struct sarn_heap from;

    f->heap = (struct test_heap){0};
    from = test_heap(&f->heap);
    f->arena = sarn_arena_create(&from);
    assert_non_null(f->arena);
    f->count = 0;
    sarn__execution_init(&f->execution, f->arena);
}

void life_end(struct life *f)
{
    sarn_arena_destroy(f->arena);
    assert_int_equal(f->heap.live, 0);
}

const char *life_fold(struct life *f, const life_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fails_without_memory(f, &events[i]);
        if (sarn__execution_apply(&f->execution, &events[i], &f->error) != SARN_OK) {
            fail_msg("event %zu: %s", i, f->error.text);
        }
        assert_true(f->count < LIFE_EVENTS_MAX);
        f->history[f->count++] = events[i];
    }
    return life_text(f);
}

const char *life_refuses(struct life *f, const life_event *event)
{
    char before[8192], after[8192];

    life_describe(&f->execution, before, sizeof(before));
    if (sarn__execution_apply(&f->execution, event, &f->error) != SARN_ERR_CORRUPT) {
        fail_msg("believed, after: %s", before);
    }
    assert_true(f->error.text[0] != '\0');
    life_describe(&f->execution, after, sizeof(after));
    assert_string_equal(before, after);
    return f->error.text;
}
