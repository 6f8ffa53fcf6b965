#include "engine/check_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/fail.h"
#include "engine/page.h"

#define FOLLOW_EVENTS 65536u
#define CHASES_MAX    16u /* Times that a growing log is followed before comparing. */

/* --- findings --- */

static void find(struct sarn__checking *checking, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void find(struct sarn__checking *checking, const char *format, va_list args)
{
    char text[SARN_ERROR_TEXT_BYTES * 2];

    if (checking->check.finding != NULL) {
        (void)vsnprintf(text, sizeof(text), format, args);
        checking->check.finding(checking->check.arg, text);
    }
}

void sarn__check_differs(struct sarn__checking *checking, const char *format, ...)
{
    va_list args;

    checking->check.differences += 1;
    va_start(args, format);
    find(checking, format, args);
    va_end(args);
}

void sarn__check_unchecked(struct sarn__checking *checking, const char *format, ...)
{
    va_list args;

    checking->check.unchecked += 1;
    va_start(args, format);
    find(checking, format, args);
    va_end(args);
}

sarn_status sarn__check_survive(struct sarn__checking *checking, sarn_status status)
{
    if (status != SARN_ERR_CORRUPT) {
        return status;
    }
    sarn__check_differs(checking, "%s", checking->error->text);
    return SARN_OK;
}

/* --- folding the shadow --- */

static sarn_status report_progress(const struct sarn__checking *checking)
{
    const struct sarn_check *check = &checking->check;
    uint64_t done = checking->shadow.position;
    uint64_t last = checking->log->store.position;
    sarn_status status = SARN_OK;

    if (check->progress != NULL) {
        status = check->progress(check->arg, done, last);
    }
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(checking->error, status,
                            "the check was ended at position %llu of %llu",
                            (unsigned long long)done, (unsigned long long)last);
}

static sarn_status
fold_to(struct sarn__checking *checking, struct sarn__page *page, uint64_t position)
{
    while (checking->shadow.position < position) {
        SARN__TRY(sarn__page_forward(page, &checking->log->ports,
                                     checking->shadow.position + 1, position,
                                     checking->error));
        for (uint32_t i = 0; i < page->count; i++) {
            SARN__TRY(sarn__store_fold(&checking->shadow, &page->records[i],
                                       checking->error));
            SARN__TRY(sarn__projections_fold(checking->projections, &page->records[i],
                                             NULL, checking->error));
        }
        checking->check.events = checking->shadow.position;
        SARN__TRY(report_progress(checking));
    }
    return SARN_OK;
}

/* Async projections to where the log stands. */
static sarn_status follow(struct sarn__checking *checking)
{
    bool behind = true;

    while (behind) {
        SARN__TRY(sarn__projections_follow(checking->log->projections, FOLLOW_EVENTS,
                                           &behind, checking->error));
    }
    return SARN_OK;
}

/* A reader's log grows while the shadow is folded: chase it, so that what is compared
 * is as near to what is stored as can be. */
static sarn_status fold_all(struct sarn__checking *checking, struct sarn__page *page)
{
    struct sarn_log *log = checking->log;
    uint64_t position;
    uint32_t chases = 0;

    do {
        position = log->store.position;
        SARN__TRY(fold_to(checking, page, position));
        if (sarn__log_is_reader(log)) {
            SARN__TRY(sarn__log_refresh(log, checking->error));
        }
        chases += 1;
    } while (log->store.position > position && chases < CHASES_MAX);
    SARN__TRY(fold_to(checking, page, log->store.position));
    return follow(checking);
}

/* --- the check --- */

static sarn_status compare(struct sarn__checking *checking)
{
    struct sarn__page page;
    sarn_status status;

    SARN__TRY(sarn__page_init(&page, &checking->ports.heap, checking->error));
    status = fold_all(checking, &page);
    sarn__page_done(&page);
    SARN__TRY(status);
    SARN__TRY(sarn__check_rows(checking));
    return sarn__check_snapshots(checking);
}

static sarn_status run(struct sarn__checking *checking)
{
    struct sarn_log *log = checking->log;
    sarn_status status;

    if (sarn__log_is_reader(log)) {
        SARN__TRY(sarn__log_refresh(log, checking->error));
    }
    checking->ports = log->ports;
    checking->ports.journal = (struct sarn_journal){.ops = NULL};
    SARN__TRY(
        sarn__store_open(&checking->shadow, &checking->ports, true, checking->error));
    status = sarn__projections_shadow(log->projections, NULL, checking->shadow.tables,
                                      &checking->projections, checking->error);
    if (status == SARN_OK) {
        status = compare(checking);
        sarn__projections_destroy(checking->projections);
    }
    sarn__store_close(&checking->shadow);
    return status;
}

struct call {
    struct sarn_log *log;
    struct sarn_check *check;
    struct sarn_error *error;
};

static sarn_status check_call(void *arg)
{
    struct call *call = arg;
    struct sarn_error error = {.status = SARN_OK};
    struct sarn__checking checking = {
        .log = call->log, .error = call->error == NULL ? &error : call->error};

    SARN__TRY(sarn__log_take(&checking.check, sizeof(checking.check), call->check,
                             "sarn_check", call->error));
    checking.check.events = 0;
    checking.check.rows = 0;
    checking.check.differences = 0;
    checking.check.unchecked = 0;
    SARN__TRY(run(&checking));
    call->check->events = checking.check.events;
    call->check->rows = checking.check.rows;
    call->check->differences = checking.check.differences;
    call->check->unchecked = checking.check.unchecked;
    return SARN_OK;
}

sarn_status
sarn_log_check(sarn_log *log, struct sarn_check *check, struct sarn_error *error)
{
    struct call call = {log, check, error};

    return sarn__log_visit(log, check_call, &call, error);
}
