#include "core/admission.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

#define LIMITS_MAX 4096u
#define SECOND_US  1e6
#define ALMOST     (1.0 - 1e-9) /* A token, but for what rounding takes away. */

struct sarn__gate {
    struct sarn__map_node node; /* Key: name. */
    struct sarn_limit limit;
    struct sarn_str name;   /* Workflow, NUL, step. */
    struct sarn__line line; /* Who waits. */
    uint64_t inside;
    double tokens;
    int64_t filled_us; /* When tokens was right. */
    bool is_filled;    /* It was ever. */
};

struct sarn__admission {
    struct sarn_heap heap;
    struct sarn_arena *arena; /* Names. */
    struct sarn__map gates;
    struct sarn__gate **list;
    uint32_t count;
};

/* --- room --- */

static double burst(const struct sarn_limit *limit)
{
    return limit->burst > 0 ? (double)limit->burst : 1.0;
}

/* The tokens that are there at now_us; a clock that stands still adds none. */
static double tokens_at(const struct sarn__gate *gate, int64_t now_us)
{
    double full = burst(&gate->limit);
    double tokens = gate->tokens;

    if (!gate->is_filled) {
        return full;
    }
    if (now_us > gate->filled_us) {
        tokens +=
            ((double)now_us - (double)gate->filled_us) * gate->limit.rate / SECOND_US;
    }
    return tokens < full ? tokens : full;
}

static bool has_place(const struct sarn__gate *gate)
{
    return gate->limit.concurrency == 0 || gate->inside < gate->limit.concurrency;
}

static bool has_token(const struct sarn__gate *gate, int64_t now_us)
{
    return !(gate->limit.rate > 0) || tokens_at(gate, now_us) >= ALMOST;
}

static void let_in(struct sarn__gate *gate, int64_t now_us)
{
    gate->inside += 1;
    if (gate->limit.rate > 0) {
        gate->tokens = tokens_at(gate, now_us) - 1.0;
        gate->filled_us =
            !gate->is_filled || now_us > gate->filled_us ? now_us : gate->filled_us;
        gate->is_filled = true;
    }
}

/* --- a gate --- */

bool sarn__gate_enter(struct sarn__gate *gate, int64_t now_us)
{
    if (gate->line.count > 0 || !has_place(gate) || !has_token(gate, now_us)) {
        return false;
    }
    let_in(gate, now_us);
    return true;
}

sarn_status sarn__gate_wait(struct sarn__gate *gate,
                            struct sarn__entry *entry,
                            uint32_t tenant,
                            uint32_t priority)
{
    return sarn__line_wait(&gate->line, entry, tenant, priority);
}

void sarn__gate_give_up(struct sarn__gate *gate, struct sarn__entry *entry)
{
    sarn__line_give_up(&gate->line, entry);
}

struct sarn__entry *sarn__gate_pass(struct sarn__gate *gate, int64_t now_us)
{
    struct sarn__entry *entry = NULL;

    if (has_place(gate) && has_token(gate, now_us)) {
        entry = sarn__line_take(&gate->line);
    }
    if (entry != NULL) {
        let_in(gate, now_us);
    }
    return entry;
}

void sarn__gate_occupy(struct sarn__gate *gate, uint64_t count)
{
    gate->inside += count;
}

void sarn__gate_leave(struct sarn__gate *gate)
{
    assert(gate->inside > 0);
    gate->inside -= 1;
}

int64_t sarn__gate_due_us(const struct sarn__gate *gate, int64_t now_us)
{
    double wait_us = 0;
    int64_t whole_us = 0;

    if (gate->line.count == 0 || !has_place(gate)) {
        return INT64_MAX;
    }
    if (has_token(gate, now_us)) {
        return now_us;
    }
    wait_us = (1.0 - tokens_at(gate, now_us)) * SECOND_US / gate->limit.rate;
    /* Compared before it is converted: it may not fit an int64_t. */
    if (wait_us >= (double)(INT64_MAX - now_us)) {
        return INT64_MAX;
    }
    whole_us = (int64_t)wait_us;
    return now_us + whole_us + ((double)whole_us < wait_us ? 1 : 0);
}

uint64_t sarn__gate_waiting(const struct sarn__gate *gate)
{
    return gate->line.count;
}

uint64_t sarn__gate_inside(const struct sarn__gate *gate)
{
    return gate->inside;
}

const struct sarn_limit *sarn__gate_limit(const struct sarn__gate *gate)
{
    return &gate->limit;
}

/* --- all gates --- */

static const char *problem(const struct sarn_limit *limit)
{
    if (limit->workflow == NULL || limit->workflow[0] == '\0') {
        return "it names no workflow";
    }
    if (strlen(limit->workflow) > SARN_NAME_BYTES_MAX ||
        (limit->step != NULL &&
         (limit->step[0] == '\0' || strlen(limit->step) > SARN_NAME_BYTES_MAX))) {
        return "its names must have 1 to 255 bytes";
    }
    if (!isfinite(limit->rate) || limit->rate < 0) {
        return "its rate must be a number, and not negative";
    }
    if (limit->concurrency == 0 && limit->rate == 0) {
        return "it has neither concurrency nor rate, and so limits nothing";
    }
    if (limit->burst > 0 && limit->rate == 0) {
        return "it has a burst and no rate";
    }
    return NULL;
}

