#include "infra/flatbuffers/loader.h"

#include <cfloat>
#include <cmath>
#include <cstring>

#include "core/type.h"
#include "infra/flatbuffers/bfbs.h"
#include "infra/flatbuffers/layout.h"

extern "C" {
#include "core/fail.h"
}

#include <algorithm>

namespace sarn {
namespace {

// What a schema may be at most; all far above any real one.
constexpr uint32_t bfbs_bytes_max = SARN_PAYLOAD_BYTES_MAX;
constexpr uint32_t bfbs_tables_max = 65536; // FlatBuffers tables in a .bfbs.
constexpr uint32_t bfbs_depth_max = 16;
constexpr uint32_t field_count_max = 16384; // The ids of a table fit its 16-bit vtable.

struct role_name {
    const char *name;
    uint8_t role;
};

const role_name role_names[] = {
    {"event", SARN_ROLE_EVENT}, {"command", SARN_ROLE_COMMAND},
    {"state", SARN_ROLE_STATE}, {"row", SARN_ROLE_ROW},
    {"input", SARN_ROLE_INPUT}, {"output", SARN_ROLE_OUTPUT},
};

class Loader {
  public:
    Loader(sarn_arena *arena, uint32_t flags, sarn_error *error)
        : arena_(arena), flags_(flags), error_(error)
    {
    }

    sarn_status load(struct sarn_str name, struct sarn_str bfbs, sarn__loaded *loaded);

  private:
    using Objects = flatbuffers::Vector<flatbuffers::Offset<reflection::Object>>;
    using Enums = flatbuffers::Vector<flatbuffers::Offset<reflection::Enum>>;

    sarn_status open(struct sarn_str name, struct sarn_str bfbs);
    sarn_status load_enums();
    sarn_status load_enum(uint32_t index);
    sarn_status load_values(const reflection::Enum *from, uint32_t index);
    sarn_status name_types();
    sarn_status load_role(const reflection::Object *object, sarn_type *type);
    sarn_status load_fields(uint32_t index);
    sarn_status sort_fields(uint32_t index, const reflection::Field **by_id);
    sarn_status
    load_field(uint32_t index, const reflection::Field *from, sarn_field *to);
    sarn_status load_type(const reflection::Field *from, sarn_field *to);
    sarn_status load_enum_of(const reflection::Field *from, sarn_field *to);
    sarn_status load_object_of(const reflection::Field *from, sarn_field *to);
    sarn_status load_default(const reflection::Field *from, sarn_field *to);
    sarn_status check_flags(const reflection::Field *from, const sarn_field *to);
    sarn_status lay_out_struct(uint32_t index, uint32_t depth);
    sarn_status lay_out_table(uint32_t index);
    sarn_status check_struct(uint32_t index);

    sarn_status corrupt(const char *what) const
    {
        return sarn__fail(error_, SARN_ERR_CORRUPT, "Schema %s is damaged: %s.",
                          schema_->name, what);
    }
    // The same for a field, whose names have been checked.
    sarn_status corrupt(const reflection::Field *field, const char *what) const
    {
        return sarn__fail(error_, SARN_ERR_CORRUPT, "Schema %s is damaged: %s.%s %s.",
                          schema_->name, owner_, field->name()->c_str(), what);
    }
    sarn_status unserved(const reflection::Field *field, const char *what) const
    {
        return sarn__fail(error_, SARN_ERR_SCHEMA, "%s.%s %s.", owner_,
                          field->name()->c_str(), what);
    }
    sarn_status nomem() const
    {
        return sarn__fail(error_, SARN_ERR_NOMEM, "Out of memory for a schema.");
    }
    template <typename T> T *make(size_t count)
    {
        return static_cast<T *>(sarn_arena_alloc(arena_, count * sizeof(T)));
    }

