#include "infra/whatif/history.h"

#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "engine/execution_log.h"
#include "engine/map_key.h"
#include "engine/schedule_log.h"

sarn_status sarn__history_init(struct sarn__history *history,
                               const struct sarn_codec *codec,
                               const struct sarn_heap *heap)
{
    *history =
        (struct sarn__history){.arena = sarn_arena_create(heap), .codec = *codec};
    sarn__map_init(&history->pasts, heap);
    sarn__map_init(&history->runs, heap);
    return history->arena == NULL ? SARN_ERR_NOMEM : SARN_OK;
}

void sarn__history_done(struct sarn__history *history)
{
    sarn__map_done(&history->pasts);
    sarn__map_done(&history->runs);
    sarn_arena_destroy(history->arena);
}

struct sarn__past *sarn__history_find(const struct sarn__history *history,
                                      uint32_t tenant,
                                      struct sarn_str stream)
{
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node =
        sarn__map_find(&history->pasts, sarn__map_key(key, tenant, stream));

    return node == NULL ? NULL : SARN__OF(node, struct sarn__past, node);
}

static struct sarn_str run_key(const struct sarn_uuid *id)
{
    return (struct sarn_str){(const char *)id->bytes, sizeof(id->bytes)};
}

struct sarn__past *sarn__history_writer(const struct sarn__history *history,
                                        const struct sarn_event *event)
{
    struct sarn__map_node *node =
        sarn__map_find(&history->runs, run_key(&event->causation_id));

    return node == NULL ? NULL : SARN__OF(node, struct sarn__past_run, node)->past;
}

/* --- taking in --- */

static sarn_status add_past(struct sarn__history *history,
                            const struct sarn_event *event)
{
    struct sarn_arena *arena = history->arena;
    struct sarn__past *past = sarn_arena_alloc(arena, sizeof(*past));
    char *key =
        sarn_arena_alloc(arena, SARN__MAP_KEY_TENANT_BYTES + event->stream.size);
    uint32_t split = 0;

    if (past == NULL || key == NULL) {
        return SARN_ERR_NOMEM;
    }
    past->tenant = event->tenant;
    past->node.key = sarn__map_key(key, event->tenant, event->stream);
    past->stream = sarn__map_key_name(past->node.key);
    while (split < past->stream.size && past->stream.data[split] != '-') {
        split += 1;
    }
    past->workflow = (struct sarn_str){past->stream.data, split};
    if (split < past->stream.size) {
        past->workflow_id = (struct sarn_str){past->stream.data + split + 1,
                                              past->stream.size - split - 1};
    }
    SARN__TRY(sarn__map_insert(&history->pasts, &past->node));
    if (history->last == NULL) {
        history->first = past;
    } else {
        history->last->next = past;
    }
    history->last = past;
    return SARN_OK;
}

static sarn_status add_run(struct sarn__history *history,
                           struct sarn__past *past,
                           const struct sarn_uuid *id)
{
    struct sarn__past_run *run = sarn_arena_alloc(history->arena, sizeof(*run));

    if (run == NULL) {
        return SARN_ERR_NOMEM;
    }
    run->id = *id;
    run->past = past;
    run->node.key = run_key(&run->id);
    return sarn__map_find(&history->runs, run->node.key) != NULL
               ? SARN_OK
               : sarn__map_insert(&history->runs, &run->node);
}

/* Who is asked about later: the words of an event, copied. */
static sarn_status copy_words(struct sarn_arena *arena,
                              struct sarn__execution_event *fact)
{
    struct sarn_str *const words[] = {&fact->step,   &fact->group, &fact->name,
                                      &fact->output, &fact->input, &fact->next,
                                      &fact->code,   &fact->text,  &fact->child};
    struct sarn__beginning *beginning = NULL;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        SARN__TRY(sarn_arena_copy(arena, *words[i], words[i]));
    }
    fact->steps = NULL;
    fact->step_count = 0;
    fact->attributes = fact->removed = NULL;
    fact->attribute_count = 0;
    if (fact->beginning == NULL) {
        return SARN_OK;
    }
    beginning = sarn_arena_alloc(arena, sizeof(*beginning));
    if (beginning == NULL) {
        return SARN_ERR_NOMEM;
    }
    *beginning = *fact->beginning;
    fact->beginning = beginning;
    SARN__TRY(sarn_arena_copy(arena, beginning->input, &beginning->input));
    SARN__TRY(sarn_arena_copy(arena, beginning->parent, &beginning->parent));
    SARN__TRY(sarn_arena_copy(arena, beginning->parent_step, &beginning->parent_step));
    SARN__TRY(sarn_arena_copy(arena, beginning->forked_from, &beginning->forked_from));
    return sarn_arena_copy(arena, beginning->schedule, &beginning->schedule);
}

