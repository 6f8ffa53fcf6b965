/* hash.h - the hash port in plain C, for tests: FNV-1a with a seed, and four lanes of
 * the same mixed into 256 bits. Deterministic and well spread; no match for an
 * attacker, and not the values that a real log holds. */
#ifndef SARN_INFRA_MEMORY_HASH_H
#define SARN_INFRA_MEMORY_HASH_H

#include "ports/hash.h"

/* Stateless. [any thread] */
struct sarn_hash sarn__memory_hash(void);

#endif
