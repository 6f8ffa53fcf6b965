/* number.h - numbers as JSON text, exact both ways, whatever the process's locale. */
#ifndef SARN_YAJL_NUMBER_H
#define SARN_YAJL_NUMBER_H

#include "sarn/schema.h"

#define SARN__NUMBER_BYTES 40u /* Of any number as text, with its NUL. */

/* A finite value with as few digits as bring it back. */
void sarn__real_text(double value, bool single, char text[SARN__NUMBER_BYTES]);
/* A JSON number. False: over what the kind holds. */
bool sarn__real_read(struct sarn_str text, bool single, double *value);

/* value, of an integer kind (its bits when it is U64). */
void sarn__integer_text(uint8_t kind, int64_t value, char text[SARN__NUMBER_BYTES]);
/* A JSON number. False: a fraction, or out of the kind's range. */
bool sarn__integer_read(struct sarn_str text, uint8_t kind, int64_t *value);

/* A scalar member, as what the calls above take. */
int64_t sarn__integer_load(uint8_t kind, const void *at);
void sarn__integer_store(uint8_t kind, int64_t value, void *at);

#endif
