#include <cassert>
#include <cstring>
#include <new>

#include <flatbuffers/flatbuffers.h>

#include "core/type.h"
#include "core/utf8.h"
#include "infra/flatbuffers/parts.h"

namespace sarn {
namespace {

using flatbuffers::uoffset_t;

constexpr size_t first_bytes = 256; // Enough for most payloads.
constexpr uint32_t few_fields = 32; // Their offsets are kept on the stack.
constexpr size_t payload_align = 8;

// The builder's buffer is in the caller's arena, so what it built need not be copied.
class ArenaAllocator : public flatbuffers::Allocator {
  public:
    explicit ArenaAllocator(sarn_arena *arena) : arena_(arena)
    {
    }
    uint8_t *allocate(size_t size) override
    {
        void *memory = sarn_arena_alloc(arena_, size);

        if (!memory) {
            throw std::bad_alloc();
        }
        return static_cast<uint8_t *>(memory);
    }
    void deallocate(uint8_t *, size_t) override
    {
    }

  private:
    sarn_arena *arena_;
};

bool is_zero(const char *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

// The fields of a struct, without what C has between them; to is all zero.
void put_struct(const sarn_type &type, const char *from, char *to)
{
    for (uint32_t i = 0; i < type.field_count; i++) {
        const sarn_field &field = type.fields[i];

        if (field.kind == SARN_KIND_STRUCT) {
            put_struct(*field.type, from + field.offset, to + field.wire_offset);
        } else {
            std::memcpy(to + field.wire_offset, from + field.offset,
                        sarn__kind_size(field.kind));
        }
    }
}

// A field's value as C has it.
template <typename T> const T &at(const char *value, const sarn_field &field)
{
    return *reinterpret_cast<const T *>(value + field.offset);
}

// Children are built before the table that points to them; see FlatBufferBuilder.
class Encoder {
  public:
    Encoder(sarn_arena *arena, sarn_error *error)
        : allocator_(arena), builder_(first_bytes, &allocator_), error_(error)
    {
    }

    sarn_status root(const sarn_type &type, const char *value, struct sarn_str *bytes);

  private:
    sarn_status
    table(const sarn_type &type, const char *value, uint32_t depth, uoffset_t *built);
    sarn_status child(const sarn_type &type,
                      const sarn_field &field,
                      const char *value,
                      uint32_t depth,
                      uoffset_t *built);
    sarn_status text(const sarn_type &type,
                     const sarn_field &field,
                     struct sarn_str value,
                     uoffset_t *built);
    sarn_status vector(const sarn_type &type,
                       const sarn_field &field,
                       const sarn_vector &value,
                       uint32_t depth,
                       uoffset_t *built);
    sarn_status pointers(const sarn_type &type,
                         const sarn_field &field,
                         const sarn_vector &value,
                         uint32_t depth,
                         uoffset_t *built);
    uoffset_t structs(const sarn_type &type, const sarn_vector &value);
    void put_fixed(const sarn_field &field, const char *value);
    template <typename T> void put_integer(const sarn_field &field, const char *value);
    sarn_status fits(const sarn_type &type, uint64_t more);

    ArenaAllocator allocator_;
    flatbuffers::FlatBufferBuilder builder_;
    sarn_error *error_;
    uint64_t decoded_bytes_ = 0;
};

// Is there room for more bytes?
sarn_status Encoder::fits(const sarn_type &type, uint64_t more)
{
    if (builder_.GetSize() + more > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(
            error_, SARN_ERR_TOO_LARGE,
            "A %s has over %u bytes; that is the most a payload may have.", type.name,
            SARN_PAYLOAD_BYTES_MAX);
    }
    if (decoded_bytes_ > SARN__DECODED_BYTES_MAX) {
        return sarn__fail(error_, SARN_ERR_TOO_LARGE, "A %s has too many parts.",
                          type.name);
    }
    return SARN_OK;
}

sarn_status
Encoder::root(const sarn_type &type, const char *value, struct sarn_str *bytes)
{
    uoffset_t built = 0;

    SARN__TRY(table(type, value, 0, &built));
    builder_.TrackMinAlign(payload_align);
    builder_.Finish(flatbuffers::Offset<void>(built));
    SARN__TRY(fits(type, 0));
    *bytes = {reinterpret_cast<const char *>(builder_.GetBufferPointer()),
              builder_.GetSize()};
    assert(reinterpret_cast<uintptr_t>(bytes->data) % payload_align == 0);
    return SARN_OK;
}

sarn_status Encoder::table(const sarn_type &type,
                           const char *value,
                           uint32_t depth,
                           uoffset_t *built)
{
    uoffset_t few[few_fields];
    uoffset_t *children = few;

    if (depth > SARN_DEPTH_MAX) {
        return sarn__fail(error_, SARN_ERR_TOO_LARGE, "A %s is nested over %u deep.",
                          type.name, SARN_DEPTH_MAX);
    }
    if (type.field_count > few_fields) {
        children = reinterpret_cast<uoffset_t *>(
            allocator_.allocate(type.field_count * sizeof(uoffset_t)));
    }
    decoded_bytes_ += type.size;
    for (uint32_t i = 0; i < type.field_count; i++) {
        const sarn_field &field = type.fields[i];

        children[i] = 0;
        if (field.kind >= SARN_KIND_STRING || field.flags & SARN_FIELD_VECTOR) {
            SARN__TRY(child(type, field, value, depth, &children[i]));
        }
    }
    uoffset_t start = builder_.StartTable();
    for (uint32_t i = 0; i < type.field_count; i++) {
        const sarn_field &field = type.fields[i];

        if (children[i] != 0) {
            builder_.AddOffset(slot(field.id), flatbuffers::Offset<void>(children[i]));
        } else if (!(field.flags & SARN_FIELD_VECTOR)) {
            put_fixed(field, value);
        }
    }
    *built = builder_.EndTable(start);
    return fits(type, 0);
}

// Build what a field points to; 0: absent.
sarn_status Encoder::child(const sarn_type &type,
                           const sarn_field &field,
                           const char *value,
                           uint32_t depth,
                           uoffset_t *built)
{
    bool absent = false;

    if (field.flags & SARN_FIELD_VECTOR) {
        return vector(type, field, at<sarn_vector>(value, field), depth, built);
    }
    if (field.kind == SARN_KIND_STRUCT) {
        return SARN_OK; // In the table itself.
    }
    if (field.kind == SARN_KIND_TABLE) {
        const char *inner = at<const char *>(value, field);

        absent = inner == nullptr;
        if (!absent) {
            return table(*field.type, inner, depth + 1, built);
        }
    } else {
        const struct sarn_str &string = at<struct sarn_str>(value, field);

        absent = string.data == nullptr;
        if (!absent) {
            return text(type, field, string, built);
        }
        assert(string.size == 0);
    }
    if (absent && field.flags & SARN_FIELD_REQUIRED) {
        return sarn__fail(error_, SARN_ERR_SCHEMA, "%s.%s is required and absent.",
                          type.name, field.name);
    }
    return SARN_OK;
}

// A string or bytes; also those of a vector, where absent is empty.
sarn_status Encoder::text(const sarn_type &type,
                          const sarn_field &field,
                          struct sarn_str value,
                          uoffset_t *built)
{
    SARN__TRY(fits(type, value.size));
    if (field.kind == SARN_KIND_STRING) {
        if (!sarn__utf8_valid(value)) {
            return sarn__fail(error_, SARN_ERR_SCHEMA, "%s.%s is not UTF-8.", type.name,
                              field.name);
        }
        *built = builder_.CreateString(value.data, value.size).o;
        return SARN_OK;
    }
    builder_.StartVector(value.size, 1);
    builder_.PushBytes(reinterpret_cast<const uint8_t *>(value.data), value.size);
    *built = builder_.EndVector(value.size);
    return SARN_OK;
}

sarn_status Encoder::vector(const sarn_type &type,
                            const sarn_field &field,
                            const sarn_vector &value,
                            uint32_t depth,
                            uoffset_t *built)
{
    uint32_t each = sarn__element_size(&field);

    if (value.size == 0 && !(field.flags & SARN_FIELD_REQUIRED)) {
        return SARN_OK;
    }
    assert(value.size == 0 || value.data);
    if (field.kind == SARN_KIND_STRING || field.kind == SARN_KIND_TABLE) {
        return pointers(type, field, value, depth, built);
    }
    SARN__TRY(fits(type, uint64_t{each} * value.size));
    if (field.kind == SARN_KIND_STRUCT) {
        *built = structs(*field.type, value);
        return SARN_OK;
    }
    builder_.StartVector(value.size, each);
    builder_.PushBytes(static_cast<const uint8_t *>(value.data),
                       size_t{each} * value.size);
    *built = builder_.EndVector(value.size);
    return SARN_OK;
}

uoffset_t Encoder::structs(const sarn_type &type, const sarn_vector &value)
{
    const char *from = static_cast<const char *>(value.data);
    size_t bytes = size_t{type.size} * value.size;

    builder_.StartVector(bytes / type.align, type.align);
    if (bytes > 0) {
        builder_.Pad(bytes);
        char *to = reinterpret_cast<char *>(builder_.GetCurrentBufferPointer());

        for (size_t i = 0; i < value.size; i++) {
            put_struct(type, from + i * type.size, to + i * type.size);
        }
    }
    return builder_.EndVector(value.size);
}

// A vector of strings or tables: all of them, then the offsets to them.
sarn_status Encoder::pointers(const sarn_type &type,
                              const sarn_field &field,
                              const sarn_vector &value,
                              uint32_t depth,
                              uoffset_t *built)
{
    const char *from = static_cast<const char *>(value.data);
    size_t each = sarn__element_size(&field);
    uoffset_t *elements;

    SARN__TRY(fits(type, uint64_t{value.size} * sizeof(uoffset_t)));
    elements = reinterpret_cast<uoffset_t *>(
        allocator_.allocate(value.size * sizeof(uoffset_t)));
    if (field.kind == SARN_KIND_STRING) {
        decoded_bytes_ += sizeof(struct sarn_str) * uint64_t{value.size};
    }
    for (size_t i = 0; i < value.size; i++) {
        if (field.kind == SARN_KIND_TABLE) {
            SARN__TRY(table(*field.type, from + i * each, depth + 1, &elements[i]));
        } else {
            struct sarn_str string = reinterpret_cast<const struct sarn_str *>(from)[i];

            SARN__TRY(text(type, field, string, &elements[i]));
        }
    }
    builder_.StartVector(value.size, sizeof(uoffset_t));
    for (size_t i = value.size; i > 0; i--) {
        builder_.PushElement(flatbuffers::Offset<void>(elements[i - 1]));
    }
    *built = builder_.EndVector(value.size);
    return SARN_OK;
}

// Unsigned stands for signed: only bits count here.
template <typename T>
void Encoder::put_integer(const sarn_field &field, const char *value)
{
    const T &number = at<T>(value, field);

    if (number != static_cast<T>(field.default_integer)) {
        builder_.AddElement(slot(field.id), number);
    }
}

// Reals are told from their default by their bits: -0 is not 0, and NaN is itself.
template <typename T> bool same_bits(T a, T b)
{
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

// A scalar or a struct, unless it is what an absent one is read as.
void Encoder::put_fixed(const sarn_field &field, const char *value)
{
    if (field.kind == SARN_KIND_STRUCT) {
        const sarn_type &type = *field.type;

        builder_.Align(type.align);
        builder_.Pad(type.size);
        char *to = reinterpret_cast<char *>(builder_.GetCurrentBufferPointer());

        put_struct(type, value + field.offset, to);
        if (is_zero(to, type.size) && !(field.flags & SARN_FIELD_REQUIRED)) {
            builder_.PopBytes(type.size);
        } else {
            builder_.AddStructOffset(slot(field.id), builder_.GetSize());
        }
    } else if (field.kind == SARN_KIND_F32) {
        float number = at<float>(value, field);

        if (!same_bits(number, static_cast<float>(field.default_real))) {
            builder_.AddElement(slot(field.id), number);
        }
    } else if (field.kind == SARN_KIND_F64) {
        double number = at<double>(value, field);

        if (!same_bits(number, field.default_real)) {
            builder_.AddElement(slot(field.id), number);
        }
    } else {
        switch (sarn__kind_size(field.kind)) {
        case 1:
            put_integer<uint8_t>(field, value);
            break;
        case 2:
            put_integer<uint16_t>(field, value);
            break;
        case 4:
            put_integer<uint32_t>(field, value);
            break;
        case 8:
            put_integer<uint64_t>(field, value);
            break;
        default:
            break; // An absent string or table.
        }
    }
}

} // namespace

sarn_status encode(const sarn_type &type,
                   const void *value,
                   sarn_arena *arena,
                   struct sarn_str *bytes,
                   sarn_error *error)
{
    return Encoder(arena, error).root(type, static_cast<const char *>(value), bytes);
}

} // namespace sarn
