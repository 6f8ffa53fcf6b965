#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/testkit/testkit.h"

/* --- jobs kept back --- */

void sarn__held_init(struct sarn__held *held)
{
    *held = (struct sarn__held){.tail = &held->first};
}

void sarn__held_push(struct sarn__held *held, struct sarn__job *job)
{
    job->next = NULL;
    *held->tail = job;
    held->tail = &job->next;
    held->count++;
}

struct sarn__job *sarn__held_pop(struct sarn__held *held)
{
    struct sarn__job *job = held->first;

    assert(job != NULL);
    held->first = job->next;
    if (held->first == NULL) {
        held->tail = &held->first;
    }
    held->count--;
    return job;
}

static void release_all(sarn_test *test, struct sarn__held *held)
{
    while (held->count > 0) {
        sarn__sim_put(test->sim, sarn__held_pop(held), true);
    }
}

/* --- boundaries --- */

static void keep_boundary(sarn_test *test, struct sarn__boundary boundary)
{
    struct sarn__watch *watch = &test->watch;

    if (!watch->active || !watch->recording) {
        return;
    }
    if (watch->boundary_count == watch->boundary_capacity) {
        uint32_t capacity =
            watch->boundary_capacity == 0 ? 64 : 2 * watch->boundary_capacity;
        struct sarn__boundary *grown = sarn__heap_resize(&test->heap, watch->boundaries,
                                                         capacity * sizeof(*grown));

        if (grown == NULL) {
            watch->failed = true;
            return;
        }
        watch->boundaries = grown;
        watch->boundary_capacity = capacity;
    }
    watch->boundaries[watch->boundary_count++] = boundary;
}

static bool strikes(sarn_test *test, enum sarn__fault_kind kind, uint32_t nth)
{
    bool strikes =
        test->watch.active && sarn__faults_strike(&test->watch.faults, kind, nth);

    test->watch.struck = test->watch.struck || strikes;
    return strikes;
}

/* --- commits --- */

static bool work_on_commit(sarn_test *test, struct sarn__job *job)
{
    uint32_t nth = test->watch.active ? ++test->watch.commits : 0;

    keep_boundary(test, (struct sarn__boundary){.is_commit = true});
    if (strikes(test, SARN__FAULT_BEFORE_COMMIT, nth)) {
        sarn__test_power_off(test);
        sarn__sim_put(test->sim, job, false);
        return false;
    }
    job->work(job);
    if (strikes(test, SARN__FAULT_AFTER_COMMIT, nth)) {
        sarn__test_power_off(test);
    }
    return true;
}

/* --- calls of external steps --- */

static bool times_out(const struct sarn_step_call *call)
{
    const struct sarn_timeouts *timeouts = &call->step->timeouts;

    if (call->reconciling) {
        return false;
    }
    return call->compensation
               ? timeouts->compensation_us > 0
               : timeouts->start_to_close_us > 0 ||
                     timeouts->schedule_to_close_us > 0 || timeouts->heartbeat_us > 0;
}

/* What becomes of the answer of the nth call: by a fault, where it can be, or by its
 * script. */
static uint32_t find_reply(sarn_test *test,
                           const struct sarn__script *script,
                           const struct sarn__boundary *boundary,
                           uint32_t nth)
{
    static const enum sarn__fault_kind faults[] = {
        [SARN_TEST_LOST] = SARN__FAULT_REPLY_LOST,
        [SARN_TEST_NEVER] = SARN__FAULT_REPLY_NEVER,
        [SARN_TEST_DUPLICATE] = SARN__FAULT_REPLY_DUPLICATE,
        [SARN_TEST_LATE] = SARN__FAULT_REPLY_LATE,
        [SARN_TEST_OVERTAKEN] = SARN__FAULT_REPLY_OVERTAKEN};

    for (uint32_t reply = SARN_TEST_LOST; reply <= SARN_TEST_OVERTAKEN; reply++) {
        if (sarn__fault_fits(faults[reply], boundary) &&
            strikes(test, faults[reply], nth)) {
            return reply;
        }
    }
    return script == NULL ? (uint32_t)SARN_TEST_PROMPT : script->is.reply;
}

static bool hold(struct sarn__held *held, struct sarn__job *job)
{
    sarn__held_push(held, job);
    return false;
}

/* The step has acted: is its answer to be handed back like any other? */
static bool answer(sarn_test *test, struct sarn__job *job, uint32_t reply)
{
    switch (reply) {
    case SARN_TEST_LOST:
        sarn__test_power_off(test);
        return true;
    case SARN_TEST_NEVER:
        return hold(&test->never, job);
    case SARN_TEST_LATE:
        return hold(&test->late, job);
    case SARN_TEST_OVERTAKEN:
        return hold(&test->overtaken, job);
    default:
        return true;
    }
}

static bool work_on_step(sarn_test *test, struct sarn__job *job)
{
    struct sarn_step_call *call = sarn__call_of(job);
    struct sarn__script *script = NULL;
    const struct sarn__boundary boundary = {
        .repeatable = (call->step->flags & SARN_STEP_IDEMPOTENT) != 0,
        .timed = times_out(call)};
    uint32_t reply, nth;

    if (!sarn__step_job_begin(call->job)) {
        return true; /* It was taken back. */
    }
    script = sarn__script_take(test, call);
    if (script != NULL && script->is.act == SARN_TEST_HANG) {
        sarn__trace_note(test, "step %s hangs", call->step->id);
        return hold(&test->hanging, job);
    }
    nth = test->watch.active ? ++test->watch.calls : 0;
    keep_boundary(test, boundary);
    reply = find_reply(test, script, &boundary, nth);
    test->inside = false; /* It may call the engine, as from a worker. */
    test->working += 1;
    if (reply == SARN_TEST_DUPLICATE) {
        struct sarn_step_call before = *call;

        sarn__script_work(job, script);
        sarn__trace_call(test, call, nth);
        *call = before;
    }
    sarn__script_work(job, script);
    test->working -= 1;
    test->inside = true;
    sarn__trace_call(test, call, nth);
    return answer(test, job, reply);
}

