#include "support/deeds.h"

#include <string.h>

#include "core/fail.h"
#include "support/test.h"

static struct deed *deed_of(const struct sarn_step_call *call)
{
    struct deeds *deeds = sarn_step_context(call);
    const struct sarn_str *input = sarn_step_input(call);
    char name[96];

    snprintf(name, sizeof(name), "%.*s/%.*s/%u%s%.*s",
             (int)sarn_step_workflow_id(call).size, sarn_step_workflow_id(call).data,
             (int)sarn_step_id(call).size, sarn_step_id(call).data,
             sarn_step_visit(call), input == NULL ? "" : "/",
             input == NULL ? 0 : (int)input->size, input == NULL ? "" : input->data);
    for (uint32_t i = 0; i < deeds->count; i++) {
        if (strcmp(deeds->deeds[i].name, name) == 0) {
            return &deeds->deeds[i];
        }
    }
    assert_true(deeds->count < DEEDS_MAX);
    memcpy(deeds->deeds[deeds->count].name, name, sizeof(name));
    return &deeds->deeds[deeds->count++];
}

/* Under this key for the first time? No visit has two. */
static bool first_time(char seen[160], struct sarn_str key)
{
    char text[160];

    assert_true(key.size > 0 && key.size < sizeof(text));
    memcpy(text, key.data, key.size);
    text[key.size] = '\0';
    if (strcmp(seen, text) == 0) {
        return false;
    }
    assert_string_equal(seen, "");
    memcpy(seen, text, sizeof(text));
    return true;
}

static bool is_step(const struct sarn_step_call *call, const char *step)
{
    return step != NULL && sarn_str_equal(sarn_step_id(call), sarn_str(step));
}

static sarn_status no(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "no", "no");
}

sarn_status deeds_run_once(struct sarn_step_call *call)
{
    const struct deeds *deeds = sarn_step_context(call);
    struct deed *deed = deed_of(call);

    deed->runs += 1;
    if (is_step(call, deeds->refuses)) {
        return no(call);
    }
    deed->stands += 1;
    return SARN_OK;
}

sarn_status deeds_run_by_key(struct sarn_step_call *call)
{
    const struct deeds *deeds = sarn_step_context(call);
    struct deed *deed = deed_of(call);

    deed->runs += 1;
    if (is_step(call, deeds->refuses)) {
        return no(call);
    }
    if (first_time(deed->run_key, sarn_step_key(call))) {
        deed->stands += 1;
    }
    return SARN_OK;
}

sarn_status deeds_undo(struct sarn_step_call *call)
{
    const struct deeds *deeds = sarn_step_context(call);
    struct deed *deed = deed_of(call);

    deed->undos += 1;
    if (is_step(call, deeds->keeps)) {
        return no(call);
    }
    if (first_time(deed->undo_key, sarn_step_key(call)) && deed->stands > 0) {
        deed->stands -= 1;
    }
    return SARN_OK;
}

sarn_status deeds_reconcile(struct sarn_step_call *call)
{
    const struct deed *deed = deed_of(call);

    sarn_step_set_fate(call, deed->stands > 0 ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return SARN_OK;
}

sarn_status deeds_nothing(struct sarn_step_call *call)
{
    const struct deeds *deeds = sarn_step_context(call);

    return is_step(call, deeds->refuses) ? no(call) : SARN_OK;
}

/* --- looking --- */

void deeds_forget(struct deeds *deeds)
{
    memset(deeds->deeds, 0, sizeof(deeds->deeds));
    deeds->count = 0;
}

const struct deed *deeds_find(const struct deeds *deeds, const char *name)
{
    for (uint32_t i = 0; i < deeds->count; i++) {
        if (strcmp(deeds->deeds[i].name, name) == 0) {
            return &deeds->deeds[i];
        }
    }
    return NULL;
}

int32_t deeds_standing(const struct deeds *deeds, const char *name)
{
    const struct deed *deed = deeds_find(deeds, name);

    return deed == NULL ? 0 : deed->stands;
}

sarn_status
deeds_all_stand(const struct deeds *deeds, int32_t count, struct sarn_error *error)
{
    for (uint32_t i = 0; i < deeds->count; i++) {
        if (deeds->deeds[i].stands != count) {
            return sarn__fail(error, SARN_ERR_INVALID, "%s stands %d times, not %d",
                              deeds->deeds[i].name, deeds->deeds[i].stands, count);
        }
    }
    return SARN_OK;
}
