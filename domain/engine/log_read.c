#include <string.h>

#include "core/fail.h"
#include "engine/log_parts.h"
#include "engine/page.h"

/* One read. Records are copied out page by page; the handler is called between the
 * pages' read transactions, never inside one. */
struct reading {
    struct sarn_log *log;
    struct sarn_range range;
    sarn_event_fn *handler;
    void *arg;
    struct sarn_error *error;
    struct sarn__page page;
    struct sarn_arena *arena; /* Of one event. */
    uint64_t from, to;        /* Positions. */
    uint64_t left;            /* Events that may still be handed out. */
    bool correlated;          /* range has a correlation id. */
    uint64_t positions[SARN__PAGE_RECORDS];
    uint32_t position_count;
};

static bool backward(const struct reading *reading)
{
    return (reading->range.flags & SARN_READ_BACKWARD) != 0;
}

/* --- one record --- */

/* Everything that can be told without decoding; positions and times are in from..to. */
static bool matches(struct reading *reading, const struct sarn__record *record)
{
    const struct sarn_range *range = &reading->range;

    if (record->position < reading->from || record->position > reading->to ||
        (range->stream.size > 0 && record->version < range->from_version)) {
        return false;
    }
    if (reading->correlated && memcmp(&range->correlation_id, &record->correlation_id,
                                      sizeof(record->correlation_id)) != 0) {
        return false;
    }
    return range->type.size == 0 ||
           sarn__decoder_type_is(reading->log->decoder, record->type, range->type);
}

static sarn_status hand_out(struct reading *reading, const struct sarn__record *record)
{
    uint32_t flags = (reading->range.flags & SARN_READ_RAW) != 0 ? SARN__DECODE_RAW : 0;
    struct sarn_event event;
    sarn_status status;

    sarn_arena_reset(reading->arena);
    SARN__TRY(sarn__decoder_event(reading->log->decoder, record, flags, reading->arena,
                                  &event, reading->error));
    reading->left -= 1;
    status = reading->handler(reading->arg, &event);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(reading->error, status,
                            "the handler ended the read at position %llu: %s",
                            (unsigned long long)event.position,
                            sarn_status_text(status));
}

/* Hand out what is in the page. */
static sarn_status hand_out_page(struct reading *reading)
{
    for (uint32_t i = 0; i < reading->page.count && reading->left > 0; i++) {
        const struct sarn__record *record = &reading->page.records[i];

        if (matches(reading, record)) {
            SARN__TRY(hand_out(reading, record));
        }
    }
    return SARN_OK;
}

static const struct sarn__record *last_of(const struct sarn__page *page)
{
    return &page->records[page->count - 1];
}

/* --- the three ways through the log --- */

static sarn_status read_all(struct reading *reading)
{
    const struct sarn_ports *ports = &reading->log->ports;
    uint64_t from = reading->from, to = reading->to;

    while (from <= to && reading->left > 0) {
        SARN__TRY(
            backward(reading)
                ? sarn__page_backward(&reading->page, ports, from, to, reading->error)
                : sarn__page_forward(&reading->page, ports, from, to, reading->error));
        SARN__TRY(hand_out_page(reading));
        if (backward(reading)) {
            to = last_of(&reading->page)->position - 1;
        } else {
            from = last_of(&reading->page)->position + 1;
        }
    }
    return SARN_OK;
}

/* head is that of the stream, moved along with the reading. */
static sarn_status
read_stream_page(struct reading *reading, struct sarn__head *head, uint64_t version)
{
    struct sarn__store *store = &reading->log->store;
    struct sarn__page *page = &reading->page;
    sarn_status status;

    sarn__page_clear(page);
    status = backward(reading)
                 ? sarn__store_read_backward(store, head, SARN__PAGE_RECORDS,
                                             sarn__page_add, page, reading->error)
                 : sarn__store_read_forward(store, head, version, SARN__PAGE_RECORDS,
                                            sarn__page_add, page, reading->error);
    return sarn__page_ended(page, status, reading->error);
}

static sarn_status read_stream(struct reading *reading)
{
    struct sarn_range *range = &reading->range;
    struct sarn__head head;
    uint64_t version = range->from_version;
    bool more = true;

    SARN__TRY(sarn__store_head(&reading->log->store, range->tenant, range->stream,
                               &head, reading->error));
    if (head.number == 0 || head.deleted) {
        return sarn__fail(reading->error,
                          head.number == 0 ? SARN_ERR_NOT_FOUND : SARN_ERR_DELETED,
                          "stream '%.*s' of tenant %u %s", (int)range->stream.size,
                          range->stream.data, range->tenant,
                          head.number == 0 ? "does not exist" : "was deleted");
    }
    while (more && reading->left > 0) {
        const struct sarn__record *last;

        SARN__TRY(read_stream_page(reading, &head, version));
        if (reading->page.count == 0) {
            break;
        }
        SARN__TRY(hand_out_page(reading));
        last = last_of(&reading->page);
        version = last->version + 1;
        if (backward(reading)) {
            more = last->version > head.first_version &&
                   last->version > range->from_version &&
                   last->position > reading->from;
            head.version = last->version - 1;
            head.last_position = last->previous;
        } else {
            more = last->version < head.version && last->position < reading->to;
        }
    }
    return SARN_OK;
}

static sarn_status add_position(void *arg, uint64_t position)
{
    struct reading *reading = arg;

    if (reading->position_count == SARN__PAGE_RECORDS) {
        return SARN_ERR_FULL;
    }
    reading->positions[reading->position_count++] = position;
    return SARN_OK;
}

