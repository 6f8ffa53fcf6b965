/* control_server.h - the control socket of an engine: what arrives there is submitted
 * like any other request, and its reply goes back.
 *
 * It is served in the rounds of whoever dispatches (host.h), and makes their descriptor
 * readable when there is something to serve.
 *
 * Threads: the leader's, but for create and destroy.
 */
#ifndef SARN_INFRA_HOST_CONTROL_SERVER_H
#define SARN_INFRA_HOST_CONTROL_SERVER_H

#include "sarn/sarn.h"

struct sarn__control_server;

/* For the engine that owns the log at path, which outlives stop. Errors as
 * sarn__local_listen(). */
SARN_MUST_USE sarn_status
sarn__control_server_create(sarn_engine *engine,
                            const char *path,
                            struct sarn__control_server **server,
                            struct sarn_error *error);
/* The engine winds up: nobody new is heard, its socket's name goes. NULL does nothing.
 */
void sarn__control_server_stop(struct sarn__control_server *server);
/* The engine is gone, and has answered everything. NULL does nothing. */
void sarn__control_server_destroy(struct sarn__control_server *server);

/* Readable when there is something to serve. */
int sarn__control_server_fd(const struct sarn__control_server *server);
/* Take in what is there and hand it to the engine, which is polled next. */
void sarn__control_server_serve(struct sarn__control_server *server);

#endif
