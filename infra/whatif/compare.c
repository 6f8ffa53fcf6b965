/* Executions as they were, and as they would be. */
#include <stdio.h>
#include <string.h>

#include "core/timeline.h"
#include "infra/whatif/report.h"

/* What of an event is compared; intents, sleeps and the like say nothing about the
 * outcome. 0: nothing. */
static int class_of(const struct sarn__execution_event *fact)
{
    switch (fact->kind) {
    case SARN__STEP_SUCCEEDED:
    case SARN__STEP_FAILED:
    case SARN__STEP_TIMED_OUT:
        return 1;
    case SARN__STEP_RECONCILED:
        return fact->fate == SARN_STEP_NOT_DONE ? 0 : 1;
    case SARN__COMPENSATION_BEGAN:
        return 2;
    case SARN__PARKED:
        return 3;
    case SARN__GROUP_JOINED:
        return 4;
    case SARN__STARTED:
    case SARN__STEP_STARTED:
    case SARN__COMPLETED:
    case SARN__COMPENSATED:
    case SARN__STEP_AWAITS:
    case SARN__STEP_CANCELLED:
    case SARN__STEP_INHERITED:
    case SARN__UPGRADED:
    case SARN__SIGNAL_RECEIVED:
    case SARN__UPDATE_ACCEPTED:
    case SARN__PROMISE_SETTLED:
    case SARN__CHILD_ENDED:
    case SARN__CANCEL_REQUESTED:
    case SARN__UNDO_REQUESTED:
    case SARN__PAUSED:
    case SARN__RESUMED:
    case SARN__RESET_REQUESTED:
    case SARN__REWOUND:
    case SARN__UNPARKED:
    case SARN__CONTINUED:
    case SARN__SLEPT:
        break;
    }
    return 0;
}

static uint32_t visit_of(const struct sarn__execution_event *fact)
{
    return fact->visit == 0 ? 1 : fact->visit;
}

/* A reconciled success is one like another. */
static bool succeeded(const struct sarn__execution_event *fact)
{
    return fact->kind == SARN__STEP_SUCCEEDED ||
           (fact->kind == SARN__STEP_RECONCILED && fact->fate == SARN_STEP_DONE);
}

static bool same(const struct sarn__execution_event *a,
                 const struct sarn__execution_event *b)
{
    if (succeeded(a) != succeeded(b) ||
        (!succeeded(a) && (a->kind != b->kind || !sarn_str_equal(a->code, b->code)))) {
        return false;
    }
    return visit_of(a) == visit_of(b) && sarn_str_equal(a->output, b->output) &&
           sarn_str_equal(a->next, b->next);
}

/* Steps that run side by side may end in any order: an event has its counterpart among
 * those of the same step. */
static struct sarn__told *counterpart(struct sarn__past *past,
                                      const struct sarn__execution_event *fact)
{
    for (struct sarn__told *told = past->told; told != NULL; told = told->next) {
        if (!told->used && class_of(&told->fact) == class_of(fact) &&
            told->fact.compensation == fact->compensation &&
            (class_of(fact) != 1 || sarn_str_equal(told->fact.step, fact->step))) {
            return told;
        }
    }
    return NULL;
}

/* Two texts that are the same do not say what differs. */
static void say(struct sarn__asking *asking,
                enum sarn_change_kind kind,
                const struct sarn__past *past,
                struct sarn_str was,
                struct sarn_str would_be)
{
    sarn__what_if_change(asking, kind, past->tenant, past->stream, was,
                         sarn_str_equal(was, would_be)
                             ? sarn_str("the same, with other data")
                             : would_be);
}

static struct sarn_str words(const struct sarn__told *told,
                             char text[SARN__TIMELINE_BYTES])
{
    struct sarn__timeline timeline;

    sarn__timeline_init(&timeline, NULL);
    return told == NULL ? (struct sarn_str)SARN_STR("nothing")
                        : sarn__timeline_line(&timeline, &told->fact,
                                              (struct sarn_str){NULL, 0}, text);
}

static void differ(struct sarn__asking *asking,
                   enum sarn_change_kind kind,
                   const struct sarn__past *past,
                   const struct sarn__told *was,
                   const struct sarn__told *would_be)
{
    char was_text[SARN__TIMELINE_BYTES], would_text[SARN__TIMELINE_BYTES];

    say(asking, kind, past, words(was, was_text), words(would_be, would_text));
}

/* The first event that differs. */
static bool compare_steps(struct sarn__asking *asking,
                          const struct sarn__past *old,
                          struct sarn__past *new)
{
    for (const struct sarn__told *told = old->again; told != NULL; told = told->next) {
        struct sarn__told *other = NULL;

        if (class_of(&told->fact) == 0) {
            continue;
        }
        other = counterpart(new, &told->fact);
        if (other == NULL || !same(&told->fact, &other->fact)) {
            differ(asking, SARN_CHANGE_STEPS, old, told, other);
            return true;
        }
        other->used = true;
    }
    for (const struct sarn__told *told = new->told; told != NULL; told = told->next) {
        if (class_of(&told->fact) != 0 && !told->used) {
            differ(asking, SARN_CHANGE_STEPS, old, NULL, told);
            return true;
        }
    }
    return false;
}

