#include "engine/execution_rows.h"

#include <string.h>

#include "core/fail.h"
#include "core/hash_map.h"
#include "sarn/events.h"
#include "sarn/execution.h"
#include "sarn/workflow.h"

/* --- keys --- */

sarn_status
sarn__execution_row_key(uint32_t tenant, struct sarn_str stream, struct sarn_key *key)
{
    key->size = 0;
    SARN__TRY(sarn_key_add_u64(key, tenant));
    return sarn_key_add_text(key, stream);
}

sarn_status sarn__state_key(uint32_t tenant,
                            struct sarn_str workflow,
                            uint32_t status,
                            const uint64_t *fingerprint,
                            struct sarn_key *key)
{
    key->size = 0;
    SARN__TRY(sarn_key_add_u64(key, tenant));
    if (workflow.size == 0) {
        return SARN_OK;
    }
    SARN__TRY(sarn_key_add_text(key, workflow));
    if (status == 0) {
        return SARN_OK;
    }
    SARN__TRY(sarn_key_add_u64(key, status));
    return fingerprint == NULL ? SARN_OK : sarn_key_add_u64(key, *fingerprint);
}

static uint64_t read_u64(const char *bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < 8; i++) {
        value = value << 8 | (uint8_t)bytes[i];
    }
    return value;
}

/* A workflow's name has no NUL in it, so it ends at the first. */
sarn_status sarn__state_key_parse(struct sarn_str key,
                                  uint32_t *tenant,
                                  struct sarn_str *workflow,
                                  uint32_t *status,
                                  uint64_t *fingerprint)
{
    const uint32_t behind = 2 + 8 + 8 + 8; /* The name's end, and three numbers. */
    const char *name = key.data + 8, *end;

    if (key.size < 8 + behind) {
        return SARN_ERR_CORRUPT;
    }
    end = memchr(name, '\0', key.size - 8);
    if (end == NULL || (uint32_t)(end - key.data) + behind != key.size) {
        return SARN_ERR_CORRUPT;
    }
    *tenant = (uint32_t)read_u64(key.data);
    *workflow = (struct sarn_str){name, (uint32_t)(end - name)};
    *status = (uint32_t)read_u64(end + 2);
    *fingerprint = read_u64(end + 10);
    return SARN_OK;
}

sarn_status sarn__attribute_key(uint32_t tenant,
                                struct sarn_str name,
                                struct sarn_str value,
                                struct sarn_key *key)
{
    struct sarn_key both = {.size = 0};

    key->size = 0;
    SARN__TRY(sarn_key_add_text(&both, name));
    SARN__TRY(sarn_key_add_text(&both, value));
    SARN__TRY(sarn_key_add_u64(key, tenant));
    return sarn_key_add_u64(key, sarn__hash_bytes(both.bytes, both.size));
}

/* --- what an event means to the status --- */

struct move {
    uint32_t from, to; /* 0: none, and it stays as it is. */
};

bool sarn__status_is_closed(uint32_t status)
{
    return status != SARN_EXECUTION_RUNNING && status != SARN_EXECUTION_COMPENSATING &&
           status != SARN_EXECUTION_PARKED;
}

/* In the order of causes: failure, cancel, terminate, timeout, parent (sarn.fbs). */
static uint32_t undone_by(uint32_t cause)
{
    static const uint32_t statuses[] = {
        SARN_EXECUTION_COMPENSATED, SARN_EXECUTION_CANCELLED, SARN_EXECUTION_TERMINATED,
        SARN_EXECUTION_TIMED_OUT, SARN_EXECUTION_UNDONE};

    return cause < sizeof(statuses) / sizeof(statuses[0])
               ? statuses[cause]
               : (uint32_t)SARN_EXECUTION_COMPENSATED;
}

/* The first logs did not say what the status was: it could only be this. */
static uint32_t said_or(uint32_t was, uint32_t otherwise)
{
    return was != 0 ? was : otherwise;
}

static struct move parked(const struct sarn_execution_parked *event)
{
    return (struct move){said_or(event->was, event->compensation
                                                 ? SARN_EXECUTION_COMPENSATING
                                                 : SARN_EXECUTION_RUNNING),
                         SARN_EXECUTION_PARKED};
}

