/* notifications.h - the bundled module of notices to users: what is to be said, and
 * what became of it. Saying it is somebody else's: a step of a workflow, a program that
 * follows the log.
 *
 * Register sarn_notifications_module with sarn_open() and send commands to the streams
 * "notice-<id>": notifications.Queue, MarkSent, MarkFailed, Cancel. The structs and
 * descriptors are in sarn/notifications_schema.h.
 *
 * The rules:
 *   - A notice is queued, then sent, or not: a failed one may still be sent later. Each
 *     failure is recorded with its reason.
 *   - Cancel is for what is not so after all: it is accepted whenever the notice exists
 *     or not, sent or not, since a compensation must not fail; the event says whether
 *     somebody has read it.
 *   - Saying again what is so already is accepted and leads to no event.
 */
#ifndef SARN_NOTIFICATIONS_H
#define SARN_NOTIFICATIONS_H

#include "sarn/module.h"
#include "sarn/notifications_schema.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_NOTIFICATIONS_CATEGORY       "notice"
#define SARN_NOTIFICATIONS_TEXT_BYTES_MAX 4096u

/* Aggregate "notice". */
SARN_API extern const struct sarn_module sarn_notifications_module;

#ifdef __cplusplus
}
#endif
#endif
