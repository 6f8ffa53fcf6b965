/* line_client.h - the other side of line_server.h: say one line, get one back. */
#ifndef SARN_INFRA_POSIX_LINE_CLIENT_H
#define SARN_INFRA_POSIX_LINE_CLIENT_H

#include "infra/posix/local_socket.h"
#include "sarn/types.h"

/* Say line (without newlines) to the socket at path and wait at most wait_ms for its
 * answer, which is in arena, without its newline, and has at most answer_max bytes.
 * SARN_ERR_NOT_FOUND: nobody listens there, and SARN_ERR_PERMISSION: as
 * sarn__local_connect(); both: it was not said.
 * SARN_ERR_TIMEOUT: no answer, says who did not; SARN_ERR_IN_DOUBT: whoever listened
 * has ended without one. SARN_ERR_IO, SARN_ERR_TOO_LARGE, SARN_ERR_NOMEM. [any thread]
 */
SARN_MUST_USE sarn_status sarn__line_ask(const char *path,
                                         uint32_t owner_uid,
                                         struct sarn_str line,
                                         uint32_t wait_ms,
                                         uint32_t answer_max,
                                         struct sarn_arena *arena,
                                         struct sarn_str *answer,
                                         struct sarn_error *error);

#endif
