#include "core/schedule.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#define FIRST_CAPACITY 8u

sarn_status sarn__schedule_init(struct sarn__schedule *schedule,
                                struct sarn_str id,
                                struct sarn_arena *arena)
{
    *schedule = (struct sarn__schedule){.arena = arena};
    return sarn_arena_copy(arena, id, &schedule->id);
}

struct sarn_str sarn__schedule_run_id(struct sarn_str id,
                                      int64_t nominal_us,
                                      char text[SARN__SCHEDULE_RUN_ID_BYTES])
{
    char time[SARN__TIME_TEXT_BYTES];
    int size = 0;

    assert(id.size <= SARN_KEY_BYTES_MAX);
    sarn__time_text(nominal_us, time);
    size = snprintf(text, SARN__SCHEDULE_RUN_ID_BYTES, "%.*s-%s", (int)id.size, id.data,
                    time);
    return (struct sarn_str){text, (uint32_t)size};
}

/* --- lists --- */

static sarn_status reserve(struct sarn__schedule *schedule,
                           struct sarn__schedule_list *list,
                           size_t item_bytes,
                           struct sarn_error *error)
{
    uint32_t capacity = list->capacity == 0 ? FIRST_CAPACITY : list->capacity * 2;
    void *items = NULL;

    if (list->count < list->capacity) {
        return SARN_OK;
    }
    items = sarn_arena_alloc(schedule->arena, capacity * item_bytes);
    if (items == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a schedule");
    }
    if (list->count > 0) {
        memcpy(items, list->items, list->count * item_bytes);
    }
    list->items = items;
    list->capacity = capacity;
    return SARN_OK;
}

static void
remove_at(struct sarn__schedule_list *list, uint32_t index, size_t item_bytes)
{
    char *items = list->items;

    assert(index < list->count);
    list->count -= 1;
    memmove(items + index * item_bytes, items + (index + 1) * item_bytes,
            (list->count - index) * item_bytes);
}

/* Where the one that waits for a time is; count: nowhere. */
static uint32_t find_waiting(const struct sarn__schedule_list *waits,
                             int64_t nominal_us,
                             uint32_t cause)
{
    const struct sarn__schedule_waiting *items = waits->items;
    uint32_t index = 0;

    while (index < waits->count &&
           (items[index].nominal_us != nominal_us || items[index].cause != cause)) {
        index++;
    }
    return index;
}

/* --- folding --- */

static sarn_status contradicts(struct sarn_error *error, const char *what)
{
    return sarn__fail(error, SARN_ERR_CORRUPT, "an event of a schedule %s", what);
}

static sarn_status copy_text(struct sarn__schedule *schedule,
                             struct sarn_str text,
                             struct sarn_str *copy,
                             struct sarn_error *error)
{
    *copy = (struct sarn_str){NULL, 0};
    if (text.data != NULL && sarn_arena_copy(schedule->arena, text, copy) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a schedule");
    }
    return SARN_OK;
}

/* What had come and was not begun is forgotten. */
static void forget_pending(struct sarn__schedule *schedule)
{
    schedule->waits.count = 0;
    schedule->triggers.count = 0;
    schedule->backfills.count = 0;
}

static struct sarn__schedule_span span(const struct sarn__schedule_list *list)
{
    return (struct sarn__schedule_span){list->items, list->count};
}

struct sarn__schedule_standing
sarn__schedule_stand(const struct sarn__schedule *schedule)
{
    return (struct sarn__schedule_standing){.settled_us = schedule->settled_us,
                                            .last_us = schedule->last_us,
                                            .last_trigger_us =
                                                schedule->last_trigger_us,
                                            .started = schedule->started,
                                            .passed_over = schedule->passed_over,
                                            .by_time = schedule->by_time,
                                            .paused = schedule->paused,
                                            .runs = span(&schedule->runs),
                                            .triggers = span(&schedule->triggers),
                                            .waits = span(&schedule->waits),
                                            .backfills = span(&schedule->backfills)};
}

