/* build_log.h - logs to measure on: events of about 256 bytes over many streams. */
#ifndef SARN_BENCH_BUILD_LOG_H
#define SARN_BENCH_BUILD_LOG_H

#include "bench.h"

extern const struct sarn_module *const bench_log_modules[1];

sarn_engine *bench_log_open(const struct bench *bench, const char *name);
/* Append about so many events to streams drawn from so many. */
void bench_log_grow(sarn_engine *engine,
                    uint64_t events,
                    uint64_t streams,
                    uint64_t *seed);

#endif
