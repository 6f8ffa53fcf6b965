/* What a user's profile answers to a command: events, or a sentence why not. */
#include "profile.h"

#include <inttypes.h>

#define TEXT(str) (int)(str).size, (str).data

typedef sarn_status decide_fn(const struct compliance_profile *profile,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision);

/* --- limits, watching --- */

static sarn_status set_limits(const struct compliance_profile *profile,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision)
{
    const struct compliance_set_limits *s = command->data;
    const struct compliance_limits *now = &profile->limits;
    const struct compliance_limits *wanted = &s->limits;
    const struct compliance_limits_set event = {.limits = *wanted};

    if (wanted->transaction <= 0 || wanted->window_sum <= 0 || wanted->window_us <= 0 ||
        wanted->window_count == 0 || wanted->currency == PAYMENTS_CURRENCY_NONE) {
        return sarn_reject(decision,
                           "%.*s needs limits that are positive, each of them, and a "
                           "currency",
                           TEXT(command->stream));
    }
    if (now->transaction == wanted->transaction &&
        now->window_sum == wanted->window_sum && now->window_us == wanted->window_us &&
        now->window_count == wanted->window_count &&
        now->currency == wanted->currency) {
        return SARN_OK;
    }
    return sarn_emit(decision, &compliance_limits_set_type, &event);
}

static sarn_status watch(const struct compliance_profile *profile,
                         const struct sarn_command_view *command,
                         struct sarn_decision *decision)
{
    const struct compliance_watch *w = command->data;
    const struct compliance_user_watched event = {.reason = w->reason};

    return profile->watched
               ? SARN_OK
               : sarn_emit(decision, &compliance_user_watched_type, &event);
}

static sarn_status unwatch(const struct compliance_profile *profile,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct compliance_unwatch *u = command->data;
    const struct compliance_user_unwatched event = {.reason = u->reason};

    return profile->watched
               ? sarn_emit(decision, &compliance_user_unwatched_type, &event)
               : SARN_OK;
}

/* --- screening --- */

static sarn_status check_screen(const struct compliance_profile *profile,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    const struct compliance_screen *s = command->data;

    if (s->transaction.size == 0 || s->transaction.size > SARN_KEY_BYTES_MAX) {
        return sarn_reject(
            decision,
            "a transaction that %.*s screens needs an id of 1 to %u bytes, not of %u",
            TEXT(command->stream), SARN_KEY_BYTES_MAX, s->transaction.size);
    }
    if (s->amount.minor <= 0) {
        return sarn_reject(decision,
                           "an amount must be positive; %.*s was given %" PRId64,
                           TEXT(command->stream), s->amount.minor);
    }
    if (s->at_us < 0) {
        return sarn_reject(decision, "%.*s cannot screen transaction %.*s before 1970",
                           TEXT(command->stream), TEXT(s->transaction));
    }
    if (sarn__screening_find(profile, s->transaction) != NULL) {
        return sarn_reject(decision, "%.*s has screened transaction %.*s already",
                           TEXT(command->stream), TEXT(s->transaction));
    }
    if (sarn__screening_count(profile) >= SARN_COMPLIANCE_SCREENINGS_MAX) {
        return sarn_reject(
            decision, "%.*s has %u transactions under way already; settle one first",
            TEXT(command->stream), SARN_COMPLIANCE_SCREENINGS_MAX);
    }
    return SARN_OK;
}

static sarn_status screen(const struct compliance_profile *profile,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct compliance_screen *s = command->data;
    struct compliance_transaction_screened event = {
        .transaction = s->transaction,
        .amount = s->amount,
        .sanctioned = s->sanctioned,
        .screened_us = s->at_us != 0 ? s->at_us : command->now_us};
    struct compliance_review_opened opened = {.transaction = s->transaction};
    struct sarn__verdict verdict;
    sarn_status status = check_screen(profile, command, decision);

    if (status != SARN_OK) {
        return status;
    }
    verdict = sarn__judge(profile, s, event.screened_us);
    event.band = verdict.band;
    event.refusal = verdict.refusal;
    event.score = verdict.score;
    event.points = verdict.points;
    opened.score = verdict.score;
    status = sarn_emit(decision, &compliance_transaction_screened_type, &event);
    if (status == SARN_OK && verdict.band == COMPLIANCE_BAND_REVIEW) {
        status = sarn_emit(decision, &compliance_review_opened_type, &opened);
    }
    return status;
}

