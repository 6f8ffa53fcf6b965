#include "core/line.h"

#include <assert.h>
#include <string.h>

#include "core/heap.h"

#define KEY_BYTES 5u /* Of a lane: priority and tenant. */
#define WORD_BITS 64u

/* Those of one tenant and priority that wait, in the order in which they came. */
struct sarn__lane {
    struct sarn__map_node node;         /* Key: key. */
    struct sarn__lane *next, *previous; /* In the ring of its priority. */
    struct sarn__entry *first, *last;
    uint8_t key[KEY_BYTES];
};

static uint32_t priority_of(const struct sarn__lane *lane)
{
    return lane->key[0];
}

static void make_key(uint8_t key[KEY_BYTES], uint32_t tenant, uint32_t priority)
{
    key[0] = (uint8_t)priority;
    memcpy(key + 1, &tenant, sizeof(tenant));
}

/* To the end of its ring: just before whose turn it is. */
static void link_lane(struct sarn__line *line, struct sarn__lane *lane)
{
    uint32_t priority = priority_of(lane);
    struct sarn__lane *turn = line->rings[priority];

    if (turn == NULL) {
        lane->next = lane->previous = lane;
        line->rings[priority] = lane;
        line->some[priority / WORD_BITS] |= UINT64_C(1) << (priority % WORD_BITS);
        return;
    }
    lane->next = turn;
    lane->previous = turn->previous;
    turn->previous->next = lane;
    turn->previous = lane;
}

static void unlink_lane(struct sarn__line *line, struct sarn__lane *lane)
{
    uint32_t priority = priority_of(lane);

    if (lane->next == lane) {
        line->rings[priority] = NULL;
        line->some[priority / WORD_BITS] &= ~(UINT64_C(1) << (priority % WORD_BITS));
        return;
    }
    lane->next->previous = lane->previous;
    lane->previous->next = lane->next;
    if (line->rings[priority] == lane) {
        line->rings[priority] = lane->next;
    }
}

static struct sarn__lane *
lane_for(struct sarn__line *line, uint32_t tenant, uint32_t priority)
{
    uint8_t key[KEY_BYTES];
    struct sarn__map_node *node = NULL;
    struct sarn__lane *lane = NULL;

    make_key(key, tenant, priority);
    node =
        sarn__map_find(&line->lanes, (struct sarn_str){(const char *)key, KEY_BYTES});
    if (node != NULL) {
        return SARN__OF(node, struct sarn__lane, node);
    }
    lane = sarn__heap_alloc(&line->lanes.heap, sizeof(*lane));
    if (lane == NULL) {
        return NULL;
    }
    memcpy(lane->key, key, KEY_BYTES);
    lane->node.key = (struct sarn_str){(const char *)lane->key, KEY_BYTES};
    if (sarn__map_insert(&line->lanes, &lane->node) != SARN_OK) {
        sarn__heap_free(&line->lanes.heap, lane);
        return NULL;
    }
    link_lane(line, lane);
    return lane;
}

static void remove_entry(struct sarn__line *line, struct sarn__entry *entry)
{
    struct sarn__lane *lane = entry->lane;

    if (entry->previous != NULL) {
        entry->previous->next = entry->next;
    } else {
        lane->first = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->previous = entry->previous;
    } else {
        lane->last = entry->previous;
    }
    *entry = (struct sarn__entry){0};
    line->count -= 1;
    if (lane->first == NULL) {
        unlink_lane(line, lane);
        sarn__map_remove(&line->lanes, &lane->node);
        sarn__heap_free(&line->lanes.heap, lane);
    }
}

/* The ring of the highest priority that has anybody; NULL: nobody waits. */
static struct sarn__lane **first_ring(struct sarn__line *line)
{
    for (uint32_t word = SARN__PRIORITIES / WORD_BITS; word-- > 0;) {
        for (uint32_t bit = WORD_BITS; line->some[word] != 0 && bit-- > 0;) {
            if ((line->some[word] & (UINT64_C(1) << bit)) != 0) {
                return &line->rings[word * WORD_BITS + bit];
            }
        }
    }
    return NULL;
}

void sarn__line_init(struct sarn__line *line, const struct sarn_heap *heap)
{
    *line = (struct sarn__line){.count = 0};
    sarn__map_init(&line->lanes, heap);
}

void sarn__line_done(struct sarn__line *line)
{
    assert(line->count == 0);
    sarn__map_done(&line->lanes);
}

sarn_status sarn__line_wait(struct sarn__line *line,
                            struct sarn__entry *entry,
                            uint32_t tenant,
                            uint32_t priority)
{
    struct sarn__lane *lane = NULL;

    assert(entry->lane == NULL);
    lane = lane_for(line, tenant,
                    priority < SARN__PRIORITIES ? priority : SARN__PRIORITIES - 1);
    if (lane == NULL) {
        return SARN_ERR_NOMEM;
    }
    *entry = (struct sarn__entry){.lane = lane, .previous = lane->last};
    if (lane->last != NULL) {
        lane->last->next = entry;
    } else {
        lane->first = entry;
    }
    lane->last = entry;
    line->count += 1;
    return SARN_OK;
}

void sarn__line_give_up(struct sarn__line *line, struct sarn__entry *entry)
{
    if (entry->lane != NULL) {
        remove_entry(line, entry);
    }
}

struct sarn__entry *sarn__line_take(struct sarn__line *line)
{
    struct sarn__lane **ring = first_ring(line);
    struct sarn__entry *entry = NULL;

    if (ring == NULL) {
        return NULL;
    }
    entry = (*ring)->first;
    *ring = (*ring)->next; /* The next tenant's turn. */
    remove_entry(line, entry);
    return entry;
}