static struct move cancelled(const struct sarn_cancel_requested *event)
{
    return event->was == SARN_EXECUTION_PARKED
               ? (struct move){SARN_EXECUTION_PARKED, SARN_EXECUTION_RUNNING}
               : (struct move){0, 0};
}

static struct move unparked(const struct sarn_execution_unparked *event)
{
    return event->now != 0 ? (struct move){SARN_EXECUTION_PARKED, event->now}
                           : (struct move){0, 0};
}

static struct move move_of(const struct sarn_event *event)
{
    const struct sarn_type *type = event->type;
    const void *data = event->data;

    if (type == &sarn_execution_started_type) {
        return (struct move){((const struct sarn_execution_started *)data)->replaces,
                             SARN_EXECUTION_RUNNING};
    }
    if (type == &sarn_execution_completed_type) {
        return (struct move){
            said_or(((const struct sarn_execution_completed *)data)->was,
                    SARN_EXECUTION_RUNNING),
            SARN_EXECUTION_COMPLETED};
    }
    if (type == &sarn_compensation_began_type) {
        return (struct move){
            said_or(((const struct sarn_compensation_began *)data)->was,
                    SARN_EXECUTION_RUNNING),
            SARN_EXECUTION_COMPENSATING};
    }
    if (type == &sarn_execution_compensated_type) {
        return (struct move){
            SARN_EXECUTION_COMPENSATING,
            undone_by(((const struct sarn_execution_compensated *)data)->cause)};
    }
    if (type == &sarn_reset_requested_type) {
        return (struct move){said_or(((const struct sarn_reset_requested *)data)->was,
                                     SARN_EXECUTION_RUNNING),
                             SARN_EXECUTION_COMPENSATING};
    }
    if (type == &sarn_execution_rewound_type) {
        return (struct move){SARN_EXECUTION_COMPENSATING, SARN_EXECUTION_RUNNING};
    }
    if (type == &sarn_execution_continued_type) {
        return (struct move){SARN_EXECUTION_RUNNING, SARN_EXECUTION_CONTINUED};
    }
    return type == &sarn_execution_parked_type     ? parked(data)
           : type == &sarn_execution_unparked_type ? unparked(data)
           : type == &sarn_cancel_requested_type   ? cancelled(data)
                                                   : (struct move){0, 0};
}

static struct sarn_str workflow_of(struct sarn_str stream)
{
    const char *end = stream.size == 0 ? NULL : memchr(stream.data, '-', stream.size);

    return end == NULL ? stream
                       : (struct sarn_str){stream.data, (uint32_t)(end - stream.data)};
}

/* --- executions --- */

/* Most successes of steps say nothing that is searched for. */
static bool concerns_row(const struct sarn_event *event)
{
    const struct sarn_step_succeeded *succeeded = event->data;

    return event->type != &sarn_step_succeeded_type || succeeded->attributes.size > 0;
}

static sarn_status executions_keys(const struct sarn_event *event,
                                   struct sarn_keys *keys)
{
    struct sarn_key key;

    if (!concerns_row(event)) {
        return SARN_OK;
    }
    SARN__TRY(sarn__execution_row_key(event->tenant, event->stream, &key));
    return sarn_keys_add(keys, &key);
}

static void begin(struct sarn_execution_entry *entry,
                  const struct sarn_event *event,
                  const struct sarn_execution_started *started)
{
    *entry = (struct sarn_execution_entry){
        .tenant = event->tenant,
        .workflow = started->workflow,
        .workflow_id = started->workflow_id,
        .run_id = started->run_id,
        .definition_version = started->definition_version,
        .fingerprint = started->fingerprint,
        .started_us = event->time_us,
        .parent = started->parent,
        .schedule = started->schedule,
        .attributes = {started->attributes.data, started->attributes.size}};
}

/* Set those that event brings; an empty value takes one away. */
static sarn_status set_attributes(struct sarn_execution_entry *entry,
                                  const struct sarn_step_succeeded *succeeded,
                                  struct sarn_arena *arena)
{
    uint32_t room = entry->attributes.size + succeeded->attributes.size, count = 0;
    struct sarn_attribute_value *all =
        sarn_arena_alloc(arena, room * sizeof(struct sarn_attribute_value));

