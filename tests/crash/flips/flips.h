/* flips.h - every way to damage a small log, and what the tools say to each.
 *
 * A log with everything in it is made, the same at every run but for ids and times; its
 * file is damaged in one way after the other, and each time held against the promises:
 * "sarn verify" finds the damage and names it, or it is harmless: it lies in bytes that
 * verify says are idle, and everything that can be read is as it was. "sarn repair"
 * saves all that is whole up to the damage.
 */
#ifndef SARN_TESTS_CRASH_FLIPS_FLIPS_H
#define SARN_TESTS_CRASH_FLIPS_FLIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLIP_PATH_MAX    512u
#define FLIP_VERSIONS    48u /* Of the file while it was made. */
#define FLIP_POSITIONS   256u
#define FLIP_TEXT_BYTES  512u
#define FLIP_FILE_MAX    (1u << 20)
#define FLIP_SECTOR      512u
#define FLIP_GARBAGE_MAX 9000u

/* The file as it was after some commit. */
struct flip_version {
    uint8_t *bytes;
    size_t size;
};

/* The good log: its file, and what is known of it. */
struct flip_log {
    struct flip_version file;
    struct flip_version before[FLIP_VERSIONS]; /* Older ones, the oldest first. */
    uint32_t version_count;
    uint8_t *idle; /* For each byte of the file: verify says that it is idle. */
    size_t idle_bytes;
    uint32_t page_bytes, pages;
    uint64_t content;  /* flip_content() of it. */
    uint64_t roots[4]; /* Pages: both metas, the list of databases, Sarn's meta. */
    uint64_t events;
    uint64_t commit_end[FLIP_POSITIONS]; /* Of each position: where its commit ends. */
    uint64_t sums[FLIP_POSITIONS];       /* Of each position: its record. */
};

/* Make it in folder, and leave nothing there. Ends the program when it cannot. */
void flip_log_make(struct flip_log *log, const char *folder);
void flip_log_free(struct flip_log *log);
/* All that a reader sees of the log at path, as one number; 0: it cannot be read. */
uint64_t flip_content(const char *path);
/* Are the events and commits at path the beginning of log's? *events of them. */
bool flip_is_prefix(const struct flip_log *log, const char *path, uint64_t *events);

/* --- damage (flip_damage.c) --- */

enum flip_kind {
    FLIP_BITS,    /* One bit. */
    FLIP_CUTS,    /* The file ends early, at each page and around it. */
    FLIP_TAILS,   /* Something behind its end. */
    FLIP_SECTORS, /* A sector of zeros, ones, noise. */
    FLIP_PAGES,   /* A page in another's place. */
    FLIP_LOST,    /* A write that did not happen: an older content of a page. */
    FLIP_DRAWN,   /* Some bits at once. */
    FLIP_KINDS
};
extern const char *const flip_kind_names[FLIP_KINDS];

/* How many different damages of that kind there are. */
uint64_t flip_count(const struct flip_log *log, enum flip_kind kind);
/* Is number one of those that the short form tries, with about 1 in every of the rest?
 */
bool flip_is_chosen(const struct flip_log *log,
                    enum flip_kind kind,
                    uint64_t number,
                    uint64_t every,
                    uint64_t seed);

struct flip_damage {
    size_t size;                /* The file's. */
    uint8_t *bytes;             /* FLIP_FILE_MAX of them; the damaged file. */
    size_t from, to;            /* Only here it differs, in the file's old size. */
    bool idle;                  /* All that differs is idle. */
    char text[FLIP_TEXT_BYTES]; /* What was done. */
};

/* Damage bytes, which are those of log. false: it would change nothing. */
bool flip_apply(const struct flip_log *log,
                enum flip_kind kind,
                uint64_t number,
                uint64_t seed,
                struct flip_damage *damage);

/* --- judging (flip_judge.c) --- */

enum flip_verdict {
    FLIP_FOUND,
    FLIP_HARMLESS,
    FLIP_OLDER, /* The write of a meta page is lost, and with it the last commit: a
                   whole log, as it was before it. No file can tell that of itself. */
    FLIP_WRONG
};

/* One worker's file to damage. */
struct flip_bench {
    const struct flip_log *log;
    const char *sarn; /* The command; NULL: it is not asked. */
    char path[FLIP_PATH_MAX], repaired[FLIP_PATH_MAX];
    int fd;
    struct flip_damage damage;
    char why[FLIP_TEXT_BYTES]; /* What was found, or what is wrong. */
};

void flip_bench_open(struct flip_bench *bench,
                     const struct flip_log *log,
                     const char *folder,
                     uint32_t number);
void flip_bench_close(struct flip_bench *bench);
/* Write the damage to the file, and take it back. */
void flip_bench_damage(struct flip_bench *bench);
void flip_bench_restore(struct flip_bench *bench);
enum flip_verdict flip_verify(struct flip_bench *bench);
/* Does repair save what it must? verdict: what flip_verify() said just now. */
bool flip_repair(struct flip_bench *bench,
                 enum flip_kind kind,
                 enum flip_verdict verdict);
/* Does "sarn verify" end as flip_verify() did? Do reading and owning it end with a
 * sentence, or in a crash of LMDB: *lmdb_crashed of 3. It may change the file. */
bool flip_command(struct flip_bench *bench,
                  enum flip_verdict verdict,
                  uint32_t *lmdb_crashed);

/* A log and its lock file. */
void flip_remove_log(const char *path);

/* --- drawing --- */

uint64_t flip_draw(uint64_t *seed); /* splitmix64 */
_Noreturn void flip_die(const char *what, const char *why);

#endif