static bool is_undoing(const struct sarn__told *told)
{
    return told->fact.kind == SARN__STEP_SUCCEEDED && told->fact.compensation;
}

static struct sarn__told *pair_of(struct sarn__told *told,
                                  const struct sarn__execution_event *fact)
{
    for (; told != NULL; told = told->next) {
        if (is_undoing(told) && !told->paired &&
            visit_of(&told->fact) == visit_of(fact) &&
            sarn_str_equal(told->fact.step, fact->step)) {
            return told;
        }
    }
    return NULL;
}

/* How many steps were compensated and would not be, and the other way round. */
static uint64_t compare_undone(struct sarn__asking *asking,
                               struct sarn__past *old,
                               struct sarn__past *new)
{
    uint64_t less = 0, more = 0;

    for (struct sarn__told *told = old->again; told != NULL; told = told->next) {
        struct sarn__told *pair =
            is_undoing(told) ? pair_of(new->told, &told->fact) : NULL;

        if (pair != NULL) {
            pair->paired = true;
        } else if (is_undoing(told)) {
            differ(asking, SARN_CHANGE_COMPENSATION, old, told, NULL);
            less += 1;
        }
    }
    for (struct sarn__told *told = new->told; told != NULL; told = told->next) {
        if (is_undoing(told) && !told->paired) {
            differ(asking, SARN_CHANGE_COMPENSATION, old, NULL, told);
            more += 1;
        }
    }
    asking->what_if.compensated_less += less;
    asking->what_if.compensated_more += more;
    return less + more;
}

static bool compare_written(struct sarn__asking *asking,
                            const struct sarn__past *old,
                            const struct sarn__past *new)
{
    const struct sarn__wrote *was = old->wrote, *would_be = new->wrote;
    char was_text[512], would_text[512];

    while (was != NULL && was->position < old->again->position) {
        was = was->next;
    }
    while (was != NULL && would_be != NULL &&
           sarn_str_equal(was->stream, would_be->stream) &&
           sarn_str_equal(was->type_name, would_be->type_name) &&
           sarn_str_equal(was->payload, would_be->payload)) {
        was = was->next;
        would_be = would_be->next;
    }
    if (was == NULL && would_be == NULL) {
        return false;
    }
    snprintf(was_text, sizeof(was_text), "%.*s in %.*s",
             was == NULL ? 0 : (int)was->type_name.size,
             was == NULL ? "" : was->type_name.data,
             was == NULL ? 0 : (int)was->stream.size,
             was == NULL ? "" : was->stream.data);
    snprintf(would_text, sizeof(would_text), "%.*s in %.*s",
             would_be == NULL ? 0 : (int)would_be->type_name.size,
             would_be == NULL ? "" : would_be->type_name.data,
             would_be == NULL ? 0 : (int)would_be->stream.size,
             would_be == NULL ? "" : would_be->stream.data);
    say(asking, SARN_CHANGE_EVENTS, old, sarn_str(was == NULL ? "nothing" : was_text),
        sarn_str(would_be == NULL ? "nothing" : would_text));
    return true;
}

static bool compare_end(struct sarn__asking *asking,
                        const struct sarn__past *old,
                        const struct sarn__past *new)
{
    if (old->status == new->status) {
        return false;
    }
    sarn__what_if_change(asking, SARN_CHANGE_END, old->tenant, old->stream,
                         sarn_str(sarn_execution_status_text(old->status)),
                         sarn_str(sarn_execution_status_text(new->status)));
    return true;
}

/* An execution that only is there in one of both: was begun, or would be. */
static void differ_in_being(struct sarn__asking *asking,
                            const struct sarn__past *one,
                            const char *was,
                            const char *would_be)
{
    sarn__what_if_change(asking, SARN_CHANGE_END, one->tenant, one->stream,
                         sarn_str(was), sarn_str(would_be));
    asking->what_if.different += 1;
}

static void
compare(struct sarn__asking *asking, struct sarn__past *old, struct sarn__past *new)
{
    bool differs = compare_steps(asking, old, new);

    differs = compare_written(asking, old, new) || differs;
    differs = compare_end(asking, old, new) || differs;
    differs = compare_undone(asking, old, new) > 0 || differs;
    asking->what_if.different += differs ? 1 : 0;
}

void sarn__what_if_compare(struct sarn__asking *asking)
{
    for (struct sarn__past *old = asking->old.first; old != NULL; old = old->next) {
        struct sarn__past *new = NULL;

        if (!old->run_again) {
            continue;
        }
        new = sarn__history_find(&asking->new, old->tenant, old->stream);
        if (new == NULL) {
            differ_in_being(asking, old, sarn_execution_status_text(old->status),
                            "not begun");
        } else {
            compare(asking, old, new);
        }
    }
    for (const struct sarn__past *new = asking->new.first; new != NULL;
         new = new->next) {
        const struct sarn__past *old =
            sarn__history_find(&asking->old, new->tenant, new->stream);

        if (old == NULL || !old->run_again) {
            differ_in_being(asking, new, "not begun",
                            sarn_execution_status_text(new->status));
        }
    }
}
