/* Who is stopped when, who comes then, and what must be so. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sarn/sarn.h>

#include "takeover.h"

#define WALK_ITEMS 2u /* Half of what a life of a walk works off. */
/* Those of the life that it takes the log from, and some that nobody has done. */
#define TAKER_ITEMS (3 * WALK_ITEMS)
#define TAKER_TRIES 5u

/* --- lives --- */

static pid_t begin(struct takeover_ring *ring, uint32_t slot, struct takeover_life told)
{
    ring->lives[slot] = told;
    ring->lives[slot].window = told.window == 0 ? 1 : told.window;
    return takeover_start(ring, slot);
}

static int opened(const struct takeover_ring *ring, uint32_t slot)
{
    return atomic_load(&ring->lives[slot].opened);
}

/* One that meets nobody: it has to get through. */
static void work(struct takeover_ring *ring,
                 uint32_t slot,
                 uint32_t flags,
                 uint32_t first,
                 uint32_t count)
{
    struct takeover_life *life = &ring->lives[slot];
    pid_t child =
        begin(ring, slot,
              (struct takeover_life){.flags = flags, .first = first, .count = count});

    if (takeover_await(child)) {
        takeover_wrong(ring, "a life that nobody stops", "has stopped");
    }
    if (opened(ring, slot) != SARN_OK || atomic_load(&life->acked) != count) {
        takeover_wrong(ring, "a life that meets nobody", life->text);
    }
}

static void remove_log(const struct takeover_ring *ring)
{
    char lock[300];

    snprintf(lock, sizeof(lock), "%s-lock", ring->path);
    (void)unlink(ring->path);
    (void)unlink(lock);
}

/* --- what must be so --- */

/* Slot's opening was refused since process owner is stopped inside of a commit. */
static void
must_be_busy(const struct takeover_ring *ring, uint32_t slot, pid_t owner, bool others)
{
    const struct takeover_life *life = &ring->lives[slot];
    char alone[32], one[32];

    if (opened(ring, slot) != SARN_ERR_BUSY ||
        strstr(life->text, "in the middle of a commit") == NULL) {
        takeover_wrong(ring, "taking over from one inside of a commit", life->text);
    }
    /* Beside others that are stopped, it is one of them. */
    snprintf(alone, sizeof(alone), "process %d,", (int)owner);
    snprintf(one, sizeof(one), " %d; one of them", (int)owner);
    if (strstr(life->text, alone) == NULL &&
        (!others || strstr(life->text, one) == NULL)) {
        fprintf(stderr, "takeover: it is %s\n", alone);
        takeover_wrong(ring, "BUSY names another process", life->text);
    }
}

/* Slot has ended, deposed: all that it asked since is answered so. */
static void must_be_deposed(const struct takeover_ring *ring, uint32_t slot)
{
    const struct takeover_life *life = &ring->lives[slot];
    uint32_t answered = atomic_load(&life->acked) + atomic_load(&life->deposed);

    if (atomic_load(&life->strange) != SARN_OK || atomic_load(&life->late) != 0) {
        takeover_wrong(ring, "a deposed owner was answered",
                       sarn_status_text((sarn_status)atomic_load(&life->strange)));
    }
    if (opened(ring, slot) == SARN_OK && answered != life->count) {
        takeover_wrong(ring, "a deposed owner", "was not answered");
    }
}

/* Take the log over from one who is stopped outside of a transaction. Where the machine
 * has so much to do that two seconds are over before the taker has looked, it says BUSY
 * as if the other were inside of one; from one who is, it would say so each time. */
static pid_t take_over(struct takeover_ring *ring, uint32_t first)
{
    struct takeover_life life = {.flags = SARN_OPEN_TAKEOVER,
                                 .first = first,
                                 .count = TAKER_ITEMS,
                                 .rest_after = WALK_ITEMS};

    for (uint32_t tries = 0; tries < TAKER_TRIES; tries++) {
        pid_t child = begin(ring, 1, life);

        if (takeover_await(child)) {
            return child;
        }
        if (opened(ring, 1) != SARN_ERR_BUSY) {
            break;
        }
    }
    takeover_wrong(ring, "taking over from one that is not in a commit",
                   ring->lives[1].text);
}

/* Somebody else takes the log over while the life of slot 0 is stopped outside of a
 * transaction: works, rests, sees the other off, and works on. */
