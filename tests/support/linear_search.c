/* Is there an order in which the calls could have been done one at a time? */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/linear.h"

/* --- the log, as it should be --- */

struct model_stream {
    uint64_t events, hash, sum;
};

struct model_key {
    bool used;
    int64_t version; /* As answered. */
};

struct model {
    struct model_stream streams[LINEAR_STREAMS];
    struct model_key keys[LINEAR_KEYS];
};

static bool all_met(const struct model *model, const struct linear_op *op)
{
    for (uint32_t i = 0; i < op->part_count; i++) {
        if (!linear_meets(model->streams[op->parts[i].stream].events,
                          op->parts[i].expected)) {
            return false;
        }
    }
    return true;
}

static int64_t write_all(struct model *model, const struct linear_op *op)
{
    uint32_t index = 0;
    int64_t version = -1;

    for (uint32_t i = 0; i < op->part_count; i++) {
        struct model_stream *stream = &model->streams[op->parts[i].stream];

        for (uint32_t k = 0; k < op->parts[i].count; k++) {
            stream->hash = linear_hash_add(stream->hash, op->content, index++);
            stream->sum += op->content;
            stream->events += 1;
        }
        version = (int64_t)stream->events - 1;
    }
    return version;
}

/* Do it; false: it cannot have answered so now. One of unknown outcome that would
 * change nothing may as well never have been done: false, too. */
static bool append(struct model *model, const struct linear_op *op)
{
    struct model_key *key = &model->keys[op->key];
    int64_t version;

    if (op->key != 0 && key->used) {
        return op->outcome == LINEAR_DONE && op->repeated &&
               op->version == key->version;
    }
    if (op->outcome == LINEAR_REFUSED) {
        return !all_met(model, op);
    }
    if (op->repeated || !all_met(model, op)) {
        return false;
    }
    version = write_all(model, op);
    if (op->key != 0) {
        *key = (struct model_key){.used = true, .version = version};
    }
    return op->outcome == LINEAR_UNKNOWN || op->version == version;
}

static bool snapshot(const struct model *model, const struct linear_op *op)
{
    uint64_t hashes[LINEAR_STREAMS];

    for (uint32_t i = 0; i < LINEAR_STREAMS; i++) {
        hashes[i] = model->streams[i].hash;
        if (model->streams[i].events != op->seen[i]) {
            return false;
        }
    }
    return linear_hash_all(hashes) == op->hash;
}

static bool apply(struct model *model, const struct linear_op *op)
{
    const struct model_stream *stream = &model->streams[op->stream];

    switch ((enum linear_kind)op->kind) {
    case LINEAR_APPEND:
        return append(model, op);
    case LINEAR_READ:
        return stream->events == op->seen[0] && stream->hash == op->hash;
    case LINEAR_VERSION:
        return stream->events == op->seen[0];
    case LINEAR_SUM:
        return stream->events == op->seen[0] && stream->sum == op->sum;
    case LINEAR_SNAPSHOT:
        return snapshot(model, op);
    }
    return false;
}

/* --- configurations that were seen: what was done, and what that has led to --- */

#define WORDS (LINEAR_OPS_MAX / 64)

struct configuration {
    uint64_t done[WORDS];
    uint64_t model; /* A hash: two that are taken for one can only raise an alarm. */
    bool taken;
};

struct memory {
    struct configuration *slots;
    size_t size, count; /* size: a power of two. */
};

/* The keys follow from the streams: which contents are in them, and where. */
static uint64_t model_hash(const struct model *model)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < LINEAR_STREAMS; i++) {
        hash = linear_mix(hash, model->streams[i].hash);
    }
    return hash;
}

static bool same(const struct configuration *a, const struct configuration *b)
{
    return a->model == b->model && memcmp(a->done, b->done, sizeof(a->done)) == 0;
}

static struct configuration *find(const struct memory *memory,
                                  const struct configuration *wanted)
{
    uint64_t hash = wanted->model;

    for (uint32_t i = 0; i < WORDS; i++) {
        hash = linear_mix(hash, wanted->done[i]);
    }
    for (size_t at = hash & (memory->size - 1);; at = (at + 1) & (memory->size - 1)) {
        struct configuration *slot = &memory->slots[at];

        if (!slot->taken || same(slot, wanted)) {
            return slot;
        }
    }
}

static bool grow(struct memory *memory)
{
    struct memory larger = {.size = memory->size == 0 ? 1024 : 2 * memory->size};

    larger.slots = calloc(larger.size, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < memory->size; i++) {
        if (memory->slots[i].taken) {
            *find(&larger, &memory->slots[i]) = memory->slots[i];
            larger.count += 1;
        }
    }
    free(memory->slots);
    *memory = larger;
    return true;
}

/* *fresh: it was not there. false: no memory. */
static bool
remember(struct memory *memory, const struct configuration *now, bool *fresh)
{
    struct configuration *slot;

    if (memory->count >= memory->size / 2 && !grow(memory)) {
        return false;
    }
    slot = find(memory, now);
    *fresh = !slot->taken;
    if (*fresh) {
        *slot = *now;
        slot->taken = true;
        memory->count += 1;
    }
    return true;
}

/* --- the list of begins and ends --- */

struct entry {
    uint64_t at;
    const struct linear_op *op;
    struct entry *match; /* Of a begin: its end, or NULL. Of an end: NULL. */
    struct entry *before, *after;
    bool begins;
};

struct lifted {
    struct entry *entry;
    struct model model; /* Before it. */
};

