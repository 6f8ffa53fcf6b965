/* killtest.h - a worker that is killed, and the judge of what it leaves behind.
 *
 * Work n is a deposit (even) or a transfer (odd); everything about it follows from n,
 * so the judge knows what to look for. The worker writes n to its standard output when
 * the work was acknowledged to it.
 */
#ifndef SARN_TESTS_CRASH_KILLTEST_H
#define SARN_TESTS_CRASH_KILLTEST_H

#include <sarn/payments.h>
#include <sarn/sarn.h>

#define KILL_ACCOUNTS  16u
#define KILL_IN_FLIGHT 32u
#define KILL_WORKS_MAX 2000000u

extern const struct sarn_module *const kill_modules[2];

/* Work from first on until killed, on the log at path; limit works, 0: no end. */
int kill_work(const char *path, uint64_t first, uint64_t limit);

/* What is known of the log between two kills. */
struct kill_judge {
    const char *path;
    uint64_t hash, position; /* Of what was read last time: a running hash, its end. */
    unsigned char *acked;    /* By work. */
    unsigned char *begun;    /* How often its effect, or its start, is in the log. */
    unsigned char *ended;    /* How often it is in the log that it ended. */
    uint64_t acks, events;
    uint64_t begun_max; /* No work beyond this has left a trace. */
    int64_t paid_in;
    uint64_t reading_hash;
    bool prefix_held;
};

void kill_judge_init(struct kill_judge *judge, const char *path);
void kill_judge_done(struct kill_judge *judge);
/* Read the log after a kill and hold it to its promises. Says what is wrong and ends
 * the program with 1 when it is not. all_ended: nobody works on it any more. */
void kill_judge_inspect(struct kill_judge *judge, bool all_ended);

int64_t kill_amount(uint64_t n);
void kill_die(const char *what, const char *why);
void kill_must(sarn_status status, const struct sarn_error *error, const char *what);

#endif
