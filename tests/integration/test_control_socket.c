/* The control socket of an engine, on a real file: what arrives there is a request like
 * any other, and nothing that arrives there harms the owner. */
#define _GNU_SOURCE

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/posix/local_socket.h"
#include "sarn/sarn.h"
#include "support/tempdir.h"

#include "support/test.h"

/* --- a workflow that waits --- */

static sarn_status shout(struct sarn_step_call *call)
{
    const struct sarn_str *said = sarn_step_argument(call);
    char text[64];
    struct sarn_str louder;

    snprintf(text, sizeof(text), "%.*s!", (int)said->size, said->data);
    louder = sarn_str(text);
    return sarn_step_output(call, &louder);
}

static sarn_status last_said(struct sarn_step_call *call)
{
    const struct sarn_str *said = sarn_step_message(call, "shout");

    return said == NULL ? sarn_step_fail(call, "none", "nothing was said")
                        : sarn_step_output(call, said);
}

static const struct sarn_step steps[] = {{.id = "go", .kind = SARN_STEP_SIGNAL}};
static const struct sarn_message messages[] = {{.name = "shout",
                                                .kind = SARN_MESSAGE_UPDATE,
                                                .input = &sarn_bytes_type,
                                                .output = &sarn_bytes_type,
                                                .handler = shout},
                                               {.name = "said",
                                                .kind = SARN_MESSAGE_QUERY,
                                                .output = &sarn_bytes_type,
                                                .handler = last_said}};
static const struct sarn_workflow workflow = {.name = "wait",
                                              .version = 1,
                                              SARN_STEPS(steps),
                                              .messages = messages,
                                              .message_count = 2};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "waiting",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

/* --- fixture --- */

struct world {
    struct tempdir dir;
    char log[512], socket[520];
    sarn_engine *engine;
    struct sarn_arena *arena;
    struct sarn_error error;
};

static void open_engine(struct world *w, uint32_t flags)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.flags = flags;
    options.modules = modules;
    options.module_count = 1;
    assert_ok(sarn_open(w->log, &options, &w->engine, &w->error), &w->error);
}

static void open_world(struct world *w)
{
    memset(w, 0, sizeof(*w));
    tempdir_make(&w->dir);
    snprintf(w->log, sizeof(w->log), "%s", tempdir_path(&w->dir, "bank.sarn"));
    snprintf(w->socket, sizeof(w->socket), "%s-control", w->log);
    w->arena = sarn_arena_create(NULL);
    assert_non_null(w->arena);
}

static void close_world(struct world *w)
{
    sarn_close(w->engine);
    assert_int_equal(access(w->socket, F_OK), -1);
    sarn_arena_destroy(w->arena);
    tempdir_remove(&w->dir);
}

static struct sarn_control cancel(void)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_CANCEL;
    control.workflow = sarn_str("errand");
    control.workflow_id = sarn_str("nobody");
    return control;
}

static sarn_status ask(struct world *w)
{
    struct sarn_control control = cancel();

    return sarn_control_at(w->log, &control, w->arena, NULL, &w->error);
}

static int join(struct world *w)
{
    uint32_t pid;
    int fd = -1;

    assert_ok(sarn__local_connect(w->socket, geteuid(), 1000, &fd, &pid, &w->error),
              &w->error);
    return fd;
}

