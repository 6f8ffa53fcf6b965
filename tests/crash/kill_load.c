/* What work n is. */
#include "killtest.h"

enum kill_kind kill_kind_of(uint64_t n)
{
    static const enum kill_kind kinds[8] = {
        KILL_IS_DEPOSIT, KILL_IS_TRANSFER, KILL_IS_NOTE,  KILL_IS_ERRAND,
        KILL_IS_DEPOSIT, KILL_IS_TRANSFER, KILL_IS_NOTES, KILL_IS_VOYAGE};

    return kinds[n % 8];
}

int64_t kill_amount(uint64_t n)
{
    return (int64_t)(n % 100) + 1;
}

bool kill_fails(uint64_t n)
{
    return n / 8 % 3 == 0;
}

int64_t kill_wait_us(uint64_t n)
{
    return n / 8 % 5 == 0 ? 1200000 : 1000 + (int64_t)(n % 7) * 2000;
}

uint32_t kill_account(uint64_t n)
{
    return (uint32_t)(n / 2 % KILL_ACCOUNTS);
}

uint32_t kill_note_stream(uint64_t n, uint32_t i)
{
    return (uint32_t)((n / 4 + (uint64_t)i * 3) % KILL_NOTE_STREAMS);
}

uint32_t kill_note_count(uint64_t n)
{
    return kill_kind_of(n) == KILL_IS_NOTES ? 2 : 1;
}
