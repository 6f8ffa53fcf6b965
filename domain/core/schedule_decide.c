/* What may be asked of a schedule: see schedule.h. */
#include "core/fail.h"
#include "core/schedule_plan.h"

static bool is_whole_seconds(int64_t time_us)
{
    return time_us % SARN__SECOND_US == 0;
}

static sarn_status check_when(struct sarn__schedule_spec *spec,
                              struct sarn_error *error)
{
    struct sarn__cron cron;

    if ((spec->cron.size > 0) == (spec->interval_us != 0)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a schedule has a cron expression or an interval: one of "
                          "both");
    }
    if (spec->cron.size > 0) {
        if (spec->offset_us != 0) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "offset_us goes with an interval, not with cron");
        }
        return sarn__cron_parse(spec->cron, &cron, error);
    }
    if (spec->zone.size > 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a time zone goes with a cron expression, not with an "
                          "interval");
    }
    if (spec->interval_us < SARN__SCHEDULE_INTERVAL_MIN_US ||
        !is_whole_seconds(spec->interval_us) || !is_whole_seconds(spec->offset_us)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "interval_us and offset_us are whole seconds, and the "
                          "interval is at least one");
    }
    spec->offset_us -=
        sarn__floor_div(spec->offset_us, spec->interval_us) * spec->interval_us;
    return SARN_OK;
}

sarn_status sarn__schedule_check(struct sarn_str id,
                                 struct sarn__schedule_spec *spec,
                                 struct sarn_error *error)
{
    uint32_t room = SARN__SCHEDULE_ID_BYTES_MAX; /* For the workflow's name, too. */

    if (id.size == 0 || id.size > room || spec->workflow.size > room - id.size) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a schedule has an id, and id and workflow have %u bytes at "
                          "most together: they have %u and %u",
                          room, id.size, spec->workflow.size);
    }
    SARN__TRY(check_when(spec, error));
    if (spec->overlap > SARN_OVERLAP_ALLOW) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "overlap is %u, not one of enum sarn_overlap", spec->overlap);
    }
    if (spec->catch_up_us < 0 || spec->jitter_us < 0 || spec->from_us < 0 ||
        spec->to_us < 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "catch_up_us, jitter_us, from_us and to_us are not negative");
    }
    if (spec->to_us != 0 && spec->from_us > spec->to_us) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a schedule ends (to_us) after it begins (from_us)");
    }
    if (spec->catch_up_us == 0) {
        spec->catch_up_us = SARN__SCHEDULE_CATCH_UP_US;
    }
    return SARN_OK;
}

static sarn_status decide_pause(const struct sarn__schedule *schedule,
                                bool pause,
                                struct sarn__schedule_event *event,
                                struct sarn_error *error)
{
    if (schedule->paused == pause) {
        return sarn__fail(error, SARN_ERR_STATE, "schedule %.*s is %s",
                          (int)schedule->id.size, schedule->id.data,
                          pause ? "paused already" : "not paused");
    }
    event->kind = pause ? SARN__SCHEDULE_PAUSED : SARN__SCHEDULE_RESUMED;
    return SARN_OK;
}

static sarn_status decide_trigger(const struct sarn__schedule *schedule,
                                  struct sarn__schedule_event *event,
                                  struct sarn_error *error)
{
    if (schedule->triggers.count == SARN__SCHEDULE_TRIGGERS_MAX) {
        return sarn__fail(error, SARN_ERR_OVERLOADED,
                          "schedule %.*s has %u triggers that are not carried out yet",
                          (int)schedule->id.size, schedule->id.data,
                          schedule->triggers.count);
    }
    event->kind = SARN__SCHEDULE_TRIGGERED;
    return SARN_OK;
}

static sarn_status decide_backfill(const struct sarn__schedule *schedule,
                                   const struct sarn_schedule_change *change,
                                   const struct sarn__zone *zone,
                                   int64_t now_us,
                                   struct sarn__schedule_event *event,
                                   struct sarn_error *error)
{
    int64_t first_us = 0;

    if (change->from_us < 0 || change->from_us > change->to_us ||
        change->to_us > now_us) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a backfill is of times that have been, from from_us to "
                          "to_us");
    }
    if (change->overlap > SARN_OVERLAP_ALLOW) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "overlap is %u, not one of enum sarn_overlap",
                          change->overlap);
    }
    if (schedule->backfills.count == SARN__SCHEDULE_BACKFILLS_MAX) {
        return sarn__fail(error, SARN_ERR_OVERLOADED,
                          "schedule %.*s has %u backfills that are not done yet",
                          (int)schedule->id.size, schedule->id.data,
                          schedule->backfills.count);
    }
    if (!sarn__schedule_time(schedule, zone, change->from_us - 1, &first_us) ||
        first_us > change->to_us) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "schedule %.*s names no time from from_us to to_us",
                          (int)schedule->id.size, schedule->id.data);
    }
    event->kind = SARN__SCHEDULE_BACKFILLED;
    event->from_us = change->from_us;
    event->to_us = change->to_us;
    event->overlap = change->overlap;
    return SARN_OK;
}

bool sarn__schedule_is_set_so(const struct sarn__schedule *schedule,
                              const struct sarn__schedule_spec *spec)
{
    const struct sarn__schedule_spec *is = &schedule->spec;

    return schedule->exists && sarn_str_equal(is->workflow, spec->workflow) &&
           (is->input.data == NULL) == (spec->input.data == NULL) &&
           sarn_str_equal(is->input, spec->input) &&
           sarn_str_equal(is->cron, spec->cron) &&
           sarn_str_equal(is->zone, spec->zone) &&
           is->interval_us == spec->interval_us && is->offset_us == spec->offset_us &&
           is->from_us == spec->from_us && is->to_us == spec->to_us &&
           is->catch_up_us == spec->catch_up_us && is->jitter_us == spec->jitter_us &&
           is->limit == spec->limit && is->overlap == spec->overlap &&
           is->paused == spec->paused;
}

sarn_status sarn__schedule_decide(const struct sarn__schedule *schedule,
                                  const struct sarn_schedule_change *change,
                                  const struct sarn__zone *zone,
                                  int64_t now_us,
                                  struct sarn__schedule_event *event,
                                  struct sarn_error *error)
{
    struct sarn__schedule_event decided = {.time_us = now_us, .reason = change->reason};

    if (!schedule->exists) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no schedule \"%.*s\"",
                          (int)change->id.size, change->id.data);
    }
    switch (change->op) {
    case SARN_SCHEDULE_PAUSE:
    case SARN_SCHEDULE_RESUME:
        SARN__TRY(
            decide_pause(schedule, change->op == SARN_SCHEDULE_PAUSE, &decided, error));
        break;
    case SARN_SCHEDULE_TRIGGER:
        SARN__TRY(decide_trigger(schedule, &decided, error));
        break;
    case SARN_SCHEDULE_BACKFILL:
        SARN__TRY(decide_backfill(schedule, change, zone, now_us, &decided, error));
        break;
    case SARN_SCHEDULE_DELETE:
        decided.kind = SARN__SCHEDULE_DELETED;
        break;
    default:
        return sarn__fail(error, SARN_ERR_INVALID,
                          "op is %u, not one of enum sarn_schedule_op", change->op);
    }
    *event = decided;
    return SARN_OK;
}
