/* whole_log.h - is the log in a file whole, and is another one the same? Whatever is
 * not so fails the test.
 */
#ifndef SARN_TESTS_SUPPORT_WHOLE_LOG_H
#define SARN_TESTS_SUPPORT_WHOLE_LOG_H

#include "sarn/log.h"

#include "support/test.h"

struct sarn_log_stats whole_log_stats(const char *path);
/* Pages, records, chain, and tables. */
void whole_log_assert(const char *path);
/* The copy is whole, and is the log at path. */
void whole_log_assert_same(const char *path, const char *copy);

#endif
