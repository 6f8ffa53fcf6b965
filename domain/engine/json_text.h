/* json_text.h - text that grows in an arena, with what JSON needs: the one place where
 * strings are escaped.
 *
 * Nothing fails on the way: without memory the text stays as it is, and asking for the
 * result says so.
 */
#ifndef SARN_ENGINE_JSON_TEXT_H
#define SARN_ENGINE_JSON_TEXT_H

#include "sarn/types.h"

struct sarn__json_text {
    struct sarn_arena *arena;
    char *data;
    uint32_t size, room;
    bool failed;
};

void sarn__json_put(struct sarn__json_text *text, struct sarn_str bytes);
/* A literal, without its NUL. */
#define SARN__JSON_LITERAL(text, literal)                                              \
    sarn__json_put((text), (struct sarn_str)SARN_STR(literal))
void sarn__json_u64(struct sarn__json_text *text, uint64_t value);
/* In quotes, escaped; bytes that are no UTF-8 become U+FFFD. */
void sarn__json_string(struct sarn__json_text *text, struct sarn_str bytes);
/* In quotes (RFC 4648). */
void sarn__json_base64(struct sarn__json_text *text, struct sarn_str bytes);
/* In quotes: "2026-01-02T03:04:05.123456Z" (RFC 3339). */
void sarn__json_time(struct sarn__json_text *text, int64_t time_us);
/* Is this text that a person can read: UTF-8 without control characters but tab and
 * newlines? */
bool sarn__json_printable(struct sarn_str bytes);

/* SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__json_done(const struct sarn__json_text *text,
                                          struct sarn_str *json);

#endif
