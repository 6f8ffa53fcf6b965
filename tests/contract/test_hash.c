/* The hash port: one suite for the real libraries and for the one in memory. */
#include "infra/memory/hash.h"
#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"

#include <pthread.h>

#include "support/heap.h"
#include "support/test.h"

static struct sarn_hash real_hash(struct sarn__openssl *openssl)
{
    static const struct sarn_hash_ops ops = {
        .checksum = sarn__xxhash_checksum,
        .digest = sarn__openssl_digest,
    };

    return (struct sarn_hash){.ops = &ops, .self = openssl};
}

static int set_up_real(void **state)
{
    static struct sarn_hash hash;
    struct sarn__openssl *openssl;

    if (sarn__openssl_create(NULL, &openssl, NULL) != SARN_OK) {
        return -1;
    }
    hash = real_hash(openssl);
    *state = &hash;
    return 0;
}

static int tear_down_real(void **state)
{
    struct sarn_hash *hash = *state;

    sarn__openssl_destroy(hash->self);
    return 0;
}

static int set_up_memory(void **state)
{
    static struct sarn_hash hash;

    hash = sarn__memory_hash();
    *state = &hash;
    return 0;
}

static void every_bit_of_data_and_seed_counts(void **state)
{
    const struct sarn_hash *hash = *state;

    for (size_t size = 1; size <= 300; size = size * 2 + 1) {
        uint8_t data[512] = {0};
        uint64_t whole = hash->ops->checksum(hash->self, 7, data, size);

        assert_true(whole == hash->ops->checksum(hash->self, 7, data, size));
        assert_false(whole == hash->ops->checksum(hash->self, 7, data, size - 1));
        for (size_t bit = 0; bit < size * 8; bit++) {
            data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(whole == hash->ops->checksum(hash->self, 7, data, size));
            data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (int bit = 0; bit < 64; bit++) {
            uint64_t seed = 7 ^ UINT64_C(1) << bit;

            assert_false(whole == hash->ops->checksum(hash->self, seed, data, size));
        }
    }
}

static void a_digest_is_of_the_parts_one_after_the_other(void **state)
{
    static const struct sarn_str whole = SARN_STR("abcdef");
    static const struct sarn_str parts[] = {
        SARN_STR("a"), {NULL, 0}, SARN_STR("bcd"), SARN_STR(""), SARN_STR("ef")};
    const struct sarn_hash *hash = *state;
    uint8_t a[SARN__DIGEST_BYTES], b[SARN__DIGEST_BYTES];

    assert_int_equal(hash->ops->digest(hash->self, &whole, 1, a), SARN_OK);
    assert_int_equal(hash->ops->digest(hash->self, parts, COUNT(parts), b), SARN_OK);
    assert_memory_equal(a, b, sizeof(a));
    assert_int_equal(hash->ops->digest(hash->self, parts, COUNT(parts) - 1, b),
                     SARN_OK);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void digests_of_different_bytes_differ_everywhere(void **state)
{
    const struct sarn_hash *hash = *state;
    uint8_t none[SARN__DIGEST_BYTES], one[SARN__DIGEST_BYTES];
    struct sarn_str zero = {"\0", 1};

    assert_int_equal(hash->ops->digest(hash->self, NULL, 0, none), SARN_OK);
    assert_int_equal(hash->ops->digest(hash->self, &zero, 1, one), SARN_OK);
    for (size_t i = 0; i < SARN__DIGEST_BYTES; i += 8) {
        assert_memory_not_equal(none + i, one + i, 8);
    }
}

/* --- threads --- */

#define THREADS 12 /* More than there are kept contexts. */

struct run {
    const struct sarn_hash *hash;
    uint32_t number;
    uint32_t wrong;
};

static void *digest_many(void *arg)
{
    struct run *run = arg;

    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t value[2] = {run->number, i};
        struct sarn_str halves[] = {{(const char *)&value[0], 4},
                                    {(const char *)&value[1], 4}};
        struct sarn_str whole = {(const char *)value, 8};
        uint8_t a[SARN__DIGEST_BYTES], b[SARN__DIGEST_BYTES];

        if (run->hash->ops->digest(run->hash->self, halves, 2, a) != SARN_OK ||
            run->hash->ops->digest(run->hash->self, &whole, 1, b) != SARN_OK ||
            memcmp(a, b, sizeof(a)) != 0) {
            run->wrong += 1;
        }
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    struct run runs[THREADS];
    pthread_t threads[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        runs[i] = (struct run){.hash = *state, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, digest_many, &runs[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(runs[i].wrong, 0);
    }
}

/* --- the real ones: their values are a format --- */

static void checksums_are_those_of_xxh3(void **state)
{
    /* Of github.com/Cyan4973/xxHash: the empty input with seed 0. */
    const struct sarn_hash *hash = *state;

    assert_true(hash->ops->checksum(hash->self, 0, "", 0) ==
                UINT64_C(0x2D06800538D394C2));
    assert_false(hash->ops->checksum(hash->self, 1, "", 0) ==
                 hash->ops->checksum(hash->self, 0, "", 0));
}

static void digests_are_those_of_sha_256(void **state)
{
    /* FIPS 180-4's own examples. */
    static const struct sarn_str abc = SARN_STR("abc");
    static const uint8_t of_abc[SARN__DIGEST_BYTES] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t of_nothing[SARN__DIGEST_BYTES] = {
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
        0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
        0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    const struct sarn_hash *hash = *state;
    uint8_t digest[SARN__DIGEST_BYTES];

    assert_int_equal(hash->ops->digest(hash->self, &abc, 1, digest), SARN_OK);
    assert_memory_equal(digest, of_abc, sizeof(digest));
    assert_int_equal(hash->ops->digest(hash->self, NULL, 0, digest), SARN_OK);
    assert_memory_equal(digest, of_nothing, sizeof(digest));
}

static void no_memory_is_an_answer_and_leaves_nothing(void **unused)
{
    struct test_heap counts = {.fail_at = 1};
    struct sarn_heap heap = test_heap(&counts);
    struct sarn__openssl *openssl = NULL;
    struct sarn_error error;

    (void)unused;
    assert_int_equal(sarn__openssl_create(&heap, &openssl, &error), SARN_ERR_NOMEM);
    assert_null(openssl);
    assert_int_equal(error.status, SARN_ERR_NOMEM);
    assert_int_equal(sarn__openssl_create(&heap, &openssl, NULL), SARN_OK);
    sarn__openssl_destroy(openssl);
    sarn__openssl_destroy(NULL);
    assert_int_equal(counts.live, 0);
}

int main(void)
{
    const struct CMUnitTest real[] = {
        cmocka_unit_test(every_bit_of_data_and_seed_counts),
        cmocka_unit_test(a_digest_is_of_the_parts_one_after_the_other),
        cmocka_unit_test(digests_of_different_bytes_differ_everywhere),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(checksums_are_those_of_xxh3),
        cmocka_unit_test(digests_are_those_of_sha_256),
        cmocka_unit_test(no_memory_is_an_answer_and_leaves_nothing),
    };
    const struct CMUnitTest memory[] = {
        cmocka_unit_test(every_bit_of_data_and_seed_counts),
        cmocka_unit_test(a_digest_is_of_the_parts_one_after_the_other),
        cmocka_unit_test(digests_of_different_bytes_differ_everywhere),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests_name("real", real, set_up_real, tear_down_real) +
           cmocka_run_group_tests_name("memory", memory, set_up_memory, NULL);
}
