/* contest.h - clients that contend for a few streams of one log, and what they saw.
 *
 * Threads append with every kind of expected version, with keys of their own and keys
 * that others use at the same time, to one stream and to several; send commands to an
 * aggregate; and read in every way. A second process reads along. Between rounds the
 * log is closed, with requests in flight, and opened again; now and then a sync or the
 * write of a meta page fails on the way, so that nobody knows what became of an append.
 */
#ifndef SARN_TESTS_SUPPORT_CONTEST_H
#define SARN_TESTS_SUPPORT_CONTEST_H

#include "support/linear.h"

#define CONTEST_CLIENTS_MAX 6u

struct contest_options {
    const char *path; /* Of a log that is not there. */
    uint64_t seed;
    uint32_t clients, rounds;
    uint32_t calls; /* Of each client in a round. */
    bool faults;    /* In some rounds. */
    bool alone;     /* Nobody reads along. */
};

struct contest {
    struct linear_history history; /* In memory that processes share. */
    char text[512];                /* What went wrong in the running of it. */
    uint32_t in_doubt;             /* Calls of unknown outcome. */
    uint32_t in_doubt_done;        /* Those whose events are in the log. */
    uint32_t read_along;           /* By the other process. */
};

/* Run one; false: text says what was answered that may never be. To be released either
 * way. */
bool contest_run(const struct contest_options *options, struct contest *contest);
void contest_release(struct contest *contest);

#endif