static void say(int fd, const char *bytes, size_t size)
{
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

/* What has been answered so far. */
static const char *heard(struct world *w, int fd)
{
    static char text[8192];
    struct pollfd news = {.fd = sarn_fd(w->engine), .events = POLLIN};
    ssize_t size;

    while (poll(&news, 1, 0) == 1) {
        assert_ok(sarn_dispatch(w->engine, &w->error), &w->error);
    }
    size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[size < 0 ? 0 : size] = '\0';
    return text;
}

/* --- who serves it --- */

static void a_thread_of_sarns_serves_it(void **unused)
{
    struct world w;
    struct stat status;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    assert_int_equal(stat(w.socket, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    assert_int_equal(ask(&w), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(w.error.text, "errand-nobody"));
    close_world(&w);
}

/* The reply of the socket's client ends the loop. */
static sarn_status stop_when_asked(void *arg, const struct sarn_command *command)
{
    struct world *w = arg;

    assert_str_equal(command->stream, "errand-nobody");
    assert_null(command->type);
    sarn_stop(w->engine);
    return SARN_ERR_DENIED;
}

static void whoever_runs_serves_it_and_the_hook_is_asked(void **unused)
{
    struct world w;
    struct sarn_options options = SARN_OPTIONS_INIT;
    pid_t child;
    int status;

    (void)unused;
    open_world(&w);
    options.flags = SARN_OPEN_CONTROL;
    options.hooks.arg = &w;
    options.hooks.authorize = stop_when_asked;
    assert_ok(sarn_open(w.log, &options, &w.engine, &w.error), &w.error);
    child = fork();
    if (child == 0) {
        _exit(ask(&w) == SARN_ERR_DENIED ? 0 : 1);
    }
    assert_ok(sarn_run(w.engine, &w.error), &w.error);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close_world(&w);
}

static struct sarn_start waiting(uint32_t flags)
{
    struct sarn_start start = SARN_START_INIT;

    start.flags = flags;
    start.workflow = "wait";
    start.workflow_id = sarn_str("1");
    return start;
}

static struct sarn_control tell(enum sarn_control_op op, const char *name)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = op;
    control.workflow = sarn_str("wait");
    control.workflow_id = sarn_str("1");
    control.name = sarn_str(name);
    return control;
}

/* How waiting for the end of the execution ended. */
struct waiter {
    struct world *w;
    sarn_status status;
};

static void *wait_for_end(void *arg)
{
    struct waiter *waiter = arg;
    struct sarn_start start = waiting(0);

    waiter->status = sarn_execute(waiter->w->engine, &start, NULL, NULL);
    return NULL;
}

/* No loop and no thread of Sarn's: the only one who dispatches is asleep in a call. */
static void a_call_that_waits_serves_it(void **unused)
{
    struct world w;
    struct waiter waiter = {.w = &w};
    struct sarn_start start = waiting(SARN_START_DETACHED);
    struct sarn_control cancel_it = tell(SARN_CONTROL_CANCEL, NULL);
    pthread_t thread;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    assert_ok(sarn_execute(w.engine, &start, NULL, &w.error), &w.error);
    pthread_create(&thread, NULL, wait_for_end, &waiter);
    assert_ok(sarn_control_at(w.log, &cancel_it, NULL, NULL, &w.error), &w.error);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.status, SARN_ERR_CANCELLED);
    close_world(&w);
}

static void answers_come_back_as_structs_or_as_json(void **unused)
{
    struct world w;
    const struct sarn_str hello = SARN_STR("hello");
    struct sarn_start start = waiting(SARN_START_DETACHED);
    struct sarn_control shout_it = tell(SARN_CONTROL_UPDATE, "shout");
    struct sarn_str json;
    const struct sarn_str *text;
    const void *answer = NULL;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    assert_ok(sarn_execute(w.engine, &start, NULL, &w.error), &w.error);
    assert_int_equal(sarn_execution_query(w.engine, 0, "wait", sarn_str("1"), "said",
                                          NULL, w.arena, &answer, &w.error),
                     SARN_ERR_REJECTED);
    assert_string_equal(w.error.text, "nothing was said");
    shout_it.data = &hello;
    assert_ok(sarn_control_call(w.engine, &shout_it, w.arena, &answer, &w.error),
              &w.error);
    text = answer;
    assert_str_equal(*text, "hello!");
    assert_ok(sarn_control_call(w.engine, &shout_it, NULL, NULL, &w.error), &w.error);
    assert_ok(sarn_execution_query(w.engine, 0, "wait", sarn_str("1"), "said", NULL,
                                   w.arena, &answer, &w.error),
              &w.error);
    text = answer;
    assert_str_equal(*text, "hello");
    assert_int_equal(sarn_control_at(w.log, &shout_it, w.arena, &json, &w.error),
                     SARN_ERR_INVALID); /* A struct does not go through a socket. */
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    shout_it.data = NULL;
    shout_it.json = sarn_str("\"aGV5\""); /* "hey" */
    assert_ok(sarn_control_at(w.log, &shout_it, w.arena, &json, &w.error), &w.error);
    assert_str_equal(json, "\"aGV5IQ==\"");
    close_world(&w);
}

/* Without an owner a signal without payload is only recorded, and found later. */
static void what_is_said_to_nobody_is_found_by_the_next_owner(void **unused)
{
    struct world w;
    struct sarn_start start = waiting(SARN_START_DETACHED);
    struct sarn_control cancel_it = tell(SARN_CONTROL_CANCEL, NULL);
    struct sarn_control shout_it = tell(SARN_CONTROL_UPDATE, "shout");

    (void)unused;
    open_world(&w);
    open_engine(&w, 0);
    assert_ok(sarn_execute(w.engine, &start, NULL, &w.error), &w.error);
    sarn_close(w.engine);
    shout_it.json = sarn_str("\"aGV5\"");
    assert_int_not_equal(sarn_control_at(w.log, &shout_it, w.arena, NULL, &w.error),
                         SARN_OK); /* Nobody is there to answer. */
    assert_ok(sarn_control_at(w.log, &cancel_it, w.arena, NULL, &w.error), &w.error);
    assert_int_equal(sarn_control_at(w.log, &cancel_it, w.arena, NULL, &w.error),
                     SARN_ERR_STATE);
    open_engine(&w, 0);
    start.flags = 0;
    assert_int_equal(sarn_execute(w.engine, &start, NULL, &w.error),
                     SARN_ERR_CANCELLED);
    close_world(&w);
}

/* --- what arrives --- */

static const char *const nonsense[] = {
    "\n",
    "hello\n",
    "{}\n",
    "{\"control\":null}\n",
    "{\"control\":{}}\n",
    "{\"control\":{\"op\":\"fly\"}}\n",
    "{\"control\":{\"op\":77}}\n",
    "{\"control\":{\"op\":\"cancel\"}}\n",
    "{\"control\":{\"op\":\"cancel\",\"workflow\":\"a-b\",\"workflow_id\":\"1\"}}\n",
    "{\"control\":{\"op\":\"cancel\",\"workflow\":\"errand\",\"workflow_id\":\"\"}}\n",
    "{\"control\":{\"op\":\"signal\",\"workflow\":\"errand\",\"workflow_id\":\"1\"}}\n",
    "{\"control\":{\"op\":\"retry\",\"workflow\":\"errand\",\"workflow_id\":\"1\"}}\n",
    "{\"control\":{\"op\":\"cancel\",\"surprise\":1}}\n",
    "{\"surprise\":{}}\n",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
};

static void nonsense_is_answered_with_an_error_each(void **unused)
{
    struct world w;
    int fd;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    fd = join(&w);
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        const char *answer;

        say(fd, nonsense[i], strlen(nonsense[i]));
        answer = heard(&w, fd);
        if (strncmp(answer, "{\"status\":", 10) != 0 ||
            strstr(answer, "\"text\":") == NULL || strstr(answer, "\n") == NULL) {
            fail_msg("%s is answered with \"%s\"", nonsense[i], answer);
        }
    }
    say(fd, "\0\xff\n", 3);
    assert_non_null(strstr(heard(&w, fd), "\"status\":21"));
    close(fd);
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    assert_int_equal(ask(&w), SARN_ERR_NOT_FOUND); /* It goes on. */
    close_world(&w);
}

