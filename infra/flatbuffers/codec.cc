#include "infra/flatbuffers/codec.h"

#include <cassert>
#include <new>

#include "infra/flatbuffers/loader.h"
#include "infra/flatbuffers/parts.h"

namespace {

sarn_status out_of_memory(sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOMEM, "Out of memory for a payload.");
}

sarn_status encode_bytes(struct sarn_str value,
                         sarn_arena *arena,
                         struct sarn_str *bytes,
                         sarn_error *error)
{
    if (value.size > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "A payload has %u bytes; it may have %u.", value.size,
                          SARN_PAYLOAD_BYTES_MAX);
    }
    return sarn_arena_copy(arena, value, bytes) == SARN_OK ? SARN_OK
                                                           : out_of_memory(error);
}

// No exception leaves this file: only memory runs out with one.
sarn_status encode(void *,
                   const sarn_type *type,
                   const void *value,
                   sarn_arena *arena,
                   struct sarn_str *bytes,
                   sarn_error *error)
{
    if (type == &sarn_bytes_type) {
        return encode_bytes(*static_cast<const struct sarn_str *>(value), arena, bytes,
                            error);
    }
    try {
        return sarn::encode(*type, value, arena, bytes, error);
    } catch (const std::bad_alloc &) {
        return out_of_memory(error);
    }
}

sarn_status
verify(void *, const sarn_type *type, struct sarn_str bytes, sarn_error *error)
{
    if (bytes.size > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "A payload has %u bytes; it may have %u.", bytes.size,
                          SARN_PAYLOAD_BYTES_MAX);
    }
    return type == &sarn_bytes_type ? SARN_OK : sarn::verify(*type, bytes, error);
}

sarn_status decode(void *,
                   const sarn_type *type,
                   struct sarn_str bytes,
                   void *value,
                   sarn_arena *arena,
                   sarn_error *error)
{
    if (type == &sarn_bytes_type) {
        *static_cast<struct sarn_str *>(value) = bytes;
        return SARN_OK;
    }
    return sarn::decode(*type, bytes, value, arena, error);
}

sarn_status load_schema(void *,
                        struct sarn_str name,
                        struct sarn_str bfbs,
                        sarn_arena *arena,
                        const sarn_schema **schema,
                        sarn_error *error)
{
    sarn__loaded loaded;

    SARN__TRY(sarn__schema_load(name, bfbs, 0, arena, &loaded, error));
    *schema = loaded.schema;
    return SARN_OK;
}

const sarn_codec_ops ops = {SARN__CODEC_FLATBUFFERS, encode, verify, decode,
                            load_schema};

} // namespace

struct sarn_codec sarn__flatbuffers_codec(void)
{
    return {&ops, nullptr};
}
