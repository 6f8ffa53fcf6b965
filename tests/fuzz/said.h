/* said.h - do two requests of a control socket say the same?
 */
#ifndef SARN_TESTS_FUZZ_SAID_H
#define SARN_TESTS_FUZZ_SAID_H

#include "infra/host/control_line.h"

static inline bool said_same_control(const struct sarn_control *a,
                                     const struct sarn_control *b)
{
    return a->op == b->op && a->fate == b->fate && a->tenant == b->tenant &&
           sarn_str_equal(a->workflow, b->workflow) &&
           sarn_str_equal(a->workflow_id, b->workflow_id) &&
           sarn_str_equal(a->step, b->step) && sarn_str_equal(a->name, b->name) &&
           sarn_str_equal(a->json, b->json) && sarn_str_equal(a->code, b->code) &&
           sarn_str_equal(a->reason, b->reason) && sarn_str_equal(a->actor, b->actor) &&
           sarn_str_equal(a->origin, b->origin) && sarn_str_equal(a->key, b->key);
}

/* NULL says as much as "". */
static inline bool said_same_text(const char *a, const char *b)
{
    return sarn_str_equal(sarn_str(a), sarn_str(b));
}

static inline bool said_same_schedule(const struct sarn_schedule *a,
                                      const struct sarn_schedule *b)
{
    return a->tenant == b->tenant && sarn_str_equal(a->id, b->id) &&
           said_same_text(a->workflow, b->workflow) &&
           said_same_text(a->cron, b->cron) && said_same_text(a->zone, b->zone) &&
           a->interval_us == b->interval_us && a->offset_us == b->offset_us &&
           a->from_us == b->from_us && a->to_us == b->to_us && a->limit == b->limit &&
           a->overlap == b->overlap && a->catch_up_us == b->catch_up_us &&
           a->jitter_us == b->jitter_us && a->paused == b->paused &&
           sarn_str_equal(a->actor, b->actor) && sarn_str_equal(a->reason, b->reason);
}

static inline bool said_same_change(const struct sarn_schedule_change *a,
                                    const struct sarn_schedule_change *b)
{
    return a->op == b->op && a->tenant == b->tenant && a->overlap == b->overlap &&
           sarn_str_equal(a->id, b->id) && a->from_us == b->from_us &&
           a->to_us == b->to_us && sarn_str_equal(a->actor, b->actor) &&
           sarn_str_equal(a->reason, b->reason);
}

static inline bool said_same(const struct sarn__said *a, const struct sarn__said *b)
{
    switch ((enum sarn__said_kind)a->kind) {
    case SARN__SAID_CONTROL:
        return b->kind == a->kind && said_same_control(&a->as.control, &b->as.control);
    case SARN__SAID_SCHEDULE:
        return b->kind == a->kind && sarn_str_equal(a->input, b->input) &&
               said_same_schedule(&a->as.schedule, &b->as.schedule);
    case SARN__SAID_SCHEDULE_CHANGE:
        return b->kind == a->kind &&
               said_same_change(&a->as.schedule_change, &b->as.schedule_change);
    }
    return false;
}

#endif