    if (all == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < entry->attributes.size; i++) {
        bool replaced = false;

        for (uint32_t k = 0; k < succeeded->attributes.size; k++) {
            replaced = replaced || sarn_str_equal(entry->attributes.data[i].name,
                                                  succeeded->attributes.data[k].name);
        }
        if (!replaced) {
            all[count++] = entry->attributes.data[i];
        }
    }
    for (uint32_t k = 0; k < succeeded->attributes.size; k++) {
        if (succeeded->attributes.data[k].value.size > 0) {
            all[count++] = succeeded->attributes.data[k];
        }
    }
    entry->attributes.data = all;
    entry->attributes.size = count < SARN_ATTRIBUTES_MAX ? count : SARN_ATTRIBUTES_MAX;
    return SARN_OK;
}

static void trouble(struct sarn_execution_entry *entry, const struct sarn_event *event)
{
    const struct sarn_compensation_began *began = event->data;
    const struct sarn_execution_parked *parking = event->data;

    if (event->type == &sarn_compensation_began_type) {
        entry->step = began->step;
        entry->code = began->code;
    } else if (event->type == &sarn_execution_parked_type) {
        entry->step = parking->step;
        entry->code = parking->code;
    } else if (event->type != &sarn_execution_compensated_type) {
        entry->step = (struct sarn_str){NULL, 0};
        entry->code = (struct sarn_str){NULL, 0};
    }
}

static sarn_status executions_apply(struct sarn_row *row,
                                    const struct sarn_event *event)
{
    struct sarn_execution_entry *entry = row->data;
    struct move move = move_of(event);

    if (event->type == &sarn_execution_started_type) {
        begin(entry, event, event->data);
    } else if (!row->existed) {
        row->remove = true; /* Not of an execution that was started. */
        return SARN_OK;
    }
    if (event->type == &sarn_step_succeeded_type) {
        return set_attributes(entry, event->data, row->arena);
    }
    if (event->type == &sarn_execution_upgraded_type) {
        const struct sarn_execution_upgraded *upgraded = event->data;

        entry->definition_version = upgraded->definition_version;
        entry->fingerprint = upgraded->fingerprint;
    }
    if (move.to != 0) {
        entry->status = move.to;
        entry->changed_us = event->time_us;
        entry->ended_us = sarn__status_is_closed(move.to) ? event->time_us : 0;
        trouble(entry, event);
    }
    return SARN_OK;
}

static sarn_status by_state(const void *row, struct sarn_key *key)
{
    const struct sarn_execution_entry *entry = row;

    SARN__TRY(sarn__state_key(entry->tenant, entry->workflow, entry->status,
                              &entry->fingerprint, key));
    return sarn_key_add_i64(key, entry->started_us);
}

static sarn_status by_attribute(const void *row, uint32_t number, struct sarn_key *key)
{
    const struct sarn_execution_entry *entry = row;
    sarn_status status;

    if (number >= entry->attributes.size) {
        return SARN_OK;
    }
    status = sarn__attribute_key(entry->tenant, entry->attributes.data[number].name,
                                 entry->attributes.data[number].value, key);
    if (status == SARN_ERR_TOO_LARGE) {
        key->size = 0; /* It was refused long ago; nobody can ask for it. */
        return SARN_OK;
    }
    SARN__TRY(status);
    return sarn_key_add_i64(key, entry->started_us);
}

/* An index's function is not told which of the attributes it is for. */
#define BY_ATTRIBUTE(number)                                                           \
    static sarn_status by_attribute_##number(const void *row, struct sarn_key *key)    \
    {                                                                                  \
        return by_attribute(row, number, key);                                         \
    }
BY_ATTRIBUTE(0)
BY_ATTRIBUTE(1)
BY_ATTRIBUTE(2)
BY_ATTRIBUTE(3)
BY_ATTRIBUTE(4)
BY_ATTRIBUTE(5)
BY_ATTRIBUTE(6)
BY_ATTRIBUTE(7)
BY_ATTRIBUTE(8)
BY_ATTRIBUTE(9)
BY_ATTRIBUTE(10)
BY_ATTRIBUTE(11)
BY_ATTRIBUTE(12)
BY_ATTRIBUTE(13)
BY_ATTRIBUTE(14)
BY_ATTRIBUTE(15)

