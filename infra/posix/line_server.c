#define _GNU_SOURCE

#include "infra/posix/line_server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"

#define READ_BYTES 65536u /* Of one client in one turn. */
#define NEVER      INT64_MAX

/* What an epoll event is about: a client's index, or one of these. */
#define ABOUT_SOCKET SARN__LINE_CLIENTS_MAX
#define ABOUT_TIMER  (SARN__LINE_CLIENTS_MAX + 1u)

enum state { FREE, SAYING, WAITING, HEARING };

struct client {
    uint64_t id; /* Its index in the low byte; no two clients have the same. */
    int fd;
    enum state state;
    bool leaves;         /* Shut out once it has heard. */
    bool busy;           /* In go_on(), which an answer from there returns to. */
    int64_t deadline_us; /* SAYING, HEARING. */
    char *said;
    uint32_t said_size, said_room;
    char *heard;
    uint32_t heard_size, heard_sent;
};

struct sarn__line_server {
    struct sarn_heap heap;
    struct sarn__line_options options;
    struct sarn__local_socket *socket;
    int poll_fd, timer_fd;
    bool stopped;
    int64_t
        accept_us; /* Nobody is let in before: descriptors ran out. NEVER: not so. */
    uint64_t next_id;
    struct client clients[SARN__LINE_CLIENTS_MAX];
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t deadline(const struct sarn__line_server *server)
{
    return now_us() + (int64_t)server->options.deadline_ms * 1000;
}

/* --- epoll --- */

static bool watch(struct sarn__line_server *server, int fd, uint32_t about)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = about};

    return epoll_ctl(server->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* What fd is watched for from now on; its end is always seen. */
static void
watch_for(struct sarn__line_server *server, int fd, uint32_t about, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = about};
    int failed = epoll_ctl(server->poll_fd, EPOLL_CTL_MOD, fd, &event);

    assert(failed == 0); /* It is watched. */
    (void)failed;
}

