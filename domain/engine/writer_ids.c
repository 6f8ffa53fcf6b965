/* One reading of the clock per unit, and ids made of it. */
#include <string.h>

#include "core/fail.h"
#include "engine/writer.h"

int64_t sarn__writer_now(struct sarn__writer *writer)
{
    int64_t now_us = writer->ports->clock.ops->now_us(writer->ports->clock.self);

    return now_us > writer->time_us ? now_us : writer->time_us;
}

/* Eight random bytes. */
static sarn_status
draw(struct sarn__writer *writer, uint8_t bytes[8], struct sarn_error *error)
{
    if (writer->entropy_left < 8) {
        if (writer->random.ops->fill(writer->random.self, writer->entropy,
                                     sizeof(writer->entropy)) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_IO, "the system gives no random bytes");
        }
        writer->entropy_left = sizeof(writer->entropy);
    }
    writer->entropy_left -= 8;
    memcpy(bytes, writer->entropy + writer->entropy_left, 8);
    return SARN_OK;
}

sarn_status sarn__writer_random(struct sarn__writer *writer,
                                uint64_t *number,
                                struct sarn_error *error)
{
    uint8_t bytes[8];

    SARN__TRY(draw(writer, bytes, error));
    *number = 0;
    for (int i = 0; i < 8; i++) {
        *number = *number << 8 | bytes[i];
    }
    return SARN_OK;
}

sarn_status sarn__writer_uuid(struct sarn__writer *writer,
                              int64_t time_us,
                              struct sarn_uuid *id,
                              struct sarn_error *error)
{
    uint8_t random[8];
    uint64_t ms = (uint64_t)time_us / 1000;
    /* rand_a holds the fraction of the millisecond (RFC 9562, 6.2, method 3). */
    uint32_t fraction = (uint32_t)((uint64_t)time_us % 1000 * 4096 / 1000);

    SARN__TRY(draw(writer, random, error));
    for (int i = 0; i < 6; i++) {
        id->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    id->bytes[6] = (uint8_t)(0x70 | fraction >> 8);
    id->bytes[7] = (uint8_t)fraction;
    memcpy(id->bytes + 8, random, sizeof(random));
    id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3f));
    return SARN_OK;
}
