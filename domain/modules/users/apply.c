/* What an event does to a user. Events come from disk: one that cannot follow is
 * reported as corrupt and changes nothing. */
#include "user.h"

typedef sarn_status apply_fn(struct users_user *user,
                             const struct sarn_event *event,
                             struct sarn_arena *arena);

static sarn_status registered(struct users_user *user,
                              const struct sarn_event *event,
                              struct sarn_arena *arena)
{
    const struct users_user_registered *e = event->data;
    struct sarn_str name;

    if (user->status != USERS_STATUS_NONE || e->name.size == 0) {
        return SARN_ERR_CORRUPT;
    }
    if (sarn_arena_copy(arena, e->name, &name) != SARN_OK) {
        return SARN_ERR_NOMEM;
    }
    user->status = USERS_STATUS_ACTIVE;
    user->kind = e->kind;
    user->name = name;
    return SARN_OK;
}

static bool is_open(const struct users_user *user)
{
    return user->status == USERS_STATUS_ACTIVE ||
           user->status == USERS_STATUS_SUSPENDED;
}

static sarn_status verified(struct users_user *user,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    const struct users_user_verified *e = event->data;

    (void)arena;
    if (!is_open(user) || e->level > USERS_LEVEL_FULL) {
        return SARN_ERR_CORRUPT;
    }
    user->level = e->level;
    return SARN_OK;
}

/* Which status may follow which, by an event that does nothing else. */
static sarn_status change_status(struct users_user *user, uint8_t from, uint8_t to)
{
    if (user->status != from) {
        return SARN_ERR_CORRUPT;
    }
    user->status = to;
    return SARN_OK;
}

static sarn_status suspended(struct users_user *user,
                             const struct sarn_event *event,
                             struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    return change_status(user, USERS_STATUS_ACTIVE, USERS_STATUS_SUSPENDED);
}

static sarn_status reinstated(struct users_user *user,
                              const struct sarn_event *event,
                              struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    return change_status(user, USERS_STATUS_SUSPENDED, USERS_STATUS_ACTIVE);
}

static sarn_status closed(struct users_user *user,
                          const struct sarn_event *event,
                          struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    if (!is_open(user) || sarn__user_ownership_count(user) > 0) {
        return SARN_ERR_CORRUPT;
    }
    user->status = USERS_STATUS_CLOSED;
    return SARN_OK;
}

/* The descriptor's vectors are const for readers; this state is ours. */
static struct users_ownership *slots_of(const struct users_user *user)
{
    return (struct users_ownership *)(uintptr_t)user->accounts.data;
}

/* A free slot: there is none, and their number is doubled. NULL: out of memory. */
static struct users_ownership *free_slot(struct users_user *user,
                                         struct sarn_arena *arena)
{
    uint32_t count = user->accounts.size;
    uint32_t grown = count == 0 ? 2 : count * 2;
    struct users_ownership *slots = slots_of(user);

    for (uint32_t i = 0; i < count; i++) {
        if (slots[i].account.size == 0) {
            return &slots[i];
        }
    }
    slots = sarn_arena_alloc(arena, grown * sizeof(*slots));
    if (slots == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = user->accounts.data[i];
    }
    user->accounts.data = slots;
    user->accounts.size = grown;
    return &slots[count];
}

static sarn_status account_added(struct users_user *user,
                                 const struct sarn_event *event,
                                 struct sarn_arena *arena)
{
    const struct users_account_added *e = event->data;
    struct users_ownership *slot;
    struct sarn_str account;

    if (!is_open(user) || e->account.size == 0 ||
        sarn__user_ownership(user, e->account, e->prefix) < user->accounts.size) {
        return SARN_ERR_CORRUPT;
    }
    if (sarn_arena_copy(arena, e->account, &account) != SARN_OK ||
        (slot = free_slot(user, arena)) == NULL) {
        return SARN_ERR_NOMEM;
    }
    *slot = (struct users_ownership){.account = account, .prefix = e->prefix};
    return SARN_OK;
}

static sarn_status account_removed(struct users_user *user,
                                   const struct sarn_event *event,
                                   struct sarn_arena *arena)
{
    const struct users_account_removed *e = event->data;
    uint32_t i = sarn__user_ownership(user, e->account, e->prefix);

    (void)arena;
    if (i == user->accounts.size) {
        return SARN_ERR_CORRUPT;
    }
    slots_of(user)[i] = (struct users_ownership){.prefix = false};
    return SARN_OK;
}

static const struct {
    const struct sarn_type *event;
    apply_fn *apply;
} effects[] = {
    {&users_user_registered_type, registered},
    {&users_user_verified_type, verified},
    {&users_account_added_type, account_added},
    {&users_account_removed_type, account_removed},
    {&users_user_suspended_type, suspended},
    {&users_user_reinstated_type, reinstated},
    {&users_user_closed_type, closed},
};

sarn_status
sarn__user_apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (event->type == effects[i].event) {
            return effects[i].apply(state, event, arena);
        }
    }
    return SARN_ERR_CORRUPT;
}
