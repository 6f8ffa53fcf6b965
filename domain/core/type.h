/* type.h - what everything that walks a described struct needs to know of its fields.
 */
#ifndef SARN_CORE_TYPE_H
#define SARN_CORE_TYPE_H

#include "sarn/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a value of a scalar kind; 0: not a scalar. */
uint32_t sarn__kind_size(uint8_t kind);
/* Bytes of one element of a vector field, in C. */
uint32_t sarn__element_size(const struct sarn_field *field);
/* Set the member at `to` to what field is when it is absent; it is all zero before. */
void sarn__put_default(const struct sarn_field *field, void *to);

#ifdef __cplusplus
}
#endif
#endif
