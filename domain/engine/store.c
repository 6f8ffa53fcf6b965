#include "engine/store.h"

#include "core/fail.h"
#include "core/heap.h"
#include "engine/scan.h"
#include "engine/store_parts.h"

/* Records between two calls of progress. */
#define PROGRESS_EVERY SARN__READ_SLICE

static sarn_status journal_state(const struct sarn__store *store,
                                 struct sarn_journal_state *state,
                                 struct sarn_error *error)
{
    const struct sarn_journal *journal = &store->ports->journal;

    return journal->ops->state(journal->self, state, error);
}

sarn_status sarn__store_open(struct sarn__store *store,
                             const struct sarn_ports *ports,
                             bool bare,
                             struct sarn_error *error)
{
    static const struct sarn_journal nothing_below = {NULL, NULL};
    struct sarn_journal_state state = {.through = 0};
    struct sarn__store opened = {.ports = ports, .bare = bare};
    sarn_status status;

    if (!bare) {
        SARN__TRY(journal_state(&opened, &state, error));
    }
    SARN__TRY(sarn__tables_create(bare ? &nothing_below : &ports->journal, &ports->heap,
                                  &opened.tables, error));
    opened.scratch = sarn_arena_create(&ports->heap);
    status = opened.scratch == NULL
                 ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening a log")
                 : sarn__store_load(&opened, state.through, error);
    if (status != SARN_OK) {
        sarn__store_close(&opened);
        return status;
    }
    *store = opened;
    return SARN_OK;
}

void sarn__store_close(struct sarn__store *store)
{
    if (store->ports == NULL) {
        return; /* Never opened. */
    }
    sarn__tables_destroy(store->tables);
    sarn_arena_destroy(store->scratch);
    sarn__heap_free(&store->ports->heap, store->core_kinds);
    *store = (struct sarn__store){.ports = NULL};
}

/* --- the tail --- */

struct tail {
    struct sarn__store *store;
    sarn__store_record_fn *on_record;
    void *arg;
    struct sarn_error *error;
};

static sarn_status fold_one(void *arg, const struct sarn__record *record)
{
    struct tail *tail = arg;

    SARN__TRY(sarn__store_fold(tail->store, record, tail->error));
    return tail->on_record == NULL ? SARN_OK : tail->on_record(tail->arg, record);
}

/* Another process has flushed past this store: what is below now knows more than the
 * rows here, and all of it. */
static sarn_status catch_up_with_tables(struct sarn__store *store,
                                        uint64_t through,
                                        struct sarn_error *error)
{
    SARN__TRY(sarn__tables_forget(store->tables, error));
    return sarn__store_load(store, through, error);
}

sarn_status sarn__store_fold_tail(struct sarn__store *store,
                                  sarn__store_record_fn *on_record,
                                  void *on_record_arg,
                                  sarn_progress_fn *progress,
                                  void *progress_arg,
                                  struct sarn_error *error)
{
    struct tail tail = {store, on_record, on_record_arg, error};
    struct sarn_journal_state state;
    uint64_t begin;

    SARN__TRY(journal_state(store, &state, error));
    if (!store->bare && state.through > store->position) {
        SARN__TRY(catch_up_with_tables(store, state.through, error));
    }
    begin = store->position;
    while (store->position < state.last_position) {
        uint64_t to = store->position + PROGRESS_EVERY;

        if (to > state.last_position) {
            to = state.last_position;
        }
        SARN__TRY(sarn__scan_forward(store->ports, store->position + 1, to, fold_one,
                                     &tail, error));
        if (store->position != to) {
            return sarn__fail(
                error, SARN_ERR_CORRUPT,
                "the log ends at position %llu, and said that it ends at "
                "%llu; try again, and if it stays so, see \"sarn verify\"",
                (unsigned long long)store->position, (unsigned long long)to);
        }
        if (progress != NULL) {
            sarn_status status =
                progress(progress_arg, to - begin, state.last_position - begin);

            if (status != SARN_OK) {
                return sarn__fail(error, status, "stopped at position %llu",
                                  (unsigned long long)to);
            }
        }
    }
    return SARN_OK;
}
