/* fit.h - may an execution that was started with one definition go on with another?
 *
 *   step is                  and the execution            outcome
 *   added                    has not come by              it runs when it is reached
 *                            is past its place            it is never run
 *   removed                  has not come to it           nothing
 *                            has done it, no undo         nothing
 *                            has done it, and it undoes   does not fit: nobody could
 *                            is at it                     does not fit
 *   renamed, with an alias   any                          goes on under the new id
 *   moved                    would skip it, or run it     does not fit
 *                            twice
 *                            otherwise                    runs in the new order
 *   of another kind, or output's type, group, or no
 *   longer undoing           has begun it                 does not fit
 *                            has not                      as the new one says
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_FIT_H
#define SARN_CORE_FIT_H

#include "core/definition.h"
#include "core/execution.h"

struct sarn__misfit {
    struct sarn_str step; /* That does not fit; points into execution or definition. */
    char reason[SARN_ERROR_TEXT_BYTES];
};

/* old is what execution was started with (perhaps read from the log: its functions are
 * not called), and NULL when nobody knows it any more: then only what the execution
 * itself tells is looked at. true: it fits next. */
bool sarn__fits(const struct sarn__execution *execution,
                const struct sarn__definition *old,
                const struct sarn__definition *next,
                struct sarn__misfit *misfit);

#endif
