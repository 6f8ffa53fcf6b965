#include "core/fail.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Do not end in half a character: text was cut at its limit. */
static void drop_partial_character(char *text, size_t size)
{
    size_t start = size;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) {
        start -= 1; /* Continuation bytes. */
    }
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0) {
        unsigned char lead = (unsigned char)text[start - 1];
        size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

        if (start - 1 + length > size) {
            text[start - 1] = '\0';
        }
    }
}

void sarn__error_set_list(struct sarn_error *error,
                          sarn_status status,
                          const char *format,
                          va_list list)
{
    int size;

    assert(status != SARN_OK);
    if (error == NULL) {
        return;
    }
    error->status = status;
    size = vsnprintf(error->text, sizeof(error->text), format, list);
    if (size <= 0) {
        snprintf(error->text, sizeof(error->text), "%s", sarn_status_text(status));
    } else if ((size_t)size >= sizeof(error->text)) {
        drop_partial_character(error->text, strlen(error->text));
    }
}

void sarn__error_set(struct sarn_error *error,
                     sarn_status status,
                     const char *format,
                     ...)
{
    va_list list;

    va_start(list, format);
    sarn__error_set_list(error, status, format, list);
    va_end(list);
}
