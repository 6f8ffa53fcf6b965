/* domain/engine/record and commit: every field comes back, and no bytes at all can do
 * more than be refused. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/commit.h"
#include "engine/record.h"
#include "infra/memory/hash.h"
#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"

static struct sarn_uuid uuid(uint8_t first)
{
    struct sarn_uuid id;

    for (uint32_t i = 0; i < 16; i++) {
        id.bytes[i] = (uint8_t)(first + i);
    }
    return id;
}

/* Every field has a value of its own. */
static struct sarn__record full_record(void)
{
    struct sarn__record record = {.position = 77,
                                  .codec = 1,
                                  .type = 2,
                                  .schema = 3,
                                  .tenant = 4,
                                  .actor = 5,
                                  .origin = 6,
                                  .stream = 7,
                                  .version = 8,
                                  .previous = 9,
                                  .time_us = -10,
                                  .id = uuid(16),
                                  .correlation_id = uuid(32),
                                  .causation_id = uuid(48),
                                  .payload = SARN_STR("thirteen byte"),
                                  .stream_name = SARN_STR("account-42"),
                                  .type_name = SARN_STR("bank.Deposited"),
                                  .actor_name = SARN_STR("anna"),
                                  .origin_name = SARN_STR("till 3"),
                                  .schema_name = SARN_STR("bank"),
                                  .has_command = true,
                                  .command = {.status = 13,
                                              .event_count = 2,
                                              .key = SARN_STR("key-1"),
                                              .text = SARN_STR("why not")}};

    memset(record.command.payload_hash, 0xab, sizeof(record.command.payload_hash));
    return record;
}

struct encoded {
    uint64_t bytes[1024];
    struct sarn_str view;
};

static void encode(const struct sarn__record *record,
                   const struct sarn_hash *hash,
                   struct encoded *encoded)
{
    size_t size = sarn__record_size(record);

    assert_true(size <= sizeof(encoded->bytes));
    assert_int_equal(size % 8, 0);
    memset(encoded->bytes, 0xee, sizeof(encoded->bytes));
    sarn__record_encode(record, hash, encoded->bytes);
    encoded->view = (struct sarn_str){(char *)encoded->bytes, (uint32_t)size};
    assert_int_equal(((uint8_t *)encoded->bytes)[size], 0xee); /* And no further. */
}

static void assert_same_text(struct sarn_str a, struct sarn_str b)
{
    assert_true(sarn_str_equal(a, b));
}

static void every_field_comes_back(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out;
    struct encoded encoded;

    (void)unused;
    encode(&in, &hash, &encoded);
    assert_int_equal(sarn__record_decode(77, encoded.view, &hash, &out, NULL), SARN_OK);
    assert_int_equal(out.position, 77);
    assert_int_equal(out.codec, 1);
    assert_int_equal(out.type, 2);
    assert_int_equal(out.schema, 3);
    assert_int_equal(out.tenant, 4);
    assert_int_equal(out.actor, 5);
    assert_int_equal(out.origin, 6);
    assert_int_equal(out.stream, 7);
    assert_int_equal(out.version, 8);
    assert_int_equal(out.previous, 9);
    assert_int_equal(out.time_us, -10);
    assert_memory_equal(&out.id, &in.id, 16);
    assert_memory_equal(&out.correlation_id, &in.correlation_id, 16);
    assert_memory_equal(&out.causation_id, &in.causation_id, 16);
    assert_same_text(out.payload, in.payload);
    assert_same_text(out.stream_name, in.stream_name);
    assert_same_text(out.type_name, in.type_name);
    assert_same_text(out.actor_name, in.actor_name);
    assert_same_text(out.origin_name, in.origin_name);
    assert_same_text(out.schema_name, in.schema_name);
    assert_true(out.has_command);
    assert_int_equal(out.command.status, 13);
    assert_int_equal(out.command.event_count, 2);
    assert_memory_equal(out.command.payload_hash, in.command.payload_hash, 16);
    assert_same_text(out.command.key, in.command.key);
    assert_same_text(out.command.text, in.command.text);
}

