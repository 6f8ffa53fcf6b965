/* soak.h - a mixed load held for hours, and what it does to memory, file and latency.
 *
 * The load is open loop: each operation has a time at which it is to be made, whatever
 * became of those before it, and its latency counts from that time on. One thread makes
 * them (soak_load.c), one reads (soak_look.c), one measures the machine
 * (soak_probe.c), and the first thread writes a row of
 * figures each interval (soak_row.c), closes and opens the log again now and then, and
 * sends other processes to read it (soak.c). Afterwards the figures, read back from the
 * CSV, are judged (soak_judge.c) and drawn (soak_plot.c).
 */
#ifndef SARN_BENCH_SOAK_H
#define SARN_BENCH_SOAK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sarn/sarn.h>

/* What is done, and the name of its columns. */
#define SOAK_KINDS(X)                                                                  \
    X(COMMAND, "command") /* One to a counter, with an idempotency key. */             \
    X(APPEND, "append")   /* Plain bytes to a stream, with an idempotency key. */      \
    X(SAGA, "saga")       /* Local, external and idempotent step: to its end. */       \
    X(UNDO, "undo")       /* The same, failing in the second step. */                  \
    X(WAIT, "wait")       /* A saga that sleeps; its latency is beyond its sleep. */   \
    X(TELL, "tell")       /* A signal to a saga that has waited for it. */             \
    X(LOOK, "look")       /* A reading call of this process. */                        \
    X(WAKE, "wake")       /* None of Sarn's: a thread that wakes up. */                \
    X(SYNC, "sync")       /* None of Sarn's: a page beside the log, synced. */

enum soak_kind {
#define X(name, text) SOAK_##name,
    SOAK_KINDS(X)
#undef X
        SOAK_KIND_COUNT
};
extern const char *const soak_kind_names[SOAK_KIND_COUNT];

#define SOAK_LIVE 10000u /* Counters alive at a time. */
#define SOAK_LIFE 50u    /* Operations after which one goes and another comes. */

#define SOAK_PATH_BYTES 512u

struct soak_options {
    double minutes, rate, interval;
    double reopen, outside; /* Every so many seconds; 0: never. */
    const char *folder;
    bool json, keep;
};
/* The path of a file in the folder. */
void soak_path(const struct soak_options *options,
               const char *name,
               char path[SOAK_PATH_BYTES]);
/* Hold the load, write the rows, check the log; how many errors there were. */
uint64_t soak_run(const struct soak_options *options, const char *csv);

/* --- the module (soak_domain.c) --- */

extern const struct sarn_module *const soak_modules[1];

/* --- time and latency (soak_latency.c) --- */

#define SOAK_BUCKETS 2048u

/* Counts by size, each bucket a few percent wide. */
struct soak_latency {
    uint64_t count, max_us;
    uint32_t buckets[SOAK_BUCKETS];
};
int64_t soak_clock_us(void); /* Since some moment. */
void soak_sleep_until(int64_t time_us);
void soak_latency_add(struct soak_latency *latency, int64_t us);
/* The time in milliseconds under which this part of them was; 0: there were none. */
double soak_latency_ms(const struct soak_latency *latency, double part);

/* --- a gate that calls pass through while the log is open (soak_gate.c) --- */

struct soak_gate {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    uint32_t inside;
    bool shut;
    int64_t shut_at_us, lost_us; /* Time that nobody could use. */
};
void soak_gate_init(struct soak_gate *gate);
void soak_gate_done(struct soak_gate *gate);
/* Wait until it is open; how long it has been shut in all. */
int64_t soak_gate_enter(struct soak_gate *gate);
void soak_gate_leave(struct soak_gate *gate);
void soak_gate_shut(struct soak_gate *gate);
void soak_gate_open(struct soak_gate *gate);

/* --- the load (soak_load.c) --- */

struct soak_op;

/* What all threads share. */
struct soak {
    sarn_engine *engine;
    struct soak_gate gate;
    double rate; /* Operations a second. */
    char probe[SOAK_PATH_BYTES];
    int64_t begin_us;      /* When the first was due. */
    pthread_mutex_t mutex; /* Of all below. */
    bool stopping;
    uint64_t flying;
    uint64_t commands; /* Answered OK, each key once. */
    uint64_t again;    /* Made again, since the log was closed under them. */
    uint64_t seen;     /* Position that the subscriber has reached. */
    uint64_t errors;
    struct soak_latency latency[SOAK_KIND_COUNT]; /* Of this interval. */
    struct soak_op *closed; /* To be made again when the log is open. */
};
void soak_error(struct soak *soak, const char *what, const char *why);
void soak_answered(struct soak *soak, enum soak_kind kind, int64_t us);
bool soak_stopping(struct soak *soak);
/* The stream of the counter that operation n is about. */
void soak_counter(uint64_t n, char text[32]);
/* The thread that makes them; arg is a struct soak. */
void *soak_load(void *arg);
/* Make those again that a closing has cut off. The log is open, the gate shut. */
void soak_load_again(struct soak *soak);

/* --- the machine (soak_probe.c) --- */

/* The thread that measures it; arg is a struct soak. */
void *soak_probe(void *arg);

/* --- readers (soak_look.c) --- */

/* The thread that reads; arg is a struct soak. */
void *soak_look(void *arg);
/* What a second process does with the log at path. 0: it went well. */
int soak_look_outside(const char *path);

/* --- rows of figures (soak_row.c) --- */

/* What only the first thread knows. */
struct soak_moment {
    double elapsed, seconds;  /* Since the beginning, and since the last row. */
    uint64_t position;        /* Of the row before. */
    uint64_t outside;         /* Processes that have read it well. */
    double close_ms, open_ms; /* Of a closing in this interval; else 0. */
};
void soak_row_head(FILE *csv);
/* Write a row, and forget the latencies. */
void soak_row(struct soak *soak, struct soak_moment *moment, FILE *csv);

/* --- the CSV, read back (soak_table.c) --- */

struct soak_table {
    char **names;
    uint32_t columns, rows;
    double *cells;
};
/* Read path, or say why not and leave the program. */
void soak_table_read(const char *path, struct soak_table *table);
void soak_table_free(struct soak_table *table);
bool soak_table_has(const struct soak_table *table, const char *name);
/* The number of a column, which must be there. */
uint32_t soak_table_column(const struct soak_table *table, const char *name);
double soak_table_cell(const struct soak_table *table, uint32_t column, uint32_t row);

/* --- what it says (soak_judge.c, soak_plot.c) --- */

/* Print a verdict; true: it is good. errors: those that the figures do not know yet. */
bool soak_judge(const struct soak_table *table, uint64_t errors, bool json);
/* Draw it to an SVG file. false: that cannot be written. */
bool soak_plot(const struct soak_table *table, const char *path);

/* Say what failed and leave the program. */
__attribute__((noreturn)) void soak_die(const char *what, const char *why);
void soak_must(sarn_status status, const struct sarn_error *error, const char *what);

#endif
