/* Sums by account id, outcomes by trans_id: a small hash table. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"

static size_t hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++) {
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ (h >> 32));
}

static size_t slot_of(const struct bank_entry *entries, size_t slots, const char *id)
{
    size_t slot = hash(id) & (slots - 1);

    while (entries[slot].id != NULL && strcmp(entries[slot].id, id) != 0) {
        slot = (slot + 1) & (slots - 1);
    }
    return slot;
}

static bool grow(struct bank_ledger *ledger)
{
    size_t slots = ledger->slots == 0 ? 1024 : ledger->slots * 2;
    struct bank_entry *entries = calloc(slots, sizeof(*entries));

    if (entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < ledger->slots; i++) {
        if (ledger->entries[i].id != NULL) {
            entries[slot_of(entries, slots, ledger->entries[i].id)] =
                ledger->entries[i];
        }
    }
    free(ledger->entries);
    ledger->entries = entries;
    ledger->slots = slots;
    return true;
}

void bank_ledger_done(struct bank_ledger *ledger)
{
    for (size_t i = 0; i < ledger->slots; i++) {
        free(ledger->entries[i].id);
    }
    free(ledger->entries);
    *ledger = (struct bank_ledger){0};
}

struct bank_entry *
bank_ledger_entry(struct bank_ledger *ledger, const char *id, bool *added)
{
    struct bank_entry *entry;
    bool is_new;

    if (ledger->count >= ledger->slots / 2 && !grow(ledger)) {
        return NULL;
    }
    entry = &ledger->entries[slot_of(ledger->entries, ledger->slots, id)];
    is_new = entry->id == NULL;
    if (is_new) {
        entry->id = strdup(id);
        if (entry->id == NULL) {
            return NULL;
        }
        ledger->count += 1;
    }
    if (added != NULL) {
        *added = is_new;
    }
    return entry;
}

const struct bank_entry *bank_ledger_find(const struct bank_ledger *ledger,
                                          const char *id)
{
    const struct bank_entry *entry =
        ledger->slots == 0
            ? NULL
            : &ledger->entries[slot_of(ledger->entries, ledger->slots, id)];

    return entry == NULL || entry->id == NULL ? NULL : entry;
}

static bool fits(int64_t sum, int64_t change)
{
    return change > 0 ? sum <= INT64_MAX - change : sum >= INT64_MIN - change;
}

bool bank_ledger_book(struct bank_ledger *ledger,
                      const struct bank_row *row,
                      bool dry,
                      bool *nomem)
{
    bool in = row->kind == BANK_DEPOSIT || row->kind == BANK_TRANSFER_IN;
    bool transfer = row->kind == BANK_TRANSFER_IN || row->kind == BANK_TRANSFER_OUT;
    int64_t change = in ? row->minor : -row->minor;
    struct bank_entry *account, *other;

    assert(row->minor > 0);
    *nomem = false;
    /* Both are looked up before either is used: making one may move the other. */
    if ((transfer && bank_ledger_entry(ledger, row->other, NULL) == NULL) ||
        bank_ledger_entry(ledger, row->account, NULL) == NULL) {
        *nomem = true;
        return false;
    }
    account = &ledger->entries[slot_of(ledger->entries, ledger->slots, row->account)];
    other = transfer
                ? &ledger->entries[slot_of(ledger->entries, ledger->slots, row->other)]
                : NULL;
    account->summed = true;
    if (transfer) {
        other->summed = true;
    }
    if (!fits(account->sum, change) || (transfer && !fits(other->sum, -change))) {
        return false;
    }
    account->sum += dry ? 0 : change;
    if (transfer && !dry) {
        other->sum -= change;
    }
    return true;
}

bool bank_is_number(const char *id)
{
    return *id != '\0' && strspn(id, "0123456789") == strlen(id);
}

/* A bare number is in its shortest form, so the longer one is the larger. */
static int compare(const void *left, const void *right)
{
    const char *a = (*(const struct bank_entry *const *)left)->id;
    const char *b = (*(const struct bank_entry *const *)right)->id;
    bool a_number = bank_is_number(a), b_number = bank_is_number(b);

    if (a_number != b_number) {
        return a_number ? -1 : 1;
    }
    if (a_number && strlen(a) != strlen(b)) {
        return strlen(a) < strlen(b) ? -1 : 1;
    }
    return strcmp(a, b);
}

const struct bank_entry **bank_ledger_sorted(const struct bank_ledger *ledger)
{
    const struct bank_entry **sorted = calloc(ledger->count + 1, sizeof(const void *));
    size_t count = 0;

    for (size_t i = 0; sorted != NULL && i < ledger->slots; i++) {
        if (ledger->entries[i].id != NULL) {
            sorted[count++] = &ledger->entries[i];
        }
    }
    if (sorted != NULL) {
        qsort((void *)sorted, count, sizeof(const void *), compare);
    }
    return sorted;
}

static sarn_status load_row(void *arg, struct sarn_str key, const void *data)
{
    const struct payments_balance *row = data;
    char id[SARN_STREAM_NAME_BYTES_MAX + 1];
    struct bank_entry *entry;

    (void)key;
    if (row->account.size >= sizeof(id)) {
        return SARN_ERR_CORRUPT;
    }
    memcpy(id, row->account.data, row->account.size);
    id[row->account.size] = '\0';
    entry = bank_ledger_entry(arg, id, NULL);
    if (entry == NULL) {
        return SARN_ERR_NOMEM;
    }
    entry->balance = row->balance;
    entry->loaded = true;
    return SARN_OK;
}

sarn_status
bank_ledger_load(struct bank_ledger *ledger, sarn_log *log, struct sarn_error *error)
{
    struct sarn_query query = SARN_QUERY_INIT;
    sarn_status status = sarn_key_add_u64(&query.from, 0); /* Tenant 0 is the bank's. */

    if (status != SARN_OK) {
        return status;
    }
    query.projection = "balances";
    query.to = query.from;
    return sarn_log_query(log, &query, load_row, ledger, error);
}
