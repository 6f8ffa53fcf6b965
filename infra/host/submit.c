#include "core/fail.h"
#include "infra/host/host.h"

static sarn_status closed(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_CLOSED,
                      "the engine is closing: open the log again to go on");
}

static sarn_status reentrant(struct sarn_error *error)
{
    return sarn__fail(
        error, SARN_ERR_REENTRANT,
        "a call that waits was made in a callback, which it would wait for: "
        "submit with a reply function instead");
}

/* Wait for room in the inbox, or say why not. Unlocks only on failure. */
static sarn_status find_room(struct sarn__host *host, struct sarn_error *error)
{
    while (!host->closing && !sarn__host_has_room(host)) {
        struct sarn__waiter waiter;

        if (!host->wait_for_room || sarn__host_on_leader(host)) {
            pthread_mutex_unlock(&host->mutex);
            return sarn__fail(error, SARN_ERR_OVERLOADED,
                              "%u requests wait to be decided, which is the limit: try "
                              "again later, or open with a larger queue_max",
                              host->queue_max);
        }
        sarn__waiter_init(&waiter);
        waiter.wants_room = true;
        sarn__host_await(host, &waiter);
        sarn__waiter_done(&waiter);
        if (waiter.closed) {
            return closed(error);
        }
        pthread_mutex_lock(&host->mutex);
    }
    if (host->closing) {
        pthread_mutex_unlock(&host->mutex);
        return closed(error);
    }
    return SARN_OK;
}

sarn_status sarn__host_submit(struct sarn__host *host,
                              struct sarn__request *request,
                              struct sarn__waiter *waiter,
                              struct sarn_error *error)
{
    if (host->driver.ops != NULL) {
        return host->driver.ops->submit(host->driver.self, request, waiter, error);
    }
    pthread_mutex_lock(&host->mutex);
    if (waiter != NULL && sarn__host_on_leader(host)) {
        pthread_mutex_unlock(&host->mutex);
        return reentrant(error);
    }
    SARN__TRY(find_room(host, error));
    request->next = NULL;
    *host->inbox.tail = request;
    host->inbox.tail = &request->next;
    host->inbox.count++;
    if (waiter != NULL) {
        sarn__host_await(host, waiter);
    } else {
        sarn__host_wake(host);
        pthread_mutex_unlock(&host->mutex);
    }
    return SARN_OK;
}

sarn_status sarn__host_visit(struct sarn__host *host,
                             bool in_callbacks,
                             sarn_status (*call)(void *arg),
                             void *arg,
                             struct sarn_error *error)
{
    struct sarn__visit visit = {.call = call, .arg = arg, .error = error};

    if (host->driver.ops != NULL) {
        return host->driver.ops->visit(host->driver.self, in_callbacks, call, arg,
                                       error);
    }
    pthread_mutex_lock(&host->mutex);
    if (sarn__host_on_leader(host)) {
        bool gone = host->gone;

        pthread_mutex_unlock(&host->mutex);
        return gone ? closed(error) : in_callbacks ? call(arg) : reentrant(error);
    }
    if (host->closing) {
        pthread_mutex_unlock(&host->mutex);
        return closed(error);
    }
    sarn__waiter_init(&visit.waiter);
    *host->visits.tail = &visit;
    host->visits.tail = &visit.next;
    sarn__host_await(host, &visit.waiter);
    sarn__waiter_done(&visit.waiter);
    return visit.waiter.closed ? closed(error) : visit.status;
}
