/* writer_parts.h - what the writer's files share: pending heads and names, and how a
 * unit is undone. */
#ifndef SARN_ENGINE_WRITER_PARTS_H
#define SARN_ENGINE_WRITER_PARTS_H

#include "engine/writer.h"

/* A stream's head as it will be. Its key is tenant and name. */
struct sarn__pending_head {
    struct sarn__map_node node;
    struct sarn__head head;
};

/* A type's, actor's or origin's name that was first used in flight. */
struct sarn__pending_word {
    struct sarn__map_node node;
    uint64_t position; /* Of the record that carries the name. */
    uint32_t id;
};

/* What a unit changed, to be put back. */
struct sarn__undo {
    struct sarn__undo *next;
    struct sarn__pending_head
        *head; /* Its old value follows; created: it is removed. */
    struct sarn__pending_word *word;
    struct sarn__head old;
    bool created;
};

/* Remember what the unit is about to change: one of head and word. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__writer_remember(struct sarn__writer *writer,
                                                struct sarn__pending_head *head,
                                                struct sarn__pending_word *word,
                                                bool created);

/* writer_heads.c: the stream's head is now this, until the unit is undone. */
SARN_MUST_USE sarn_status sarn__writer_pend_head(struct sarn__writer *writer,
                                                 uint32_t tenant,
                                                 struct sarn_str stream,
                                                 const struct sarn__head *head);
/* Forget the heads that position settles; UINT64_MAX: all. */
void sarn__writer_drop_heads(struct sarn__writer *writer, uint64_t position);

/* writer_words.c: the number of a name; *fresh is the name where this record is the
 * first to use it and must carry it, else untouched. */
SARN_MUST_USE sarn_status sarn__writer_word(struct sarn__writer *writer,
                                            enum sarn__word kind,
                                            uint32_t scope,
                                            struct sarn_str name,
                                            uint32_t *id,
                                            struct sarn_str *fresh,
                                            struct sarn_error *error);
/* Type and schema of record, for event. */
SARN_MUST_USE sarn_status sarn__writer_type(struct sarn__writer *writer,
                                            const struct sarn__new_event *event,
                                            struct sarn__record *record,
                                            struct sarn_error *error);
/* Give record, which is in flight, the names of its type, actor and origin where an
 * earlier record in flight carries them. */
void sarn__writer_name_words(const struct sarn__writer *writer,
                             struct sarn__record *record);
void sarn__writer_drop_words(struct sarn__writer *writer, uint64_t position);
void sarn__writer_drop_types(struct sarn__writer *writer);

#endif
