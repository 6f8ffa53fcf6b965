/* Just enough JSON to take a member out of an object that Sarn itself wrote. */
#include <string.h>

#include "cli.h"

/* The end of the string that begins at at (on its quote). */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\';
    }
    return at < end ? at + 1 : end;
}

/* The end of the value that begins at at. */
static const char *skip_value(const char *at, const char *end)
{
    int depth = 0;

    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            if (depth == 0) {
                return at;
            }
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}')) {
            return at;
        }
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
        if (depth == 0 && (at[-1] == '}' || at[-1] == ']')) {
            return at;
        }
    }
    return end;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == ',' || *at == ':')) {
        at++;
    }
    return at;
}

struct sarn_str cli_json_member(struct sarn_str json, const char *name)
{
    const char *end = json.data + json.size;
    const char *at = json.data;
    size_t size = strlen(name);

    if (json.size == 0 || *at != '{') {
        return (struct sarn_str){NULL, 0};
    }
    for (at = skip_space(at + 1, end); at < end && *at == '"';
         at = skip_space(at, end)) {
        const char *key = at + 1;
        const char *value;
        bool found;

        at = skip_string(at, end);
        found = (size_t)(at - 1 - key) == size && memcmp(key, name, size) == 0;
        value = skip_space(at, end);
        at = skip_value(value, end);
        if (found) {
            return (struct sarn_str){value, (uint32_t)(at - value)};
        }
    }
    return (struct sarn_str){NULL, 0};
}