static void half_a_line_is_waited_for(void **unused)
{
    struct world w;
    const char line[] = "{\"control\":{\"op\":\"cancel\",\"workflow\":\"errand\","
                        "\"workflow_id\":\"nobody\"}}\n";
    int fd;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    fd = join(&w);
    for (size_t i = 0; i + 1 < sizeof(line) - 1; i++) {
        say(fd, line + i, 1);
        assert_string_equal(heard(&w, fd), "");
    }
    say(fd, "\n", 1);
    assert_non_null(strstr(heard(&w, fd), "\"status\":10,"));
    close(fd);
    close_world(&w);
}

/* A line of size bytes, its newline included, while the engine reads it; the answer. */
static const char *say_long(struct world *w, int fd, size_t size)
{
    char *line = malloc(size);
    const char *answer = "";

    assert_non_null(line);
    memset(line, 'x', size - 1);
    line[size - 1] = '\n';
    for (size_t said = 0; said < size && answer[0] == '\0';) {
        ssize_t sent = send(fd, line + said, size - said, MSG_NOSIGNAL | MSG_DONTWAIT);

        said += sent > 0 ? (size_t)sent : 0;
        answer = heard(w, fd);
    }
    free(line);
    return answer[0] != '\0' ? answer : heard(w, fd);
}

