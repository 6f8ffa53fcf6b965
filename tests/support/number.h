/* number.h - a number of a test program's command line; nothing else is one. */
#ifndef SARN_TESTS_SUPPORT_NUMBER_H
#define SARN_TESTS_SUPPORT_NUMBER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static inline bool number_parse(const char *text, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

#endif
