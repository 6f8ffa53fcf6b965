/* domain/engine/bus: what is in the log first, then what becomes durable; each event
 * once, in order, to whoever wants it and has not failed. */
#include "engine/bus.h"

#include <string.h>

#include "engine/page.h"
#include "support/heap.h"
#include "support/test.h"
#include "support/views.h"

#define LISTENERS 4u

struct fixture;

struct listener {
    struct fixture *f;
    const char *name;
    sarn_subscription *subscription;
    uint64_t fail_at;        /* Position to fail at; 0: none. */
    uint64_t unsubscribe_at; /* Position at which to end the victim. */
    uint64_t subscribe_at;   /* Position at which the victim begins. */
    struct listener *victim;
};

struct fixture {
    struct views v;
    struct sarn__bus *bus;
    struct listener listeners[LISTENERS];
    char text[1024];
};

static void begin(struct fixture *f)
{
    static const char *const names[LISTENERS] = {"a", "b", "c", "d"};

    memset(f, 0, sizeof(*f));
    views_begin(&f->v, NULL);
    assert_int_equal(sarn__bus_create(&f->v.log, &f->bus, NULL), SARN_OK);
    for (uint32_t i = 0; i < LISTENERS; i++) {
        f->listeners[i] = (struct listener){.f = f, .name = names[i]};
    }
}

static void end(struct fixture *f)
{
    sarn__bus_destroy(f->bus);
    views_end(&f->v);
}

static void say(struct fixture *f, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct fixture *f, const char *format, ...)
{
    size_t used = strlen(f->text);
    va_list args;

    va_start(args, format);
    vsnprintf(f->text + used, sizeof(f->text) - used, format, args);
    va_end(args);
}

static void subscribe(struct fixture *f,
                      struct listener *listener,
                      const struct sarn_subscribe_options *options);

static sarn_status hear(void *arg, const struct sarn_event *event)
{
    struct listener *listener = arg;
    struct fixture *f = listener->f;

    say(f, "%s%" PRIu64 " ", listener->name, event->position);
    if (event->position == listener->unsubscribe_at) {
        sarn__bus_unsubscribe(f->bus, listener->victim->subscription);
        listener->victim->subscription = NULL;
    }
    if (event->position == listener->subscribe_at) {
        struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;

        subscribe(f, listener->victim, &options);
    }
    return event->position == listener->fail_at ? SARN_ERR_TIMEOUT : SARN_OK;
}

static void hear_end(void *arg, sarn_status status, uint64_t position)
{
    struct listener *listener = arg;

    say(listener->f, "%s! %s at %" PRIu64 " ", listener->name, sarn_status_text(status),
        position);
}

static void subscribe(struct fixture *f,
                      struct listener *listener,
                      const struct sarn_subscribe_options *options)
{
    assert_int_equal(sarn__bus_subscribe(f->bus, options, hear, hear_end, listener,
                                         &listener->subscription, &f->v.error),
                     SARN_OK);
}

/* Listener i hears everything after from. */
static void listen(struct fixture *f, uint32_t i, uint64_t from)
{
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;

    options.from = from;
    subscribe(f, &f->listeners[i], &options);
}

/* One event becomes durable, as the engine tells it. */
static void happen(struct fixture *f, const struct scribe_event *happened)
{
    uint64_t position = scribe_write(&f->v.scribe, happened);
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__page page;
    struct sarn_event event;

    views_refresh(&f->v);
    assert_int_equal(sarn__page_init(&page, &f->v.log.ports.heap, NULL), SARN_OK);
    assert_int_equal(
        sarn__page_forward(&page, &f->v.log.ports, position, position, NULL), SARN_OK);
    if (sarn__bus_wants(f->bus, &page.records[0])) {
        assert_int_equal(sarn__decoder_event(f->v.log.decoder, &page.records[0], 0,
                                             arena, &event, NULL),
                         SARN_OK);
        sarn__bus_publish(f->bus, &event);
    } else {
        say(f, "- ");
    }
    sarn__page_done(&page);
    sarn_arena_destroy(arena);
}

static void write(struct fixture *f, const char *stream, const char *type)
{
    happen(f, &(struct scribe_event){.stream = stream, .type = type});
}

static bool follow(struct fixture *f, uint32_t limit)
{
    bool behind;

    assert_int_equal(sarn__bus_follow(f->bus, limit, &behind, &f->v.error), SARN_OK);
    return behind;
}