static void a_line_has_4_mib(void **unused)
{
    struct world w;
    int fd;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    fd = join(&w);
    assert_non_null(
        strstr(say_long(&w, fd, 4u << 20), "\"status\":21,")); /* No JSON. */
    assert_non_null(strstr(say_long(&w, fd, (4u << 20) + 1), "\"status\":19,"));
    close(fd);
    close_world(&w);
}

static void more_clients_than_there_is_room_for_are_told(void **unused)
{
    struct world w;
    int fds[20];
    unsigned told = 0;

    (void)unused;
    open_world(&w);
    open_engine(&w, SARN_OPEN_CONTROL);
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = join(&w);
        told += strstr(heard(&w, fds[i]), "\"status\":16,") != NULL;
    }
    assert_int_equal(told, 4);
    for (size_t i = 0; i < COUNT(fds); i++) {
        close(fds[i]);
    }
    close_world(&w);
}

/* --- no owner, a dead one, one without a socket --- */

static void without_an_owner_the_log_is_owned_for_a_moment(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w);
    assert_int_equal(ask(&w), SARN_ERR_NOT_FOUND);
    assert_int_equal(access(w.log, F_OK), -1); /* Asking makes no log. */
    open_engine(&w, 0);
    sarn_close(w.engine);
    assert_int_equal(ask(&w), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(w.error.text, "errand-nobody"));
    open_engine(&w, 0); /* It has left again. */
    close_world(&w);
}

static void an_owner_without_a_socket_is_named(void **unused)
{
    struct world w;
    char pid[64];
    int ends[2];
    char ready;
    pid_t child;

    (void)unused;
    open_world(&w);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        open_engine(&w, 0);
        (void)!write(ends[1], "y", 1);
        for (;;) {
            pause();
        }
    }
    assert_int_equal(read(ends[0], &ready, 1), 1);
    assert_int_equal(ask(&w), SARN_ERR_BUSY);
    snprintf(pid, sizeof(pid), "process %ld, which serves no control socket",
             (long)child);
    assert_non_null(strstr(w.error.text, pid));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    close_world(&w);
}

/* Its socket stays behind, and is nobody's. */
static void an_owner_that_was_killed_is_no_owner(void **unused)
{
    struct world w;
    int ends[2];
    char ready;
    pid_t child;

    (void)unused;
    open_world(&w);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        open_engine(&w, SARN_OPEN_CONTROL);
        (void)!write(ends[1], "y", 1);
        for (;;) {
            pause();
        }
    }
    assert_int_equal(read(ends[0], &ready, 1), 1);
    assert_int_equal(access(w.socket, F_OK), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(access(w.socket, F_OK), 0);
    assert_int_equal(ask(&w), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(w.error.text, "errand-nobody"));
    open_engine(&w, SARN_OPEN_CONTROL);
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    assert_int_equal(ask(&w), SARN_ERR_NOT_FOUND);
    close(ends[0]);
    close(ends[1]);
    close_world(&w);
}

static void what_is_in_the_sockets_way_refuses_the_open(void **unused)
{
    struct world w;
    struct sarn_options options = SARN_OPTIONS_INIT;
    FILE *file;

    (void)unused;
    open_world(&w);
    file = fopen(w.socket, "w");
    assert_non_null(file);
    fclose(file);
    options.flags = SARN_OPEN_CONTROL;
    assert_int_equal(sarn_open(w.log, &options, &w.engine, &w.error), SARN_ERR_EXISTS);
    assert_int_equal(unlink(w.socket), 0);
    open_engine(&w, SARN_OPEN_CONTROL);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_of_sarns_serves_it),
        cmocka_unit_test(whoever_runs_serves_it_and_the_hook_is_asked),
        cmocka_unit_test(a_call_that_waits_serves_it),
        cmocka_unit_test(answers_come_back_as_structs_or_as_json),
        cmocka_unit_test(what_is_said_to_nobody_is_found_by_the_next_owner),
        cmocka_unit_test(nonsense_is_answered_with_an_error_each),
        cmocka_unit_test(half_a_line_is_waited_for),
        cmocka_unit_test(a_line_has_4_mib),
        cmocka_unit_test(more_clients_than_there_is_room_for_are_told),
        cmocka_unit_test(without_an_owner_the_log_is_owned_for_a_moment),
        cmocka_unit_test(an_owner_without_a_socket_is_named),
        cmocka_unit_test(an_owner_that_was_killed_is_no_owner),
        cmocka_unit_test(what_is_in_the_sockets_way_refuses_the_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
