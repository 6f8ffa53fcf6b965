#include <stdio.h>
#include <stdlib.h>

#include "powercut.h"

_Noreturn void power_die(const char *what, const char *why)
{
    fprintf(stderr, "powercut: %s: %s\n", what, why);
    exit(2);
}

void *power_resize(void *memory, size_t count, size_t size)
{
    void *resized = realloc(memory, count * size);

    if (resized == NULL) {
        power_die("memory", "there is none left");
    }
    return resized;
}

uint64_t power_mix(uint64_t a, uint64_t b)
{
    uint64_t z = a + (b + 1) * UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t power_draw(uint64_t *seed, uint64_t below)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return power_mix(*seed, 0) % below;
}
