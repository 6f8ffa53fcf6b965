/* import.h - the parts of bank import.
 *
 *   import.c    the engine, the loop over the rows, the report
 *   book.c      what a row becomes: accounts, users, commands, transactions
 *   flights.c   requests on their way, and what became of them
 */
#ifndef BANK_IMPORT_H
#define BANK_IMPORT_H

#include <pthread.h>

#include "bank.h"
#include "inject.h"

#define BANK_ORIGIN "bank import"

/* A request that waits for its reply. */
struct flight {
    struct flight *next; /* Free ones. */
    struct import *import;
    uint64_t line; /* 0: not a row, but what makes one possible. */
    enum bank_kind kind;
};

struct import {
    sarn_engine *engine;
    struct bank_reader *reader;
    struct bank_injection injection;
    struct bank_ledger accounts; /* Opened here; the sums are not used. */
    struct bank_ledger users;    /* Set up here; likewise. */
    struct flight *flights;
    pthread_mutex_t mutex; /* For all below. */
    pthread_cond_t landed;
    struct bank_progress progress;
    struct flight *free;
    uint32_t in_flight;
    uint64_t rows, bookings, transfers, compensated, before, skipped;
    bool failed;
    struct sarn_error error; /* When failed. */
};

/* --- flights.c --- */

bool bank_flights_create(struct import *import);
/* Say why a row was skipped. With the mutex. */
void bank_skip(struct import *import, uint64_t line, const char *reason);
/* Stop; the first failure is the one to tell. With the mutex. */
void bank_fail(struct import *import, sarn_status status, const char *text);
/* The same, without. */
void bank_out_of_memory(struct import *import);

/* A place in flight for row (NULL: what makes rows possible), when there is one. NULL:
 * stop. */
struct flight *bank_take_off(struct import *import, const struct bank_row *row);
/* It never took off. */
void bank_call_off(struct flight *flight, const struct sarn_error *error);
/* Send one command to "<category>-<id>", for row (NULL: none). false: stop. */
bool bank_submit(struct import *import,
                 const struct bank_row *row,
                 const char *category,
                 const char *id,
                 const struct sarn_type *type,
                 const void *data);
/* What flight comes back to. [dispatch thread] */
void bank_landed(void *arg, const struct sarn_reply *reply);

/* --- book.c --- */

/* Submit what row asks for. false: stop. */
bool bank_book(struct import *import, const struct bank_row *row);

#endif
