#include "engine/json_text.h"

#include <string.h>

#define ROOM_MIN        256u
#define TEXT_BYTES_MAX  (64u * 1024u * 1024u)
#define US_PER_SECOND   INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)

/* --- bytes --- */

static bool make_room(struct sarn__json_text *text, uint32_t size)
{
    uint64_t wanted = (uint64_t)text->size + size;
    uint64_t room = text->room == 0 ? ROOM_MIN : text->room;
    char *grown;

    if (text->failed || wanted <= text->room) {
        return !text->failed;
    }
    while (room < wanted) {
        room *= 2;
    }
    grown = wanted > TEXT_BYTES_MAX ? NULL : sarn_arena_alloc(text->arena, room);
    if (grown == NULL) {
        text->failed = true;
        return false;
    }
    if (text->size > 0) {
        memcpy(grown, text->data, text->size);
    }
    text->data = grown;
    text->room = (uint32_t)room;
    return true;
}

void sarn__json_put(struct sarn__json_text *text, struct sarn_str bytes)
{
    if (bytes.size > 0 && make_room(text, bytes.size)) {
        memcpy(text->data + text->size, bytes.data, bytes.size);
        text->size += bytes.size;
    }
}

static void put_byte(struct sarn__json_text *text, char byte)
{
    sarn__json_put(text, (struct sarn_str){&byte, 1});
}

sarn_status sarn__json_done(const struct sarn__json_text *text, struct sarn_str *json)
{
    if (text->failed) {
        return SARN_ERR_NOMEM;
    }
    *json = (struct sarn_str){text->data, text->size};
    return SARN_OK;
}

/* --- numbers and times --- */

/* value in at least width digits. */
static void put_digits(struct sarn__json_text *text, uint64_t value, uint32_t width)
{
    char digits[20];
    uint32_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof(digits) - at < width);
    sarn__json_put(text,
                   (struct sarn_str){digits + at, (uint32_t)(sizeof(digits) - at)});
}

void sarn__json_u64(struct sarn__json_text *text, uint64_t value)
{
    put_digits(text, value, 1);
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

struct date {
    int64_t year;
    uint32_t month, day;
};

/* The proleptic Gregorian date of a day since 1970-01-01. Years are counted from March,
 * so that the leap day comes last. */
static struct date date_of(int64_t days)
{
    struct date date;
    int64_t shifted = days + 719468; /* Days since 0000-03-01. */
    int64_t era = floor_div(shifted, 146097);
    int64_t day = shifted - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* From March. */

    date.day = (uint32_t)(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = (uint32_t)(month < 10 ? month + 3 : month - 9);
    date.year = year + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

void sarn__json_time(struct sarn__json_text *text, int64_t time_us)
{
    int64_t seconds = floor_div(time_us, US_PER_SECOND);
    int64_t days = floor_div(seconds, SECONDS_PER_DAY);
    uint64_t of_day = (uint64_t)(seconds - days * SECONDS_PER_DAY);
    int64_t part = time_us % US_PER_SECOND;
    uint64_t micros = (uint64_t)(part < 0 ? part + US_PER_SECOND : part);
    struct date date = date_of(days);

    put_byte(text, '"');
    if (date.year < 0) {
        put_byte(text, '-');
    }
    put_digits(text, (uint64_t)(date.year < 0 ? -date.year : date.year), 4);
    put_byte(text, '-');
    put_digits(text, date.month, 2);
    put_byte(text, '-');
    put_digits(text, date.day, 2);
    put_byte(text, 'T');
    put_digits(text, of_day / 3600, 2);
    put_byte(text, ':');
    put_digits(text, of_day / 60 % 60, 2);
    put_byte(text, ':');
    put_digits(text, of_day % 60, 2);
    put_byte(text, '.');
    put_digits(text, micros, 6);
    put_byte(text, 'Z');
    put_byte(text, '"');
}

/* --- UTF-8 --- */

/* Bytes of the well-formed sequence (Unicode, table 3-7) at the beginning of bytes; 0:
 * there is none. */
static uint32_t sequence_size(const uint8_t *bytes, uint32_t size)
{
    uint8_t lead = bytes[0];
    uint8_t low = 0x80, high = 0xBF; /* Of the second byte. */
    uint32_t length;

    if (lead < 0x80) {
        return 1;
    }
    length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || size < length) {
        return 0;
    }
    low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : low;
    high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : high;
    if (bytes[1] < low || bytes[1] > high) {
        return 0;
    }
    for (uint32_t i = 2; i < length; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xBF) {
            return 0;
        }
    }
    return length;
}

bool sarn__json_printable(struct sarn_str bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.data;

    for (uint32_t i = 0; i < bytes.size;) {
        uint32_t length = sequence_size(at + i, bytes.size - i);
        bool control =
            (at[i] < 0x20 && strchr("\t\n\r", at[i]) == NULL) || at[i] == 0x7F;

        if (length == 0 || at[i] == 0 || control) {
            return false;
        }
        i += length;
    }
    return true;
}

/* --- strings --- */

static void put_escaped(struct sarn__json_text *text, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = byte == 0 ? NULL : strchr(plain, byte);

    put_byte(text, '\\');
    if (found != NULL) {
        put_byte(text, letters[found - plain]);
    } else {
        SARN__JSON_LITERAL(text, "u00");
        put_byte(text, hex[byte >> 4]);
        put_byte(text, hex[byte & 15]);
    }
}

void sarn__json_string(struct sarn__json_text *text, struct sarn_str bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.data;

    put_byte(text, '"');
    for (uint32_t i = 0; i < bytes.size;) {
        uint32_t length = sequence_size(at + i, bytes.size - i);

        if (length == 0) {
            SARN__JSON_LITERAL(text, "\xEF\xBF\xBD");
            length = 1;
        } else if (at[i] < 0x20 || at[i] == '"' || at[i] == '\\' || at[i] == 0x7F) {
            put_escaped(text, at[i]);
        } else {
            sarn__json_put(text, (struct sarn_str){bytes.data + i, length});
        }
        i += length;
    }
    put_byte(text, '"');
}

void sarn__json_base64(struct sarn__json_text *text, struct sarn_str bytes)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = (const uint8_t *)bytes.data;

    put_byte(text, '"');
    for (uint32_t i = 0; i < bytes.size; i += 3) {
        uint32_t left = bytes.size - i;
        uint32_t group = (uint32_t)at[i] << 16 |
                         (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)at[i + 2] : 0);
        const char quad[4] = {digits[group >> 18], digits[group >> 12 & 63],
                              left > 1 ? digits[group >> 6 & 63] : '=',
                              left > 2 ? digits[group & 63] : '='};

        sarn__json_put(text, (struct sarn_str){quad, sizeof(quad)});
    }
    put_byte(text, '"');
}
