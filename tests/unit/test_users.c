/* domain/modules/users: what a user answers, as traces. */
#include <string.h>

#include "modules/users/user.h"
#include "support/account.h"

static int setup(void **state)
{
    static struct given given;

    given_init(&given, sarn_users_module.aggregates[0], "user-7");
    *state = &given;
    return 0;
}

static int teardown(void **state)
{
    given_done(*state);
    return 0;
}

static const char *enroll(struct given *g, const char *name, uint8_t kind)
{
    return when(g, &users_register_type,
                &(struct users_register){.name = sarn_str(name), .kind = kind});
}

static const char *verify(struct given *g, uint8_t level)
{
    return when(g, &users_verify_type,
                &(struct users_verify){.level = level, .by = SARN_STR("eva")});
}

static const char *suspend(struct given *g)
{
    return when(g, &users_suspend_type,
                &(struct users_suspend){.reason = SARN_STR("fraud")});
}

static const char *reinstate(struct given *g)
{
    return when(g, &users_reinstate_type,
                &(struct users_reinstate){.reason = SARN_STR("mistake")});
}

static const char *close_user(struct given *g)
{
    return when(g, &users_close_type, &(struct users_close){0});
}

static const char *add(struct given *g, const char *account, bool prefix)
{
    return when(
        g, &users_add_account_type,
        &(struct users_add_account){.account = sarn_str(account), .prefix = prefix});
}

static const char *take(struct given *g, const char *account, bool prefix)
{
    return when(
        g, &users_remove_account_type,
        &(struct users_remove_account){.account = sarn_str(account), .prefix = prefix});
}

static const char *may_act(struct given *g, const char *account, uint8_t level)
{
    return when(g, &users_may_act_type,
                &(struct users_may_act){.account = sarn_str(account), .level = level});
}

/* --- tests --- */

static void a_user_registers_once_and_again_as_the_same(void **state)
{
    struct given *g = *state;

    assert_string_equal(enroll(g, "Jana", USERS_KIND_PERSON),
                        "UserRegistered name=Jana");
    assert_string_equal(enroll(g, "Jana", USERS_KIND_PERSON), "nothing");
    assert_string_equal(enroll(g, "Petr", USERS_KIND_PERSON),
                        "rejected: user-7 is registered already, as somebody else");
    assert_string_equal(enroll(g, "Jana", USERS_KIND_INSTITUTION),
                        "rejected: user-7 is registered already, as somebody else");
    assert_string_equal(given_state(g), "status=ACTIVE name=Jana");
}

static void a_registration_that_makes_no_sense_is_rejected(void **state)
{
    struct given *g = *state;
    char long_name[SARN_NAME_BYTES_MAX + 2];

    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_string_equal(
        enroll(g, "", USERS_KIND_PERSON),
        "rejected: user-7 needs a name of 1 to 255 bytes to be registered, not of 0");
    assert_string_equal(
        enroll(g, long_name, USERS_KIND_PERSON),
        "rejected: user-7 needs a name of 1 to 255 bytes to be registered, not of 256");
    assert_string_equal(enroll(g, "Jana", 9),
                        "rejected: user-7 cannot be of kind 9: there is none");
    assert_string_equal(given_state(g), "");
}

static void nothing_can_be_done_with_a_user_who_was_never_registered(void **state)
{
    struct given *g = *state;
    static const char answer[] = "rejected: user-7 was never registered";

    assert_string_equal(verify(g, USERS_LEVEL_FULL), answer);
    assert_string_equal(suspend(g), answer);
    assert_string_equal(reinstate(g), answer);
    assert_string_equal(close_user(g), answer);
    assert_string_equal(add(g, "1", false), answer);
    assert_string_equal(take(g, "1", false), answer);
    assert_string_equal(may_act(g, "1", USERS_LEVEL_NONE), answer);
}

