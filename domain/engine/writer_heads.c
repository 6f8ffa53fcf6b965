/* Heads of streams as they will be once everything in flight is durable. */
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/map_key.h"
#include "engine/writer_parts.h"

sarn_status sarn__writer_head(struct sarn__writer *writer,
                              uint32_t tenant,
                              struct sarn_str stream,
                              struct sarn__head *head,
                              struct sarn_error *error)
{
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node =
        sarn__map_find(&writer->heads, sarn__map_key(key, tenant, stream));

    if (node != NULL) {
        *head = SARN__OF(node, struct sarn__pending_head, node)->head;
        return SARN_OK;
    }
    return sarn__store_head(writer->store, tenant, stream, head, error);
}

sarn_status sarn__writer_expect(const struct sarn__head *head,
                                struct sarn_str stream,
                                int64_t expected,
                                struct sarn_error *error)
{
    bool exists = head->number != 0 && !head->deleted;
    bool met = expected == SARN_ANY || (expected == SARN_NO_STREAM && !exists) ||
               (expected == SARN_STREAM_EXISTS && exists) ||
               (expected >= 0 && exists && head->version == (uint64_t)expected);

    if (met) {
        return SARN_OK;
    }
    if (!exists) {
        return sarn__fail(error, SARN_ERR_WRONG_EXPECTED_VERSION,
                          "stream \"%.*s\" has no events, but was expected to",
                          (int)stream.size, stream.data);
    }
    return sarn__fail(
        error, SARN_ERR_WRONG_EXPECTED_VERSION,
        "stream \"%.*s\" is at version %llu, not where it was expected; load "
        "it again and decide anew",
        (int)stream.size, stream.data, (unsigned long long)head->version);
}

/* The pending head of a stream, made from head where there is none yet. */
sarn_status sarn__writer_pend_head(struct sarn__writer *writer,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   const struct sarn__head *head)
{
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn_str text = sarn__map_key(key, tenant, stream);
    struct sarn__map_node *node = sarn__map_find(&writer->heads, text);
    struct sarn__pending_head *pending;
    bool created = node == NULL;

    if (created) {
        pending = sarn__heap_alloc(&writer->ports->heap, sizeof(*pending) + text.size);
        if (pending == NULL) {
            return SARN_ERR_NOMEM;
        }
        memcpy(pending + 1, text.data, text.size);
        pending->node.key = (struct sarn_str){(const char *)(pending + 1), text.size};
        if (sarn__map_insert(&writer->heads, &pending->node) != SARN_OK) {
            sarn__heap_free(&writer->ports->heap, pending);
            return SARN_ERR_NOMEM;
        }
    } else {
        pending = SARN__OF(node, struct sarn__pending_head, node);
    }
    if (sarn__writer_remember(writer, pending, NULL, created) != SARN_OK) {
        if (created) {
            sarn__map_remove(&writer->heads, &pending->node);
            sarn__heap_free(&writer->ports->heap, pending);
        }
        return SARN_ERR_NOMEM;
    }
    pending->head = *head;
    return SARN_OK;
}

void sarn__writer_drop_heads(struct sarn__writer *writer, uint64_t position)
{
    for (uint32_t i = 0; i < writer->heads.bucket_count; i++) {
        struct sarn__map_node *node = writer->heads.buckets[i];

        while (node != NULL) {
            struct sarn__map_node *next = node->next;
            struct sarn__pending_head *pending =
                SARN__OF(node, struct sarn__pending_head, node);

            if (pending->head.last_position <= position) {
                sarn__map_remove(&writer->heads, node);
                sarn__heap_free(&writer->ports->heap, pending);
            }
            node = next;
        }
    }
}

/* --- what is in flight --- */

static void name_stream(const struct sarn__writer *writer, struct sarn__record *record)
{
    for (uint32_t i = 0; i < writer->heads.bucket_count; i++) {
        for (struct sarn__map_node *node = writer->heads.buckets[i]; node != NULL;
             node = node->next) {
            if (SARN__OF(node, struct sarn__pending_head, node)->head.number ==
                record->stream) {
                record->stream_name = sarn__map_key_name(node->key);
                return;
            }
        }
    }
}

static sarn_status visit_batch(const struct sarn__writer *writer,
                               const struct sarn__batch *batch,
                               uint64_t stream,
                               sarn__store_record_fn *visit,
                               void *arg,
                               struct sarn_error *error)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct sarn__record_links links;
        struct sarn__record record;

        SARN__TRY(
            sarn__record_links(batch->first + i, batch->records[i], &links, error));
        if (links.stream == stream) {
            SARN__TRY(sarn__record_decode(batch->first + i, batch->records[i], NULL,
                                          &record, error));
            /* The record that carries a name may be another one. */
            name_stream(writer, &record);
            sarn__writer_name_words(writer, &record);
            SARN__TRY(visit(arg, &record));
        }
    }
    return SARN_OK;
}

sarn_status sarn__writer_pending(struct sarn__writer *writer,
                                 uint64_t stream,
                                 sarn__store_record_fn *visit,
                                 void *arg,
                                 struct sarn_error *error)
{
    if (writer->settling != NULL) {
        SARN__TRY(visit_batch(writer, writer->settling, stream, visit, arg, error));
    }
    if (writer->in_flight != NULL) {
        SARN__TRY(visit_batch(writer, writer->in_flight, stream, visit, arg, error));
    }
    return visit_batch(writer, writer->open, stream, visit, arg, error);
}