/* --- traces --- */

static void new_events_go_to_whoever_listens(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f); /* Positions 1 and 2 are the schemas. */
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "- ");
    listen(&f, 0, SARN_FROM_NOW);
    write(&f, "x-1", "One");
    listen(&f, 1, SARN_FROM_NOW);
    write(&f, "x-1", "Two");
    assert_string_equal(f.text, "- a4 a5 b5 ");
    sarn__bus_unsubscribe(f.bus, f.listeners[0].subscription);
    write(&f, "x-1", "Two");
    assert_string_equal(f.text, "- a4 a5 b5 b6 ");
    sarn__bus_unsubscribe(f.bus, NULL);
    end(&f);
}

static void who_is_behind_catches_up_then_listens(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    write(&f, "x-1", "One");
    write(&f, "x-1", "One");
    listen(&f, 0, 0);
    listen(&f, 1, 3);
    write(&f, "x-1", "One"); /* Nobody has caught up: it is found in the log. */
    assert_string_equal(f.text, "- - - ");
    f.text[0] = '\0';
    assert_true(follow(&f, 2));
    assert_string_equal(f.text, "a1 a2 b4 b5 ");
    write(&f, "x-1", "One"); /* b is handed it, a finds it later. */
    assert_string_equal(f.text, "a1 a2 b4 b5 b6 ");
    assert_true(follow(&f, 2));
    assert_false(follow(&f, 2));
    assert_false(follow(&f, 2));
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "a1 a2 b4 b5 b6 a3 a4 a5 a6 a7 b7 ");
    end(&f);
}

static void filters_by_type_category_and_tenant(void **unused)
{
    static const char *const one[] = {"One"}, *const both[] = {"Two", "One"};
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;

    (void)unused;
    for (int caught_up = 0; caught_up < 2; caught_up++) {
        struct fixture f;

        begin(&f);
        for (int turn = 0; turn < 2; turn++) {
            if (turn == caught_up) {
                options = (struct sarn_subscribe_options)SARN_SUBSCRIBE_OPTIONS_INIT;
                options.types = one;
                options.type_count = 1;
                subscribe(&f, &f.listeners[0], &options);
                options.types = both;
                options.type_count = 2;
                options.category = sarn_str("x");
                subscribe(&f, &f.listeners[1], &options);
                options.types = NULL;
                options.type_count = 0;
                options.tenant = 7;
                subscribe(&f, &f.listeners[2], &options);
                options.category = sarn_str("nothing");
                subscribe(&f, &f.listeners[3], &options);
            }
            if (turn == 0) {
                if (caught_up == 0) {
                    assert_false(follow(&f, 100));
                }
                write(&f, "x-1", "One");
                write(&f, "x", "Two");
                write(&f, "y-1", "One");
                write(&f, "x-1", "Three");
                happen(&f, &(struct scribe_event){
                               .stream = "x-1", .tenant = 7, .type = "Three"});
                happen(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                                  .schema_name = "s",
                                                  .text = "x"});
            }
        }
        assert_false(follow(&f, 100));
        assert_string_equal(f.text, caught_up == 0 ? "a3 b3 b4 a5 - c7 - "
                                                   : "- - - - - - a3 a5 b3 b4 c7 ");
        end(&f);
    }
}

static void who_fails_ends_alone(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    listen(&f, 0, SARN_FROM_NOW);
    listen(&f, 1, SARN_FROM_NOW);
    listen(&f, 2, 0);
    f.listeners[0].fail_at = 4;
    f.listeners[2].fail_at = 2;
    write(&f, "x-1", "One");
    write(&f, "x-1", "One");
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "a3 b3 a4 a! timed out at 4 b4 b5 ");
    f.text[0] = '\0';
    assert_false(follow(&f, 100));
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "c1 c2 c! timed out at 2 b6 ");
    sarn__bus_unsubscribe(f.bus, f.listeners[0].subscription);
    sarn__bus_unsubscribe(f.bus, f.listeners[2].subscription);
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "c1 c2 c! timed out at 2 b6 b7 ");
    end(&f);
}

static void damage_ends_who_reads_it(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    write(&f, "x-1", "One");
    write(&f, "x-1", "One");
    listen(&f, 0, 2);
    listen(&f, 1, 3);
    sarn__memory_store_damage(f.v.scribe.store, 3, 153, 1);
    f.text[0] = '\0';
    assert_false(follow(&f, 100));
    assert_string_equal(f.text, "a! stored data contradicts itself at 3 b4 ");
    end(&f);
}

