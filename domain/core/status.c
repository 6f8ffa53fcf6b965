#include "sarn/status.h"

#include "sarn/execution.h"

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

const char *sarn_execution_status_text(uint32_t status)
{
    static const char *const texts[] = {[SARN_EXECUTION_RUNNING] = "running",
                                        [SARN_EXECUTION_COMPENSATING] = "compensating",
                                        [SARN_EXECUTION_COMPLETED] = "completed",
                                        [SARN_EXECUTION_COMPENSATED] = "compensated",
                                        [SARN_EXECUTION_PARKED] = "parked",
                                        [SARN_EXECUTION_CANCELLED] = "cancelled",
                                        [SARN_EXECUTION_TERMINATED] = "terminated",
                                        [SARN_EXECUTION_TIMED_OUT] = "timed out",
                                        [SARN_EXECUTION_CONTINUED] = "continued",
                                        [SARN_EXECUTION_UNDONE] = "undone"};
    const size_t count = sizeof(texts) / sizeof(texts[0]);

    return status < count && texts[status] != NULL ? texts[status] : "unknown";
}
