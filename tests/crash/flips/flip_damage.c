#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flips.h"

#define CUTS_PER_PAGE 4u
#define CUTS_DRAWN    64u
#define DRAWN         4096u

const char *const flip_kind_names[FLIP_KINDS] = {"bits",  "cuts", "tails", "sectors",
                                                 "pages", "lost", "drawn"};

static const size_t tails[] = {1, 7, 512, 4095, 4096, 8192, FLIP_GARBAGE_MAX};
#define TAILS (sizeof(tails) / sizeof(tails[0]))

uint64_t flip_count(const struct flip_log *log, enum flip_kind kind)
{
    switch (kind) {
    case FLIP_BITS:
        return log->file.size * 8;
    case FLIP_CUTS:
        return (uint64_t)log->pages * CUTS_PER_PAGE + CUTS_DRAWN;
    case FLIP_TAILS:
        return TAILS * 3;
    case FLIP_SECTORS:
        return log->file.size / FLIP_SECTOR * 3;
    case FLIP_PAGES:
        return (uint64_t)log->pages * log->pages;
    case FLIP_LOST:
        return (uint64_t)log->pages * log->version_count;
    case FLIP_DRAWN:
        return DRAWN;
    case FLIP_KINDS:
        break;
    }
    return 0;
}

bool flip_is_chosen(const struct flip_log *log,
                    enum flip_kind kind,
                    uint64_t number,
                    uint64_t every,
                    uint64_t seed)
{
    uint64_t drawn = seed ^ (number * FLIP_KINDS + kind);

    if (kind == FLIP_CUTS || kind == FLIP_TAILS) {
        return true;
    }
    if (kind == FLIP_BITS) {
        for (uint32_t i = 0; i < 4; i++) {
            if (number / 8 / log->page_bytes == log->roots[i] &&
                log->idle[number / 8] == 0) {
                return true;
            }
        }
    }
    return flip_draw(&drawn) % (kind == FLIP_BITS ? every : every / 64 + 1) == 0;
}

/* --- what is done to the bytes --- */

static void flip_bit(struct flip_damage *damage, uint64_t bit)
{
    damage->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void cut(const struct flip_log *log, uint64_t number, struct flip_damage *damage)
{
    uint64_t page = number / CUTS_PER_PAGE, seed = number;
    const uint64_t around[CUTS_PER_PAGE] = {0, 1, 200, log->page_bytes - 1};

    damage->size = page < log->pages
                       ? page * log->page_bytes + around[number % CUTS_PER_PAGE]
                       : flip_draw(&seed) % log->file.size;
    snprintf(damage->text, sizeof(damage->text), "cut to %zu bytes", damage->size);
}

/* Zeros, ones, or noise. */
static void fill(uint8_t *bytes, size_t size, uint64_t how, uint64_t seed)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = how == 0 ? 0 : how == 1 ? 0xff : (uint8_t)(flip_draw(&seed) >> 56);
    }
}

static void add_tail(uint64_t number, struct flip_damage *damage)
{
    size_t bytes = tails[number / 3];

    fill(damage->bytes + damage->size, bytes, number % 3, number);
    damage->size += bytes;
    snprintf(damage->text, sizeof(damage->text), "%zu bytes more", bytes);
}

static void put_page(const struct flip_log *log,
                     struct flip_damage *damage,
                     uint64_t page,
                     const struct flip_version *from,
                     uint64_t from_page)
{
    if ((from_page + 1) * log->page_bytes <= from->size) {
        memcpy(damage->bytes + page * log->page_bytes,
               from->bytes + from_page * log->page_bytes, log->page_bytes);
    }
}

static void draw_bits(uint64_t number, uint64_t seed, struct flip_damage *damage)
{
    uint64_t drawn = seed + number * 77, count = 2 + flip_draw(&drawn) % 14;

    for (uint64_t i = 0; i < count; i++) {
        flip_bit(damage, flip_draw(&drawn) % (damage->size * 8));
    }
    snprintf(damage->text, sizeof(damage->text), "%u drawn bits (%u)", (unsigned)count,
             (unsigned)number);
}

static void change(const struct flip_log *log,
                   enum flip_kind kind,
                   uint64_t number,
                   uint64_t seed,
                   struct flip_damage *damage)
{
    uint64_t page = number % log->pages, other = number / log->pages;

    switch (kind) {
    case FLIP_BITS:
        flip_bit(damage, number);
        snprintf(damage->text, sizeof(damage->text),
                 "bit %u of byte %u (page %u, byte %u)", (unsigned)(number % 8),
                 (unsigned)(number / 8), (unsigned)(number / 8 / log->page_bytes),
                 (unsigned)(number / 8 % log->page_bytes));
        break;
    case FLIP_CUTS:
        cut(log, number, damage);
        break;
    case FLIP_TAILS:
        add_tail(number, damage);
        break;
    case FLIP_SECTORS:
        fill(damage->bytes + number / 3 * FLIP_SECTOR, FLIP_SECTOR, number % 3, number);
        snprintf(damage->text, sizeof(damage->text), "sector %u, %u",
                 (unsigned)(number / 3), (unsigned)(number % 3));
        break;
    case FLIP_PAGES:
        put_page(log, damage, page, &log->file, other);
        snprintf(damage->text, sizeof(damage->text), "page %u instead of %u",
                 (unsigned)other, (unsigned)page);
        break;
    case FLIP_LOST:
        put_page(log, damage, page, &log->before[other], page);
        snprintf(damage->text, sizeof(damage->text), "page %u as of version %u",
                 (unsigned)page, (unsigned)other);
        break;
    case FLIP_DRAWN:
        draw_bits(number, seed, damage);
        break;
    case FLIP_KINDS:
        break;
    }
}

bool flip_apply(const struct flip_log *log,
                enum flip_kind kind,
                uint64_t number,
                uint64_t seed,
                struct flip_damage *damage)
{
    size_t from = 0, to = log->file.size;

    damage->size = log->file.size;
    change(log, kind, number, seed, damage);
    while (from < to && damage->bytes[from] == log->file.bytes[from]) {
        from++;
    }
    while (to > from && damage->bytes[to - 1] == log->file.bytes[to - 1]) {
        to--;
    }
    damage->from = from;
    damage->to = to;
    damage->idle = true;
    for (size_t i = from; i < to; i++) {
        damage->idle = damage->idle &&
                       (log->idle[i] != 0 || damage->bytes[i] == log->file.bytes[i]);
    }
    for (size_t i = damage->size; i < log->file.size; i++) {
        damage->idle = damage->idle && log->idle[i] != 0;
    }
    return from != to || damage->size != log->file.size;
}
