#include <cassert>
#include <cstring>

#include <flatbuffers/flatbuffers.h>

#include "core/type.h"
#include "infra/flatbuffers/parts.h"

namespace sarn {
namespace {

template <typename T> T read(const uint8_t *at)
{
    return flatbuffers::ReadScalar<T>(at);
}

// Follow the offset that lies at at.
const uint8_t *follow(const uint8_t *at)
{
    return at + read<flatbuffers::uoffset_t>(at);
}

struct sarn_str text_at(const uint8_t *at)
{
    return {reinterpret_cast<const char *>(at + 4), read<uint32_t>(at)};
}

void put_scalar(uint8_t kind, const uint8_t *from, char *to)
{
    switch (sarn__kind_size(kind)) {
    case 1:
        *to = static_cast<char>(*from);
        break;
    case 2:
        std::memcpy(to, from, 2);
        break;
    case 4:
        std::memcpy(to, from, 4);
        break;
    default:
        std::memcpy(to, from, 8);
        break;
    }
}

bool is_real(uint8_t kind)
{
    return kind == SARN_KIND_F32 || kind == SARN_KIND_F64;
}

// Reads what verify() passed: nothing is checked here. False: out of memory.
class Decoder {
  public:
    explicit Decoder(sarn_arena *arena) : arena_(arena)
    {
    }

    // to is all zero.
    bool table(const sarn_type &type, const uint8_t *at, char *to);

  private:
    bool present(const sarn_field &field, const uint8_t *at, char *to);
    bool vector(const sarn_field &field, const uint8_t *at, sarn_vector *to);

    sarn_arena *arena_;
};

bool Decoder::table(const sarn_type &type, const uint8_t *at, char *to)
{
    const uint8_t *vtable = at - read<flatbuffers::soffset_t>(at);
    flatbuffers::voffset_t vtable_size = read<flatbuffers::voffset_t>(vtable);

    for (uint32_t i = 0; i < type.field_count; i++) {
        const sarn_field &field = type.fields[i];
        flatbuffers::voffset_t place = 0;

        if (slot(field.id) < vtable_size) {
            place = read<flatbuffers::voffset_t>(vtable + slot(field.id));
        }
        if (place != 0) {
            if (!present(field, at + place, to + field.offset)) {
                return false;
            }
        } else if (field.default_integer != 0 || is_real(field.kind)) {
            sarn__put_default(&field, to + field.offset);
        }
    }
    return true;
}

bool Decoder::present(const sarn_field &field, const uint8_t *at, char *to)
{
    if (field.flags & SARN_FIELD_VECTOR) {
        return vector(field, follow(at), reinterpret_cast<sarn_vector *>(to));
    }
    switch (field.kind) {
    case SARN_KIND_STRING:
    case SARN_KIND_BYTES:
        *reinterpret_cast<struct sarn_str *>(to) = text_at(follow(at));
        return true;
    case SARN_KIND_STRUCT:
        std::memcpy(to, at, field.type->size); // The layouts are one.
        return true;
    case SARN_KIND_TABLE: {
        void *inner = sarn_arena_alloc(arena_, field.type->size);

        *reinterpret_cast<const void **>(to) = inner;
        return inner && table(*field.type, follow(at), static_cast<char *>(inner));
    }
    default:
        put_scalar(field.kind, at, to);
        return true;
    }
}

bool Decoder::vector(const sarn_field &field, const uint8_t *at, sarn_vector *to)
{
    uint32_t size = read<uint32_t>(at);
    const uint8_t *elements = at + 4;

    if (size == 0) {
        return true;
    }
    *to = {elements, size};
    if (field.kind != SARN_KIND_STRING && field.kind != SARN_KIND_TABLE) {
        return true; // Used where they lie.
    }
    size_t each = sarn__element_size(&field);
    char *data = static_cast<char *>(sarn_arena_alloc(arena_, each * size));

    if (!data) {
        return false;
    }
    to->data = data;
    for (uint32_t i = 0; i < size; i++) {
        const uint8_t *element = follow(elements + size_t{4} * i);

        if (field.kind == SARN_KIND_STRING) {
            reinterpret_cast<struct sarn_str *>(data)[i] = text_at(element);
        } else if (!table(*field.type, element, data + each * i)) {
            return false;
        }
    }
    return true;
}

} // namespace

sarn_status decode(const sarn_type &type,
                   struct sarn_str bytes,
                   void *value,
                   sarn_arena *arena,
                   sarn_error *error)
{
    const uint8_t *data = reinterpret_cast<const uint8_t *>(bytes.data);

    assert(bytes.size >= 8 && reinterpret_cast<uintptr_t>(data) % 8 == 0);
    std::memset(value, 0, type.size);
    if (!Decoder(arena).table(type, follow(data), static_cast<char *>(value))) {
        std::memset(value, 0, type.size);
        return sarn__fail(error, SARN_ERR_NOMEM, "Out of memory decoding %s.",
                          type.name);
    }
    return SARN_OK;
}

} // namespace sarn
