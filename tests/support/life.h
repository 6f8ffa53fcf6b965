/* life.h - the life of an execution, told event by event: each is folded, and what came
 * of it is text.
 *
 *   assert_string_equal(LIFE(&f, START, INTENT(A, N(1))), "running: a running n1");
 *
 * Every event is also tried with every amount of memory that is too little: it must
 * then change nothing.
 */
#ifndef SARN_TESTS_SUPPORT_LIFE_H
#define SARN_TESTS_SUPPORT_LIFE_H

#include "core/execution.h"
#include "support/heap.h"
#include "support/test.h"

#define LIFE_EVENTS_MAX 64u
#define LIFE_TEXT       2048u

typedef struct sarn__execution_event life_event; /* Short: tests are full of them. */

struct life {
    struct test_heap heap;
    struct sarn_arena *arena;
    struct sarn__execution execution;
    struct sarn_error error;
    life_event history[LIFE_EVENTS_MAX];
    uint32_t count;
    char text[LIFE_TEXT];
};

void life_begin(struct life *f);
void life_end(struct life *f);

/* These happen; what the execution is then:
 *   "running @a>c: a done n1 o1; b#2 failed n3 (no: never)"
 * @ is its place and what it chose, # a visit, n and c attempts, o the order of
 * undoing. */
const char *life_fold(struct life *f, const life_event *events, size_t count);
/* This cannot happen: changes nothing. The error's words. */
const char *life_refuses(struct life *f, const life_event *event);
const char *life_text(struct life *f);
/* All that can be seen of execution, for comparisons. */
void life_describe(const struct sarn__execution *execution, char *text, size_t size);

#define LIFE(f, ...)                                                                   \
    life_fold((f), (const life_event[]){__VA_ARGS__},                                  \
              COUNT(((const life_event[]){__VA_ARGS__})))
/* One more life, from its beginning to its end. */
#define assert_life(expected, ...)                                                     \
    do {                                                                               \
        struct life f_ = {.count = 0};                                                 \
        life_begin(&f_);                                                               \
        assert_string_equal(LIFE(&f_, __VA_ARGS__), (expected));                       \
        life_end(&f_);                                                                 \
    } while (0)
/* The last of these cannot happen, all before it can. */
#define assert_not_life(...)                                                           \
    do {                                                                               \
        struct life f_ = {.count = 0};                                                 \
        const life_event events_[] = {__VA_ARGS__};                                    \
        life_begin(&f_);                                                               \
        life_fold(&f_, events_, COUNT(events_) - 1);                                   \
        life_refuses(&f_, &events_[COUNT(events_) - 1]);                               \
        life_end(&f_);                                                                 \
    } while (0)

#define A            .step = SARN_STR("a")
#define B            .step = SARN_STR("b")
#define C            .step = SARN_STR("c")
#define N(n)         .attempt = (n)
#define V(n)         .visit = (n)
#define IN_G         .group = SARN_STR("g")
#define UNDO         .compensation = true
#define NEXT(id)     .chose = true, .next = SARN_STR(id)
#define STEPS(array) .steps = (array), .step_count = COUNT(array)

#define EVENT(kind_, ...)                                                              \
    {                                                                                  \
        .kind = SARN__##kind_, __VA_ARGS__                                             \
    }
#define START         EVENT(STARTED, .time_us = 1)
#define INTENT(...)   EVENT(STEP_STARTED, __VA_ARGS__)
#define OK(...)       EVENT(STEP_SUCCEEDED, __VA_ARGS__)
#define FAILED(...)   EVENT(STEP_FAILED, __VA_ARGS__)
#define AGAIN(...)    EVENT(STEP_FAILED, .retry_at_us = 9, __VA_ARGS__)
#define LATE(...)     EVENT(STEP_TIMED_OUT, __VA_ARGS__)
#define FATE(f, ...)  EVENT(STEP_RECONCILED, .fate = (f), __VA_ARGS__)
#define AWAITS(...)   EVENT(STEP_AWAITS, __VA_ARGS__)
#define DROPPED(...)  EVENT(STEP_CANCELLED, __VA_ARGS__)
#define HAD(...)      EVENT(STEP_INHERITED, __VA_ARGS__)
#define JOINED        EVENT(GROUP_JOINED, IN_G)
#define SIGNAL(...)   EVENT(SIGNAL_RECEIVED, .name = SARN_STR("s"), __VA_ARGS__)
#define UPDATE(...)   EVENT(UPDATE_ACCEPTED, .name = SARN_STR("s"), __VA_ARGS__)
#define PROMISE(...)  EVENT(PROMISE_SETTLED, __VA_ARGS__)
#define CHILD(s, ...) EVENT(CHILD_ENDED, .status = SARN_EXECUTION_##s, __VA_ARGS__)
#define CANCELS       EVENT(CANCEL_REQUESTED, .text = SARN_STR("enough"))
#define TERMINATES    EVENT(CANCEL_REQUESTED, .terminate = true)
#define ASK_UNDO      EVENT(UNDO_REQUESTED, .text = SARN_STR("parent"))
#define PAUSE         EVENT(PAUSED, .time_us = 0)
#define RESUME        EVENT(RESUMED, .time_us = 0)
#define BEGAN(...)    EVENT(COMPENSATION_BEGAN, __VA_ARGS__)
#define BY(c)         .cause = SARN__CAUSE_##c
#define RESET(...)    EVENT(RESET_REQUESTED, __VA_ARGS__)
#define REWOUND(...)  EVENT(REWOUND, __VA_ARGS__)
#define PARKED(...)                                                                    \
    EVENT(PARKED, .code = SARN_STR("c"), .text = SARN_STR("t"), __VA_ARGS__)
#define DECIDED(d, ...) EVENT(UNPARKED, .decision = SARN__DECIDE_##d, __VA_ARGS__)
#define COMPLETED       EVENT(COMPLETED, .time_us = 0)
#define COMPENSATED(c)  EVENT(COMPENSATED, BY(c))
#define CONTINUED       EVENT(CONTINUED, .time_us = 0)

#endif
