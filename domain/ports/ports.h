/* ports.h - everything the engine is given. Wired up by the composition root. */
#ifndef SARN_PORTS_PORTS_H
#define SARN_PORTS_PORTS_H

#include "ports/clock.h"
#include "ports/codec.h"
#include "ports/hash.h"
#include "ports/journal.h"
#include "ports/json.h"
#include "ports/random.h"
#include "ports/zones.h"

struct sarn_ports {
    struct sarn_journal journal;
    struct sarn_codec codec;
    struct sarn_json json;
    struct sarn_hash hash;
    struct sarn_clock clock;
    struct sarn_random random;
    struct sarn_zones zones; /* No ops: no zone but UTC is known. */
    struct sarn_heap heap;
};

#endif
