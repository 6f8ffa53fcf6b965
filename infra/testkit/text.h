/* text.h - text that grows: reports and histories.
 *
 * Out of memory is remembered, and said once, by whoever takes the text.
 * Threads: one at a time per text.
 */
#ifndef SARN_INFRA_TESTKIT_TEXT_H
#define SARN_INFRA_TESTKIT_TEXT_H

#include "sarn/types.h"

#define SARN__TEXT_BYTES_MAX (1u << 20)

struct sarn__text {
    struct sarn_heap heap;
    char *data; /* NULL: nothing yet. Else NUL-terminated. */
    uint32_t size, capacity;
    bool failed; /* There was no memory for some of it. */
};

void sarn__text_init(struct sarn__text *text, const struct sarn_heap *heap);
void sarn__text_done(struct sarn__text *text);
void sarn__text_clear(struct sarn__text *text);
/* Beyond SARN__TEXT_BYTES_MAX nothing is added. */
void sarn__text_add(struct sarn__text *text, struct sarn_str more);
/* One piece is cut at 1,000 bytes. */
void sarn__text_print(struct sarn__text *text, const char *format, ...)
    SARN_PRINTF(2, 3);
/* What there is; never NULL. */
const char *sarn__text_of(const struct sarn__text *text);

#endif