static void depose(struct takeover_ring *ring,
                   pid_t old,
                   uint32_t first,
                   struct takeover_sums *sums)
{
    struct takeover_life *taker = &ring->lives[1];
    pid_t child = take_over(ring, first);

    if (takeover_go_on(old)) {
        takeover_wrong(ring, "the old owner", "has stopped again");
    }
    must_be_deposed(ring, 0);
    if (takeover_go_on(child) || atomic_load(&taker->acked) != TAKER_ITEMS) {
        fprintf(stderr, "takeover: it got %u through, and was deposed at %u\n",
                atomic_load(&taker->acked), atomic_load(&taker->deposed));
        takeover_wrong(ring, "the new owner", "did not get through");
    }
    atomic_fetch_add(&sums->deposed, 1);
}

/* --- the walk --- */

/* The life of slot 0 is inside of a commit: nobody gets the log from it. When it has
 * come out, that commit is there. */
static void be_refused(struct takeover_ring *ring, pid_t old, uint32_t slot)
{
    struct takeover_life *life = &ring->lives[slot == 1 ? 0 : 1];
    pid_t taker = begin(
        ring, slot, (struct takeover_life){.flags = SARN_OPEN_TAKEOVER, .count = 1});

    if (takeover_await(taker)) {
        takeover_wrong(ring, "a taker", "has stopped");
    }
    must_be_busy(ring, slot, old, slot != 1);
    atomic_store(&life->stop_outside, true);
    if (!takeover_go_on(old)) {
        takeover_wrong(ring, "who was in a commit", "did not come out of it");
    }
    if (atomic_load(&life->inside)) {
        takeover_wrong(ring, "who was in a commit", "is in one still");
    }
}

bool takeover_walk(struct takeover_ring *ring,
                   uint32_t moment,
                   struct takeover_sums *sums)
{
    struct takeover_life *life = &ring->lives[0];
    bool inside;
    pid_t old;

    remove_log(ring);
    memset(ring->acked, 0, sizeof(ring->acked));
    work(ring, 0, 0, 0, 4); /* So that there is a log. */
    old = begin(
        ring, 0,
        (struct takeover_life){.first = 4, .count = 2 * WALK_ITEMS, .stop_at = moment});
    if (!takeover_await(old)) {
        return false;
    }
    inside = atomic_load(&life->inside);
    if (inside) {
        be_refused(ring, old, 1);
    }
    atomic_fetch_add(inside ? &sums->inside : &sums->outside, 1);
    depose(ring, old, 4, sums);
    work(ring, 2, 0, 4, TAKER_ITEMS); /* What is left of it, by somebody else. */
    takeover_judge(ring, 4 + TAKER_ITEMS, sums);
    return true;
}

/* --- the walk of a taker --- */

bool takeover_walk_taker(struct takeover_ring *ring,
                         uint32_t moment,
                         struct takeover_sums *sums)
{
    struct takeover_life *taker = &ring->lives[1];
    pid_t old, first;
    bool inside;

    remove_log(ring);
    memset(ring->acked, 0, sizeof(ring->acked));
    old = begin(
        ring, 0,
        (struct takeover_life){.count = 2 * WALK_ITEMS, .rest_after = WALK_ITEMS});
    if (!takeover_await(old)) {
        takeover_wrong(ring, "the owner", "does not rest");
    }
    first = begin(ring, 1,
                  (struct takeover_life){.flags = SARN_OPEN_TAKEOVER,
                                         .count = 2 * WALK_ITEMS,
                                         .rest_after = 1,
                                         .stop_at = moment});
    if (!takeover_await(first)) {
        takeover_wrong(ring, "the taker", taker->text);
    }
    if (opened(ring, 1) == SARN_OK) { /* It has taken over, and rests. */
        takeover_kill(first);
        takeover_kill(old);
        return false;
    }
    inside = atomic_load(&taker->inside);
    if (inside) {
        be_refused(ring, first, 2);
    }
    atomic_fetch_add(inside ? &sums->inside : &sums->outside, 1);
    /* A second taker gets it, whoever else hangs around. */
    work(ring, 2, SARN_OPEN_TAKEOVER, 0, WALK_ITEMS);
    while (takeover_go_on(first)) {
    }
    must_be_deposed(ring, 1);
    while (takeover_go_on(old)) {
    }
    must_be_deposed(ring, 0);
    work(ring, 3, 0, 0, 2 * WALK_ITEMS);
    takeover_judge(ring, 2 * WALK_ITEMS, sums);
    return true;
}

