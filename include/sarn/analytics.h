/* analytics.h - the bundled module of analytics: transactions, counted by day and kind.
 *
 * Register sarn_analytics_module with sarn_open() and send analytics.Record and Reverse
 * to the streams "activity-<day>-<kind>-<currency>", all three as numbers: the stream
 * that sarn_analytics_stream() names. The structs and descriptors are in
 * sarn/analytics_schema.h.
 *
 * The rules:
 *   - A stream counts one day, kind and currency: those of its first transaction.
 *   - What was undone later is reversed: it is taken out of the day that it was counted
 *     in, and counted as reversed there.
 *   - Each transaction is recorded once: that is its sender's to see to, as a step of a
 *     workflow does. No sum overflows: a command that would make one is rejected.
 */
#ifndef SARN_ANALYTICS_H
#define SARN_ANALYTICS_H

#include "sarn/analytics_schema.h"
#include "sarn/module.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_ANALYTICS_CATEGORY     "activity"
#define SARN_ANALYTICS_STREAM_BYTES 40u /* Of a stream's name, and a NUL. */

/* Aggregate "activity"; inline projection "activity": a row analytics.Day per day, kind
 * and currency, keyed by tenant, day, kind and currency (u64 each), with an index
 * "by_kind" keyed by tenant, kind, currency and day (u64 each). */
SARN_API extern const struct sarn_module sarn_analytics_module;

/* The day of a time as a number, such as 19930105 (UTC); 0: before the year 1 or after
 * 9999. [any thread] */
SARN_API uint32_t sarn_analytics_day(int64_t time_us);
/* Name the stream in text. [any thread] */
SARN_API struct sarn_str sarn_analytics_stream(uint32_t day,
                                               uint8_t kind,
                                               uint16_t currency,
                                               char text[SARN_ANALYTICS_STREAM_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
