/* place.h - a log in memory, which archives go to and come from.
 */
#ifndef SARN_TESTS_FUZZ_PLACE_H
#define SARN_TESTS_FUZZ_PLACE_H

#include "infra/memory/journal.h"
#include "ports/ports.h"
#include "support/archive_bytes.h"

struct place {
    struct sarn__memory_store *store;
    struct sarn_ports ports;
};

void place_open(struct place *place);
void place_close(struct place *place);

/* Whole, and it ends there; it opens, and answers. */
void place_check(const struct place *place, const struct sarn_archive_end *end);
/* Where it ends. */
struct sarn_archive_end place_end(const struct place *place);
/* a is b up to where a ends. */
void place_check_prefix(const struct place *a, const struct place *b);

/* All of it, made anew. */
void place_export(const struct place *place,
                  uint32_t format,
                  struct archive_bytes *archive);
/* Errors are checked to say something. */
sarn_status place_look(struct archive_bytes *archive, struct sarn_archive_info *info);
sarn_status place_import(struct place *place,
                         struct archive_bytes *archive,
                         struct sarn_import *in);

#endif
