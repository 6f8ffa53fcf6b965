/* record.h - one event as it lies in the log: a fixed header, extensions, the payload.
 *
 * All integers are little-endian. docs/format.md is the same table for readers of the
 * format.
 *
 *   0 u16 format (1)        2 u16 flags           4 u16 codec        6 u16 header size
 *   8 u32 payload size     12 u32 type           16 u32 schema      20 u32 tenant
 *  24 u64 stream           32 u64 version        40 u64 previous    48 i64 time_us
 *  56 event id (16)        72 correlation (16)   88 causation (16)
 * 104 u32 actor           108 u32 origin        112 u32 key id     116 nonce (12)
 * 128 reserved (16, zero) 144 u64 checksum
 * 152 extensions, each: u16 kind, u16 size, bytes, padded to 4
 *
 * The header, extensions included, is padded to 8 with zeros. After it comes the
 * payload, padded to 8 with zeros.
 *
 * previous is the position of the stream's event before this one; 0: none. Stream 0 is
 * no stream. Type, stream, actor and origin are numbers; the record that uses one first
 * carries its name in an extension, so the log explains itself.
 *
 * The checksum is XXH3-64 of bytes 0..143, seeded with the exclusive or of the position
 * and of XXH3-64 (seed 0) of all bytes from 152 on: neither part can change or move,
 * and nothing is copied to check it.
 *
 * Pure; the caller owns all memory; views point into the bytes they were made from.
 */
#ifndef SARN_ENGINE_RECORD_H
#define SARN_ENGINE_RECORD_H

#include "sarn/types.h"

#include "ports/hash.h"

#define SARN__RECORD_FORMAT       1u
#define SARN__RECORD_HEADER_BYTES 152u
#define SARN__RECORD_HEADER_MAX   4096u
#define SARN__TYPE_IDS_MAX        1048576u /* Types of one log have numbers below. */

#define SARN__RECORD_SEALED     1u /* Reserved: encrypted. */
#define SARN__RECORD_COMPRESSED 2u /* Reserved. */
#define SARN__RECORD_TOMBSTONE  4u /* Reserved: the body was erased. */

enum sarn__extension {
    SARN__EXT_STREAM_NAME = 1, /* First event of a stream: its name. */
    SARN__EXT_TYPE_NAME = 2,   /* First use of a type: its name. */
    SARN__EXT_ACTOR_NAME = 3,
    SARN__EXT_ORIGIN_NAME = 4,
    SARN__EXT_COMMAND = 5,    /* struct sarn__command_result, encoded below. */
    SARN__EXT_SCHEMA_NAME = 6 /* On sarn.SchemaRegistered. */
};

/* How a command with an idempotency key ended; on the first record it led to.
 * Encoded: u32 status, u32 event_count, payload_hash (16), u16 key size, key, text. */
struct sarn__command_result {
    uint32_t status;
    uint32_t event_count; /* Consecutive positions from this record on; 0: the carrier
                             is a sarn.CommandSettled record. */
    uint8_t payload_hash[16];
    struct sarn_str key;
    struct sarn_str text; /* Why rejected; at most 255 bytes. */
};

struct sarn__record {
    uint64_t position;
    uint16_t flags, codec;
    uint32_t type, schema, tenant, actor, origin;
    uint64_t stream, version, previous;
    int64_t time_us;
    struct sarn_uuid id, correlation_id, causation_id;
    struct sarn_str payload;
    struct sarn_str stream_name, type_name, actor_name, origin_name, schema_name;
    bool has_command;
    struct sarn__command_result command;
};

/* Bytes that record encodes to: a multiple of 8. */
size_t sarn__record_size(const struct sarn__record *record);

/* Encode record (its sizes are within the limits of types.h: asserted) into bytes,
 * which has sarn__record_size() bytes and is 8-aligned, with its checksum. */
void sarn__record_encode(const struct sarn__record *record,
                         const struct sarn_hash *hash,
                         void *bytes);

/* View bytes as a record: every size and offset is checked, nothing else is trusted.
 * hash NULL: the checksum is not. SARN_ERR_CORRUPT: names position and field;
 * SARN_ERR_UNSUPPORTED: a newer format or a sealed or compressed record. */
SARN_MUST_USE sarn_status sarn__record_decode(uint64_t position,
                                              struct sarn_str bytes,
                                              const struct sarn_hash *hash,
                                              struct sarn__record *record,
                                              struct sarn_error *error);

/* Only the links, for walking a stream backward: no checksum, size checked. */
struct sarn__record_links {
    uint64_t stream, version, previous;
};
SARN_MUST_USE sarn_status sarn__record_links(uint64_t position,
                                             struct sarn_str bytes,
                                             struct sarn__record_links *links,
                                             struct sarn_error *error);

#endif
