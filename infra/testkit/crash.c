/* Crash everywhere: which faults there are, in which order they are tried, and what is
 * said of the one that breaks something. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/memory/random.h"
#include "infra/testkit/testkit.h"

#define RUNS_MAX 10000u

struct everywhere {
    struct sarn__search search;
    struct sarn__memory_random draws;
    struct sarn_arena *arena;
    struct sarn_test_crash_result *result;
    uint32_t commits, calls; /* Of the run without faults. */
    uint64_t total;          /* Runs that are meant to be. */
};

/* --- what there is to try --- */

/* Every fault that can strike at the boundaries of watch, in their order. */
static sarn_status list_faults(struct everywhere *all,
                               const struct sarn__watch *watch,
                               struct sarn_error *error)
{
    struct sarn__search *search = &all->search;
    size_t most = (size_t)watch->boundary_count * (SARN__FAULT_KINDS - 1);

    search->all = sarn__heap_alloc(&search->heap, (most + 1) * sizeof(*search->all));
    if (search->all == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %zu faults", most);
    }
    for (uint32_t i = 0; i < watch->boundary_count; i++) {
        const struct sarn__boundary *boundary = &watch->boundaries[i];
        uint32_t nth = boundary->is_commit ? ++all->commits : ++all->calls;

        for (uint32_t kind = 1; kind < SARN__FAULT_KINDS; kind++) {
            if (sarn__fault_fits((enum sarn__fault_kind)kind, boundary)) {
                search->all[search->all_count++] =
                    (struct sarn__fault){(enum sarn__fault_kind)kind, nth};
            }
        }
    }
    return SARN_OK;
}

static uint32_t draw(struct everywhere *all, uint32_t below)
{
    return (uint32_t)(sarn__memory_random_next(&all->draws) % below);
}

/* Two or three of them. */
static struct sarn__faults draw_several(struct everywhere *all)
{
    struct sarn__faults faults = {.count = 2 + draw(all, SARN__FAULTS_MAX - 1)};

    for (uint32_t i = 0; i < faults.count; i++) {
        faults.faults[i] = all->search.all[draw(all, all->search.all_count)];
    }
    return faults;
}

/* --- what is said --- */

/* text, which goes, to the result. */
static sarn_status keep_text(struct everywhere *all,
                             const struct sarn__text *text,
                             bool failed,
                             struct sarn_error *error)
{
    struct sarn_str copy = {NULL, 0};

    if (failed ||
        sarn_arena_copy(all->arena, (struct sarn_str){text->data, text->size + 1},
                        &copy) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a trace");
    }
    all->result->text = copy.data;
    return SARN_OK;
}

/* The run is made once more, for its trace. */
static sarn_status describe(struct everywhere *all,
                            const struct sarn__faults *faults,
                            const struct sarn__verdict *verdict,
                            struct sarn_error *error)
{
    struct sarn_test_crash_result *result = all->result;
    struct sarn__verdict again;
    struct sarn__text text, trace;
    sarn_status status;

    sarn__text_init(&text, &all->search.heap);
    sarn__text_init(&trace, &all->search.heap);
    sarn__faults_text(faults, result->only);
    snprintf(result->why, sizeof(result->why), "%s", verdict->why.text);
    status = sarn__crash_run(&all->search, faults, &again, NULL, &trace, error);
    if (status == SARN_OK) {
        sarn__text_print(&text, "%s failed: %s\n", verdict->at, verdict->why.text);
        sarn__text_print(&text, "seed %llu, %s\n", (unsigned long long)result->seed,
                         faults->count == 0 ? "without any fault" : result->only);
        if (again.held) {
            sarn__text_print(
                &text, "made once more it held: something decides that is not of "
                       "the test, such as a clock, or what setup left as it was\n");
        }
        sarn__text_add(&text, sarn_str(sarn__text_of(&trace)));
        status = keep_text(all, &text, text.failed || trace.failed, error);
    }
    sarn__text_done(&text);
    sarn__text_done(&trace);
    return status;
}

/* SARN_ERR_INVALID, with everything said; or what kept it from being said. */
static sarn_status tell(struct everywhere *all,
                        const struct sarn__faults *faults,
                        const struct sarn__verdict *verdict,
                        struct sarn_error *error)
{
    sarn_status status = describe(all, faults, verdict, error);

    if (status != SARN_OK) {
        return status;
    }
    return sarn__fail(error, SARN_ERR_INVALID, "%s failed (seed %llu, %s): %.150s",
                      verdict->at, (unsigned long long)all->result->seed,
                      faults->count == 0 ? "without any fault" : all->result->only,
                      all->result->why);
}

/* --- trying --- */

static sarn_status
show_progress(struct everywhere *all, uint64_t done, struct sarn_error *error)
{
    const struct sarn_test_crash *crash = all->search.crash;
    sarn_status status = crash->progress == NULL
                             ? SARN_OK
                             : crash->progress(crash->arg, done, all->total);

    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(error, status, "ended by its progress handler");
}

