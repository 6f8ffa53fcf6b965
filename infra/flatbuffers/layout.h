/* layout.h - where the fields of a loaded type lie in its C struct. */
#ifndef SARN_FLATBUFFERS_LAYOUT_H
#define SARN_FLATBUFFERS_LAYOUT_H

#include "sarn/schema.h"

namespace sarn {

// The layout of scalars and structs is FlatBuffers' and C's alike; anything else would
// need a copy per field.
static_assert(sizeof(void *) == 8 && sizeof(struct sarn_vector) == 16, "64 bits only");
static_assert(sizeof(struct sarn_str) == 16, "text is a pointer and a size");

// A FlatBuffers struct, and what the fields of one table may take in its buffer.
constexpr uint32_t inline_bytes_max = 60000;

// Fill offset of every field, and size and align of type. Structs that it embeds are
// laid out before it. False: over inline_bytes_max.
bool lay_out(struct sarn_type *type, struct sarn_field *fields, bool is_struct);

} // namespace sarn
#endif
