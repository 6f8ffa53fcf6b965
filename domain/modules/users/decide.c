/* What a user answers to a command: events, or a sentence why not. */
#include "user.h"

#define TEXT(str) (int)(str).size, (str).data

typedef sarn_status decide_fn(const struct users_user *user,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision);

/* --- what several commands ask first; each is SARN_OK or a rejection --- */

static sarn_status check_registered(const struct users_user *user,
                                    const struct sarn_command_view *command,
                                    struct sarn_decision *decision)
{
    if (user->status == USERS_STATUS_NONE) {
        return sarn_reject(decision, "%.*s was never registered",
                           TEXT(command->stream));
    }
    return SARN_OK;
}

static sarn_status check_not_closed(const struct users_user *user,
                                    const struct sarn_command_view *command,
                                    struct sarn_decision *decision)
{
    sarn_status status = check_registered(user, command, decision);

    if (status == SARN_OK && user->status == USERS_STATUS_CLOSED) {
        return sarn_reject(decision, "%.*s is closed", TEXT(command->stream));
    }
    return status;
}

static sarn_status check_level(uint8_t level,
                               const struct sarn_command_view *command,
                               struct sarn_decision *decision)
{
    if (level > USERS_LEVEL_FULL) {
        return sarn_reject(decision, "%.*s cannot be known at level %u: there is none",
                           TEXT(command->stream), level);
    }
    return SARN_OK;
}

static sarn_status check_account(struct sarn_str account,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    if (account.size == 0 || account.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn_reject(
            decision, "an account of %.*s needs an id of 1 to %u bytes, not of %u",
            TEXT(command->stream), SARN_STREAM_NAME_BYTES_MAX, account.size);
    }
    return SARN_OK;
}

/* --- one function per command --- */

static sarn_status registration(const struct users_user *user,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    const struct users_register *r = command->data;
    const struct users_user_registered event = {.name = r->name, .kind = r->kind};

    if (r->name.size == 0 || r->name.size > SARN_NAME_BYTES_MAX) {
        return sarn_reject(
            decision, "%.*s needs a name of 1 to %u bytes to be registered, not of %u",
            TEXT(command->stream), SARN_NAME_BYTES_MAX, r->name.size);
    }
    if (r->kind > USERS_KIND_INSTITUTION) {
        return sarn_reject(decision, "%.*s cannot be of kind %u: there is none",
                           TEXT(command->stream), r->kind);
    }
    if (user->status == USERS_STATUS_NONE) {
        return sarn_emit(decision, &users_user_registered_type, &event);
    }
    if (user->status == USERS_STATUS_CLOSED) {
        return sarn_reject(decision, "%.*s was closed and is not registered again",
                           TEXT(command->stream));
    }
    if (user->kind != r->kind || !sarn_str_equal(user->name, r->name)) {
        return sarn_reject(decision, "%.*s is registered already, as somebody else",
                           TEXT(command->stream));
    }
    return SARN_OK;
}

static sarn_status verify(const struct users_user *user,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct users_verify *v = command->data;
    const struct users_user_verified event = {.level = v->level, .by = v->by};
    sarn_status status = check_not_closed(user, command, decision);

    if (status == SARN_OK) {
        status = check_level(v->level, command, decision);
    }
    if (status != SARN_OK || user->level == v->level) {
        return status;
    }
    return sarn_emit(decision, &users_user_verified_type, &event);
}

static sarn_status suspend(const struct users_user *user,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct users_suspend *s = command->data;
    const struct users_user_suspended event = {.reason = s->reason};
    sarn_status status = check_not_closed(user, command, decision);

    if (status != SARN_OK || user->status == USERS_STATUS_SUSPENDED) {
        return status;
    }
    return sarn_emit(decision, &users_user_suspended_type, &event);
}

static sarn_status reinstate(const struct users_user *user,
                             const struct sarn_command_view *command,
                             struct sarn_decision *decision)
{
    const struct users_reinstate *r = command->data;
    const struct users_user_reinstated event = {.reason = r->reason};
    sarn_status status = check_not_closed(user, command, decision);

