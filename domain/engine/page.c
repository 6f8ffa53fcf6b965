#include "engine/page.h"

#include "core/fail.h"
#include "core/heap.h"

sarn_status sarn__page_init(struct sarn__page *page,
                            const struct sarn_heap *heap,
                            struct sarn_error *error)
{
    *page = (struct sarn__page){.heap = *heap};
    page->arena = sarn_arena_create(heap);
    page->records =
        sarn__heap_resize(heap, NULL, SARN__PAGE_RECORDS * sizeof(*page->records));
    if (page->arena == NULL || page->records == NULL) {
        sarn__page_done(page);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a page of events");
    }
    return SARN_OK;
}

void sarn__page_done(struct sarn__page *page)
{
    sarn_arena_destroy(page->arena);
    sarn__heap_free(&page->heap, page->records);
    *page = (struct sarn__page){.heap = page->heap};
}

void sarn__page_clear(struct sarn__page *page)
{
    sarn_arena_reset(page->arena);
    page->count = 0;
    page->full = false;
}

static sarn_status copy_text(struct sarn__page *page, struct sarn_str *text)
{
    if (text->size > 0) {
        return sarn_arena_copy(page->arena, *text, text);
    }
    if (text->data != NULL) {
        text->data = ""; /* Nothing may point into the journal. */
    }
    return SARN_OK;
}

sarn_status sarn__page_add(void *arg, const struct sarn__record *record)
{
    struct sarn__page *page = arg;
    struct sarn__record *copy = &page->records[page->count];

    if (page->count == SARN__PAGE_RECORDS ||
        (page->count > 0 && sarn_arena_bytes(page->arena) >= SARN__PAGE_BYTES)) {
        page->full = true;
        return SARN_ERR_FULL;
    }
    *copy = *record;
    SARN__TRY(copy_text(page, &copy->payload));
    SARN__TRY(copy_text(page, &copy->stream_name));
    SARN__TRY(copy_text(page, &copy->type_name));
    SARN__TRY(copy_text(page, &copy->actor_name));
    SARN__TRY(copy_text(page, &copy->origin_name));
    SARN__TRY(copy_text(page, &copy->schema_name));
    if (record->has_command) {
        SARN__TRY(copy_text(page, &copy->command.key));
        SARN__TRY(copy_text(page, &copy->command.text));
    }
    page->count += 1;
    return SARN_OK;
}

/* A scan that ended because the page was full did what it should. */
sarn_status sarn__page_ended(const struct sarn__page *page,
                             sarn_status status,
                             struct sarn_error *error)
{
    if (page->full && status == SARN_ERR_FULL) {
        return SARN_OK;
    }
    return status == SARN_ERR_NOMEM
               ? sarn__fail(error, status, "out of memory for a page of events")
               : status;
}

sarn_status sarn__page_forward(struct sarn__page *page,
                               const struct sarn_ports *ports,
                               uint64_t from,
                               uint64_t to,
                               struct sarn_error *error)
{
    uint64_t last = from + (SARN__PAGE_RECORDS - 1);

    sarn__page_clear(page);
    return sarn__page_ended(page,
                            sarn__scan_forward(ports, from, last < to ? last : to,
                                               sarn__page_add, page, error),
                            error);
}

sarn_status sarn__page_backward(struct sarn__page *page,
                                const struct sarn_ports *ports,
                                uint64_t from,
                                uint64_t to,
                                struct sarn_error *error)
{
    sarn__page_clear(page);
    if (to >= SARN__PAGE_RECORDS && from < to - (SARN__PAGE_RECORDS - 1)) {
        from = to - (SARN__PAGE_RECORDS - 1);
    }
    return sarn__page_ended(
        page, sarn__scan_backward(ports, from, to, sarn__page_add, page, error), error);
}

sarn_status sarn__page_positions(struct sarn__page *page,
                                 const struct sarn_ports *ports,
                                 const uint64_t *positions,
                                 uint32_t count,
                                 struct sarn_error *error)
{
    sarn__page_clear(page);
    return sarn__page_ended(
        page,
        sarn__scan_positions(ports, positions, count, sarn__page_add, page, error),
        error);
}
