/* What clients see of one log, all at once, is what a log would show that does one
 * thing at a time: contests from seeds, judged (support/contest.h, support/linear.h).
 * scripts/linearize runs as many as one likes. */
#include "support/contest.h"
#include "support/tempdir.h"

#define STEPS_MAX 2000000u

static void
contest(struct contest_options options, uint64_t seeds, struct contest *sums)
{
    struct tempdir dir;

    tempdir_make(&dir);
    options.path = tempdir_path(&dir, "contest.sarn");
    for (uint64_t i = 0; i < seeds; i++, options.seed++) {
        struct contest contest;
        uint64_t steps;

        if (!contest_run(&options, &contest) ||
            !linear_follow(&contest.history, contest.text, sizeof(contest.text)) ||
            !linear_search(&contest.history, STEPS_MAX, &steps, contest.text,
                           sizeof(contest.text))) {
            fail_msg("seed %" PRIu64 ": %s", options.seed, contest.text);
        }
        assert_true(contest.history.op_count > options.clients);
        assert_true(contest.read_along > 0 || options.alone);
        sums->in_doubt += contest.in_doubt;
        sums->in_doubt_done += contest.in_doubt_done;
        contest_release(&contest);
    }
    tempdir_remove(&dir);
}

static void clients_on_threads_and_a_reader_beside_see_one_order(void **state)
{
    struct contest sums = {.in_doubt = 0};

    (void)state;
    contest((struct contest_options){.seed = 1, .clients = 5, .rounds = 2, .calls = 30},
            6, &sums);
    assert_int_equal(sums.in_doubt, 0);
}

static void what_is_in_doubt_is_done_once_or_not_at_all(void **state)
{
    struct contest sums = {.in_doubt = 0};

    (void)state;
    contest((struct contest_options){.seed = 200,
                                     .clients = 3,
                                     .rounds = 3,
                                     .calls = 8,
                                     .faults = true,
                                     .alone = true},
            6, &sums);
    contest(
        (struct contest_options){
            .seed = 100, .clients = 3, .rounds = 3, .calls = 12, .faults = true},
        12, &sums);
    assert_true(sums.in_doubt_done > 0 && sums.in_doubt_done < sums.in_doubt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_on_threads_and_a_reader_beside_see_one_order),
        cmocka_unit_test(what_is_in_doubt_is_done_once_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
