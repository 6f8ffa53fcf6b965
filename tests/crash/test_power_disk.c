/* The disk of power_disk.c: what a state may hold, and what it must. Traces are written
 * by hand, of sectors that are full of one letter; a state is read as one letter for
 * each sector, '.' for zeros. */
#include "support/test.h"

#include <string.h>

#include "powercut.h"

#define SECTORS_MAX 64u
#define DRAWS       2000u

struct tape {
    _Alignas(8) uint8_t bytes[1 << 17];
    uint64_t size;
    struct power_trace trace;
    struct power_disk disk;
    char text[SECTORS_MAX + 1];
};

static uint64_t put(struct tape *tape, uint32_t kind, uint64_t offset, uint64_t refers)
{
    struct power_record record = {.kind = kind, .offset = offset, .refers = refers};
    uint64_t at = tape->size;

    memcpy(tape->bytes + at, &record, sizeof(record));
    tape->size += sizeof(record);
    return at;
}

/* Sectors from sector first on, each full of its letter. */
static uint64_t put_write(struct tape *tape, uint32_t first, const char *letters)
{
    uint64_t at = put(tape, POWER_WRITE, (uint64_t)first * POWER_SECTOR, 0);
    struct power_record record;

    memcpy(&record, tape->bytes + at, sizeof(record));
    record.bytes = (uint32_t)strlen(letters) * POWER_SECTOR;
    memcpy(tape->bytes + at, &record, sizeof(record));
    for (; *letters != '\0'; letters++) {
        memset(tape->bytes + tape->size, *letters, POWER_SECTOR);
        tape->size += POWER_SECTOR;
    }
    return at;
}

static void put_sync(struct tape *tape)
{
    uint64_t begun = put(tape, POWER_SYNC_BEGIN, 0, 0);

    (void)put(tape, POWER_SYNC_END, 0, begun);
}

/* A new file whose name is durable. */
static void begin(struct tape *tape)
{
    tape->size = 0;
    (void)put(tape, POWER_LOAD, 0, 0);
    (void)put(tape, POWER_LIFE, 0, 0);
    (void)put(tape, POWER_CREATE, 0, 0);
    (void)put(tape, POWER_FOLDER_SYNC, 0, 0);
}

static void load(struct tape *tape, uint32_t lies)
{
    power_trace_take(&tape->trace, tape->bytes, tape->size);
    power_disk_init(&tape->disk, &tape->trace, lies);
    tape->disk.first = tape->trace.count; /* The power goes at the end. */
}

static void unload(struct tape *tape)
{
    power_disk_done(&tape->disk);
    power_trace_close(&tape->trace);
}

static const char *look(struct tape *tape)
{
    uint64_t sectors = tape->disk.size / POWER_SECTOR;

    if (!tape->disk.exists) {
        return "none";
    }
    assert_true(sectors <= SECTORS_MAX);
    for (uint64_t i = 0; i < sectors; i++) {
        const uint8_t *sector = tape->disk.bytes + i * POWER_SECTOR;

        tape->text[i] = sector[0] == 0 ? '.' : (char)sector[0];
        assert_int_equal(sector[0], sector[POWER_SECTOR - 1]);
    }
    tape->text[sectors] = '\0';
    return tape->text;
}

/* Draw many states; each is one of wanted, a list with spaces, and each of these comes.
 */
static void states_are(struct tape *tape, uint32_t lies, const char *wanted)
{
    uint32_t seen[32] = {0}, count = 0;

    load(tape, lies);
    for (uint64_t k = 0; k < DRAWS; k++) {
        const char *at = wanted;
        const char *is;
        bool found = false;

        power_disk_draw(&tape->disk, 4711, k);
        is = look(tape);
        for (count = 0; *at != '\0' && count < 32; count++) {
            size_t length = strcspn(at, " ");

            if (length == strlen(is) && memcmp(at, is, length) == 0) {
                seen[count] += 1;
                found = true;
            }
            at += length;
            at += strspn(at, " ");
        }
        assert_int_equal(*at, '\0');
        if (!found) {
            fail_msg("\"%s\" is none of %s", is, wanted);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (seen[i] == 0) {
            fail_msg("state %u of %s never came", i, wanted);
        }
    }
    unload(tape);
}

static void what_was_synced_is_there(void **state)
{
    static struct tape tape;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "ab");
    put_sync(&tape);
    states_are(&tape, 0, "ab");
}

static void what_was_not_is_missing_or_torn_and_its_size_is_anything(void **state)
{
    static struct tape tape;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "ab");
    put_sync(&tape);
    (void)put_write(&tape, 1, "BC");
    states_are(&tape, 0, "ab aB ab. abC aBC aB.");
}

