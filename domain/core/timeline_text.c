#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/timeline_parts.h"

#define MS     INT64_C(1000)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define CUT "..."

/* One byte; of what does not fit, nothing more is taken. */
static void put(struct sarn__line *line, char c)
{
    if (line->size + sizeof(CUT) >= SARN__TIMELINE_BYTES) {
        line->full = true;
    }
    if (!line->full) {
        line->text[line->size++] = c;
    }
}

void sarn__line_add(struct sarn__line *line, struct sarn_str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        put(line, c < 0x20 || c == 0x7f ? ' ' : text.data[i]);
    }
}

void sarn__line_say(struct sarn__line *line, const char *words)
{
    sarn__line_add(line, sarn_str(words));
}

void sarn__line_number(struct sarn__line *line, const char *before, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    sarn__line_say(line, before);
    sarn__line_say(line, text);
}

void sarn__line_text(struct sarn__line *line, const char *before, struct sarn_str text)
{
    if (text.size > 0) {
        sarn__line_say(line, before);
        sarn__line_add(line, text);
    }
}

struct sarn_str sarn__line_end(struct sarn__line *line)
{
    if (line->full) { /* Not in the middle of a character: the last one goes. */
        while (line->size > 0 &&
               ((unsigned char)line->text[line->size - 1] & 0xc0) == 0x80) {
            line->size -= 1;
        }
        line->size -= line->size > 0 ? 1 : 0;
        memcpy(line->text + line->size, CUT, sizeof(CUT) - 1);
        line->size += (uint32_t)sizeof(CUT) - 1;
    }
    line->text[line->size] = '\0';
    return (struct sarn_str){line->text, line->size};
}

static void say_unit(struct sarn__line *line, int64_t count, const char *unit)
{
    if (count != 0) {
        sarn__line_number(line, "", (uint64_t)count);
        sarn__line_say(line, unit);
    }
}

/* Under a minute in milliseconds, above in its two largest units. */
void sarn__line_when(struct sarn__line *line, const char *before, int64_t at_us)
{
    int64_t from_us = line->event->time_us > 0 ? line->event->time_us : 0;
    int64_t left = at_us > from_us ? at_us - from_us : 0;

    sarn__line_say(line, before);
    sarn__line_say(line, "+");
    if (left < MINUTE) {
        sarn__line_number(line, "", (uint64_t)(left / MS));
        sarn__line_say(line, "ms");
    } else if (left < HOUR) {
        say_unit(line, left / MINUTE, "m");
        say_unit(line, left % MINUTE / SECOND, "s");
    } else if (left < 2 * DAY) {
        say_unit(line, left / HOUR, "h");
        say_unit(line, left % HOUR / MINUTE, "m");
    } else {
        say_unit(line, left / DAY, "d");
        say_unit(line, left % DAY / HOUR, "h");
    }
}

void sarn__line_step(struct sarn__line *line,
                     struct sarn_str step,
                     uint32_t visit,
                     bool compensation)
{
    sarn__line_say(line, compensation ? "compensation of " : "step ");
    sarn__line_add(line, step);
    if (visit > 1) {
        sarn__line_number(line, " (visit ", visit);
        sarn__line_say(line, ")");
    }
    sarn__line_say(line, ": ");
}

void sarn__line_why(struct sarn__line *line, struct sarn_str code, struct sarn_str text)
{
    struct sarn_str why = text.size > 0 ? text : code;

    if (why.size > 0) {
        sarn__line_say(line, " (");
        sarn__line_add(line, why);
        sarn__line_say(line, ")");
    }
}
