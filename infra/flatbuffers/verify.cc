#include <cassert>
#include <cstring>

#include <flatbuffers/flatbuffers.h>

#include "core/type.h"
#include "core/utf8.h"
#include "infra/flatbuffers/parts.h"

namespace sarn {
namespace {

// Every table takes 4 bytes of its own or an offset to it, so no honest payload has
// more.
constexpr uint32_t tables_max = SARN_PAYLOAD_BYTES_MAX / 4;

class Checker {
  public:
    Checker(struct sarn_str bytes, sarn_error *error)
        : data_(reinterpret_cast<const uint8_t *>(bytes.data)),
          verifier_(data_, bytes.size, SARN_DEPTH_MAX + 1, tables_max), error_(error)
    {
    }

    sarn_status root(const sarn_type &type);

  private:
    sarn_status table(const sarn_type &type, const uint8_t *at);
    sarn_status field(const sarn_type &type,
                      const sarn_field &field,
                      const uint8_t *base,
                      flatbuffers::voffset_t place);
    sarn_status fixed(const sarn_type &type,
                      const sarn_field &field,
                      const uint8_t *base,
                      flatbuffers::voffset_t place);
    sarn_status text(const sarn_type &type, const sarn_field &field, const uint8_t *at);
    sarn_status
    vector(const sarn_type &type, const sarn_field &field, const uint8_t *at);
    sarn_status
    element(const sarn_type &type, const sarn_field &field, const uint8_t *at);
    bool count(uint64_t bytes);

    sarn_status corrupt(const sarn_type &type, const char *what) const
    {
        return sarn__fail(error_, SARN_ERR_CORRUPT, "A payload is not a %s: %s.",
                          type.name, what);
    }
    sarn_status
    corrupt(const sarn_type &type, const sarn_field &field, const char *what) const
    {
        return sarn__fail(error_, SARN_ERR_CORRUPT, "A payload is not a %s: %s %s.",
                          type.name, field.name, what);
    }