static bool work_on(void *arg, struct sarn__job *job)
{
    sarn_test *test = arg;

    return job->kind == SARN__JOB_COMMIT ? work_on_commit(test, job)
                                         : work_on_step(test, job);
}

static void handed_back(void *arg, enum sarn__job_kind kind)
{
    sarn_test *test = arg;

    if (kind == SARN__JOB_STEP) {
        release_all(test, &test->overtaken);
    }
}

struct sarn__sim_hooks sarn__test_hooks(sarn_test *test)
{
    return (struct sarn__sim_hooks){
        .arg = test, .work = work_on, .handed_back = handed_back};
}

/* --- moving --- */

struct sarn__drive sarn__drive_begin(sarn_test *test)
{
    int64_t now_us = sarn__sim_now_us(test->sim);

    return (struct sarn__drive){.test = test,
                                .moves_left = test->options.moves_max,
                                .until_us =
                                    now_us > INT64_MAX - test->options.patience_us
                                        ? INT64_MAX
                                        : now_us + test->options.patience_us};
}

static bool move(sarn_test *test)
{
    bool was_inside = test->inside, moved;

    test->inside = true;
    moved = sarn__sim_move(test->sim);
    test->inside = was_inside;
    return moved;
}

/* Nothing can be done now. The next timer comes first, then an answer that is late. */
static enum sarn__drive_end skip(struct sarn__drive *drive)
{
    sarn_test *test = drive->test;
    int64_t wake_us = sarn__sim_wake_us(test->sim);
    int64_t now_us = sarn__sim_now_us(test->sim);
    bool timer = wake_us != INT64_MAX && wake_us <= drive->until_us;

    if (test->overtaken.count > 0) { /* By nobody. */
        release_all(test, &test->overtaken);
    } else if (test->late.count > 0 && (test->late_waited || !timer)) {
        test->late_waited = false;
        release_all(test, &test->late);
    } else if (timer) {
        test->late_waited = test->late.count > 0;
        sarn__sim_advance(test->sim, wake_us > now_us ? wake_us - now_us : 1);
    } else {
        return SARN__DRIVE_IDLE;
    }
    return SARN__DRIVE_MOVED;
}

enum sarn__drive_end sarn__drive_step(struct sarn__drive *drive)
{
    if (drive->test->off) {
        return SARN__DRIVE_OFF;
    }
    if (drive->moves_left == 0) {
        return SARN__DRIVE_ENDLESS;
    }
    drive->moves_left -= 1;
    return move(drive->test) ? SARN__DRIVE_MOVED : skip(drive);
}

static sarn_status power_is_gone(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_CLOSED,
                      "the power is gone: open the log again with sarn_test_reopen()");
}

sarn_status sarn__drive_status(enum sarn__drive_end end,
                               const struct sarn__drive *drive,
                               struct sarn_error *error)
{
    switch (end) {
    case SARN__DRIVE_OFF:
        return power_is_gone(error);
    case SARN__DRIVE_ENDLESS:
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "not done after %llu moves: something goes round in circles, "
                          "or moves_max is too small for the test",
                          (unsigned long long)drive->test->options.moves_max);
    case SARN__DRIVE_MOVED:
    case SARN__DRIVE_IDLE:
        break;
    }
    return SARN_OK;
}

/* --- the calls on the engine --- */

/* Move until waiter is answered, or until that cannot be any more. */
static void await(sarn_test *test, struct sarn__waiter *waiter)
{
    struct sarn__drive drive = sarn__drive_begin(test);
    enum sarn__drive_end end = SARN__DRIVE_MOVED;
    struct sarn_error error;

    while (!waiter->answered && end == SARN__DRIVE_MOVED) {
        end = sarn__drive_step(&drive);
    }
    if (waiter->answered) {
        return;
    }
    if (end == SARN__DRIVE_IDLE) {
        sarn__call_abandon(waiter->call, SARN_ERR_TIMEOUT,
                           "nothing is left to do, and this was not answered: it waits "
                           "for what does not come");
    } else {
        sarn_status status = sarn__drive_status(end, &drive, &error);

        sarn__call_abandon(waiter->call, status, error.text);
    }
}

static sarn_status reentrant(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_REENTRANT,
                      "a call that waits was made in a callback, which it would wait "
                      "for: submit with a reply function instead");
}

static sarn_status submit(void *self,
                          struct sarn__request *request,
                          struct sarn__waiter *waiter,
                          struct sarn_error *error)
{
    sarn_test *test = self;

    if (test->off) {
        return power_is_gone(error);
    }
    if (waiter != NULL && test->inside) {
        return reentrant(error);
    }
    sarn__sim_hand_over(test->sim, request);
    if (waiter != NULL) {
        await(test, waiter);
    }
    return SARN_OK;
}

static sarn_status visit(void *self,
                         bool in_callbacks,
                         sarn_status (*call)(void *arg),
                         void *arg,
                         struct sarn_error *error)
{
    sarn_test *test = self;

    if (test->off) {
        return power_is_gone(error);
    }
    if (test->inside) {
        return in_callbacks ? call(arg) : reentrant(error);
    }
    sarn__engine_settle(sarn__sim_engine(test->sim));
    SARN__TRY(sarn__engine_knows(sarn__sim_engine(test->sim), error));
    return call(arg);
}

const struct sarn__driver_ops sarn__test_driver = {.submit = submit, .visit = visit};
