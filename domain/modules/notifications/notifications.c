/* The module "notifications", as it is registered, and what an event does to a notice.
 */
#include "sarn/notifications.h"

#include "notice.h"

static sarn_status queued(struct notifications_notice *notice,
                          const struct notifications_notice_queued *e,
                          struct sarn_arena *arena)
{
    struct notifications_notice next = {.status = NOTIFICATIONS_STATUS_QUEUED};

    if (notice->status != NOTIFICATIONS_STATUS_NONE || e->recipient.size == 0) {
        return SARN_ERR_CORRUPT;
    }
    if (sarn_arena_copy(arena, e->recipient, &next.recipient) != SARN_OK ||
        sarn_arena_copy(arena, e->channel, &next.channel) != SARN_OK ||
        sarn_arena_copy(arena, e->text, &next.text) != SARN_OK) {
        return SARN_ERR_NOMEM;
    }
    *notice = next;
    return SARN_OK;
}

sarn_status sarn__notice_apply(void *state,
                               const struct sarn_event *event,
                               struct sarn_arena *arena)
{
    struct notifications_notice *notice = state;
    bool waits = notice->status == NOTIFICATIONS_STATUS_QUEUED ||
                 notice->status == NOTIFICATIONS_STATUS_FAILED;

    if (event->type == &notifications_notice_queued_type) {
        return queued(notice, event->data, arena);
    }
    if (event->type == &notifications_notice_sent_type && waits) {
        notice->status = NOTIFICATIONS_STATUS_SENT;
        return SARN_OK;
    }
    if (event->type == &notifications_notice_failed_type && waits &&
        notice->failures < UINT32_MAX) {
        notice->status = NOTIFICATIONS_STATUS_FAILED;
        notice->failures += 1;
        return SARN_OK;
    }
    if (event->type == &notifications_notice_cancelled_type &&
        (waits || notice->status == NOTIFICATIONS_STATUS_SENT)) {
        notice->status = NOTIFICATIONS_STATUS_CANCELLED;
        return SARN_OK;
    }
    return SARN_ERR_CORRUPT;
}

static const struct sarn_type *const commands[] = {
    &notifications_queue_type,
    &notifications_mark_sent_type,
    &notifications_mark_failed_type,
    &notifications_cancel_type,
};

static const struct sarn_type *const events[] = {
    &notifications_notice_queued_type,
    &notifications_notice_sent_type,
    &notifications_notice_failed_type,
    &notifications_notice_cancelled_type,
};

static const struct sarn_aggregate notice = {
    .category = SARN_NOTIFICATIONS_CATEGORY,
    .apply_version = 1,
    .snapshot_every = 512,
    .state = &notifications_notice_type,
    .decide = sarn__notice_decide,
    .apply = sarn__notice_apply,
    .commands = commands,
    .command_count = sizeof(commands) / sizeof(commands[0]),
    .event_count = sizeof(events) / sizeof(events[0]),
    .events = events,
};

static const struct sarn_aggregate *const aggregates[] = {&notice};

const struct sarn_module sarn_notifications_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "notifications",
    .version = "1",
    .aggregates = aggregates,
    .aggregate_count = 1,
};
