#include "infra/openssl/digest.h"

#include "core/fail.h"
#include "core/heap.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#define CONTEXTS 8u /* Kept; a thread that finds none idle makes its own. */

struct sarn__openssl {
    struct sarn_heap heap;
    EVP_MD *sha256;
    _Atomic(EVP_MD_CTX *) idle[CONTEXTS]; /* NULL: in use, or not made yet. */
};

/* What went wrong since the mark; it leaves no trace in the thread's queue of errors,
 * which is its owner's. */
static sarn_status why_not(struct sarn_error *error)
{
    unsigned long why = ERR_peek_error(); /* What came of it is behind. */
    bool memory = why == 0 || ERR_GET_REASON(why) == ERR_R_MALLOC_FAILURE;

    (void)ERR_pop_to_mark();
    return memory ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for SHA-256")
                  : sarn__fail(error, SARN_ERR_UNSUPPORTED,
                               "OpenSSL offers no SHA-256; check its configuration "
                               "(openssl.cnf) for disabled providers");
}

sarn_status sarn__openssl_create(const struct sarn_heap *heap,
                                 struct sarn__openssl **openssl,
                                 struct sarn_error *error)
{
    struct sarn_heap from = sarn__heap_or_malloc(heap);
    struct sarn__openssl *created = sarn__heap_alloc(&from, sizeof(*created));

    if (created == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for SHA-256");
    }
    created->heap = from;
    (void)ERR_set_mark();
    created->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (created->sha256 == NULL) {
        sarn__heap_free(&from, created);
        return why_not(error);
    }
    (void)ERR_pop_to_mark();
    for (uint32_t i = 0; i < CONTEXTS; i++) {
        atomic_init(&created->idle[i], NULL);
    }
    *openssl = created;
    return SARN_OK;
}

void sarn__openssl_destroy(struct sarn__openssl *openssl)
{
    struct sarn_heap heap;

    if (openssl == NULL) {
        return;
    }
    for (uint32_t i = 0; i < CONTEXTS; i++) {
        EVP_MD_CTX_free(atomic_load(&openssl->idle[i]));
    }
    EVP_MD_free(openssl->sha256);
    heap = openssl->heap;
    sarn__heap_free(&heap, openssl);
}

/* An idle context, or a new one set up for SHA-256; NULL: out of memory. */
static EVP_MD_CTX *take_context(struct sarn__openssl *openssl)
{
    EVP_MD_CTX *context;

    for (uint32_t i = 0; i < CONTEXTS; i++) {
        context = atomic_exchange(&openssl->idle[i], NULL);
        if (context != NULL) {
            return context;
        }
    }
    context = EVP_MD_CTX_new();
    if (context != NULL && !EVP_DigestInit_ex2(context, openssl->sha256, NULL)) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

static void give_context(struct sarn__openssl *openssl, EVP_MD_CTX *context)
{
    for (uint32_t i = 0; i < CONTEXTS; i++) {
        EVP_MD_CTX *none = NULL;

        if (atomic_compare_exchange_strong(&openssl->idle[i], &none, context)) {
            return;
        }
    }
    EVP_MD_CTX_free(context);
}

static bool digest_with(EVP_MD_CTX *context,
                        const struct sarn_str *parts,
                        uint32_t count,
                        uint8_t result[SARN__DIGEST_BYTES])
{
    unsigned size = 0;
    int good = EVP_DigestInit_ex2(context, NULL, NULL); /* The same, anew. */

    for (uint32_t i = 0; i < count && good; i++) {
        if (parts[i].size > 0) {
            good = EVP_DigestUpdate(context, parts[i].data, parts[i].size);
        }
    }
    good = good && EVP_DigestFinal_ex(context, result, &size);
    assert(!good || size == SARN__DIGEST_BYTES);
    return good;
}

sarn_status sarn__openssl_digest(void *self,
                                 const struct sarn_str *parts,
                                 uint32_t count,
                                 uint8_t digest[SARN__DIGEST_BYTES])
{
    struct sarn__openssl *openssl = self;
    uint8_t result[SARN__DIGEST_BYTES];
    EVP_MD_CTX *context;

    (void)ERR_set_mark();
    context = take_context(openssl);
    if (context == NULL || !digest_with(context, parts, count, result)) {
        EVP_MD_CTX_free(context); /* Whatever state it is in, nobody meets it again. */
        (void)ERR_pop_to_mark();
        return SARN_ERR_NOMEM;
    }
    (void)ERR_clear_last_mark();
    give_context(openssl, context);
    for (uint32_t i = 0; i < SARN__DIGEST_BYTES; i++) {
        digest[i] = result[i];
    }
    return SARN_OK;
}
