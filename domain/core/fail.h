/* fail.h - how every file answers with an error: status and sentence in one line. */
#ifndef SARN_CORE_FAIL_H
#define SARN_CORE_FAIL_H

#include "sarn/status.h"

/* Fill error (may be NULL) and return status. */
SARN_MUST_USE sarn_status sarn__fail(struct sarn_error *error,
                                     sarn_status status,
                                     const char *format,
                                     ...) SARN_PRINTF(3, 4);

/* Fill error (may be NULL), where the status goes another way. */
void sarn__error_set(struct sarn_error *error,
                     sarn_status status,
                     const char *format,
                     ...) SARN_PRINTF(3, 4);

/* Return status on failure; the error is filled already. */
#define SARN__TRY(call)                                                                \
    do {                                                                               \
        sarn_status try_status_ = (call);                                              \
        if (try_status_ != SARN_OK) {                                                  \
            return try_status_;                                                        \
        }                                                                              \
    } while (0)

#endif
