#include "infra/flatbuffers/layout.h"

#include "core/type.h"

namespace sarn {

namespace {

struct extent {
    uint32_t size, align;
};

extent c_extent(const sarn_field &field)
{
    if (field.flags & SARN_FIELD_VECTOR) {
        return {sizeof(sarn_vector), alignof(sarn_vector)};
    }
    if (field.kind == SARN_KIND_STRING || field.kind == SARN_KIND_BYTES) {
        return {sizeof(struct sarn_str), alignof(struct sarn_str)};
    }
    if (field.kind == SARN_KIND_TABLE) {
        return {sizeof(void *), alignof(void *)};
    }
    if (field.kind == SARN_KIND_STRUCT) {
        return {field.type->size, field.type->align};
    }
    return {sarn__kind_size(field.kind), sarn__kind_size(field.kind)};
}

uint32_t round_up(uint32_t value, uint32_t align)
{
    return (value + align - 1) / align * align;
}

} // namespace

bool lay_out(sarn_type *type, sarn_field *fields, bool is_struct)
{
    uint32_t size = 0, align = 1;
    uint32_t wire = 0; // At most, with all padding.

    for (uint32_t i = 0; i < type->field_count; i++) {
        sarn_field &field = fields[i];

        if (field.flags & SARN_FIELD_DEPRECATED) {
            continue;
        }
        extent e = c_extent(field);
        field.offset = round_up(size, e.align);
        field.wire_offset = is_struct ? field.offset : 0;
        size = field.offset + e.size;
        align = e.align > align ? e.align : align;
        wire += e.size + e.align;
        if (wire > inline_bytes_max) {
            return false;
        }
    }
    // C has no empty struct: the generated one has a byte.
    type->size = size == 0 ? 1 : round_up(size, align);
    type->align = align;
    type->wire_size = is_struct ? type->size : 0;
    return true;
}

} // namespace sarn