static sarn_status try_one(struct everywhere *all,
                           bool in_order,
                           struct sarn__faults faults,
                           struct sarn_error *error)
{
    struct sarn__verdict verdict;

    SARN__TRY(sarn__crash_run(&all->search, &faults, &verdict, NULL, NULL, error));
    all->result->tried += 1;
    SARN__TRY(show_progress(all, all->result->tried, error));
    if (verdict.held) {
        return SARN_OK;
    }
    SARN__TRY(sarn__crash_shrink(&all->search, in_order, &faults, &verdict, error));
    return tell(all, &faults, &verdict, error);
}

/* Each fault alone: all of them in their order, or as many as there may be, drawn. */
static sarn_status
try_singles(struct everywhere *all, uint32_t runs_max, struct sarn_error *error)
{
    struct sarn__search *search = &all->search;
    bool in_order = search->all_count <= runs_max;

    for (uint32_t i = 0; i < search->all_count && i < runs_max; i++) {
        uint32_t index = in_order ? i : draw(all, search->all_count);
        struct sarn__faults single = {{search->all[index]}, 1};

        SARN__TRY(try_one(all, in_order, single, error));
    }
    return SARN_OK;
}

static sarn_status
try_all(struct everywhere *all, uint32_t runs_max, struct sarn_error *error)
{
    const struct sarn__faults none = {.count = 0};
    struct sarn_test_crash_result *result = all->result;
    struct sarn__verdict verdict;
    struct sarn__watch watch = {.boundaries = NULL};
    sarn_status status;

    SARN__TRY(sarn__crash_run(&all->search, &none, &verdict, &watch, NULL, error));
    status = list_faults(all, &watch, error);
    sarn__heap_free(&all->search.heap, watch.boundaries);
    SARN__TRY(status);
    result->commits = all->commits;
    result->calls = all->calls;
    result->faults = all->search.all_count;
    if (!verdict.held) {
        return tell(all, &none, &verdict, error);
    }
    all->total = (uint64_t)(result->faults < runs_max ? result->faults : runs_max) +
                 all->search.crash->several;
    SARN__TRY(try_singles(all, runs_max, error));
    for (uint32_t i = 0; i < all->search.crash->several && result->faults > 0; i++) {
        SARN__TRY(try_one(all, false, draw_several(all), error));
    }
    return SARN_OK;
}

/* What an earlier report said, and nothing else. */
static sarn_status try_only(struct everywhere *all, struct sarn_error *error)
{
    struct sarn__faults faults;
    struct sarn__verdict verdict;

    SARN__TRY(sarn__faults_parse(all->search.crash->only, &faults, error));
    SARN__TRY(sarn__crash_run(&all->search, &faults, &verdict, NULL, NULL, error));
    all->result->tried = verdict.struck || faults.count == 0 ? 1 : 0;
    return verdict.held ? SARN_OK : tell(all, &faults, &verdict, error);
}

static sarn_status check(const struct sarn_test_crash *crash, struct sarn_error *error)
{
    if (crash->drive == NULL || crash->invariant == NULL || crash->flags != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "crash everywhere needs a drive and an invariant, and has no "
                          "flags");
    }
    return SARN_OK;
}

sarn_status sarn_test_crash_everywhere(const struct sarn_test_crash *given,
                                       struct sarn_arena *arena,
                                       struct sarn_test_crash_result *result,
                                       struct sarn_error *error)
{
    struct sarn_test_crash crash;
    struct sarn_test_crash_result found = SARN_TEST_CRASH_RESULT_INIT;
    struct everywhere all = {
        .search = {.crash = &crash, .options = SARN_TEST_OPTIONS_INIT},
        .arena = arena,
        .result = &found};
    struct sarn_heap none = {NULL, NULL};
    sarn_status status;

    SARN__TRY(sarn__sized_copy(&crash, sizeof(crash), sizeof(crash), given,
                               "sarn_test_crash", error));
    SARN__TRY(
        sarn__sized_check(result, sizeof(*result), "sarn_test_crash_result", error));
    SARN__TRY(check(&crash, error));
    if (crash.options != NULL) {
        SARN__TRY(sarn__sized_copy(&all.search.options, sizeof(all.search.options),
                                   sizeof(all.search.options), crash.options,
                                   "sarn_test_options", error));
    }
    all.search.heap = sarn__heap_or_malloc(
        all.search.options.engine != NULL ? &all.search.options.engine->heap : &none);
    all.draws.state = all.search.options.seed;
    found.seed = all.search.options.seed;
    found.text = "";
    status =
        crash.only != NULL
            ? try_only(&all, error)
            : try_all(&all, crash.runs_max != 0 ? crash.runs_max : RUNS_MAX, error);
    found.runs = all.search.runs;
    sarn__heap_free(&all.search.heap, all.search.all);
    memcpy(result, &found, sizeof(found));
    return status;
}
