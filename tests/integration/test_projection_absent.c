/* A log that is written to by a program without a projection's code, and then by one
 * that has it again: its rows have seen everything. */
#include "support/bank.h"

struct fixture {
    struct bank bank;
    struct sarn_module without; /* Of the payments module: no projections. */
    const struct sarn_module *modules[1];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct sarn_options options = {.tail_max = 4}; /* Flushed all the time. */

    *state = f;
    f->without = sarn_payments_module;
    f->without.projections = NULL;
    f->without.projection_count = 0;
    f->modules[0] = &f->without;
    bank_open(&f->bank, 5, &options);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    bank_close(&f->bank);
    free(f);
    return 0;
}

static void reopen(struct fixture *f, bool crash, const struct sarn_module *module)
{
    struct sarn_error error;

    if (crash) {
        sarn__sim_crash(f->bank.sim);
    } else {
        sarn__sim_close(f->bank.sim);
    }
    f->modules[0] = module;
    assert_ok(sarn__sim_open(f->bank.sim, f->modules, 1, &error), &error);
}

static void credit(struct fixture *f, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        assert_non_null(strstr(bank_do_credit(&f->bank, "1", 1, NULL), "ok"));
    }
}

static void absent(struct fixture *f, bool crash)
{
    (void)bank_do_open(&f->bank, "1");
    credit(f, 30);
    assert_int_equal(bank_row(&f->bank, "1"), 30);
    reopen(f, crash, &f->without);
    credit(f, 40);
    reopen(f, crash, &sarn_payments_module);
    assert_int_equal(bank_balance(&f->bank, "1"), 70);
    assert_int_equal(bank_row(&f->bank, "1"), 70);
    credit(f, 5);
    reopen(f, crash, &sarn_payments_module);
    assert_int_equal(bank_row(&f->bank, "1"), 75);
}

static void a_projection_sees_what_was_written_while_its_code_was_away(void **state)
{
    absent(*state, false);
}

static void the_same_where_the_power_goes_each_time(void **state)
{
    absent(*state, true);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_projection_sees_what_was_written_while_its_code_was_away),
        CASE(the_same_where_the_power_goes_each_time)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