static void writes_come_in_any_order(void **state)
{
    static struct tape tape;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "a");
    put_sync(&tape);
    (void)put_write(&tape, 0, "b");
    (void)put_write(&tape, 0, "c");
    states_are(&tape, 0, "a b c");
}

static void a_sync_covers_what_came_before_it_began(void **state)
{
    static struct tape tape;
    uint64_t begun;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "aa");
    begun = put(&tape, POWER_SYNC_BEGIN, 0, 0);
    (void)put_write(&tape, 1, "b");
    (void)put(&tape, POWER_SYNC_END, 0, begun);
    states_are(&tape, 0, "aa ab");
}

static void a_write_through_the_cache_is_durable_alone(void **state)
{
    static struct tape tape;
    uint64_t written;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "aaa");
    put_sync(&tape);
    (void)put_write(&tape, 0, "b");
    written = put_write(&tape, 2, "c");
    states_are(&tape, 0, "aaa baa aac bac");
    (void)put(&tape, POWER_DURABLE, 0, written);
    states_are(&tape, 0, "aac bac");
    states_are(&tape, POWER_LIE_META, "aaa baa aac bac");
    put_sync(&tape);
    states_are(&tape, 0, "bac");
    states_are(&tape, POWER_LIE_META, "bac");
}

static void what_was_cut_off_may_come_back(void **state)
{
    static struct tape tape;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "ab");
    put_sync(&tape);
    (void)put(&tape, POWER_TRUNCATE, POWER_SECTOR, 0);
    states_are(&tape, 0, "ab a. a");
    put_sync(&tape);
    states_are(&tape, 0, "a");
}

static void a_name_needs_its_folder_synced(void **state)
{
    static struct tape tape;

    (void)state;
    tape.size = 0;
    (void)put(&tape, POWER_LOAD, 0, 0);
    (void)put(&tape, POWER_LIFE, 0, 0);
    (void)put(&tape, POWER_CREATE, 0, 0);
    (void)put_write(&tape, 0, "a");
    put_sync(&tape);
    states_are(&tape, 0, "none a");
    (void)put(&tape, POWER_FOLDER_SYNC, 0, 0);
    states_are(&tape, 0, "a");
    states_are(&tape, POWER_LIE_FOLDER, "none a");
}

static void every_subset_of_the_pages_under_way_is_a_state(void **state)
{
    static struct tape tape;
    char seen[64][SECTORS_MAX + 1];
    uint64_t count;

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "aaaaaaaaaaaaaaaa"); /* Two pages. */
    put_sync(&tape);
    (void)put_write(&tape, 0, "bbbbbbbbcccccccc");
    (void)put_write(&tape, 16, "dddddddd");
    put_sync(&tape);
    load(&tape, 0);
    count = power_disk_count(&tape.disk, 2);
    assert_int_equal(count, 8); /* The first moment only. */
    count = power_disk_count(&tape.disk, 3);
    assert_int_equal(count, 8 + 16);
    for (uint64_t k = 8; k < count; k++) {
        power_disk_choose(&tape.disk, k);
        snprintf(seen[k], sizeof(seen[k]), "%s", look(&tape));
        /* With the old size nobody sees whether the page behind it is there. */
        for (uint64_t i = 8; i < k; i++) {
            assert_true(strlen(seen[k]) == 16 || strcmp(seen[i], seen[k]) != 0);
        }
    }
    assert_string_equal(seen[8], "aaaaaaaaaaaaaaaa");
    assert_string_equal(seen[9], "aaaaaaaaaaaaaaaa........");
    assert_string_equal(seen[count - 1], "bbbbbbbbccccccccdddddddd");
    unload(&tape);
}

static void a_state_is_made_again_by_its_number(void **state)
{
    static struct tape tape;
    char first[SECTORS_MAX + 1];

    (void)state;
    begin(&tape);
    (void)put_write(&tape, 0, "abcdefgh");
    load(&tape, 0);
    power_disk_draw(&tape.disk, 1, 17);
    snprintf(first, sizeof(first), "%s", look(&tape));
    for (uint64_t k = 0; k < 40; k++) {
        power_disk_draw(&tape.disk, 1, k);
    }
    power_disk_draw(&tape.disk, 1, 17);
    assert_string_equal(look(&tape), first);
    unload(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_synced_is_there),
        cmocka_unit_test(what_was_not_is_missing_or_torn_and_its_size_is_anything),
        cmocka_unit_test(writes_come_in_any_order),
        cmocka_unit_test(a_sync_covers_what_came_before_it_began),
        cmocka_unit_test(a_write_through_the_cache_is_durable_alone),
        cmocka_unit_test(what_was_cut_off_may_come_back),
        cmocka_unit_test(a_name_needs_its_folder_synced),
        cmocka_unit_test(every_subset_of_the_pages_under_way_is_a_state),
        cmocka_unit_test(a_state_is_made_again_by_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
