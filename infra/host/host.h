/* host.h - what stands around the passive engine: threads, a loop, and who may
 * dispatch.
 *
 * Requests, questions and finished jobs arrive from any thread in three queues under
 * one mutex. One thread at a time, the leader, empties them into the engine, polls it
 * and hands its jobs out: one round. Leading is a role, not a thread:
 *
 *   nobody ---- a blocking call, sarn_dispatch() ---> leading, until it is answered
 *   nobody ---- sarn_run(), Sarn's own thread ------> leading, until sarn_stop()
 *   leading --- done; others wait in the line ------> the first of the line leads
 *   leading --- done; nobody waits -----------------> nobody
 *
 * A blocking call that finds a leader stands in the line: it is either answered or,
 * when the leader leaves, made the next one. So one client alone does everything on its
 * own thread, and many clients share rounds and commits, with no thread of ours
 * involved.
 *
 * Waking: while the leader is awake it looks at the queues again before it sleeps, so
 * nobody makes a system call to tell it. It sleeps on a semaphore when it is a caller,
 * in the loop's descriptor when it is a loop or a control socket is served; where
 * nobody leads, that descriptor tells the embedder.
 *
 * The invariant, at every unlock: there is a leader if there is a line; work in the
 * queues is seen by an awake leader, or a wake is on its way.
 */
#ifndef SARN_INFRA_HOST_HOST_H
#define SARN_INFRA_HOST_HOST_H

#include <pthread.h>
#include <semaphore.h>

#include "engine/engine.h"
#include "infra/host/control_server.h"
#include "infra/posix/loop.h"
#include "infra/posix/process.h"
#include "infra/posix/workers.h"

struct sarn__call;

/* A thread that waits, on its own stack. Once it is answered it does not touch the host
 * again, which may be gone by then. */
struct sarn__waiter {
    struct sarn__waiter *next, **link; /* In the line; link NULL: not there. */
    struct sarn__waiter *next_answered;
    struct sarn__call *call; /* Of a request: calls.c. Else NULL. */
    sem_t sem;
    bool answered; /* Else, when woken: it leads now. */
    bool wants_room;
    bool urgent; /* Wants to lead, and gets it before anybody's next round. */
    bool closed; /* Answered because the engine is closing. */
};

/* Something to run on the leader's thread; on the asker's stack. */
struct sarn__visit {
    struct sarn__visit *next;
    sarn_status (*call)(void *arg);
    void *arg;
    struct sarn_error *error;
    sarn_status status;
    struct sarn__waiter waiter;
};

enum sarn__attention {
    SARN__AWAY,    /* To be woken through the loop's descriptor. */
    SARN__NAPPING, /* To be woken through the semaphore nap. */
    SARN__AWAKE
};

struct sarn__requests {
    struct sarn__request *head, **tail;
    uint32_t count;
};

struct sarn__visits {
    struct sarn__visit *head, **tail;
};

struct sarn__jobs {
    struct sarn__job *head, **tail;
};

/* Who moves an engine that has neither threads nor a clock (infra/testkit/): what the
 * public calls ask for comes out here, on their caller's thread, and nothing else of
 * the host is at work. */
struct sarn__driver_ops {
    /* As sarn__host_submit() and sarn__host_visit(). */
    sarn_status (*submit)(void *self,
                          struct sarn__request *request,
                          struct sarn__waiter *waiter,
                          struct sarn_error *error);
    sarn_status (*visit)(void *self,
                         bool in_callbacks,
                         sarn_status (*call)(void *arg),
                         void *arg,
                         struct sarn_error *error);
};

struct sarn__driver {
    const struct sarn__driver_ops *ops; /* NULL: the host leads by itself. */
    void *self;
};

struct sarn__host {
    /* Constant. */
    sarn_engine *engine;
    struct sarn__driver driver;
    struct sarn_heap heap;
    struct sarn_hooks hooks;
    struct sarn__process_mark *mark;
    struct sarn__loop *loop;
    struct sarn__workers *committer;
    struct sarn__workers *steps;          /* NULL: no workflow is registered. */
    struct sarn__control_server *control; /* NULL: no control socket is served. */
    uint32_t queue_max;
    bool wait_for_room;
    void (*release)(void *arg); /* What the engine stood on; may be NULL. */
    void *release_arg;

