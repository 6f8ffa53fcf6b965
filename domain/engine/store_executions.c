/* Which executions and schedules are awake, and until when the others sleep.
 *
 * EXECUTIONS  number of the stream -> nothing: it is awake
 * SLEEPERS    number -> i64 until when it sleeps; 0: until it is told something
 * TIMERS      until when, number -> nothing
 * RUNS        number -> u64 version of its latest start, if that is not its first event
 *
 * Most executions begin and end between two flushes, and never sleep: these cost a
 * look at one row in memory for each event, and are not written at all. */
#include <assert.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/scan.h"
#include "engine/store_parts.h"
#include "sarn/events.h"

#define NUMBER_BYTES 8u

static const struct sarn_str nothing = {NULL, 0};

/* Times in keys are after 1970, so that they compare as they do: fold_slept() sees to
 * it. */
static struct sarn__row_key timer_key(int64_t until_us, uint64_t number)
{
    struct sarn__row_key key = sarn__number_key((uint64_t)until_us);

    assert(until_us >= 0);
    sarn__key_u64(&key, number);
    return key;
}

static sarn_status wrong_size(struct sarn_error *error, const char *what, uint32_t size)
{
    return sarn__fail(error, SARN_ERR_CORRUPT, "the row of %s has %u bytes", what,
                      size);
}

/* --- was it asleep? --- */

struct sleep {
    bool awake;  /* For certain. */
    bool asleep; /* For certain; neither: parked, over, new, or awake after all. */
    int64_t until_us;
};

static int64_t until_of(const struct sarn_execution_slept *event)
{
    return event->until_us > 0 ? event->until_us : 0;
}

struct search {
    const struct sarn__fold *fold;
    struct sleep *sleep;
};

/* The stream's latest event before that is an execution's says it. */
static sarn_status
look_back(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    const struct search *search = arg;
    struct sarn__store *store = search->fold->store;
    struct sarn_execution_slept event;
    struct sarn__record record;
    enum sarn__core kind;

    SARN__TRY(sarn__record_decode(position, value, &store->ports->hash, &record,
                                  search->fold->error));
    kind = sarn__core_kind(store, record.type);
    if (kind < SARN__CORE_EXECUTION_STARTED) {
        *next = record.previous;
        return SARN_OK;
    }
    if (kind == SARN__CORE_EXECUTION_SLEPT) {
        SARN__TRY(sarn__core_decode(store, &record, &sarn_execution_slept_type, &event,
                                    search->fold->error));
        search->sleep->asleep = true;
        search->sleep->until_us = until_of(&event);
    }
    return SARN_OK;
}

/* The row has seen the event that is folded: after a crash, when a part of the rows
 * was written already, or half-way through a fold that is made again. What it was
 * before is only in the log; rare, so that it may cost a read. */
static sarn_status sleep_by_log(struct sarn__fold *fold, struct sleep *sleep)
{
    const struct sarn_journal *journal = &fold->store->ports->journal;
    struct search search = {fold, sleep};
    uint64_t position = fold->record->previous;

    while (position != 0) {
        uint64_t next = 0;

        SARN__TRY(journal->ops->walk(journal->self, position, look_back, &search, &next,
                                     fold->error));
        position = next;
    }
    return SARN_OK;
}

static sarn_status
find_sleep(struct sarn__fold *fold, struct sarn_str key, struct sleep *sleep)
{
    struct sarn__tables *tables = fold->store->tables;
    uint64_t position = fold->record->position;
    struct sarn__row_view view;

    *sleep = (struct sleep){.awake = false};
    if (fold->record->version == 0) {
        return SARN_OK;
    }
    SARN__TRY(
        sarn__tables_peek(tables, SARN__TABLE_EXECUTIONS, key, &view, fold->error));
    sleep->awake = view.found && view.position < position;
    if (sleep->awake) {
        return SARN_OK;
    }
    SARN__TRY(sarn__tables_peek(tables, SARN__TABLE_SLEEPERS, key, &view, fold->error));
    if (view.position >= position) {
        return sleep_by_log(fold, sleep);
    }
    if (view.found && view.size != NUMBER_BYTES) {
        return wrong_size(fold->error, "an execution asleep", view.size);
    }
    if (view.found) {
        sleep->asleep = true;
        sleep->until_us = (int64_t)sarn__get_u64(view.value);
    }
    return SARN_OK;
}

/* --- the fold --- */

