/* What becomes of commands when an append fails: full disks, lost and doubtful syncs,
 * power cuts at every moment. */
#include <string.h>

#include "support/bank.h"

static void a_full_disk_fails_everything_on_top_and_the_engine_goes_on(void **unused)
{
    struct sarn__sim_outcome out[3];
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, NULL);
    (void)bank_do_open(&bank, "1");
    (void)bank_do_credit(&bank, "1", 100, NULL);
    sarn__sim_fail_append(bank.sim, 1, SARN__MEMORY_FULL);
    bank_send_debit(&bank, "1", 60, "a", &out[0]);
    bank_send_debit(&bank, "1", 60, NULL, &out[1]); /* Rejected because of the first. */
    bank_send_open(&bank, "2", &out[2]);
    sarn__sim_run(bank.sim);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(out[i].answers, 1);
        assert_int_equal(out[i].status, SARN_ERR_FULL);
    }
    assert_int_equal(bank_balance(&bank, "1"), 100);
    assert_int_equal(bank_balance(&bank, "2"), INT64_MIN);
    /* Nothing of it is remembered: not the key, not the stream. */
    assert_null(strstr(bank_do_debit(&bank, "1", 60, "a"), "repeated"));
    assert_non_null(strstr(bank_do_open(&bank, "2"), "version=0"));
    assert_int_equal(bank_balance(&bank, "1"), 40);
    bank_close(&bank);
}

static void in_doubt_stops_the_engine_and_reopening_settles_it(void **unused)
{
    static const struct {
        enum sarn__memory_fault fault;
        bool kept;
    } rows[] = {{SARN__MEMORY_IN_DOUBT_KEPT, true},
                {SARN__MEMORY_IN_DOUBT_LOST, false}};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct sarn__sim_outcome out;
        struct sarn_error error;
        struct bank bank;

        bank_open(&bank, i, NULL);
        (void)bank_do_open(&bank, "1");
        sarn__sim_fail_append(bank.sim, 1, rows[i].fault);
        bank_send_credit(&bank, "1", 7, "k", &out);
        sarn__sim_run(bank.sim);
        assert_int_equal(out.status, SARN_ERR_IN_DOUBT);
        bank_send_credit(&bank, "1", 8, "later", &out);
        sarn__sim_run(bank.sim);
        assert_int_equal(out.status, SARN_ERR_CLOSED);
        assert_non_null(strstr(out.text, "reopen"));
        assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
        /* The key tells what became of it, and the money moves once. */
        assert_int_equal(strstr(bank_do_credit(&bank, "1", 7, "k"), "repeated") != NULL,
                         rows[i].kept);
        assert_int_equal(bank_balance(&bank, "1"), 7);
        bank_close(&bank);
    }
}

/* A model of what must hold after any crash: what was acknowledged is there, once; what
 * was not may be there, once, or not. */
struct model {
    struct sarn__sim_outcome out[64];
    int64_t amounts[64];
    uint32_t count;
};

static void check_model(struct bank *bank, const struct model *model)
{
    int64_t low = 0, high = 0, balance, repeated = 0;

    for (uint32_t i = 0; i < model->count; i++) {
        low += model->out[i].status == SARN_OK && model->out[i].answers == 1
                   ? model->amounts[i]
                   : 0;
        high += model->amounts[i];
    }
    balance = bank_balance(bank, "1");
    assert_in_range(balance, low, high);
    assert_int_equal(bank_row(bank, "1"), balance);
    /* Sent again under their keys, all end in the same sum. */
    for (uint32_t i = 0; i < model->count; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%" PRIu32, i);
        repeated += strstr(bank_do_credit(bank, "1", model->amounts[i], key),
                           "repeated") != NULL
                        ? model->amounts[i]
                        : 0;
    }
    assert_int_equal(repeated, balance);
    assert_int_equal(bank_balance(bank, "1"), high);
    assert_int_equal(bank_row(bank, "1"), high);
}

static void a_power_cut_at_any_moment_loses_nothing_acknowledged(void **unused)
{
    uint32_t cuts = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct sarn_options options = {.tail_max = 8}; /* Flush rounds all the time. */
        struct model model = {.count = 24};
        struct sarn_error error;
        struct bank bank;

        bank_open(&bank, seed, &options);
        (void)bank_do_open(&bank, "1");
        for (uint32_t i = 0; i < model.count; i++) {
            char key[16];

            model.amounts[i] = (int64_t)1 << i;
            snprintf(key, sizeof(key), "k%" PRIu32, i);
            bank_send_credit(&bank, "1", model.amounts[i], key, &model.out[i]);
            if (sarn__sim_draw(bank.sim, 3) == 0) {
                (void)sarn__sim_run_moves(bank.sim, sarn__sim_draw(bank.sim, 12));
            }
        }
        cuts += sarn__sim_run_moves(bank.sim, sarn__sim_draw(bank.sim, 40)) ? 1 : 0;
        assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
        check_model(&bank, &model);
        bank_close(&bank);
    }
    assert_true(cuts > 50); /* Most cuts were in the middle of something. */
}

static void an_append_that_fails_at_any_place_is_forgotten_whole(void **unused)
{
    static const enum sarn__memory_fault faults[] = {SARN__MEMORY_FULL,
                                                     SARN__MEMORY_IO};

    (void)unused;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sarn_options options = {.tail_max = 8, .cache_bytes = 1};
        struct model model = {.count = 16};
        struct bank bank;
        int64_t sum = 0;

        bank_open(&bank, seed, &options);
        (void)bank_do_open(&bank, "1");
        sarn__sim_fail_append(bank.sim, 1 + (uint32_t)sarn__sim_draw(bank.sim, 6),
                              faults[seed % 2]);
        for (uint32_t i = 0; i < model.count; i++) {
            char key[16];

            model.amounts[i] = (int64_t)1 << i;
            snprintf(key, sizeof(key), "k%" PRIu32, i);
            bank_send_credit(&bank, "1", model.amounts[i], key, &model.out[i]);
            (void)sarn__sim_run_moves(bank.sim, sarn__sim_draw(bank.sim, 6));
        }
        sarn__sim_run(bank.sim);
        for (uint32_t i = 0; i < model.count; i++) {
            assert_int_equal(model.out[i].answers, 1);
            sum += model.out[i].status == SARN_OK ? model.amounts[i] : 0;
        }
        assert_int_equal(bank_balance(&bank, "1"), sum); /* Exactly what was said. */
        assert_int_equal(bank_row(&bank, "1"), sum);
        check_model(&bank, &model);
        bank_close(&bank);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_fails_everything_on_top_and_the_engine_goes_on),
        cmocka_unit_test(in_doubt_stops_the_engine_and_reopening_settles_it),
        cmocka_unit_test(a_power_cut_at_any_moment_loses_nothing_acknowledged),
        cmocka_unit_test(an_append_that_fails_at_any_place_is_forgotten_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
