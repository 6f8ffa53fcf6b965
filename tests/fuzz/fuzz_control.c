/* What is said to a control socket, and what one says: read as requests and as replies;
 * what is a request is written again as the same one. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "infra/yajl/json.h"
#include "said.h"

static void as_request(struct sarn_str line, struct sarn_arena *arena)
{
    const struct sarn_json json = sarn__yajl_json();
    struct sarn__said said, back;
    struct sarn_str again;

    if (sarn__control_line_read(&json, line, arena, &said, NULL) != SARN_OK) {
        return;
    }
    if (sarn__control_line_write(&json, &said, arena, &again, NULL) != SARN_OK ||
        sarn__control_line_read(&json, again, arena, &back, NULL) != SARN_OK ||
        !said_same(&said, &back) || memchr(again.data, '\n', again.size) != NULL) {
        abort();
    }
}

static void as_reply(struct sarn_str line, struct sarn_arena *arena)
{
    const struct sarn_json json = sarn__yajl_json();
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_str output = {NULL, 0};
    sarn_status status = sarn__control_reply_read(&json, line, arena, &output, &error);

    if (status != SARN_OK && (error.status != status || error.text[0] == '\0')) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sarn_str line = {(const char *)data, (uint32_t)size};
    struct sarn_arena *arena = sarn_arena_create(NULL);

    if (arena == NULL) {
        abort();
    }
    as_request(line, arena);
    as_reply(line, arena);
    sarn_arena_destroy(arena);
    return 0;
}
