#define _POSIX_C_SOURCE 200809L

#include "infra/posix/zones.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/fail.h"

#define FOLDER "/usr/share/zoneinfo/"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Parts between slashes, each of which begins with a letter or digit: so there is no
 * way up, or to the root. */
static bool may_be_a_zone(struct sarn_str name)
{
    static const char others[] = {'/', '_', '+', '-'};
    bool begins = true;

    if (name.size > SARN__ZONE_NAME_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        char c = name.data[i];

        if (begins
                ? !is_letter_or_digit(c)
                : !is_letter_or_digit(c) && memchr(others, c, sizeof(others)) == NULL) {
            return false;
        }
        begins = c == '/';
    }
    return !begins;
}

static sarn_status no_such_zone(struct sarn_str name, struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOT_FOUND,
                      "there is no time zone \"%.*s\" in " FOLDER
                      ": check its name, and that the package tzdata is installed",
                      (int)name.size, name.data);
}

static sarn_status cannot_read(struct sarn_str name, struct sarn_error *error)
{
    sarn_status status =
        errno == EACCES || errno == EPERM ? SARN_ERR_PERMISSION : SARN_ERR_IO;

    return sarn__fail(error, status, "cannot read time zone \"%.*s\": %s",
                      (int)name.size, name.data, strerror(errno));
}

/* Read file to its end. */
static sarn_status read_all(int file,
                            struct sarn_str name,
                            struct sarn_arena *arena,
                            struct sarn_str *bytes,
                            struct sarn_error *error)
{
    const size_t room = SARN__ZONE_BYTES_MAX + 1;
    char *data = sarn_arena_alloc(arena, room);
    size_t size = 0;

    if (data == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a time zone");
    }
    while (size < room) {
        ssize_t got = read(file, data + size, room - size);

        if (got == 0) {
            break;
        }
        if (got > 0) {
            size += (size_t)got;
        } else if (errno == EISDIR) {
            return no_such_zone(name, error);
        } else if (errno != EINTR) {
            return cannot_read(name, error);
        }
    }
    if (size == room) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "time zone \"%.*s\" has over %u bytes", (int)name.size,
                          name.data, SARN__ZONE_BYTES_MAX);
    }
    *bytes = (struct sarn_str){data, (uint32_t)size};
    return SARN_OK;
}

static sarn_status load(void *self,
                        struct sarn_str name,
                        struct sarn_arena *arena,
                        struct sarn_str *bytes,
                        struct sarn_error *error)
{
    char path[sizeof(FOLDER) + SARN__ZONE_NAME_BYTES_MAX];
    sarn_status status;
    int file;

    (void)self;
    if (!may_be_a_zone(name)) {
        return no_such_zone(name, error);
    }
    snprintf(path, sizeof(path), FOLDER "%.*s", (int)name.size, name.data);
    do {
        file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    } while (file < 0 && errno == EINTR);
    if (file < 0) {
        return errno == ENOENT || errno == ENOTDIR ? no_such_zone(name, error)
                                                   : cannot_read(name, error);
    }
    status = read_all(file, name, arena, bytes, error);
    close(file);
    return status;
}

struct sarn_zones sarn__posix_zones(void)
{
    static const struct sarn_zones_ops ops = {.load = load};

    return (struct sarn_zones){.ops = &ops, .self = NULL};
}
