/* In which order visits are undone. */
#include <string.h>

#include "core/plan_parts.h"

void sarn__undo_order_init(struct sarn__undo_order *order,
                           const struct sarn_workflow *workflow)
{
    order->order = workflow->undo_order;
    order->workflow = workflow;
    order->last = NULL;
    if (order->order == SARN_UNDO_DEPENDENCY) {
        memset(order->latest, 0, workflow->step_count * sizeof(order->latest[0]));
    }
}

/* What was only permitted comes after all that has begun, in the order of the list. */
static uint32_t turn_of(uint32_t begun)
{
    return begun != 0 ? begun : UINT32_MAX;
}

/* One that is not done yet has no order, and was begun after all that has. But what is
 * being undone is not interrupted. */
static bool is_after(const struct sarn__step *a, const struct sarn__step *b)
{
    if ((a->state == SARN__COMPENSATING) != (b->state == SARN__COMPENSATING)) {
        return a->state == SARN__COMPENSATING;
    }
    if ((a->order == 0) != (b->order == 0)) {
        return a->order == 0;
    }
    return a->order != 0 ? a->order > b->order : turn_of(a->begun) >= turn_of(b->begun);
}

void sarn__undo_order_add(struct sarn__undo_order *order,
                          const struct sarn__step *visit,
                          const struct sarn_step *step)
{
    uint32_t index = 0;

    if (order->order == SARN_UNDO_REVERSE) {
        if (order->last == NULL || is_after(visit, order->last)) {
            order->last = visit;
        }
    } else if (order->order == SARN_UNDO_DEPENDENCY) {
        index = sarn__step_index(order->workflow, sarn_str(step->id), 0);
        if (order->latest[index] == NULL || is_after(visit, order->latest[index])) {
            order->latest[index] = visit;
        }
    }
}

static bool depends(const struct sarn_step *step, const char *id)
{
    for (const char *const *other = step->depends_on; other != NULL && *other != NULL;
         other++) {
        if (strcmp(*other, id) == 0) {
            return true;
        }
    }
    return false;
}

bool sarn__undo_order_allows(const struct sarn__undo_order *order,
                             const struct sarn__step *visit,
                             const struct sarn_step *step)
{
    if (order->order == SARN_UNDO_REVERSE) {
        return visit == order->last;
    }
    if (order->order != SARN_UNDO_DEPENDENCY || visit->state == SARN__COMPENSATING) {
        return true;
    }
    for (uint32_t i = 0; i < order->workflow->step_count; i++) {
        const struct sarn_step *other = sarn__step_at(order->workflow, i);

        if (order->latest[i] == NULL) {
            continue;
        }
        /* Of one step, the last visit first. */
        if (other == step ? order->latest[i] != visit : depends(other, step->id)) {
            return false;
        }
    }
    return true;
}
