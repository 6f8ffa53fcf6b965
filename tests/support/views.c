#include "support/views.h"

#include <string.h>

#include "support/test.h"

void views_open(struct views *views, const struct sarn_module *module)
{
    views->module = module;
    memset(&views->log, 0, sizeof(views->log));
    views->log.ports = views->scribe.ports;
    views->error.text[0] = '\0';
    if (sarn__log_init(&views->log, &views->module, module == NULL ? 0 : 1, false, NULL,
                       NULL, &views->error) != SARN_OK) {
        fail_msg("%s", views->error.text);
    }
    views->open = true;
}

void views_close(struct views *views)
{
    if (views->open) {
        sarn__log_done(&views->log);
    }
    views->open = false;
}

void views_begin(struct views *views, const struct sarn_module *module)
{
    memset(views, 0, sizeof(*views));
    ledger_begin(&views->scribe);
    if (module != NULL) {
        ledger_register_all(&views->scribe, module, 1);
    }
    views_open(views, module);
}

void views_end(struct views *views)
{
    views_close(views);
    scribe_done(&views->scribe);
}

void views_crash(struct views *views)
{
    views_close(views);
    scribe_crash(&views->scribe);
    views_open(views, views->module);
}

static void release_reader(struct sarn_log *reader)
{
    reader->ports.journal.ops->close(reader->ports.journal.self);
}

void views_open_reader(struct views *views,
                       const struct sarn_module *module,
                       struct sarn_log *reader)
{
    memset(reader, 0, sizeof(*reader));
    reader->ports = scribe_reader(&views->scribe);
    reader->release = release_reader;
    assert_int_equal(sarn__log_init(reader, &module, module == NULL ? 0 : 1, false,
                                    NULL, NULL, &views->error),
                     SARN_OK);
}

void views_close_reader(struct sarn_log *reader)
{
    sarn__log_done(reader);
    reader->release(reader);
}

void views_refresh(struct views *views)
{
    views->error.text[0] = '\0';
    if (sarn__log_refresh(&views->log, &views->error) != SARN_OK) {
        fail_msg("%s", views->error.text);
    }
}

void views_follow(struct views *views)
{
    bool behind = true;

    while (behind) {
        if (sarn__projections_follow(views->log.projections, 7, &behind,
                                     &views->error) != SARN_OK) {
            fail_msg("%s", views->error.text);
        }
    }
}

void views_flush(struct views *views, uint32_t rows_max, uint32_t slices)
{
    const struct sarn_journal *journal = &views->log.ports.journal;
    struct sarn__tables *tables = views->log.store.tables;
    struct sarn_flush flush;

    sarn__tables_begin_round(tables, views->log.store.position);
    while (slices-- > 0 && sarn__tables_in_round(tables)) {
        assert_int_equal(sarn__tables_slice(tables, rows_max, 1u << 20, &flush, NULL),
                         SARN_OK);
        flush.epoch = 0;
        assert_int_equal(journal->ops->flush(journal->self, &flush, NULL), SARN_OK);
        sarn__tables_slice_done(tables, SARN_OK);
    }
}

/* --- as text --- */

static void say(struct views *views, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct views *views, const char *format, ...)
{
    size_t used = strlen(views->text);
    va_list args;

    va_start(args, format);
    vsnprintf(views->text + used, sizeof(views->text) - used, format, args);
    va_end(args);
}

static sarn_status say_row(void *arg, struct sarn_str key, const void *row)
{
    struct views *views = arg;
    const struct ledger_balance *balance = row;

    (void)key;
    say(views, "%s%.*s %" PRId64, views->text[0] == '\0' ? "" : ", ",
        (int)balance->account.size, balance->account.data, balance->balance);
    if (balance->owner.size > 0) {
        say(views, " %.*s", (int)balance->owner.size, balance->owner.data);
    }
    say(views, " #%u", balance->changes);
    return SARN_OK;
}

const char *
views_rows_of(struct views *views, struct sarn_log *log, const struct sarn_query *query)
{
    sarn_status status;

    views->text[0] = '\0';
    status = sarn_log_query(log, query, say_row, views, &views->error);
    if (status != SARN_OK) {
        snprintf(views->text, sizeof(views->text), "%s", sarn_status_text(status));
    }
    return views->text;
}

const char *views_rows(struct views *views, const char *projection, const char *index)
{
    struct sarn_query query = SARN_QUERY_INIT;

    query.projection = projection;
    query.index = index;
    return views_rows_of(views, &views->log, &query);
}

static void say_finding(void *arg, const char *text)
{
    say(arg, "%s\n", text);
}

const char *views_check(struct views *views, struct sarn_log *log)
{
    struct sarn_check check = SARN_CHECK_INIT;

    check.finding = say_finding;
    check.arg = views;
    views->text[0] = '\0';
    if (sarn_log_check(log, &check, &views->error) != SARN_OK) {
        fail_msg("%s", views->error.text);
    }
    say(views, "events=%" PRIu64 " differences=%" PRIu64 " unchecked=%" PRIu64,
        check.events, check.differences, check.unchecked);
    assert_true(check.rows > 0 || check.events == 0);
    return views->text;
}
