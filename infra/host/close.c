/* Ending: what was decided is appended, what runs is waited for, the rest is answered.
 */
#include <assert.h>

#include "infra/host/host.h"

/* Lead, with nobody else in a loop: stop one that runs or is about to. */
static void take_over(struct sarn__host *host, struct sarn__waiter *waiter)
{
    pthread_mutex_lock(&host->mutex);
    assert(!sarn__host_on_leader(host)); /* Not from a callback: sarn.h. */
    host->closing = true;
    host->stop = true;
    sarn__host_wake(host);
    sarn__host_lead(host, waiter);
    while (host->looping) {
        if (host->urgent > 0) { /* It stands in the line: let it see that it is over. */
            sarn__host_leave(host);
            sarn__host_lead(host, waiter);
        } else {
            sarn__host_nap(host);
        }
    }
}

/* Answer what has not reached the engine. Unlocks while it calls. */
static void refuse_inbox(struct sarn__host *host)
{
    const struct sarn_reply reply = {
        .status = SARN_ERR_CLOSED,
        .version = -1,
        .text = "the engine closed before this was decided: nothing was appended",
    };
    struct sarn__request *requests = host->inbox.head;

    host->inbox =
        (struct sarn__requests){.head = NULL, .tail = &host->inbox.head, .count = 0};
    pthread_mutex_unlock(&host->mutex);
    while (requests != NULL) {
        struct sarn__request *request = requests;

        requests = request->next;
        request->reply(request->reply_arg, &reply);
        sarn__request_destroy(request);
    }
    pthread_mutex_lock(&host->mutex);
    sarn__host_deliver(host);
}

/* Do rounds until no job of a kind is out and nothing is left to do. */
static void settle(struct sarn__host *host, const uint32_t *jobs_out)
{
    while (*jobs_out > 0 || sarn__host_pending(host)) {
        if (sarn__host_pending(host)) {
            sarn__host_round(host);
        } else {
            sarn__host_nap(host);
        }
    }
}

/* Whoever still waits in a call is told; a running step may be among them, and we are
 * about to wait for it. */
static void turn_away(struct sarn__host *host)
{
    for (struct sarn__waiter *w = host->line; w != NULL; w = w->next) {
        if (w->call != NULL) {
            sarn__call_abandon(w->call, SARN_ERR_CLOSED, SARN__CLOSED_BEFORE);
        } else {
            w->closed = true;
            sarn__host_answer(host, w);
        }
    }
    host->visits.head = NULL; /* On the stacks of those just answered. */
    host->visits.tail = &host->visits.head;
    sarn__host_deliver(host);
}

void sarn_close(sarn_engine *engine)
{
    struct sarn__host *host;
    struct sarn__waiter waiter;

    if (engine == NULL) {
        return;
    }
    host = sarn__host_of(engine);
    if (host == NULL) {
        return; /* A forked child owns none of it. */
    }
    if (sarn__host_leads(host, NULL) != SARN_OK) {
        return; /* Its test owns it. */
    }
    sarn__waiter_init(&waiter);
    take_over(host, &waiter);
    sarn__control_server_stop(host->control);
    sarn__engine_stop(engine);
    host->again = true; /* What nobody waited for is appended now. */
    refuse_inbox(host);
    settle(host, &host->commits_out);
    turn_away(host);
    settle(host, &host->steps_out);
    settle(host, &host->commits_out);
    assert(host->commits_out == 0 && host->steps_out == 0 && host->line == NULL);
    host->gone = true;
    pthread_mutex_unlock(&host->mutex);
    /* Still the leader: the last replies are callbacks like any other. */
    sarn__host_destroy(host);
    sarn__waiter_done(&waiter);
}
