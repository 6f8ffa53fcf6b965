/* The old log is read twice: for its history, and to feed the world. */
#include "sarn/whatif.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/execution_log.h"
#include "engine/schedule_log.h"
#include "infra/flatbuffers/codec.h"
#include "infra/host/host.h"
#include "infra/whatif/report.h"

#define PROGRESS_EVENTS 4096u

void sarn__what_if_change(struct sarn__asking *asking,
                          enum sarn_change_kind kind,
                          uint32_t tenant,
                          struct sarn_str subject,
                          struct sarn_str was,
                          struct sarn_str would_be)
{
    struct sarn_change change = {.kind = kind,
                                 .tenant = tenant,
                                 .subject = subject,
                                 .was = was,
                                 .would_be = would_be};

    if (asking->what_if.change != NULL) {
        asking->what_if.change(asking->what_if.arg, &change);
    }
}

static sarn_status progress(struct sarn__asking *asking, uint64_t done)
{
    const struct sarn_trial *what_if = &asking->what_if;

    if (what_if->progress == NULL || done % PROGRESS_EVENTS != 0) {
        return SARN_OK;
    }
    return what_if->progress(what_if->arg, done, asking->last_position * 2);
}

static void unanswered(void *arg,
                       struct sarn__past *past,
                       uint32_t tenant,
                       struct sarn_str stream,
                       struct sarn_str step)
{
    struct sarn__asking *asking = arg;
    struct sarn_str nothing = {NULL, 0};

    asking->what_if.unanswered += 1;
    if (past != NULL) {
        past->unanswered = true;
    }
    sarn__what_if_change(asking, SARN_CHANGE_NO_ANSWER, tenant, stream, nothing, step);
}

/* --- the first reading --- */

static sarn_status remember(void *arg, const struct sarn_event *event)
{
    struct sarn__asking *asking = arg;

    asking->what_if.events += 1;
    SARN__TRY(progress(asking, event->position));
    return sarn__history_add(&asking->old, event);
}

static sarn_status read_old(struct sarn__asking *asking, sarn_event_fn *handler)
{
    struct sarn_range range = SARN_RANGE_INIT;

    range.to = asking->what_if.to;
    return sarn_read(asking->log, &range, handler, asking, asking->error);
}

/* --- the second --- */

static void not_compared(struct sarn__asking *asking,
                         const struct sarn_event *event,
                         const char *why)
{
    asking->what_if.not_compared += 1;
    sarn__what_if_change(asking, SARN_CHANGE_NOT_COMPARED, event->tenant, event->stream,
                         (struct sarn_str){NULL, 0}, sarn_str(why));
}

static struct sarn__told *started_at(const struct sarn__past *past, uint64_t position)
{
    struct sarn__told *told = past->told;

    while (told != NULL && told->position != position) {
        told = told->next;
    }
    return told;
}

static void run_again(struct sarn__asking *asking,
                      struct sarn__past *past,
                      const struct sarn_event *event)
{
    asking->what_if.executions += 1;
    if (!past->run_again) {
        past->run_again = true;
        past->again = started_at(past, event->position);
    }
}

static sarn_status start(struct sarn__asking *asking,
                         struct sarn__past *past,
                         const struct sarn_event *event,
                         const struct sarn__execution_event *fact)
{
    const struct sarn__beginning *beginning = fact->beginning;
    char refused[SARN_ERROR_TEXT_BYTES] = "";

    if (event->position < asking->what_if.from) {
        return SARN_OK;
    }
    if (beginning->forked_from.size > 0) {
        not_compared(asking, event, "it was forked: its first steps are another's");
        return SARN_OK;
    }
    if (beginning->parent.size > 0 || !sarn_uuid_is_zero(beginning->continued_from)) {
        /* Whoever began it then begins it now, if that is run again. */
        struct sarn__past *parent =
            beginning->parent.size > 0
                ? sarn__history_find(&asking->old, event->tenant, beginning->parent)
                : past;

        if (parent != NULL && parent->run_again) {
            run_again(asking, past, event);
        }
        return SARN_OK;
    }
    SARN__TRY(sarn__world_start(&asking->world, event, fact, refused, asking->error));
    if (refused[0] != '\0') {
        not_compared(asking, event, refused);
        return SARN_OK;
    }
    run_again(asking, past, event);
    past->answers = started_at(past, event->position);
    past->asks = (struct sarn_uuid){{0}};
    return SARN_OK;
}

