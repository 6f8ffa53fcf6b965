/* overlay.h - tables over the memory journal, for their tests. */
#ifndef SARN_TESTS_SUPPORT_OVERLAY_H
#define SARN_TESTS_SUPPORT_OVERLAY_H

#include "engine/tables.h"
#include "infra/memory/journal.h"
#include "support/heap.h"
#include "support/test.h"

#define OVERLAY_TEXT  512u
#define OVERLAY_TABLE 7u /* Of the calls below. */

struct overlay {
    struct sarn__memory_store *store;
    struct sarn_journal journal;
    struct test_heap counted; /* What the tables allocate. */
    struct sarn_heap heap;
    struct sarn__tables *tables;
    struct sarn_arena *arena;
    char text[OVERLAY_TEXT]; /* Of the last answer. */
};

/* With a log of 1,000 positions, so that flushes may reach them. */
void overlay_begin(struct overlay *f);
/* Everything that the tables allocated is freed, or the test fails. */
void overlay_end(struct overlay *f);
/* count more positions. */
void overlay_append(struct overlay *f, uint32_t count);
/* Everything in memory is lost, and the tables are opened anew. */
void overlay_crash(struct overlay *f);

void overlay_put(struct overlay *f,
                 const char *key,
                 const char *value,
                 uint64_t position);
void overlay_take(struct overlay *f, const char *key, uint64_t position);
/* "value@position", or "none@position". */
const char *overlay_get(struct overlay *f, const char *key);
/* "key=value key=value" */
const char *
overlay_list(struct overlay *f, const char *from, const char *to, bool backward);
/* What lies in the journal: "key key(removed)". */
const char *overlay_below(struct overlay *f);
/* One slice: "key key(-) through=N"; written, unless a fault was set. */
const char *overlay_slice(struct overlay *f, uint32_t rows_max);
/* All slices of a round. */
void overlay_flush(struct overlay *f, uint64_t through);

#endif
