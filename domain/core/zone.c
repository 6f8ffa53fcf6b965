#include "core/zone.h"

#include <string.h>

#include "core/fail.h"

#define HEADER_BYTES 44u
#define TYPE_BYTES   6u
#define VERSION_1    '\0'

/* --- reading it --- */

struct reader {
    const uint8_t *at, *end;
    struct sarn_error *error;
};

/* The counts of a data block, in the order that the header has them in. */
struct header {
    char version;
    uint32_t utc_marks, standard_marks, leaps, changes, types, characters;
};

static sarn_status damaged(const struct reader *reader, const char *what)
{
    return sarn__fail(reader->error, SARN_ERR_CORRUPT, "a time zone's data %s", what);
}

/* size bytes from here on, passed over; NULL: there are fewer. */
static const uint8_t *take(struct reader *reader, uint64_t size)
{
    const uint8_t *from = reader->at;

    if (size > (uint64_t)(reader->end - reader->at)) {
        return NULL;
    }
    reader->at += size;
    return from;
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A signed number of 4 or 8 bytes. */
static int64_t get_time(const uint8_t *bytes, uint32_t size)
{
    if (size == 4) {
        return (int32_t)get_u32(bytes);
    }
    return (int64_t)((uint64_t)get_u32(bytes) << 32 | get_u32(bytes + 4));
}

static sarn_status read_header(struct reader *reader, struct header *header)
{
    const uint8_t *bytes = take(reader, HEADER_BYTES);

    if (bytes == NULL || memcmp(bytes, "TZif", 4) != 0) {
        return damaged(reader, "does not begin as TZif");
    }
    *header = (struct header){.version = (char)bytes[4],
                              .utc_marks = get_u32(bytes + 20),
                              .standard_marks = get_u32(bytes + 24),
                              .leaps = get_u32(bytes + 28),
                              .changes = get_u32(bytes + 32),
                              .types = get_u32(bytes + 36),
                              .characters = get_u32(bytes + 40)};
    return SARN_OK;
}

/* Bytes of a block that follow its changes and types. */
static uint64_t rest_bytes(const struct header *header, uint32_t time_bytes)
{
    return (uint64_t)header->characters +
           (uint64_t)header->leaps * (time_bytes + UINT64_C(4)) +
           header->standard_marks + header->utc_marks;
}

static sarn_status skip_block(struct reader *reader, const struct header *header)
{
    uint64_t size = (uint64_t)header->changes * 5 +
                    (uint64_t)header->types * TYPE_BYTES + rest_bytes(header, 4);

    return take(reader, size) == NULL ? damaged(reader, "is cut off") : SARN_OK;
}

static sarn_status
check_types(struct reader *reader, const struct header *header, const uint8_t *types)
{
    for (uint32_t i = 0; i < header->types; i++) {
        const uint8_t *type = types + (size_t)i * TYPE_BYTES;
        int64_t offset = get_time(type, 4);

        if (offset <= -SARN__ZONE_OFFSET_MAX_S || offset >= SARN__ZONE_OFFSET_MAX_S) {
            return damaged(reader, "has an offset of over 26 hours");
        }
        if (type[4] > 1 || type[5] >= header->characters) {
            return damaged(reader, "has a local time type that is none");
        }
    }
    return SARN_OK;
}

static sarn_status read_changes(struct reader *reader,
                                const struct header *header,
                                uint32_t time_bytes,
                                struct sarn_arena *arena,
                                struct sarn__zone *zone)
{
    const uint8_t *times = take(reader, (uint64_t)header->changes * time_bytes);
    const uint8_t *kinds = take(reader, header->changes);
    const uint8_t *types = take(reader, (uint64_t)header->types * TYPE_BYTES);
    struct sarn__zone_change *changes = NULL;

    if (times == NULL || kinds == NULL || types == NULL ||
        take(reader, rest_bytes(header, time_bytes)) == NULL) {
        return damaged(reader, "is cut off");
    }
    if (header->types == 0) {
        return damaged(reader, "has no local time types");
    }
    SARN__TRY(check_types(reader, header, types));
    changes = sarn_arena_alloc(arena, header->changes * sizeof(*changes));
    if (changes == NULL) {
        return sarn__fail(reader->error, SARN_ERR_NOMEM, "out of memory for a zone");
    }
    for (uint32_t i = 0; i < header->changes; i++) {
        if (kinds[i] >= header->types) {
            return damaged(reader, "changes to a local time type that is none");
        }
        changes[i].at_s = get_time(times + (size_t)i * time_bytes, time_bytes);
        changes[i].offset_s =
            (int32_t)get_time(types + (size_t)kinds[i] * TYPE_BYTES, 4);
        if (i > 0 && changes[i].at_s <= changes[i - 1].at_s) {
            return damaged(reader, "has changes out of order");
        }
    }
    zone->first_offset_s = (int32_t)get_time(types, 4);
    zone->changes = changes;
    zone->change_count = header->changes;
    return SARN_OK;
}

/* A line of TZ text; empty: there is no rule. */
static sarn_status read_footer(struct reader *reader, struct sarn__zone *zone)
{
    const uint8_t *begin = take(reader, 1), *end = NULL;
    struct sarn_str text;

    if (begin != NULL && *begin == '\n') {
        end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    }
    if (end == NULL) {
        return damaged(reader, "has no line of text at its end");
    }
    text = (struct sarn_str){(const char *)reader->at, (uint32_t)(end - reader->at)};
    if (text.size == 0) {
        return SARN_OK;
    }
    if (sarn__zone_rule_parse(text, &zone->rule) != SARN_OK) {
        return damaged(reader, "ends with a rule that is none");
    }
    zone->has_rule = true;
    return SARN_OK;
}

sarn_status sarn__zone_parse(struct sarn_str bytes,
                             struct sarn_arena *arena,
                             struct sarn__zone *zone,
                             struct sarn_error *error)
{
    struct reader reader = {.error = error};
    struct sarn__zone parsed = {.first_offset_s = 0};
    struct header header;
    uint32_t time_bytes = 4;

    if (bytes.size == 0 || bytes.size > SARN__ZONE_BYTES_MAX) {
        return damaged(&reader, "is empty or over 64 KiB");
    }
    reader.at = (const uint8_t *)bytes.data;
    reader.end = reader.at + bytes.size;
    SARN__TRY(read_header(&reader, &header));
    if (header.version != VERSION_1) {
        /* The same again with 8 bytes a time. */
        SARN__TRY(skip_block(&reader, &header));
        SARN__TRY(read_header(&reader, &header));
        time_bytes = 8;
    }
    if (header.leaps > 0) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "a time zone's data counts leap seconds, which Sarn's time "
                          "does not; use the zone of the same name without \"right/\"");
    }
    SARN__TRY(read_changes(&reader, &header, time_bytes, arena, &parsed));
    if (time_bytes == 8) {
        SARN__TRY(read_footer(&reader, &parsed));
    }
    *zone = parsed;
    return SARN_OK;
}

