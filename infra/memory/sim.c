#include "infra/memory/sim.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/memory/clock.h"
#include "infra/memory/codec.h"
#include "infra/memory/hash.h"
#include "infra/memory/random.h"

#define START_US  INT64_C(1577836800000000) /* 2020-01-01 */
#define PID       4711u
#define MOVES_MAX UINT64_C(1000000) /* A run that takes more goes round in circles. */

struct jobs {
    struct sarn__job *head, **tail;
    uint32_t count;
};

struct sarn__sim {
    struct sarn_heap heap;
    struct sarn_options options;
    struct sarn__sim_hooks hooks;
    struct sarn_ports ports; /* But for the journal, which each opening has anew. */
    struct sarn__memory_store *store;
    struct sarn__memory_clock clock;
    struct sarn__memory_random ids;   /* The engine's. */
    struct sarn__memory_random draws; /* Ours. */
    sarn_engine *engine;
    struct jobs commits; /* Handed out; the first is the committer's. */
    struct jobs steps;   /* Handed out; any may be next. */
    struct jobs done;    /* The work is done; any may be handed back next. */
    uint32_t commits_done;
    bool still;
    bool news; /* A poll would find something. */
    int64_t wake_us;
};

/* --- lists of jobs --- */

static void jobs_init(struct jobs *jobs)
{
    *jobs = (struct jobs){.tail = &jobs->head};
}

static void jobs_push(struct jobs *jobs, struct sarn__job *job)
{
    job->next = NULL;
    *jobs->tail = job;
    jobs->tail = &job->next;
    jobs->count++;
}

static struct sarn__job *jobs_take(struct jobs *jobs, uint64_t index)
{
    struct sarn__job **link = &jobs->head;
    struct sarn__job *job;

    assert(index < jobs->count);
    for (uint64_t i = 0; i < index; i++) {
        link = &(*link)->next;
    }
    job = *link;
    *link = job->next;
    if (job->next == NULL) {
        jobs->tail = link;
    }
    jobs->count--;
    job->next = NULL;
    return job;
}

/* --- life --- */

static void forget_jobs(struct sarn__sim *sim)
{
    jobs_init(&sim->commits);
    jobs_init(&sim->steps);
    jobs_init(&sim->done);
    sim->commits_done = 0;
    sim->news = true;
    sim->wake_us = INT64_MAX;
}

static void fill_defaults(struct sarn_options *options)
{
    options->struct_size = sizeof(*options);
    options->workers = options->workers != 0 ? options->workers : 8;
    options->cache_bytes = options->cache_bytes != 0 ? options->cache_bytes : 32u << 20;
    options->queue_max = options->queue_max != 0 ? options->queue_max : 65536;
    options->tail_max = options->tail_max != 0 ? options->tail_max : 32768;
    options->heap = sarn__heap_or_malloc(&options->heap);
}

sarn_status sarn__sim_create(const struct sarn__sim_options *options,
                             struct sarn__sim **sim,
                             struct sarn_error *error)
{
    struct sarn_heap heap = sarn__heap_or_malloc(&options->options.heap);
    struct sarn__sim *made = sarn__heap_alloc(&heap, sizeof(*made));
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a simulation");
    }
    made->heap = heap;
    made->options = options->options;
    made->hooks = options->hooks;
    made->still = options->still;
    fill_defaults(&made->options);
    made->clock.now_us = options->start_us != 0 ? options->start_us : START_US;
    made->ids.state = options->seed;
    made->draws.state = ~options->seed;
    made->ports = (struct sarn_ports){
        .codec = options->codec.ops != NULL ? options->codec : sarn__memory_codec(),
        .json = options->json,
        .hash = options->hash.ops != NULL ? options->hash : sarn__memory_hash(),
        .clock = sarn__memory_clock(&made->clock),
        .random = sarn__memory_random(&made->ids),
        .zones = options->zones,
        .heap = heap,
    };
    made->store = sarn__memory_store_create(&heap);
    if (made->store == NULL) {
        status = sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a store");
    } else {
        status = sarn__sim_open(made, NULL, 0, error);
    }
    if (status != SARN_OK) {
        sarn__sim_destroy(made);
        return status;
    }
    *sim = made;
    return SARN_OK;
}

void sarn__sim_destroy(struct sarn__sim *sim)
{
    struct sarn_heap heap;

    if (sim == NULL) {
        return;
    }
    if (sim->engine != NULL) {
        sarn__sim_crash(sim);
    }
    sarn__memory_store_destroy(sim->store);
    heap = sim->heap;
    sarn__heap_free(&heap, sim);
}