static void verification_goes_up_and_down(void **state)
{
    struct given *g = *state;

    enroll(g, "Jana", USERS_KIND_PERSON);
    add(g, "1", false);
    assert_string_equal(may_act(g, "1", USERS_LEVEL_BASIC),
                        "rejected: user-7 is not known well enough: verify them first");
    assert_string_equal(verify(g, USERS_LEVEL_BASIC),
                        "UserVerified level=BASIC by=eva");
    assert_string_equal(verify(g, USERS_LEVEL_BASIC), "nothing");
    assert_string_equal(may_act(g, "1", USERS_LEVEL_BASIC), "nothing");
    assert_string_equal(may_act(g, "1", USERS_LEVEL_FULL),
                        "rejected: user-7 is not known well enough: verify them first");
    assert_string_equal(verify(g, USERS_LEVEL_FULL), "UserVerified level=FULL by=eva");
    assert_string_equal(may_act(g, "1", USERS_LEVEL_FULL), "nothing");
    assert_string_equal(verify(g, USERS_LEVEL_NONE), "UserVerified by=eva");
    assert_string_equal(may_act(g, "1", USERS_LEVEL_BASIC),
                        "rejected: user-7 is not known well enough: verify them first");
    assert_string_equal(verify(g, 3),
                        "rejected: user-7 cannot be known at level 3: there is none");
    assert_string_equal(may_act(g, "1", 3),
                        "rejected: user-7 cannot be known at level 3: there is none");
}

static void a_suspended_user_acts_on_nothing_until_reinstated(void **state)
{
    struct given *g = *state;

    enroll(g, "Jana", USERS_KIND_PERSON);
    verify(g, USERS_LEVEL_BASIC);
    add(g, "1", false);
    assert_string_equal(reinstate(g), "nothing");
    assert_string_equal(suspend(g), "UserSuspended reason=fraud");
    assert_string_equal(suspend(g), "nothing");
    assert_string_equal(may_act(g, "1", USERS_LEVEL_BASIC),
                        "rejected: user-7 is suspended");
    assert_string_equal(verify(g, USERS_LEVEL_FULL), "UserVerified level=FULL by=eva");
    assert_string_equal(reinstate(g), "UserReinstated reason=mistake");
    assert_string_equal(may_act(g, "1", USERS_LEVEL_FULL), "nothing");
}

static void a_user_acts_on_what_is_theirs(void **state)
{
    struct given *g = *state;

    enroll(g, "Jana", USERS_KIND_PERSON);
    verify(g, USERS_LEVEL_BASIC);
    assert_string_equal(add(g, "1", false), "AccountAdded account=1");
    assert_string_equal(add(g, "1", false), "nothing");
    assert_string_equal(add(g, "22", false), "AccountAdded account=22");
    assert_string_equal(may_act(g, "22", USERS_LEVEL_BASIC), "nothing");
    assert_string_equal(may_act(g, "2", USERS_LEVEL_BASIC),
                        "rejected: user-7 does not own account 2");
    assert_string_equal(may_act(g, "222", USERS_LEVEL_BASIC),
                        "rejected: user-7 does not own account 222");
    assert_string_equal(may_act(g, "", USERS_LEVEL_BASIC),
                        "rejected: user-7 does not own account ");
    assert_string_equal(take(g, "22", false), "AccountRemoved account=22");
    assert_string_equal(take(g, "22", false), "nothing");
    assert_string_equal(may_act(g, "22", USERS_LEVEL_BASIC),
                        "rejected: user-7 does not own account 22");
    assert_string_equal(
        add(g, "", false),
        "rejected: an account of user-7 needs an id of 1 to 255 bytes, not of 0");
}

static void an_institution_owns_accounts_by_their_prefix(void **state)
{
    struct given *g = *state;

    enroll(g, "Bank KL", USERS_KIND_INSTITUTION);
    verify(g, USERS_LEVEL_FULL);
    assert_string_equal(add(g, "KL:", true), "AccountAdded account=KL: prefix=1");
    assert_string_equal(may_act(g, "KL:1", USERS_LEVEL_FULL), "nothing");
    assert_string_equal(may_act(g, "KL:", USERS_LEVEL_FULL), "nothing");
    assert_string_equal(may_act(g, "KL", USERS_LEVEL_FULL),
                        "rejected: user-7 does not own account KL");
    assert_string_equal(may_act(g, "MN:1", USERS_LEVEL_FULL),
                        "rejected: user-7 does not own account MN:1");
    assert_string_equal(take(g, "KL:", false), "nothing"); /* Not in these words. */
    assert_string_equal(take(g, "KL:", true), "AccountRemoved account=KL: prefix=1");
    assert_string_equal(may_act(g, "KL:1", USERS_LEVEL_FULL),
                        "rejected: user-7 does not own account KL:1");
}

