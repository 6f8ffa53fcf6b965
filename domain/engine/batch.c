#include "engine/batch.h"

#include "core/fail.h"
#include "core/heap.h"

sarn_status sarn__batch_init(struct sarn__batch *batch,
                             const struct sarn_heap *heap,
                             struct sarn_error *error)
{
    *batch = (struct sarn__batch){.heap = *heap};
    batch->arena = sarn_arena_create(heap);
    batch->records =
        sarn__heap_resize(heap, NULL, SARN__BATCH_RECORDS * sizeof(*batch->records));
    if (batch->arena == NULL || batch->records == NULL) {
        sarn__batch_done(batch);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a batch of events");
    }
    return SARN_OK;
}

void sarn__batch_done(struct sarn__batch *batch)
{
    sarn_arena_destroy(batch->arena);
    sarn__heap_free(&batch->heap, batch->records);
    *batch = (struct sarn__batch){.heap = batch->heap};
}

void sarn__batch_clear(struct sarn__batch *batch)
{
    sarn_arena_reset(batch->arena);
    batch->count = 0;
    batch->full = false;
}

static sarn_status copy_text(struct sarn__batch *batch, struct sarn_str *text)
{
    if (text->size > 0) {
        return sarn_arena_copy(batch->arena, *text, text);
    }
    if (text->data != NULL) {
        text->data = ""; /* Nothing may point into the journal. */
    }
    return SARN_OK;
}

sarn_status sarn__batch_add(void *arg, const struct sarn__record *record)
{
    struct sarn__batch *batch = arg;
    struct sarn__record *copy = &batch->records[batch->count];

    if (batch->count == SARN__BATCH_RECORDS ||
        (batch->count > 0 && sarn_arena_bytes(batch->arena) >= SARN__BATCH_BYTES)) {
        batch->full = true;
        return SARN_ERR_FULL;
    }
    *copy = *record;
    SARN__TRY(copy_text(batch, &copy->payload));
    SARN__TRY(copy_text(batch, &copy->stream_name));
    SARN__TRY(copy_text(batch, &copy->type_name));
    SARN__TRY(copy_text(batch, &copy->actor_name));
    SARN__TRY(copy_text(batch, &copy->origin_name));
    SARN__TRY(copy_text(batch, &copy->schema_name));
    if (record->has_command) {
        SARN__TRY(copy_text(batch, &copy->command.key));
        SARN__TRY(copy_text(batch, &copy->command.text));
    }
    batch->count += 1;
    return SARN_OK;
}

/* A scan that ended because the batch was full did what it should. */
static sarn_status
ended(struct sarn__batch *batch, sarn_status status, struct sarn_error *error)
{
    if (batch->full && status == SARN_ERR_FULL) {
        return SARN_OK;
    }
    return status == SARN_ERR_NOMEM
               ? sarn__fail(error, status, "out of memory for a batch of events")
               : status;
}

sarn_status sarn__batch_forward(struct sarn__batch *batch,
                                const struct sarn_ports *ports,
                                uint64_t from,
                                uint64_t to,
                                struct sarn_error *error)
{
    uint64_t last = from + (SARN__BATCH_RECORDS - 1);

    sarn__batch_clear(batch);
    return ended(batch,
                 sarn__scan_forward(ports, from, last < to ? last : to, sarn__batch_add,
                                    batch, error),
                 error);
}

sarn_status sarn__batch_backward(struct sarn__batch *batch,
                                 const struct sarn_ports *ports,
                                 uint64_t from,
                                 uint64_t to,
                                 struct sarn_error *error)
{
    sarn__batch_clear(batch);
    if (to >= SARN__BATCH_RECORDS && from < to - (SARN__BATCH_RECORDS - 1)) {
        from = to - (SARN__BATCH_RECORDS - 1);
    }
    return ended(batch,
                 sarn__scan_backward(ports, from, to, sarn__batch_add, batch, error),
                 error);
}

sarn_status sarn__batch_positions(struct sarn__batch *batch,
                                  const struct sarn_ports *ports,
                                  const uint64_t *positions,
                                  uint32_t count,
                                  struct sarn_error *error)
{
    sarn__batch_clear(batch);
    return ended(
        batch,
        sarn__scan_positions(ports, positions, count, sarn__batch_add, batch, error),
        error);
}
