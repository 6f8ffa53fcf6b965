#include "sim/plot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000)

uint64_t plot_draw(uint64_t *random, uint64_t limit)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*random >> 33) % limit;
}

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

uint64_t plot_chance(const struct plot *plot,
                     const char *what,
                     struct sarn_str id,
                     uint32_t step,
                     uint32_t visit)
{
    uint64_t hash = plot->seed ^ UINT64_C(14695981039346656037);

    hash = mix(hash, what, strlen(what));
    hash = mix(hash, id.data, id.size);
    hash = mix(hash, &step, sizeof(step));
    hash = mix(hash, &visit, sizeof(visit));
    return (hash ^ (hash >> 29)) * UINT64_C(0xbf58476d1ce4e5b9) >> 17;
}

/* --- drawn --- */

static bool one_in(uint64_t *random, uint64_t limit)
{
    return plot_draw(random, limit) == 0;
}

static struct sarn_retry a_retry(uint64_t *random)
{
    struct sarn_retry retry = {0};

    if (one_in(random, 3)) {
        return retry; /* The default. */
    }
    retry.initial_interval_us = (int64_t)(1 + plot_draw(random, 500)) * MS;
    retry.maximum_attempts = 1 + (uint32_t)plot_draw(random, 4);
    retry.backoff_coefficient = one_in(random, 2) ? 1 : 2;
    retry.jitter = one_in(random, 2) ? 0.5 : 0;
    return retry;
}

static int64_t a_time(uint64_t *random)
{
    return (int64_t)(1 + plot_draw(random, 3000)) * MS;
}

static void make_external(struct sarn_step *step,
                          char kind,
                          uint64_t *random,
                          const struct plot_functions *functions)
{
    step->kind = SARN_STEP_EXTERNAL;
    step->run = functions->run_external;
    step->compensate = one_in(random, 4) ? NULL : functions->undo_external;
    step->flags = kind == 'I' || kind == 'T' ? SARN_STEP_IDEMPOTENT : 0;
    step->reconcile =
        kind == 'E' || kind == 'D' || kind == 'F' ? functions->reconcile : NULL;
    step->output = &sarn_bytes_type;
    step->retry = a_retry(random);
    step->compensation_retry = a_retry(random);
    if (kind == 'D' || kind == 'T') {
        step->timeouts.start_to_close_us = a_time(random);
        step->timeouts.schedule_to_close_us = one_in(random, 2) ? a_time(random) : 0;
        step->timeouts.heartbeat_us = one_in(random, 3) ? a_time(random) : 0;
        step->timeouts.compensation_us = one_in(random, 3) ? a_time(random) : 0;
    }
}

static void make_step(struct plot *plot,
                      uint32_t index,
                      uint64_t *random,
                      const struct plot *child,
                      const struct plot_functions *functions)
{
    struct sarn_step *step = &plot->steps[index];
    char kind = plot->kinds[index];

    snprintf(plot->ids[index], sizeof(plot->ids[index]), "s%u", index);
    *step = (struct sarn_step){.id = plot->ids[index]};
    step->visits_max = one_in(random, 8) ? 1 : 0;
    if (strchr("ENFDIT", kind) != NULL) {
        make_external(step, kind, random, functions);
        return;
    }
    step->timeouts.schedule_to_close_us =
        kind != 'L' && one_in(random, 2) ? a_time(random) : 0;
    if (kind == 'L') {
        step->kind = SARN_STEP_LOCAL;
        step->run = functions->run_local;
        step->compensate = functions->undo_local;
        step->output = &sarn_bytes_type;
    } else if (kind == 'W') {
        step->kind = SARN_STEP_TIMER;
        step->delay_us = a_time(random);
        step->run = one_in(random, 3) ? functions->run_timer : NULL;
    } else if (kind == 'S') {
        step->kind = SARN_STEP_SIGNAL;
        step->signal = one_in(random, 2) ? "go" : NULL;
        step->output = &sarn_bytes_type;
    } else if (kind == 'P') {
        step->kind = SARN_STEP_PROMISE;
        step->output = &sarn_bytes_type;
    } else {
        assert(kind == 'C' && child != NULL);
        step->kind = SARN_STEP_CHILD;
        step->child = child->name;
        step->output = child->workflow.result != NULL ? &sarn_bytes_type : NULL;
        step->run = functions->run_child;
        step->parent_close = (uint32_t)plot_draw(random, 3);
    }
}

