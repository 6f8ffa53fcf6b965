#define _GNU_SOURCE

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"

const char *const soak_kind_names[SOAK_KIND_COUNT] = {
#define X(name, text) text,
    SOAK_KINDS(X)
#undef X
};

void soak_row_head(FILE *csv)
{
    fputs("elapsed_s,seconds,events_per_s", csv);
    for (uint32_t i = 0; i < SOAK_KIND_COUNT; i++) {
        const char *name = soak_kind_names[i];

        fprintf(csv, ",%s_per_s,%s_p50_ms,%s_p99_ms,%s_p999_ms,%s_max_ms", name, name,
                name, name, name);
    }
    fputs(",rss_kib,anon_kib,file_kib,heap_kib,cache_kib,file_bytes,used_bytes,"
          "position,tail,"
          "bytes_per_event,streams,in_flight,requests,subscriber_lag,schedule_runs,"
          "outside_reads,close_ms,open_ms,again,errors\n",
          csv);
}

/* --- the process --- */

struct memory {
    uint64_t rss, anon, file; /* KiB */
};

static struct memory memory_now(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    struct memory memory = {0};
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            memory.rss = strtoull(line + 6, NULL, 10);
        } else if (strncmp(line, "RssAnon:", 8) == 0) {
            memory.anon = strtoull(line + 8, NULL, 10);
        } else if (strncmp(line, "RssFile:", 8) == 0) {
            memory.file = strtoull(line + 8, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return memory;
}

/* What the program and the library have allocated and not freed. */
static uint64_t heap_kib(void)
{
    struct mallinfo2 info = mallinfo2();

    return (uint64_t)(info.uordblks + info.hblkhd) / 1024;
}

/* --- the row --- */

static sarn_status add_runs(void *arg, const struct sarn_schedule_info *info)
{
    uint64_t *runs = arg;

    *runs += info->started;
    return SARN_OK;
}

static void write_latencies(struct soak *soak, double seconds, FILE *csv)
{
    for (uint32_t i = 0; i < SOAK_KIND_COUNT; i++) {
        struct soak_latency latency;

        pthread_mutex_lock(&soak->mutex);
        latency = soak->latency[i];
        memset(&soak->latency[i], 0, sizeof(soak->latency[i]));
        pthread_mutex_unlock(&soak->mutex);
        fprintf(csv, ",%.1f,%.3f,%.3f,%.3f,%.3f", (double)latency.count / seconds,
                soak_latency_ms(&latency, 0.5), soak_latency_ms(&latency, 0.99),
                soak_latency_ms(&latency, 0.999), (double)latency.max_us / 1000);
    }
}

void soak_row(struct soak *soak, struct soak_moment *moment, FILE *csv)
{
    struct sarn_engine_stats engine = {.struct_size = sizeof(engine)};
    struct sarn_log_stats log = {.struct_size = sizeof(log)};
    struct memory memory = memory_now();
    struct sarn_error error;
    uint64_t runs = 0;
    sarn_log *at = sarn_engine_log(soak->engine);

    soak_must(sarn_engine_get_stats(soak->engine, &engine, &error), &error, "stats");
    soak_must(sarn_log_get_stats(at, &log, &error), &error, "stats");
    soak_must(sarn_schedules(at, add_runs, &runs, &error), &error, "schedules");
    fprintf(csv, "%.1f,%.2f,%.1f", moment->elapsed, moment->seconds,
            (double)(log.last_position - moment->position) / moment->seconds);
    write_latencies(soak, moment->seconds, csv);
    pthread_mutex_lock(&soak->mutex);
    fprintf(
        csv,
        ",%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%.1f,%llu,%llu,%llu,%llu,%llu,"
        "%llu,%.1f,%.1f,%llu,%llu\n",
        (unsigned long long)memory.rss, (unsigned long long)memory.anon,
        (unsigned long long)memory.file, (unsigned long long)heap_kib(),
        (unsigned long long)engine.cache_bytes / 1024,
        (unsigned long long)log.file_bytes, (unsigned long long)log.used_bytes,
        (unsigned long long)log.last_position,
        (unsigned long long)(log.last_position - log.flushed_position),
        (double)log.file_bytes / (double)(log.last_position + 1),
        (unsigned long long)log.streams, (unsigned long long)engine.executions_running,
        (unsigned long long)soak->flying,
        (unsigned long long)(log.last_position > soak->seen
                                 ? log.last_position - soak->seen
                                 : 0),
        (unsigned long long)runs, (unsigned long long)moment->outside, moment->close_ms,
        moment->open_ms, (unsigned long long)soak->again,
        (unsigned long long)soak->errors);
    pthread_mutex_unlock(&soak->mutex);
    fflush(csv);
    moment->position = log.last_position;
    moment->close_ms = 0;
    moment->open_ms = 0;
}
