/* format.h - what Sarn keeps in the data file beside records: docs/format.md in C.
 *
 * Three named databases. meta holds two values, both with a checksum: "file", written
 * once, and "state", written with an epoch and by flushes. events holds the records
 * under twice their position, and every commit record right after the last record that
 * it covers, under one more: so an append touches the end of one tree and nothing else
 * (a tree of their own for commits would cost a twelfth of a small commit). rows holds
 * the tables.
 */
#ifndef SARN_INFRA_LMDB_FORMAT_H
#define SARN_INFRA_LMDB_FORMAT_H

#include "ports/hash.h"

/* LMDB's pages and integer keys are in the machine's order: the format is that of
 * 64-bit little-endian machines. */
SARN_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian only");
SARN_STATIC_ASSERT(sizeof(void *) == 8 && sizeof(size_t) == 8, "64-bit only");

#define SARN__DB_META   "meta"
#define SARN__DB_EVENTS "events"
#define SARN__DB_ROWS   "rows"

/* Keys of events. */
#define SARN__RECORD_KEY(position) ((position) << 1)
#define SARN__COMMIT_KEY(last)     ((last) << 1 | 1)
#define SARN__KEY_POSITION(key)    ((key) >> 1)
#define SARN__KEY_IS_COMMIT(key)   (((key)&1) != 0)

#define SARN__FILE_KEY    "file"
#define SARN__FILE_BYTES  128u
#define SARN__FILE_FORMAT 1u

#define SARN__STATE_KEY   "state"
#define SARN__STATE_BYTES 64u

/* Feature bits that this version knows: none of any kind yet. */
#define SARN__KNOWN_READ_ONLY_COMPATIBLE UINT64_C(0)
#define SARN__KNOWN_INCOMPATIBLE         UINT64_C(0)

#define SARN__ROW_TABLE_BYTES    4u /* Before a row's key, big-endian. */
#define SARN__ROW_CHECKSUM_BYTES 8u /* Before a row's value. */

/* Written once, when the file is made. */
struct sarn__file {
    uint32_t format;
    uint64_t compatible;           /* Unknown bits: carry on. */
    uint64_t read_only_compatible; /* Unknown bits: only read. */
    uint64_t incompatible;         /* Unknown bits: keep out. */
    struct sarn_uuid log_id;
    int64_t created_us;
};

/* What changes, but not with every append. */
struct sarn__file_state {
    uint64_t epoch, through;
    uint32_t owner_pid; /* Who took the epoch. */
    bool sums_rows;     /* Else rows_sum says nothing: the file began without it. */
    uint64_t rows_sum;  /* Of the checksums of all rows, so that none is an old one. */
};

void sarn__file_encode(const struct sarn__file *file,
                       const struct sarn_hash *hash,
                       uint8_t bytes[SARN__FILE_BYTES]);
/* SARN_ERR_CORRUPT: not ours, or damaged. SARN_ERR_UNSUPPORTED: newer; writing says
 * whether it is to be written. */
SARN_MUST_USE sarn_status sarn__file_decode(struct sarn_str bytes,
                                            const struct sarn_hash *hash,
                                            bool writing,
                                            struct sarn__file *file,
                                            struct sarn_error *error);

void sarn__file_state_encode(const struct sarn__file_state *state,
                             const struct sarn_hash *hash,
                             uint8_t bytes[SARN__STATE_BYTES]);
SARN_MUST_USE sarn_status sarn__file_state_decode(struct sarn_str bytes,
                                                  const struct sarn_hash *hash,
                                                  struct sarn__file_state *state,
                                                  struct sarn_error *error);

/* Over a row as it is stored: key with its table's number, value without checksum. */
uint64_t sarn__row_checksum(const struct sarn_hash *hash,
                            struct sarn_str stored_key,
                            struct sarn_str value);

#endif
