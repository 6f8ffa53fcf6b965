/* status.h - how every fallible call of Sarn answers.
 *
 * A call that can fail returns a sarn_status, which must be used, and takes a nullable
 * struct sarn_error: the caller's memory, written only on failure, holding a sentence
 * for a person (what happened, to what, what to do). An output parameter is written
 * only on success.
 */
#ifndef SARN_STATUS_H
#define SARN_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define SARN_STATIC_ASSERT static_assert
#else
#define SARN_STATIC_ASSERT _Static_assert
#endif

#define SARN_API          __attribute__((visibility("default")))
#define SARN_MUST_USE     __attribute__((warn_unused_result))
#define SARN_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Values are part of the ABI and of the log: appended to, never renumbered. */
#define SARN_STATUS_MAP(X)                                                             \
    X(OK, 0, "ok")                                                                     \
    X(ERR_NOMEM, 1, "out of memory")                                                   \
    X(ERR_INVALID, 2, "invalid argument")                                              \
    X(ERR_STATE, 3, "not allowed in this state")                                       \
    X(ERR_CORRUPT, 4, "stored data contradicts itself")                                \
    X(ERR_IO, 5, "input/output error")                                                 \
    X(ERR_FULL, 6, "no space left")                                                    \
    X(ERR_IN_DOUBT, 7, "outcome unknown until the log is reopened")                    \
    X(ERR_DEPOSED, 8, "another owner has taken over the log")                          \
    X(ERR_BUSY, 9, "the log is owned by another process")                              \
    X(ERR_NOT_FOUND, 10, "not found")                                                  \
    X(ERR_EXISTS, 11, "already exists")                                                \
    X(ERR_WRONG_EXPECTED_VERSION, 12, "wrong expected version")                        \
    X(ERR_REJECTED, 13, "command rejected")                                            \
    X(ERR_DENIED, 14, "not authorized")                                                \
    X(ERR_KEY_REUSED, 15, "idempotency key reused with another payload")               \
    X(ERR_OVERLOADED, 16, "queue full")                                                \
    X(ERR_REENTRANT, 17, "blocking call from the dispatch thread")                     \
    X(ERR_CLOSED, 18, "engine stopped")                                                \
    X(ERR_TOO_LARGE, 19, "over a limit")                                               \
    X(ERR_UNSUPPORTED, 20, "needs a newer version of Sarn")                            \
    X(ERR_SCHEMA, 21, "does not fit the schema")                                       \
    X(ERR_PERMISSION, 22, "permission denied")                                         \
    X(ERR_DELETED, 23, "stream deleted")                                               \
    X(ERR_TIMEOUT, 24, "timed out")                                                    \
    X(ERR_COMPENSATED, 25, "failed and was compensated")                               \
    X(ERR_PARKED, 26, "parked until an operator decides")                              \
    X(ERR_CANCELLED, 27, "cancelled and compensated")                                  \
    X(ERR_TERMINATED, 28, "terminated and compensated")                                \
    X(ERR_MISFIT, 29, "executions do not fit the registered workflows")

typedef enum sarn_status {
#define X(name, value, text) SARN_##name = (value),
    SARN_STATUS_MAP(X)
#undef X
} sarn_status;

#define SARN_ERROR_TEXT_BYTES 256u

/* Why a call failed. The caller's memory; any call that takes one accepts NULL. */
struct sarn_error {
    sarn_status status;
    char text[SARN_ERROR_TEXT_BYTES]; /* UTF-8, NUL-terminated, never empty. */
};

/* The short text of a status; for a value unknown to this version, "unknown status".
 * Static storage. [any thread] */
SARN_API const char *sarn_status_text(sarn_status status);

#ifdef __cplusplus
}
#endif
#endif
