#include <assert.h>
#include <errno.h>

#include "infra/host/host.h"

void sarn__waiter_init(struct sarn__waiter *waiter)
{
    *waiter = (struct sarn__waiter){.next = NULL};
    sem_init(&waiter->sem, 0, 0);
}

void sarn__waiter_done(struct sarn__waiter *waiter)
{
    assert(waiter->link == NULL);
    sem_destroy(&waiter->sem);
}

bool sarn__host_on_leader(const struct sarn__host *host)
{
    return host->led && host->leader_known &&
           pthread_equal(host->leader, pthread_self());
}

/* --- the line --- */

static void enline(struct sarn__host *host, struct sarn__waiter *waiter)
{
    struct sarn__waiter **at = waiter->urgent ? &host->line : host->line_tail;

    assert(waiter->link == NULL);
    waiter->next = *at;
    waiter->link = at;
    if (waiter->next != NULL) {
        waiter->next->link = &waiter->next;
    } else {
        host->line_tail = &waiter->next;
    }
    *at = waiter;
    host->urgent += waiter->urgent ? 1 : 0;
    host->room_wanted += waiter->wants_room ? 1 : 0;
}

void sarn__host_unline(struct sarn__host *host, struct sarn__waiter *waiter)
{
    assert(waiter->link != NULL);
    *waiter->link = waiter->next;
    if (waiter->next != NULL) {
        waiter->next->link = waiter->link;
    } else {
        host->line_tail = waiter->link;
    }
    waiter->link = NULL;
    waiter->next = NULL;
    host->urgent -= waiter->urgent ? 1 : 0;
    host->room_wanted -= waiter->wants_room ? 1 : 0;
}

/* Stand in the line until answered or made the leader: false and true. Unlocks; the
 * leader has the mutex again. */
static bool stand(struct sarn__host *host, struct sarn__waiter *waiter)
{
    enline(host, waiter);
    sarn__host_wake(host);
    pthread_mutex_unlock(&host->mutex);
    while (sem_wait(&waiter->sem) != 0) {
        assert(errno == EINTR);
    }
    if (waiter->answered) {
        return false; /* And the host may be gone. */
    }
    pthread_mutex_lock(&host->mutex);
    assert(host->led && !host->leader_known);
    return true;
}

/* --- leading --- */

static void begin(struct sarn__host *host)
{
    host->led = true;
    host->leader = pthread_self();
    host->leader_known = true;
    host->attention = SARN__AWAKE;
    host->inline_left = UINT32_MAX;
}

void sarn__host_take(struct sarn__host *host)
{
    assert(!host->led);
    begin(host);
}

/* Nobody leads from here on: whoever polls the descriptor is told of what is left. */
static void announce(struct sarn__host *host)
{
    host->attention = SARN__AWAY;
    sarn__loop_until(host->loop, host->wake_us);
    if (sarn__host_pending(host)) {
        sarn__host_wake(host);
    }
}

void sarn__host_leave(struct sarn__host *host)
{
    struct sarn__waiter *next = host->line;

    assert(sarn__host_on_leader(host));
    host->leader_known = false;
    if (next != NULL) {
        sarn__host_unline(host, next);
        sem_post(&next->sem); /* Safe: not answered, it needs the mutex to go on. */
    } else {
        host->led = false;
        announce(host);
    }
}

static bool content(const struct sarn__host *host, const struct sarn__waiter *waiter)
{
    return waiter->answered || (waiter->wants_room && sarn__host_has_room(host));
}

void sarn__host_await(struct sarn__host *host, struct sarn__waiter *waiter)
{
    bool done = false;

    while (!done) {
        if (host->led && !stand(host, waiter)) {
            return;
        }
        begin(host);
        while (!content(host, waiter) && host->urgent == 0) {
            if (sarn__host_pending(host)) {
                sarn__host_round(host);
            } else {
                sarn__host_nap(host);
            }
        }
        done = content(host, waiter);
        sarn__host_leave(host);
    }
    pthread_mutex_unlock(&host->mutex);
}

void sarn__host_lead(struct sarn__host *host, struct sarn__waiter *waiter)
{
    if (host->led) {
        bool leads;

        waiter->urgent = true;
        leads = stand(host, waiter);
        assert(leads); /* Nobody answers one who asked for nothing. */
        (void)leads;
    }
    begin(host);
}

void sarn__host_wake(struct sarn__host *host)
{
    switch (host->attention) {
    case SARN__AWAKE:
        break;
    case SARN__NAPPING:
        host->attention = SARN__AWAKE; /* As good as: it will look. */
        sem_post(&host->nap);
        break;
    case SARN__AWAY:
        if (!host->woken) {
            host->woken = true;
            sarn__loop_wake(host->loop);
        }
        break;
    }
}
