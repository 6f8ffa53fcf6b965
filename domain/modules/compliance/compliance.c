/* The module "compliance", as it is registered. */
#include "sarn/compliance.h"

#include "profile.h"

static const struct sarn_type *const profile_commands[] = {
    &compliance_set_limits_type,    &compliance_watch_type,
    &compliance_unwatch_type,       &compliance_screen_type,
    &compliance_pass_type,          &compliance_check_review_type,
    &compliance_decide_review_type, &compliance_expire_review_type,
    &compliance_settle_type,        &compliance_withdraw_type,
};

static const struct sarn_type *const profile_events[] = {
    &compliance_limits_set_type,          &compliance_user_watched_type,
    &compliance_user_unwatched_type,      &compliance_transaction_screened_type,
    &compliance_review_opened_type,       &compliance_review_decided_type,
    &compliance_review_expired_type,      &compliance_screening_settled_type,
    &compliance_screening_withdrawn_type,
};

static const struct sarn_aggregate profile = {
    .category = SARN_COMPLIANCE_CATEGORY,
    .apply_version = 1,
    .snapshot_every = 512,
    .state = &compliance_profile_type,
    .decide = sarn__profile_decide,
    .apply = sarn__profile_apply,
    .commands = profile_commands,
    .command_count = sizeof(profile_commands) / sizeof(profile_commands[0]),
    .event_count = sizeof(profile_events) / sizeof(profile_events[0]),
    .events = profile_events,
};

static const struct sarn_type *const subject_commands[] = {
    &compliance_list_type,
    &compliance_delist_type,
    &compliance_check_not_listed_type,
};

static const struct sarn_type *const subject_events[] = {
    &compliance_subject_listed_type,
    &compliance_subject_delisted_type,
};

static const struct sarn_aggregate subject = {
    .category = SARN_COMPLIANCE_SANCTION,
    .apply_version = 1,
    .snapshot_every = 512,
    .state = &compliance_subject_type,
    .decide = sarn__subject_decide,
    .apply = sarn__subject_apply,
    .commands = subject_commands,
    .command_count = sizeof(subject_commands) / sizeof(subject_commands[0]),
    .event_count = sizeof(subject_events) / sizeof(subject_events[0]),
    .events = subject_events,
};

static const struct sarn_aggregate *const aggregates[] = {&profile, &subject};

const struct sarn_module sarn_compliance_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "compliance",
    .version = "1",
    .aggregates = aggregates,
    .aggregate_count = 2,
};