static void a_record_with_nothing_is_a_header(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = {.position = 1}, out;
    struct encoded encoded;

    (void)unused;
    encode(&in, &hash, &encoded);
    assert_int_equal(encoded.view.size, SARN__RECORD_HEADER_BYTES);
    assert_int_equal(sarn__record_decode(1, encoded.view, &hash, &out, NULL), SARN_OK);
    assert_int_equal(out.payload.size, 0);
    assert_int_equal(out.stream_name.size, 0);
    assert_false(out.has_command);
}

static void payloads_of_every_size_come_back_aligned(void **unused)
{
    static const char text[] = "0123456789abcdef0123456789abcdef";
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = {.position = 1}, out;
    struct encoded encoded;

    (void)unused;
    for (uint32_t size = 0; size <= 32; size++) {
        in.payload = (struct sarn_str){text, size};
        encode(&in, &hash, &encoded);
        assert_int_equal(sarn__record_decode(1, encoded.view, &hash, &out, NULL),
                         SARN_OK);
        assert_same_text(out.payload, in.payload);
        assert_int_equal((uintptr_t)out.payload.data % 8, 0);
    }
}

static void names_of_the_greatest_size_fit(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out;
    struct encoded encoded;
    char longest[255];

    (void)unused;
    memset(longest, 'n', sizeof(longest));
    in.stream_name = in.type_name = in.actor_name = in.origin_name = in.schema_name =
        (struct sarn_str){longest, sizeof(longest)};
    in.command.key = in.command.text = in.stream_name;
    encode(&in, &hash, &encoded);
    assert_int_equal(sarn__record_decode(77, encoded.view, &hash, &out, NULL), SARN_OK);
    assert_same_text(out.schema_name, in.schema_name);
    assert_same_text(out.command.text, in.command.text);
}

static void a_record_at_another_position_is_not_this_one(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out;
    struct sarn_error error;
    struct encoded encoded;

    (void)unused;
    encode(&in, &hash, &encoded);
    assert_int_equal(sarn__record_decode(78, encoded.view, &hash, &out, &error),
                     SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "position 78"));
    assert_int_equal(sarn__record_decode(78, encoded.view, NULL, &out, NULL), SARN_OK);
}

static void every_flipped_bit_is_noticed(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out;
    struct encoded encoded;

    (void)unused;
    encode(&in, &hash, &encoded);
    for (uint32_t bit = 0; bit < encoded.view.size * 8; bit++) {
        uint8_t *byte = (uint8_t *)encoded.bytes + bit / 8;

        *byte ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(sarn__record_decode(77, encoded.view, &hash, &out, NULL),
                             SARN_OK);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
}

/* Without the checksum every size must be caught by itself: copies of the exact size
 * let a sanitizer see any read beyond. */
static void no_bytes_lead_outside_of_them(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out;
    struct encoded encoded;
    uint64_t seed = 1;

    (void)unused;
    encode(&in, &hash, &encoded);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t size = round % 3 == 0
                            ? (uint32_t)(seed >> 32) % (encoded.view.size + 1)
                            : encoded.view.size;
        uint8_t *copy = malloc(size + 1);
        struct sarn_str view = {(char *)copy, size};
        sarn_status status;

        memcpy(copy, encoded.bytes, size);
        for (uint32_t i = 0; i < 1 + round % 4 && size != 0; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            copy[(seed >> 33) % (round % 2 == 0 ? size : (size < 400 ? size : 400))] =
                (uint8_t)(seed >> 24);
        }
        status = sarn__record_decode(77, view, NULL, &out, NULL);
        if (status == SARN_OK) {
            assert_true(out.payload.data + out.payload.size <= view.data + view.size);
            assert_true(
                out.stream_name.data == NULL ||
                (out.stream_name.data >= view.data &&
                 out.stream_name.data + out.stream_name.size <= out.payload.data));
            assert_true(!out.has_command ||
                        out.command.text.data + out.command.text.size <=
                            out.payload.data);
        }
        free(copy);
    }
}