/* A list of its own with the items of span. */
static sarn_status take_span(struct sarn__schedule *schedule,
                             const struct sarn__schedule_span *span,
                             uint32_t count_max,
                             size_t item_bytes,
                             struct sarn__schedule_list *list,
                             struct sarn_error *error)
{
    *list = (struct sarn__schedule_list){.count = 0};
    if (span->count > count_max) {
        return contradicts(error, "tells of more than a schedule has");
    }
    if (span->count == 0) {
        return SARN_OK;
    }
    list->items = sarn_arena_alloc(schedule->arena, span->count * item_bytes);
    if (list->items == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a schedule");
    }
    memcpy(list->items, span->items, span->count * item_bytes);
    list->count = list->capacity = span->count;
    return SARN_OK;
}

/* to stands as told. */
static sarn_status stand(struct sarn__schedule *to,
                         const struct sarn__schedule_standing *told,
                         struct sarn_error *error)
{
    const struct sarn__schedule_backfill *backfills = NULL;

    SARN__TRY(take_span(to, &told->runs, SARN__SCHEDULE_RUNS_MAX, sizeof(int64_t),
                        &to->runs, error));
    SARN__TRY(take_span(to, &told->triggers, SARN__SCHEDULE_TRIGGERS_MAX,
                        sizeof(int64_t), &to->triggers, error));
    SARN__TRY(take_span(to, &told->waits, SARN__SCHEDULE_BUFFER_MAX,
                        sizeof(struct sarn__schedule_waiting), &to->waits, error));
    SARN__TRY(take_span(to, &told->backfills, SARN__SCHEDULE_BACKFILLS_MAX,
                        sizeof(*backfills), &to->backfills, error));
    backfills = to->backfills.items;
    for (uint32_t i = 0; i < to->backfills.count; i++) {
        if (backfills[i].overlap > SARN_OVERLAP_ALLOW) {
            return contradicts(error, "tells of a backfill that is none");
        }
    }
    to->settled_us = told->settled_us;
    to->last_us = told->last_us;
    to->last_trigger_us = told->last_trigger_us;
    to->started = told->started;
    to->passed_over = told->passed_over;
    to->by_time = told->by_time;
    to->paused = told->paused;
    return SARN_OK;
}

static sarn_status copy_spec(struct sarn__schedule *schedule,
                             const struct sarn__schedule_spec *from,
                             struct sarn__schedule_spec *spec,
                             struct sarn_error *error)
{
    struct sarn_error why = {SARN_OK, ""};

    *spec = *from;
    if (sarn__schedule_check(schedule->id, spec, &why) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "a schedule is none: %.200s",
                          why.text);
    }
    SARN__TRY(copy_text(schedule, from->workflow, &spec->workflow, error));
    SARN__TRY(copy_text(schedule, from->input, &spec->input, error));
    SARN__TRY(copy_text(schedule, from->cron, &spec->cron, error));
    return copy_text(schedule, from->zone, &spec->zone, error);
}

static sarn_status apply_set(struct sarn__schedule *schedule,
                             const struct sarn__schedule_event *event,
                             struct sarn_error *error)
{
    struct sarn__schedule set = *schedule; /* What is made aside. */

    SARN__TRY(copy_spec(&set, &event->spec, &set.spec, error));
    set.cron = (struct sarn__cron){.minutes = 0};
    if (set.spec.cron.size > 0) {
        SARN__TRY(sarn__cron_parse(set.spec.cron, &set.cron, error));
    }
    if (event->standing != NULL) {
        SARN__TRY(stand(&set, event->standing, error));
    }
    set.exists = true;
    if (!event->told_anew) {
        forget_pending(&set);
        set.paused = set.spec.paused;
        set.settled_us = event->time_us;
        set.by_time = 0;
    }
    *schedule = set;
    return SARN_OK;
}