/* The positions of the category's next events in from..to. */
static sarn_status find_positions(struct reading *reading, uint64_t from, uint64_t to)
{
    const struct sarn_range *range = &reading->range;
    sarn_status status;

    reading->position_count = 0;
    status = sarn__store_category(&reading->log->store, range->tenant, range->category,
                                  from, to, backward(reading), add_position, reading,
                                  reading->error);
    return status == SARN_ERR_FULL && reading->position_count == SARN__PAGE_RECORDS
               ? SARN_OK
               : status;
}

static sarn_status read_category(struct reading *reading)
{
    const struct sarn_range *range = &reading->range;
    uint64_t from = reading->from, to = reading->to;

    SARN__TRY(find_positions(reading, 1, reading->log->store.position));
    if (reading->position_count == 0) {
        return sarn__fail(reading->error, SARN_ERR_NOT_FOUND,
                          "category '%.*s' of tenant %u has no events",
                          (int)range->category.size, range->category.data,
                          range->tenant);
    }
    while (from <= to && reading->left > 0) {
        SARN__TRY(find_positions(reading, from, to));
        if (reading->position_count == 0) {
            break;
        }
        SARN__TRY(sarn__page_positions(&reading->page, &reading->log->ports,
                                       reading->positions, reading->position_count,
                                       reading->error));
        SARN__TRY(hand_out_page(reading));
        if (backward(reading)) {
            to = last_of(&reading->page)->position - 1;
        } else {
            from = last_of(&reading->page)->position + 1;
        }
    }
    return SARN_OK;
}

/* --- bounds --- */

/* The first position in from..to whose time is not before time_us; to + 1 when there is
 * none. Recorded time never goes back, so halving finds it. */
static sarn_status first_at(struct reading *reading,
                            uint64_t from,
                            uint64_t to,
                            int64_t time_us,
                            uint64_t *position)
{
    while (from <= to) {
        uint64_t middle = from + (to - from) / 2;
        int64_t found;

        SARN__TRY(
            sarn__scan_time(&reading->log->ports, middle, &found, reading->error));
        if (found < time_us) {
            from = middle + 1;
        } else {
            to = middle - 1;
        }
    }
    *position = from;
    return SARN_OK;
}

static sarn_status set_bounds(struct reading *reading)
{
    const struct sarn_range *range = &reading->range;
    uint64_t last = reading->log->store.position;
    uint64_t after;

    reading->from = range->from > 0 ? range->from : 1;
    reading->to = range->to > 0 && range->to < last ? range->to : last;
    reading->left = range->limit > 0 ? range->limit : UINT64_MAX;
    reading->correlated = !sarn_uuid_is_zero(range->correlation_id);
    if (range->from_time_us != 0) {
        SARN__TRY(first_at(reading, reading->from, reading->to, range->from_time_us,
                           &reading->from));
    }
    if (range->to_time_us != 0 && range->to_time_us < INT64_MAX) {
        SARN__TRY(first_at(reading, reading->from, reading->to, range->to_time_us + 1,
                           &after));
        reading->to = after - 1;
    }
    return SARN_OK;
}

/* --- read --- */

static sarn_status read_range(struct reading *reading)
{
    const struct sarn_range *range = &reading->range;

    SARN__TRY(set_bounds(reading));
    if (range->stream.size > 0) {
        bool in_category =
            range->category.size == 0 ||
            sarn_str_equal(sarn__category(range->stream), range->category);

        return in_category ? read_stream(reading) : SARN_OK;
    }
    return range->category.size > 0 ? read_category(reading) : read_all(reading);
}

static sarn_status check_range(const struct sarn_range *range, struct sarn_error *error)
{
    if ((range->flags & ~(SARN_READ_BACKWARD | SARN_READ_RAW)) != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "struct sarn_range has flags %x, which this version does not "
                          "know",
                          range->flags);
    }
    if (range->stream.size > SARN_STREAM_NAME_BYTES_MAX ||
        range->category.size > SARN_STREAM_NAME_BYTES_MAX ||
        range->type.size > SARN_NAME_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "a name in struct sarn_range is longer than %u bytes",
                          SARN_NAME_BYTES_MAX);
    }
    return SARN_OK;
}

sarn_status sarn__log_read(struct sarn_log *log,
                           const struct sarn_range *range,
                           sarn_event_fn *handler,
                           void *arg,
                           struct sarn_error *error)
{
    const struct sarn_range everything = SARN_RANGE_INIT;
    struct reading reading = {
        .log = log, .handler = handler, .arg = arg, .error = error};
    sarn_status status;

    SARN__TRY(sarn__log_take(&reading.range, sizeof(reading.range),
                             range == NULL ? &everything : range, "sarn_range", error));
    SARN__TRY(check_range(&reading.range, error));
    SARN__TRY(sarn__page_init(&reading.page, &log->ports.heap, error));
    reading.arena = sarn_arena_create(&log->ports.heap);
    /* A handler may read again while it has an event in hand. */
    sarn__decoder_hold(log->decoder);
    status = reading.arena == NULL
                 ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a read")
                 : read_range(&reading);
    sarn__decoder_release(log->decoder);
    sarn_arena_destroy(reading.arena);
    sarn__page_done(&reading.page);
    return status;
}

struct read_call {
    struct sarn_log *log;
    const struct sarn_range *range;
    sarn_event_fn *handler;
    void *arg;
    struct sarn_error *error;
};

static sarn_status read_call(void *arg)
{
    struct read_call *call = arg;

    return sarn__log_read(call->log, call->range, call->handler, call->arg,
                          call->error);
}

sarn_status sarn_read(sarn_log *log,
                      const struct sarn_range *range,
                      sarn_event_fn *handler,
                      void *arg,
                      struct sarn_error *error)
{
    struct read_call call = {log, range, handler, arg, error};

    return sarn__log_visit(log, read_call, &call, error);
}
