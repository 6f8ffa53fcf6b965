#include "sarn/sarn.h"

/* SARN_VERSION is the build's: one place to raise it. */
const char *sarn_version(void)
{
    return SARN_VERSION;
}
