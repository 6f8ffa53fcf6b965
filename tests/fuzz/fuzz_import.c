/* A log from elsewhere, taken over. What is taken over is whole, and goes on as the log
 * that it came from; what is not right is refused. And a log whose every checksum holds
 * may still say anything, so all that a log can be asked is asked of it.
 *
 * Input: an archive of either format; or 'R' and items (items.h), the log that an
 * archive is then made of, sound first and with one bit changed after that.
 */
#include "fuzz.h"

#include <string.h>

#include "engine/rebuild.h"
#include "items.h"
#include "place.h"
#include "sarn/financial_transaction.h"
#include "use_log.h"

static const struct sarn_module *const modules[] = {&sarn_payments_module,
                                                    &sarn_users_module,
                                                    &sarn_compliance_module,
                                                    &sarn_analytics_module,
                                                    &sarn_notifications_module,
                                                    &sarn_funds_transfer_module,
                                                    &sarn_financial_transaction_module};

/* --- a log of items --- */

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

/* Finish in the middle, and begin anew there. */
static void pause(struct sarn__rebuild **rebuild, const struct place *place)
{
    must(sarn__rebuild_finish(*rebuild, NULL) == SARN_OK);
    sarn__rebuild_destroy(*rebuild);
    must(sarn__rebuild_create(&place->ports, NULL, NULL, rebuild, NULL) == SARN_OK);
}

/* false: not even what was taken could be written. */
static bool rebuild(const struct place *place, const struct items *items)
{
    struct sarn__rebuild *rebuild = NULL;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_archive_end end;
    sarn_status status = SARN_OK;

    must(sarn__rebuild_create(&place->ports, NULL, NULL, &rebuild, NULL) == SARN_OK);
    for (uint32_t i = 0; i < items->count && status == SARN_OK; i++) {
        status = take_item(rebuild, &items->items[i], &error);
        must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
        if (items->drawn % 2 == 1 && i == items->count / 2 && status == SARN_OK &&
            items->items[i].kind == ITEM_COMMIT) {
            pause(&rebuild, place);
        }
    }
    status = sarn__rebuild_finish(rebuild, &error);
    must(status == SARN_OK || error.text[0] != '\0');
    end = *sarn__rebuild_end(rebuild);
    sarn__rebuild_destroy(rebuild);
    if (status == SARN_OK) {
        place_check(place, &end);
    }
    return status == SARN_OK;
}

/* --- archives --- */

/* What was taken over, whatever was answered. */
static void check_taken(const struct place *place, const struct sarn_import *in)
{
    struct sarn_archive_end end = place_end(place);

    must(in->end.position == end.position && in->events <= end.position);
    must(memcmp(in->end.hash, end.hash, sizeof(end.hash)) == 0);
    place_check(place, &end);
}

/* The archive of a log makes the same log; and again, which changes nothing. */
static void check_copy(struct archive_bytes *archive, const struct place *original)
{
    struct sarn_archive_end end = place_end(original);
    struct sarn_archive_info info;
    struct sarn_import in;
    struct place copy;

    must(place_look(archive, &info) == SARN_OK && info.complete);
    must(info.end.position == end.position &&
         memcmp(info.end.hash, end.hash, sizeof(end.hash)) == 0);
    place_open(&copy);
    must(place_import(&copy, archive, &in) == SARN_OK && in.complete);
    must(in.events == end.position && in.end.position == end.position);
    place_check_prefix(&copy, original);
    must(place_import(&copy, archive, &in) == SARN_OK && in.complete);
    must(in.events == 0 && in.commits == 0 && in.end.position == end.position);
    place_close(&copy);
}

/* One bit changed: what is taken over is of the original. */
static void check_damaged(struct archive_bytes *archive,
                          const struct place *original,
                          uint32_t drawn)
{
    struct sarn_archive_info info;
    struct sarn_import in;
    struct place copy;

    archive->flip_bit = 1 + drawn % (archive->size * 8);
    (void)!place_look(archive, &info);
    place_open(&copy);
    (void)!place_import(&copy, archive, &in);
    check_taken(&copy, &in);
    place_check_prefix(&copy, original);
    place_close(&copy);
}

static void try_items(const uint8_t *data, size_t size)
{
    struct items *items = items_read(data, size);
    struct archive_bytes archive;
    struct place place;

    if (items == NULL) {
        return;
    }
    place_open(&place);
    if (rebuild(&place, items) && place_end(&place).position != 0) {
        if (items->drawn % 8 == 0) { /* Making ready for so many takes long. */
            use_log(&place.ports, modules, sizeof(modules) / sizeof(modules[0]), false);
        }
        place_export(&place, items->drawn / 8 % 2, &archive);
        archive.piece = items->drawn / 16 % 4 == 0 ? 1 + items->drawn % 300 : 0;
        check_copy(&archive, &place);
        check_damaged(&archive, &place, items->drawn);
        archive_bytes_free(&archive);
    }
    place_close(&place);
    items_free(items);
}

/* --- an archive as it comes --- */

static void try_archive(const uint8_t *data, size_t size)
{
    struct archive_bytes archive = {.piece = size % 97};
    struct sarn_archive_info info;
    struct sarn_import in;
    struct place place, copy;
    sarn_status looked, status;

    must(archive_bytes_write(&archive, data, size) == SARN_OK);
    looked = place_look(&archive, &info);
    place_open(&place);
    status = place_import(&place, &archive, &in);
    check_taken(&place, &in);
    /* One that was cut off is good up to there, and known for it. */
    must(status != SARN_OK || (looked == SARN_OK && info.complete == in.complete));
    must(status != SARN_OK || in.end.position == info.end.position);
    archive_bytes_free(&archive);
    if (in.end.position != 0) {
        place_export(&place, size % 2, &archive);
        place_open(&copy);
        must(place_import(&copy, &archive, &in) == SARN_OK && in.complete);
        place_check_prefix(&place, &copy);
        place_check_prefix(&copy, &place);
        place_close(&copy);
        archive_bytes_free(&archive);
    }
    place_close(&place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 && data[0] == 'R') {
        try_items(data + 1, size - 1);
    } else if (size > 1) {
        try_archive(data, size);
    }
    return 0;
}