    const uint8_t *data_;
    flatbuffers::Verifier verifier_;
    sarn_error *error_;
    uint64_t decoded_bytes_ = 0;
};

// Are these bytes of bools all false or true? Anything else is not a value of C's bool.
bool are_bools(const uint8_t *at, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (at[i] > 1) {
            return false;
        }
    }
    return true;
}

bool has_true_bools(const sarn_type &type, const uint8_t *at)
{
    for (uint32_t i = 0; i < type.field_count; i++) {
        const sarn_field &field = type.fields[i];
        const uint8_t *value = at + field.wire_offset;

        if ((field.kind == SARN_KIND_BOOL && *value > 1) ||
            (field.kind == SARN_KIND_STRUCT && !has_true_bools(*field.type, value))) {
            return false;
        }
    }
    return true;
}

// Add to what decoding will take. False: over the limit.
bool Checker::count(uint64_t bytes)
{
    decoded_bytes_ += bytes;
    return decoded_bytes_ <= SARN__DECODED_BYTES_MAX;
}

sarn_status Checker::root(const sarn_type &type)
{
    flatbuffers::uoffset_t offset = verifier_.VerifyOffset(0);

    return offset == 0 ? corrupt(type, "it has no root") : table(type, data_ + offset);
}

sarn_status Checker::table(const sarn_type &type, const uint8_t *at)
{
    const flatbuffers::Table *it = reinterpret_cast<const flatbuffers::Table *>(at);

    if (!verifier_.VerifyTableStart(at)) {
        return corrupt(type,
                       "a table in it lies outside, is too deep, or one too many");
    }
    if (!count(type.size)) {
        return corrupt(type, "it is too large decoded");
    }
    for (uint32_t i = 0; i < type.field_count; i++) {
        const sarn_field &f = type.fields[i];
        flatbuffers::voffset_t place = it->GetOptionalFieldOffset(slot(f.id));

        if (place != 0) {
            SARN__TRY(field(type, f, at, place));
        } else if (f.flags & SARN_FIELD_REQUIRED) {
            return corrupt(type, f, "is required and absent");
        }
    }
    verifier_.EndTable();
    return SARN_OK;
}

sarn_status Checker::field(const sarn_type &type,
                           const sarn_field &field,
                           const uint8_t *base,
                           flatbuffers::voffset_t place)
{
    bool is_vector = (field.flags & SARN_FIELD_VECTOR) != 0;

    if (!is_vector &&
        (field.kind < SARN_KIND_STRING || field.kind == SARN_KIND_STRUCT)) {
        return fixed(type, field, base, place);
    }
    flatbuffers::uoffset_t offset = verifier_.VerifyOffset(base, place);

    if (offset == 0) {
        return corrupt(type, field, "lies outside");
    }
    const uint8_t *at = base + place + offset;
    return is_vector ? vector(type, field, at) : element(type, field, at);
}

// A scalar or a struct, in the table itself.
sarn_status Checker::fixed(const sarn_type &type,
                           const sarn_field &field,
                           const uint8_t *base,
                           flatbuffers::voffset_t place)
{
    bool is_struct = field.kind == SARN_KIND_STRUCT;
    uint32_t size = is_struct ? field.type->size : sarn__kind_size(field.kind);
    uint32_t align = is_struct ? field.type->align : size;

    if (!verifier_.VerifyFieldStruct(base, place, size, align)) {
        return corrupt(type, field, "lies outside");
    }
    if ((field.kind == SARN_KIND_BOOL && base[place] > 1) ||
        (is_struct && !has_true_bools(*field.type, base + place))) {
        return corrupt(type, field, "is neither true nor false");
    }
    return SARN_OK;
}

// What an offset leads to.
sarn_status
Checker::element(const sarn_type &type, const sarn_field &field, const uint8_t *at)
{
    if (field.kind == SARN_KIND_TABLE) {
        return table(*field.type, at);
    }
    if (field.kind == SARN_KIND_STRING) {
        return text(type, field, at);
    }
    return verifier_.VerifyVectorOrString(at, 1) ? SARN_OK
                                                 : corrupt(type, field, "lies outside");
}

sarn_status
Checker::text(const sarn_type &type, const sarn_field &field, const uint8_t *at)
{
    const flatbuffers::String *string =
        reinterpret_cast<const flatbuffers::String *>(at);

    if (!verifier_.VerifyString(string)) {
        return corrupt(type, field, "lies outside");
    }
    if (!sarn__utf8_valid({string->c_str(), string->size()})) {
        return corrupt(type, field, "is not UTF-8");
    }
    return SARN_OK;
}

sarn_status
Checker::vector(const sarn_type &type, const sarn_field &field, const uint8_t *at)
{
    bool by_offset = field.kind == SARN_KIND_STRING || field.kind == SARN_KIND_TABLE;
    uint32_t size = by_offset ? 4 : sarn__element_size(&field);
    uint32_t align = field.kind == SARN_KIND_STRUCT ? field.type->align : size;

    if (!verifier_.VerifyVectorOrString(at, size) ||
        !verifier_.VerifyAlignment(static_cast<size_t>(at + 4 - data_), align)) {
        return corrupt(type, field, "lies outside");
    }
    uint32_t length = flatbuffers::ReadScalar<uint32_t>(at);
    const uint8_t *elements = at + 4;

    if (field.kind == SARN_KIND_BOOL && !are_bools(elements, length)) {
        return corrupt(type, field, "is neither true nor false");
    }
    if (field.kind == SARN_KIND_STRING && !count(sizeof(struct sarn_str) * length)) {
        return corrupt(type, "it is too large decoded");
    }
    for (uint32_t i = 0; by_offset && i < length; i++) {
        const uint8_t *place = elements + size_t{4} * i;
        flatbuffers::uoffset_t offset = verifier_.VerifyOffset(place, 0);

        if (offset == 0) {
            return corrupt(type, field, "lies outside");
        }
        SARN__TRY(element(type, field, place + offset));
    }
    for (uint32_t i = 0; field.kind == SARN_KIND_STRUCT && i < length; i++) {
        if (!has_true_bools(*field.type, elements + size_t{size} * i)) {
            return corrupt(type, field, "is neither true nor false");
        }
    }
    return SARN_OK;
}

} // namespace

sarn_status verify(const sarn_type &type, struct sarn_str bytes, sarn_error *error)
{
    assert(reinterpret_cast<uintptr_t>(bytes.data) % 8 == 0);
    if (bytes.size < 8) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "A payload is not a %s: %u bytes.",
                          type.name, bytes.size);
    }
    return Checker(bytes, error).root(type);
}

} // namespace sarn
