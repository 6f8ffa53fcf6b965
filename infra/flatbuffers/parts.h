/* parts.h - the three directions of the codec; codec.cc makes a port of them. */
#ifndef SARN_FLATBUFFERS_PARTS_H
#define SARN_FLATBUFFERS_PARTS_H

#include <flatbuffers/base.h>

#include "ports/codec.h"

extern "C" {
#include "core/fail.h"
}

static_assert(FLATBUFFERS_LITTLEENDIAN, "vectors and structs are used where they lie");

namespace sarn {

// Where a vtable holds the place of the field with this id.
inline flatbuffers::voffset_t slot(uint16_t id)
{
    return static_cast<flatbuffers::voffset_t>(4 + 2 * id);
}

// See the port for what they do. encode throws std::bad_alloc.
sarn_status encode(const sarn_type &type,
                   const void *value,
                   sarn_arena *arena,
                   struct sarn_str *bytes,
                   sarn_error *error);
sarn_status verify(const sarn_type &type, struct sarn_str bytes, sarn_error *error);
sarn_status decode(const sarn_type &type,
                   struct sarn_str bytes,
                   void *value,
                   sarn_arena *arena,
                   sarn_error *error);

} // namespace sarn
#endif
