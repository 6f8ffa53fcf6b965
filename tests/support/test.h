/* test.h - what every test file includes: cmocka, after the headers that it leaves to
 * its users to include. */
#ifndef SARN_TESTS_SUPPORT_TEST_H
#define SARN_TESTS_SUPPORT_TEST_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sarn/types.h"

/* Elements of an array. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A sarn_str equals a literal, shown as text when it does not. */
#define assert_str_equal(str, literal)                                                 \
    do {                                                                               \
        struct sarn_str str_ = (str);                                                  \
        assert_int_equal(str_.size, strlen(literal));                                  \
        assert_memory_equal(str_.data, (literal), str_.size);                          \
    } while (0)

/* A call that must succeed; prints its sentence when it does not. Needs an error in
 * scope by that name. */
#define assert_ok(call, error)                                                         \
    do {                                                                               \
        if ((call) != SARN_OK) {                                                       \
            fail_msg("%s: %s", #call, (error)->text);                                  \
        }                                                                              \
    } while (0)

#endif
