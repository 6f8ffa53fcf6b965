/* tzif.h - time zone data made for a test (RFC 8536), so that no test depends on which
 * version of it a machine has.
 */
#ifndef SARN_TESTS_SUPPORT_TZIF_H
#define SARN_TESTS_SUPPORT_TZIF_H

#include "sarn/types.h"

#define TEST_TZIF_BYTES_MAX 1024u

/* The rules that hold in these places since long, as their data ends with. */
#define TEST_PRAGUE    "CET-1CEST,M3.5.0,M10.5.0/3"
#define TEST_NEW_YORK  "EST5EDT,M3.2.0,M11.1.0"
#define TEST_LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"

struct test_tzif {
    char bytes[TEST_TZIF_BYTES_MAX];
    uint32_t size;
};

struct test_tzif_change {
    int64_t at_s;
    int32_t offset_s;
};

/* Data of version (1 or 2): first_offset_s, then the changes, then the rule (version 2;
 * "" for none). */
void test_tzif(struct test_tzif *tzif,
               int version,
               int32_t first_offset_s,
               const struct test_tzif_change *changes,
               uint32_t count,
               const char *rule);
struct sarn_str test_tzif_bytes(const struct test_tzif *tzif);

#endif
