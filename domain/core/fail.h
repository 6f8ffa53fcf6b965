/* fail.h - how every file answers with an error: status and sentence in one line. */
#ifndef SARN_CORE_FAIL_H
#define SARN_CORE_FAIL_H

#include <stdarg.h>

#include "sarn/status.h"

/* Fill error (may be NULL), where the status goes another way. status is not SARN_OK.
 */
void sarn__error_set(struct sarn_error *error,
                     sarn_status status,
                     const char *format,
                     ...) SARN_PRINTF(3, 4);
/* The same for somebody else's words. */
void sarn__error_set_list(struct sarn_error *error,
                          sarn_status status,
                          const char *format,
                          va_list list) SARN_PRINTF(3, 0);

/* Fill error (may be NULL) and answer status. A macro, so that compiler and analyzer
 * see which status comes back: a caller that checks it is known not to go on. */
#define sarn__fail(error, status, ...)                                                 \
    (sarn__error_set((error), (status), __VA_ARGS__), (sarn_status)(status))

/* Return status on failure; the error is filled already. */
#define SARN__TRY(call)                                                                \
    do {                                                                               \
        sarn_status try_status_ = (call);                                              \
        if (try_status_ != SARN_OK) {                                                  \
            return try_status_;                                                        \
        }                                                                              \
    } while (0)

#endif
