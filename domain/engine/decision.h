/* decision.h - what decide answers, as it is collected: events, already encoded.
 *
 * Ownership: the decision is the caller's memory; all that it collects is in its arena.
 */
#ifndef SARN_ENGINE_DECISION_H
#define SARN_ENGINE_DECISION_H

#include "ports/codec.h"
#include "sarn/module.h"

/* One event that was emitted. */
struct sarn__emitted {
    struct sarn__emitted *next;
    const struct sarn_type *type; /* sarn_bytes_type: plain bytes. */
    struct sarn_str type_name;
    struct sarn_str payload;
};

struct sarn_decision {
    const struct sarn_codec *codec;
    struct sarn_arena *arena;
    /* Whose events may be emitted; NULL: any. */
    const struct sarn_aggregate *aggregate;
    struct sarn__emitted *first, *last;
    uint32_t count;
    bool rejected;
    struct sarn_error error; /* Of the emit or reject that failed. */
};

/* An empty decision over codec and arena, which outlive it. */
void sarn__decision_init(struct sarn_decision *decision,
                         const struct sarn_codec *codec,
                         struct sarn_arena *arena,
                         const struct sarn_aggregate *aggregate);

/* Run aggregate's decide. SARN_OK: decision holds the events. SARN_ERR_REJECTED and
 * what else decide answers: error says why, and decision is empty. */
SARN_MUST_USE sarn_status sarn__decision_make(struct sarn_decision *decision,
                                              const void *state,
                                              const struct sarn_command_view *command,
                                              struct sarn_error *error);

#endif