/* Did somebody outside say it? What parents, steps and time say, the world says itself.
 */
static bool is_from_outside(const struct sarn__past *past,
                            const struct sarn__execution_event *fact)
{
    switch (fact->kind) {
    case SARN__SIGNAL_RECEIVED:
        return !fact->carried;
    case SARN__CANCEL_REQUESTED:
        return past->told->fact.beginning->parent.size == 0;
    case SARN__UPDATE_ACCEPTED:
    case SARN__PROMISE_SETTLED:
    case SARN__PAUSED:
    case SARN__RESUMED:
    case SARN__RESET_REQUESTED:
    case SARN__UNPARKED:
        return true;
    case SARN__STARTED:
    case SARN__STEP_STARTED:
    case SARN__STEP_SUCCEEDED:
    case SARN__STEP_FAILED:
    case SARN__STEP_RECONCILED:
    case SARN__COMPENSATION_BEGAN:
    case SARN__COMPLETED:
    case SARN__COMPENSATED:
    case SARN__PARKED:
    case SARN__STEP_TIMED_OUT:
    case SARN__STEP_AWAITS:
    case SARN__STEP_CANCELLED:
    case SARN__STEP_INHERITED:
    case SARN__GROUP_JOINED:
    case SARN__UPGRADED:
    case SARN__CHILD_ENDED:
    case SARN__UNDO_REQUESTED:
    case SARN__REWOUND:
    case SARN__CONTINUED:
    case SARN__SLEPT:
        break;
    }
    return false;
}

static sarn_status feed_execution(struct sarn__asking *asking,
                                  struct sarn__past *past,
                                  const struct sarn_event *event,
                                  const struct sarn__execution_event *fact)
{
    char refused[SARN_ERROR_TEXT_BYTES] = "";

    if (past == NULL) {
        return SARN_OK;
    }
    if (fact->kind == SARN__STARTED) {
        return start(asking, past, event, fact);
    }
    if (!past->run_again) {
        return SARN_OK;
    }
    if (past->early != NULL) {
        sarn__world_ask_again(&asking->world, past);
        sarn__world_run(&asking->world, event->time_us);
    }
    if (!is_from_outside(past, fact)) {
        return SARN_OK;
    }
    SARN__TRY(sarn__world_tell(&asking->world, event, fact, refused, asking->error));
    if (refused[0] != '\0') {
        not_compared(asking, event, refused);
    }
    return SARN_OK;
}

static sarn_status feed(void *arg, const struct sarn_event *event)
{
    struct sarn__asking *asking = arg;
    struct sarn__execution_event fact;
    struct sarn__past *writer = NULL;

    SARN__TRY(progress(asking, asking->last_position + event->position));
    if (event->stream.size == 0 || sarn_str_equal(sarn__category(event->stream),
                                                  sarn_str(SARN__SCHEDULE_CATEGORY))) {
        return SARN_OK;
    }
    sarn__world_run(&asking->world, event->time_us);
    SARN__TRY(sarn__world_check(&asking->world, asking->error));
    asking->world.position = event->position;
    sarn_arena_reset(asking->scratch);
    SARN__TRY(sarn__execution_event(event, asking->scratch, &fact, asking->error));
    if (fact.kind != 0) {
        return feed_execution(
            asking, sarn__history_find(&asking->old, event->tenant, event->stream),
            event, &fact);
    }
    writer = sarn__history_writer(&asking->old, event);
    return writer != NULL && writer->run_again
               ? SARN_OK
               : sarn__world_append(&asking->world, event, asking->error);
}

static sarn_status read_back(void *arg, const struct sarn_event *event)
{
    struct sarn__asking *asking = arg;

    return sarn__history_add(&asking->new, event);
}

/* --- all of it --- */

