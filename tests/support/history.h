/* history.h - an execution's events as one line of text, for tests to compare.
 *
 *   "started [s0 s1], s0#1 ok, s1#1 failed for now, slept 5000ms, ..."
 *
 * A step is named with its visit from the second on ("s0/2"), an attempt by "#1". What
 * a local step's commands wrote is in other streams.
 */
#ifndef SARN_TESTS_SUPPORT_HISTORY_H
#define SARN_TESTS_SUPPORT_HISTORY_H

#include "sarn/log.h"

/* All runs of the stream, from what is folded, and as far as memory allows. text has
 * size bytes. */
void history_of(sarn_log *log, struct sarn_str stream, char *text, size_t size);

#endif
