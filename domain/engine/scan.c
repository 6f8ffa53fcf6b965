#include "engine/scan.h"

#include "core/fail.h"

struct scan {
    const struct sarn_ports *ports;
    sarn__scan_fn *visit;
    void *arg;
    struct sarn_error *error;
    uint64_t first;            /* Backward: where to stop. */
    const uint64_t *positions; /* Or those that are left, */
    uint32_t count;            /* this many after the present one. */
};

static sarn_status visit_value(void *arg, uint64_t position, struct sarn_str value)
{
    struct scan *scan = arg;
    struct sarn__record record;

    SARN__TRY(
        sarn__record_decode(position, value, &scan->ports->hash, &record, scan->error));
    return scan->visit(scan->arg, &record);
}

sarn_status sarn__scan_forward(const struct sarn_ports *ports,
                               uint64_t from,
                               uint64_t to,
                               sarn__scan_fn *visit,
                               void *arg,
                               struct sarn_error *error)
{
    struct scan scan = {.ports = ports, .visit = visit, .arg = arg, .error = error};
    const struct sarn_journal *journal = &ports->journal;

    while (from != 0 && from <= to) {
        uint64_t next = 0;

        SARN__TRY(journal->ops->scan(journal->self, from, to, visit_value, &scan, &next,
                                     error));
        from = next;
    }
    return SARN_OK;
}

static sarn_status
walk_back(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    struct scan *scan = arg;

    SARN__TRY(visit_value(scan, position, value));
    *next = position > scan->first ? position - 1 : 0;
    return SARN_OK;
}

static sarn_status
walk_list(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    struct scan *scan = arg;

    SARN__TRY(visit_value(scan, position, value));
    if (scan->count > 0) {
        *next = *scan->positions++;
        scan->count -= 1;
    }
    return SARN_OK;
}

static sarn_status
walk(struct scan *scan, uint64_t start, sarn_walk_fn *step, struct sarn_error *error)
{
    const struct sarn_journal *journal = &scan->ports->journal;

    while (start != 0) {
        uint64_t next = 0;

        SARN__TRY(journal->ops->walk(journal->self, start, step, scan, &next, error));
        start = next;
    }
    return SARN_OK;
}

sarn_status sarn__scan_backward(const struct sarn_ports *ports,
                                uint64_t from,
                                uint64_t to,
                                sarn__scan_fn *visit,
                                void *arg,
                                struct sarn_error *error)
{
    struct scan scan = {
        .ports = ports, .visit = visit, .arg = arg, .error = error, .first = from};

    return from > to ? SARN_OK : walk(&scan, to, walk_back, error);
}

sarn_status sarn__scan_positions(const struct sarn_ports *ports,
                                 const uint64_t *positions,
                                 uint32_t count,
                                 sarn__scan_fn *visit,
                                 void *arg,
                                 struct sarn_error *error)
{
    struct scan scan = {.ports = ports, .visit = visit, .arg = arg, .error = error};

    if (count == 0) {
        return SARN_OK;
    }
    scan.positions = positions + 1;
    scan.count = count - 1;
    return walk(&scan, positions[0], walk_list, error);
}

static sarn_status keep_time(void *arg, const struct sarn__record *record)
{
    int64_t *time_us = arg;

    *time_us = record->time_us;
    return SARN_OK;
}

sarn_status sarn__scan_time(const struct sarn_ports *ports,
                            uint64_t position,
                            int64_t *time_us,
                            struct sarn_error *error)
{
    return sarn__scan_forward(ports, position, position, keep_time, time_us, error);
}
