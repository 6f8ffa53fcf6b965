#include "sarn/types.h"

#define TEXT_SIZE (SARN_UUID_TEXT_BYTES - 1)

/* Does a hyphen belong at this place of the text? */
static bool is_hyphen(uint32_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

void sarn_uuid_text(struct sarn_uuid id, char text[SARN_UUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t nibble = 0;

    for (uint32_t i = 0; i < TEXT_SIZE; i++) {
        if (is_hyphen(i)) {
            text[i] = '-';
            continue;
        }
        text[i] = digits[(id.bytes[nibble / 2] >> (nibble % 2 == 0 ? 4 : 0)) & 0xF];
        nibble += 1;
    }
    text[TEXT_SIZE] = '\0';
}

sarn_status sarn_uuid_parse(struct sarn_str text, struct sarn_uuid *id)
{
    struct sarn_uuid parsed = {{0}};
    uint32_t nibble = 0;

    if (text.size != TEXT_SIZE) {
        return SARN_ERR_INVALID;
    }
    for (uint32_t i = 0; i < TEXT_SIZE; i++) {
        int value = digit_value(text.data[i]);

        if (is_hyphen(i)) {
            if (text.data[i] != '-') {
                return SARN_ERR_INVALID;
            }
            continue;
        }
        if (value < 0) {
            return SARN_ERR_INVALID;
        }
        parsed.bytes[nibble / 2] = (uint8_t)(parsed.bytes[nibble / 2] << 4 | value);
        nibble += 1;
    }
    *id = parsed;
    return SARN_OK;
}

bool sarn_uuid_is_zero(struct sarn_uuid id)
{
    uint8_t any = 0;

    for (uint32_t i = 0; i < sizeof(id.bytes); i++) {
        any |= id.bytes[i];
    }
    return any == 0;
}
