/* Writes what is missing in schemas/golden/; scripts/freeze-schemas runs it. */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>

#include "infra/flatbuffers/codec.h"
#include "infra/yajl/json.h"
#include "support/sample.h"

static bool write_file(const char *path, struct sarn_str bytes, const char *end)
{
    FILE *file = fopen(path, "wb");
    bool good;

    if (file == NULL) {
        return false;
    }
    good =
        fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fputs(end, file) >= 0;
    return fclose(file) == 0 && good;
}

/* The number of the first golden file that type does not have yet, unless the last one
 * has these bytes: then 0. */
static unsigned next_number(const char *folder,
                            const struct sarn_type *type,
                            struct sarn_str bytes,
                            struct sarn_arena *arena)
{
    char path[GOLDEN_PATH_BYTES];
    struct sarn_str last = {NULL, 0}, read;
    unsigned number = 1;

    for (;; number++) {
        golden_path(folder, type, number, "bin", path);
        if (!golden_read(path, arena, &read)) {
            return number > 1 && sarn_str_equal(last, bytes) ? 0 : number;
        }
        last = read;
    }
}

static sarn_status
freeze(const char *folder, const struct sarn_type *type, struct sarn_arena *arena)
{
    struct sarn_codec codec = sarn__flatbuffers_codec();
    struct sarn_json json = sarn__yajl_json();
    void *value = sample_value(type, arena);
    struct sarn_error error = {0};
    char path[GOLDEN_PATH_BYTES];
    struct sarn_str bytes, text;
    unsigned number;

    if (codec.ops->encode(codec.self, type, value, arena, &bytes, &error) != SARN_OK ||
        json.ops->write(json.self, type, value, arena, &text, &error) != SARN_OK) {
        fprintf(stderr, "%s: %s\n", type->name, error.text);
        return error.status;
    }
    number = next_number(folder, type, bytes, arena);
    if (number == 0) {
        return SARN_OK;
    }
    golden_path(folder, type, number, "json", path);
    if (!write_file(path, text, "\n")) {
        fprintf(stderr, "%s cannot be written.\n", path);
        return SARN_ERR_IO;
    }
    golden_path(folder, type, number, "bin", path);
    if (!write_file(path, bytes, "")) {
        fprintf(stderr, "%s cannot be written.\n", path);
        return SARN_ERR_IO;
    }
    printf("froze %s\n", path);
    return SARN_OK;
}

int main(int argc, char **argv)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    bool failed = argc != 2 || arena == NULL;

    for (uint32_t i = 0; !failed && golden_schemas[i] != NULL; i++) {
        const struct sarn_schema *schema = golden_schemas[i];

        for (uint32_t j = 0; j < schema->type_count; j++) {
            if (golden_covers(schema->types[j])) {
                failed |= freeze(argv[1], schema->types[j], arena) != SARN_OK;
                sarn_arena_reset(arena);
            }
        }
    }
    sarn_arena_destroy(arena);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