static void make_groups(struct plot *plot, uint64_t *random)
{
    uint32_t count = plot->workflow.step_count;

    for (uint32_t i = 0; i + 1 < count;) {
        uint32_t size = 2 + (uint32_t)plot_draw(random, 3);

        if (!one_in(random, 3)) {
            i += 1;
            continue;
        }
        size = size > count - i ? count - i : size;
        for (uint32_t member = i; member < i + size; member++) {
            snprintf(plot->groups_of[member], sizeof(plot->groups_of[member]), "g%u",
                     i);
            plot->steps[member].group = plot->groups_of[member];
        }
        if (!one_in(random, 3)) {
            plot->groups[plot->workflow.group_count++] =
                (struct sarn_group){.name = plot->groups_of[i],
                                    .join = (uint32_t)plot_draw(random, 3),
                                    .count = 1 + (uint32_t)plot_draw(random, size)};
        }
        i += size;
    }
}

/* Where a step leads, and what it hangs on: all are there by now. */
static void make_ways(struct plot *plot, uint32_t index, uint64_t *random)
{
    struct sarn_step *step = &plot->steps[index];
    uint32_t size = 0, first = plot_element(plot, index, &size);
    uint32_t to = (uint32_t)plot_draw(random, plot->workflow.step_count);
    uint32_t ignored = 0;

    assert(index < PLOT_STEPS_MAX);
    if (plot->workflow.undo_order == SARN_UNDO_DEPENDENCY && index > 0 &&
        one_in(random, 2)) {
        /* It is less than the count of steps: see the assertion. */
        /* cppcheck-suppress arrayIndexOutOfBoundsCond */
        const char **on = plot->depends[index];

        on[0] = plot->ids[plot_draw(random, index)];
        step->depends_on = on;
    }
    /* Forward only: what leads back by the table does so for ever. */
    to = plot_element(plot, to, &ignored);
    if (index == first + size - 1 && one_in(random, 8)) {
        step->next = to > first ? plot->ids[to] : SARN_STEP_END;
    }
    if (step->group == NULL &&
        (step->timeouts.schedule_to_close_us != 0 ||
         step->timeouts.start_to_close_us != 0) &&
        one_in(random, 2)) {
        step->on_timeout = to > first ? plot->ids[to] : SARN_STEP_END;
    }
}

void plot_make(struct plot *plot,
               const char *name,
               uint64_t seed,
               const struct plot *child,
               const struct plot_functions *functions)
{
    static const char letters[] = "ENFDDIIITTLLLWSPCC";
    uint64_t random = seed * 2 + 1;
    uint32_t count = 0, to = 0;

    *plot = (struct plot){.seed = seed};
    (void)plot_draw(&random, 2);
    snprintf(plot->name, sizeof(plot->name), "%s", name);
    count = 1 + (uint32_t)plot_draw(&random, child != NULL ? 8 : 4);
    plot->workflow = (struct sarn_workflow){
        .name = plot->name,
        .version = 1,
        .input = &sarn_bytes_type,
        .steps = plot->steps,
        .step_count = count,
        .step_size = sizeof(plot->steps[0]),
        .undo_order = (uint32_t)plot_draw(&random, 3),
        .groups = plot->groups,
        .timeout_us = one_in(&random, 6) ? a_time(&random) * 3 : 0};
    for (uint32_t i = 0; i < count; i++) {
        plot->kinds[i] =
            letters[plot_draw(&random, sizeof(letters) - (child != NULL ? 1 : 3))];
        make_step(plot, i, &random, child, functions);
    }
    make_groups(plot, &random);
    for (uint32_t i = 0; i < count; i++) {
        make_ways(plot, i, &random);
    }
    to = (uint32_t)plot_draw(&random, count);
    if (one_in(&random, 2) && plot->steps[to].output != NULL) {
        plot->workflow.result = plot->ids[to];
    }
    if (one_in(&random, 3)) {
        plot->message = (struct sarn_message){
            .name = "go", .kind = SARN_MESSAGE_UPDATE, .input = &sarn_bytes_type};
        plot->workflow.messages = &plot->message;
        plot->workflow.message_count = 1;
    }
}

