/* bfbs.h - single values of a .bfbs, checked as they are read. */
#ifndef SARN_FLATBUFFERS_BFBS_H
#define SARN_FLATBUFFERS_BFBS_H

#include <flatbuffers/reflection_generated.h>

#include "sarn/schema.h"

namespace sarn {

// Is text an identifier, or (dots) several with dots between them? What passes has no
// NUL inside, so it may be used as a C string.
bool is_name(const flatbuffers::String *text, bool dots);

bool is_text(const flatbuffers::String *text, const char *expected);
// Does a come before b? flatc sorts by this, so a list in order has no doubles.
bool in_order(const flatbuffers::String *a, const flatbuffers::String *b);

// reflection::BaseType of a type and of its elements, as numbers: the generated
// accessors answer an enum, which an unknown value must never become.
int base_of(const reflection::Type *type);
int element_of(const reflection::Type *type);

// The kind of a scalar base type; 0: not one.
uint8_t scalar_kind(int base);
bool is_real(uint8_t kind);
bool integer_fits(uint8_t kind, int64_t value);

} // namespace sarn
#endif