/* --- reviews --- */

/* Does transaction wait for a person? SARN_OK, or a rejection. */
static sarn_status find_review(const struct compliance_profile *profile,
                               struct sarn_str transaction,
                               const struct sarn_command_view *command,
                               struct sarn_decision *decision)
{
    const struct compliance_screening *found =
        sarn__screening_find(profile, transaction);

    if (found == NULL || found->status != COMPLIANCE_SCREENING_STATUS_REVIEW) {
        return sarn_reject(decision,
                           "%.*s has no review of transaction %.*s to wait for",
                           TEXT(command->stream), TEXT(transaction));
    }
    return SARN_OK;
}

static sarn_status check_review(const struct compliance_profile *profile,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    const struct compliance_check_review *c = command->data;

    return find_review(profile, c->transaction, command, decision);
}

/* The user whose profile it is. */
static struct sarn_str user_of(struct sarn_str stream)
{
    const struct sarn_str prefix = SARN_STR(SARN_COMPLIANCE_CATEGORY "-");

    return (struct sarn_str){stream.data + prefix.size, stream.size - prefix.size};
}

static sarn_status decide_review(const struct compliance_profile *profile,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    const struct compliance_decide_review *d = command->data;
    const struct compliance_review_decided event = {.transaction = d->transaction,
                                                    .approved = d->approved,
                                                    .by = d->by,
                                                    .reason = d->reason};
    sarn_status status = find_review(profile, d->transaction, command, decision);

    if (status != SARN_OK) {
        return status;
    }
    if (d->by.size == 0 || d->by.size > SARN_NAME_BYTES_MAX) {
        return sarn_reject(decision,
                           "a review in %.*s is decided by somebody, whose name has 1 "
                           "to %u bytes, not %u",
                           TEXT(command->stream), SARN_NAME_BYTES_MAX, d->by.size);
    }
    if (sarn_str_equal(d->by, user_of(command->stream))) {
        return sarn_reject(decision,
                           "%.*s cannot review a transaction of their own: %.*s",
                           TEXT(d->by), TEXT(d->transaction));
    }
    return sarn_emit(decision, &compliance_review_decided_type, &event);
}

static sarn_status expire_review(const struct compliance_profile *profile,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    const struct compliance_expire_review *e = command->data;
    const struct compliance_review_expired event = {.transaction = e->transaction};
    sarn_status status = find_review(profile, e->transaction, command, decision);

    return status != SARN_OK
               ? status
               : sarn_emit(decision, &compliance_review_expired_type, &event);
}

/* --- passing --- */

/* Say why transaction is refused. */
static sarn_status refuse(const struct compliance_screening *screening,
                          struct sarn_decision *decision)
{
    static const char *const whys[] = {
        [COMPLIANCE_REFUSAL_NO_LIMITS] = "no limits are set for the user",
        [COMPLIANCE_REFUSAL_CURRENCY] = "the user's limits are in another currency",
        [COMPLIANCE_REFUSAL_TRANSACTION_LIMIT] =
            "it is over the user's limit of one transaction",
        [COMPLIANCE_REFUSAL_WINDOW_COUNT] =
            "the user has made too many transactions in the window of time",
        [COMPLIANCE_REFUSAL_WINDOW_SUM] =
            "with it, the user would move too much in the window of time",
        [COMPLIANCE_REFUSAL_EXPIRED] = "its review expired before anybody decided",
    };
    struct sarn_str id = screening->transaction;

