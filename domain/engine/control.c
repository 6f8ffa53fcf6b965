#include "engine/control.h"

#include "core/fail.h"

/* Is there an execution for request at all? */
static sarn_status
find(sarn_engine *engine, const struct sarn__request *request, struct sarn_error *error)
{
    struct sarn_str stream = request->as.control.stream;
    struct sarn__head head;
    sarn_status status = sarn__writer_head(
        &engine->writer, request->as.control.what.tenant, stream, &head, error);

    if (status == SARN_OK && head.number == 0) {
        status = sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no execution \"%.*s\"",
                            (int)stream.size, stream.data);
    }
    return status;
}

void sarn__control_run(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = find(engine, request, &error);

    if (status == SARN_OK) {
        status =
            sarn__fail(&error, SARN_ERR_UNSUPPORTED, "%s needs a newer version of Sarn",
                       sarn__control_op_text(request->as.control.what.op));
    }
    sarn__answer_error(engine, request, status, &error);
}
