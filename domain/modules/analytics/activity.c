/* The aggregate "activity": decide, apply, and the arithmetic that they share. */
#include "activity.h"

#include <inttypes.h>

#define TEXT(str) (int)(str).size, (str).data

static bool is_kind(uint8_t kind)
{
    return kind <= ANALYTICS_KIND_OUTGOING;
}

bool sarn__activity_record(struct analytics_activity *activity,
                           const struct analytics_transaction_recorded *e)
{
    if (e->day == 0 || !is_kind(e->kind) || e->amount.minor <= 0 ||
        e->amount.minor > INT64_MAX - activity->sum || activity->count == UINT32_MAX ||
        activity->reviewed == UINT32_MAX) {
        return false;
    }
    if (activity->day != 0 && (activity->day != e->day || activity->kind != e->kind ||
                               activity->currency != e->amount.currency)) {
        return false;
    }
    activity->day = e->day;
    activity->kind = e->kind;
    activity->currency = e->amount.currency;
    activity->count += 1;
    activity->reviewed += e->reviewed;
    activity->sum += e->amount.minor;
    return true;
}

bool sarn__activity_reverse(struct analytics_activity *activity,
                            const struct analytics_transaction_reversed *e)
{
    if (activity->count == 0 || e->amount.minor <= 0 ||
        e->amount.minor > activity->sum || e->amount.currency != activity->currency ||
        activity->reviewed < e->reviewed || activity->reversed == UINT32_MAX) {
        return false;
    }
    activity->count -= 1;
    activity->reviewed -= e->reviewed;
    activity->reversed += 1;
    activity->sum -= e->amount.minor;
    return true;
}

static sarn_status record(const struct analytics_activity *activity,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct analytics_record *r = command->data;
    const struct analytics_transaction_recorded event = {.transaction = r->transaction,
                                                         .day = r->day,
                                                         .kind = r->kind,
                                                         .amount = r->amount,
                                                         .reviewed = r->reviewed};
    struct analytics_activity next = *activity;

    if (r->day == 0 || !is_kind(r->kind)) {
        return sarn_reject(decision,
                           "%.*s counts transactions of a day and a kind; %.*s says "
                           "day %" PRIu32 ", kind %u",
                           TEXT(command->stream), TEXT(r->transaction), r->day,
                           r->kind);
    }
    if (r->amount.minor <= 0) {
        return sarn_reject(decision,
                           "an amount must be positive; %.*s was given %" PRId64,
                           TEXT(command->stream), r->amount.minor);
    }
    if (!sarn__activity_record(&next, &event)) {
        return sarn_reject(decision,
                           "%.*s cannot count transaction %.*s: it is of another day, "
                           "kind or currency, or the sum would leave the range of 64 "
                           "bits",
                           TEXT(command->stream), TEXT(r->transaction));
    }
    return sarn_emit(decision, &analytics_transaction_recorded_type, &event);
}

static sarn_status reverse(const struct analytics_activity *activity,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct analytics_reverse *r = command->data;
    const struct analytics_transaction_reversed event = {.transaction = r->transaction,
                                                         .day = activity->day,
                                                         .kind = activity->kind,
                                                         .amount = r->amount,
                                                         .reviewed = r->reviewed};
    struct analytics_activity next = *activity;

    if (!sarn__activity_reverse(&next, &event)) {
        return sarn_reject(decision, "%.*s has not counted transaction %.*s",
                           TEXT(command->stream), TEXT(r->transaction));
    }
    return sarn_emit(decision, &analytics_transaction_reversed_type, &event);
}

sarn_status sarn__activity_decide(const void *state,
                                  const struct sarn_command_view *command,
                                  struct sarn_decision *decision)
{
    if (command->type == &analytics_record_type) {
        return record(state, command, decision);
    }
    return command->type == &analytics_reverse_type ? reverse(state, command, decision)
                                                    : SARN_ERR_INVALID;
}

sarn_status sarn__activity_apply(void *state,
                                 const struct sarn_event *event,
                                 struct sarn_arena *arena)
{
    bool follows = false;

    (void)arena;
    if (event->type == &analytics_transaction_recorded_type) {
        follows = sarn__activity_record(state, event->data);
    } else if (event->type == &analytics_transaction_reversed_type) {
        follows = sarn__activity_reverse(state, event->data);
    }
    return follows ? SARN_OK : SARN_ERR_CORRUPT;
}
