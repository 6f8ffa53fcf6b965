/* The id of a promise: what was written is read, and nothing else is. */
#include <string.h>

#include "engine/promise_id.h"
#include "support/test.h"

static struct sarn_uuid some_run(void)
{
    const struct sarn_str text = SARN_STR("01890a5d-ac96-774b-bcce-b302099a8057");
    struct sarn_uuid id;

    assert_int_equal(sarn_uuid_parse(text, &id), SARN_OK);
    return id;
}

static void what_was_written_is_read(void **unused)
{
    static const struct {
        const char *stream, *step;
        uint32_t visit;
        const char *text;
    } rows[] = {
        {"order-7", "approval", 1,
         "01890a5d-ac96-774b-bcce-b302099a8057/1/7/order-7/approval"},
        {"order-a/b/c", "a/b", 4294967295u,
         "01890a5d-ac96-774b-bcce-b302099a8057/4294967295/11/order-a/b/c/a/b"},
        {"w-\xc3\xa9", "s", 20,
         "01890a5d-ac96-774b-bcce-b302099a8057/20/4/w-\xc3\xa9/s"},
    };
    struct sarn_arena *arena = sarn_arena_create(NULL);

    (void)unused;
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sarn__promise_id id = {some_run(), rows[i].visit,
                                            sarn_str(rows[i].stream),
                                            sarn_str(rows[i].step)};
        struct sarn__promise_id read;
        struct sarn_str text;

        assert_int_equal(sarn__promise_id_write(&id, arena, &text), SARN_OK);
        assert_string_equal(text.data, rows[i].text);
        assert_int_equal(text.size, strlen(rows[i].text));
        assert_int_equal(sarn__promise_id_read(text, &read), SARN_OK);
        assert_memory_equal(&read.run_id, &id.run_id, sizeof(id.run_id));
        assert_int_equal(read.visit, id.visit);
        assert_true(sarn_str_equal(read.stream, id.stream));
        assert_true(sarn_str_equal(read.step, id.step));
    }
    sarn_arena_destroy(arena);
}

static void what_is_no_id_is_refused(void **unused)
{
    static const char *const texts[] = {
        "",
        "order-7",
        "01890a5d-ac96-774b-bcce-b302099a805",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "01890a5d-ac96-774b-bcce-b302099a8057/",
        "01890a5d-ac96-774b-bcce-b302099a8057/1",
        "01890a5d-ac96-774b-bcce-b302099a8057/1/7/order-7",
        "01890a5d-ac96-774b-bcce-b302099a8057/1/7/order-7/",
        "01890a5d-ac96-774b-bcce-b302099a8057/1/8/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057/1/700/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057/0/7/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057/01/7/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057/-1/7/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057//7/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057/4294967296/7/order-7/approval",
        "01890a5d-ac96-774b-bcce-b302099a8057/99999999999999999999/7/order-7/approval",
        "g1890a5d-ac96-774b-bcce-b302099a8057/1/7/order-7/approval",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sarn__promise_id read;

        if (sarn__promise_id_read(sarn_str(texts[i]), &read) != SARN_ERR_INVALID) {
            fail_msg("\"%s\" was read", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_is_no_id_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
