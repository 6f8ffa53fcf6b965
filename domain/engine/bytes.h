/* bytes.h - little-endian integers in stored bytes, whatever the machine and alignment.
 *
 * Spelled out, because compilers make one move of each.
 */
#ifndef SARN_ENGINE_BYTES_H
#define SARN_ENGINE_BYTES_H

#include <stdint.h>

static inline uint16_t sarn__get_u16(const void *from)
{
    const uint8_t *byte = from;

    return (uint16_t)(byte[0] | byte[1] << 8);
}

static inline uint32_t sarn__get_u32(const void *from)
{
    const uint8_t *byte = from;

    return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
           (uint32_t)byte[3] << 24;
}

static inline uint64_t sarn__get_u64(const void *from)
{
    const uint8_t *byte = from;

    return (uint64_t)byte[0] | (uint64_t)byte[1] << 8 | (uint64_t)byte[2] << 16 |
           (uint64_t)byte[3] << 24 | (uint64_t)byte[4] << 32 | (uint64_t)byte[5] << 40 |
           (uint64_t)byte[6] << 48 | (uint64_t)byte[7] << 56;
}

static inline void sarn__put_u16(void *to, uint16_t value)
{
    uint8_t *byte = to;

    byte[0] = (uint8_t)value;
    byte[1] = (uint8_t)(value >> 8);
}

static inline void sarn__put_u32(void *to, uint32_t value)
{
    uint8_t *byte = to;

    byte[0] = (uint8_t)value;
    byte[1] = (uint8_t)(value >> 8);
    byte[2] = (uint8_t)(value >> 16);
    byte[3] = (uint8_t)(value >> 24);
}

static inline void sarn__put_u64(void *to, uint64_t value)
{
    uint8_t *byte = to;

    byte[0] = (uint8_t)value;
    byte[1] = (uint8_t)(value >> 8);
    byte[2] = (uint8_t)(value >> 16);
    byte[3] = (uint8_t)(value >> 24);
    byte[4] = (uint8_t)(value >> 32);
    byte[5] = (uint8_t)(value >> 40);
    byte[6] = (uint8_t)(value >> 48);
    byte[7] = (uint8_t)(value >> 56);
}

#endif
