/* sarn_executions and sarn_execution_counts against a model: whatever happened. */
#include <string.h>

#include "support/executions.h"
#include "support/test.h"

#define IDS       40u
#define WORKFLOWS 3u

struct model {
    struct {
        uint32_t tenant, workflow, status;
        int64_t started_us;
        uint32_t attribute; /* Its value, or 0: none. */
        char stream[32];
    } all[IDS];
    uint32_t count;
    uint64_t seed;
    int64_t now_us;
};

static const char *const workflows[WORKFLOWS] = {"a", "ab", "b"};
static const char *const values[] = {"", "x", "y", "z"};

static uint32_t draw(struct model *m, uint32_t below)
{
    m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(m->seed >> 33) % below;
}

static void model_start(struct model *m, struct views *v, uint32_t i, uint32_t replaces)
{
    const struct sarn_attribute_value attribute = {SARN_STR("k"),
                                                   sarn_str(values[draw(m, 4)])};
    uint32_t size = attribute.value.size > 0 ? 1 : 0;

    m->all[i].status = SARN_EXECUTION_RUNNING;
    m->all[i].started_us = m->now_us;
    m->all[i].attribute = size == 0 ? 0 : (uint32_t)(attribute.value.data[0] - 'x') + 1;
    executions_start(v, m->all[i].tenant, m->all[i].stream, m->now_us,
                     (struct sarn_execution_started){.fingerprint = draw(m, 2),
                                                     .replaces = replaces,
                                                     .attributes = {&attribute, size}});
}

static void model_step(struct model *m, struct views *v)
{
    uint32_t i = draw(m, IDS);
    const struct sarn_execution_completed completed = {.was = SARN_EXECUTION_RUNNING};
    const struct sarn_execution_parked parked = {.was = SARN_EXECUTION_RUNNING};
    const struct sarn_execution_unparked unparked = {.now = SARN_EXECUTION_RUNNING};
    const struct sarn_attribute_value none = {SARN_STR("k"), SARN_STR("")};
    const struct sarn_step_succeeded succeeded = {.step = SARN_STR("s"),
                                                  .attributes = {&none, 1}};

    m->now_us += draw(m, 2);
    if (i >= m->count) {
        i = m->count++;
        m->all[i].tenant = draw(m, 5) == 0 ? 1 : 0;
        m->all[i].workflow = draw(m, WORKFLOWS);
        snprintf(m->all[i].stream, sizeof(m->all[i].stream), "%s-%u",
                 workflows[m->all[i].workflow], i);
        model_start(m, v, i, 0);
    } else if (m->all[i].status == SARN_EXECUTION_COMPLETED) {
        model_start(m, v, i, SARN_EXECUTION_COMPLETED);
    } else if (m->all[i].status == SARN_EXECUTION_PARKED) {
        m->all[i].status = SARN_EXECUTION_RUNNING;
        executions_write(v, m->all[i].tenant, m->all[i].stream, m->now_us,
                         &sarn_execution_unparked_type, &unparked);
    } else if (draw(m, 3) == 0) {
        m->all[i].status = SARN_EXECUTION_PARKED;
        executions_write(v, m->all[i].tenant, m->all[i].stream, m->now_us,
                         &sarn_execution_parked_type, &parked);
    } else if (draw(m, 2) == 0) {
        m->all[i].attribute = 0;
        executions_write(v, m->all[i].tenant, m->all[i].stream, m->now_us,
                         &sarn_step_succeeded_type, &succeeded);
    } else {
        m->all[i].status = SARN_EXECUTION_COMPLETED;
        executions_write(v, m->all[i].tenant, m->all[i].stream, m->now_us,
                         &sarn_execution_completed_type, &completed);
    }
}

static bool model_matches(const struct model *m,
                          uint32_t i,
                          const struct sarn_execution_filter *filter)
{
    return m->all[i].tenant == filter->tenant &&
           (filter->status == 0 || m->all[i].status == filter->status) &&
           (filter->workflow.size == 0 ||
            sarn_str_equal(filter->workflow,
                           sarn_str(workflows[m->all[i].workflow]))) &&
           (filter->from_us == 0 || m->all[i].started_us >= filter->from_us) &&
           (filter->to_us == 0 || m->all[i].started_us <= filter->to_us) &&
           (filter->attribute_count == 0 ||
            sarn_str_equal(filter->attributes->value,
                           sarn_str(values[m->all[i].attribute])));
}

