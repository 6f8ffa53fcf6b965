#include "core/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Bytes of the character that starts at text; 0: not one within size. */
static size_t character(const unsigned char *text, size_t size)
{
    unsigned char lead = text[0];
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    /* What the second byte may be is where overlong forms, surrogates and too large
     * numbers differ from characters. */
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

    if (lead < 0xC2 || lead > 0xF4 || length > size || text[1] < low ||
        text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool sarn__utf8_valid(struct sarn_str text)
{
    const unsigned char *data = (const unsigned char *)text.data;
    size_t i = 0;

    while (i < text.size) {
        size_t length = 1;
        uint64_t eight;

        /* Most text is ASCII: eight characters at a time. */
        if (text.size - i >= sizeof(eight)) {
            memcpy(&eight, data + i, sizeof(eight));
            if ((eight & HIGH_BITS) == 0) {
                i += sizeof(eight);
                continue;
            }
        }
        if (data[i] >= 0x80) {
            length = character(data + i, text.size - i);
            if (length == 0) {
                return false;
            }
        }
        i += length;
    }
    return true;
}
