/* line_server.h - clients of a local socket that say a line and get a line back.
 *
 * A client is in one of three states, and at most one line of it is being answered:
 *
 *   saying ---- its line is whole ----> waiting ---- answer() ----> hearing
 *   saying <----------------- all of the answer is written --------- hearing
 *
 * Who takes too long to say a line or to hear one is shut out, as is who says too much;
 * who waits is waited for. A client that hangs up before its line is looked at has not
 * said it. Every bound is an option.
 *
 * Nothing here blocks: sarn__line_server_fd() is readable when there is work, and
 * sarn__line_server_serve() does some of it.
 *
 * Threads: one at a time.
 */
#ifndef SARN_INFRA_POSIX_LINE_SERVER_H
#define SARN_INFRA_POSIX_LINE_SERVER_H

#include "infra/posix/local_socket.h"
#include "sarn/types.h"

#define SARN__LINE_CLIENTS_MAX 64u

struct sarn__line_server;

/* client said line, without its newline; both are the server's, line until this
 * returns. Answered by sarn__line_server_answer(), from here or later, once. */
typedef void sarn__line_fn(void *arg, uint64_t client, struct sarn_str line);

struct sarn__line_options {
    uint32_t clients_max; /* At most SARN__LINE_CLIENTS_MAX. */
    uint32_t line_max;    /* In bytes, its newline included. */
    uint32_t deadline_ms; /* To say a line, and to hear one. */
    /* Said to who is shut out, with a newline; live as long as the server. */
    struct sarn_str too_many, too_long;
    sarn__line_fn *on_line;
    void *arg;
};

/* Serve at path; errors as sarn__local_listen(). */
SARN_MUST_USE sarn_status
sarn__line_server_create(const char *path,
                         const struct sarn__line_options *options,
                         const struct sarn_heap *heap,
                         struct sarn__line_server **server,
                         struct sarn_error *error);
/* Nobody new, no new line, and the name is gone; answers still go out. */
void sarn__line_server_stop(struct sarn__line_server *server);
/* NULL does nothing. */
void sarn__line_server_destroy(struct sarn__line_server *server);

int sarn__line_server_fd(const struct sarn__line_server *server);
/* Do what is ready, a bounded part of it. Not from on_line. */
void sarn__line_server_serve(struct sarn__line_server *server);
/* Answer what client said with line, which has no newline in it and is copied. Nothing
 * happens to a client that has gone; one that cannot be answered for want of memory is
 * shut out. */
void sarn__line_server_answer(struct sarn__line_server *server,
                              uint64_t client,
                              struct sarn_str line);

#endif
