/* sample.h - a value of any described type, made from its descriptor alone. */
#ifndef SARN_TESTS_SUPPORT_SAMPLE_H
#define SARN_TESTS_SUPPORT_SAMPLE_H

#include "sarn/schema.h"

/* A struct of type with every field set to something that is not its default, the same
 * for the same type each time. Tables lie at most three deep. Everything is in arena.
 */
void *sample_value(const struct sarn_type *type, struct sarn_arena *arena);

#endif