struct search {
    const struct linear_history *history;
    struct entry head; /* Stands before the first. */
    struct entry *entries;
    struct lifted *stack;
    size_t depth, deepest;
    size_t ends; /* In the list still. */
    struct memory memory;
    struct configuration now;
    struct model model;
    const struct linear_op *stuck; /* Whose end could not be passed, at the deepest. */
};

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

static void link_up(struct search *search, size_t count)
{
    struct entry *last = &search->head;
    struct entry *begins[LINEAR_OPS_MAX] = {NULL};

    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &search->entries[i];
        size_t op = (size_t)(entry->op - search->history->ops);

        entry->before = last;
        last->after = entry;
        last = entry;
        if (entry->begins) {
            begins[op] = entry;
        } else {
            begins[op]->match = entry;
            search->ends += 1;
        }
    }
}

static bool begin(struct search *search, const struct linear_history *history)
{
    size_t count = 0;

    assert(history->op_count <= LINEAR_OPS_MAX);
    *search = (struct search){.history = history};
    search->entries = calloc(2 * history->op_count + 1, sizeof(*search->entries));
    search->stack = calloc(history->op_count + 1, sizeof(*search->stack));
    if (search->entries == NULL || search->stack == NULL || !grow(&search->memory)) {
        return false;
    }
    for (size_t i = 0; i < history->op_count; i++) {
        const struct linear_op *op = &history->ops[i];

        search->entries[count++] =
            (struct entry){.at = op->begun, .op = op, .begins = true};
        if (op->ended != LINEAR_NEVER) {
            search->entries[count++] = (struct entry){.at = op->ended, .op = op};
        }
    }
    if (count > 0) {
        qsort(search->entries, count, sizeof(*search->entries), by_time);
    }
    link_up(search, count);
    return true;
}

static void end(struct search *search)
{
    free(search->entries);
    free(search->stack);
    free(search->memory.slots);
}

static void take_out(struct entry *entry)
{
    entry->before->after = entry->after;
    if (entry->after != NULL) {
        entry->after->before = entry->before;
    }
}

static void put_back(struct entry *entry)
{
    entry->before->after = entry;
    if (entry->after != NULL) {
        entry->after->before = entry;
    }
}

static void flip(struct search *search, const struct linear_op *op)
{
    size_t i = (size_t)(op - search->history->ops);

    search->now.done[i / 64] ^= UINT64_C(1) << (i % 64);
}

/* Do the call of entry now, if it may be and that is news. */
static bool try_now(struct search *search, struct entry *entry, bool *done)
{
    struct model before = search->model;

    *done = apply(&search->model, entry->op);
    if (*done) {
        flip(search, entry->op);
        search->now.model = model_hash(&search->model);
        if (!remember(&search->memory, &search->now, done)) {
            return false;
        }
        if (!*done) {
            flip(search, entry->op);
        }
    }
    if (!*done) {
        search->model = before;
        return true;
    }
    search->stack[search->depth++] = (struct lifted){entry, before};
    take_out(entry);
    if (entry->match != NULL) {
        take_out(entry->match);
        search->ends -= 1;
    }
    return true;
}

/* Undo the last call; what comes after it is tried next. NULL: nothing is left. */
static struct entry *undo(struct search *search)
{
    struct entry *entry;

    if (search->depth == 0) {
        return NULL;
    }
    search->depth -= 1;
    entry = search->stack[search->depth].entry;
    search->model = search->stack[search->depth].model;
    if (entry->match != NULL) {
        put_back(entry->match);
        search->ends += 1;
    }
    put_back(entry);
    flip(search, entry->op);
    return entry->after;
}

static void note_stuck(struct search *search, const struct linear_op *op)
{
    if (search->stuck == NULL || search->depth > search->deepest) {
        search->deepest = search->depth;
        search->stuck = op;
    }
}

enum verdict { LINEAR, NOT_LINEAR, NO_MEMORY, TOO_LONG };

static enum verdict run(struct search *search, uint64_t limit, uint64_t *steps)
{
    struct entry *entry = search->head.after;

    for (*steps = 0; search->ends > 0; *steps += 1) {
        bool done = false;

        if (*steps == limit) {
            return TOO_LONG;
        }
        if (entry->begins && !try_now(search, entry, &done)) {
            return NO_MEMORY;
        }
        if (done) {
            entry = search->head.after;
        } else if (entry->begins) {
            entry = entry->after;
        } else {
            /* This call has ended, so that it was done before all that come now. */
            note_stuck(search, entry->op);
            entry = undo(search);
            if (entry == NULL) {
                return NOT_LINEAR;
            }
        }
    }
    return LINEAR;
}

bool linear_search(const struct linear_history *history,
                   uint64_t limit,
                   uint64_t *steps,
                   char *text,
                   size_t size)
{
    struct search search;
    enum verdict verdict = NO_MEMORY;
    char name[64];

    *steps = 0;
    if (begin(&search, history)) {
        verdict = run(&search, limit, steps);
    }
    if (verdict == NOT_LINEAR) {
        snprintf(text, size, "no order explains %s, after %zu of %zu calls",
                 linear_name(search.stuck, name), search.deepest, history->op_count);
    } else if (verdict != LINEAR) {
        snprintf(text, size, "the search gave up after %llu steps: %s",
                 (unsigned long long)*steps,
                 verdict == TOO_LONG ? "it takes too long" : "out of memory");
    }
    end(&search);
    return verdict == LINEAR;
}