static sarn_status
end_sleep(struct sarn__fold *fold, struct sarn_str key, const struct sleep *sleep)
{
    struct sarn__store *store = fold->store;
    struct sarn__row_key timer;

    SARN__TRY(sarn__tables_remove(store->tables, SARN__TABLE_SLEEPERS, key,
                                  fold->record->position, fold->error));
    if (sleep->until_us == 0) {
        return SARN_OK;
    }
    timer = timer_key(sleep->until_us, fold->record->stream);
    if (sleep->until_us == store->next_due_us) {
        store->knows_due = false;
    }
    return sarn__tables_remove(store->tables, SARN__TABLE_TIMERS, sarn__key_str(&timer),
                               fold->record->position, fold->error);
}

static sarn_status fold_awake(struct sarn__fold *fold, struct sarn_str key)
{
    /* What ends before the next flush is then not written at all. */
    return (fold->record->version == 0 ? sarn__tables_insert : sarn__tables_put)(
        fold->store->tables, SARN__TABLE_EXECUTIONS, key, nothing,
        fold->record->position, fold->error);
}

static sarn_status
fold_at_rest(struct sarn__fold *fold, struct sarn_str key, const struct sleep *sleep)
{
    struct sarn__tables *tables = fold->store->tables;
    struct sarn__row_view view = {.found = sleep->awake};

    if (!sleep->awake) {
        SARN__TRY(
            sarn__tables_peek(tables, SARN__TABLE_EXECUTIONS, key, &view, fold->error));
    }
    return !view.found ? SARN_OK
                       : sarn__tables_remove(tables, SARN__TABLE_EXECUTIONS, key,
                                             fold->record->position, fold->error);
}

static sarn_status
fold_slept(struct sarn__fold *fold, struct sarn_str key, const struct sleep *sleep)
{
    struct sarn__store *store = fold->store;
    struct sarn_execution_slept event;
    char bytes[NUMBER_BYTES];
    struct sarn__row_key timer;
    int64_t until_us;

    SARN__TRY(sarn__core_decode(store, fold->record, &sarn_execution_slept_type, &event,
                                fold->error));
    until_us = until_of(&event);
    sarn__put_u64(bytes, (uint64_t)until_us);
    SARN__TRY(sarn__tables_put(store->tables, SARN__TABLE_SLEEPERS, key,
                               (struct sarn_str){bytes, sizeof(bytes)},
                               fold->record->position, fold->error));
    if (until_us > 0) {
        timer = timer_key(until_us, fold->record->stream);
        SARN__TRY(sarn__tables_put(store->tables, SARN__TABLE_TIMERS,
                                   sarn__key_str(&timer), nothing,
                                   fold->record->position, fold->error));
        if (until_us < store->next_due_us) {
            store->next_due_us = until_us;
        }
    }
    return fold_at_rest(fold, key, sleep);
}

static sarn_status fold_run(struct sarn__fold *fold, struct sarn_str key)
{
    char bytes[NUMBER_BYTES];

    if (fold->record->version == 0) {
        return SARN_OK;
    }
    sarn__put_u64(bytes, fold->record->version);
    return sarn__tables_put(fold->store->tables, SARN__TABLE_RUNS, key,
                            (struct sarn_str){bytes, sizeof(bytes)},
                            fold->record->position, fold->error);
}

sarn_status sarn__fold_execution(struct sarn__fold *fold)
{
    struct sarn__row_key number = sarn__number_key(fold->record->stream);
    struct sarn_str key = sarn__key_str(&number);
    struct sleep sleep;
    bool wakes;

    SARN__TRY(find_sleep(fold, key, &sleep));
    if (sleep.asleep) {
        SARN__TRY(end_sleep(fold, key, &sleep));
    }
    if (fold->core == SARN__CORE_EXECUTION_SLEPT) {
        return fold_slept(fold, key, &sleep);
    }
    if (fold->core == SARN__CORE_EXECUTION_ENDED) {
        return fold_at_rest(fold, key, &sleep);
    }
    if (fold->core == SARN__CORE_EXECUTION_STARTED) {
        SARN__TRY(fold_run(fold, key));
    }
    wakes = fold->core == SARN__CORE_EXECUTION_TOLD ? sleep.asleep : !sleep.awake;
    return wakes ? fold_awake(fold, key) : SARN_OK;
}

/* --- questions --- */

