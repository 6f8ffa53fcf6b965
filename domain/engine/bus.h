/* bus.h - subscriptions: each durable event to each handler that asked for it, in
 * order.
 *
 * A subscription that is behind reads the log in slices; once it has caught up it is
 * handed events as they become durable. A handler that fails ends its own subscription
 * and no other.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_BUS_H
#define SARN_ENGINE_BUS_H

#include "engine/log.h"
#include "sarn/sarn.h"

struct sarn__bus;

SARN_MUST_USE sarn_status sarn__bus_create(struct sarn_log *log,
                                           struct sarn__bus **bus,
                                           struct sarn_error *error);
/* Ends every subscription; their ended callbacks are not called. */
void sarn__bus_destroy(struct sarn__bus *bus);
SARN_MUST_USE sarn_status
sarn__bus_subscribe(struct sarn__bus *bus,
                    const struct sarn_subscribe_options *options,
                    sarn_event_fn *handler,
                    void (*ended)(void *arg, sarn_status status, uint64_t position),
                    void *arg,
                    sarn_subscription **subscription,
                    struct sarn_error *error);
/* Safe inside a handler; the subscription is freed when the delivery under way ends. */
void sarn__bus_unsubscribe(struct sarn__bus *bus, sarn_subscription *subscription);
/* Does anybody who has caught up want to see this record? Cheap. Ask once the store has
 * folded it, and publish it before anything else happens to the bus. */
bool sarn__bus_wants(struct sarn__bus *bus, const struct sarn__record *record);
/* Hand a durable event to those that have caught up. */
void sarn__bus_publish(struct sarn__bus *bus, const struct sarn_event *event);
/* Let those that are behind read at most limit events. *behind: some still are. */
SARN_MUST_USE sarn_status sarn__bus_follow(struct sarn__bus *bus,
                                           uint32_t limit,
                                           bool *behind,
                                           struct sarn_error *error);

#endif
