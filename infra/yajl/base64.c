#include "infra/yajl/base64.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t sarn__base64_size(uint32_t size)
{
    return ((size_t)size + 2) / 3 * 4;
}

void sarn__base64_write(struct sarn_str bytes, char *text)
{
    const unsigned char *from = (const unsigned char *)bytes.data;

    for (uint32_t i = 0; i < bytes.size; i += 3) {
        uint32_t left = bytes.size - i;
        uint32_t bits = (uint32_t)from[i] << 16;

        bits |= left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        bits |= left > 2 ? from[i + 2] : 0u;
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[bits & 63] : '=';
    }
}

/* Six bits of a character; 64: none. */
static uint32_t six_bits(char c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);

    return at == NULL ? 64 : (uint32_t)(at - alphabet);
}

bool sarn__base64_read(struct sarn_str text, char *bytes, uint32_t *size)
{
    uint32_t written = 0;

    if (text.size % 4 != 0) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i += 4) {
        const char *four = text.data + i;
        bool last = i + 4 == text.size;
        uint32_t padding = !last || four[3] != '=' ? 0 : four[2] != '=' ? 1 : 2;
        uint32_t bits = 0;

        for (uint32_t j = 0; j < 4 - padding; j++) {
            uint32_t six = six_bits(four[j]);

            if (six == 64) {
                return false;
            }
            bits |= six << (18 - 6 * j);
        }
        if ((bits & (padding == 0 ? 0u : padding == 1 ? 0xFFu : 0xFFFFu)) != 0) {
            return false; /* Bits that belong to no byte. */
        }
        for (uint32_t j = 0; j < 3 - padding; j++) {
            bytes[written++] = (char)(bits >> (16 - 8 * j) & 0xFF);
        }
    }
    *size = written;
    return true;
}