static uint32_t status_after(uint32_t before, const struct sarn__execution_event *fact)
{
    static const uint32_t ends[] = {
        [SARN__CAUSE_FAILURE] = SARN_EXECUTION_COMPENSATED,
        [SARN__CAUSE_CANCEL] = SARN_EXECUTION_CANCELLED,
        [SARN__CAUSE_TERMINATE] = SARN_EXECUTION_TERMINATED,
        [SARN__CAUSE_TIMEOUT] = SARN_EXECUTION_TIMED_OUT,
        [SARN__CAUSE_PARENT] = SARN_EXECUTION_UNDONE,
    };

    if (fact->kind == SARN__COMPLETED) {
        return SARN_EXECUTION_COMPLETED;
    }
    if (fact->kind == SARN__COMPENSATED && fact->cause <= SARN__CAUSE_PARENT) {
        return ends[fact->cause];
    }
    if (fact->kind == SARN__PARKED) {
        return SARN_EXECUTION_PARKED;
    }
    if (fact->kind == SARN__COMPENSATION_BEGAN) {
        return SARN_EXECUTION_COMPENSATING;
    }
    return fact->kind == SARN__STARTED || fact->kind == SARN__UNPARKED
               ? SARN_EXECUTION_RUNNING
               : before;
}

static sarn_status add_told(struct sarn__history *history,
                            struct sarn__past *past,
                            const struct sarn_event *event,
                            const struct sarn__execution_event *fact)
{
    struct sarn__told *told = sarn_arena_alloc(history->arena, sizeof(*told));

    if (told == NULL) {
        return SARN_ERR_NOMEM;
    }
    told->position = event->position;
    told->fact = *fact;
    SARN__TRY(copy_words(history->arena, &told->fact));
    if (past->last_told == NULL) {
        past->told = told;
    } else {
        past->last_told->next = told;
    }
    past->last_told = told;
    past->status = status_after(past->status, fact);
    return SARN_OK;
}

/* What an older schema says otherwise is no difference: as today's type has it. */
static sarn_status copy_written(struct sarn__history *history,
                                const struct sarn_event *event,
                                struct sarn__wrote *wrote)
{
    const struct sarn_codec *codec = &history->codec;

    if (event->type == NULL || event->type == &sarn_bytes_type || event->data == NULL) {
        SARN__TRY(sarn_arena_copy(history->arena, event->type_name, &wrote->type_name));
        return sarn_arena_copy(history->arena, event->payload, &wrote->payload);
    }
    SARN__TRY(sarn_arena_copy(history->arena, sarn_str(event->type->name),
                              &wrote->type_name));
    return codec->ops->encode(codec->self, event->type, event->data, history->arena,
                              &wrote->payload, NULL);
}

static sarn_status add_wrote(struct sarn__history *history,
                             struct sarn__past *past,
                             const struct sarn_event *event)
{
    struct sarn__wrote *wrote = sarn_arena_alloc(history->arena, sizeof(*wrote));

    if (wrote == NULL) {
        return SARN_ERR_NOMEM;
    }
    SARN__TRY(sarn_arena_copy(history->arena, event->stream, &wrote->stream));
    SARN__TRY(copy_written(history, event, wrote));
    wrote->position = event->position;
    if (past->last_wrote == NULL) {
        past->wrote = wrote;
    } else {
        past->last_wrote->next = wrote;
    }
    past->last_wrote = wrote;
    return SARN_OK;
}