/* The timer goes off at the earliest deadline. */
static void set_timer(struct sarn__line_server *server)
{
    int64_t first = server->accept_us;
    struct itimerspec when = {.it_value = {0}};

    for (uint32_t i = 0; i < server->options.clients_max; i++) {
        const struct client *client = &server->clients[i];

        if ((client->state == SAYING || client->state == HEARING) &&
            client->deadline_us < first) {
            first = client->deadline_us;
        }
    }
    if (first != NEVER) {
        when.it_value.tv_sec = first / 1000000;
        when.it_value.tv_nsec = first % 1000000 * 1000;
    }
    (void)timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* --- clients --- */

static void drop(struct sarn__line_server *server, struct client *client)
{
    close(client->fd); /* Which ends the watch. */
    sarn__heap_free(&server->heap, client->said);
    sarn__heap_free(&server->heap, client->heard);
    *client = (struct client){.state = FREE, .fd = -1};
}

static uint32_t index_of(const struct sarn__line_server *server,
                         const struct client *client)
{
    return (uint32_t)(client - server->clients);
}

static void
set_state(struct sarn__line_server *server, struct client *client, enum state state)
{
    uint32_t events = state == SAYING ? EPOLLIN : state == HEARING ? EPOLLOUT : 0;

    client->state = state;
    client->deadline_us = deadline(server);
    watch_for(server, client->fd, index_of(server, client), events);
}

/* Write what it has not heard yet. */
static void speak(struct sarn__line_server *server, struct client *client)
{
    while (client->heard_sent < client->heard_size) {
        ssize_t sent =
            send(client->fd, client->heard + client->heard_sent,
                 client->heard_size - client->heard_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            if (errno != EAGAIN) {
                drop(server, client);
            }
            return;
        }
        client->heard_sent += (uint32_t)sent;
    }
    sarn__heap_free(&server->heap, client->heard);
    client->heard = NULL;
    if (client->leaves || server->stopped) {
        drop(server, client);
        return;
    }
    set_state(server, client, SAYING);
}

/* Give it line to hear; newline: and one behind it. */
static void begin_hearing(struct sarn__line_server *server,
                          struct client *client,
                          struct sarn_str line,
                          bool newline)
{
    char *heard = sarn__heap_alloc(&server->heap, (size_t)line.size + 1);

    if (heard == NULL) {
        drop(server, client);
        return;
    }
    if (line.size > 0) {
        memcpy(heard, line.data, line.size);
    }
    if (newline) {
        heard[line.size] = '\n';
    }
    client->heard = heard;
    client->heard_size = line.size + (newline ? 1 : 0);
    client->heard_sent = 0;
    set_state(server, client, HEARING);
    speak(server, client);
}

/* Hand over the lines that it has said, as long as they are answered at once. */
static void go_on(struct sarn__line_server *server, struct client *client)
{
    client->busy = true;
    while (client->state == SAYING) {
        char *end = client->said_size == 0
                        ? NULL
                        : memchr(client->said, '\n', client->said_size);
        uint32_t size;

        if (end == NULL) {
            if (client->said_size == server->options.line_max) {
                client->leaves = true;
                begin_hearing(server, client, server->options.too_long, false);
            }
            break;
        }
        size = (uint32_t)(end - client->said) + 1;
        set_state(server, client, WAITING);
        server->options.on_line(server->options.arg, client->id,
                                (struct sarn_str){client->said, size - 1});
        if (client->state != FREE) {
            client->said_size -= size;
            memmove(client->said, client->said + size, client->said_size);
        }
    }
    client->busy = false;
}

static bool make_room(struct sarn__line_server *server, struct client *client)
{
    uint32_t room = client->said_room == 0 ? 1024 : client->said_room * 2;
    char *more;

    if (client->said_size < client->said_room) {
        return true;
    }
    room = room < server->options.line_max ? room : server->options.line_max;
    more = sarn__heap_resize(&server->heap, client->said, room);
    if (more != NULL) {
        client->said = more;
        client->said_room = room;
    }
    return more != NULL;
}

/* It has something to say, or has ended. */
static void hear(struct sarn__line_server *server, struct client *client)
{
    uint32_t taken = 0;

    while (taken < READ_BYTES && client->said_size < server->options.line_max) {
        ssize_t size;

        if (!make_room(server, client)) {
            drop(server, client);
            return;
        }
        size = recv(client->fd, client->said + client->said_size,
                    client->said_room - client->said_size, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size == 0 || (size < 0 && errno != EAGAIN)) {
            drop(server, client); /* In the middle of a line, or between two. */
            return;
        }
        if (size < 0) {
            break;
        }
        client->said_size += (uint32_t)size;
        taken += (uint32_t)size;
        if (memchr(client->said + client->said_size - size, '\n', (size_t)size) !=
            NULL) {
            break;
        }
    }
    go_on(server, client);
}

static void
take_event(struct sarn__line_server *server, struct client *client, uint32_t events)
{
    if (client->state == FREE) {
        return; /* Dropped since. */
    }
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        drop(server, client); /* Nobody is there to hear what becomes of its line. */
    } else if (client->state == SAYING && (events & EPOLLIN) != 0) {
        hear(server, client);
    } else if (client->state == HEARING && (events & EPOLLOUT) != 0) {
        speak(server, client);
        if (client->state == SAYING) {
            go_on(server, client); /* It may have said the next one already. */
        }
    }
}

/* --- who comes, and who goes --- */

static struct client *free_client(struct sarn__line_server *server)
{
    for (uint32_t i = 0; i < server->options.clients_max; i++) {
        if (server->clients[i].state == FREE) {
            return &server->clients[i];
        }
    }
    return NULL;
}

/* Descriptors ran out: look again in a while, and not all the time. */
static void rest(struct sarn__line_server *server)
{
    server->accept_us = deadline(server);
    watch_for(server, sarn__local_fd(server->socket), ABOUT_SOCKET, 0);
}

