/* A full map, a limit on the file, a full disk: each says what to do, loses nothing,
 * and the engine goes on. */
#define _GNU_SOURCE

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/good_log.h"

#include "support/test.h"

/* Append until that fails; extra counts what went in before. */
static void fill(sarn_engine *engine, struct finding *finding)
{
    static char large[60000];
    struct sarn_str payload = {large, sizeof(large)};

    memset(large, 'x', sizeof(large));
    do {
        finding->status = good_log_append(engine, "talk-1", payload, &finding->error);
        finding->extra += finding->status == SARN_OK ? 1 : 0;
    } while (finding->status == SARN_OK && finding->extra < 10000);
}

static sarn_status count_event(void *arg, const struct sarn_event *event)
{
    (void)event;
    *(int *)arg += 1;
    return SARN_OK;
}

/* After it was full: everything is there, and what fits still goes in. */
static bool is_usable(sarn_engine *engine, int appended)
{
    struct sarn_range range = SARN_RANGE_INIT;
    int count = 0;

    range.stream = sarn_str("talk-1");
    return sarn_read(sarn_engine_log(engine), &range, count_event, &count, NULL) ==
               SARN_OK &&
           count == appended;
}

static void a_full_map_says_how_to_go_on(void **unused)
{
    struct good_log w;
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct finding finding = {.status = SARN_OK};
    const char *path;
    sarn_engine *engine;

    (void)unused;
    good_log_make(&w);
    path = tempdir_path(&w.dir, "small.sarn");
    options.map_bytes = 1u << 20;
    assert_ok(sarn_open(path, &options, &engine, &w.error), &w.error);
    fill(engine, &finding);
    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_non_null(strstr(finding.error.text, "small.sarn"));
    assert_non_null(strstr(finding.error.text, "larger map_bytes"));
    assert_true(finding.extra > 3);
    assert_true(is_usable(engine, finding.extra));
    sarn_close(engine);
    options.map_bytes = 16u << 20;
    assert_ok(sarn_open(path, &options, &engine, &w.error), &w.error);
    assert_true(is_usable(engine, finding.extra));
    assert_ok(good_log_append(engine, "talk-1", sarn_str("there is room"), &w.error),
              &w.error);
    sarn_close(engine);
    good_log_remove(&w);
}

static void fill_under_a_limit(struct good_log *w, struct finding *finding)
{
    struct rlimit limit = {1u << 20, RLIM_INFINITY};
    sarn_engine *engine;

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        sarn_open(tempdir_path(&w->dir, "limited.sarn"), NULL, &engine,
                  &finding->error) != SARN_OK) {
        return;
    }
    fill(engine, finding);
    limit.rlim_cur = RLIM_INFINITY; /* As when somebody frees some space. */
    if (!is_usable(engine, finding->extra) || setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        good_log_append(engine, "talk-1", sarn_str("there is room"), NULL) != SARN_OK) {
        finding->extra = -1;
    }
    sarn_close(engine);
}

static void a_file_that_may_not_grow_refuses_and_goes_on(void **unused)
{
    struct good_log w;
    struct finding finding;

    (void)unused;
    good_log_make(&w);
    finding = in_child(&w, fill_under_a_limit);
    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_non_null(strstr(finding.error.text, "limited.sarn"));
    assert_non_null(strstr(finding.error.text, "nothing was written"));
    assert_true(finding.extra > 3);
    good_log_remove(&w);
}

static void a_full_disk_refuses_and_goes_on(void **unused)
{
    struct good_log w;
    struct finding finding = {.status = SARN_OK};
    const char *disk;
    sarn_engine *engine;

    (void)unused;
    good_log_make(&w);
    disk = tempdir_path(&w.dir, "disk");
    assert_int_equal(mkdir(disk, 0755), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=2m") != 0) {
        good_log_remove(&w);
        skip(); /* Only root may; the limit above shows most of it. */
    }
    assert_ok(
        sarn_open(tempdir_path(&w.dir, "disk/full.sarn"), NULL, &engine, &w.error),
        &w.error);
    fill(engine, &finding);
    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_non_null(strstr(finding.error.text, "full.sarn"));
    assert_non_null(strstr(finding.error.text, "free some space"));
    assert_true(is_usable(engine, finding.extra));
    sarn_close(engine);
    assert_int_equal(umount2(tempdir_path(&w.dir, "disk"), 0), 0);
    good_log_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_map_says_how_to_go_on),
        cmocka_unit_test(a_file_that_may_not_grow_refuses_and_goes_on),
        cmocka_unit_test(a_full_disk_refuses_and_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
