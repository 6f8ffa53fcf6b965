/* The command line: --name value, --name=value, -n, words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

static bool
misused(const struct cli_command *command, const char *what, const char *word)
{
    cli_complain("%s%s; see sarn %s --help", what, word, command->name);
    return false;
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

/* Up to six digits after the point, as microseconds. */
static const char *parse_fraction(const char *text, int64_t *us)
{
    int64_t unit = 100000;

    for (; *text >= '0' && *text <= '9'; text++) {
        *us += (*text - '0') * unit;
        unit /= 10;
    }
    return text;
}

/* "2026-11-21", "2026-11-21T11:17", "2026-11-21 11:17:00.5Z", or microseconds. UTC. */
static bool parse_time(const char *text, int64_t *value)
{
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
                                          "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
                                          "%Y-%m-%d"};
    uint64_t number;

    if (parse_number(text, &number) && number <= INT64_MAX) {
        *value = (int64_t)number;
        return true;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct tm tm = {0};
        const char *rest = strptime(text, formats[i], &tm);
        int64_t us = 0;

        if (rest == NULL) {
            continue;
        }
        if (*rest == '.') {
            rest = parse_fraction(rest + 1, &us);
        }
        rest += *rest == 'Z';
        if (*rest == '\0') {
            *value = (int64_t)timegm(&tm) * 1000000 + us;
            return true;
        }
    }
    return false;
}

static bool store(const struct cli_option *option, const char *text)
{
    struct cli_list *list;

    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->value = true;
        return true;
    case CLI_TEXT:
        *(const char **)option->value = text;
        return true;
    case CLI_NUMBER:
        return parse_number(text, option->value);
    case CLI_POSITION: /* Of an event: they count from 1. */
        return parse_number(text, option->value) && *(uint64_t *)option->value != 0;
    case CLI_TIME:
        return parse_time(text, option->value);
    case CLI_UUID:
        return sarn_uuid_parse(sarn_str(text), option->value) == SARN_OK;
    case CLI_LIST:
        list = option->value;
        if (list->count == CLI_LIST_MAX) {
            return false;
        }
        list->items[list->count++] = text;
        return true;
    }
    return false;
}

static const struct cli_option *
find(const struct cli_option *options, size_t count, const char *word, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        bool brief = size == 2 && word[1] == options[i].brief;
        bool full = size > 2 && word[1] == '-' && strlen(options[i].name) == size - 2 &&
                    memcmp(word + 2, options[i].name, size - 2) == 0;

        if (brief || full) {
            return &options[i];
        }
    }
    return NULL;
}

/* Take the option at argv[*i], and its value. */
static bool take(const struct cli_command *command,
                 int argc,
                 char **argv,
                 int *i,
                 const struct cli_option *options,
                 size_t count)
{
    const char *word = argv[*i];
    const char *equals = strchr(word, '=');
    size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct cli_option *option = find(options, count, word, size);
    const char *value = equals != NULL ? equals + 1 : NULL;

    if (option == NULL) {
        return misused(command, "unknown option ", word);
    }
    if (option->kind == CLI_FLAG && value != NULL) {
        return misused(command, "no value goes with ", word);
    }
    if (option->kind != CLI_FLAG && value == NULL) {
        if (*i + 1 == argc) {
            return misused(command, "a value is missing after ", word);
        }
        *i += 1;
        value = argv[*i];
    }
    if (!store(option, value)) {
        cli_complain("--%s cannot be \"%s\"; see sarn %s --help", option->name, value,
                     command->name);
        return false;
    }
    return true;
}

bool cli_parse(const struct cli_command *command,
               int argc,
               char **argv,
               const struct cli_option *options,
               size_t option_count,
               struct cli_common *common,
               const char **words,
               size_t word_count,
               size_t words_needed)
{
    const struct cli_option shared[] = {{"json", CLI_FLAG, &common->json, 0},
                                        {"help", CLI_FLAG, &common->help, 'h'},
                                        {"color", CLI_TEXT, &common->color, 0}};
    const size_t shared_count = sizeof(shared) / sizeof(shared[0]);
    size_t used = 0;
    bool only_words = false;

    for (int i = 1; i < argc; i++) {
        size_t size = strcspn(argv[i], "=");

        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            bool is_shared = find(shared, shared_count, argv[i], size) != NULL;

            if (!take(command, argc, argv, &i, is_shared ? shared : options,
                      is_shared ? shared_count : option_count)) {
                return false;
            }
        } else if (used == word_count) {
            return misused(command, "one word too many: ", argv[i]);
        } else {
            words[used++] = argv[i];
        }
    }
    if (common->help) {
        fputs(command->usage, stdout);
        return false;
    }
    if (used < words_needed) {
        return misused(command, used == 0 ? "which log" : "a word is missing", "");
    }
    if (common->color != NULL && strcmp(common->color, "auto") != 0 &&
        strcmp(common->color, "always") != 0 && strcmp(common->color, "never") != 0) {
        return misused(command, "--color is auto, always or never, not ",
                       common->color);
    }
    return true;
}

int cli_parse_status(const struct cli_common *common)
{
    return common->help ? cli_finish(CLI_OK) : CLI_USAGE;
}
