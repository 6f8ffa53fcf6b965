/* domain/modules/compliance: what passes, reviews and sanctions, as traces. */
#include <string.h>

#include "support/profile.h"

/* --- passing --- */

static void what_moves_money_asks_at_every_step(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    assert_string_equal(profile_pass(g, "t1", 100),
                        "rejected: compliance-7 has not screened transaction t1");
    profile_screen(g, "t1", 100);
    assert_string_equal(profile_pass(g, "t1", 100), "nothing");
    assert_string_equal(profile_pass(g, "t1", 101),
                        "rejected: transaction t1 was screened over another amount");
    assert_string_equal(profile_settle(g, "t1", 101),
                        "rejected: transaction t1 was screened over another amount");
    profile_limit(g, 99, 2000, 10); /* Meanwhile. */
    assert_string_equal(profile_pass(g, "t1", 100),
                        "rejected: transaction t1 is over what is the user's limit of "
                        "one transaction by now");
    profile_limit_usually(g);
    assert_string_equal(profile_settle(g, "t1", 100),
                        "ScreeningSettled transaction=t1");
    assert_string_equal(profile_pass(g, "t1", 100),
                        "rejected: compliance-7 has not screened transaction t1");
    assert_int_equal(profile_in_window(g).sum, 100); /* It happened. */
}

/* --- reviews --- */

static void a_review_is_opened_and_approved(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    assert_string_equal(
        when(g, &compliance_screen_type,
             &(struct compliance_screen){.transaction = SARN_STR("t1"),
                                         .amount = CZK(800),
                                         .fully_verified = true}),
        "TransactionScreened transaction=t1 amount.minor=800 amount.currency=CZK "
        "band=REVIEW score=40 points.amount=40 screened_us=86400000000000, "
        "ReviewOpened transaction=t1 score=40");
    assert_string_equal(profile_check_review(g, "t1"), "nothing");
    assert_string_equal(
        profile_pass(g, "t1", 800),
        "rejected: transaction t1 waits for a review: its risk score is 40");
    assert_string_equal(profile_settle(g, "t1", 800),
                        "rejected: transaction t1 waits for a review: its risk score "
                        "is 40");
    assert_string_equal(
        profile_decide(g, "t1", true, "eva"),
        "ReviewDecided transaction=t1 approved=1 by=eva reason=known payee");
    assert_string_equal(profile_pass(g, "t1", 800), "nothing");
    assert_string_equal(
        profile_decide(g, "t1", false, "eva"),
        "rejected: compliance-7 has no review of transaction t1 to wait for");
    assert_string_equal(profile_settle(g, "t1", 800),
                        "ScreeningSettled transaction=t1");
}

static void a_review_is_refused_by_somebody_for_a_reason(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    profile_screen(g, "t1", 800);
    assert_string_equal(profile_decide(g, "t1", false, "eva"),
                        "ReviewDecided transaction=t1 by=eva reason=known payee");
    assert_string_equal(profile_pass(g, "t1", 800),
                        "rejected: transaction t1 is refused: by eva, known payee");
    assert_string_equal(
        profile_expire(g, "t1"),
        "rejected: compliance-7 has no review of transaction t1 to wait for");
}

static void a_review_expires(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    profile_screen(g, "t1", 800);
    assert_string_equal(profile_expire(g, "t1"), "ReviewExpired transaction=t1");
    assert_string_equal(
        profile_pass(g, "t1", 800),
        "rejected: transaction t1 is refused: its review expired before "
        "anybody decided");
    assert_string_equal(
        profile_check_review(g, "t1"),
        "rejected: compliance-7 has no review of transaction t1 to wait for");
}

static void nobody_reviews_their_own(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    profile_screen(g, "t1", 800);
    assert_string_equal(profile_decide(g, "t1", true, "7"),
                        "rejected: 7 cannot review a transaction of their own: t1");
    assert_string_equal(profile_decide(g, "t1", true, ""),
                        "rejected: a review in compliance-7 is decided by somebody, "
                        "whose name has 1 to 255 bytes, not 0");
    assert_string_equal(profile_check_review(g, "t1"), "nothing");
}

