/* Is the order of the log one in which the calls could have been done? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/linear.h"

/* What the log holds of one content. */
struct found {
    uint64_t first, last; /* Positions; 0: nothing. */
    uint64_t events;
    int64_t version;                  /* Of the last. */
    const struct linear_event *event; /* The first. */
    const struct linear_op *writer;   /* Who has done it; NULL: none. */
};

struct following {
    const struct linear_history *history;
    struct found *found; /* By content. */
    /* The whole log, by the index of an event in it: what each stream holds before it;
     * one more for the end. */
    struct prefix {
        uint64_t events[LINEAR_STREAMS], hashes[LINEAR_STREAMS], sums[LINEAR_STREAMS];
    } * prefixes;
    const struct linear_op **by_begin, **by_end;
    uint64_t *places; /* By op: the position that it was done at. */
    char *text;
    size_t size;
};

static bool
wrong(struct following *following, const struct linear_op *op, const char *what)
{
    char name[64];

    snprintf(following->text, following->size, "%s: %s", linear_name(op, name), what);
    return false;
}

static bool
wrong_event(struct following *following, uint64_t position, const char *what)
{
    snprintf(following->text, following->size, "position %llu: %s",
             (unsigned long long)position, what);
    return false;
}

/* --- what is in the log --- */

static bool note_event(struct following *following, size_t i)
{
    const struct linear_event *event = &following->history->events[i];
    struct prefix *next = &following->prefixes[i + 1];
    struct found *found = &following->found[event->content % LINEAR_CONTENTS];

    *next = following->prefixes[i];
    if (event->position != i + 1) {
        return wrong_event(following, event->position, "a gap before it");
    }
    if (event->stream >= LINEAR_STREAMS) {
        return true;
    }
    if (event->content == 0 || event->content >= LINEAR_CONTENTS) {
        return wrong_event(following, event->position, "nobody wrote this");
    }
    if (event->version != next->events[event->stream]) {
        return wrong_event(following, event->position, "not the stream's next version");
    }
    if (found->events > 0 && event->position != found->last + 1) {
        return wrong_event(following, event->position, "written twice, or torn apart");
    }
    if (event->index != found->events) {
        return wrong_event(following, event->position, "a piece is missing before it");
    }
    next->events[event->stream] += 1;
    next->hashes[event->stream] =
        linear_hash_add(next->hashes[event->stream], event->content, event->index);
    next->sums[event->stream] += event->content;
    if (found->events == 0) {
        found->first = event->position;
        found->event = event;
    }
    found->last = event->position;
    found->version = (int64_t)event->version;
    found->events += 1;
    return true;
}

static const struct prefix *prefix_at(const struct following *following,
                                      uint64_t position)
{
    return &following->prefixes[position];
}

/* --- who wrote it --- */

/* One that was acknowledged; else the one that began first: whichever it was, the log
 * may have done it since then. */
static bool better_writer(const struct linear_op *now, const struct linear_op *op)
{
    if (op->outcome == LINEAR_REFUSED || op->repeated) {
        return false;
    }
    return now == NULL || op->outcome == LINEAR_DONE ||
           (now->outcome != LINEAR_DONE && op->begun < now->begun);
}

static bool find_writers(struct following *following)
{
    const struct linear_history *history = following->history;

    for (size_t i = 0; i < history->op_count; i++) {
        const struct linear_op *op = &history->ops[i];
        struct found *found = &following->found[op->content];

        if (op->kind != LINEAR_APPEND) {
            continue;
        }
        if (op->outcome == LINEAR_DONE && !op->repeated && found->writer != NULL &&
            found->writer->outcome == LINEAR_DONE) {
            return wrong(following, op, "acknowledged as the first of its key twice");
        }
        if (better_writer(found->writer, op)) {
            found->writer = op;
        }
    }
    for (uint64_t i = 1; i < LINEAR_CONTENTS; i++) {
        const struct found *found = &following->found[i];

        if (found->events > 0 && found->writer == NULL) {
            return wrong_event(following, found->first, "nobody wrote this");
        }
        if (found->events == 0 && found->writer != NULL &&
            found->writer->outcome == LINEAR_DONE) {
            return wrong(following, found->writer, "acknowledged, and not in the log");
        }
    }
    return true;
}

/* Is what it was told what is there? */
static bool is_answer(const struct found *found, const struct linear_op *op)
{
    return op->position == found->last && op->version == found->version;
}

/* Its events are those that it is made of, and their streams were as it expected. */
static bool is_whole(struct following *following, const struct linear_op *op)
{
    const struct found *found = &following->found[op->content];
    const struct prefix *before = prefix_at(following, found->first - 1);
    const struct linear_event *event = found->event;
    uint64_t left = found->events;

    for (uint32_t i = 0; i < op->part_count; i++) {
        const struct linear_part *part = &op->parts[i];

        if (!linear_meets(before->events[part->stream], part->expected)) {
            return wrong(following, op, "done, but the stream was not as expected");
        }
        for (uint32_t k = 0; k < part->count; k++, event++, left--) {
            if (left == 0 || event->stream != part->stream) {
                return wrong(following, op, "not all of it is in the log");
            }
        }
    }
    if (left > 0) {
        return wrong(following, op, "more is in the log than it wrote");
    }
    if (op->outcome == LINEAR_DONE && !is_answer(found, op)) {
        return wrong(following, op, "acknowledged with another position or version");
    }
    return true;
}

/* --- where it was done --- */

