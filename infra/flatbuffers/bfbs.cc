#include "infra/flatbuffers/bfbs.h"

#include <cstring>

#include "core/type.h"

namespace sarn {
namespace {

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int raw(const reflection::Type *type, flatbuffers::voffset_t field)
{
    return reinterpret_cast<const flatbuffers::Table *>(type)->GetField<int8_t>(field,
                                                                                0);
}

} // namespace

bool is_name(const flatbuffers::String *text, bool dots)
{
    bool start = true;

    if (text->size() == 0 || text->size() > SARN_NAME_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < text->size(); i++) {
        char c = static_cast<char>(text->Data()[i]);

        if (dots && c == '.' && !start) {
            start = true;
        } else if (is_letter(c) || (!start && c >= '0' && c <= '9')) {
            start = false;
        } else {
            return false;
        }
    }
    return !start;
}

bool is_text(const flatbuffers::String *text, const char *expected)
{
    return text->size() == std::strlen(expected) &&
           std::memcmp(text->Data(), expected, text->size()) == 0;
}

bool in_order(const flatbuffers::String *a, const flatbuffers::String *b)
{
    return *a < *b;
}

int base_of(const reflection::Type *type)
{
    return raw(type, reflection::Type::VT_BASE_TYPE);
}

int element_of(const reflection::Type *type)
{
    return raw(type, reflection::Type::VT_ELEMENT);
}

uint8_t scalar_kind(int base)
{
    static const uint8_t kinds[] = {
        0,
        0,
        SARN_KIND_BOOL,
        SARN_KIND_I8,
        SARN_KIND_U8,
        SARN_KIND_I16,
        SARN_KIND_U16,
        SARN_KIND_I32,
        SARN_KIND_U32,
        SARN_KIND_I64,
        SARN_KIND_U64,
        SARN_KIND_F32,
        SARN_KIND_F64,
    };

    return base >= 0 && base < static_cast<int>(sizeof(kinds)) ? kinds[base]
                                                               : uint8_t{0};
}

bool is_real(uint8_t kind)
{
    return kind == SARN_KIND_F32 || kind == SARN_KIND_F64;
}

bool integer_fits(uint8_t kind, int64_t value)
{
    if (kind == SARN_KIND_BOOL) {
        return value == 0 || value == 1;
    }
    if (kind == SARN_KIND_I64 || kind == SARN_KIND_U64) {
        return true;
    }
    uint32_t bits = sarn__kind_size(kind) * 8;
    bool is_signed =
        kind == SARN_KIND_I8 || kind == SARN_KIND_I16 || kind == SARN_KIND_I32;
    int64_t low = is_signed ? -(INT64_C(1) << (bits - 1)) : 0;
    int64_t high = (INT64_C(1) << (is_signed ? bits - 1 : bits)) - 1;

    return value >= low && value <= high;
}

} // namespace sarn