static const struct sarn_index executions_indexes[] = {
    [SARN__BY_STATE] = {"state", by_state},
    [SARN__BY_ATTRIBUTE] = {"attribute", by_attribute_0},
    {"attribute", by_attribute_1},
    {"attribute", by_attribute_2},
    {"attribute", by_attribute_3},
    {"attribute", by_attribute_4},
    {"attribute", by_attribute_5},
    {"attribute", by_attribute_6},
    {"attribute", by_attribute_7},
    {"attribute", by_attribute_8},
    {"attribute", by_attribute_9},
    {"attribute", by_attribute_10},
    {"attribute", by_attribute_11},
    {"attribute", by_attribute_12},
    {"attribute", by_attribute_13},
    {"attribute", by_attribute_14},
    {"attribute", by_attribute_15},
};
_Static_assert(sizeof(executions_indexes) / sizeof(executions_indexes[0]) ==
                   SARN__BY_ATTRIBUTE + SARN_ATTRIBUTES_MAX,
               "one function for each attribute");

/* --- counts --- */

static sarn_status
count_key(const struct sarn_event *event, uint32_t status, struct sarn_key *key)
{
    return sarn__state_key(event->tenant, workflow_of(event->stream), status, NULL,
                           key);
}

static sarn_status
add_count_key(const struct sarn_event *event, uint32_t status, struct sarn_keys *keys)
{
    struct sarn_key key;

    SARN__TRY(count_key(event, status, &key));
    return sarn_keys_add(keys, &key);
}

static sarn_status counts_keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    struct move move = move_of(event);

    if (move.from == move.to) {
        return SARN_OK;
    }
    if (move.from != 0) {
        SARN__TRY(add_count_key(event, move.from, keys));
    }
    return move.to != 0 ? add_count_key(event, move.to, keys) : SARN_OK;
}

static sarn_status counts_apply(struct sarn_row *row, const struct sarn_event *event)
{
    struct sarn_count_entry *entry = row->data;
    struct move move = move_of(event);
    struct sarn_key key;

    SARN__TRY(count_key(event, move.to, &key));
    if (sarn_str_equal(row->key,
                       (struct sarn_str){(const char *)key.bytes, key.size})) {
        entry->tenant = event->tenant;
        entry->workflow = workflow_of(event->stream);
        entry->status = move.to;
        entry->count += 1;
        return SARN_OK;
    }
    if (entry->count == 0) {
        return SARN_ERR_CORRUPT; /* There was none of that status. */
    }
    entry->count -= 1;
    row->remove = entry->count == 0;
    return SARN_OK;
}

/* --- the projections --- */

/* Those that counts do not want to see come first. */
static const struct sarn_type *const events[] = {
    &sarn_step_succeeded_type,      &sarn_execution_upgraded_type,
    &sarn_execution_started_type,   &sarn_compensation_began_type,
    &sarn_execution_completed_type, &sarn_execution_compensated_type,
    &sarn_execution_continued_type, &sarn_execution_parked_type,
    &sarn_execution_unparked_type,  &sarn_cancel_requested_type,
    &sarn_reset_requested_type,     &sarn_execution_rewound_type,
};
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))
#define NOT_COUNTED 2u

static const struct sarn_projection executions = {
    .name = SARN__EXECUTIONS_NAME,
    .version = 1,
    .mode = SARN_INLINE,
    .row = &sarn_execution_entry_type,
    .keys = executions_keys,
    .apply = executions_apply,
    .events = events,
    .event_count = EVENT_COUNT,
    .index_count = sizeof(executions_indexes) / sizeof(executions_indexes[0]),
    .indexes = executions_indexes,
};

static const struct sarn_projection counts = {
    .name = SARN__COUNTS_NAME,
    .version = 1,
    .mode = SARN_INLINE,
    .row = &sarn_count_entry_type,
    .keys = counts_keys,
    .apply = counts_apply,
    .events = events + NOT_COUNTED,
    .event_count = EVENT_COUNT - NOT_COUNTED,
};

const struct sarn_projection *const sarn__core_projections[SARN__CORE_ROWS_COUNT] = {
    &executions, &counts};