/* --- rounds --- */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % below);
}

struct fighting {
    struct takeover_ring *ring;
    struct takeover_sums *sums;
    uint64_t seed;
    uint32_t slot;  /* Of who has the log, or is next. */
    uint32_t items; /* Begun so far. */
};

/* Some that may be done already, and some new ones. */
static struct takeover_life next_life(struct fighting *fighting, uint32_t flags)
{
    uint32_t back = draw(&fighting->seed, 40);
    uint32_t first = fighting->items > back ? fighting->items - back : 0;
    struct takeover_life life = {.flags = flags,
                                 .first = first,
                                 .count = 20 + draw(&fighting->seed, 60),
                                 .window = 1 + draw(&fighting->seed, 6),
                                 .stop_at = 1 + draw(&fighting->seed, 160)};

    if (life.first + life.count > fighting->items) {
        fighting->items = life.first + life.count;
    }
    return life;
}

/* From who is stopped inside of a commit nobody takes the log. */
static void try_in_vain(struct fighting *fighting, pid_t owner)
{
    struct takeover_ring *ring = fighting->ring;
    uint32_t slot = (fighting->slot + 1) % TAKEOVER_LIVES;
    pid_t taker = begin(
        ring, slot, (struct takeover_life){.flags = SARN_OPEN_TAKEOVER, .count = 1});

    if (takeover_await(taker)) {
        takeover_wrong(ring, "a taker", "has stopped");
    }
    must_be_busy(ring, slot, owner, false);
    atomic_fetch_add(&fighting->sums->inside, 1);
}

/* A round: who has the log is stopped somewhere, and is killed, or loses it to the
 * next, who may be stopped on the way to it. Returns who has it then; 0: nobody. */
static pid_t fight(struct fighting *fighting, pid_t owner)
{
    struct takeover_ring *ring = fighting->ring;
    struct takeover_life *old = &ring->lives[fighting->slot];
    uint32_t next = (fighting->slot + 1) % TAKEOVER_LIVES;
    bool killed = draw(&fighting->seed, 4) == 0;
    pid_t taker;

    if (atomic_load(&old->inside) && !killed) {
        try_in_vain(fighting, owner);
        atomic_store(&old->stop_outside, true);
        if (!takeover_go_on(owner)) {
            return 0; /* It has ended by itself since. */
        }
    }
    if (killed) {
        takeover_kill(owner);
        atomic_fetch_add(&fighting->sums->killed, 1);
    }
    taker = begin(ring, next, next_life(fighting, killed ? 0 : SARN_OPEN_TAKEOVER));
    if (!takeover_await(taker)) {
        taker = 0;
    }
    if (!killed) { /* Both are there: the old one is let go, wherever the new one is. */
        if (taker != 0 && atomic_load(&ring->lives[next].inside)) {
            atomic_store(&ring->lives[next].stop_outside, true);
            taker = takeover_go_on(taker) ? taker : 0;
        }
        while (takeover_go_on(owner)) {
        }
        must_be_deposed(ring, fighting->slot);
        atomic_fetch_add(&fighting->sums->deposed,
                         atomic_load(&old->deposed) > 0 ? 1 : 0);
    }
    fighting->slot = next;
    return taker;
}

void takeover_rounds(struct takeover_ring *ring,
                     uint32_t rounds,
                     uint64_t seed,
                     struct takeover_sums *sums)
{
    struct fighting fighting = {.ring = ring, .sums = sums, .seed = seed};
    pid_t owner = 0;

    remove_log(ring);
    memset(ring->acked, 0, sizeof(ring->acked));
    for (uint32_t i = 0; i < rounds; i++) {
        if (owner == 0) {
            owner = begin(ring, fighting.slot, next_life(&fighting, 0));
            owner = takeover_await(owner) ? owner : 0;
        }
        if (owner != 0) {
            owner = fight(&fighting, owner);
        }
        atomic_fetch_add(&sums->rounds, 1);
    }
    if (owner != 0) {
        takeover_kill(owner);
    }
    takeover_judge(ring, fighting.items, sums);
    work(ring, 0, 0, 0, fighting.items);
    takeover_judge(ring, fighting.items, sums);
    remove_log(ring);
}
