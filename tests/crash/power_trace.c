#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "powercut.h"

static uint64_t length_of(const struct power_record *record)
{
    return sizeof(*record) + ((uint64_t)record->bytes + 7) / 8 * 8;
}

void power_trace_take(struct power_trace *trace, const void *bytes, uint64_t size)
{
    uint64_t at = 0;
    uint32_t room = 0;

    *trace = (struct power_trace){.bytes = bytes, .size = size};
    while (at < size) {
        const struct power_record *record = (const void *)(trace->bytes + at);

        if (size - at < sizeof(*record) || size - at < length_of(record)) {
            power_die("trace", "its end is missing");
        }
        if (trace->count == room) {
            room = room * 2 + 1024;
            trace->records = power_resize(trace->records, room, sizeof(void *));
        }
        trace->records[trace->count++] = record;
        at += length_of(record);
    }
}

void power_trace_open(struct power_trace *trace, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes;

    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
        power_die(path, "there is no trace");
        return;
    }
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        power_die(path, "cannot be mapped");
    }
    power_trace_take(trace, bytes, (uint64_t)status.st_size);
    trace->mapped = true;
}

void power_trace_close(struct power_trace *trace)
{
    if (trace->mapped) {
        munmap((void *)(uintptr_t)trace->bytes, trace->size);
    }
    free(trace->records);
    *trace = (struct power_trace){.bytes = NULL};
}

const uint8_t *power_data(const struct power_record *record)
{
    return (const uint8_t *)(record + 1);
}

uint32_t power_trace_find(const struct power_trace *trace, uint64_t offset)
{
    uint32_t from = 0, to = trace->count;

    while (from + 1 < to) {
        uint32_t middle = from + (to - from) / 2;

        if ((uint64_t)((const uint8_t *)trace->records[middle] - trace->bytes) <=
            offset) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}
