/* What a notice answers to a command: events, or a sentence why not. */
#include "notice.h"

#define TEXT(str) (int)(str).size, (str).data

typedef sarn_status decide_fn(const struct notifications_notice *notice,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision);

static sarn_status queue(const struct notifications_notice *notice,
                         const struct sarn_command_view *command,
                         struct sarn_decision *decision)
{
    const struct notifications_queue *q = command->data;
    const struct notifications_notice_queued event = {
        .recipient = q->recipient, .channel = q->channel, .text = q->text};

    if (q->recipient.size == 0 || q->recipient.size > SARN_NAME_BYTES_MAX ||
        q->channel.size > SARN_NAME_BYTES_MAX) {
        return sarn_reject(decision,
                           "%.*s needs a recipient of 1 to %u bytes, not of %u, and a "
                           "channel of no more, not of %u",
                           TEXT(command->stream), SARN_NAME_BYTES_MAX,
                           q->recipient.size, q->channel.size);
    }
    if (q->text.size > SARN_NOTIFICATIONS_TEXT_BYTES_MAX) {
        return sarn_reject(decision, "%.*s has at most %u bytes of text, not %u",
                           TEXT(command->stream), SARN_NOTIFICATIONS_TEXT_BYTES_MAX,
                           q->text.size);
    }
    if (notice->status == NOTIFICATIONS_STATUS_NONE) {
        return sarn_emit(decision, &notifications_notice_queued_type, &event);
    }
    if (notice->status == NOTIFICATIONS_STATUS_CANCELLED) {
        return sarn_reject(decision, "%.*s was cancelled and is not queued again",
                           TEXT(command->stream));
    }
    if (!sarn_str_equal(notice->recipient, q->recipient) ||
        !sarn_str_equal(notice->channel, q->channel) ||
        !sarn_str_equal(notice->text, q->text)) {
        return sarn_reject(decision, "%.*s is there already, and says something else",
                           TEXT(command->stream));
    }
    return SARN_OK;
}

/* Can it (still) be sent? SARN_OK, or a rejection. */
static sarn_status check_sendable(const struct notifications_notice *notice,
                                  const struct sarn_command_view *command,
                                  struct sarn_decision *decision)
{
    switch (notice->status) {
    case NOTIFICATIONS_STATUS_NONE:
        return sarn_reject(decision, "%.*s was never queued", TEXT(command->stream));
    case NOTIFICATIONS_STATUS_CANCELLED:
        return sarn_reject(decision, "%.*s was cancelled", TEXT(command->stream));
    default:
        return SARN_OK;
    }
}

static sarn_status mark_sent(const struct notifications_notice *notice,
                             const struct sarn_command_view *command,
                             struct sarn_decision *decision)
{
    const struct notifications_notice_sent event = {0};
    sarn_status status = check_sendable(notice, command, decision);

    if (status != SARN_OK || notice->status == NOTIFICATIONS_STATUS_SENT) {
        return status;
    }
    return sarn_emit(decision, &notifications_notice_sent_type, &event);
}

static sarn_status mark_failed(const struct notifications_notice *notice,
                               const struct sarn_command_view *command,
                               struct sarn_decision *decision)
{
    const struct notifications_mark_failed *m = command->data;
    const struct notifications_notice_failed event = {.reason = m->reason};
    sarn_status status = check_sendable(notice, command, decision);

    if (status == SARN_OK && notice->status == NOTIFICATIONS_STATUS_SENT) {
        return sarn_reject(decision, "%.*s was sent: it cannot have failed since",
                           TEXT(command->stream));
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &notifications_notice_failed_type, &event);
}

static sarn_status cancel(const struct notifications_notice *notice,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct notifications_cancel *c = command->data;
    const struct notifications_notice_cancelled event = {
        .reason = c->reason, .was_sent = notice->status == NOTIFICATIONS_STATUS_SENT};

    if (notice->status == NOTIFICATIONS_STATUS_NONE ||
        notice->status == NOTIFICATIONS_STATUS_CANCELLED) {
        return SARN_OK;
    }
    return sarn_emit(decision, &notifications_notice_cancelled_type, &event);
}

static const struct {
    const struct sarn_type *command;
    decide_fn *decide;
} answers[] = {
    {&notifications_queue_type, queue},
    {&notifications_mark_sent_type, mark_sent},
    {&notifications_mark_failed_type, mark_failed},
    {&notifications_cancel_type, cancel},
};

sarn_status sarn__notice_decide(const void *state,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (command->type == answers[i].command) {
            return answers[i].decide(state, command, decision);
        }
    }
    return SARN_ERR_INVALID; /* The engine hands over declared commands only. */
}
