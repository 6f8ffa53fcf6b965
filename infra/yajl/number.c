#define _GNU_SOURCE /* newlocale, uselocale */
#include "infra/yajl/number.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/type.h"

#define DIGITS_MAX 512u /* Of a real as text: far more than any has meaning for. */

/* --- reals --- */

/* The embedder's locale may write 1,5: ours, for this thread, while numbers are made.
 * The locale "C" is built into libc, so this allocates nothing. */
static locale_t enter_plain_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static void leave_plain_locale(locale_t before)
{
    uselocale(before);
}

static bool comes_back(const char *text, double value, bool single)
{
    if (single) {
        float back = strtof(text, NULL), from = (float)value;

        return memcmp(&back, &from, sizeof(back)) == 0;
    }
    double back = strtod(text, NULL);

    return memcmp(&back, &value, sizeof(back)) == 0;
}

void sarn__real_text(double value, bool single, char text[SARN__NUMBER_BYTES])
{
    locale_t before = enter_plain_locale();
    int digits = single ? 6 : 15;

    do {
        snprintf(text, SARN__NUMBER_BYTES, "%.*g", digits, value);
        digits += 1;
    } while (!comes_back(text, value, single));
    leave_plain_locale(before);
}

bool sarn__real_read(struct sarn_str text, bool single, double *value)
{
    char copy[DIGITS_MAX];
    locale_t before;
    double read;

    if (text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    before = enter_plain_locale();
    read = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
    leave_plain_locale(before);
    if (!isfinite(read)) {
        return false;
    }
    *value = read;
    return true;
}

/* --- integers --- */

static bool is_signed(uint8_t kind)
{
    return kind == SARN_KIND_I8 || kind == SARN_KIND_I16 || kind == SARN_KIND_I32 ||
           kind == SARN_KIND_I64;
}

void sarn__integer_text(uint8_t kind, int64_t value, char text[SARN__NUMBER_BYTES])
{
    if (kind == SARN_KIND_U64) {
        snprintf(text, SARN__NUMBER_BYTES, "%" PRIu64, (uint64_t)value);
    } else {
        snprintf(text, SARN__NUMBER_BYTES, "%" PRId64, value);
    }
}

bool sarn__integer_read(struct sarn_str text, uint8_t kind, int64_t *value)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    uint32_t bits = sarn__kind_size(kind) * 8;
    uint64_t most, number = 0;

    for (uint32_t i = negative ? 1 : 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)(text.data[i] - '0');

        if (text.data[i] < '0' || text.data[i] > '9' ||
            number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (is_signed(kind)) {
        most = (UINT64_C(1) << (bits - 1)) - (negative ? 0 : 1);
    } else {
        most = negative ? 0 : bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    }
    if (number > most) {
        return false;
    }
    *value = (int64_t)(negative ? 0 - number : number);
    return true;
}

int64_t sarn__integer_load(uint8_t kind, const void *at)
{
    bool sign = is_signed(kind);

    switch (sarn__kind_size(kind)) {
    case 1:
        return sign ? *(const int8_t *)at : *(const uint8_t *)at;
    case 2:
        return sign ? *(const int16_t *)at : *(const uint16_t *)at;
    case 4:
        return sign ? (int64_t) * (const int32_t *)at
                    : (int64_t) * (const uint32_t *)at;
    default:
        return *(const int64_t *)at;
    }
}

void sarn__integer_store(uint8_t kind, int64_t value, void *at)
{
    switch (sarn__kind_size(kind)) {
    case 1:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(int64_t *)at = value;
        break;
    }
}
