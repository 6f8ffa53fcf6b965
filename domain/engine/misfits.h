/* misfits.h - executions in flight, held against the workflows that are registered.
 *
 * An execution stays on the version that it was started with, by fingerprint, where
 * that is registered. Where it is not, but another version of its workflow is, it must
 * fit that one (core/fit.h): what it was started with is read from the log.
 *
 * Threads: the dispatch thread, or whoever opens.
 */
#ifndef SARN_ENGINE_MISFITS_H
#define SARN_ENGINE_MISFITS_H

#include "core/fit.h"
#include "engine/state.h"

/* Can execution, started with a version that is not registered, go on with next?
 * *fits false: misfit says why; its words are in execution, next or arena. */
SARN_MUST_USE sarn_status sarn__misfit_look(struct sarn_log *log,
                                            const struct sarn__execution *execution,
                                            const struct sarn__definition *next,
                                            struct sarn_arena *arena,
                                            bool *fits,
                                            struct sarn__misfit *misfit,
                                            struct sarn_error *error);

/* At open: look at every execution that is running or compensating on a version that is
 * not registered, and do with those that do not fit as the options say. Costs nothing
 * for versions that are. SARN_ERR_MISFIT: how many there are, and the first. */
SARN_MUST_USE sarn_status sarn__misfits_check(sarn_engine *engine,
                                              struct sarn_error *error);

#endif
