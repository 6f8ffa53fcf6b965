#include "core/schedule_plan.h"

#include <assert.h>

#include "core/hash_map.h"

/* Times so late that the next one might not fit are not looked for: 400 years before
 * the end of time. */
#define LATEST_US (INT64_MAX - INT64_C(12622780800) * SARN__SECOND_US)

/* --- times --- */

bool sarn__schedule_time(const struct sarn__schedule *schedule,
                         const struct sarn__zone *zone,
                         int64_t after_us,
                         int64_t *nominal_us)
{
    const struct sarn__schedule_spec *spec = &schedule->spec;
    int64_t after_s = sarn__floor_div(after_us, SARN__SECOND_US);
    int64_t local_s = 0, utc_s = 0;

    if (after_us > LATEST_US || spec->interval_us > LATEST_US) {
        return false;
    }
    if (spec->cron.size == 0) {
        *nominal_us =
            (sarn__floor_div(after_us - spec->offset_us, spec->interval_us) + 1) *
                spec->interval_us +
            spec->offset_us;
        return true;
    }
    /* Local times of an hour that comes twice stand for its first coming, and so may
     * lie behind: go on to the first that does not. */
    local_s = sarn__zone_local(zone, after_s);
    do {
        local_s = sarn__cron_next(&schedule->cron, local_s);
        utc_s = sarn__zone_utc(zone, local_s);
    } while (utc_s <= after_s);
    *nominal_us = utc_s * SARN__SECOND_US;
    return true;
}

/* The first time by time after after_us. */
static bool time_by_time(const struct sarn__schedule *schedule,
                         const struct sarn__zone *zone,
                         int64_t after_us,
                         int64_t *nominal_us)
{
    const struct sarn__schedule_spec *spec = &schedule->spec;

    if (spec->from_us != 0 && after_us < spec->from_us) {
        after_us = spec->from_us - 1;
    }
    return sarn__schedule_time(schedule, zone, after_us, nominal_us) &&
           (spec->to_us == 0 || *nominal_us <= spec->to_us);
}

static bool runs_by_time(const struct sarn__schedule *schedule)
{
    return schedule->exists && !schedule->paused &&
           (schedule->spec.limit == 0 || schedule->by_time < schedule->spec.limit);
}

