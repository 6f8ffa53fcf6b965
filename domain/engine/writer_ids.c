/* One reading of the clock per unit, and ids made of it. */
#include <string.h>

#include "core/fail.h"
#include "engine/writer.h"

int64_t sarn__writer_now(struct sarn__writer *writer)
{
    int64_t now_us = writer->ports->clock.ops->now_us(writer->ports->clock.self);

    return now_us > writer->time_us ? now_us : writer->time_us;
}

sarn_status sarn__writer_uuid(struct sarn__writer *writer,
                              int64_t time_us,
                              struct sarn_uuid *id,
                              struct sarn_error *error)
{
    const uint32_t random_bytes = 8;
    uint64_t ms = (uint64_t)time_us / 1000;
    /* rand_a holds the fraction of the millisecond (RFC 9562, 6.2, method 3). */
    uint32_t fraction = (uint32_t)((uint64_t)time_us % 1000 * 4096 / 1000);

    if (writer->entropy_left < random_bytes) {
        if (writer->random.ops->fill(writer->random.self, writer->entropy,
                                     sizeof(writer->entropy)) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_IO,
                              "the system gives no random bytes to make an id of");
        }
        writer->entropy_left = sizeof(writer->entropy);
    }
    writer->entropy_left -= random_bytes;
    for (int i = 0; i < 6; i++) {
        id->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    id->bytes[6] = (uint8_t)(0x70 | fraction >> 8);
    id->bytes[7] = (uint8_t)fraction;
    memcpy(id->bytes + 8, writer->entropy + writer->entropy_left, random_bytes);
    id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3f));
    return SARN_OK;
}
