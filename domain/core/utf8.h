/* utf8.h - is text well-formed UTF-8 (RFC 3629)? */
#ifndef SARN_CORE_UTF8_H
#define SARN_CORE_UTF8_H

#include "sarn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No overlong forms, no surrogates, nothing over U+10FFFF. NUL is a character. */
bool sarn__utf8_valid(struct sarn_str text);

#ifdef __cplusplus
}
#endif
#endif