    switch (screening->refusal) {
    case COMPLIANCE_REFUSAL_SANCTIONED:
        return sarn_reject(
            decision, "transaction %.*s is refused: %.*s is on a list of sanctions",
            TEXT(id), TEXT(screening->by));
    case COMPLIANCE_REFUSAL_SCORE:
        return sarn_reject(decision,
                           "transaction %.*s is refused: its risk score is %u",
                           TEXT(id), screening->score);
    case COMPLIANCE_REFUSAL_REVIEWER:
        return sarn_reject(decision, "transaction %.*s is refused: by %.*s%s%.*s",
                           TEXT(id), TEXT(screening->by),
                           screening->reason.size > 0 ? ", " : "",
                           TEXT(screening->reason));
    default:
        return sarn_reject(decision, "transaction %.*s is refused: %s", TEXT(id),
                           screening->refusal < sizeof(whys) / sizeof(whys[0]) &&
                                   whys[screening->refusal] != NULL
                               ? whys[screening->refusal]
                               : "for a reason that is not known here");
    }
}

static sarn_status check_passes(const struct compliance_profile *profile,
                                struct sarn_str transaction,
                                const struct payments_money *amount,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    const struct compliance_screening *found =
        sarn__screening_find(profile, transaction);

    if (found == NULL) {
        return sarn_reject(decision, "%.*s has not screened transaction %.*s",
                           TEXT(command->stream), TEXT(transaction));
    }
    if (found->status == COMPLIANCE_SCREENING_STATUS_REFUSED) {
        return refuse(found, decision);
    }
    if (found->status == COMPLIANCE_SCREENING_STATUS_REVIEW) {
        return sarn_reject(decision,
                           "transaction %.*s waits for a review: its risk "
                           "score is %u",
                           TEXT(transaction), found->score);
    }
    if (found->amount != amount->minor ||
        profile->limits.currency != amount->currency) {
        return sarn_reject(decision,
                           "transaction %.*s was screened over another amount",
                           TEXT(transaction));
    }
    if (amount->minor > profile->limits.transaction) {
        return sarn_reject(decision,
                           "transaction %.*s is over what is the user's limit of one "
                           "transaction by now",
                           TEXT(transaction));
    }
    return SARN_OK;
}

static sarn_status pass(const struct compliance_profile *profile,
                        const struct sarn_command_view *command,
                        struct sarn_decision *decision)
{
    const struct compliance_pass *p = command->data;

    return check_passes(profile, p->transaction, &p->amount, command, decision);
}

static sarn_status settle(const struct compliance_profile *profile,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct compliance_settle *s = command->data;
    const struct compliance_screening_settled event = {.transaction = s->transaction};
    sarn_status status =
        check_passes(profile, s->transaction, &s->amount, command, decision);

    return status != SARN_OK
               ? status
               : sarn_emit(decision, &compliance_screening_settled_type, &event);
}

static sarn_status withdraw(const struct compliance_profile *profile,
                            const struct sarn_command_view *command,
                            struct sarn_decision *decision)
{
    const struct compliance_withdraw *w = command->data;
    struct compliance_screening_withdrawn event = {.transaction = w->transaction,
                                                   .amount = w->amount,
                                                   .screened_us = w->screened_us};
    const struct compliance_screening *found =
        sarn__screening_find(profile, w->transaction);

    if (found != NULL) {
        event.amount.minor = found->amount;
        event.screened_us = found->screened_us;
    } else if (w->screened_us <= 0 || w->amount.minor <= 0) {
        return SARN_OK;
    }
    return sarn_emit(decision, &compliance_screening_withdrawn_type, &event);
}

static const struct {
    const struct sarn_type *command;
    decide_fn *decide;
} answers[] = {
    {&compliance_pass_type, pass},
    {&compliance_screen_type, screen},
    {&compliance_settle_type, settle},
    {&compliance_check_review_type, check_review},
    {&compliance_decide_review_type, decide_review},
    {&compliance_expire_review_type, expire_review},
    {&compliance_withdraw_type, withdraw},
    {&compliance_set_limits_type, set_limits},
    {&compliance_watch_type, watch},
    {&compliance_unwatch_type, unwatch},
};

sarn_status sarn__profile_decide(const void *state,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (command->type == answers[i].command) {
            return answers[i].decide(state, command, decision);
        }
    }
    return SARN_ERR_INVALID; /* The engine hands over declared commands only. */
}
