#include "engine/promise_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UUID_SIZE   (SARN_UUID_TEXT_BYTES - 1)
#define DIGITS_ROOM 24u /* Two numbers of 32 bits, their slashes, and a NUL. */

sarn_status sarn__promise_id_write(const struct sarn__promise_id *id,
                                   struct sarn_arena *arena,
                                   struct sarn_str *text)
{
    char run[SARN_UUID_TEXT_BYTES];
    size_t room = UUID_SIZE + 2 + DIGITS_ROOM + id->stream.size + 1 + id->step.size;
    char *made = sarn_arena_alloc(arena, room);
    int size = 0;

    if (made == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn_uuid_text(id->run_id, run);
    size = snprintf(made, room, "%s/%" PRIu32 "/%" PRIu32 "/%.*s/%.*s", run, id->visit,
                    id->stream.size, (int)id->stream.size, id->stream.data,
                    (int)id->step.size, id->step.data);
    *text = (struct sarn_str){made, (uint32_t)size};
    return SARN_OK;
}

/* Take count bytes off the front of text. */
static bool take(struct sarn_str *text, uint32_t count, struct sarn_str *taken)
{
    if (text->size < count) {
        return false;
    }
    *taken = (struct sarn_str){text->data, count};
    text->data += count;
    text->size -= count;
    return true;
}

static bool take_slash(struct sarn_str *text)
{
    struct sarn_str slash;

    return take(text, 1, &slash) && slash.data[0] == '/';
}

/* As it was written: no sign, no leading zero, not 0. */
static bool take_number(struct sarn_str *text, uint32_t *number)
{
    uint64_t value = 0;
    uint32_t digits = 0;

    while (digits < text->size && text->data[digits] >= '0' &&
           text->data[digits] <= '9') {
        value = value * 10 + (uint64_t)(text->data[digits] - '0');
        digits += 1;
        if (value == 0 || value > UINT32_MAX) {
            return false;
        }
    }
    text->data += digits;
    text->size -= digits;
    *number = (uint32_t)value;
    return digits > 0;
}

sarn_status sarn__promise_id_read(struct sarn_str text, struct sarn__promise_id *id)
{
    struct sarn__promise_id read;
    struct sarn_str run;
    uint32_t stream_size = 0;

    if (!take(&text, UUID_SIZE, &run) ||
        sarn_uuid_parse(run, &read.run_id) != SARN_OK || !take_slash(&text) ||
        !take_number(&text, &read.visit) || !take_slash(&text) ||
        !take_number(&text, &stream_size) || !take_slash(&text) ||
        !take(&text, stream_size, &read.stream) || !take_slash(&text) ||
        text.size == 0 || text.size > SARN_NAME_BYTES_MAX) {
        return SARN_ERR_INVALID;
    }
    read.step = text;
    *id = read;
    return SARN_OK;
}
