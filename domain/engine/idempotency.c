/* Idempotency keys: the first command under a key is decided, its repeats get its
 * answer.
 *
 * A key that is in flight is here, in pending_keys; once durable it is in the store.
 * The hash of the payload tells a repeat from a mistake.
 */
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/control.h"
#include "engine/map_key.h"
#include "engine/state.h"

static void
answer_reused(sarn_engine *engine, struct sarn__request *request, struct sarn_str key)
{
    struct sarn_error error;
    sarn_status status = sarn__fail(&error, SARN_ERR_KEY_REUSED,
                                    "idempotency key \"%.*s\" was used for another "
                                    "command; give this one a key of its own",
                                    (int)key.size, key.data);
    struct sarn_reply reply = {
        .status = status, .version = -1, .text = error.text, .repeated = true};

    sarn__answer_now(engine, request, &reply);
}

/* What the command's last record tells of its answer: the version that the stream had
 * after it, and whom it belongs to. */
static sarn_status
note_record(void *arg, uint64_t position, struct sarn_str bytes, uint64_t *next)
{
    struct sarn__record record;
    struct sarn_reply *reply = arg;

    *next = 0;
    SARN__TRY(sarn__record_decode(position, bytes, NULL, &record, NULL));
    reply->version = record.stream == 0 ? -1 : (int64_t)record.version;
    reply->correlation_id = record.correlation_id;
    return SARN_OK;
}

/* Answer from the log. */
static void answer_stored(sarn_engine *engine,
                          struct sarn__request *request,
                          const struct sarn__command_result *stored,
                          uint64_t position)
{
    const struct sarn_journal *journal = &engine->log.ports.journal;
    char text[SARN_ERROR_TEXT_BYTES];
    uint32_t size = stored->text.size < sizeof(text) ? stored->text.size
                                                     : (uint32_t)sizeof(text) - 1;
    struct sarn_reply reply = {.status = (sarn_status)stored->status,
                               .event_count = stored->event_count,
                               .version = -1,
                               .repeated = true};
    struct sarn_error error = {SARN_OK, ""};
    uint64_t next;
    sarn_status status;

    if (stored->event_count > 0) {
        position += stored->event_count - 1;
        reply.position = position;
    }
    status =
        journal->ops->walk(journal->self, position, note_record, &reply, &next, &error);
    if (status != SARN_OK) {
        sarn__answer_error(engine, request, status, &error);
        return;
    }
    if (request->kind == SARN__REQUEST_CONTROL && reply.status == SARN_OK) {
        sarn__control_recall(engine, request, reply.position, &reply);
    }
    if (size > 0) {
        memcpy(text, stored->text.data, size);
        text[size] = '\0';
        reply.text = text;
    }
    sarn__answer_now(engine, request, &reply);
}

/* Note the key as in flight. */
static sarn_status pend(sarn_engine *engine,
                        const struct sarn__request *holder,
                        uint32_t tenant,
                        struct sarn_str key,
                        const uint8_t payload_hash[16])
{
    const struct sarn_heap *heap = &engine->log.ports.heap;
    char bytes[SARN__MAP_KEY_BYTES_MAX];
    struct sarn_str text = sarn__map_key(bytes, tenant, key);
    struct sarn__pending_key *pending =
        sarn__heap_alloc(heap, sizeof(*pending) + text.size);

    if (pending == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(pending + 1, text.data, text.size);
    pending->node.key = (struct sarn_str){(const char *)(pending + 1), text.size};
    memcpy(pending->payload_hash, payload_hash, sizeof(pending->payload_hash));
    pending->holder = holder;
    if (sarn__map_insert(&engine->pending_keys, &pending->node) != SARN_OK) {
        sarn__heap_free(heap, pending);
        return SARN_ERR_NOMEM;
    }
    return SARN_OK;
}

bool sarn__key_taken(sarn_engine *engine,
                     struct sarn__request *request,
                     uint32_t tenant,
                     struct sarn_str key,
                     const uint8_t payload_hash[16],
                     struct sarn__command_result *result)
{
    char bytes[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node =
        sarn__map_find(&engine->pending_keys, sarn__map_key(bytes, tenant, key));
    struct sarn__command_result stored;
    struct sarn_error error;
    uint64_t position;
    sarn_status status;

    if (node != NULL && SARN__OF(node, struct sarn__pending_key, node)->answered) {
        sarn__settle_fold(engine); /* Now the store can tell. */
        node = NULL;
    }
    if (node != NULL) {
        struct sarn__pending_key *pending =
            SARN__OF(node, struct sarn__pending_key, node);

        if (memcmp(pending->payload_hash, payload_hash, 16) != 0) {
            answer_reused(engine, request, key);
        } else {
            request->next = pending->waiters;
            pending->waiters = request;
        }
        return true;
    }
    status = sarn__store_command(&engine->log.store, tenant, key, request->arena,
                                 &stored, &position, &error);
    if (status == SARN_OK) {
        if (memcmp(stored.payload_hash, payload_hash, 16) != 0) {
            answer_reused(engine, request, key);
        } else {
            answer_stored(engine, request, &stored, position);
        }
        return true;
    }
    if (status == SARN_ERR_NOT_FOUND) {
        status = pend(engine, request, tenant, key, payload_hash);
        error.status = SARN_OK;
    }
    if (status != SARN_OK) {
        struct sarn_reply reply = {.status = status, .version = -1, .repeated = true};

        reply.text = error.status == status ? error.text : NULL;
        sarn__answer_now(engine, request, &reply); /* The key was never pending. */
        return true;
    }
    *result = (struct sarn__command_result){.status = SARN_OK, .key = key};
    memcpy(result->payload_hash, payload_hash, sizeof(result->payload_hash));
    return false;
}

void sarn__key_answered(sarn_engine *engine,
                        const struct sarn__request *request,
                        uint32_t tenant,
                        struct sarn_str key,
                        const struct sarn_reply *reply)
{
    char bytes[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node =
        sarn__map_find(&engine->pending_keys, sarn__map_key(bytes, tenant, key));
    struct sarn__pending_key *pending;
    struct sarn_reply repeated = *reply;

    pending = node == NULL ? NULL : SARN__OF(node, struct sarn__pending_key, node);
    if (pending == NULL || pending->holder != request) {
        return; /* Answered without having been decided: refused, or only tried. */
    }
    pending->holder = NULL;
    repeated.repeated = true;
    repeated.events = NULL;
    while (pending->waiters != NULL) {
        struct sarn__request *waiter = pending->waiters;

        pending->waiters = waiter->next;
        sarn__answer_now(engine, waiter, &repeated);
    }
    if (engine->writer.settling != NULL) {
        pending->answered = true;
        pending->next_answered = engine->answered_keys;
        engine->answered_keys = pending;
        return;
    }
    sarn__map_remove(&engine->pending_keys, node);
    sarn__heap_free(&engine->log.ports.heap, pending);
}

void sarn__keys_settled(sarn_engine *engine)
{
    while (engine->answered_keys != NULL) {
        struct sarn__pending_key *pending = engine->answered_keys;

        engine->answered_keys = pending->next_answered;
        sarn__map_remove(&engine->pending_keys, &pending->node);
        sarn__heap_free(&engine->log.ports.heap, pending);
    }
}
