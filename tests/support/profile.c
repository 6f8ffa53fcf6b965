#include "support/profile.h"

#include <string.h>

int profile_setup(void **state)
{
    static struct given given;

    given_init(&given, sarn_compliance_module.aggregates[0], "compliance-7");
    given.now_us = 1000 * 24 * HOUR_US;
    *state = &given;
    return 0;
}

int subject_setup(void **state)
{
    static struct given given;

    given_init(&given, sarn_compliance_module.aggregates[1], "sanction-user:7");
    *state = &given;
    return 0;
}

int profile_teardown(void **state)
{
    given_done(*state);
    return 0;
}

const char *
profile_limit(struct given *g, int64_t transaction, int64_t sum, uint32_t count)
{
    return when(
        g, &compliance_set_limits_type,
        &(struct compliance_set_limits){.limits = {.transaction = transaction,
                                                   .window_sum = sum,
                                                   .window_us = 24 * HOUR_US,
                                                   .window_count = count,
                                                   .currency = PAYMENTS_CURRENCY_CZK}});
}

void profile_limit_usually(struct given *g)
{
    assert_string_not_equal(profile_limit(g, 1000, 2000, 10), "nothing");
}

const char *profile_screen_with(struct given *g,
                                const char *id,
                                int64_t minor,
                                bool fully_verified,
                                const char *sanctioned)
{
    static char text[64];
    const char *long_text =
        when(g, &compliance_screen_type,
             &(struct compliance_screen){.transaction = sarn_str(id),
                                         .amount = CZK(minor),
                                         .fully_verified = fully_verified,
                                         .sanctioned = sarn_str(sanctioned)});
    const struct compliance_transaction_screened *e;

    if (g->event_count == 0) {
        return long_text;
    }
    e = g->events[0].data;
    snprintf(text, sizeof(text), "%s %u",
             e->band == COMPLIANCE_BAND_CLEAR    ? "CLEAR"
             : e->band == COMPLIANCE_BAND_REVIEW ? "REVIEW"
                                                 : "REFUSE",
             e->score);
    if (e->refusal != COMPLIANCE_REFUSAL_NONE) {
        snprintf(text + strlen(text), 16, ": %u", e->refusal);
    }
    assert_int_equal(g->event_count, e->band == COMPLIANCE_BAND_REVIEW ? 2 : 1);
    return text;
}

const char *profile_screen(struct given *g, const char *id, int64_t minor)
{
    return profile_screen_with(g, id, minor, true, NULL);
}

const char *profile_pass(struct given *g, const char *id, int64_t minor)
{
    return when(
        g, &compliance_pass_type,
        &(struct compliance_pass){.transaction = sarn_str(id), .amount = CZK(minor)});
}

const char *profile_settle(struct given *g, const char *id, int64_t minor)
{
    return when(
        g, &compliance_settle_type,
        &(struct compliance_settle){.transaction = sarn_str(id), .amount = CZK(minor)});
}

const char *
profile_withdraw(struct given *g, const char *id, int64_t minor, int64_t screened_us)
{
    return when(g, &compliance_withdraw_type,
                &(struct compliance_withdraw){.transaction = sarn_str(id),
                                              .amount = CZK(minor),
                                              .screened_us = screened_us});
}

const char *
profile_decide(struct given *g, const char *id, bool approved, const char *by)
{
    return when(g, &compliance_decide_review_type,
                &(struct compliance_decide_review){.transaction = sarn_str(id),
                                                   .approved = approved,
                                                   .by = sarn_str(by),
                                                   .reason = SARN_STR("known payee")});
}

const char *profile_expire(struct given *g, const char *id)
{
    return when(g, &compliance_expire_review_type,
                &(struct compliance_expire_review){.transaction = sarn_str(id)});
}

const char *profile_check_review(struct given *g, const char *id)
{
    return when(g, &compliance_check_review_type,
                &(struct compliance_check_review){.transaction = sarn_str(id)});
}

const char *profile_watch(struct given *g)
{
    return when(g, &compliance_watch_type,
                &(struct compliance_watch){.reason = SARN_STR("tip")});
}

struct sarn__in_window profile_in_window(struct given *g)
{
    return sarn__window_total(g->state, g->now_us);
}
