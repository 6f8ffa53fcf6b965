/* executions.h - executions in a log written by hand (views.h), and what is found of
 * them.
 */
#ifndef SARN_TESTS_SUPPORT_EXECUTIONS_H
#define SARN_TESTS_SUPPORT_EXECUTIONS_H

#include "sarn/events.h"
#include "sarn/execution.h"
#include "support/views.h"

/* A log without modules, Sarn's own projections registered; open. */
void executions_begin(struct views *v);
/* Fold what was written, and follow to the end. */
void executions_settle(struct views *v);

/* One event of Sarn's own. */
void executions_write(struct views *v,
                      uint32_t tenant,
                      const char *stream,
                      int64_t time_us,
                      const struct sarn_type *type,
                      const void *value);
/* "<workflow>-<id>" started, with what else is said in started. */
void executions_start(struct views *v,
                      uint32_t tenant,
                      const char *stream,
                      int64_t time_us,
                      struct sarn_execution_started started);
void executions_start_plain(struct views *v, const char *stream, int64_t time_us);
void executions_complete(struct views *v, const char *stream, int64_t time_us);

/* "order-1 running, order-2 parked", or the status of the failure; in v->text. */
const char *executions_found(struct views *v,
                             const struct sarn_execution_filter *filter);
const char *executions_found_in(struct views *v,
                                sarn_log *log,
                                const struct sarn_execution_filter *filter);
/* "0/order running 3, 1/order parked 1" */
const char *executions_counts(struct views *v);
/* Counts are what there is, in tenant 0: fails the test where they are not. */
void executions_check_counts(sarn_log *log);

#endif
