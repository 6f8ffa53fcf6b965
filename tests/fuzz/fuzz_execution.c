/* An execution's life as a walk that the input steers: what it is told, how its calls
 * end, when the clock moves and the process dies. Whatever is planned can be folded.
 *
 * An input that begins with an odd byte writes events of its own, too, as a damaged or
 * forged log would: the fold takes or refuses them, and what it took can be planned. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/plan.h"

#define EVENTS_MAX 400u
#define HOUR_US    (INT64_C(3600) * 1000000)

static sarn_status nobody_calls(struct sarn_step_call *call)
{
    (void)call;
    abort();
}

#define BOTH .run = nobody_calls, .compensate = nobody_calls

static const char *const was_a[] = {"old", NULL};
static const char *const on_a[] = {"a", NULL};
static const struct sarn_step line[] = {
    {.id = "a", BOTH, .reconcile = nobody_calls, .aliases = was_a},
    {.id = "b", BOTH, .flags = SARN_STEP_IDEMPOTENT, .depends_on = on_a},
    {.id = "c", BOTH, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "d", BOTH, .kind = SARN_STEP_LOCAL},
    {.id = "e", BOTH, .timeouts = {.start_to_close_us = HOUR_US}},
};
static const struct sarn_step group[] = {
    {.id = "a", .kind = SARN_STEP_TIMER, .delay_us = HOUR_US, .group = "g"},
    {.id = "b", BOTH, .group = "g", .flags = SARN_STEP_IDEMPOTENT},
    {.id = "c",
     .kind = SARN_STEP_SIGNAL,
     .signal = "s",
     .group = "g",
     .timeouts = {.schedule_to_close_us = HOUR_US}},
    {.id = "d",
     BOTH,
     .reconcile = nobody_calls,
     .group = "g",
     .timeouts = {.start_to_close_us = HOUR_US, .schedule_to_close_us = 2 * HOUR_US}},
    {.id = "e", BOTH, .kind = SARN_STEP_LOCAL, .next = "a", .visits_max = 3},
};
static const struct sarn_group joins[] = {{"g", SARN_JOIN_COUNT, 2}};
static const struct sarn_step waits[] = {
    {.id = "a",
     .kind = SARN_STEP_SIGNAL,
     .signal = "s",
     .on_timeout = "d",
     .timeouts = {.schedule_to_close_us = HOUR_US}},
    {.id = "b", .kind = SARN_STEP_PROMISE},
    {.id = "c", .kind = SARN_STEP_CHILD, .child = "other"},
    {.id = "d", BOTH, .kind = SARN_STEP_LOCAL},
    {.id = "e",
     BOTH,
     .flags = SARN_STEP_IDEMPOTENT,
     .timeouts = {.compensation_us = HOUR_US}},
};
static const struct sarn_workflow workflows[] = {
    {.name = "line",
     .version = 1,
     SARN_STEPS(line),
     .undo_order = SARN_UNDO_DEPENDENCY},
    {.name = "group",
     .version = 1,
     SARN_STEPS(group),
     .groups = joins,
     .group_count = 1,
     .undo_order = SARN_UNDO_PARALLEL,
     .result = "e"},
    {.name = "waits", .version = 1, SARN_STEPS(waits), .timeout_us = 9 * HOUR_US},
};
static const char *const words[] = {"a", "b", "c", "d", "e", "old", "s", "g", "", "z"};

struct walk {
    const uint8_t *data;
    size_t left;
    struct sarn_arena *arena;   /* Of the execution, */
    struct sarn_arena *scratch; /* and of one event. */
    struct sarn__definition definition;
    struct sarn__beginning beginning;
    struct sarn__execution execution;
    struct sarn__plan plan;
    int64_t now_us;
    uint32_t events;
};

static uint32_t draw(struct walk *walk, uint32_t below)
{
    if (walk->left == 0) {
        return 0;
    }
    walk->left -= 1;
    return *walk->data++ % below;
}

static struct sarn_str word(struct walk *walk)
{
    return sarn_str(words[draw(walk, sizeof(words) / sizeof(words[0]))]);
}