/* In order of start, then of the stream's name. */
static bool model_before(const struct model *m, uint32_t a, uint32_t b)
{
    return m->all[a].started_us != m->all[b].started_us
               ? m->all[a].started_us < m->all[b].started_us
               : strcmp(m->all[a].stream, m->all[b].stream) < 0;
}

static const char *model_found(const struct model *m,
                               const struct sarn_execution_filter *filter,
                               char *text)
{
    bool taken[IDS] = {false};

    text[0] = '\0';
    for (;;) {
        uint32_t best = IDS;
        size_t used = strlen(text);

        for (uint32_t i = 0; i < m->count; i++) {
            bool backward = (filter->flags & SARN_READ_BACKWARD) != 0;

            if (!taken[i] && model_matches(m, i, filter) &&
                (best == IDS ||
                 (backward ? model_before(m, best, i) : model_before(m, i, best)))) {
                best = i;
            }
        }
        if (best == IDS) {
            return text;
        }
        taken[best] = true;
        snprintf(text + used, VIEWS_TEXT_BYTES - used, "%s%s %s", used == 0 ? "" : ", ",
                 m->all[best].stream, sarn_execution_status_text(m->all[best].status));
    }
}

static void model_check(struct model *m, struct views *v, sarn_log *log)
{
    static char wanted[VIEWS_TEXT_BYTES];
    static const uint32_t statuses[] = {
        0, SARN_EXECUTION_RUNNING, SARN_EXECUTION_PARKED, SARN_EXECUTION_COMPLETED};

    for (uint32_t i = 0; i < 40; i++) {
        struct sarn_attribute attribute = {SARN_STR("k"),
                                           sarn_str(values[1 + draw(m, 3)])};
        struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;

        filter.flags = draw(m, 2) == 0 ? SARN_READ_BACKWARD : 0;
        filter.tenant = draw(m, 4) == 0 ? 1 : 0;
        filter.status = statuses[draw(m, 4)];
        filter.workflow =
            sarn_str(draw(m, 2) == 0 ? "" : workflows[draw(m, WORKFLOWS)]);
        filter.from_us = draw(m, 2) == 0 ? 0 : 1 + draw(m, (uint32_t)m->now_us + 1);
        filter.to_us = draw(m, 2) == 0 ? 0 : 1 + draw(m, (uint32_t)m->now_us + 1);
        filter.attributes = &attribute;
        filter.attribute_count = draw(m, 2);
        assert_string_equal(executions_found_in(v, log, &filter),
                            model_found(m, &filter, wanted));
    }
}

static void model_check_counts(struct model *m, struct views *v)
{
    char wanted[VIEWS_TEXT_BYTES] = "";

    for (uint32_t tenant = 0; tenant < 2; tenant++) {
        for (uint32_t workflow = 0; workflow < WORKFLOWS; workflow++) {
            for (uint32_t status = 1; status <= SARN_EXECUTION_UNDONE; status++) {
                size_t used = strlen(wanted);
                uint32_t count = 0;

                for (uint32_t i = 0; i < m->count; i++) {
                    count += m->all[i].tenant == tenant &&
                             m->all[i].workflow == workflow &&
                             m->all[i].status == status;
                }
                if (count > 0) {
                    snprintf(wanted + used, sizeof(wanted) - used, "%s%u/%s %s %u",
                             used == 0 ? "" : ", ", tenant, workflows[workflow],
                             sarn_execution_status_text(status), count);
                }
            }
        }
    }
    assert_string_equal(executions_counts(v), wanted);
}

static void a_search_finds_what_is_there_whatever_happened(void **unused)
{
    static struct model m;
    static struct views v;

    (void)unused;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        memset(&m, 0, sizeof(m));
        m.seed = seed;
        m.now_us = 1;
        executions_begin(&v);
        for (uint32_t i = 0; i < 600; i++) {
            uint32_t dice = draw(&m, 100);

            model_step(&m, &v);
            if (dice < 50) {
                executions_settle(&v);
            } else if (dice < 56) {
                executions_settle(&v);
                views_flush(&v, 5, draw(&m, 60));
                if (draw(&m, 2) == 0) {
                    views_crash(&v);
                }
            }
            if (i % 100 == 99) {
                struct sarn_log reader;

                executions_settle(&v);
                model_check(&m, &v, &v.log);
                model_check_counts(&m, &v);
                views_open_reader(&v, NULL, &reader);
                model_check(&m, &v, &reader);
                views_close_reader(&reader);
                assert_non_null(strstr(views_check(&v, &v.log), "differences=0"));
            }
        }
        views_end(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_finds_what_is_there_whatever_happened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
