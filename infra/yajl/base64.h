/* base64.h - bytes as text (RFC 4648, with padding). */
#ifndef SARN_YAJL_BASE64_H
#define SARN_YAJL_BASE64_H

#include "sarn/types.h"

/* Characters of size bytes. */
size_t sarn__base64_size(uint32_t size);
/* Write them; no NUL. */
void sarn__base64_write(struct sarn_str bytes, char *text);
/* Read text into bytes, which has room for 3 for each 4 characters begun. False: text
 * is not base64, or not the one form that its bytes have. */
bool sarn__base64_read(struct sarn_str text, char *bytes, uint32_t *size);

#endif