static sarn_status apply_triggered(struct sarn__schedule *schedule,
                                   const struct sarn__schedule_event *event,
                                   struct sarn_error *error)
{
    int64_t at_us = event->time_us;

    if (schedule->triggers.count == SARN__SCHEDULE_TRIGGERS_MAX) {
        return contradicts(error, "is one trigger too many");
    }
    SARN__TRY(reserve(schedule, &schedule->triggers, sizeof(at_us), error));
    if (at_us <= schedule->last_trigger_us) {
        at_us = schedule->last_trigger_us + 1;
    }
    ((int64_t *)schedule->triggers.items)[schedule->triggers.count] = at_us;
    schedule->triggers.count += 1;
    schedule->last_trigger_us = at_us;
    return SARN_OK;
}

static sarn_status apply_backfilled(struct sarn__schedule *schedule,
                                    const struct sarn__schedule_event *event,
                                    struct sarn_error *error)
{
    struct sarn__schedule_backfill *items = NULL;

    if (schedule->backfills.count == SARN__SCHEDULE_BACKFILLS_MAX ||
        event->from_us > event->to_us || event->from_us == INT64_MIN ||
        event->overlap > SARN_OVERLAP_ALLOW) {
        return contradicts(error, "is a backfill that is none");
    }
    SARN__TRY(reserve(schedule, &schedule->backfills, sizeof(*items), error));
    items = schedule->backfills.items;
    items[schedule->backfills.count] = (struct sarn__schedule_backfill){
        event->from_us - 1, event->to_us, event->overlap};
    schedule->backfills.count += 1;
    return SARN_OK;
}

/* Is there what event says has come? */
static bool has_come(const struct sarn__schedule *schedule,
                     const struct sarn__schedule_event *event)
{
    const struct sarn__schedule_backfill *backfill = schedule->backfills.items;
    const int64_t *trigger = schedule->triggers.items;

    if (event->waited) {
        return find_waiting(&schedule->waits, event->nominal_us, event->cause) <
               schedule->waits.count;
    }
    switch (event->cause) {
    case SARN__SCHEDULE_BY_TIME:
        return event->nominal_us > schedule->settled_us;
    case SARN__SCHEDULE_BY_TRIGGER:
        return schedule->triggers.count > 0 && *trigger == event->nominal_us;
    case SARN__SCHEDULE_BY_BACKFILL:
        return schedule->backfills.count > 0 &&
               backfill->settled_us < event->nominal_us &&
               event->nominal_us <= backfill->to_us;
    default:
        return false;
    }
}

/* What has come is dealt with. */
static void settle(struct sarn__schedule *schedule,
                   const struct sarn__schedule_event *event)
{
    struct sarn__schedule_backfill *backfill = schedule->backfills.items;

    if (event->waited) {
        remove_at(&schedule->waits,
                  find_waiting(&schedule->waits, event->nominal_us, event->cause),
                  sizeof(struct sarn__schedule_waiting));
    } else if (event->cause == SARN__SCHEDULE_BY_TIME) {
        schedule->settled_us = schedule->last_us = event->nominal_us;
    } else if (event->cause == SARN__SCHEDULE_BY_TRIGGER) {
        remove_at(&schedule->triggers, 0, sizeof(int64_t));
    } else if (event->last) {
        remove_at(&schedule->backfills, 0, sizeof(*backfill));
    } else {
        backfill->settled_us = event->nominal_us;
    }
}

static sarn_status apply_fired(struct sarn__schedule *schedule,
                               const struct sarn__schedule_event *event,
                               struct sarn_error *error)
{
    bool starts = event->outcome == SARN_SCHEDULE_STARTED;
    bool waits = event->outcome == SARN_SCHEDULE_BUFFERED;

