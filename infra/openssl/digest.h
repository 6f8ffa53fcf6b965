/* digest.h - the digest half of the hash port, over OpenSSL's libcrypto.
 *
 * Looking an algorithm up and making a context cost several times the hashing of a
 * short record, so both are kept.
 */
#ifndef SARN_INFRA_OPENSSL_DIGEST_H
#define SARN_INFRA_OPENSSL_DIGEST_H

#include "ports/hash.h"

struct sarn__openssl;

/* heap is copied. SARN_ERR_NOMEM; SARN_ERR_UNSUPPORTED: this OpenSSL is configured
 * without SHA-256. */
SARN_MUST_USE sarn_status sarn__openssl_create(const struct sarn_heap *heap,
                                               struct sarn__openssl **openssl,
                                               struct sarn_error *error);
/* No digest is under way. NULL does nothing. */
void sarn__openssl_destroy(struct sarn__openssl *openssl);

/* struct sarn_hash_ops.digest; self is a struct sarn__openssl. [any thread]
 * SARN_ERR_NOMEM is its only error. */
SARN_MUST_USE sarn_status sarn__openssl_digest(void *self,
                                               const struct sarn_str *parts,
                                               uint32_t count,
                                               uint8_t digest[SARN__DIGEST_BYTES]);

#endif
