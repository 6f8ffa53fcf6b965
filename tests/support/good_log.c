#define _GNU_SOURCE

#include "support/good_log.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

sarn_status good_log_append(sarn_engine *engine,
                            const char *stream,
                            struct sarn_str payload,
                            struct sarn_error *error)
{
    struct sarn_new_event event = {.type_name = "said", .data = &payload};
    struct sarn_stream_append to = {.stream = sarn_str(stream),
                                    .expected_version = SARN_ANY,
                                    .events = &event,
                                    .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;

    append.streams = &to;
    append.stream_count = 1;
    return sarn_append_call(engine, &append, NULL, error);
}

void good_log_make(struct good_log *good)
{
    sarn_engine *engine;

    memset(good, 0, sizeof(*good));
    tempdir_make(&good->dir);
    assert_int_equal(chmod(good->dir.path, 0755), 0); /* Others may look. */
    snprintf(good->path, sizeof(good->path), "%s",
             tempdir_path(&good->dir, "good.sarn"));
    assert_ok(sarn_open(good->path, NULL, &engine, &good->error), &good->error);
    for (int i = 0; i < 30; i++) {
        assert_ok(good_log_append(engine, "talk-1", sarn_str("hello"), &good->error),
                  &good->error);
    }
    sarn_close(engine);
}

void good_log_remove(struct good_log *good)
{
    tempdir_remove(&good->dir);
}

struct finding in_child(struct good_log *good,
                        void (*find)(struct good_log *good, struct finding *finding))
{
    struct finding finding = {.status = SARN_ERR_STATE};
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        find(good, &finding);
        _exit(write(ends[1], &finding, sizeof(finding)) == sizeof(finding) ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &finding, sizeof(finding)), sizeof(finding));
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return finding;
}
