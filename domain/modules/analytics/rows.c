/* The projection "activity": a row per day, kind and currency, and an index by kind. */
#include "activity.h"

/* What an event says which row is its own. */
struct place {
    uint32_t day;
    uint8_t kind;
    uint16_t currency;
};

static struct place place_of(const struct sarn_event *event)
{
    if (event->type == &analytics_transaction_recorded_type) {
        const struct analytics_transaction_recorded *e = event->data;

        return (struct place){e->day, e->kind, e->amount.currency};
    } else {
        const struct analytics_transaction_reversed *e = event->data;

        return (struct place){e->day, e->kind, e->amount.currency};
    }
}

static sarn_status add_all(struct sarn_key *key, const uint64_t *parts, uint32_t count)
{
    sarn_status status = SARN_OK;

    for (uint32_t i = 0; i < count && status == SARN_OK; i++) {
        status = sarn_key_add_u64(key, parts[i]);
    }
    return status;
}

static sarn_status keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    const struct place place = place_of(event);
    const uint64_t parts[] = {event->tenant, place.day, place.kind, place.currency};
    struct sarn_key key = {0};
    sarn_status status = add_all(&key, parts, 4);

    return status != SARN_OK ? status : sarn_keys_add(keys, &key);
}

static sarn_status apply(struct sarn_row *row, const struct sarn_event *event)
{
    const struct place place = place_of(event);
    struct analytics_day *day = row->data;
    /* Count it on a state of the row's numbers, for the same checked arithmetic. */
    struct analytics_activity numbers = {.day = day->day,
                                         .kind = day->kind,
                                         .currency = day->currency,
                                         .count = day->count,
                                         .reviewed = day->reviewed,
                                         .reversed = day->reversed,
                                         .sum = day->sum};

    if (event->type == &analytics_transaction_recorded_type
            ? !sarn__activity_record(&numbers, event->data)
            : !sarn__activity_reverse(&numbers, event->data)) {
        return SARN_ERR_CORRUPT;
    }
    *day = (struct analytics_day){.tenant = event->tenant,
                                  .day = place.day,
                                  .kind = place.kind,
                                  .currency = place.currency,
                                  .count = numbers.count,
                                  .reviewed = numbers.reviewed,
                                  .reversed = numbers.reversed,
                                  .sum = numbers.sum};
    return SARN_OK;
}

static sarn_status by_kind(const void *row, struct sarn_key *key)
{
    const struct analytics_day *day = row;
    const uint64_t parts[] = {day->tenant, day->kind, day->currency, day->day};

    return add_all(key, parts, 4);
}

static const struct sarn_index indexes[] = {{.name = "by_kind", .key = by_kind}};

const struct sarn_projection sarn__activity_rows = {
    .name = "activity",
    .version = 1,
    .mode = SARN_INLINE,
    .row = &analytics_day_type,
    .keys = keys,
    .apply = apply,
    .events = sarn__activity_events,
    .event_count = SARN__ACTIVITY_EVENT_COUNT,
    .index_count = sizeof(indexes) / sizeof(indexes[0]),
    .indexes = indexes,
};