struct sarn_options *sarn__sim_next_options(struct sarn__sim *sim)
{
    return &sim->options;
}

sarn_status sarn__sim_open(struct sarn__sim *sim,
                           const struct sarn_module *const *modules,
                           uint32_t module_count,
                           struct sarn_error *error)
{
    struct sarn__engine_config config = {.pid = PID, .host = SARN_STR("sim")};
    sarn_status status;

    assert(sim->engine == NULL);
    if (modules != NULL) {
        sim->options.modules = modules;
        sim->options.module_count = module_count;
    }
    config.ports = sim->ports;
    config.options = sim->options;
    forget_jobs(sim);
    SARN__TRY(
        sarn__memory_journal_open(sim->store, 0, PID, &config.ports.journal, error));
    status = sarn__engine_create(&config, &sim->engine, error);
    if (status != SARN_OK) {
        config.ports.journal.ops->close(config.ports.journal.self);
    }
    return status;
}

/* An engine to be destroyed wants its jobs back, done or not: nothing comes of it. */
static void give_back_all(struct sarn__sim *sim, struct jobs *jobs)
{
    while (jobs->count > 0) {
        sarn__engine_finish(sim->engine, jobs_take(jobs, 0));
    }
}

void sarn__sim_crash(struct sarn__sim *sim)
{
    assert(sim->engine != NULL);
    /* First the power, so that nothing said in parting can become durable. */
    sarn__memory_store_crash(sim->store);
    give_back_all(sim, &sim->commits);
    give_back_all(sim, &sim->steps);
    give_back_all(sim, &sim->done);
    sarn__engine_destroy(sim->engine);
    sim->engine = NULL;
    forget_jobs(sim);
}

sarn_status sarn__sim_crash_reopen(struct sarn__sim *sim, struct sarn_error *error)
{
    sarn__sim_crash(sim);
    return sarn__sim_open(sim, NULL, 0, error);
}

void sarn__sim_close(struct sarn__sim *sim)
{
    assert(sim->engine != NULL);
    sarn__engine_stop(sim->engine);
    sim->news = true;
    while (sarn__sim_move(sim)) {
    }
    assert(sim->commits.count + sim->steps.count + sim->done.count == 0);
    sarn__engine_destroy(sim->engine);
    sim->engine = NULL;
    forget_jobs(sim);
}

/* --- looking --- */

sarn_engine *sarn__sim_engine(struct sarn__sim *sim)
{
    return sim->engine;
}

struct sarn__memory_store *sarn__sim_store(struct sarn__sim *sim)
{
    return sim->store;
}

uint64_t sarn__sim_draw(struct sarn__sim *sim, uint64_t below)
{
    assert(below > 0);
    return sarn__memory_random_next(&sim->draws) % below;
}

int64_t sarn__sim_wake_us(const struct sarn__sim *sim)
{
    return sim->wake_us;
}

int64_t sarn__sim_now_us(const struct sarn__sim *sim)
{
    return sim->clock.now_us;
}

void sarn__sim_advance(struct sarn__sim *sim, int64_t by_us)
{
    sim->clock.now_us += by_us;
    sim->news = sim->news || sim->clock.now_us >= sim->wake_us;
}

uint32_t sarn__sim_jobs(const struct sarn__sim *sim, enum sarn__job_kind kind)
{
    return kind == SARN__JOB_COMMIT
               ? sim->commits.count + sim->commits_done
               : sim->steps.count + sim->done.count - sim->commits_done;
}

void sarn__sim_fail_append(struct sarn__sim *sim,
                           uint32_t nth,
                           enum sarn__memory_fault fault)
{
    sarn__memory_store_fail(sim->store, nth, fault);
}

/* --- requests --- */

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct sarn__sim_outcome *outcome = arg;

    outcome->answers++;
    outcome->status = reply->status;
    outcome->position = reply->position;
    outcome->version = reply->version;
    outcome->event_count = reply->event_count;
    outcome->repeated = reply->repeated;
    snprintf(outcome->text, sizeof(outcome->text), "%s",
             reply->text != NULL ? reply->text : "");
}

void sarn__sim_request(struct sarn__sim *sim,
                       struct sarn__request *request,
                       struct sarn__sim_outcome *outcome)
{
    assert(sim->engine != NULL);
    request->reply = on_reply;
    request->reply_arg = outcome;
    sarn__sim_hand_over(sim, request);
}

void sarn__sim_hand_over(struct sarn__sim *sim, struct sarn__request *request)
{
    assert(sim->engine != NULL);
    sarn__engine_submit(sim->engine, request);
    sim->news = true;
}