static void impossible_fields_are_refused(void **unused)
{
    static const struct {
        uint32_t at, bytes;
        uint64_t value;
        sarn_status status;
    } rows[] = {
        {0, 2, 2, SARN_ERR_UNSUPPORTED}, /* A newer format. */
        {2, 2, SARN__RECORD_SEALED, SARN_ERR_UNSUPPORTED},
        {2, 2, SARN__RECORD_COMPRESSED, SARN_ERR_UNSUPPORTED},
        {2, 2, SARN__RECORD_TOMBSTONE, SARN_ERR_UNSUPPORTED},
        {6, 2, 144, SARN_ERR_CORRUPT},  /* Header too small, */
        {6, 2, 8192, SARN_ERR_CORRUPT}, /* too large, */
        {6, 2, 156, SARN_ERR_CORRUPT},  /* uneven, */
        {8, 4, 4000, SARN_ERR_CORRUPT}, /* Payload beyond the end. */
        {8, 4, UINT32_MAX, SARN_ERR_CORRUPT},
        {32, 8, 0, SARN_ERR_CORRUPT},         /* A first event after another. */
        {40, 8, 0, SARN_ERR_CORRUPT},         /* A later one after none. */
        {40, 8, 77, SARN_ERR_CORRUPT},        /* After itself. */
        {24, 8, 0, SARN_ERR_CORRUPT},         /* A version of no stream. */
        {152 + 2, 2, 4000, SARN_ERR_CORRUPT}, /* An extension beyond the header. */
        {152, 2, 0, SARN_ERR_CORRUPT},        /* Padding with something behind. */
        {152, 2, SARN__EXT_COMMAND, SARN_ERR_CORRUPT}, /* A command in ten bytes. */
    };
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out = {.position = 5};
    struct encoded encoded;

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_error error = {.text = ""};

        encode(&in, &hash, &encoded);
        memcpy((char *)encoded.bytes + rows[i].at, &rows[i].value, rows[i].bytes);
        assert_int_equal(sarn__record_decode(77, encoded.view, NULL, &out, &error),
                         rows[i].status);
        assert_non_null(strstr(error.text, "position 77"));
        assert_int_equal(out.position, 5); /* Untouched. */
    }
}

static void extensions_of_a_later_version_are_skipped(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record(), out;
    struct encoded encoded;

    (void)unused;
    encode(&in, &hash, &encoded);
    sarn__put_u16((char *)encoded.bytes + SARN__RECORD_HEADER_BYTES, 999);
    assert_int_equal(sarn__record_decode(77, encoded.view, NULL, &out, NULL), SARN_OK);
    assert_int_equal(out.stream_name.size, 0);
    assert_same_text(out.type_name, in.type_name);
}

/* Longer ones are never written, and would not fit a table's key. */
static void names_keys_and_texts_are_refused_when_too_long(void **unused)
{
    static const struct {
        uint32_t at;
        uint16_t value;
        sarn_status status;
    } rows[] = {
        {4 + 24, 255, SARN_OK}, /* The key has 255 bytes, and so has the text; */
        {4 + 24, 256, SARN_ERR_CORRUPT},              /* one more here, */
        {4 + 24, 254, SARN_ERR_CORRUPT},              /* or there. */
        {0, SARN__EXT_STREAM_NAME, SARN_ERR_CORRUPT}, /* All of it as a name. */
        {0, SARN__EXT_TYPE_NAME, SARN_ERR_CORRUPT},
        {0, SARN__EXT_ACTOR_NAME, SARN_ERR_CORRUPT},
        {0, SARN__EXT_ORIGIN_NAME, SARN_ERR_CORRUPT},
        {0, SARN__EXT_SCHEMA_NAME, SARN_ERR_CORRUPT},
    };
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = {.position = 77, .has_command = true}, out;
    struct encoded encoded;
    char text[255];

    (void)unused;
    memset(text, 'k', sizeof(text));
    in.command.key = (struct sarn_str){text, sizeof(text)};
    in.command.text = (struct sarn_str){text, sizeof(text)};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        encode(&in, &hash, &encoded);
        sarn__put_u16((char *)encoded.bytes + SARN__RECORD_HEADER_BYTES + rows[i].at,
                      rows[i].value);
        assert_int_equal(sarn__record_decode(77, encoded.view, NULL, &out, NULL),
                         rows[i].status);
    }
}

