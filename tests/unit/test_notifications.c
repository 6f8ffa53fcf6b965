/* domain/modules/notifications: what a notice answers, as traces. */
#include <string.h>

#include "modules/notifications/notice.h"
#include "support/given.h"

static int setup(void **state)
{
    static struct given given;

    given_init(&given, sarn_notifications_module.aggregates[0], "notice-t1");
    *state = &given;
    return 0;
}

static int teardown(void **state)
{
    given_done(*state);
    return 0;
}

static const char *queue(struct given *g, const char *recipient, const char *text)
{
    return when(g, &notifications_queue_type,
                &(struct notifications_queue){.recipient = sarn_str(recipient),
                                              .channel = SARN_STR("mail"),
                                              .text = sarn_str(text)});
}

static const char *sent(struct given *g)
{
    return when(g, &notifications_mark_sent_type, &(struct notifications_mark_sent){0});
}

static const char *failed(struct given *g)
{
    return when(g, &notifications_mark_failed_type,
                &(struct notifications_mark_failed){.reason = SARN_STR("no line")});
}

static const char *cancel(struct given *g)
{
    return when(g, &notifications_cancel_type,
                &(struct notifications_cancel){.reason = SARN_STR("undone")});
}

/* --- tests --- */

static void a_notice_is_queued_and_sent_once(void **state)
{
    struct given *g = *state;

    assert_string_equal(queue(g, "7", "paid"),
                        "NoticeQueued recipient=7 channel=mail text=paid");
    assert_string_equal(queue(g, "7", "paid"), "nothing");
    assert_string_equal(
        queue(g, "8", "paid"),
        "rejected: notice-t1 is there already, and says something else");
    assert_string_equal(sent(g), "NoticeSent");
    assert_string_equal(sent(g), "nothing");
    assert_string_equal(failed(g),
                        "rejected: notice-t1 was sent: it cannot have failed since");
    assert_string_equal(given_state(g),
                        "status=SENT recipient=7 channel=mail text=paid");
}

static void a_failed_notice_may_be_sent_later(void **state)
{
    struct given *g = *state;

    queue(g, "7", "paid");
    assert_string_equal(failed(g), "NoticeFailed reason=no line");
    assert_string_equal(failed(g), "NoticeFailed reason=no line");
    assert_string_equal(given_state(g),
                        "status=FAILED failures=2 recipient=7 channel=mail text=paid");
    assert_string_equal(sent(g), "NoticeSent");
}

static void what_is_not_so_after_all_is_cancelled_sent_or_not(void **state)
{
    struct given *g = *state;

    assert_string_equal(cancel(g), "nothing"); /* It never came to be queued. */
    queue(g, "7", "paid");
    assert_string_equal(cancel(g), "NoticeCancelled reason=undone");
    assert_string_equal(cancel(g), "nothing");
    assert_string_equal(sent(g), "rejected: notice-t1 was cancelled");
    assert_string_equal(failed(g), "rejected: notice-t1 was cancelled");
    assert_string_equal(queue(g, "7", "paid"),
                        "rejected: notice-t1 was cancelled and is not queued again");
}

static void a_cancelled_notice_says_whether_it_was_read(void **state)
{
    struct given *g = *state;

    queue(g, "7", "paid");
    sent(g);
    assert_string_equal(cancel(g), "NoticeCancelled reason=undone was_sent=1");
}

static void a_notice_needs_somebody_to_read_it_and_has_an_end(void **state)
{
    struct given *g = *state;
    static char text[SARN_NOTIFICATIONS_TEXT_BYTES_MAX + 2];

    assert_string_equal(sent(g), "rejected: notice-t1 was never queued");
    assert_string_equal(failed(g), "rejected: notice-t1 was never queued");
    assert_string_equal(
        queue(g, "", "paid"),
        "rejected: notice-t1 needs a recipient of 1 to 255 bytes, not of "
        "0, and a channel of no more, not of 4");
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(queue(g, "7", text),
                        "rejected: notice-t1 has at most 4096 bytes of text, not 4097");
    assert_string_equal(given_state(g), "");
    text[SARN_NOTIFICATIONS_TEXT_BYTES_MAX] = '\0';
    assert_int_equal(strncmp(queue(g, "7", text), "NoticeQueued", 12), 0);
}

static void events_that_cannot_follow_are_corrupt(void **state)
{
    struct given *g = *state;
    const struct notifications_notice_queued queued = {.recipient = SARN_STR("7")};
    const struct notifications_notice_queued nobody = {.text = SARN_STR("x")};
    const struct notifications_notice_sent was_sent = {0};
    const struct notifications_notice_failed was_not = {.reason = {NULL, 0}};
    const struct notifications_notice_cancelled cancelled = {.was_sent = false};

    assert_int_equal(given_apply(g, &notifications_notice_sent_type, &was_sent),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &notifications_notice_cancelled_type, &cancelled),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &notifications_notice_queued_type, &nobody),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &notifications_notice_queued_type, &queued),
                     SARN_OK);
    assert_int_equal(given_apply(g, &notifications_notice_queued_type, &queued),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &notifications_notice_sent_type, &was_sent),
                     SARN_OK);
    assert_int_equal(given_apply(g, &notifications_notice_failed_type, &was_not),
                     SARN_ERR_CORRUPT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_notice_is_queued_and_sent_once),
        TEST(a_failed_notice_may_be_sent_later),
        TEST(what_is_not_so_after_all_is_cancelled_sent_or_not),
        TEST(a_cancelled_notice_says_whether_it_was_read),
        TEST(a_notice_needs_somebody_to_read_it_and_has_an_end),
        TEST(events_that_cannot_follow_are_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