static void let_in(struct sarn__line_server *server)
{
    for (uint32_t i = 0; i < server->options.clients_max; i++) {
        int fd = sarn__local_accept(server->socket);
        struct client *client;

        if (fd < 0) {
            if (errno != EAGAIN) {
                rest(server);
            }
            return;
        }
        client = free_client(server);
        if (client == NULL) {
            (void)send(fd, server->options.too_many.data, server->options.too_many.size,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
            close(fd);
        } else if (!watch(server, fd, index_of(server, client))) {
            close(fd);
        } else {
            *client =
                (struct client){.state = SAYING,
                                .fd = fd,
                                .id = server->next_id << 8 | index_of(server, client),
                                .deadline_us = deadline(server)};
            server->next_id += 1;
        }
    }
}

/* Shut out whose time is up. */
static void expire(struct sarn__line_server *server)
{
    uint64_t expirations;
    int64_t now = now_us();

    (void)!read(server->timer_fd, &expirations, sizeof(expirations));
    for (uint32_t i = 0; i < server->options.clients_max; i++) {
        struct client *client = &server->clients[i];

        if ((client->state == SAYING || client->state == HEARING) &&
            client->deadline_us <= now) {
            drop(server, client);
        }
    }
    if (server->accept_us <= now && !server->stopped) {
        server->accept_us = NEVER;
        watch_for(server, sarn__local_fd(server->socket), ABOUT_SOCKET, EPOLLIN);
    }
}

void sarn__line_server_serve(struct sarn__line_server *server)
{
    struct epoll_event events[SARN__LINE_CLIENTS_MAX + 2];
    int count =
        epoll_wait(server->poll_fd, events, (int)(sizeof(events) / sizeof(*events)), 0);
    bool somebody = false;
    bool late = false;

    for (int i = 0; i < count; i++) {
        uint32_t about = events[i].data.u32;

        if (about < SARN__LINE_CLIENTS_MAX) {
            take_event(server, &server->clients[about], events[i].events);
        }
        somebody = somebody || about == ABOUT_SOCKET;
        late = late || about == ABOUT_TIMER;
    }
    if (late) {
        expire(server);
    }
    if (somebody && !server->stopped) { /* Last: the events before are of others. */
        let_in(server);
    }
    if (count > 0) {
        set_timer(server);
    }
}

void sarn__line_server_answer(struct sarn__line_server *server,
                              uint64_t id,
                              struct sarn_str line)
{
    struct client *client = &server->clients[id & 0xff];

    if (client->state != WAITING || client->id != id) {
        return;
    }
    begin_hearing(server, client, line, true);
    if (!client->busy) {
        if (client->state == SAYING) {
            go_on(server, client);
        }
        set_timer(server);
    }
}

/* --- life --- */

SARN_MUST_USE static sarn_status make_descriptors(struct sarn__line_server *made,
                                                  struct sarn_error *error)
{
    made->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    made->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (made->poll_fd < 0 || made->timer_fd < 0 ||
        !watch(made, made->timer_fd, ABOUT_TIMER) ||
        !watch(made, sarn__local_fd(made->socket), ABOUT_SOCKET)) {
        char why[128];

        return sarn__fail(error, SARN_ERR_IO,
                          "cannot make the descriptors of a control socket (%s): raise "
                          "the limit of open files",
                          strerror_r(errno, why, sizeof(why)));
    }
    return SARN_OK;
}

sarn_status sarn__line_server_create(const char *path,
                                     const struct sarn__line_options *options,
                                     const struct sarn_heap *heap,
                                     struct sarn__line_server **server,
                                     struct sarn_error *error)
{
    struct sarn__line_server *made = sarn__heap_alloc(heap, sizeof(*made));
    sarn_status status;

    assert(options->clients_max > 0 && options->clients_max <= SARN__LINE_CLIENTS_MAX);
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a control socket");
    }
    made->heap = *heap;
    made->options = *options;
    made->poll_fd = made->timer_fd = -1;
    made->accept_us = NEVER;
    made->next_id = 1;
    status = sarn__local_listen(path, heap, &made->socket, error);
    if (status == SARN_OK) {
        status = make_descriptors(made, error);
    }
    if (status != SARN_OK) {
        sarn__line_server_destroy(made);
        return status;
    }
    *server = made;
    return SARN_OK;
}

void sarn__line_server_stop(struct sarn__line_server *server)
{
    server->stopped = true;
    server->accept_us = NEVER;
    sarn__local_unlisten(server->socket);
    for (uint32_t i = 0; i < server->options.clients_max; i++) {
        if (server->clients[i].state == SAYING) {
            drop(server, &server->clients[i]);
        }
    }
}

void sarn__line_server_destroy(struct sarn__line_server *server)
{
    struct sarn_heap heap;

    if (server == NULL) {
        return;
    }
    for (uint32_t i = 0; i < server->options.clients_max; i++) {
        if (server->clients[i].state != FREE) {
            drop(server, &server->clients[i]);
        }
    }
    sarn__local_destroy(server->socket);
    if (server->timer_fd >= 0) {
        close(server->timer_fd);
    }
    if (server->poll_fd >= 0) {
        close(server->poll_fd);
    }
    heap = server->heap;
    sarn__heap_free(&heap, server);
}

int sarn__line_server_fd(const struct sarn__line_server *server)
{
    return server->poll_fd;
}