static void a_person_owns_accounts_one_by_one(void **state)
{
    struct given *g = *state;

    enroll(g, "Jana", USERS_KIND_PERSON);
    assert_string_equal(
        add(g, "1", true),
        "rejected: user-7 is a person, who owns accounts one by one, and "
        "not all that begin with 1");
}

static void a_user_owns_only_so_many_accounts(void **state)
{
    struct given *g = *state;
    char account[16];

    enroll(g, "Jana", USERS_KIND_PERSON);
    for (unsigned i = 0; i < SARN_USERS_ACCOUNTS_MAX; i++) {
        snprintf(account, sizeof(account), "%u", i);
        assert_string_not_equal(add(g, account, false), "nothing");
    }
    assert_string_equal(add(g, "x", false),
                        "rejected: user-7 owns 64 accounts already; remove one first");
    take(g, "5", false);
    assert_string_equal(add(g, "x", false), "AccountAdded account=x");
}

static void who_owns_accounts_is_not_closed_and_who_is_closed_stays_so(void **state)
{
    struct given *g = *state;
    static const char answer[] = "rejected: user-7 is closed";

    enroll(g, "Jana", USERS_KIND_PERSON);
    add(g, "1", false);
    assert_string_equal(close_user(g),
                        "rejected: user-7 cannot be closed while owning 1 accounts");
    take(g, "1", false);
    assert_string_equal(close_user(g), "UserClosed");
    assert_string_equal(close_user(g), "nothing");
    assert_string_equal(enroll(g, "Jana", USERS_KIND_PERSON),
                        "rejected: user-7 was closed and is not registered again");
    assert_string_equal(verify(g, USERS_LEVEL_FULL), answer);
    assert_string_equal(suspend(g), answer);
    assert_string_equal(reinstate(g), answer);
    assert_string_equal(add(g, "1", false), answer);
    assert_string_equal(may_act(g, "1", USERS_LEVEL_NONE), answer);
}

static void events_that_cannot_follow_are_corrupt(void **state)
{
    struct given *g = *state;
    const struct users_user_registered registered = {.name = SARN_STR("Jana")};
    const struct users_user_registered nameless = {.kind = 0};
    const struct users_user_verified verified = {.level = 3};
    const struct users_account_added added = {.account = SARN_STR("1")};
    const struct users_account_removed removed = {.account = SARN_STR("2")};
    const struct users_user_closed closed = {0};
    const struct users_user_reinstated reinstated = {.reason = {NULL, 0}};

    assert_int_equal(given_apply(g, &users_user_registered_type, &nameless),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_account_added_type, &added),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_user_registered_type, &registered), SARN_OK);
    assert_int_equal(given_apply(g, &users_user_registered_type, &registered),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_user_verified_type, &verified),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_user_reinstated_type, &reinstated),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_account_added_type, &added), SARN_OK);
    assert_int_equal(given_apply(g, &users_account_added_type, &added),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_account_removed_type, &removed),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &users_user_closed_type, &closed),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &payments_account_closed_type, &closed),
                     SARN_ERR_CORRUPT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_user_registers_once_and_again_as_the_same),
        TEST(a_registration_that_makes_no_sense_is_rejected),
        TEST(nothing_can_be_done_with_a_user_who_was_never_registered),
        TEST(verification_goes_up_and_down),
        TEST(a_suspended_user_acts_on_nothing_until_reinstated),
        TEST(a_user_acts_on_what_is_theirs),
        TEST(an_institution_owns_accounts_by_their_prefix),
        TEST(a_person_owns_accounts_one_by_one),
        TEST(a_user_owns_only_so_many_accounts),
        TEST(who_owns_accounts_is_not_closed_and_who_is_closed_stays_so),
        TEST(events_that_cannot_follow_are_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
