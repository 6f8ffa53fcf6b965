#include "sarn/types.h"

#include <assert.h>
#include <string.h>

struct sarn_str sarn_str(const char *text)
{
    size_t size;

    if (text == NULL) {
        return (struct sarn_str){NULL, 0};
    }
    size = strlen(text);
    assert(size <= UINT32_MAX);
    return (struct sarn_str){text, (uint32_t)size};
}

bool sarn_str_equal(struct sarn_str a, struct sarn_str b)
{
    if (a.size != b.size) {
        return false;
    }
    return a.size == 0 || memcmp(a.data, b.data, a.size) == 0;
}
