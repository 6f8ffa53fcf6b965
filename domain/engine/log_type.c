#include "core/fail.h"
#include "engine/log_parts.h"

sarn_status sarn__log_type(struct sarn_log *log,
                           struct sarn_str name,
                           const struct sarn_type **type,
                           struct sarn_error *error)
{
    const struct sarn_type *known = sarn__registry_type(log->registry, name);

    if (sarn_str_equal(name, sarn_str(sarn_bytes_type.name))) {
        known = &sarn_bytes_type;
    }
    /* The latest schema that has it knows all that the others do. */
    for (uint32_t id = log->store.next_schema; known == NULL && id > 1; id--) {
        const struct sarn_schema *schema = NULL;

        SARN__TRY(sarn__decoder_schema(log->decoder, id - 1, &schema, error));
        known = schema == NULL ? NULL : sarn_schema_type(schema, name);
    }
    if (known == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "the log keeps no schema with \"%.*s\" in it", (int)name.size,
                          name.data);
    }
    *type = known;
    return SARN_OK;
}
