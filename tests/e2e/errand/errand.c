/* A module with one workflow that waits to be told things, and, compiled with PROGRAM,
 * a program around it:
 *
 *   errand start LOG ID         start errand ID, and leave when it waits
 *   errand until LOG ID STATUS  let everything go on until errand ID has that status
 *   errand serve LOG            own the log with a control socket: says "ready", and
 *                               goes when its input ends
 *   errand deaf LOG             the same without a socket
 *
 * fetch gives out the id of the promise "receipt"; its undo fails while there is a file
 * "shut". deliver ends the program, in the middle, where there is a file "die".
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sarn/sarn.h>

#include "errand_schema.h"

static sarn_status fetch(struct sarn_step_call *call)
{
    struct errand_note note = {.text = {NULL, 0}};
    sarn_status status = sarn_step_promise(call, "receipt", &note.text);

    return status == SARN_OK ? sarn_step_output(call, &note) : status;
}

static sarn_status put_back(struct sarn_step_call *call)
{
    if (access("shut", F_OK) == 0) {
        return sarn_step_fail(call, "shut", "the shop is shut");
    }
    return SARN_OK;
}

static sarn_status deliver(struct sarn_step_call *call)
{
    const struct errand_note *words = sarn_step_output_of(call, "go");

    if (access("die", F_OK) == 0) {
        raise(SIGKILL);
    }
    return sarn_step_output(call, words);
}

static sarn_status rename_it(struct sarn_step_call *call)
{
    const struct errand_note *name = sarn_step_argument(call);

    if (name->text.size == 0) {
        return sarn_step_fail(call, "name", "that is no name");
    }
    return sarn_step_output(call, name);
}

static const struct sarn_step steps[] = {
    {.id = "fetch",
     .run = fetch,
     .compensate = put_back,
     .output = &errand_note_type,
     .compensation_retry = {.maximum_attempts = 1}},
    {.id = "go", .kind = SARN_STEP_SIGNAL, .output = &errand_note_type},
    {.id = "receipt", .kind = SARN_STEP_PROMISE, .output = &errand_note_type},
    {.id = "deliver", .run = deliver, .output = &errand_note_type},
};
static const struct sarn_message messages[] = {{.name = "rename",
                                                .kind = SARN_MESSAGE_UPDATE,
                                                .input = &errand_note_type,
                                                .output = &errand_note_type,
                                                .handler = rename_it}};
static const struct sarn_workflow workflow = {.name = "errand",
                                              .version = 1,
                                              SARN_STEPS(steps),
                                              .messages = messages,
                                              .message_count = 1};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "errands",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};

#ifndef PROGRAM

SARN_API const struct sarn_module *sarn_module_entry(void);

const struct sarn_module *sarn_module_entry(void)
{
    return &module;
}

#else

static int fail(const struct sarn_error *error)
{
    fprintf(stderr, "errand: %s\n", error->text);
    return 1;
}

static const char *status_of(sarn_engine *engine, const char *id, bool *waits)
{
    struct sarn_execution_info info = {.status = 0};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status =
        sarn_execution_get(engine, 0, "errand", sarn_str(id), arena, &info, NULL);

    *waits = sarn_str_equal(info.step, sarn_str("go"));
    sarn_arena_destroy(arena);
    return status == SARN_OK ? sarn_execution_status_text(info.status) : "none";
}

/* Dispatch until errand id is what is wanted; NULL: until it waits at "go". */
static int until(sarn_engine *engine, const char *id, const char *wanted)
{
    struct sarn_error error;
    bool waits = false;

    for (;;) {
        struct pollfd news = {.fd = sarn_fd(engine), .events = POLLIN};
        const char *status;

        if (sarn_dispatch(engine, &error) != SARN_OK) {
            return fail(&error);
        }
        status = status_of(engine, id, &waits);
        if (wanted != NULL ? strcmp(status, wanted) == 0 : waits) {
            return 0;
        }
        poll(&news, 1, -1);
    }
}

static int start(sarn_engine *engine, const char *id)
{
    struct sarn_start what = SARN_START_INIT;
    struct sarn_error error;

    what.flags = SARN_START_DETACHED;
    what.workflow = "errand";
    what.workflow_id = sarn_str(id);
    if (sarn_execute(engine, &what, NULL, &error) != SARN_OK) {
        return fail(&error);
    }
    return until(engine, id, NULL);
}

/* Until whoever started this closes its input. */
static int serve(sarn_engine *engine)
{
    struct pollfd news[2] = {{.fd = sarn_fd(engine), .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    struct sarn_error error;

    puts("ready");
    fflush(stdout);
    while (news[1].revents == 0) {
        if (sarn_dispatch(engine, &error) != SARN_OK) {
            return fail(&error);
        }
        poll(news, 2, -1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct sarn_module *const modules[] = {&module};
    const char *command = argc > 2 ? argv[1] : "";
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;
    sarn_engine *engine;
    int result = 2;

    options.modules = modules;
    options.module_count = 1;
    options.flags = strcmp(command, "serve") == 0 ? SARN_OPEN_CONTROL : 0;
    if (argc < 3 || sarn_open(argv[2], &options, &engine, &error) != SARN_OK) {
        return argc < 3 ? 2 : fail(&error);
    }
    if (strcmp(command, "start") == 0 && argc == 4) {
        result = start(engine, argv[3]);
    } else if (strcmp(command, "until") == 0 && argc == 5) {
        result = until(engine, argv[3], argv[4]);
    } else if (argc == 3) {
        result = serve(engine);
    }
    sarn_close(engine);
    return result;
}

#endif
