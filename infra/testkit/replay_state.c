#include <string.h>

#include "core/fail.h"
#include "infra/testkit/replay.h"
#include "sarn/events.h"

struct folding {
    struct sarn__replay *replay;
    const struct sarn_aggregate *aggregate;
    void *state;
    bool stopped; /* What follows would be folded into what is not there. */
};

static sarn_status fold(void *arg, const struct sarn_event *event)
{
    struct folding *folding = arg;
    sarn_status status;

    if (event->type == &sarn_stream_deleted_type) { /* What follows is a new life. */
        memset(folding->state, 0, folding->aggregate->state->size);
        folding->stopped = false;
    }
    if (folding->stopped || event->type == &sarn_stream_deleted_type ||
        event->type == &sarn_stream_metadata_set_type) {
        return SARN_OK;
    }
    status = folding->aggregate->apply(folding->state, event, folding->replay->arena);
    if (status == SARN_ERR_NOMEM) {
        return status;
    }
    if (status != SARN_OK) {
        sarn__replay_say(folding->replay, event->stream, event->version,
                         "aggregate %s cannot apply %.*s any more: %s",
                         folding->aggregate->category, (int)event->type_name.size,
                         event->type_name.data, sarn_status_text(status));
        folding->stopped = true;
    }
    return SARN_OK;
}

sarn_status sarn__replay_state(struct sarn__replay *replay,
                               const struct sarn_aggregate *aggregate,
                               const struct sarn_stream_info *stream)
{
    struct folding folding = {.replay = replay, .aggregate = aggregate};
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status;

    folding.state = sarn_arena_alloc(replay->arena, aggregate->state->size);
    if (folding.state == NULL) {
        return sarn__fail(&replay->error, SARN_ERR_NOMEM, "out of memory for a state");
    }
    range.stream = stream->name;
    range.tenant = stream->tenant;
    status = sarn_read(replay->log, &range, fold, &folding, &why);
    return sarn__replay_ended(replay, stream->name, status, &why);
}