    if (!has_come(schedule, event)) {
        return contradicts(error, "stands for a time that has not come");
    }
    if (event->outcome < SARN_SCHEDULE_STARTED ||
        event->outcome > SARN_SCHEDULE_REFUSED || (waits && event->waited) ||
        (starts && schedule->runs.count == SARN__SCHEDULE_RUNS_MAX) ||
        (waits && schedule->waits.count == SARN__SCHEDULE_BUFFER_MAX)) {
        return contradicts(error, "has an outcome that cannot be");
    }
    SARN__TRY(reserve(schedule, &schedule->runs, sizeof(int64_t), error));
    SARN__TRY(reserve(schedule, &schedule->waits, sizeof(struct sarn__schedule_waiting),
                      error));
    settle(schedule, event);
    if (starts) {
        ((int64_t *)schedule->runs.items)[schedule->runs.count] = event->nominal_us;
        schedule->runs.count += 1;
        schedule->started += 1;
    } else if (waits) {
        ((struct sarn__schedule_waiting *)
             schedule->waits.items)[schedule->waits.count] =
            (struct sarn__schedule_waiting){event->nominal_us, event->cause};
        schedule->waits.count += 1;
    } else {
        schedule->passed_over += event->count > 0 ? event->count : 1;
    }
    if (event->cause == SARN__SCHEDULE_BY_TIME && !event->waited && (starts || waits)) {
        schedule->by_time += 1;
    }
    return SARN_OK;
}

/* One that is not known was started before the schedule lost sight of it: no matter. */
static void apply_run_ended(struct sarn__schedule *schedule,
                            const struct sarn__schedule_event *event)
{
    const int64_t *runs = schedule->runs.items;

    for (uint32_t i = 0; i < schedule->runs.count; i++) {
        char text[SARN__SCHEDULE_RUN_ID_BYTES];

        if (sarn_str_equal(sarn__schedule_run_id(schedule->id, runs[i], text),
                           event->workflow_id)) {
            remove_at(&schedule->runs, i, sizeof(int64_t));
            return;
        }
    }
}

/* What only follows while there is a schedule. */
static sarn_status apply_to_one(struct sarn__schedule *schedule,
                                const struct sarn__schedule_event *event,
                                struct sarn_error *error)
{
    if (!schedule->exists) {
        return contradicts(error, "is of one that is not there");
    }
    switch (event->kind) {
    case SARN__SCHEDULE_PAUSED:
        schedule->paused = true;
        return SARN_OK;
    case SARN__SCHEDULE_RESUMED:
        schedule->paused = false;
        if (schedule->settled_us < event->time_us) {
            schedule->settled_us = event->time_us;
        }
        return SARN_OK;
    case SARN__SCHEDULE_TRIGGERED:
        return apply_triggered(schedule, event, error);
    case SARN__SCHEDULE_BACKFILLED:
        return apply_backfilled(schedule, event, error);
    case SARN__SCHEDULE_DELETED:
        forget_pending(schedule);
        schedule->exists = false;
        return SARN_OK;
    case SARN__SCHEDULE_FIRED:
        return apply_fired(schedule, event, error);
    case SARN__SCHEDULE_SET:
    case SARN__SCHEDULE_RUN_ENDED:
    case SARN__SCHEDULE_SLEPT:
        break;
    }
    return contradicts(error, "is of no known kind");
}

sarn_status sarn__schedule_apply(struct sarn__schedule *schedule,
                                 const struct sarn__schedule_event *event,
                                 struct sarn_error *error)
{
    if (event->kind == SARN__SCHEDULE_SLEPT) {
        schedule->awake = false;
        schedule->slept_us = event->to_us == 0 ? INT64_MAX : event->to_us;
        return SARN_OK;
    }
    if (event->kind == SARN__SCHEDULE_SET) {
        SARN__TRY(apply_set(schedule, event, error));
    } else if (event->kind == SARN__SCHEDULE_RUN_ENDED) {
        apply_run_ended(schedule, event);
    } else {
        SARN__TRY(apply_to_one(schedule, event, error));
    }
    schedule->awake = schedule->exists || event->kind == SARN__SCHEDULE_RUN_ENDED;
    schedule->slept_us = INT64_MAX;
    return SARN_OK;
}
