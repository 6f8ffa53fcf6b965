/* control_line.h - what is said through a control socket: requests and replies as lines
 * of JSON (control.fbs).
 *
 * Lines come from outside: whatever they hold, reading them answers with an error or
 * with something that fits the schema.
 *
 * Ownership: results are in the arena handed in, or point into what was handed in.
 * Threads:   any.
 */
#ifndef SARN_INFRA_HOST_CONTROL_LINE_H
#define SARN_INFRA_HOST_CONTROL_LINE_H

#include "ports/json.h"
#include "sarn/sarn.h"

#define SARN__CONTROL_SUFFIX   "-control"
#define SARN__CONTROL_LINE_MAX (4u * 1024 * 1024) /* A payload in JSON, escaped. */

enum sarn__said_kind {
    SARN__SAID_CONTROL = 1,
    SARN__SAID_SCHEDULE,       /* Put it. */
    SARN__SAID_SCHEDULE_CHANGE /* Alter it. */
};

/* One request. */
struct sarn__said {
    uint32_t kind; /* enum sarn__said_kind */
    union {
        struct sarn_control control;   /* data is not looked at. */
        struct sarn_schedule schedule; /* input likewise, but */
        struct sarn_schedule_change schedule_change;
    } as;
    struct sarn_str input; /* of a schedule, as JSON; empty: none. */
};

/* SARN_ERR_INVALID: no such op. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__control_line_write(const struct sarn_json *json,
                                                   const struct sarn__said *said,
                                                   struct sarn_arena *arena,
                                                   struct sarn_str *line,
                                                   struct sarn_error *error);
/* SARN_ERR_SCHEMA: it is no request; says why. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__control_line_read(const struct sarn_json *json,
                                                  struct sarn_str line,
                                                  struct sarn_arena *arena,
                                                  struct sarn__said *said,
                                                  struct sarn_error *error);

/* The same for replies; the output as JSON. */
SARN_MUST_USE sarn_status sarn__control_reply_write(const struct sarn_json *json,
                                                    const struct sarn_reply *reply,
                                                    struct sarn_arena *arena,
                                                    struct sarn_str *line,
                                                    struct sarn_error *error);
/* The status of the reply, with its text as error; or SARN_ERR_SCHEMA. *output (may be
 * NULL): empty: none. */
SARN_MUST_USE sarn_status sarn__control_reply_read(const struct sarn_json *json,
                                                   struct sarn_str line,
                                                   struct sarn_arena *arena,
                                                   struct sarn_str *output,
                                                   struct sarn_error *error);

#endif