    sarn_arena *arena_;
    uint32_t flags_;
    sarn_error *error_;
    const char *owner_ = ""; // The type being loaded, for sentences.
    const Objects *objects_ = nullptr;
    const Enums *enum_tables_ = nullptr;
    sarn_schema *schema_ = nullptr;
    sarn_type *types_ = nullptr;
    sarn_enum *enums_ = nullptr;
    uint8_t *enum_kinds_ = nullptr;
    const char **enum_files_ = nullptr;
    const char **type_files_ = nullptr;
    uint8_t *laid_out_ = nullptr; // Per type: 0 not yet, 1 being, 2 done.
};

// Copy the bytes (for alignment and to own them) and have FlatBuffers check their
// shape.
sarn_status Loader::open(struct sarn_str name, struct sarn_str bfbs)
{
    struct sarn_str text = {nullptr, 0};
    char *label = make<char>(name.size + size_t{1});

    schema_ = make<sarn_schema>(1);
    if (!label || !schema_) {
        return nomem();
    }
    if (name.size > 0) { // A log may keep a schema without a name.
        std::memcpy(label, name.data, name.size);
    }
    schema_->name = label;
    if (bfbs.size < 8 || bfbs.size > bfbs_bytes_max) {
        return corrupt("its size is not that of a .bfbs");
    }
    SARN__TRY(sarn_arena_copy(arena_, bfbs, &text) == SARN_OK ? SARN_OK : nomem());
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(text.data);
    flatbuffers::Verifier verifier(bytes, text.size, bfbs_depth_max, bfbs_tables_max);
    if (!reflection::SchemaBufferHasIdentifier(bytes)) {
        return corrupt("it is not a .bfbs (made by flatc --binary --schema)");
    }
    if (!reflection::VerifySchemaBuffer(verifier)) {
        return corrupt("an offset in it leads outside");
    }
    objects_ = reflection::GetSchema(bytes)->objects();
    enum_tables_ = reflection::GetSchema(bytes)->enums();
    schema_->bfbs = bytes;
    schema_->bfbs_size = text.size;
    return SARN_OK;
}

sarn_status
Loader::load(struct sarn_str name, struct sarn_str bfbs, sarn__loaded *loaded)
{
    SARN__TRY(open(name, bfbs));
    SARN__TRY(load_enums());
    SARN__TRY(name_types());
    for (uint32_t i = 0; i < objects_->size(); i++) {
        SARN__TRY(load_fields(i));
    }
    for (uint32_t i = 0; i < objects_->size(); i++) {
        if (objects_->Get(i)->is_struct()) {
            SARN__TRY(lay_out_struct(i, 0));
        }
    }
    for (uint32_t i = 0; i < objects_->size(); i++) {
        if (!objects_->Get(i)->is_struct()) {
            SARN__TRY(lay_out_table(i));
        }
    }
    *loaded = {schema_,     enums_,      enum_kinds_,
               enum_files_, type_files_, enum_tables_->size()};
    return SARN_OK;
}

// --- enums ---

sarn_status Loader::load_enums()
{
    uint32_t count = enum_tables_->size();

    enums_ = make<sarn_enum>(count);
    enum_kinds_ = make<uint8_t>(count);
    enum_files_ = make<const char *>(count);
    if (!enums_ || !enum_kinds_ || !enum_files_) {
        return nomem();
    }
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(load_enum(i));
    }
    return SARN_OK;
}

sarn_status Loader::load_enum(uint32_t index)
{
    const reflection::Enum *from = enum_tables_->Get(index);

    if (!is_name(from->name(), true)) {
        return corrupt("an enum has no proper name");
    }
    enums_[index].name = from->name()->c_str();
    enum_files_[index] =
        from->declaration_file() ? from->declaration_file()->c_str() : "";
    if (index > 0 && !in_order(enum_tables_->Get(index - 1)->name(), from->name())) {
        return corrupt("its enums are not in order of name");
    }
    if (from->is_union()) {
        return SARN_OK; // Kind 0: any field that uses it is refused, by name.
    }
    uint8_t kind = scalar_kind(base_of(from->underlying_type()));
    if (kind == 0 || kind == SARN_KIND_BOOL || is_real(kind)) {
        return corrupt("an enum is not of an integer type");
    }
    enum_kinds_[index] = kind;
    return load_values(from, index);
}

sarn_status Loader::load_values(const reflection::Enum *from, uint32_t index)
{
    uint32_t count = from->values()->size();
    sarn_enum_value *values = make<sarn_enum_value>(count);
    const char **names = make<const char *>(count);

    if (!values || !names) {
        return nomem();
    }
    for (uint32_t i = 0; i < count; i++) {
        const reflection::EnumVal *value = from->values()->Get(i);

        if (!is_name(value->name(), false) ||
            !integer_fits(enum_kinds_[index], value->value())) {
            return corrupt("an enum has an impossible value");
        }
        names[i] = value->name()->c_str();
        values[i] = {names[i], value->value()};
    }
    auto by_name = [](const char *a, const char *b) { return std::strcmp(a, b) < 0; };
    auto same = [](const char *a, const char *b) { return std::strcmp(a, b) == 0; };
    std::sort(names, names + count, by_name);
    if (std::adjacent_find(names, names + count, same) != names + count) {
        return corrupt("an enum has two values of one name");
    }
    auto by_value = [](const sarn_enum_value &a, const sarn_enum_value &b) {
        return a.value < b.value;
    };
    auto equal = [](const sarn_enum_value &a, const sarn_enum_value &b) {
        return a.value == b.value;
    };
    std::sort(values, values + count, by_value);
    if (std::adjacent_find(values, values + count, equal) != values + count) {
        return corrupt("an enum has two names for one value");
    }
    enums_[index].value_count = count;
    enums_[index].values = values;
    return SARN_OK;
}

// --- types ---

sarn_status Loader::name_types()
{
    uint32_t count = objects_->size();
    const sarn_type **pointers = make<const sarn_type *>(count);

    types_ = make<sarn_type>(count);
    laid_out_ = make<uint8_t>(count);
    type_files_ = make<const char *>(count);
    if (!pointers || !types_ || !laid_out_ || !type_files_) {
        return nomem();
    }
    for (uint32_t i = 0; i < count; i++) {
        const reflection::Object *object = objects_->Get(i);

        if (!is_name(object->name(), true)) {
            return corrupt("a type has no proper name");
        }
        types_[i].name = object->name()->c_str();
        if (i > 0 && !in_order(objects_->Get(i - 1)->name(), object->name())) {
            return corrupt("its types are not in order of name");
        }
        type_files_[i] =
            object->declaration_file() ? object->declaration_file()->c_str() : "";
        types_[i].schema = schema_;
        SARN__TRY(load_role(object, &types_[i]));
        pointers[i] = &types_[i];
    }
    schema_->types = pointers;
    schema_->type_count = count;
    return SARN_OK;
}

sarn_status Loader::load_role(const reflection::Object *object, sarn_type *type)
{
    for (uint32_t i = 0; object->attributes() && i < object->attributes()->size();
         i++) {
        const flatbuffers::String *key = object->attributes()->Get(i)->key();

        for (const role_name &entry : role_names) {
            if (!is_text(key, entry.name)) {
                continue;
            }
            if (object->is_struct()) {
                return sarn__fail(error_, SARN_ERR_SCHEMA,
                                  "%s cannot be (%s): it is a struct; make it a table.",
                                  type->name, entry.name);
            }
            if (type->role != SARN_ROLE_NONE && type->role != entry.role) {
                return sarn__fail(error_, SARN_ERR_SCHEMA,
                                  "%s has two roles; a table can have one.",
                                  type->name);
            }
            type->role = entry.role;
        }
    }
    return SARN_OK;
}

// --- fields ---

// Put the fields in order of id; ids are 0, 1, 2 ... without gaps or doubles.
sarn_status Loader::sort_fields(uint32_t index, const reflection::Field **by_id)
{
    const reflection::Object *object = objects_->Get(index);
    const reflection::Field *previous = nullptr;

    for (uint32_t i = 0; i < object->fields()->size(); i++) {
        const reflection::Field *field = object->fields()->Get(i);

        if (!is_name(field->name(), false)) {
            return corrupt("a field has no proper name");
        }
        if (previous && !in_order(previous->name(), field->name())) {
            return corrupt(field, "is not in order of name");
        }
        if (field->id() >= object->fields()->size() || by_id[field->id()]) {
            return corrupt(field, "has an impossible id");
        }
        if (!object->is_struct() && field->offset() != 4u + 2u * field->id()) {
            return corrupt(field, "has an offset that is not its id's");
        }
        by_id[field->id()] = field;
        previous = field;
    }
    return SARN_OK;
}

sarn_status Loader::load_fields(uint32_t index)
{
    const reflection::Object *object = objects_->Get(index);
    uint32_t total = object->fields()->size();
    uint32_t count = 0;

    owner_ = types_[index].name;
    if (total > field_count_max) {
        return sarn__fail(error_, SARN_ERR_SCHEMA, "%s has over %u fields.", owner_,
                          field_count_max);
    }
    if (total == 0 && object->is_struct()) {
        return corrupt("a struct has no fields");
    }
    const reflection::Field **by_id = make<const reflection::Field *>(total);
    sarn_field *fields = make<sarn_field>(total);
    if (!by_id || !fields) {
        return nomem();
    }
    SARN__TRY(sort_fields(index, by_id));
    for (uint32_t i = 0; i < total; i++) {
        if (by_id[i]->deprecated() && !(flags_ & SARN__LOAD_DEPRECATED)) {
            if (object->is_struct()) {
                return corrupt(by_id[i], "is deprecated in a struct");
            }
            continue;
        }
        SARN__TRY(load_field(index, by_id[i], &fields[count]));
        count += 1;
    }
    types_[index].fields = fields;
    types_[index].field_count = count;
    return SARN_OK;
}

sarn_status
Loader::load_field(uint32_t index, const reflection::Field *from, sarn_field *to)
{
    to->name = from->name()->c_str();
    to->id = from->id();
    SARN__TRY(load_type(from, to));
    if (from->deprecated()) {
        to->flags = static_cast<uint8_t>(to->flags | SARN_FIELD_DEPRECATED);
    }
    if (objects_->Get(index)->is_struct()) {
        bool fixed = sarn__kind_size(to->kind) != 0 || to->kind == SARN_KIND_STRUCT;

        if (!fixed || (to->flags & SARN_FIELD_VECTOR)) {
            return corrupt(from, "cannot be in a struct");
        }
        return from->required() || from->deprecated()
                   ? corrupt(from, "has an attribute that a struct's field cannot have")
                   : SARN_OK;
    }
    SARN__TRY(check_flags(from, to));
    if (from->required()) {
        to->flags = static_cast<uint8_t>(to->flags | SARN_FIELD_REQUIRED);
    }
    return load_default(from, to);
}

// kind, flags, type and enumeration of a field, or why it cannot be served.
sarn_status Loader::load_type(const reflection::Field *from, sarn_field *to)
{
    int base = base_of(from->type());

    if (base == reflection::Vector) {
        to->flags = SARN_FIELD_VECTOR;
        base = element_of(from->type());
        if (base == reflection::Vector) {
            return unserved(from,
                            "is a vector of vectors; put the inner one in a table");
        }
    }
    to->kind = scalar_kind(base);
    if (to->kind != 0) {
        SARN__TRY(load_enum_of(from, to));
        if (to->flags && to->kind == SARN_KIND_U8 && !to->enumeration) {
            to->flags = 0;
            to->kind = SARN_KIND_BYTES;
        }
        return SARN_OK;
    }
    switch (base) {
    case reflection::String:
        to->kind = SARN_KIND_STRING;
        return SARN_OK;
    case reflection::Obj:
        return load_object_of(from, to);
    case reflection::UType:
    case reflection::Union:
        return unserved(from, "is a union, which Sarn does not serve; use one optional "
                              "table field per case");
    case reflection::Array:
        return unserved(from, "is a fixed-size array, which Sarn does not serve; use a "
                              "vector in a table, or single fields");
    default:
        return corrupt(from, "has an unknown type");
    }
}

sarn_status Loader::load_enum_of(const reflection::Field *from, sarn_field *to)
{
    int32_t index = from->type()->index();

    if (index == -1) {
        return SARN_OK;
    }
    if (index < 0 || static_cast<uint32_t>(index) >= enum_tables_->size()) {
        return corrupt(from, "is of an enum that is not there");
    }
    if (enum_kinds_[index] != to->kind) {
        return corrupt(from, "is not of its enum's type");
    }
    to->enumeration = &enums_[index];
    return SARN_OK;
}

sarn_status Loader::load_object_of(const reflection::Field *from, sarn_field *to)
{
    int32_t index = from->type()->index();

    if (index < 0 || static_cast<uint32_t>(index) >= objects_->size()) {
        return corrupt(from, "is of a type that is not there");
    }
    to->kind = objects_->Get(static_cast<uint32_t>(index))->is_struct()
                   ? uint8_t{SARN_KIND_STRUCT}
                   : uint8_t{SARN_KIND_TABLE};
    to->type = &types_[index];
    return SARN_OK;
}

sarn_status Loader::check_flags(const reflection::Field *from, const sarn_field *to)
{
    bool scalar = sarn__kind_size(to->kind) != 0 && !(to->flags & SARN_FIELD_VECTOR);

    if (scalar && from->optional()) {
        return unserved(from,
                        "is an optional scalar (= null), which Sarn does not serve; "
                        "use a default, or a table with one field");
    }
    if (scalar && from->required()) {
        return corrupt(from, "is a required scalar");
    }
    if (from->required() && from->deprecated()) {
        return corrupt(from, "is both required and deprecated");
    }
    return SARN_OK;
}

sarn_status Loader::load_default(const reflection::Field *from, sarn_field *to)
{
    if (sarn__kind_size(to->kind) == 0 || (to->flags & SARN_FIELD_VECTOR)) {
        return SARN_OK;
    }
    if (is_real(to->kind)) {
        double value = from->default_real();

        if (to->kind == SARN_KIND_F32 && std::isfinite(value) &&
            std::fabs(value) > static_cast<double>(FLT_MAX)) {
            return corrupt(from, "has a default out of range");
        }
        to->default_real = value;
        return SARN_OK;
    }
    if (!integer_fits(to->kind, from->default_integer())) {
        return corrupt(from, "has a default out of range");
    }
    to->default_integer = from->default_integer();
    return SARN_OK;
}

// --- layout ---

// Ours must be the layout that the schema states, field by field.
sarn_status Loader::check_struct(uint32_t index)
{
    const reflection::Object *object = objects_->Get(index);
    const sarn_type &type = types_[index];

    for (uint32_t i = 0; i < object->fields()->size(); i++) {
        const reflection::Field *field = object->fields()->Get(i);

        if (field->offset() != type.fields[field->id()].wire_offset) {
            return corrupt(field, "is not where a struct's field lies");
        }
    }
    if (object->minalign() > static_cast<int32_t>(type.align)) {
        return sarn__fail(error_, SARN_ERR_SCHEMA,
                          "%s has force_align, which Sarn does not serve.", type.name);
    }
    if (object->minalign() != static_cast<int32_t>(type.align) ||
        object->bytesize() != static_cast<int32_t>(type.size)) {
        return corrupt("a struct's size is not that of its fields");
    }
    return SARN_OK;
}

sarn_status Loader::lay_out_struct(uint32_t index, uint32_t depth)
{
    sarn_type &type = types_[index];

    if (laid_out_[index] == 2) {
        return SARN_OK;
    }
    if (laid_out_[index] == 1 || depth > SARN_DEPTH_MAX) {
        return corrupt("a struct is inside itself, or too deep");
    }
    laid_out_[index] = 1;
    for (uint32_t i = 0; i < type.field_count; i++) {
        if (type.fields[i].kind == SARN_KIND_STRUCT) {
            uint32_t inner = static_cast<uint32_t>(type.fields[i].type - types_);

            SARN__TRY(lay_out_struct(inner, depth + 1));
        }
    }
    owner_ = type.name;
    if (!lay_out(&type, const_cast<sarn_field *>(type.fields), true)) {
        return sarn__fail(error_, SARN_ERR_SCHEMA, "%s is a struct of over %u bytes.",
                          type.name, inline_bytes_max);
    }
    laid_out_[index] = 2;
    return check_struct(index);
}

sarn_status Loader::lay_out_table(uint32_t index)
{
    sarn_type &type = types_[index];

    if (!lay_out(&type, const_cast<sarn_field *>(type.fields), false)) {
        return sarn__fail(error_, SARN_ERR_SCHEMA,
                          "%s has over %u bytes of fields; split it into tables.",
                          type.name, inline_bytes_max);
    }
    return SARN_OK;
}

} // namespace
} // namespace sarn

sarn_status sarn__schema_load(struct sarn_str name,
                              struct sarn_str bfbs,
                              uint32_t flags,
                              struct sarn_arena *arena,
                              struct sarn__loaded *loaded,
                              struct sarn_error *error)
{
    return sarn::Loader(arena, flags, error).load(name, bfbs, loaded);
}