struct listing {
    uint32_t left;
    uint32_t key_bytes;     /* The number is at their end. */
    sarn__number_fn *visit; /* NULL: visit_due is. */
    sarn__due_fn *visit_due;
    void *arg;
    struct sarn_error *error;
    bool enough;
};

static sarn_status
visit_number(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct listing *listing = arg;
    struct sarn__due due;

    (void)value;
    (void)position;
    if (key.size != listing->key_bytes) {
        return sarn__fail(listing->error, SARN_ERR_CORRUPT,
                          "a row of executions has a key of %u bytes, not %u", key.size,
                          listing->key_bytes);
    }
    listing->enough = listing->left == 0;
    if (listing->enough) {
        return SARN_ERR_FULL; /* Ends the scan, no more. */
    }
    listing->left -= 1;
    due.number = sarn__key_get_u64(key.data + key.size - NUMBER_BYTES);
    if (listing->visit != NULL) {
        return listing->visit(listing->arg, due.number);
    }
    due.due_us = (int64_t)sarn__key_get_u64(key.data);
    return listing->visit_due(listing->arg, &due);
}

static sarn_status list(struct sarn__store *store,
                        const struct sarn_table_range *range,
                        struct listing *listing)
{
    sarn_status status =
        sarn__tables_scan(store->tables, range, visit_number, listing, listing->error);

    return listing->enough ? SARN_OK : status;
}

sarn_status sarn__store_executions(struct sarn__store *store,
                                   uint64_t from_number,
                                   uint32_t limit,
                                   sarn__number_fn *visit,
                                   void *arg,
                                   struct sarn_error *error)
{
    struct sarn__row_key from = sarn__number_key(from_number);
    const struct sarn_table_range range = {.table = SARN__TABLE_EXECUTIONS,
                                           .from = sarn__key_str(&from)};
    struct listing listing = {.left = limit,
                              .key_bytes = NUMBER_BYTES,
                              .visit = visit,
                              .arg = arg,
                              .error = error};

    return list(store, &range, &listing);
}

sarn_status sarn__store_due(struct sarn__store *store,
                            const struct sarn__due *after,
                            int64_t now_us,
                            uint32_t limit,
                            sarn__due_fn *visit,
                            void *arg,
                            struct sarn_error *error)
{
    struct sarn__row_key from =
        timer_key(after->due_us < 0 ? 0 : after->due_us, after->number + 1);
    struct sarn__row_key to =
        sarn__number_key(now_us < 0            ? 0
                         : now_us == INT64_MAX ? (uint64_t)INT64_MAX
                                               : (uint64_t)now_us + 1);
    const struct sarn_table_range range = {.table = SARN__TABLE_TIMERS,
                                           .from = sarn__key_str(&from),
                                           .to = sarn__key_str(&to)};
    struct listing listing = {.left = limit,
                              .key_bytes = 2 * NUMBER_BYTES,
                              .visit_due = visit,
                              .arg = arg,
                              .error = error};

    return after->due_us > now_us ? SARN_OK : list(store, &range, &listing);
}

static sarn_status
take_due(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    int64_t *due_us = arg;

    (void)value;
    (void)position;
    *due_us = key.size < NUMBER_BYTES ? 0 : (int64_t)sarn__key_get_u64(key.data);
    return SARN_ERR_FULL; /* The first is all. */
}

sarn_status sarn__store_next_due(struct sarn__store *store,
                                 int64_t *due_us,
                                 struct sarn_error *error)
{
    const struct sarn_table_range range = {.table = SARN__TABLE_TIMERS};
    int64_t first_us = INT64_MAX;
    sarn_status status;

    if (!store->knows_due) {
        status = sarn__tables_scan(store->tables, &range, take_due, &first_us, error);
        if (status != SARN_OK && first_us == INT64_MAX) {
            return status;
        }
        store->next_due_us = first_us;
        store->knows_due = true;
    }
    *due_us = store->next_due_us;
    return SARN_OK;
}

sarn_status sarn__store_run_start(struct sarn__store *store,
                                  uint64_t number,
                                  uint64_t *version,
                                  struct sarn_error *error)
{
    struct sarn__row_key key = sarn__number_key(number);
    struct sarn__row_view view;

    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_RUNS, sarn__key_str(&key),
                                &view, error));
    if (view.found && view.size != NUMBER_BYTES) {
        return wrong_size(error, "an execution's latest run", view.size);
    }
    *version = view.found ? sarn__get_u64(view.value) : 0;
    return SARN_OK;
}
