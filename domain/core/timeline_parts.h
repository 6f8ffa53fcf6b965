/* timeline_parts.h - one line of a timeline under construction, for its files.
 *
 *   timeline.c       the lines of runs, and which line is whose
 *   timeline_step.c  the lines that begin with a step
 *   timeline_text.c  the writing
 */
#ifndef SARN_CORE_TIMELINE_PARTS_H
#define SARN_CORE_TIMELINE_PARTS_H

#include "core/timeline.h"

struct sarn__line {
    const struct sarn__execution_event *event;
    const struct sarn__timeline *timeline;
    struct sarn_str actor;
    char *text;
    uint32_t size;
    bool full;
};

typedef void sarn__say_fn(struct sarn__line *line);

/* What is said of an event after its step's name; NULL: it does not begin with one. */
sarn__say_fn *sarn__timeline_of_step(enum sarn__fact kind);

/* --- timeline_text.c --- */

/* Text from outside: what would break the line, or command a terminal, is a space. */
void sarn__line_add(struct sarn__line *line, struct sarn_str text);
void sarn__line_say(struct sarn__line *line, const char *words);
void sarn__line_number(struct sarn__line *line, const char *before, uint64_t number);
/* before and text, where there is one. */
void sarn__line_text(struct sarn__line *line, const char *before, struct sarn_str text);
/* "+2000ms", "+1h30m": from the event on. */
void sarn__line_when(struct sarn__line *line, const char *before, int64_t at_us);
/* In brackets, in words or at least as a code. */
void sarn__line_why(struct sarn__line *line,
                    struct sarn_str code,
                    struct sarn_str text);
/* "step charge: ", "compensation of charge (visit 2): " */
void sarn__line_step(struct sarn__line *line,
                     struct sarn_str step,
                     uint32_t visit,
                     bool compensation);
struct sarn_str sarn__line_end(struct sarn__line *line);

#endif
