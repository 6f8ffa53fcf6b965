/* loop.c - Sarn on a libevent loop that a program has for other reasons: appends
 * TICKS events, one each 10 ms of libevent's own timer, while Sarn's descriptor is one
 * event among its events. Nothing here blocks; no thread is started.
 *
 *   cc -o loop loop.c $(pkg-config --cflags --libs sarn libevent_core)
 *   ./loop ticks.sarn 5 && sarn log ticks.sarn
 */
#include <event2/event.h>
#include <sarn/sarn.h>
#include <stdio.h>
#include <stdlib.h>

struct program {
    struct event_base *base;
    sarn_engine *engine;
    long ticks, sent, answered;
    struct sarn_error error;
};

/* An error ends the loop; main() says it. */
static void check(struct program *program, sarn_status status)
{
    if (status != SARN_OK) {
        event_base_loopbreak(program->base);
    }
}

static void replied(void *arg, const struct sarn_reply *reply)
{
    struct program *program = arg;

    printf("tick %llu: %s\n", (unsigned long long)reply->version + 1,
           reply->status == SARN_OK ? "durable" : reply->text);
    if (++program->answered == program->ticks) {
        event_base_loopbreak(program->base);
    }
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    const struct sarn_str text = sarn_str("tick");
    const struct sarn_new_event event = {.type_name = "Ticked", .data = &text};
    const struct sarn_stream_append to = {.stream = sarn_str("clock-1"),
                                          .expected_version = SARN_ANY,
                                          .events = &event,
                                          .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;

    (void)fd;
    (void)what;
    if (program->sent == program->ticks) {
        return; /* All are on their way. */
    }
    program->sent += 1;
    append.streams = &to;
    append.stream_count = 1;
    check(program, sarn_append_submit(program->engine, &append, replied, program,
                                      &program->error));
}

/* Sarn's descriptor polls readable: news, or a time that has come. */
static void dispatch(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    check(program, sarn_dispatch(program->engine, &program->error));
}

static void run(struct program *program)
{
    const struct timeval interval = {.tv_usec = 10000};
    struct event *ready = event_new(program->base, sarn_fd(program->engine),
                                    EV_READ | EV_PERSIST, dispatch, program);
    struct event *timer = event_new(program->base, -1, EV_PERSIST, tick, program);

    if (ready != NULL && timer != NULL && event_add(ready, NULL) == 0 &&
        event_add(timer, &interval) == 0) {
        event_base_dispatch(program->base);
    }
    if (timer != NULL) {
        event_free(timer);
    }
    if (ready != NULL) {
        event_free(ready);
    }
}

int main(int argc, char **argv)
{
    struct program program = {.ticks = argc > 2 ? strtol(argv[2], NULL, 10) : 3};
    const char *path = argc > 1 ? argv[1] : "ticks.sarn";

    program.base = event_base_new();
    if (program.base != NULL &&
        sarn_open(path, NULL, &program.engine, &program.error) == SARN_OK) {
        run(&program);
    }
    fputs(program.error.text, stderr);
    sarn_close(program.engine);
    if (program.base != NULL) {
        event_base_free(program.base);
    }
    return program.answered < program.ticks;
}
