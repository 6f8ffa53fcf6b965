#include "infra/testkit/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/heap.h"

#define PIECE_BYTES 1000u
#define FIRST_BYTES 512u

void sarn__text_init(struct sarn__text *text, const struct sarn_heap *heap)
{
    *text = (struct sarn__text){.heap = *heap};
}

void sarn__text_done(struct sarn__text *text)
{
    sarn__heap_free(&text->heap, text->data);
    text->data = NULL;
    sarn__text_clear(text);
}

void sarn__text_clear(struct sarn__text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->data != NULL) {
        text->data[0] = '\0';
    } else {
        text->capacity = 0;
    }
}

/* Room for size bytes more and a NUL. */
static bool make_room(struct sarn__text *text, uint32_t size)
{
    uint32_t needed = text->size + size + 1;
    uint32_t capacity = text->capacity == 0 ? FIRST_BYTES : text->capacity;
    char *grown;

    if (needed <= text->capacity) {
        return true;
    }
    while (capacity < needed) {
        capacity *= 2;
    }
    grown = sarn__heap_resize(&text->heap, text->data, capacity);
    if (grown == NULL) {
        text->failed = true;
        return false;
    }
    text->data = grown;
    text->capacity = capacity;
    return true;
}

void sarn__text_add(struct sarn__text *text, struct sarn_str more)
{
    if (more.size > SARN__TEXT_BYTES_MAX - text->size || !make_room(text, more.size)) {
        return;
    }
    if (more.size > 0) {
        memcpy(text->data + text->size, more.data, more.size);
    }
    text->size += more.size;
    text->data[text->size] = '\0';
}

void sarn__text_print(struct sarn__text *text, const char *format, ...)
{
    char piece[PIECE_BYTES];
    va_list list;

    va_start(list, format);
    vsnprintf(piece, sizeof(piece), format, list);
    va_end(list);
    sarn__text_add(text, sarn_str(piece));
}

const char *sarn__text_of(const struct sarn__text *text)
{
    return text->data == NULL ? "" : text->data;
}