static void links_are_read_without_the_rest(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record in = full_record();
    struct sarn__record_links links;
    struct sarn_str head = {NULL, SARN__RECORD_HEADER_BYTES};
    struct encoded encoded;

    (void)unused;
    encode(&in, &hash, &encoded);
    head.data = encoded.view.data;
    assert_int_equal(sarn__record_links(77, head, &links, NULL), SARN_OK);
    assert_int_equal(links.stream, 7);
    assert_int_equal(links.version, 8);
    assert_int_equal(links.previous, 9);
    assert_int_equal(sarn__record_links(9, head, &links, NULL), SARN_ERR_CORRUPT);
    head.size -= 8;
    assert_int_equal(sarn__record_links(77, head, &links, NULL), SARN_ERR_CORRUPT);
}

/* --- commits --- */

static struct sarn__commit some_commit(uint32_t count)
{
    struct sarn__commit commit = {
        .count = count, .epoch = 3, .first = 10, .last = 9 + count, .time_us = 123456};

    memset(commit.previous_hash, 0x5a, sizeof(commit.previous_hash));
    return commit;
}

static void a_commit_comes_back_and_its_hash_covers_its_records(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn_str records[200];
    uint64_t bytes[SARN__COMMIT_BYTES / 8], other[SARN__COMMIT_BYTES / 8];

    (void)unused;
    for (uint32_t i = 0; i < 200; i++) {
        records[i] = sarn_str("some bytes");
    }
    for (uint32_t count = 1; count <= 200; count += count == 1 ? 62 : 1) {
        struct sarn__commit in = some_commit(count), out;
        struct sarn_str view = {(char *)bytes, sizeof(bytes)};

        assert_int_equal(sarn__commit_seal(&in, records, &hash, (uint8_t *)bytes),
                         SARN_OK);
        assert_int_equal(sarn__commit_decode(in.last, view, &hash, &out, NULL),
                         SARN_OK);
        assert_int_equal(out.count, count);
        assert_int_equal(out.epoch, 3);
        assert_int_equal(out.first, 10);
        assert_int_equal(out.last, in.last);
        assert_int_equal(out.time_us, 123456);
        assert_memory_equal(out.previous_hash, in.previous_hash, SARN__DIGEST_BYTES);
        assert_memory_equal(out.hash, in.hash, SARN__DIGEST_BYTES);
        records[count / 2] = sarn_str("other bytes");
        assert_int_equal(sarn__commit_seal(&in, records, &hash, (uint8_t *)other),
                         SARN_OK);
        assert_memory_not_equal(bytes, other, sizeof(bytes));
        records[count / 2] = sarn_str("some bytes");
    }
}

static void every_flipped_bit_of_a_commit_is_noticed(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn_str record = SARN_STR("some bytes");
    struct sarn__commit in = some_commit(1), out;
    uint64_t bytes[SARN__COMMIT_BYTES / 8];
    struct sarn_str view = {(char *)bytes, sizeof(bytes)};

    (void)unused;
    assert_int_equal(sarn__commit_seal(&in, &record, &hash, (uint8_t *)bytes), SARN_OK);
    for (uint32_t bit = 0; bit < SARN__COMMIT_BYTES * 8; bit++) {
        ((uint8_t *)bytes)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(sarn__commit_decode(in.last, view, &hash, &out, NULL),
                         SARN_ERR_CORRUPT);
        ((uint8_t *)bytes)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    view.size -= 8;
    assert_int_equal(sarn__commit_decode(in.last, view, &hash, &out, NULL),
                     SARN_ERR_CORRUPT);
}

static void a_newer_commit_is_not_read(void **unused)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn_str record = SARN_STR("some bytes");
    struct sarn__commit in = some_commit(1), out;
    uint64_t bytes[SARN__COMMIT_BYTES / 8];
    struct sarn_str view = {(char *)bytes, sizeof(bytes)};

    (void)unused;
    assert_int_equal(sarn__commit_seal(&in, &record, &hash, (uint8_t *)bytes), SARN_OK);
    sarn__put_u16(bytes, 2);
    sarn__put_u64((char *)bytes + 152, hash.ops->checksum(NULL, in.last, bytes, 152));
    assert_int_equal(sarn__commit_decode(in.last, view, &hash, &out, NULL),
                     SARN_ERR_UNSUPPORTED);
}

