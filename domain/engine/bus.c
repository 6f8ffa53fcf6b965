#include "engine/bus.h"

#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"

#define TYPES_MAX 1024u /* Of one subscription. */

/*   BEHIND   reads the log, a slice at a time
 *   LIVE     has seen everything, and is handed what becomes durable
 *   ENDED    its handler failed; it waits to be unsubscribed
 *
 *   BEHIND -> LIVE    when it has seen the store's position
 *   BEHIND, LIVE -> ENDED
 */
enum state { BEHIND, LIVE, ENDED };

struct sarn_subscription {
    struct sarn_subscription *next;
    enum state state;
    bool removed;      /* Unsubscribed while a delivery was under way. */
    uint64_t position; /* Seen through here. */
    sarn_event_fn *handler;
    void (*ended)(void *arg, sarn_status status, uint64_t position);
    void *arg;
    struct sarn_arena *arena; /* Of the names below. */
    struct sarn_str category;
    struct sarn_str *types;
    uint32_t type_count;
    uint32_t tenant;
};

struct sarn__bus {
    struct sarn_log *log;
    struct sarn_heap heap;
    struct sarn_arena *arena; /* A stream's name, while it is looked at. */
    struct sarn_subscription *first, *last;
    uint32_t live;
    uint32_t depth; /* Deliveries under way. */
};

/* --- life --- */

sarn_status
sarn__bus_create(struct sarn_log *log, struct sarn__bus **bus, struct sarn_error *error)
{
    struct sarn__bus *made = sarn__heap_alloc(&log->ports.heap, sizeof(*made));

    if (made != NULL) {
        made->log = log;
        made->heap = log->ports.heap;
        made->arena = sarn_arena_create(&log->ports.heap);
    }
    if (made == NULL || made->arena == NULL) {
        sarn__bus_destroy(made);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the bus");
    }
    *bus = made;
    return SARN_OK;
}

static void destroy_subscription(struct sarn__bus *bus,
                                 struct sarn_subscription *subscription)
{
    sarn_arena_destroy(subscription->arena);
    sarn__heap_free(&bus->heap, subscription);
}

void sarn__bus_destroy(struct sarn__bus *bus)
{
    struct sarn_heap heap;

    if (bus == NULL) {
        return;
    }
    assert(bus->depth == 0);
    while (bus->first != NULL) {
        struct sarn_subscription *subscription = bus->first;

        bus->first = subscription->next;
        destroy_subscription(bus, subscription);
    }
    heap = bus->heap;
    sarn_arena_destroy(bus->arena);
    sarn__heap_free(&heap, bus);
}

static void count_live(struct sarn__bus *bus)
{
    bus->live = 0;
    for (struct sarn_subscription *at = bus->first; at != NULL; at = at->next) {
        bus->live += at->state == LIVE && !at->removed ? 1 : 0;
    }
}

/* Free what was unsubscribed. Nobody is looking. */
static void sweep(struct sarn__bus *bus)
{
    struct sarn_subscription **link = &bus->first;

    bus->last = NULL;
    while (*link != NULL) {
        struct sarn_subscription *at = *link;

        if (at->removed) {
            *link = at->next;
            destroy_subscription(bus, at);
        } else {
            bus->last = at;
            link = &at->next;
        }
    }
    count_live(bus);
}

/* Around deliveries: event strings live on, and no subscription is freed. */
static void enter(struct sarn__bus *bus)
{
    bus->depth += 1;
    sarn__decoder_hold(bus->log->decoder);
}

static void leave(struct sarn__bus *bus)
{
    sarn__decoder_release(bus->log->decoder);
    bus->depth -= 1;
    if (bus->depth == 0) {
        sweep(bus);
    }
}

/* --- subscribing --- */

static sarn_status copy_names(struct sarn_subscription *subscription,
                              const struct sarn_subscribe_options *options)
{
    struct sarn_arena *arena = subscription->arena;

    SARN__TRY(sarn_arena_copy(arena, options->category, &subscription->category));
    subscription->types =
        sarn_arena_alloc(arena, options->type_count * sizeof(*subscription->types));
    if (subscription->types == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < options->type_count; i++) {
        SARN__TRY(sarn_arena_copy(arena, sarn_str(options->types[i]),
                                  &subscription->types[i]));
    }
    subscription->type_count = options->type_count;
    return SARN_OK;
}

static sarn_status check_options(const struct sarn_subscribe_options *options,
                                 sarn_event_fn *handler,
                                 struct sarn_error *error)
{
    bool complete = handler != NULL &&
                    (options->type_count == 0 || options->types != NULL) &&
                    options->type_count <= TYPES_MAX &&
                    options->category.size <= SARN_STREAM_NAME_BYTES_MAX;

    for (uint32_t i = 0; complete && i < options->type_count; i++) {
        complete = options->types[i] != NULL;
    }
    return complete ? SARN_OK
                    : sarn__fail(error, SARN_ERR_INVALID,
                                 "a subscription needs a handler, and the names of at "
                                 "most %u types",
                                 TYPES_MAX);
}

sarn_status
sarn__bus_subscribe(struct sarn__bus *bus,
                    const struct sarn_subscribe_options *options,
                    sarn_event_fn *handler,
                    void (*ended)(void *arg, sarn_status status, uint64_t position),
                    void *arg,
                    sarn_subscription **subscription,
                    struct sarn_error *error)
{
    uint64_t last = bus->log->store.position;
    struct sarn_subscription *made;