static void handlers_may_unsubscribe_themselves_and_others(void **unused)
{
    for (uint32_t self = 0; self < 3; self++) {
        struct fixture f;

        (void)unused;
        begin(&f);
        listen(&f, 0, SARN_FROM_NOW);
        listen(&f, 1, SARN_FROM_NOW);
        listen(&f, 2, SARN_FROM_NOW);
        f.listeners[1].unsubscribe_at = 4;
        f.listeners[1].victim = &f.listeners[self];
        write(&f, "x-1", "One");
        write(&f, "x-1", "One");
        write(&f, "x-1", "One");
        assert_string_equal(f.text, self == 0   ? "a3 b3 c3 a4 b4 c4 b5 c5 "
                                    : self == 1 ? "a3 b3 c3 a4 b4 c4 a5 c5 "
                                                : "a3 b3 c3 a4 b4 a5 b5 ");
        end(&f);
    }
}

static void who_catches_up_may_unsubscribe(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    write(&f, "x-1", "One");
    write(&f, "x-1", "One");
    listen(&f, 0, 0);
    f.listeners[0].unsubscribe_at = 2;
    f.listeners[0].victim = &f.listeners[0];
    f.text[0] = '\0';
    assert_false(follow(&f, 100));
    assert_string_equal(f.text, "a1 a2 ");
    assert_false(follow(&f, 100));
    end(&f);
}

static void handlers_may_subscribe(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    listen(&f, 0, SARN_FROM_NOW);
    f.listeners[0].subscribe_at = 3;
    f.listeners[0].victim = &f.listeners[1]; /* From the beginning. */
    write(&f, "x-1", "One");
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "a3 a4 ");
    assert_false(follow(&f, 100));
    write(&f, "x-1", "One");
    assert_string_equal(f.text, "a3 a4 b1 b2 b3 b4 a5 b5 ");
    end(&f);
}

static void a_subscription_that_makes_no_sense_is_refused(void **unused)
{
    static const char *const types[] = {"One", NULL};
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    sarn_subscription *subscription;
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_int_equal(sarn__bus_subscribe(f.bus, &options, NULL, NULL, NULL,
                                         &subscription, &f.v.error),
                     SARN_ERR_INVALID);
    options.types = types;
    options.type_count = 2;
    assert_int_equal(sarn__bus_subscribe(f.bus, &options, hear, NULL, NULL,
                                         &subscription, &f.v.error),
                     SARN_ERR_INVALID);
    options.types = NULL;
    assert_int_equal(sarn__bus_subscribe(f.bus, &options, hear, NULL, NULL,
                                         &subscription, &f.v.error),
                     SARN_ERR_INVALID);
    end(&f);
}

static void memory_may_run_out_while_subscribing(void **unused)
{
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    static const char *const types[] = {"One"};
    struct test_heap counted = {0};
    struct sarn_log log = {.ports.heap = test_heap(&counted)};
    struct sarn__bus *bus;
    sarn_subscription *subscription;
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    options.types = types;
    options.type_count = 1;
    for (uint64_t nth = 1; status != SARN_OK; nth++) {
        counted.calls = 0;
        counted.fail_at = nth;
        status = sarn__bus_create(&log, &bus, NULL);
        if (status != SARN_OK) {
            assert_int_equal(status, SARN_ERR_NOMEM);
            assert_int_equal(counted.live, 0);
            continue;
        }
        status =
            sarn__bus_subscribe(bus, &options, hear, NULL, NULL, &subscription, NULL);
        sarn__bus_destroy(bus);
        assert_int_equal(counted.live, 0);
    }
    sarn__bus_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_events_go_to_whoever_listens),
        cmocka_unit_test(who_is_behind_catches_up_then_listens),
        cmocka_unit_test(filters_by_type_category_and_tenant),
        cmocka_unit_test(who_fails_ends_alone),
        cmocka_unit_test(damage_ends_who_reads_it),
        cmocka_unit_test(handlers_may_unsubscribe_themselves_and_others),
        cmocka_unit_test(who_catches_up_may_unsubscribe),
        cmocka_unit_test(handlers_may_subscribe),
        cmocka_unit_test(a_subscription_that_makes_no_sense_is_refused),
        cmocka_unit_test(memory_may_run_out_while_subscribing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