/* --- golden bytes: what is in logs already must be read for ever --- */

static const char golden_record[] =
    "01000000010008010d000000020000000300000004000000070000000000000008000000"
    "000000000900000000000000f6ffffffffffffff101112131415161718191a1b1c1d1e1f"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f05000000"
    "060000000000000000000000000000000000000000000000000000000000000000000000"
    "5993806dedd6a29e01000a006163636f756e742d3432000002000e0062616e6b2e446570"
    "6f7369746564000003000400616e6e610400060074696c6c20330000050026000d000000"
    "02000000abababababababababababababababab05006b65792d31776879206e6f740000"
    "0600040062616e6b00000000746869727465656e2062797465000000";
static const char golden_commit[] =
    "010000000100000003000000000000000a000000000000000a0000000000000040e20100"
    "000000005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
    "17523839f2b1cfb803a592c233f223da08ffcbfa06430f05edbc8af7bab1b45e00000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000034c22e7205e8dbae";

static void assert_hex(const void *bytes, size_t size, const char *expected)
{
    char hex[2048];

    assert_true(2 * size < sizeof(hex));
    for (size_t i = 0; i < size; i++) {
        snprintf(hex + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
    }
    assert_string_equal(hex, expected);
}

static void the_bytes_are_those_of_the_first_version(void **unused)
{
    static const struct sarn_hash_ops ops = {.checksum = sarn__xxhash_checksum,
                                             .digest = sarn__openssl_digest};
    struct sarn_hash hash = {.ops = &ops};
    struct sarn__openssl *openssl;
    struct sarn__record record = full_record();
    struct sarn__commit commit = some_commit(1);
    uint64_t bytes[SARN__COMMIT_BYTES / 8];
    struct encoded encoded;

    (void)unused;
    assert_int_equal(sarn__openssl_create(NULL, &openssl, NULL), SARN_OK);
    hash.self = openssl;
    encode(&record, &hash, &encoded);
    assert_hex(encoded.bytes, encoded.view.size, golden_record);
    assert_int_equal(sarn__commit_seal(&commit, &encoded.view, &hash, (uint8_t *)bytes),
                     SARN_OK);
    assert_hex(bytes, sizeof(bytes), golden_commit);
    sarn__openssl_destroy(openssl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(a_record_with_nothing_is_a_header),
        cmocka_unit_test(payloads_of_every_size_come_back_aligned),
        cmocka_unit_test(names_of_the_greatest_size_fit),
        cmocka_unit_test(a_record_at_another_position_is_not_this_one),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(no_bytes_lead_outside_of_them),
        cmocka_unit_test(impossible_fields_are_refused),
        cmocka_unit_test(extensions_of_a_later_version_are_skipped),
        cmocka_unit_test(names_keys_and_texts_are_refused_when_too_long),
        cmocka_unit_test(links_are_read_without_the_rest),
        cmocka_unit_test(a_commit_comes_back_and_its_hash_covers_its_records),
        cmocka_unit_test(every_flipped_bit_of_a_commit_is_noticed),
        cmocka_unit_test(a_newer_commit_is_not_read),
        cmocka_unit_test(the_bytes_are_those_of_the_first_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