int64_t sarn__schedule_next(const struct sarn__schedule *schedule,
                            const struct sarn__zone *zone)
{
    int64_t nominal_us = 0;

    if (!runs_by_time(schedule) ||
        !time_by_time(schedule, zone, schedule->settled_us, &nominal_us)) {
        return 0;
    }
    return nominal_us;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t bits)
{
    bits += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

/* How much later than nominal_us its run starts: before the time that follows it. */
static int64_t jitter_of(const struct sarn__schedule *schedule,
                         const struct sarn__zone *zone,
                         int64_t nominal_us)
{
    uint64_t most = (uint64_t)schedule->spec.jitter_us;
    uint64_t seed = sarn__hash_bytes(schedule->id.data, schedule->id.size);
    int64_t next_us = 0;

    if (most == 0) {
        return 0;
    }
    if (sarn__schedule_time(schedule, zone, nominal_us, &next_us) &&
        most >= (uint64_t)(next_us - nominal_us)) {
        most = (uint64_t)(next_us - nominal_us) - 1;
    }
    return (int64_t)(mix(seed ^ (uint64_t)nominal_us) % (most + 1));
}

/* --- what to do --- */

/* Pass over all times from nominal_us through through_us, as many as one event may. */
static void gather(const struct sarn__schedule *schedule,
                   const struct sarn__zone *zone,
                   int64_t through_us,
                   struct sarn__schedule_event *event)
{
    int64_t interval_us = schedule->spec.interval_us;
    int64_t next_us = 0;

    event->first_us = event->nominal_us;
    event->count = 1;
    if (schedule->spec.cron.size == 0 && through_us > event->nominal_us) {
        int64_t more = (through_us - event->nominal_us) / interval_us;

        more = more < UINT32_MAX ? more : UINT32_MAX - 1;
        event->count += (uint32_t)more;
        event->nominal_us += more * interval_us;
    }
    while (event->count < SARN__SCHEDULE_PASS_MAX &&
           sarn__schedule_time(schedule, zone, event->nominal_us, &next_us) &&
           next_us <= through_us) {
        event->nominal_us = next_us;
        event->count += 1;
    }
}

/* What becomes of a time that has come. */
static uint32_t outcome_of(const struct sarn__schedule *schedule, uint32_t overlap)
{
    switch ((enum sarn_overlap)overlap) {
    case SARN_OVERLAP_ALLOW:
        return schedule->runs.count < SARN__SCHEDULE_RUNS_MAX
                   ? SARN_SCHEDULE_STARTED
                   : SARN_SCHEDULE_OVERLAPPED;
    case SARN_OVERLAP_BUFFER_ALL:
        return schedule->waits.count < SARN__SCHEDULE_BUFFER_MAX
                   ? SARN_SCHEDULE_BUFFERED
                   : SARN_SCHEDULE_OVERLAPPED;
    case SARN_OVERLAP_BUFFER_ONE:
    case SARN_OVERLAP_CANCEL:
    case SARN_OVERLAP_TERMINATE:
        return schedule->waits.count == 0 ? SARN_SCHEDULE_BUFFERED
                                          : SARN_SCHEDULE_OVERLAPPED;
    case SARN_OVERLAP_SKIP:
        break;
    }
    return SARN_SCHEDULE_OVERLAPPED;
}

/* Fire for event's time (cause, nominal_us). */
static void fire(const struct sarn__schedule *schedule,
                 uint32_t overlap,
                 struct sarn__schedule_plan *plan)
{
    struct sarn__schedule_event *event = &plan->event;

    plan->fires = true;
    event->kind = SARN__SCHEDULE_FIRED;
    event->outcome = schedule->runs.count == 0 ? (uint32_t)SARN_SCHEDULE_STARTED
                                               : outcome_of(schedule, overlap);
    if (event->outcome == SARN_SCHEDULE_BUFFERED) {
        plan->cancels = overlap == SARN_OVERLAP_CANCEL;
        plan->terminates = overlap == SARN_OVERLAP_TERMINATE;
    } else if (event->outcome == SARN_SCHEDULE_STARTED) {
        event->workflow_id =
            sarn__schedule_run_id(schedule->id, event->nominal_us, plan->workflow_id);
    }
}

static bool plan_trigger(const struct sarn__schedule *schedule,
                         struct sarn__schedule_plan *plan)
{
    const int64_t *trigger = schedule->triggers.items;

    if (schedule->triggers.count == 0) {
        return false;
    }
    plan->event.cause = SARN__SCHEDULE_BY_TRIGGER;
    plan->event.nominal_us = plan->event.due_us = *trigger;
    fire(schedule, schedule->spec.overlap, plan);
    return true;
}

/* The first that waits and may start. While paused, only what somebody asked for. */
static bool plan_waiting(const struct sarn__schedule *schedule,
                         struct sarn__schedule_plan *plan)
{
    const struct sarn__schedule_waiting *waits = schedule->waits.items;

    if (schedule->runs.count > 0) {
        return false;
    }
    for (uint32_t i = 0; i < schedule->waits.count; i++) {
        if (!schedule->paused || waits[i].cause != SARN__SCHEDULE_BY_TIME) {
            plan->event.cause = waits[i].cause;
            plan->event.nominal_us = plan->event.due_us = waits[i].nominal_us;
            plan->event.waited = true;
            fire(schedule, schedule->spec.overlap, plan);
            return true;
        }
    }
    return false;
}

/* A backfill waits itself, where it can, instead of its times. */
static bool must_wait(const struct sarn__schedule *schedule, uint32_t overlap)
{
    return (overlap == SARN_OVERLAP_BUFFER_ALL && schedule->runs.count > 0) ||
           (overlap == SARN_OVERLAP_ALLOW &&
            schedule->runs.count == SARN__SCHEDULE_RUNS_MAX);
}

static bool plan_backfill(const struct sarn__schedule *schedule,
                          const struct sarn__zone *zone,
                          struct sarn__schedule_plan *plan)
{
    const struct sarn__schedule_backfill *backfill = schedule->backfills.items;
    struct sarn__schedule_event *event = &plan->event;
    int64_t next_us = 0;

    if (schedule->backfills.count == 0 || must_wait(schedule, backfill->overlap) ||
        !sarn__schedule_time(schedule, zone, backfill->settled_us,
                             &event->nominal_us) ||
        event->nominal_us > backfill->to_us) {
        return false;
    }
    event->cause = SARN__SCHEDULE_BY_BACKFILL;
    fire(schedule, backfill->overlap, plan);
    if (event->outcome == SARN_SCHEDULE_OVERLAPPED) {
        gather(schedule, zone, backfill->to_us, event); /* So will be the others. */
    }
    event->due_us = event->nominal_us;
    event->last = !sarn__schedule_time(schedule, zone, event->nominal_us, &next_us) ||
                  next_us > backfill->to_us;
    return true;
}

static bool plan_time(const struct sarn__schedule *schedule,
                      const struct sarn__zone *zone,
                      int64_t now_us,
                      struct sarn__schedule_plan *plan)
{
    const struct sarn__schedule_spec *spec = &schedule->spec;
    struct sarn__schedule_event *event = &plan->event;
    int64_t late_us = 0;

    if (!runs_by_time(schedule) ||
        !time_by_time(schedule, zone, schedule->settled_us, &event->nominal_us)) {
        return false;
    }
    event->due_us = event->nominal_us + jitter_of(schedule, zone, event->nominal_us);
    if (event->due_us > now_us) {
        plan->wake_us = event->due_us;
        return false;
    }
    event->cause = SARN__SCHEDULE_BY_TIME;
    late_us = now_us - event->due_us;
    if (late_us <= spec->catch_up_us) {
        fire(schedule, spec->overlap, plan);
        return true;
    }
    plan->fires = true;
    event->kind = SARN__SCHEDULE_FIRED;
    event->outcome = SARN_SCHEDULE_MISSED;
    /* And all of which that is as sure. */
    late_us = now_us - spec->catch_up_us - 1;
    late_us = late_us > spec->jitter_us ? late_us - spec->jitter_us : 0;
    if (spec->to_us != 0 && late_us > spec->to_us) {
        late_us = spec->to_us;
    }
    gather(schedule, zone, late_us, event);
    return true;
}

void sarn__schedule_plan(const struct sarn__schedule *schedule,
                         const struct sarn__zone *zone,
                         int64_t now_us,
                         struct sarn__schedule_plan *plan)
{
    *plan = (struct sarn__schedule_plan){.wake_us = INT64_MAX};
    if (!schedule->exists) {
        return;
    }
    if (plan_waiting(schedule, plan) || plan_trigger(schedule, plan) ||
        (zone != NULL && (plan_backfill(schedule, zone, plan) ||
                          plan_time(schedule, zone, now_us, plan)))) {
        plan->event.time_us = now_us;
        plan->wake_us = INT64_MAX;
        return;
    }
    plan->event = (struct sarn__schedule_event){.kind = SARN__SCHEDULE_SLEPT};
}

void sarn__schedule_pass_over(struct sarn__schedule_plan *plan,
                              uint32_t outcome,
                              struct sarn_str text)
{
    assert(plan->fires && plan->event.outcome == SARN_SCHEDULE_STARTED);
    plan->event.outcome = outcome;
    plan->event.text = text;
    plan->event.workflow_id = (struct sarn_str){NULL, 0};
}
