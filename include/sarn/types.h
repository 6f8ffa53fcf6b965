/* types.h - the values that cross Sarn's boundary, and the arena that domain code
 * allocates from.
 *
 * Time is int64 microseconds since 1970 UTC (suffix _us). Money is integer minor units
 * and a currency. Text is UTF-8 with a size, not terminated.
 */
#ifndef SARN_TYPES_H
#define SARN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sarn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_STREAM_NAME_BYTES_MAX  255u /* "category-id" */
#define SARN_KEY_BYTES_MAX          255u /* An idempotency key; a workflow id. */
#define SARN_NAME_BYTES_MAX         255u /* Type, actor, origin, step, projection. */
#define SARN_ROW_KEY_BYTES_MAX      400u /* A projection's row key. */
#define SARN_PAYLOAD_BYTES_MAX      1048576u /* One event, row, input or output. */
#define SARN_EVENTS_PER_COMMAND_MAX 1024u

/* Bytes or UTF-8 text that someone else owns. {NULL, 0} is absent. */
struct sarn_str {
    const char *data;
    uint32_t size;
};

/* A sarn_str of a literal; of a NUL-terminated string see sarn_str(). */
#define SARN_STR(literal)                                                              \
    {                                                                                  \
        (literal), (uint32_t)(sizeof(literal) - 1)                                     \
    }

#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* A function named as a struct: C may. */
#endif
/* View text (NULL is absent) as a sarn_str; text must be under 4 GiB. [any thread] */
SARN_API struct sarn_str sarn_str(const char *text);
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
SARN_API bool sarn_str_equal(struct sarn_str a, struct sarn_str b);

/* A UUIDv7 (RFC 9562): sortable by time. All zero is absent. */
struct sarn_uuid {
    uint8_t bytes[16];
};

#define SARN_UUID_TEXT_BYTES 37u /* With its NUL. */

/* Write id as 36 characters and a NUL to text. [any thread] */
SARN_API void sarn_uuid_text(struct sarn_uuid id, char text[SARN_UUID_TEXT_BYTES]);
/* Read 36 characters. SARN_ERR_INVALID: not a UUID. [any thread] */
SARN_API SARN_MUST_USE sarn_status sarn_uuid_parse(struct sarn_str text,
                                                   struct sarn_uuid *id);
SARN_API bool sarn_uuid_is_zero(struct sarn_uuid id);

/* Where memory comes from. resize(arg, NULL, n) allocates, resize(arg, p, 0) frees and
 * returns NULL, otherwise as realloc. Must be callable from any thread at once. */
struct sarn_heap {
    void *(*resize)(void *arg, void *memory, size_t size);
    void *arg;
};

/* Memory that is freed all at once. Domain code allocates from the arena that its
 * caller hands it and from nowhere else; what it gets lives as long as the caller
 * states. Threads: one at a time per arena. */
struct sarn_arena;

/* An arena over heap (copied; NULL: malloc). Destroy with sarn_arena_destroy().
 * NULL when out of memory. */
SARN_API struct sarn_arena *sarn_arena_create(const struct sarn_heap *heap);
/* NULL does nothing. */
SARN_API void sarn_arena_destroy(struct sarn_arena *arena);
/* Forget everything allocated; keeps one block for reuse. */
SARN_API void sarn_arena_reset(struct sarn_arena *arena);
/* size bytes, zeroed, aligned to 16; NULL when out of memory. size 0 gives a valid
 * pointer to nothing. */
SARN_API void *sarn_arena_alloc(struct sarn_arena *arena, size_t size);
/* A copy of text in the arena. SARN_ERR_NOMEM leaves *copy alone. */
SARN_API SARN_MUST_USE sarn_status sarn_arena_copy(struct sarn_arena *arena,
                                                   struct sarn_str text,
                                                   struct sarn_str *copy);
/* Bytes handed out since create or reset. */
SARN_API size_t sarn_arena_bytes(const struct sarn_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