sarn_status sarn__sim_submit(struct sarn__sim *sim,
                             const struct sarn_command *command,
                             struct sarn__sim_outcome *outcome,
                             struct sarn_error *error)
{
    struct sarn__request *request;

    SARN__TRY(sarn__request_command(sim->engine, command, &request, error));
    sarn__sim_request(sim, request, outcome);
    return SARN_OK;
}

sarn_status sarn__sim_append(struct sarn__sim *sim,
                             const struct sarn_append *append,
                             struct sarn__sim_outcome *outcome,
                             struct sarn_error *error)
{
    struct sarn__request *request;

    SARN__TRY(sarn__request_append(sim->engine, append, &request, error));
    sarn__sim_request(sim, request, outcome);
    return SARN_OK;
}

sarn_status sarn__sim_start(struct sarn__sim *sim,
                            const struct sarn_start *start,
                            struct sarn__sim_outcome *outcome,
                            struct sarn_error *error)
{
    struct sarn__request *request;

    SARN__TRY(sarn__request_start(sim->engine, start, &request, error));
    sarn__sim_request(sim, request, outcome);
    return SARN_OK;
}

void sarn__sim_poke(struct sarn__sim *sim)
{
    sim->news = true;
}

/* --- moves --- */

static void poll_engine(struct sarn__sim *sim)
{
    struct sarn__duties duties = {.wake_us = INT64_MAX};
    struct sarn__job *job;

    sarn__engine_poll(sim->engine, &duties);
    while ((job = duties.jobs) != NULL) {
        duties.jobs = job->next;
        jobs_push(job->kind == SARN__JOB_COMMIT ? &sim->commits : &sim->steps, job);
    }
    sim->wake_us = duties.wake_us;
    sim->news = duties.again;
}

void sarn__sim_put(struct sarn__sim *sim, struct sarn__job *job, bool worked)
{
    if (!worked) {
        jobs_push(job->kind == SARN__JOB_COMMIT ? &sim->commits : &sim->steps, job);
        return;
    }
    sim->commits_done += job->kind == SARN__JOB_COMMIT ? 1 : 0;
    jobs_push(&sim->done, job);
}

static void work(struct sarn__sim *sim, struct sarn__job *job)
{
    if (sim->hooks.work == NULL) {
        job->work(job);
    } else if (!sim->hooks.work(sim->hooks.arg, job)) {
        return;
    }
    sarn__sim_put(sim, job, true);
}

static void hand_back(struct sarn__sim *sim, struct sarn__job *job)
{
    enum sarn__job_kind kind = (enum sarn__job_kind)job->kind;

    sim->commits_done -= kind == SARN__JOB_COMMIT ? 1 : 0;
    sarn__engine_finish(sim->engine, job);
    sim->news = true;
    if (sim->hooks.handed_back != NULL) {
        sim->hooks.handed_back(sim->hooks.arg, kind);
    }
}

bool sarn__sim_move(struct sarn__sim *sim)
{
    uint64_t polls = sim->news || sim->clock.now_us >= sim->wake_us ? 1 : 0;
    uint64_t commits = sim->commits.count > 0 ? 1 : 0; /* They keep their order. */
    uint64_t steps = sim->steps.count, done = sim->done.count;
    uint64_t pick;

    assert(sim->engine != NULL);
    if (polls + commits + steps + done == 0) {
        return false;
    }
    pick = sarn__sim_draw(sim, polls + commits + steps + done);
    if (!sim->still) {
        sarn__sim_advance(sim, 1 + (int64_t)sarn__sim_draw(sim, 100));
    }
    if (pick < polls) {
        poll_engine(sim);
    } else if (pick < polls + commits) {
        work(sim, jobs_take(&sim->commits, 0));
    } else if (pick < polls + commits + steps) {
        work(sim, jobs_take(&sim->steps, pick - polls - commits));
    } else {
        hand_back(sim, jobs_take(&sim->done, pick - polls - commits - steps));
    }
    return true;
}

bool sarn__sim_run_moves(struct sarn__sim *sim, uint64_t moves)
{
    for (uint64_t i = 0; i < moves; i++) {
        if (!sarn__sim_move(sim)) {
            if (sim->wake_us == INT64_MAX) {
                return false;
            }
            sarn__sim_advance(sim, sim->wake_us - sim->clock.now_us);
        }
    }
    return true;
}

void sarn__sim_run(struct sarn__sim *sim)
{
    bool more = sarn__sim_run_moves(sim, MOVES_MAX);

    assert(!more);
    (void)more;
}
