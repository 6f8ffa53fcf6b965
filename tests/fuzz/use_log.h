/* use_log.h - ask a log everything that can be asked of one.
 */
#ifndef SARN_TESTS_FUZZ_USE_LOG_H
#define SARN_TESTS_FUZZ_USE_LOG_H

#include "ports/ports.h"
#include "sarn/module.h"

/* Open the log of ports->journal with modules and read all that it has: events as JSON,
 * streams, executions with their timelines and plans, schedules, schemas; and check it.
 * What is asked is answered, well or with an error. must_open: the log must open. */
void use_log(const struct sarn_ports *ports,
             const struct sarn_module *const *modules,
             uint32_t module_count,
             bool must_open);

#endif
