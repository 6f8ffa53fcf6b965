/* local_socket.h - a unix stream socket beside a file: only its user, and root, may
 * speak to it.
 *
 * The name is bound under another one with mode 0600, listened on, and only then moved
 * to its place: whoever finds it there finds it private and answered, also where a dead
 * process has left one of that name. Paths may be longer than a socket's address: then
 * the directory is gone through by its descriptor, which needs /proc.
 *
 * Threads: one at a time per socket.
 */
#ifndef SARN_INFRA_POSIX_LOCAL_SOCKET_H
#define SARN_INFRA_POSIX_LOCAL_SOCKET_H

#include <stdint.h>

#include "sarn/types.h"

struct sarn__local_socket;

/* Listen at path, in the place of a socket that is there already: the caller knows that
 * nobody is behind it any more. SARN_ERR_EXISTS: something else is there;
 * SARN_ERR_PERMISSION, SARN_ERR_IO, SARN_ERR_NOMEM: say why. heap outlives it. */
SARN_MUST_USE sarn_status sarn__local_listen(const char *path,
                                             const struct sarn_heap *heap,
                                             struct sarn__local_socket **socket,
                                             struct sarn_error *error);
/* Take the name away, if it is still this socket's. Who is connected stays so. */
void sarn__local_unlisten(struct sarn__local_socket *socket);
/* The same, and the rest. NULL does nothing. */
void sarn__local_destroy(struct sarn__local_socket *socket);

/* Readable when somebody wants in; -1 after unlisten. */
int sarn__local_fd(const struct sarn__local_socket *socket);
/* The next who is let in, non-blocking; -1: nobody, errno EAGAIN; or another errno.
 * Peers of another user are turned away on the way. */
int sarn__local_accept(struct sarn__local_socket *socket);

/* Connect to the socket at path, non-blocking from then on. SARN_ERR_NOT_FOUND: nobody
 * listens there. SARN_ERR_PERMISSION: it is not ours to speak to, or it is answered by
 * neither us, root nor owner_uid. SARN_ERR_TIMEOUT: too many wait there already.
 * *pid: who listens. */
SARN_MUST_USE sarn_status sarn__local_connect(const char *path,
                                              uint32_t owner_uid,
                                              uint32_t wait_ms,
                                              int *fd,
                                              uint32_t *pid,
                                              struct sarn_error *error);

#endif