void plot_upgrade(struct plot *plot)
{
    uint32_t size = 0, after = 0;

    for (uint32_t i = 0; i < plot->workflow.step_count; i++) {
        if (plot->steps[i].next == NULL &&
            plot_element(plot, i, &size) + size == i + 1) {
            after = plot_after(plot, i);
            plot->steps[i].next =
                after == plot->workflow.step_count ? SARN_STEP_END : plot->ids[after];
            plot->workflow.version += 1;
            return;
        }
    }
}

/* --- where its steps lead --- */

uint32_t plot_index(const struct plot *plot, struct sarn_str id)
{
    for (uint32_t i = 0; i < plot->workflow.step_count; i++) {
        if (sarn_str_equal(sarn_str(plot->ids[i]), id)) {
            return i;
        }
    }
    return PLOT_NOWHERE;
}

uint32_t plot_element(const struct plot *plot, uint32_t index, uint32_t *count)
{
    const char *group = plot->groups_of[index];
    uint32_t first = index, end = index + 1;

    while (group[0] != '\0' && first > 0 &&
           strcmp(plot->groups_of[first - 1], group) == 0) {
        first -= 1;
    }
    while (group[0] != '\0' && end < plot->workflow.step_count &&
           strcmp(plot->groups_of[end], group) == 0) {
        end += 1;
    }
    *count = end - first;
    return first;
}

uint32_t plot_after(const struct plot *plot, uint32_t index)
{
    uint32_t count = 0, first = plot_element(plot, index, &count);
    const char *next = plot->steps[first + count - 1].next;

    if (next == NULL) {
        return first + count;
    }
    return next[0] == '\0' ? plot->workflow.step_count
                           : plot_index(plot, sarn_str(next));
}

uint32_t plot_needed(const struct plot *plot, uint32_t index)
{
    uint32_t count = 0;

    (void)plot_element(plot, index, &count);
    for (uint32_t i = 0; i < plot->workflow.group_count; i++) {
        const struct sarn_group *group = &plot->groups[i];

        if (strcmp(group->name, plot->groups_of[index]) == 0) {
            return group->join == SARN_JOIN_ALL     ? count
                   : group->join == SARN_JOIN_FIRST ? 1
                                                    : group->count;
        }
    }
    return count;
}

uint32_t
plot_choice(const struct plot *plot, struct sarn_str id, uint32_t index, uint32_t visit)
{
    uint64_t chance = plot_chance(plot, "choice", id, index, visit);
    uint32_t ignored = 0, to = (uint32_t)(chance / 64 % plot->workflow.step_count);

    if (plot->groups_of[index][0] != '\0') {
        return PLOT_NOWHERE;
    }
    to = plot_element(plot, to, &ignored);
    if (chance % 64 < 10) {
        /* Back, but only once: so that it ends. */
        return to <= index && visit > 1 ? PLOT_NOWHERE : to;
    }
    return chance % 64 == 10 ? plot->workflow.step_count : PLOT_NOWHERE;
}

uint32_t plot_failures(const struct plot *plot,
                       struct sarn_str id,
                       uint32_t index,
                       uint32_t visit)
{
    uint64_t chance = plot_chance(plot, "failures", id, index, visit) % 64;

    if (chance < 4) {
        return UINT32_MAX;
    }
    return chance < 14 ? 1 + (uint32_t)chance % 3 : 0;
}

uint32_t plot_undo_failures(const struct plot *plot,
                            struct sarn_str id,
                            uint32_t index,
                            uint32_t visit)
{
    uint64_t chance = plot_chance(plot, "undo", id, index, visit) % 64;

    return chance < 8 ? 1 + (uint32_t)chance : 0;
}
