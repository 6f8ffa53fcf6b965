#include "support/ledger.h"

#include <string.h>

#include "engine/registry.h"
#include "sarn/events.h"
#include "support/test.h"

/* --- aggregate --- */

static sarn_status decide(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct ledger_deposit *deposit = command->data;
    struct ledger_deposited event = {.account = command->stream,
                                     .amount = deposit->amount};

    (void)state;
    return sarn_emit(decision, &ledger_deposited_type, &event);
}

static sarn_status
apply_account(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    struct ledger_account *account = state;
    const struct ledger_deposited *deposited = event->data;

    (void)arena;
    if (event->type == &ledger_deposited_type) {
        account->balance += deposited->amount;
    }
    account->changes += 1;
    return SARN_OK;
}

static const struct sarn_type *const commands[] = {&ledger_deposit_type};
static const struct sarn_type *const account_events[] = {&ledger_deposited_type};

static const struct sarn_aggregate account = {
    .category = "account",
    .apply_version = 1,
    .snapshot_every = 4,
    .state = &ledger_account_type,
    .decide = decide,
    .apply = apply_account,
    .commands = commands,
    .command_count = 1,
    .events = account_events,
    .event_count = 1,
};
static const struct sarn_aggregate *const aggregates[] = {&account};

/* --- balances --- */

static sarn_status add_key(struct sarn_keys *keys, struct sarn_str name)
{
    struct sarn_key key = {.size = 0};
    sarn_status status = sarn_key_add_text(&key, name);

    return status == SARN_OK ? sarn_keys_add(keys, &key) : status;
}

static sarn_status balance_keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    if (event->type == &ledger_moved_type) {
        const struct ledger_moved *moved = event->data;
        sarn_status status = add_key(keys, moved->from);

        return status == SARN_OK ? add_key(keys, moved->to) : status;
    }
    if (event->type == &ledger_closed_type) {
        return add_key(keys, ((const struct ledger_closed *)event->data)->account);
    }
    return add_key(keys, ((const struct ledger_deposited *)event->data)->account);
}

/* Is key that of this account? */
static bool is_key_of(struct sarn_str key, struct sarn_str account_name)
{
    struct sarn_key own = {.size = 0};

    return sarn_key_add_text(&own, account_name) == SARN_OK && own.size == key.size &&
           memcmp(own.bytes, key.data, key.size) == 0;
}

static sarn_status apply_balance(struct sarn_row *row, const struct sarn_event *event)
{
    struct ledger_balance *balance = row->data;

    if (event->type == &ledger_closed_type) {
        row->remove = true;
        return SARN_OK;
    }
    if (event->type == &ledger_moved_type) {
        const struct ledger_moved *moved = event->data;

        balance->account = is_key_of(row->key, moved->from) ? moved->from : moved->to;
        balance->balance -= is_key_of(row->key, moved->from) ? moved->amount : 0;
        balance->balance += is_key_of(row->key, moved->to) ? moved->amount : 0;
    } else {
        const struct ledger_deposited *deposited = event->data;

        balance->account = deposited->account;
        balance->balance += deposited->amount;
        if (deposited->owner.size > 0) {
            balance->owner = deposited->owner;
        }
    }
    balance->changes += 1;
    return SARN_OK;
}

static sarn_status by_owner(const void *row, struct sarn_key *key)
{
    const struct ledger_balance *balance = row;

    return balance->owner.size == 0 ? SARN_OK : sarn_key_add_text(key, balance->owner);
}

static sarn_status by_balance(const void *row, struct sarn_key *key)
{
    return sarn_key_add_i64(key, ((const struct ledger_balance *)row)->balance);
}

static const struct sarn_type *const balance_events[] = {
    &ledger_deposited_type, &ledger_moved_type, &ledger_closed_type};
static const struct sarn_index balance_indexes[] = {{"owner", by_owner},
                                                    {"balance", by_balance}};

#define BALANCES(projection_name, projection_mode)                                     \
    {                                                                                  \
        .name = (projection_name), .version = 1, .mode = (projection_mode),            \
        .row = &ledger_balance_type, .keys = balance_keys, .apply = apply_balance,     \
        .events = balance_events, .event_count = 3, .index_count = 2,                  \
        .indexes = balance_indexes                                                     \
    }
static const struct sarn_projection balances = BALANCES("balances", SARN_INLINE);
static const struct sarn_projection later = BALANCES("later", SARN_ASYNC);

/* --- notes --- */

static sarn_status note_keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    return add_key(keys, ((const struct ledger_noted *)event->data)->text);
}

static sarn_status apply_any_note(struct sarn_row *row, const struct sarn_event *event)
{
    struct ledger_balance *note = row->data;

    note->account = ((const struct ledger_noted *)event->data)->text;
    note->changes += 1;
    return SARN_OK;
}

static sarn_status apply_note(struct sarn_row *row, const struct sarn_event *event)
{
    const struct ledger_noted *noted = event->data;

    return sarn_str_equal(noted->text, sarn_str("bad")) ? SARN_ERR_CORRUPT
                                                        : apply_any_note(row, event);
}

static const struct sarn_type *const note_events[] = {&ledger_noted_type};

#define NOTES(apply_function)                                                          \
    {                                                                                  \
        .name = "notes", .version = 1, .mode = SARN_INLINE,                            \
        .row = &ledger_balance_type, .keys = note_keys, .apply = (apply_function),     \
        .events = note_events, .event_count = 1                                        \
    }