/* Workflow, NUL, step, in buffer. */
static struct sarn_str
name_of(struct sarn_str workflow, struct sarn_str step, char *buffer)
{
    memcpy(buffer, workflow.data, workflow.size);
    buffer[workflow.size] = '\0';
    if (step.size > 0) {
        memcpy(buffer + workflow.size + 1, step.data, step.size);
    }
    return (struct sarn_str){buffer, workflow.size + 1 + step.size};
}

/* limit's names, where they stay. */
static sarn_status keep_names(struct sarn__admission *admission,
                              const struct sarn_limit *limit,
                              struct sarn__gate *gate)
{
    struct sarn_str workflow = sarn_str(limit->workflow), step = sarn_str(limit->step);
    char *name = sarn_arena_alloc(admission->arena, workflow.size + step.size + 2);

    if (name == NULL) {
        return SARN_ERR_NOMEM;
    }
    gate->name = gate->node.key = name_of(workflow, step, name);
    gate->limit = *limit;
    gate->limit.workflow = name;
    gate->limit.step = limit->step != NULL ? name + workflow.size + 1 : NULL;
    return SARN_OK;
}

static sarn_status add(struct sarn__admission *admission,
                       const struct sarn_limit *limit,
                       struct sarn_error *error)
{
    const char *wrong = problem(limit);
    struct sarn__gate *gate = NULL;

    assert(admission->list != NULL);
    if (wrong == NULL && sarn__admission_gate(admission, sarn_str(limit->workflow),
                                              sarn_str(limit->step)) != NULL) {
        wrong = "there is another one of the same";
    }
    if (wrong != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "the limit of %s '%.60s'%s%.60s: %s",
                          limit->step != NULL ? "a step of workflow" : "workflow",
                          limit->workflow != NULL ? limit->workflow : "",
                          limit->step != NULL ? ", " : "",
                          limit->step != NULL ? limit->step : "", wrong);
    }
    gate = sarn_arena_alloc(admission->arena, sizeof(*gate));
    if (gate == NULL || keep_names(admission, limit, gate) != SARN_OK ||
        sarn__map_insert(&admission->gates, &gate->node) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for limits");
    }
    sarn__line_init(&gate->line, &admission->heap);
    admission->list[admission->count++] = gate;
    return SARN_OK;
}

static sarn_status fill(struct sarn__admission *admission,
                        const struct sarn_limit *limits,
                        uint32_t count,
                        struct sarn_error *error)
{
    admission->arena = sarn_arena_create(&admission->heap);
    admission->list =
        admission->arena == NULL
            ? NULL
            : sarn_arena_alloc(admission->arena, count * sizeof(struct sarn__gate *));
    if (admission->list == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for limits");
    }
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(add(admission, &limits[i], error));
    }
    return SARN_OK;
}

sarn_status sarn__admission_create(const struct sarn_limit *limits,
                                   uint32_t count,
                                   const struct sarn_heap *heap,
                                   struct sarn__admission **admission,
                                   struct sarn_error *error)
{
    struct sarn__admission *made = NULL;
    sarn_status status = SARN_OK;

    if (count > LIMITS_MAX || (count > 0 && limits == NULL)) {
        return sarn__fail(error, SARN_ERR_INVALID, "%u limits, but %s", count,
                          limits == NULL ? "no list of them" : "4096 are the most");
    }
    made = sarn__heap_alloc(heap, sizeof(*made));
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for limits");
    }
    made->heap = *heap;
    sarn__map_init(&made->gates, heap);
    status = fill(made, limits, count, error);
    if (status != SARN_OK) {
        sarn__admission_destroy(made);
        return status;
    }
    *admission = made;
    return SARN_OK;
}

void sarn__admission_destroy(struct sarn__admission *admission)
{
    if (admission == NULL) {
        return;
    }
    for (uint32_t i = 0; admission->list != NULL && i < admission->count; i++) {
        sarn__line_done(&admission->list[i]->line);
    }
    sarn__map_done(&admission->gates);
    sarn_arena_destroy(admission->arena);
    sarn__heap_free(&admission->heap, admission);
}

struct sarn__gate *sarn__admission_gate(const struct sarn__admission *admission,
                                        struct sarn_str workflow,
                                        struct sarn_str step)
{
    char buffer[2 * SARN_NAME_BYTES_MAX + 1];
    struct sarn__map_node *node = NULL;

    if (workflow.size > SARN_NAME_BYTES_MAX || step.size > SARN_NAME_BYTES_MAX) {
        return NULL;
    }
    node = sarn__map_find(&admission->gates, name_of(workflow, step, buffer));
    return node == NULL ? NULL : SARN__OF(node, struct sarn__gate, node);
}

uint32_t sarn__admission_count(const struct sarn__admission *admission)
{
    return admission->count;
}

struct sarn__gate *sarn__admission_gate_at(const struct sarn__admission *admission,
                                           uint32_t index)
{
    assert(index < admission->count);
    return admission->list[index];
}
