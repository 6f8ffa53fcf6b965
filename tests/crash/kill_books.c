/* What the tables say, held against what the judge has read. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "killtest.h"

static sarn_status add_balance(void *arg, struct sarn_str key, const void *row)
{
    (void)key;
    *(int64_t *)arg += ((const struct payments_balance *)row)->balance;
    return SARN_OK;
}

static void check_balances(const struct kill_books *books, sarn_log *log)
{
    struct sarn_query query = SARN_QUERY_INIT;
    struct sarn_error error;
    int64_t rows = 0;

    query.projection = "balances";
    kill_must(sarn_log_query(log, &query, add_balance, &rows, &error), &error, "query");
    if (rows != books->paid_in) {
        fprintf(stderr, "killtest: paid in %lld, in the accounts %lld\n",
                (long long)books->paid_in, (long long)rows);
        exit(1);
    }
}

/* --- notes --- */

struct comparing {
    const struct kill_books *books;
    uint32_t rows;
};

static sarn_status compare_notes(void *arg, struct sarn_str key, const void *row)
{
    struct comparing *comparing = arg;
    const struct kill_notes *notes = row;

    (void)key;
    for (uint32_t i = 0; i < KILL_NOTE_STREAMS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "note-%u", i);
        if (sarn_str_equal(notes->stream, sarn_str(name)) &&
            (notes->count != comparing->books->notes[i] ||
             notes->sum != comparing->books->sums[i])) {
            kill_wrong("a row of notes is not what was noted: stream", i);
        }
    }
    comparing->rows += 1;
    return SARN_OK;
}

static void
check_notes(const struct kill_books *books, sarn_log *log, const char *projection)
{
    struct comparing comparing = {.books = books};
    struct sarn_query query = SARN_QUERY_INIT;
    struct sarn_error error;
    uint32_t wanted = 0;

    query.projection = projection;
    kill_must(sarn_log_query(log, &query, compare_notes, &comparing, &error), &error,
              "query");
    for (uint32_t i = 0; i < KILL_NOTE_STREAMS; i++) {
        wanted += books->notes[i] > 0 ? 1 : 0;
    }
    if (comparing.rows != wanted) {
        kill_wrong("rows of notes are missing; there are", comparing.rows);
    }
}

void kill_books_check(const struct kill_books *books, sarn_log *log, bool later)
{
    check_balances(books, log);
    check_notes(books, log, KILL_NOTES);
    if (later) {
        check_notes(books, log, KILL_LATER_NOTES);
    }
}

/* --- ticks --- */

/* Of "...T14:00:07Z", its end: the second of the day. */
static int64_t second_of(struct sarn_str stream)
{
    char text[10] = "";

    memcpy(text, stream.data + stream.size - sizeof(text) + 1, sizeof(text) - 1);
    text[2] = text[5] = text[8] = '\0';
    return (strtoll(text, NULL, 10) * 60 + strtoll(text + 3, NULL, 10)) * 60 +
           strtoll(text + 6, NULL, 10);
}

void kill_books_tick(struct kill_books *books, struct sarn_str stream)
{
    const struct sarn_str prefix = SARN_STR(KILL_TICK "-" KILL_TICK "-");
    int64_t second;

    if (stream.size < prefix.size + 20 ||
        memcmp(stream.data, prefix.data, prefix.size) != 0) {
        kill_wrong("an execution of no work of ours", stream.size);
    }
    second = second_of(stream);
    if (books->last_tick >= 0 && second != (books->last_tick + 1) % 86400) {
        kill_wrong("a tick is missing, or was made twice; second of the day",
                   (uint64_t)second);
    }
    books->last_tick = second;
    books->ticks += 1;
}