    SARN__TRY(check_options(options, handler, error));
    made = sarn__heap_alloc(&bus->heap, sizeof(*made));
    if (made != NULL) {
        made->arena = sarn_arena_create(&bus->heap);
    }
    if (made == NULL || made->arena == NULL || copy_names(made, options) != SARN_OK) {
        if (made != NULL) {
            destroy_subscription(bus, made);
        }
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a subscription");
    }
    made->handler = handler;
    made->ended = ended;
    made->arg = arg;
    made->tenant = options->tenant;
    made->position = options->from == SARN_FROM_NOW ? last : options->from;
    made->state = made->position < last ? BEHIND : LIVE;
    *(bus->last == NULL ? &bus->first : &bus->last->next) = made;
    bus->last = made;
    count_live(bus);
    *subscription = made;
    return SARN_OK;
}

void sarn__bus_unsubscribe(struct sarn__bus *bus, sarn_subscription *subscription)
{
    if (subscription == NULL) {
        return;
    }
    subscription->removed = true;
    if (bus->depth == 0) {
        sweep(bus);
    } else {
        count_live(bus);
    }
}

/* --- delivering --- */

static bool wants_stream(const struct sarn_subscription *subscription,
                         uint32_t tenant,
                         struct sarn_str stream)
{
    return subscription->category.size == 0 ||
           (subscription->tenant == tenant && stream.size > 0 &&
            sarn_str_equal(sarn__category(stream), subscription->category));
}

static bool wants_event(const struct sarn_subscription *subscription,
                        const struct sarn_event *event)
{
    bool wanted = subscription->type_count == 0;

    for (uint32_t i = 0; !wanted && i < subscription->type_count; i++) {
        wanted = sarn_str_equal(subscription->types[i], event->type_name);
    }
    return wanted && wants_stream(subscription, event->tenant, event->stream);
}

/* Whoever fails ends alone. */
static void
end(struct sarn_subscription *subscription, sarn_status status, uint64_t position)
{
    subscription->state = ENDED;
    if (!subscription->removed && subscription->ended != NULL) {
        subscription->ended(subscription->arg, status, position);
    }
}

static sarn_status deliver(struct sarn_subscription *subscription,
                           const struct sarn_event *event)
{
    sarn_status status = SARN_OK;

    if (wants_event(subscription, event)) {
        status = subscription->handler(subscription->arg, event);
    }
    subscription->position = event->position;
    if (status != SARN_OK) {
        end(subscription, status, event->position);
    }
    return status;
}

static bool may_want(struct sarn__bus *bus,
                     const struct sarn_subscription *subscription,
                     const struct sarn__record *record)
{
    bool wanted = subscription->type_count == 0;
    struct sarn_str stream;

    for (uint32_t i = 0; !wanted && i < subscription->type_count; i++) {
        wanted = sarn__decoder_type_is(bus->log->decoder, record->type,
                                       subscription->types[i]);
    }
    if (!wanted || subscription->category.size == 0) {
        return wanted;
    }
    sarn_arena_reset(bus->arena);
    /* Without memory, say yes: what is handed out is looked at again. */
    return sarn__decoder_stream(bus->log->decoder, record, bus->arena, &stream, NULL) !=
               SARN_OK ||
           wants_stream(subscription, record->tenant, stream);
}

bool sarn__bus_wants(struct sarn__bus *bus, const struct sarn__record *record)
{
    bool wanted = false;

    if (bus->live == 0) {
        return false;
    }
    for (const struct sarn_subscription *at = bus->first; at != NULL && !wanted;
         at = at->next) {
        wanted = at->state == LIVE && !at->removed && may_want(bus, at, record);
    }
    return wanted;
}

void sarn__bus_publish(struct sarn__bus *bus, const struct sarn_event *event)
{
    enter(bus);
    for (struct sarn_subscription *at = bus->first; at != NULL; at = at->next) {
        if (at->state == LIVE && !at->removed && at->position < event->position) {
            (void)!deliver(at, event);
        }
    }
    leave(bus);
}

/* --- catching up --- */

static sarn_status deliver_old(void *arg, const struct sarn_event *event)
{
    struct sarn_subscription *subscription = arg;

    SARN__TRY(deliver(subscription, event));
    return subscription->removed ? SARN_ERR_CLOSED : SARN_OK;
}

/* Read on, to position to. */
static sarn_status read_on(struct sarn__bus *bus,
                           struct sarn_subscription *subscription,
                           uint64_t to,
                           struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    sarn_status status;

    range.from = subscription->position + 1;
    range.to = to;
    range.category = subscription->category;
    range.tenant = subscription->tenant;
    if (subscription->type_count == 1) {
        range.type = subscription->types[0];
    }
    status = sarn__log_read(bus->log, &range, deliver_old, subscription, error);
    if (subscription->removed || subscription->state == ENDED) {
        return SARN_OK;
    }
    if (status == SARN_OK || status == SARN_ERR_NOT_FOUND) { /* No such category yet. */
        subscription->position = to;
        subscription->state = to == bus->log->store.position ? LIVE : BEHIND;
        return SARN_OK;
    }
    if (status == SARN_ERR_CORRUPT) {
        end(subscription, status, subscription->position + 1);
        return SARN_OK;
    }
    return status;
}

sarn_status sarn__bus_follow(struct sarn__bus *bus,
                             uint32_t limit,
                             bool *behind,
                             struct sarn_error *error)
{
    uint64_t last = bus->log->store.position;
    sarn_status status = SARN_OK;
    bool left = false;

    assert(limit > 0);
    enter(bus);
    for (struct sarn_subscription *at = bus->first; at != NULL && status == SARN_OK;
         at = at->next) {
        if (at->state == BEHIND && !at->removed) {
            uint64_t to = last - at->position > limit ? at->position + limit : last;

            status = read_on(bus, at, to, error);
            left = left || (at->state == BEHIND && !at->removed);
        }
    }
    leave(bus);
    SARN__TRY(status);
    *behind = left;
    return SARN_OK;
}
