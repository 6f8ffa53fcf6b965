/* sarn schema: the schemas that a log carries, which explain its payloads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct search {
    struct sarn_str name;
    uint64_t number; /* The name, where it is a number. */
    const char *path;
    uint32_t found; /* 0: none. */
    bool json, failed;
};

static sarn_status print_schema(void *arg, const struct sarn_stored_schema *schema)
{
    const struct search *search = arg;

    if (search->json) {
        printf("{\"id\":%u,\"name\":", schema->id);
        cli_print_json(schema->name);
        printf(",\"bytes\":%u,\"position\":%llu}\n", schema->bfbs.size,
               (unsigned long long)schema->position);
    } else {
        printf("%3u  ", schema->id);
        cli_print(false, CLI_PLAIN, schema->name);
        printf("  %u bytes  since position %llu\n", schema->bfbs.size,
               (unsigned long long)schema->position);
    }
    return SARN_OK;
}

static bool write_to(const char *path, struct sarn_str bytes)
{
    FILE *file = path == NULL ? stdout : fopen(path, "wb");
    bool written;

    if (file == NULL) {
        return false;
    }
    written =
        fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fflush(file) == 0;
    if (path != NULL && fclose(file) != 0) {
        written = false;
    }
    return written;
}

/* Note the id of the schema searched for: of those with its name, the latest. */
static sarn_status find_schema(void *arg, const struct sarn_stored_schema *schema)
{
    struct search *search = arg;

    if (sarn_str_equal(schema->name, search->name) || schema->id == search->number) {
        search->found = schema->id;
    }
    return SARN_OK;
}

static sarn_status write_schema(void *arg, const struct sarn_stored_schema *schema)
{
    struct search *search = arg;

    if (schema->id == search->found && !write_to(search->path, schema->bfbs)) {
        cli_complain("cannot write %s: %s",
                     search->path == NULL ? "to standard output" : search->path,
                     strerror(errno));
        search->failed = true;
    }
    return SARN_OK;
}

static int export_schema(sarn_log *log, struct search *search, struct sarn_error *error)
{
    sarn_status status = sarn_log_schemas(log, find_schema, search, error);

    if (status == SARN_OK && search->found == 0) {
        cli_complain("the log has no schema \"%.*s\"; see sarn schema list",
                     (int)search->name.size, search->name.data);
        return CLI_MISSING;
    }
    if (status == SARN_OK) {
        status = sarn_log_schemas(log, write_schema, search, error);
    }
    if (status != SARN_OK) {
        return cli_fail(status, error);
    }
    return search->failed ? CLI_FAILED : CLI_OK;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct search search = {0};
    struct cli_common common = {0};
    struct sarn_error error = {SARN_OK, ""};
    const char *words[3] = {NULL, NULL, NULL};
    const struct cli_option options[] = {{"output", CLI_TEXT, &search.path, 'o'}};
    bool listing, exporting;
    sarn_status status;
    sarn_log *log;
    int result;

    if (!cli_parse(command, argc, argv, options, 1, &common, words, 3, 2)) {
        return cli_parse_status(&common);
    }
    listing = strcmp(words[0], "list") == 0 && words[2] == NULL;
    exporting = strcmp(words[0], "export") == 0 && words[2] != NULL;
    if (!listing && !exporting) {
        cli_complain("it is: sarn schema list LOG, or sarn schema export LOG NAME");
        return CLI_USAGE;
    }
    if (exporting && search.path == NULL && isatty(STDOUT_FILENO) == 1) {
        cli_complain("a .bfbs is not for a terminal: add --output FILE");
        return CLI_USAGE;
    }
    result = cli_open(words[1], NULL, &log);
    if (result != CLI_OK) {
        return result;
    }
    search.json = common.json;
    search.name = sarn_str(words[2]);
    if (listing) {
        status = sarn_log_schemas(log, print_schema, &search, &error);
        result = status == SARN_OK ? CLI_OK : cli_fail(status, &error);
    } else {
        search.number = strtoull(words[2], NULL, 10);
        result = export_schema(log, &search, &error);
    }
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_schema = {
    .name = "schema",
    .summary = "list or export the schemas that the log carries",
    .usage =
        "sarn schema list LOG [--json]\n"
        "sarn schema export LOG NAME [--output FILE] - the .bfbs, as flatc reads it\n"
        "\n"
        "  NAME               of a schema, the latest of that name; or its number\n"
        "  -o, --output FILE  instead of standard output\n"
        "  --json             one JSON object a line\n"
        "\n"
        "Exit status: 0 done; 4 no such schema; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