    pthread_mutex_t mutex;
    /* Under the mutex: */
    struct sarn__requests inbox;
    struct sarn__visits visits;
    struct sarn__jobs finished;
    uint32_t undecided; /* Requests that the engine has and has not decided. */
    enum sarn__attention attention;
    bool woken; /* The loop's descriptor has been written to. */
    bool led;
    bool leader_known; /* False while the role is on its way to the next. */
    pthread_t leader;
    struct sarn__waiter *line, **line_tail;
    uint32_t room_wanted; /* Waiters in the line that want room. */
    uint32_t urgent;      /* Waiters in the line that are. */
    bool looping;         /* sarn_run() or Sarn's own thread is there. */
    bool stop;
    bool closing;
    bool gone;        /* The engine is being destroyed. */
    bool thread_made; /* thread is to be joined. */
    pthread_t thread;

    sem_t nap;

    /* The leader's: */
    struct sarn__waiter *answered; /* Replies made in this round. */
    uint32_t commits_out, steps_out;
    uint32_t inline_left; /* Appends that may still be made inline. */
    bool again;           /* The engine wants another poll. */
    int64_t wake_us;
};

/* --- life (host.c) --- */

/* Make threads and descriptors for an engine to be opened with options (defaults filled
 * in). SARN_ERR_NOMEM, SARN_ERR_IO: no threads or descriptors. */
SARN_MUST_USE sarn_status sarn__host_create(const struct sarn_options *options,
                                            struct sarn__host **host,
                                            struct sarn_error *error);
/* The same for an engine that driver moves: without threads, descriptors and waking. */
SARN_MUST_USE sarn_status sarn__host_create_driven(const struct sarn_options *options,
                                                   struct sarn__driver driver,
                                                   struct sarn__host **host,
                                                   struct sarn_error *error);
/* Put host around engine, which moves to it; so does what release(arg) gives back, once
 * the engine is gone. */
void sarn__host_attach(struct sarn__host *host,
                       sarn_engine *engine,
                       void (*release)(void *arg),
                       void *arg);
/* Serve the control socket of the log at path, from now on. Errors as
 * sarn__control_server_create(). */
SARN_MUST_USE sarn_status sarn__host_serve(struct sarn__host *host,
                                           const char *path,
                                           struct sarn_error *error);
/* Nobody is inside and no job is out; engine may be NULL. Destroys both. */
void sarn__host_destroy(struct sarn__host *host);

/* Let go of the engine, which its driver has destroyed. */
void sarn__host_detach(struct sarn__host *host);

/* SARN_ERR_STATE where a driver moves the engine: its caller cannot. */
SARN_MUST_USE sarn_status sarn__host_leads(const struct sarn__host *host,
                                           struct sarn_error *error);
/* The host of engine, or NULL in a forked child. [any thread] */
struct sarn__host *sarn__host_of(const sarn_engine *engine);
/* The error for that NULL. */
SARN_MUST_USE sarn_status sarn__host_forked(struct sarn_error *error);

/* --- rounds (round.c); all with the mutex held, by the leader --- */

/* May another request be put into the inbox? */
bool sarn__host_has_room(const struct sarn__host *host);
/* Is there anything to do now? */
bool sarn__host_pending(const struct sarn__host *host);
/* Take everything from the queues, poll the engine once, hand out jobs. Unlocks while
 * it works. */
void sarn__host_round(struct sarn__host *host);
/* Sleep until there is something to do. Unlocks while it sleeps. */
void sarn__host_nap(struct sarn__host *host);
/* A job's work is done. Takes the mutex itself. [worker thread] */
void sarn__host_job_done(void *arg, struct sarn__job *job);
/* Note that waiter's answer is there; it hears at the end of the round, or of
 * sarn__host_deliver(). Needs no mutex. */
void sarn__host_answer(struct sarn__host *host, struct sarn__waiter *waiter);
/* Tell those who were answered. Unlocks while it does. */
void sarn__host_deliver(struct sarn__host *host);

/* --- the role (role.c) --- */