static void rename_steps(struct sarn__asking *asking)
{
    const struct sarn__registry *registry =
        sarn__engine_log(sarn__sim_engine(asking->world.sim))->registry;

    for (struct sarn__past *past = asking->old.first; past != NULL; past = past->next) {
        const struct sarn_workflow *workflow =
            sarn__registry_workflow(registry, past->workflow);

        if (workflow != NULL) {
            sarn__past_rename(past, workflow);
        }
    }
}

static sarn_status ask(struct sarn__asking *asking)
{
    const struct sarn_trial *what_if = &asking->what_if;
    sarn_log *new_log = NULL;

    SARN__TRY(read_old(asking, remember));
    asking->world.old = &asking->old;
    asking->world.unanswered = unanswered;
    asking->world.arg = asking;
    SARN__TRY(sarn__world_open(&asking->world, what_if->modules, what_if->module_count,
                               what_if->context, asking->old.first_time_us,
                               &asking->heap, asking->error));
    rename_steps(asking);
    SARN__TRY(read_old(asking, feed));
    sarn__world_run(&asking->world, asking->old.last_time_us);
    sarn__world_finish(&asking->world);
    SARN__TRY(sarn__world_check(&asking->world, asking->error));
    new_log = sarn__engine_log(sarn__sim_engine(asking->world.sim));
    sarn__engine_settle(sarn__sim_engine(asking->world.sim));
    SARN__TRY(sarn__engine_knows(sarn__sim_engine(asking->world.sim), asking->error));
    SARN__TRY(sarn_read(new_log, NULL, read_back, asking, asking->error));
    sarn__what_if_compare(asking);
    return sarn__what_if_rows(asking);
}

static sarn_status open_old(struct sarn__asking *asking, const char *path)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};

    options.modules = asking->what_if.modules;
    options.module_count = asking->what_if.module_count;
    options.heap = asking->heap;
    SARN__TRY(sarn_log_open(path, &options, &asking->log, asking->error));
    SARN__TRY(sarn_log_get_stats(asking->log, &stats, asking->error));
    asking->last_position = stats.last_position;
    return SARN_OK;
}

static void take_results(struct sarn_trial *to, const struct sarn_trial *from)
{
    to->events = from->events;
    to->executions = from->executions;
    to->different = from->different;
    to->compensated_more = from->compensated_more;
    to->compensated_less = from->compensated_less;
    to->unanswered = from->unanswered;
    to->rows = from->rows;
    to->rows_different = from->rows_different;
    to->not_compared = from->not_compared;
}

sarn_status
sarn_what_if(const char *path, struct sarn_trial *what_if, struct sarn_error *error)
{
    struct sarn_error ours = {SARN_OK, ""};
    struct sarn__asking asking = {.error = error == NULL ? &ours : error};
    sarn_status status = SARN_OK;

    SARN__TRY(sarn__sized_copy(&asking.what_if, sizeof(asking.what_if),
                               sizeof(asking.what_if), what_if, "sarn_trial", error));
    asking.heap = sarn__heap_or_malloc(&asking.what_if.heap);
    take_results(&asking.what_if, &(struct sarn_trial){0});
    asking.scratch = sarn_arena_create(&asking.heap);
    asking.world.codec = sarn__flatbuffers_codec();
    status = sarn__history_init(&asking.old, &asking.world.codec, &asking.heap);
    if (sarn__history_init(&asking.new, &asking.world.codec, &asking.heap) != SARN_OK ||
        status != SARN_OK || asking.scratch == NULL) {
        status = sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a history");
    }
    if (status == SARN_OK) {
        status = sarn__what_if_old_rows(&asking, path);
    }
    if (status == SARN_OK) {
        status = open_old(&asking, path);
    }
    if (status == SARN_OK) {
        status = ask(&asking);
    }
    if (status == SARN_OK) {
        take_results(what_if, &asking.what_if);
    }
    sarn__world_close(&asking.world);
    sarn_log_close(asking.log);
    sarn__what_if_forget_rows(&asking);
    sarn__history_done(&asking.old);
    sarn__history_done(&asking.new);
    sarn_arena_destroy(asking.scratch);
    return status;
}
