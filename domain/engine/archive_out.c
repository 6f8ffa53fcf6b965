#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/archive.h"

#define ROOM_FIRST 65536u

sarn_status sarn__archive_put(struct sarn__archive_out *out,
                              const void *data,
                              size_t size,
                              struct sarn_error *error)
{
    size_t room = out->room == 0 ? ROOM_FIRST : out->room;
    char *grown;

    while (room - out->size < size) {
        room *= 2;
    }
    if (room > out->room) {
        grown = sarn__heap_resize(&out->heap, out->data, room);
        if (grown == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an archive");
        }
        out->data = grown;
        out->room = room;
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return SARN_OK;
}

void sarn__archive_out_done(struct sarn__archive_out *out)
{
    sarn__heap_free(&out->heap, out->data);
    *out = (struct sarn__archive_out){.heap = out->heap};
}