void sarn__waiter_init(struct sarn__waiter *waiter);
void sarn__waiter_done(struct sarn__waiter *waiter);

/* Is the calling thread the leader, that is, in a callback? With the mutex held. */
bool sarn__host_on_leader(const struct sarn__host *host);
/* Make sure that a leader, or whoever polls the descriptor, looks. With the mutex held:
 * after an unlock the host may be gone. */
void sarn__host_wake(struct sarn__host *host);
/* Wait until waiter is answered, or has the room it wants, leading while nobody else
 * does. Unlocks. */
void sarn__host_await(struct sarn__host *host, struct sarn__waiter *waiter);
/* Become the leader, ahead of all who only wait for answers. With the mutex held, on
 * return too. */
void sarn__host_lead(struct sarn__host *host, struct sarn__waiter *waiter);
/* Be the leader, now that nobody is; with the mutex held. */
void sarn__host_take(struct sarn__host *host);
/* Stop leading: the first of the line does now, or nobody. With the mutex held. */
void sarn__host_leave(struct sarn__host *host);
/* Take waiter out of the line. With the mutex held. */
void sarn__host_unline(struct sarn__host *host, struct sarn__waiter *waiter);

/* --- submitting (submit.c) --- */

/* Put request into the inbox, which owns it on success; waiting for room if that is how
 * the engine was opened. waiter NULL: return at once; else await its answer.
 * SARN_ERR_OVERLOADED, SARN_ERR_CLOSED, SARN_ERR_REENTRANT (with waiter). */
SARN_MUST_USE sarn_status sarn__host_submit(struct sarn__host *host,
                                            struct sarn__request *request,
                                            struct sarn__waiter *waiter,
                                            struct sarn_error *error);
/* Run call(arg) on the leader's thread and wait for what it answers. in_callbacks: may
 * also be asked there, and is then called directly; else SARN_ERR_REENTRANT. */
SARN_MUST_USE sarn_status sarn__host_visit(struct sarn__host *host,
                                           bool in_callbacks,
                                           sarn_status (*call)(void *arg),
                                           void *arg,
                                           struct sarn_error *error);

/* Tell a blocked caller that its answer does not come, and why; its request stays where
 * it is. By the leader. (calls.c) */
void sarn__call_abandon(struct sarn__call *call, sarn_status status, const char *text);
#define SARN__CLOSED_BEFORE                                                            \
    "the engine closed before this was answered: open the log again, and submit it "   \
    "again under the same idempotency key"

/* As sarn_schedule_put(), its input as JSON instead. (calls.c) */
SARN_MUST_USE sarn_status sarn__host_schedule_put(sarn_engine *engine,
                                                  const struct sarn_schedule *schedule,
                                                  struct sarn_str json,
                                                  struct sarn_error *error);

/* --- option structs (sized.c) --- */

/* Is from a caller's struct of at least minimum bytes, the size in version 1? Its first
 * member, struct_size, says. SARN_ERR_INVALID: names it. */
SARN_MUST_USE sarn_status sarn__sized_check(const void *from,
                                            size_t minimum,
                                            const char *name,
                                            struct sarn_error *error);
/* Copy it to ours of size bytes: what an older caller does not know is zero, what a
 * newer one adds is left out. */
SARN_MUST_USE sarn_status sarn__sized_copy(void *to,
                                           size_t size,
                                           size_t minimum,
                                           const void *from,
                                           const char *name,
                                           struct sarn_error *error);

/* --- a log that nobody runs (infra/open.c) --- */

/* Ports over the journal of the log at path, which is made, with id and time of making,
 * if it is not there; to be given back to sarn__bare_close(). Errors as sarn_open(). */
struct sarn__bare {
    struct sarn_ports ports;
    void *grounds;
};
SARN_MUST_USE sarn_status sarn__bare_open(const char *path,
                                          const struct sarn_uuid *log_id,
                                          int64_t created_us,
                                          struct sarn__bare *bare,
                                          struct sarn_error *error);
void sarn__bare_close(struct sarn__bare *bare);
/* A UUIDv7 for a log that does not exist yet. */
SARN_MUST_USE sarn_status sarn__bare_make_id(struct sarn_uuid *id,
                                             struct sarn_error *error);

#endif