static const struct sarn_projection notes = NOTES(apply_note);
static const struct sarn_projection corrected_notes = NOTES(apply_any_note);

/* --- upcasting --- */

static sarn_status upcast(const void *from, void *to, struct sarn_arena *arena)
{
    const struct ledger_old_deposited *old = from;
    struct ledger_deposited *now = to;

    (void)arena;
    if (old->hundreds < 0) {
        return SARN_ERR_CORRUPT;
    }
    now->account = old->account;
    now->amount = (int64_t)old->hundreds * 100;
    return SARN_OK;
}

static const struct sarn_upcaster upcaster = {.from_type = "ledger.OldDeposited",
                                              .from = &ledger_old_deposited_type,
                                              .to = &ledger_deposited_type,
                                              .upcast = upcast};
static const struct sarn_upcaster *const upcasters[] = {&upcaster};

/* --- modules --- */

static const struct sarn_projection *const projections[] = {&balances, &later, &notes};
static const struct sarn_projection *const corrected_projections[] = {&balances, &later,
                                                                      &corrected_notes};

const struct sarn_module ledger_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "ledger",
    .version = "1",
    .aggregates = aggregates,
    .aggregate_count = 1,
    .projections = projections,
    .projection_count = 3,
};

const struct sarn_module ledger_corrected_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "ledger",
    .version = "2",
    .aggregates = aggregates,
    .aggregate_count = 1,
    .projections = corrected_projections,
    .projection_count = 3,
};

const struct sarn_module ledger_upcasting_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "ledger",
    .version = "3",
    .aggregates = aggregates,
    .aggregate_count = 1,
    .upcasters = upcasters,
    .upcaster_count = 1,
};

/* --- writing --- */

static void store_schema(struct scribe *scribe, const struct sarn_schema *schema)
{
    scribe_write(scribe, &(struct scribe_event){
                             .type = "sarn.SchemaRegistered",
                             .schema_name = schema->name,
                             .bytes = {(const char *)schema->bfbs, schema->bfbs_size}});
}

void ledger_store_schemas(struct scribe *scribe)
{
    store_schema(scribe, &sarn_events_schema);
    store_schema(scribe, &ledger_schema);
}

void ledger_begin(struct scribe *scribe)
{
    scribe_init(scribe);
    ledger_store_schemas(scribe);
}

void ledger_register(struct scribe *scribe,
                     const struct sarn_projection *projection,
                     uint32_t id)
{
    const struct sarn_projection_registered event = {
        .name = sarn_str(projection->name),
        .id = id,
        .version = projection->version,
        .row_schema = sarn__type_fingerprint(projection->row),
        .mode = projection->mode};

    scribe_write(scribe,
                 &(struct scribe_event){.type = sarn_projection_registered_type.name,
                                        .schema = LEDGER_CORE_SCHEMA,
                                        .struct_type = &sarn_projection_registered_type,
                                        .value = &event});
}

void ledger_register_all(struct scribe *scribe,
                         const struct sarn_module *module,
                         uint32_t first_id)
{
    for (uint32_t i = 0; i < module->projection_count; i++) {
        ledger_register(scribe, module->projections[i], first_id + i);
    }
}

static uint64_t write_to(struct scribe *scribe,
                         const char *account_name,
                         const struct sarn_type *type,
                         const void *value)
{
    char stream[64];

    snprintf(stream, sizeof(stream), "account-%s", account_name);
    return scribe_write(scribe, &(struct scribe_event){.stream = stream,
                                                       .schema = LEDGER_SCHEMA,
                                                       .type = type->name,
                                                       .struct_type = type,
                                                       .value = value});
}

uint64_t ledger_deposit(struct scribe *scribe,
                        const char *account_name,
                        const char *owner,
                        int64_t amount)
{
    const struct ledger_deposited event = {
        .account = sarn_str(account_name), .owner = sarn_str(owner), .amount = amount};

    return write_to(scribe, account_name, &ledger_deposited_type, &event);
}

uint64_t
ledger_move(struct scribe *scribe, const char *from, const char *to, int64_t amount)
{
    const struct ledger_moved event = {
        .from = sarn_str(from), .to = sarn_str(to), .amount = amount};

    return write_to(scribe, from, &ledger_moved_type, &event);
}

uint64_t ledger_close(struct scribe *scribe, const char *account_name)
{
    const struct ledger_closed event = {.account = sarn_str(account_name)};

    return write_to(scribe, account_name, &ledger_closed_type, &event);
}

uint64_t ledger_note(struct scribe *scribe, const char *text)
{
    const struct ledger_noted event = {.text = sarn_str(text)};

    return write_to(scribe, "notes", &ledger_noted_type, &event);
}

/* Steele, Lea, Flood: SplitMix64. */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
    uint64_t mixed = *seed += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ (mixed >> 31)) % below;
}

uint64_t ledger_draw(struct scribe *scribe, uint64_t *seed)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "ab", "ba"};
    static const char *const owners[] = {NULL, NULL, "ann", "bob", "anna"};
    const char *one = names[draw(seed, 8)];
    const char *other = names[draw(seed, 8)];
    int64_t amount = (int64_t)draw(seed, 50) - 10;

    switch (draw(seed, 8)) {
    case 0:
        return ledger_close(scribe, one);
    case 1:
        return ledger_note(scribe, other);
    case 2:
    case 3:
    case 4:
        return ledger_move(scribe, one, other, amount);
    default:
        return ledger_deposit(scribe, one, owners[draw(seed, 5)], amount);
    }
}