/* --- sanctions --- */

static void who_is_on_a_list_is_refused_whatever_the_score(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    assert_string_equal(profile_screen_with(g, "t1", 1, true, "name:ivan the bad"),
                        "REFUSE 0: 1");
    assert_string_equal(
        profile_pass(g, "t1", 1),
        "rejected: transaction t1 is refused: name:ivan the bad is on a "
        "list of sanctions");
}

static void a_subject_is_listed_and_delisted(void **state)
{
    struct given *g = *state;
    const struct compliance_list list = {.source = SARN_STR("EU"),
                                         .reason = SARN_STR("2014/145")};
    const struct compliance_list other = {.source = SARN_STR("UN")};
    const struct compliance_list nobodys = {.reason = SARN_STR("x")};
    const struct compliance_check_not_listed check = {0};
    const struct compliance_delist delist = {.reason = SARN_STR("court")};

    assert_string_equal(when(g, &compliance_check_not_listed_type, &check), "nothing");
    assert_string_equal(when(g, &compliance_delist_type, &delist), "nothing");
    assert_string_equal(
        when(g, &compliance_list_type, &nobodys),
        "rejected: sanction-user:7 is put on somebody's list, whose name "
        "has 1 to 255 bytes, not 0");
    assert_string_equal(when(g, &compliance_list_type, &list),
                        "SubjectListed source=EU reason=2014/145");
    assert_string_equal(when(g, &compliance_list_type, &list), "nothing");
    assert_string_equal(when(g, &compliance_list_type, &other),
                        "rejected: sanction-user:7 is on the list of EU already");
    assert_string_equal(when(g, &compliance_check_not_listed_type, &check),
                        "rejected: sanction-user:7 is on the list of EU");
    assert_string_equal(when(g, &compliance_delist_type, &delist),
                        "SubjectDelisted reason=court");
    assert_string_equal(when(g, &compliance_check_not_listed_type, &check), "nothing");
    assert_string_equal(given_state(g), "");
    assert_int_equal(given_apply(g, &compliance_subject_delisted_type, &delist),
                     SARN_ERR_CORRUPT);
}

static void a_name_is_found_however_it_was_typed(void **state)
{
    static const struct {
        const char *typed, *written;
    } rows[] = {
        {"Ivan the Bad", "ivan the bad"},
        {"  IVAN -- The  bad. ", "ivan the bad"},
        {"O'Neil", "o neil"},
        {"", ""},
        {"...", ""},
        {"\xc5\xa0koda 2", "\xc5\xa0koda 2"},
    };
    char text[16];
    uint32_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            sarn_compliance_name(sarn_str(rows[i].typed), text, sizeof(text), &size),
            SARN_OK);
        assert_int_equal(size, strlen(rows[i].written));
        assert_memory_equal(text, rows[i].written, size);
    }
    assert_int_equal(sarn_compliance_name(ID("Ivan the Bad"), text, 11, &size),
                     SARN_ERR_TOO_LARGE);
    assert_int_equal(sarn_compliance_name(ID("Ivan the Bad"), text, 12, &size),
                     SARN_OK);
}

#define TEST(name)                                                                     \
    cmocka_unit_test_setup_teardown(name, profile_setup, profile_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_moves_money_asks_at_every_step),
        TEST(a_review_is_opened_and_approved),
        TEST(a_review_is_refused_by_somebody_for_a_reason),
        TEST(a_review_expires),
        TEST(nobody_reviews_their_own),
        TEST(who_is_on_a_list_is_refused_whatever_the_score),
        cmocka_unit_test_setup_teardown(a_subject_is_listed_and_delisted, subject_setup,
                                        profile_teardown),
        cmocka_unit_test(a_name_is_found_however_it_was_typed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