sarn_status sarn__history_add(struct sarn__history *history,
                              const struct sarn_event *event)
{
    struct sarn__execution_event fact;
    struct sarn__past *past = NULL;

    history->first_time_us =
        history->events == 0 ? event->time_us : history->first_time_us;
    history->events += 1;
    history->last_time_us = event->time_us;
    history->last_position = event->position;
    if (event->stream.size == 0 || sarn_str_equal(sarn__category(event->stream),
                                                  sarn_str(SARN__SCHEDULE_CATEGORY))) {
        return SARN_OK; /* Runs of schedules are run again as plain ones. */
    }
    SARN__TRY(sarn__execution_event(event, history->arena, &fact, NULL));
    if (fact.kind == 0) {
        past = sarn__history_writer(history, event);
        return past == NULL ? SARN_OK : add_wrote(history, past, event);
    }
    past = sarn__history_find(history, event->tenant, event->stream);
    if (past == NULL) {
        if (fact.kind != SARN__STARTED) {
            return SARN_OK; /* Its beginning is before the range. */
        }
        SARN__TRY(add_past(history, event));
        past = history->last;
    }
    if (fact.kind == SARN__STARTED) {
        SARN__TRY(add_run(history, past, &fact.beginning->run_id));
    }
    return add_told(history, past, event, &fact);
}

/* --- answers --- */

static struct sarn_str called(const struct sarn_workflow *workflow, struct sarn_str id)
{
    uint32_t index = sarn__step_index(workflow, id, 0);

    return index < workflow->step_count ? sarn_str(sarn__step_at(workflow, index)->id)
                                        : id;
}

void sarn__past_rename(struct sarn__past *past, const struct sarn_workflow *workflow)
{
    for (struct sarn__told *told = past->told; told != NULL; told = told->next) {
        told->fact.step = called(workflow, told->fact.step);
        told->fact.next = called(workflow, told->fact.next);
    }
}

/* What became of an attempt. That it was not done leads to the next attempt's. */
static bool is_result(const struct sarn__execution_event *fact)
{
    return fact->kind == SARN__STEP_SUCCEEDED || fact->kind == SARN__STEP_FAILED ||
           fact->kind == SARN__STEP_TIMED_OUT ||
           (fact->kind == SARN__STEP_RECONCILED && fact->fate != SARN_STEP_NOT_DONE);
}

/* In the run that begins with start. */
static struct sarn__told *find_answer(struct sarn__told *start,
                                      struct sarn_str step,
                                      uint32_t visit,
                                      bool compensation)
{
    for (struct sarn__told *told = start->next;
         told != NULL && told->fact.kind != SARN__STARTED; told = told->next) {
        const struct sarn__execution_event *fact = &told->fact;

        if (!told->used && is_result(fact) && fact->compensation == compensation &&
            (fact->visit == visit || (fact->visit == 0 && visit == 1)) &&
            sarn_str_equal(fact->step, step)) {
            return told;
        }
    }
    return NULL;
}

static struct sarn__told *run_after(const struct sarn__told *start)
{
    struct sarn__told *told = start->next;

    while (told != NULL && told->fact.kind != SARN__STARTED) {
        told = told->next;
    }
    return told;
}

struct sarn__told *sarn__past_answer(struct sarn__past *past,
                                     const struct sarn_uuid *run,
                                     const struct sarn_step *step,
                                     uint32_t visit,
                                     bool compensation)
{
    struct sarn__told *first = past->again == NULL ? past->told : past->again;
    struct sarn__told *start = past->answers == NULL ? first : past->answers;
    struct sarn__told *told = NULL;
    bool asked = !sarn_uuid_is_zero(past->asks);

    if (asked && memcmp(&past->asks, run, sizeof(*run)) == 0) {
        told = find_answer(start, sarn_str(step->id), visit, compensation);
    } else {
        /* Runs between that have asked nothing are not known by their questions. */
        for (start = asked ? run_after(start) : start; start != NULL && told == NULL;
             start = told == NULL ? run_after(start) : start) {
            told = find_answer(start, sarn_str(step->id), visit, compensation);
            past->answers = told == NULL ? past->answers : start;
        }
        past->asks = told == NULL ? past->asks : *run;
    }
    if (told != NULL) {
        told->used = true;
    }
    return told;
}
