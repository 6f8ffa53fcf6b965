/* domain/engine/projection_fold: how many rows an event touches, and how long their
 * keys are. */
#include <string.h>

#include "engine/projection_state.h"
#include "support/test.h"

static struct sarn_key numbered(uint64_t number)
{
    struct sarn_key key = {.size = 0};

    assert_int_equal(sarn_key_add_u64(&key, number), SARN_OK);
    return key;
}

static void an_event_touches_64_rows(void **unused)
{
    struct sarn_keys *keys = calloc(1, sizeof(*keys));
    struct sarn_key key;

    (void)unused;
    assert_non_null(keys);
    for (uint64_t i = 0; i < 64; i++) {
        key = numbered(i);
        assert_int_equal(sarn_keys_add(keys, &key), SARN_OK);
    }
    assert_int_equal(sarn_keys_add(keys, &key), SARN_OK); /* It is there already. */
    key = numbered(64);
    assert_int_equal(sarn_keys_add(keys, &key), SARN_ERR_TOO_LARGE);
    assert_int_equal(keys->count, 64);
    free(keys);
}

static void a_row_key_has_1_to_400_bytes(void **unused)
{
    struct sarn_keys *keys = calloc(1, sizeof(*keys));
    struct sarn_key key = {.size = SARN_ROW_KEY_BYTES_MAX};

    (void)unused;
    assert_non_null(keys);
    assert_int_equal(sarn_keys_add(keys, &key), SARN_OK);
    key.size += 1;
    assert_int_equal(sarn_keys_add(keys, &key), SARN_ERR_INVALID);
    key.size = 0;
    assert_int_equal(sarn_keys_add(keys, &key), SARN_ERR_INVALID);
    free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_touches_64_rows),
        cmocka_unit_test(a_row_key_has_1_to_400_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
