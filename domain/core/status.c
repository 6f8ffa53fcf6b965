#include "sarn/status.h"

const char *sarn_status_text(sarn_status status)
{
    switch (status) {
#define X(name, value, text)                                                           \
    case SARN_##name:                                                                  \
        return (text);
        SARN_STATUS_MAP(X)
#undef X
    }
    return "unknown status"; /* A newer library's, or not a status at all. */
}
