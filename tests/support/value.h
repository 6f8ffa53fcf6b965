/* value.h - described structs in tests: are two the same, and what is one as text? */
#ifndef SARN_TESTS_SUPPORT_VALUE_H
#define SARN_TESTS_SUPPORT_VALUE_H

#include "sarn/schema.h"

/* Deep; absent and empty text differ, absent and empty vectors do not. Reals are
 * compared by their bits. */
bool value_equal(const struct sarn_type *type, const void *a, const void *b);

#endif
