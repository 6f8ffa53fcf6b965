/* sarn-schema: a binary schema (flatc --binary --schema) to C, or two of them compared.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "tools/schema/compare.h"
#include "tools/schema/emit.h"
#include "tools/schema/names.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_BROKEN = 3 };

static const char usage[] =
    "usage: sarn-schema FILE.bfbs --name NAME --out DIR [--header PATH]\n"
    "       sarn-schema --compare OLD.bfbs NEW.bfbs\n"
    "\n"
    "The first writes NAME_schema.h and NAME_schema.c to DIR: plain C structs for the\n"
    "tables of a schema, and the descriptors that Sarn reads and writes them by. "
    "--header\n"
    "names the header otherwise, as a path under DIR; the source goes beside it.\n"
    "\n"
    "The second tells whether NEW may take the place of OLD: payloads written under "
    "OLD\n"
    "must keep their meaning. It names each change that breaks this.\n"
    "\n"
    "A .bfbs is made by: flatc --binary --schema FILE.fbs\n"
    "\n"
    "Exit status: 0 done; 1 refused (compare: NEW breaks OLD; else the schema uses "
    "what\n"
    "Sarn does not serve); 2 wrong usage; 3 a file could not be read or written.\n";

struct options {
    const char *input, *name, *out, *header;
    const char *older, *newer;
};

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--name") == 0     ? &options->name
                             : strcmp(argv[i], "--out") == 0    ? &options->out
                             : strcmp(argv[i], "--header") == 0 ? &options->header
                                                                : NULL;

        if (value != NULL && i + 1 < argc) {
            *value = argv[++i];
        } else if (strcmp(argv[i], "--compare") == 0 && i + 2 < argc) {
            options->older = argv[++i];
            options->newer = argv[++i];
        } else if (argv[i][0] != '-' && options->input == NULL) {
            options->input = argv[i];
        } else {
            return false;
        }
    }
    if (options->older != NULL) {
        return options->input == NULL && options->name == NULL && options->out == NULL;
    }
    return options->input != NULL && options->name != NULL && options->out != NULL;
}

/* --- files --- */

static sarn_status read_file(const char *path,
                             struct sarn_arena *arena,
                             struct sarn_str *bytes,
                             struct sarn_error *error)
{
    char *data = sarn_arena_alloc(arena, SARN_PAYLOAD_BYTES_MAX + 1);
    FILE *file = fopen(path, "rb");
    size_t size;

    if (data == NULL || file == NULL) {
        if (file != NULL) {
            fclose(file);
        }
        return sarn__fail(error, SARN_ERR_IO, "%s cannot be read: %s.", path,
                          strerror(errno));
    }
    size = fread(data, 1, SARN_PAYLOAD_BYTES_MAX + 1, file);
    if (ferror(file)) {
        fclose(file);
        return sarn__fail(error, SARN_ERR_IO, "%s cannot be read.", path);
    }
    fclose(file);
    *bytes = (struct sarn_str){data, (uint32_t)size};
    return SARN_OK;
}

static sarn_status load(const char *path,
                        const char *name,
                        uint32_t flags,
                        struct sarn_arena *arena,
                        struct sarn__loaded *loaded,
                        struct sarn_error *error)
{
    struct sarn_str bytes;

    SARN__TRY(read_file(path, arena, &bytes, error));
    return sarn__schema_load(sarn_str(name), bytes, flags, arena, loaded, error);
}

/* --- generate --- */

/* The file of path without folder and extension, and ext behind it. */
static void file_name(const char *path, const char *ext, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    int length = dot != NULL ? (int)(dot - base) : (int)strlen(base);

    snprintf(name, size, "%.*s%s", length, base, ext);
}

static sarn_status write_file(const char *dir,
                              const char *name,
                              const struct emission *emission,
                              bool header,
                              struct sarn_error *error)
{
    char path[4096];
    sarn_status status = SARN_OK;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    if (file == NULL) {
        return sarn__fail(error, SARN_ERR_IO, "%s cannot be written: %s.", path,
                          strerror(errno));
    }
    if (header) {
        status = emit_header(file, emission);
    } else {
        emit_source(file, emission);
    }
    if (ferror(file)) {
        status = SARN_ERR_IO;
    }
    if (fclose(file) != 0 || status != SARN_OK) {
        remove(path); /* Half a file must not look like a made one. */
        return sarn__fail(error, SARN_ERR_IO, "%s could not be written whole.", path);
    }
    return SARN_OK;
}

static sarn_status generate(const struct options *options,
                            struct sarn_arena *arena,
                            struct sarn_error *error)
{
    char header[1024], source[1024], fbs[1024];
    struct sarn__loaded loaded;
    struct emission emission = {&loaded, options->name, header, fbs};

    for (const char *c = options->name; *c != '\0'; c++) {
        if (strchr("abcdefghijklmnopqrstuvwxyz_0123456789", *c) == NULL) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "The name %s is not lower_case, as C names here are.",
                              options->name);
        }
    }
    SARN__TRY(load(options->input, options->name, 0, arena, &loaded, error));
    SARN__TRY(check_c_names(&loaded, error));
    if (options->header != NULL) {
        snprintf(header, sizeof(header), "%s", options->header);
    } else {
        snprintf(header, sizeof(header), "%s_schema.h", options->name);
    }
    snprintf(source, sizeof(source), "%s", header);
    if (strlen(source) > 2 && strcmp(source + strlen(source) - 2, ".h") == 0) {
        source[strlen(source) - 1] = 'c';
    } else {
        return sarn__fail(error, SARN_ERR_INVALID, "The header %s does not end in .h.",
                          header);
    }
    file_name(options->input, ".fbs", fbs, sizeof(fbs));
    SARN__TRY(write_file(options->out, header, &emission, true, error));
    return write_file(options->out, source, &emission, false, error);
}

/* --- compare --- */

static sarn_status compare(const struct options *options,
                           struct sarn_arena *arena,
                           uint32_t *breaks,
                           struct sarn_error *error)
{
    struct sarn__loaded older, newer;

    SARN__TRY(load(options->older, "old", SARN__LOAD_DEPRECATED, arena, &older, error));
    SARN__TRY(load(options->newer, "new", SARN__LOAD_DEPRECATED, arena, &newer, error));
    *breaks = compare_schemas(&older, &newer, stdout);
    return SARN_OK;
}

static int exit_status(sarn_status status)
{
    if (status == SARN_OK) {
        return EXIT_SUCCESS;
    }
    return status == SARN_ERR_SCHEMA    ? EXIT_REFUSED
           : status == SARN_ERR_INVALID ? EXIT_USAGE
                                        : EXIT_BROKEN;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct sarn_error error = {0};
    struct sarn_arena *arena;
    uint32_t breaks = 0;
    sarn_status status;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!parse(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    arena = sarn_arena_create(NULL);
    if (arena == NULL) {
        fputs("sarn-schema: out of memory\n", stderr);
        return EXIT_BROKEN;
    }
    status = options.older != NULL ? compare(&options, arena, &breaks, &error)
                                   : generate(&options, arena, &error);
    sarn_arena_destroy(arena);
    if (status != SARN_OK) {
        fprintf(stderr, "sarn-schema: %s: %s\n",
                options.older != NULL ? options.newer : options.input, error.text);
        return exit_status(status);
    }
    return breaks > 0 ? EXIT_REFUSED : EXIT_SUCCESS;
}
