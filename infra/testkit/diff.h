/* diff.h - two texts, line by line.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_INFRA_TESTKIT_DIFF_H
#define SARN_INFRA_TESTKIT_DIFF_H

#include "infra/testkit/text.h"

#define SARN__DIFF_LINES_MAX 2000u /* Of one text. */

/* Is actual made of the lines of expected, where "..." stands for any number of lines,
 * "a..." for one that begins with a, and spaces around a line do not count? If not, the
 * difference is added to text:
 *
 *     as in both
 *   - expected, and not there
 *   + there, and not expected
 *
 * SARN_ERR_TOO_LARGE, SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__diff(const struct sarn_heap *heap,
                                     const char *expected,
                                     const char *actual,
                                     struct sarn__text *text,
                                     bool *same,
                                     struct sarn_error *error);

#endif
