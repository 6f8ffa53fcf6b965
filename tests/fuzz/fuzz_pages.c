/* A file of LMDB's pages, as verify and repair read them without LMDB: whatever lies in
 * it, the check comes to an end, and says what it finds in words; and what is saved of
 * it is a whole log.
 *
 * Input: pages are mostly zeros, so: u16 size, bytes, u16 zeros behind them; again. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/heap.h"
#include "engine/bytes.h"
#include "engine/verify.h"
#include "infra/host/repair_chain.h"
#include "infra/lmdb/check.h"
#include "infra/memory/hash.h"
#include "items.h"

#define FILE_BYTES_MAX 131072u

struct told {
    uint64_t findings, entries, last;
};

static void see_finding(void *arg, const char *text)
{
    struct told *told = arg;

    must(text[0] != '\0');
    told->findings += 1;
}

/* Records in order, and each commit behind the last record that it covers. */
static sarn_status see_entry(void *arg,
                             bool is_commit,
                             uint64_t position,
                             struct sarn_str bytes,
                             uint64_t total,
                             struct sarn_error *error)
{
    struct told *told = arg;
    uint8_t sum = 0;

    (void)is_commit;
    (void)total;
    (void)error;
    for (uint32_t i = 0; i < bytes.size; i++) {
        sum ^= (uint8_t)bytes.data[i]; /* All of it can be read. */
    }
    told->entries += sum < UINT8_MAX ? 1 : 2;
    told->last = position;
    return SARN_OK;
}

static void check(const struct sarn__pages *pages)
{
    struct told told = {.findings = 0};
    struct sarn__check_options options = {.hash = sarn__memory_hash(),
                                          .finding = see_finding,
                                          .entry = see_entry,
                                          .arg = &told};
    struct sarn_error error = {SARN_OK, ""};

    must(sarn__check_pages(pages, &options, &error) == SARN_OK);
    must(told.findings <= SARN__CHECK_FINDINGS_MAX + 1);
}

/* --- what can be saved --- */

static void see_fault(void *arg, const char *text)
{
    (void)arg;
    (void)text;
    must(false);
}

static void take_commit(struct sarn__chain *chain, struct sarn__verify *verify)
{
    const struct sarn__commit *commit = &chain->commit;
    struct sarn_str bytes;

    for (uint64_t position = commit->first; position <= commit->last; position++) {
        must(sarn__chain_read(chain, position, &bytes, NULL) == SARN_OK);
        must(sarn__verify_record(verify, position, bytes, NULL) == SARN_OK);
    }
    must(sarn__chain_read_commit(chain, &bytes, NULL) == SARN_OK);
    must(sarn__verify_commit(verify, commit->last, bytes, NULL) == SARN_OK);
}

/* Its commits chain. What a record says of itself is for the rebuild to judge. */
static void walk(struct sarn__salvage *salvage, const struct sarn_hash *hash)
{
    struct sarn__chain chain = {
        .salvage = salvage, .hash = *hash, .heap = sarn__heap_or_malloc(NULL)};
    struct sarn__verify *verify = NULL;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    chain.end_told = sarn__salvage_end(salvage, &chain.end);
    must(sarn__verify_create(hash, NULL, see_fault, NULL, &verify, NULL) == SARN_OK);
    while ((status = sarn__chain_next(&chain, &error)) == SARN_OK) {
        take_commit(&chain, verify);
    }
    must(status == SARN_ERR_NOT_FOUND);
    sarn__verify_end(verify);
    sarn__verify_destroy(verify);
    sarn__chain_done(&chain);
}

static void save(int fd)
{
    struct sarn__salvage_options options = {.hash = sarn__memory_hash()};
    struct sarn__salvage *salvage = NULL;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    options.looks = sarn__chain_looks(&options.hash);
    status = sarn__salvage_create(fd, "input", &options, &salvage, &error);
    must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
    if (status == SARN_OK) {
        walk(salvage, &options.hash);
        sarn__salvage_destroy(salvage);
    }
}

/* --- the file --- */

/* The file that data describes, at most FILE_BYTES_MAX of it. */
static size_t expand(const uint8_t *data, size_t size, uint8_t *file)
{
    size_t used = 0;

    while (size >= 2) {
        size_t bytes = sarn__get_u16(data), zeros;

        bytes = bytes < size - 2 ? bytes : size - 2;
        bytes = bytes < FILE_BYTES_MAX - used ? bytes : FILE_BYTES_MAX - used;
        memcpy(file + used, data + 2, bytes);
        used += bytes;
        data += 2 + bytes;
        size -= 2 + bytes;
        zeros = size >= 2 ? sarn__get_u16(data) : 0;
        zeros = zeros < FILE_BYTES_MAX - used ? zeros : FILE_BYTES_MAX - used;
        memset(file + used, 0, zeros);
        used += zeros;
        data += size >= 2 ? 2 : 0;
        size -= size >= 2 ? 2 : 0;
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[FILE_BYTES_MAX];
    size_t bytes = expand(data, size, file);
    struct sarn__pages pages;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;
    int fd = memfd_create("pages", MFD_CLOEXEC);

    must(fd >= 0 && write(fd, file, bytes) == (ssize_t)bytes);
    status = sarn__pages_open(fd, "input", &pages, &error);
    must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
    if (status == SARN_OK) {
        check(&pages);
    }
    save(fd);
    close(fd);
    return 0;
}
