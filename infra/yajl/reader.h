/* reader.h - where reading is: shared by read.c (yajl's events: what opens and closes)
 * and read_value.c (single values). */
#ifndef SARN_YAJL_READER_H
#define SARN_YAJL_READER_H

#include "infra/yajl/memory.h"
#include "sarn/schema.h"

#define SARN__JSON_DEPTH_MAX 128u /* What yajl writes, it reads. */

enum { SEEN_NOT, SEEN_NULL, SEEN_VALUE };

/* An object or a list that is open. */
struct frame {
    const struct sarn_type *type;   /* The object's; the list's owner's. */
    char *value;                    /* The object's struct; a list's elements. */
    const struct sarn_field *field; /* What the next value is for; NULL before a key. */
    uint8_t *seen;                  /* Per field of an object; NULL in a list. */
    uint32_t size, capacity;        /* Elements of a list. */
};

struct reader {
    struct yajl_memory memory;
    struct sarn_error *error;
    sarn_status status; /* Why reading stopped. */
    const struct sarn_type *root;
    void *value;      /* The struct of root. */
    bool picking;     /* Members that a type has not are skipped. */
    bool skipping;    /* What comes next, or is open, belongs to one of those. */
    uint32_t skipped; /* Lists and objects of it that are open. */
    uint32_t depth;
    struct frame frames[SARN__JSON_DEPTH_MAX];
};

/* Where the next value goes and which field it is of; in a list, a new element. */
struct place {
    const struct sarn_type *type;
    const struct sarn_field *field;
    void *at;
};

/* All answer as yajl's callbacks do: 1 goes on; 0 stops, with the reason in r. */

/* Say why the value of a field is not one, as "payments.Credit.amount <what>". */
int sarn__reader_refuse(struct reader *r,
                        const struct sarn_type *type,
                        const struct sarn_field *field,
                        const char *what);
/* A single value comes: is it to be skipped? */
bool sarn__reader_skips(struct reader *r);
/* A single value comes; 0: there is no place for one. */
int sarn__reader_place(struct reader *r, struct place *place);

int sarn__read_bool(struct reader *r, bool value);
int sarn__read_number(struct reader *r, struct sarn_str text);
int sarn__read_text(struct reader *r, struct sarn_str text);

#endif
