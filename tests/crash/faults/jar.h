/* jar.h - what the scenes work with: jars that notes are put into, and errands.
 *
 *   jar      aggregate: takes jar.Put, which it refuses when the note is "bad"
 *   filled   inline projection: a row for each jar, with the index "count"
 *   behind   the same, async
 *   errand   look      external, idempotent
 *            put       local: a note into the jar of its own id
 *            rest      a timer that is due at once
 *            go        waits for the signal "go"
 *            receipt   a promise, whose id look has handed out
 *            helper    a child: a helper
 *            fetch     external, with a reconcile that knows; its first attempt fails
 *            It takes the update "rename" and answers the query "name".
 *   helper   help      external, idempotent
 *            sort      local: ends, or begins a new run
 *
 * Everything outside that they act on is in a struct jar_world, the engine's context.
 */
#ifndef SARN_TESTS_CRASH_FAULTS_JAR_H
#define SARN_TESTS_CRASH_FAULTS_JAR_H

#include <sarn/financial_transaction.h>
#include <sarn/sarn.h>

#include "jar_schema.h"

struct jar_world {
    struct sarn_financial_transaction_context context; /* First: the bundled ones'. */
    _Atomic int32_t fetched; /* How often a fetch stands, over all executions. */
    _Atomic uint32_t calls;  /* Of external functions. */
    char promise[256];       /* The id of the promise "receipt", from look. */
};

extern const struct sarn_module jar_module;
/* The same with another version of "filled": its rows are built anew at open. */
extern const struct sarn_module jar_later_module;

#endif
