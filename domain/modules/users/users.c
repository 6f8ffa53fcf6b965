/* The module "users", as it is registered. */
#include "sarn/users.h"

#include "user.h"

static const struct sarn_type *const commands[] = {
    &users_register_type,       &users_verify_type,  &users_suspend_type,
    &users_reinstate_type,      &users_close_type,   &users_add_account_type,
    &users_remove_account_type, &users_may_act_type,
};

static const struct sarn_type *const events[] = {
    &users_user_registered_type, &users_user_verified_type, &users_user_suspended_type,
    &users_user_reinstated_type, &users_user_closed_type,   &users_account_added_type,
    &users_account_removed_type,
};

static const struct sarn_aggregate user = {
    .category = SARN_USERS_CATEGORY,
    .apply_version = 1,
    .snapshot_every = 512,
    .state = &users_user_type,
    .decide = sarn__user_decide,
    .apply = sarn__user_apply,
    .commands = commands,
    .command_count = sizeof(commands) / sizeof(commands[0]),
    .event_count = sizeof(events) / sizeof(events[0]),
    .events = events,
};

static const struct sarn_aggregate *const aggregates[] = {&user};

const struct sarn_module sarn_users_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "users",
    .version = "1",
    .aggregates = aggregates,
    .aggregate_count = 1,
};