static bool has_written(const struct following *following, const struct linear_op *op)
{
    return op->kind == LINEAR_APPEND && op->outcome != LINEAR_REFUSED &&
           following->found[op->content].events > 0 &&
           following->found[op->content].writer == op;
}

/* Does its answer fit the log up to position? */
static bool
fits(const struct following *following, const struct linear_op *op, uint64_t position)
{
    const struct prefix *prefix = prefix_at(following, position);
    const struct found *found = &following->found[op->content];

    switch ((enum linear_kind)op->kind) {
    case LINEAR_APPEND:
        if (op->outcome == LINEAR_DONE) { /* A repeat: an answer that is there. */
            return found->events > 0 && position >= found->last && is_answer(found, op);
        }
        if (op->key != 0 && found->events > 0 && position >= found->first) {
            return false;
        }
        for (uint32_t i = 0; i < op->part_count; i++) {
            if (!linear_meets(prefix->events[op->parts[i].stream],
                              op->parts[i].expected)) {
                return true;
            }
        }
        return false;
    case LINEAR_READ:
        return prefix->events[op->stream] == op->seen[0] &&
               prefix->hashes[op->stream] == op->hash;
    case LINEAR_VERSION:
        return prefix->events[op->stream] == op->seen[0];
    case LINEAR_SUM:
        return prefix->events[op->stream] == op->seen[0] &&
               prefix->sums[op->stream] == op->sum;
    case LINEAR_SNAPSHOT:
        return position == op->position &&
               memcmp(prefix->events, op->seen, sizeof(prefix->events)) == 0 &&
               linear_hash_all(prefix->hashes) == op->hash;
    }
    return false;
}

/* An append is whole or not there: does the log between two events belong to two? */
static bool is_between(const struct following *following, uint64_t position)
{
    const struct linear_event *events = following->history->events;

    return position == 0 || position == following->history->event_count ||
           events[position - 1].stream >= LINEAR_STREAMS ||
           events[position].stream >= LINEAR_STREAMS ||
           events[position - 1].content != events[position].content;
}

/* The earliest place from bound on. */
static bool place(struct following *following,
                  const struct linear_op *op,
                  uint64_t bound,
                  uint64_t *placed)
{
    const struct found *found = &following->found[op->content];

    if (has_written(following, op)) {
        *placed = found->last;
        return bound < found->first ||
               wrong(following, op, "in the log before what had ended when it began");
    }
    if (op->outcome == LINEAR_UNKNOWN) {
        *placed = bound; /* Not done. */
        return true;
    }
    for (uint64_t at = bound; at <= following->history->event_count; at++) {
        if (is_between(following, at) && fits(following, op, at)) {
            *placed = at;
            return true;
        }
    }
    return wrong(following, op, "no state since it began explains the answer");
}

static int by_begin(const void *a, const void *b)
{
    const struct linear_op *const *x = a, *const *y = b;

    return ((*x)->begun > (*y)->begun) - ((*x)->begun < (*y)->begun);
}

static int by_end(const void *a, const void *b)
{
    const struct linear_op *const *x = a, *const *y = b;

    return ((*x)->ended > (*y)->ended) - ((*x)->ended < (*y)->ended);
}

static bool place_all(struct following *following)
{
    const struct linear_history *history = following->history;
    uint64_t bound = 0;
    size_t ended = 0;

    for (size_t i = 0; i < history->op_count; i++) {
        following->by_begin[i] = following->by_end[i] = &history->ops[i];
    }
    if (history->op_count > 0) {
        qsort(following->by_begin, history->op_count, sizeof(*following->by_begin),
              by_begin);
        qsort(following->by_end, history->op_count, sizeof(*following->by_end), by_end);
    }
    for (size_t i = 0; i < history->op_count; i++) {
        const struct linear_op *op = following->by_begin[i];

        /* What ended before this began, began before it too: it has its place. */
        while (following->by_end[ended]->ended < op->begun) {
            uint64_t other = following->places[following->by_end[ended] - history->ops];

            bound = other > bound ? other : bound;
            ended += 1;
        }
        if (!place(following, op, bound, &following->places[op - history->ops])) {
            return false;
        }
    }
    return true;
}

static bool follow(struct following *following)
{
    const struct linear_history *history = following->history;

    for (size_t i = 0; i < history->event_count; i++) {
        if (!note_event(following, i)) {
            return false;
        }
    }
    if (!find_writers(following)) {
        return false;
    }
    for (size_t i = 0; i < history->op_count; i++) {
        if (has_written(following, &history->ops[i]) &&
            !is_whole(following, &history->ops[i])) {
            return false;
        }
    }
    return place_all(following);
}

bool linear_follow(const struct linear_history *history, char *text, size_t size)
{
    size_t ops = history->op_count + 1;
    struct following following = {
        .history = history,
        .found = calloc(LINEAR_CONTENTS, sizeof(*following.found)),
        .prefixes = calloc(history->event_count + 1, sizeof(*following.prefixes)),
        .by_begin = calloc(ops, sizeof(*following.by_begin)),
        .by_end = calloc(ops, sizeof(*following.by_end)),
        .places = calloc(ops, sizeof(*following.places)),
        .text = text,
        .size = size};
    bool good = false;

    if (following.found == NULL || following.prefixes == NULL ||
        following.by_begin == NULL || following.by_end == NULL ||
        following.places == NULL) {
        snprintf(text, size, "out of memory to follow the log");
    } else {
        good = follow(&following);
    }
    free(following.found);
    free(following.prefixes);
    free(following.by_begin);
    free(following.by_end);
    free(following.places);
    return good;
}
