/* domain/modules: an event that there is no memory for changes nothing, and can be
 * applied again. */
#include <stdlib.h>
#include <string.h>

#include "modules/compliance/profile.h"
#include "modules/notifications/notice.h"
#include "modules/users/user.h"
#include "support/account.h"
#include "support/heap.h"
#include "support/value.h"

/* Longer than what an arena has at hand, so that each copy asks the heap. */
#define LONG_BYTES 100000u
#define EVENTS_MAX 16u

struct event {
    const struct sarn_type *type;
    const void *data;
};

static char long_bytes[LONG_BYTES];

static struct sarn_str long_text(uint32_t shorter)
{
    memset(long_bytes, 'x', sizeof(long_bytes));
    return (struct sarn_str){long_bytes, LONG_BYTES - shorter};
}

/* Apply each event with the heap failing at every call in turn, then with it whole. */
static void apply_all(const struct sarn_aggregate *aggregate,
                      const struct event *events,
                      size_t count)
{
    struct test_heap counted = {.calls = 0};
    const struct sarn_heap heap = test_heap(&counted);
    struct sarn_arena *arena = sarn_arena_create(&heap);
    void *state = calloc(1, aggregate->state->size);
    void *before = malloc(aggregate->state->size);
    uint32_t refused = 0;

    assert_non_null(arena);
    assert_non_null(state);
    assert_non_null(before);
    for (size_t i = 0; i < count; i++) {
        const struct sarn_event event = {.version = i,
                                         .type_name = sarn_str(events[i].type->name),
                                         .type = events[i].type,
                                         .data = events[i].data};

        memcpy(before, state, aggregate->state->size);
        for (uint64_t nth = 1;; nth++) {
            sarn_status status;

            counted.fail_at = counted.calls + nth;
            status = aggregate->apply(state, &event, arena);
            if (status == SARN_OK) {
                break;
            }
            assert_int_equal(status, SARN_ERR_NOMEM);
            assert_true(value_equal(aggregate->state, before, state));
            refused += 1;
        }
    }
    assert_true(refused > 0);
    free(before);
    free(state);
    sarn_arena_destroy(arena);
    assert_int_equal(counted.live, 0);
}

static void users_without_memory_stay_as_they_were(void **unused)
{
    const struct users_user_registered registered = {.name = long_text(0)};
    struct users_account_added added[4];
    const struct users_user_suspended suspended = {.reason = {NULL, 0}};
    struct event events[EVENTS_MAX] = {{&users_user_registered_type, &registered}};

    (void)unused;
    for (uint32_t i = 0; i < COUNT(added); i++) {
        added[i] = (struct users_account_added){.account = long_text(i)};
        events[1 + i] = (struct event){&users_account_added_type, &added[i]};
    }
    events[5] = (struct event){&users_user_suspended_type, &suspended};
    apply_all(sarn_users_module.aggregates[0], events, 6);
}

static void profiles_without_memory_stay_as_they_were(void **unused)
{
    const struct compliance_limits_set limits = {.limits = {.transaction = 1000,
                                                            .window_sum = 10000,
                                                            .window_us = 1000000,
                                                            .window_count = 10,
                                                            .currency = 203}};
    struct compliance_transaction_screened screened[3];
    const struct compliance_review_decided decided = {.transaction = long_text(0),
                                                      .approved = true,
                                                      .by = long_text(1),
                                                      .reason = long_text(2)};
    struct event events[EVENTS_MAX] = {{&compliance_limits_set_type, &limits}};

    (void)unused;
    for (uint32_t i = 0; i < COUNT(screened); i++) {
        screened[i] =
            (struct compliance_transaction_screened){.transaction = long_text(i),
                                                     .amount = CZK(800),
                                                     .band = COMPLIANCE_BAND_REVIEW,
                                                     .sanctioned = long_text(3),
                                                     .screened_us = 1 + i};
        events[1 + i] =
            (struct event){&compliance_transaction_screened_type, &screened[i]};
    }
    events[4] = (struct event){&compliance_review_decided_type, &decided};
    apply_all(sarn_compliance_module.aggregates[0], events, 5);
}

static void subjects_and_notices_without_memory_stay_as_they_were(void **unused)
{
    const struct compliance_subject_listed listed = {.source = long_text(0)};
    const struct notifications_notice_queued queued = {
        .recipient = long_text(0), .channel = long_text(1), .text = long_text(2)};
    const struct event on_list = {&compliance_subject_listed_type, &listed};
    const struct event in_queue = {&notifications_notice_queued_type, &queued};

    (void)unused;
    apply_all(sarn_compliance_module.aggregates[1], &on_list, 1);
    apply_all(sarn_notifications_module.aggregates[0], &in_queue, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_without_memory_stay_as_they_were),
        cmocka_unit_test(profiles_without_memory_stay_as_they_were),
        cmocka_unit_test(subjects_and_notices_without_memory_stay_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
