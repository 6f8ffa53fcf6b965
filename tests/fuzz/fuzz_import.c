/* A log from elsewhere, taken over as an import does: what is taken over is whole, what
 * is not is refused; and a log whose every checksum holds may still say anything, so
 * all that a log can be asked is asked of it. */
#include "fuzz.h"

#include <string.h>

#include "core/heap.h"
#include "engine/rebuild.h"
#include "engine/verify.h"
#include "infra/flatbuffers/codec.h"
#include "infra/memory/hash.h"
#include "infra/memory/journal.h"
#include "infra/yajl/json.h"
#include "items.h"
#include "sarn/financial_transaction.h"
#include "use_log.h"

static const struct sarn_module *const modules[] = {&sarn_payments_module,
                                                    &sarn_users_module,
                                                    &sarn_compliance_module,
                                                    &sarn_analytics_module,
                                                    &sarn_notifications_module,
                                                    &sarn_funds_transfer_module,
                                                    &sarn_financial_transaction_module};

struct place {
    struct sarn__memory_store *store;
    struct sarn_ports ports;
};

static void open_place(struct place *place)
{
    *place = (struct place){.store = sarn__memory_store_create(NULL)};
    must(place->store != NULL);
    place->ports.codec = sarn__flatbuffers_codec();
    place->ports.json = sarn__yajl_json();
    place->ports.hash = sarn__memory_hash();
    place->ports.heap = sarn__heap_or_malloc(NULL);
    must(sarn__memory_journal_open(place->store, 0, 1, &place->ports.journal, NULL) ==
         SARN_OK);
}

static void close_place(struct place *place)
{
    place->ports.journal.ops->close(place->ports.journal.self);
    sarn__memory_store_destroy(place->store);
}

static void see_finding(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

/* Whole, and it ends where the rebuild said. */
static void check_place(const struct place *place, const struct sarn_archive_end *end)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_journal_state state;

    check.finding = see_finding;
    must(place->ports.journal.ops->state(place->ports.journal.self, &state, NULL) ==
         SARN_OK);
    must(state.last_position == end->position && state.last_commit == end->position);
    must(sarn__verify_journal(&place->ports.journal, &place->ports.hash, NULL, &check,
                              NULL) == SARN_OK);
    must(check.differences == 0 && check.events == end->position);
}

/* --- from items --- */

static sarn_status take_item(struct sarn__rebuild *rebuild,
                             const struct item *item,
                             struct sarn_error *error)
{
    switch (item->kind) {
    case ITEM_RECORD:
        return sarn__rebuild_record(rebuild, item->position, item_str(item), error);
    case ITEM_COMMIT:
        return sarn__rebuild_commit(rebuild, item->position, item_str(item), error);
    case ITEM_ROW:
        break;
    }
    return SARN_OK;
}

/* half: finished in the middle too, and begun anew there. */
static void rebuild(struct place *place, const struct items *items, bool half)
{
    struct sarn__rebuild *rebuild = NULL;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_archive_end end;
    sarn_status status = SARN_OK;

    must(sarn__rebuild_create(&place->ports, NULL, NULL, &rebuild, NULL) == SARN_OK);
    for (uint32_t i = 0; i < items->count && status == SARN_OK; i++) {
        status = take_item(rebuild, &items->items[i], &error);
        must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
        if (half && i == items->count / 2 && items->items[i].kind == ITEM_COMMIT &&
            status == SARN_OK) {
            must(sarn__rebuild_finish(rebuild, NULL) == SARN_OK);
            sarn__rebuild_destroy(rebuild);
            must(sarn__rebuild_create(&place->ports, NULL, NULL, &rebuild, NULL) ==
                 SARN_OK);
        }
    }
    status = sarn__rebuild_finish(rebuild, &error);
    end = *sarn__rebuild_end(rebuild);
    sarn__rebuild_destroy(rebuild);
    if (status == SARN_OK) {
        check_place(place, &end);
        use_log(&place->ports, modules, 0, true);
        if (items->drawn % 8 == 0) { /* Making ready for so many takes long. */
            use_log(&place->ports, modules, sizeof(modules) / sizeof(modules[0]),
                    false);
        }
    }
}

static void import_items(const uint8_t *data, size_t size)
{
    struct items *items = items_read(data, size);
    struct place place;

    if (items != NULL) {
        open_place(&place);
        rebuild(&place, items, items->drawn % 2 == 1);
        close_place(&place);
    }
    items_free(items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 && data[0] == 'R') {
        import_items(data + 1, size - 1);
    }
    return 0;
}