/* --- what it says --- */

/* Seconds east of UTC at utc_s; *until_s: they hold so long, at least. */
static int32_t offset_at(const struct sarn__zone *zone, int64_t utc_s, int64_t *until_s)
{
    uint32_t low = 0, high = zone->change_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (zone->changes[middle].at_s <= utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    /* low changes have been. */
    if (low == zone->change_count && zone->has_rule) {
        return sarn__zone_rule_offset(&zone->rule, utc_s, until_s);
    }
    *until_s = low < zone->change_count ? zone->changes[low].at_s : INT64_MAX;
    return low == 0 ? zone->first_offset_s : zone->changes[low - 1].offset_s;
}

int64_t sarn__zone_local(const struct sarn__zone *zone, int64_t utc_s)
{
    int64_t until_s = 0;

    return utc_s + offset_at(zone, utc_s, &until_s);
}

int64_t sarn__zone_utc(const struct sarn__zone *zone, int64_t local_s)
{
    int64_t utc_s = local_s - SARN__ZONE_OFFSET_MAX_S; /* Not yet, whatever the zone. */

    for (;;) {
        int64_t until_s = 0;
        int64_t there_s = local_s - offset_at(zone, utc_s, &until_s);

        if (there_s < utc_s) {
            there_s =
                utc_s; /* Skipped: the change that brought us here went past it. */
        }
        if (there_s < until_s) {
            return there_s;
        }
        utc_s = until_s;
    }
}
