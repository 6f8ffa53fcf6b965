/* sarn_log_verify(): pages by infra/lmdb/check.h, which reads the file without LMDB,
 * and the records that it finds by engine/verify.h. */
#include <string.h>

#include "core/fail.h"
#include "engine/verify.h"
#include "infra/host/host.h"
#include "infra/lmdb/check.h"
#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"

#define PROGRESS_EVERY 4096u

struct verifying {
    struct sarn_check check;
    struct sarn__verify *verify;
    uint64_t entries;
    uint64_t page_findings;
};

static void tell(void *arg, const char *text)
{
    struct verifying *verifying = arg;

    if (verifying->check.finding != NULL) {
        verifying->check.finding(verifying->check.arg, text);
    }
}

static void tell_of_page(void *arg, const char *text)
{
    struct verifying *verifying = arg;

    verifying->page_findings += 1;
    tell(verifying, text);
}

static sarn_status take_entry(void *arg,
                              bool is_commit,
                              uint64_t position,
                              struct sarn_str bytes,
                              uint64_t total,
                              struct sarn_error *error)
{
    struct verifying *verifying = arg;
    const struct sarn_check *check = &verifying->check;
    sarn_status status =
        is_commit ? sarn__verify_commit(verifying->verify, position, bytes, error)
                  : sarn__verify_record(verifying->verify, position, bytes, error);

    verifying->entries += 1;
    if (status != SARN_OK || check->progress == NULL ||
        (verifying->entries % PROGRESS_EVERY != 0 && verifying->entries != total)) {
        return status;
    }
    status = check->progress(check->arg, verifying->entries, total);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(error, status,
                            "verifying was ended by its progress handler");
}

static sarn_status
verify_file(const char *path, struct verifying *verifying, struct sarn_error *error)
{
    static const struct sarn_hash_ops ops = {.checksum = sarn__xxhash_checksum,
                                             .digest = sarn__openssl_digest};
    struct sarn__check_options options = {
        .finding = tell_of_page, .entry = take_entry, .arg = verifying};
    struct sarn__openssl *openssl;
    sarn_status status;

    SARN__TRY(sarn__openssl_create(NULL, &openssl, error));
    options.hash = (struct sarn_hash){.ops = &ops, .self = openssl};
    status = sarn__verify_create(&options.hash, NULL, tell, verifying,
                                 &verifying->verify, error);
    if (status == SARN_OK) {
        status = sarn__check_file(path, &options, error);
        if (status == SARN_OK) {
            sarn__verify_end(verifying->verify);
        }
        verifying->check.events = sarn__verify_records(verifying->verify);
        verifying->check.rows = options.rows;
        verifying->check.idle_bytes = options.idle_bytes;
        verifying->check.held_bytes = options.file_bytes - options.idle_bytes;
        verifying->check.differences =
            sarn__verify_findings(verifying->verify) + verifying->page_findings;
        sarn__verify_destroy(verifying->verify);
    }
    sarn__openssl_destroy(openssl);
    return status;
}

sarn_status
sarn_log_verify(const char *path, struct sarn_check *check, struct sarn_error *error)
{
    struct verifying verifying = {.check = SARN_CHECK_INIT};
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    sarn_status status;

    if (path == NULL || path[0] == '\0') {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "no path was given: name the log's file");
    }
    if (check != NULL) {
        SARN__TRY(sarn__sized_copy(&verifying.check, sizeof(verifying.check),
                                   sizeof(verifying.check), check, "sarn_check",
                                   error));
    }
    status = verify_file(path, &verifying, &why);
    if (status == SARN_ERR_CORRUPT) {
        tell_of_page(&verifying, why.text); /* What ended it is a finding, too. */
        verifying.check.differences += 1;
    } else if (status != SARN_OK) {
        return sarn__fail(error, status, "%s", why.text);
    }
    if (check != NULL) {
        check->events = verifying.check.events;
        check->rows = verifying.check.rows;
        check->differences = verifying.check.differences;
        check->unchecked = 0;
        check->held_bytes = verifying.check.held_bytes;
        check->idle_bytes = verifying.check.idle_bytes;
    }
    return verifying.check.differences == 0
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_CORRUPT, "\"%s\" is damaged: %llu findings",
                            path, (unsigned long long)verifying.check.differences);
}