    if (status != SARN_OK || user->status == USERS_STATUS_ACTIVE) {
        return status;
    }
    return sarn_emit(decision, &users_user_reinstated_type, &event);
}

static sarn_status close_user(const struct users_user *user,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision)
{
    const struct users_user_closed event = {0};
    sarn_status status = check_registered(user, command, decision);

    if (status != SARN_OK || user->status == USERS_STATUS_CLOSED) {
        return status;
    }
    if (sarn__user_ownership_count(user) > 0) {
        return sarn_reject(decision, "%.*s cannot be closed while owning %u accounts",
                           TEXT(command->stream), sarn__user_ownership_count(user));
    }
    return sarn_emit(decision, &users_user_closed_type, &event);
}

static sarn_status add_account(const struct users_user *user,
                               const struct sarn_command_view *command,
                               struct sarn_decision *decision)
{
    const struct users_add_account *a = command->data;
    const struct users_account_added event = {.account = a->account,
                                              .prefix = a->prefix};
    sarn_status status = check_not_closed(user, command, decision);

    if (status == SARN_OK) {
        status = check_account(a->account, command, decision);
    }
    if (status != SARN_OK ||
        sarn__user_ownership(user, a->account, a->prefix) < user->accounts.size) {
        return status;
    }
    if (a->prefix && user->kind != USERS_KIND_INSTITUTION) {
        return sarn_reject(decision,
                           "%.*s is a person, who owns accounts one by one, and not "
                           "all that begin with %.*s",
                           TEXT(command->stream), TEXT(a->account));
    }
    if (sarn__user_ownership_count(user) >= SARN_USERS_ACCOUNTS_MAX) {
        return sarn_reject(decision, "%.*s owns %u accounts already; remove one first",
                           TEXT(command->stream), SARN_USERS_ACCOUNTS_MAX);
    }
    return sarn_emit(decision, &users_account_added_type, &event);
}

static sarn_status remove_account(const struct users_user *user,
                                  const struct sarn_command_view *command,
                                  struct sarn_decision *decision)
{
    const struct users_remove_account *r = command->data;
    const struct users_account_removed event = {.account = r->account,
                                                .prefix = r->prefix};
    sarn_status status = check_registered(user, command, decision);

    if (status != SARN_OK ||
        sarn__user_ownership(user, r->account, r->prefix) == user->accounts.size) {
        return status;
    }
    return sarn_emit(decision, &users_account_removed_type, &event);
}

static sarn_status may_act(const struct users_user *user,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct users_may_act *m = command->data;
    sarn_status status = check_not_closed(user, command, decision);

    if (status == SARN_OK) {
        status = check_level(m->level, command, decision);
    }
    if (status != SARN_OK) {
        return status;
    }
    if (user->status == USERS_STATUS_SUSPENDED) {
        return sarn_reject(decision, "%.*s is suspended", TEXT(command->stream));
    }
    if (user->level < m->level) {
        return sarn_reject(decision, "%.*s is not known well enough: verify them first",
                           TEXT(command->stream));
    }
    if (!sarn__user_owns(user, m->account)) {
        return sarn_reject(decision, "%.*s does not own account %.*s",
                           TEXT(command->stream), TEXT(m->account));
    }
    return SARN_OK;
}

static const struct {
    const struct sarn_type *command;
    decide_fn *decide;
} answers[] = {
    {&users_may_act_type, may_act},
    {&users_register_type, registration},
    {&users_verify_type, verify},
    {&users_add_account_type, add_account},
    {&users_remove_account_type, remove_account},
    {&users_suspend_type, suspend},
    {&users_reinstate_type, reinstate},
    {&users_close_type, close_user},
};

sarn_status sarn__user_decide(const void *state,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (command->type == answers[i].command) {
            return answers[i].decide(state, command, decision);
        }
    }
    return SARN_ERR_INVALID;
}
