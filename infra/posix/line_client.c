#define _GNU_SOURCE

#include "infra/posix/line_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/fail.h"

/* One question, while it is asked. */
struct asking {
    const char *path;
    int fd;
    uint32_t pid; /* Who listens. */
    uint32_t answer_max;
    int64_t until_ms;
    struct sarn_arena *arena;
    struct sarn_error *error;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

SARN_MUST_USE static sarn_status wait_for(const struct asking *asking, short events)
{
    for (;;) {
        int64_t left = asking->until_ms - now_ms();
        struct pollfd wanted = {.fd = asking->fd, .events = events};
        int ready = poll(&wanted, 1, left < 0 ? 0 : (int)left);

        if (ready > 0) {
            return SARN_OK;
        }
        if (ready == 0) {
            return sarn__fail(asking->error, SARN_ERR_TIMEOUT,
                              "process %u, which owns the log, does not answer; it "
                              "may yet do what it was asked: look, and ask again",
                              asking->pid);
        }
        if (errno != EINTR) {
            return sarn__fail(asking->error, SARN_ERR_IO, "cannot wait for \"%s\": %s",
                              asking->path, strerror(errno));
        }
    }
}

SARN_MUST_USE static sarn_status gone(const struct asking *asking)
{
    return sarn__fail(asking->error, SARN_ERR_IN_DOUBT,
                      "process %u, which owned the log, has ended or hung up before it "
                      "answered; it may have done what it was asked: look, and ask "
                      "again",
                      asking->pid);
}

SARN_MUST_USE static sarn_status say(const struct asking *asking, struct sarn_str text)
{
    uint32_t said = 0;

    while (said < text.size) {
        ssize_t size =
            send(asking->fd, text.data + said, text.size - said, MSG_NOSIGNAL);

        if (size >= 0) {
            said += (uint32_t)size;
        } else if (errno == EAGAIN) {
            SARN__TRY(wait_for(asking, POLLOUT));
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return SARN_OK; /* It may have said why: the answer tells. */
        } else if (errno != EINTR) {
            return gone(asking);
        }
    }
    return SARN_OK;
}

/* Twice the room, in the arena: what was there stays there unused. */
SARN_MUST_USE static sarn_status
make_room(const struct asking *asking, char **text, uint32_t size, uint32_t *room)
{
    uint32_t more = *room == 0 ? 1024 : *room * 2;
    char *made;

    if (size == asking->answer_max) {
        return sarn__fail(asking->error, SARN_ERR_TOO_LARGE,
                          "the answer at \"%s\" is longer than %u bytes", asking->path,
                          asking->answer_max);
    }
    more = more < asking->answer_max ? more : asking->answer_max;
    made = sarn_arena_alloc(asking->arena, more);
    if (made == NULL) {
        return sarn__fail(asking->error, SARN_ERR_NOMEM, "out of memory for an answer");
    }
    if (size > 0) {
        memcpy(made, *text, size);
    }
    *text = made;
    *room = more;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status hear(const struct asking *asking,
                                      struct sarn_str *answer)
{
    char *text = NULL;
    uint32_t size = 0, room = 0;

    for (;;) {
        ssize_t got;

        if (size == room) {
            SARN__TRY(make_room(asking, &text, size, &room));
        }
        got = recv(asking->fd, text + size, room - size, 0);
        if (got > 0) {
            const char *end = memchr(text + size, '\n', (size_t)got);

            if (end != NULL) {
                *answer = (struct sarn_str){text, (uint32_t)(end - text)};
                return SARN_OK;
            }
            size += (uint32_t)got;
        } else if (got < 0 && errno == EAGAIN) {
            SARN__TRY(wait_for(asking, POLLIN));
        } else if (got == 0 || errno != EINTR) {
            return gone(asking);
        }
    }
}

sarn_status sarn__line_ask(const char *path,
                           uint32_t owner_uid,
                           struct sarn_str line,
                           uint32_t wait_ms,
                           uint32_t answer_max,
                           struct sarn_arena *arena,
                           struct sarn_str *answer,
                           struct sarn_error *error)
{
    struct asking asking = {.path = path,
                            .answer_max = answer_max,
                            .until_ms = now_ms() + wait_ms,
                            .arena = arena,
                            .error = error};
    sarn_status status;

    SARN__TRY(
        sarn__local_connect(path, owner_uid, wait_ms, &asking.fd, &asking.pid, error));
    status = say(&asking, line);
    if (status == SARN_OK) {
        status = say(&asking, (struct sarn_str)SARN_STR("\n"));
    }
    if (status == SARN_OK) {
        status = hear(&asking, answer);
    }
    close(asking.fd);
    return status;
}