/* The fold takes what the plan made. */
static void must_fold(struct walk *walk, struct sarn__execution_event *event)
{
    struct sarn_error error;

    event->time_us = walk->now_us;
    walk->events += 1;
    if (sarn__execution_apply(&walk->execution, event, &error) != SARN_OK) {
        fprintf(stderr, "event %u, of kind %d: %s\n", walk->events, (int)event->kind,
                error.text);
        abort();
    }
}

static void draw_outcome(struct walk *walk, struct sarn__outcome *outcome)
{
    uint32_t choice = draw(walk, 16);

    *outcome = (struct sarn__outcome){.failed = choice < 5,
                                      .fate = draw(walk, 3),
                                      .random = choice,
                                      .code = sarn_str("no"),
                                      .text = sarn_str("it did not work")};
    if (!outcome->failed) {
        outcome->output = sarn_str("12345678");
        outcome->continues = choice == 15;
        outcome->child = sarn_str("other-1");
    }
}

static void settle(struct walk *walk, const struct sarn__duty *duty)
{
    struct sarn__execution_event event;
    struct sarn__outcome outcome;

    draw_outcome(walk, &outcome);
    if (duty->step == NULL || duty->step->group != NULL) {
        outcome.continues = false; /* As the call says to who tries. */
    }
    if (duty->kind == SARN__DUTY_AWAIT) {
        outcome.failed = false;
    }
    if (sarn__plan_settle(&walk->execution, &walk->definition, &walk->plan, duty,
                          &outcome, walk->now_us, walk->scratch, &event) != SARN_OK) {
        abort();
    }
    must_fold(walk, &event);
}

/* Settle what is to be settled at once, until there is only what is left. */
static void drive(struct walk *walk)
{
    do {
        sarn_arena_reset(walk->scratch);
        sarn__plan(&walk->execution, &walk->definition, walk->now_us, &walk->plan);
        if (!sarn__plan_is_immediate(&walk->plan)) {
            break;
        }
        settle(walk, &walk->plan.duties[0]);
    } while (walk->events < EVENTS_MAX);
}

/* One of the calls that are under way ends. */
static void end_a_call(struct walk *walk)
{
    const struct sarn__duty *call = NULL;
    struct sarn__duty duty;
    struct sarn__claim claim;

    if (walk->plan.count == 0 || sarn__plan_is_immediate(&walk->plan)) {
        return;
    }
    call = &walk->plan.duties[draw(walk, walk->plan.count)];
    claim = (struct sarn__claim){.kind = call->kind,
                                 .compensation = call->compensation,
                                 .step_id = call->step_id,
                                 .visit = call->visit_number,
                                 .attempt = call->attempt};
    if (sarn__plan_claim(&walk->execution, &walk->definition, &claim, &duty)) {
        settle(walk, &duty);
    }
}

/* Anything at all, of any kind. */
static void draw_event(struct walk *walk, struct sarn__execution_event *event)
{
    *event = (struct sarn__execution_event){
        .kind = (enum sarn__fact)(1 + draw(walk, SARN__SLEPT)),
        .time_us = walk->now_us,
        .attempt = draw(walk, 4),
        .visit = draw(walk, 4),
        .compensation = draw(walk, 3) == 0,
        .chose = draw(walk, 5) == 0,
        .in_doubt = draw(walk, 3) == 0,
        .failed = draw(walk, 3) == 0,
        .terminate = draw(walk, 2) == 0,
        .to_step = draw(walk, 2) == 0,
        .fate = draw(walk, 4),
        .cause = draw(walk, 7),
        .timeout = draw(walk, 5),
        .decision = draw(walk, 6),
        .status = draw(walk, 12),
        .step = word(walk),
        .group = draw(walk, 3) == 0 ? sarn_str("g") : (struct sarn_str){NULL, 0},
        .name = word(walk),
        .next = word(walk),
        .code = sarn_str("code"),
        .retry_at_us = draw(walk, 2) == 0 ? 0 : walk->now_us + 1,
        .due_us = draw(walk, 2) == 0 ? 0 : walk->now_us + 1,
        .beginning = &walk->beginning};
}

/* Events that a forger may write, and those that somebody outside may. */
static void tell(struct walk *walk, bool forged)
{
    static const enum sarn__fact told[] = {
        SARN__SIGNAL_RECEIVED,  SARN__PROMISE_SETTLED, SARN__CHILD_ENDED,
        SARN__CANCEL_REQUESTED, SARN__PAUSED,          SARN__RESUMED,
        SARN__RESET_REQUESTED,  SARN__UNPARKED,        SARN__UNDO_REQUESTED,
        SARN__UPDATE_ACCEPTED};
    struct sarn__execution_event event;
    struct sarn_str doubts[SARN__DUTIES_MAX];

    draw_event(walk, &event);
    if (!forged) {
        uint32_t index = draw(walk, 5);

        /* Promises and children are named as they are. */
        event.step = sarn_str(sarn__step_at(walk->definition.workflow, index)->id);
        event.visit =
            sarn__plan_visit_number(&walk->execution, &walk->definition, index);
        event.kind = told[draw(walk, sizeof(told) / sizeof(told[0]))];
        if (event.kind == SARN__RESET_REQUESTED &&
            walk->execution.step_count <= SARN__DUTIES_MAX) {
            event.steps = doubts;
            event.step_count = sarn__plan_doubts(&walk->execution, &walk->definition,
                                                 walk->now_us, doubts);
        }
        if ((event.kind == SARN__PROMISE_SETTLED &&
             sarn__step_at(walk->definition.workflow, index)->kind !=
                 SARN_STEP_PROMISE) ||
            (event.kind == SARN__CHILD_ENDED &&
             sarn__step_at(walk->definition.workflow, index)->kind !=
                 SARN_STEP_CHILD)) {
            return;
        }
    }
    if (sarn__execution_apply(&walk->execution, &event, NULL) == SARN_OK) {
        walk->events += 1;
    }
}

static void take_step(struct walk *walk, bool forges)
{
    switch (draw(walk, forges ? 8 : 7)) {
    case 0:
        walk->now_us += HOUR_US / 2;
        break;
    case 1:
        walk->now_us =
            walk->plan.wake_us != INT64_MAX ? walk->plan.wake_us : walk->now_us + 1;
        break;
    case 2:
        tell(walk, false);
        break;
    case 3:
        sarn__execution_recovered(&walk->execution, draw(walk, 2) == 0);
        break;
    case 7:
        tell(walk, true);
        /* Planned, and no more: what was forged may lead to what cannot follow. */
        sarn__plan(&walk->execution, &walk->definition, walk->now_us, &walk->plan);
        break;
    default:
        end_a_call(walk);
        break;
    }
}

static void begin(struct walk *walk)
{
    struct sarn_str steps[SARN__WINDOW_STEPS_MAX];
    struct sarn__execution_event event;

    walk->definition.workflow =
        &workflows[draw(walk, sizeof(workflows) / sizeof(workflows[0]))];
    walk->definition.fingerprint = 7;
    walk->now_us = HOUR_US;
    sarn__plan_start(&walk->definition, steps, &walk->beginning, &event);
    if (walk->definition.workflow->timeout_us != 0) {
        walk->beginning.deadline_us =
            walk->now_us + walk->definition.workflow->timeout_us;
    }
    event.beginning = &walk->beginning;
    must_fold(walk, &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    bool forges = false;

    if (walk == NULL) {
        abort();
    }
    walk->data = data;
    walk->left = size;
    walk->arena = sarn_arena_create(NULL);
    walk->scratch = sarn_arena_create(NULL);
    if (walk->arena == NULL || walk->scratch == NULL) {
        abort();
    }
    forges = draw(walk, 2) == 1;
    sarn__execution_init(&walk->execution, walk->arena);
    begin(walk);
    while (walk->left > 0 && walk->events < EVENTS_MAX) {
        if (!forges) {
            drive(walk);
        } else {
            sarn__plan(&walk->execution, &walk->definition, walk->now_us, &walk->plan);
        }
        if (sarn__execution_is_over(&walk->execution) &&
            walk->execution.status != SARN_EXECUTION_PARKED && !forges &&
            walk->execution.status != SARN_EXECUTION_COMPLETED) {
            break;
        }
        take_step(walk, forges);
    }
    sarn_arena_destroy(walk->scratch);
    sarn_arena_destroy(walk->arena);
    free(walk);
    return 0;
}
