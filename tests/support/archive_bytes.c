#include "support/archive_bytes.h"

#include "sarn/sarn.h"

sarn_status archive_bytes_write(void *arg, const void *data, size_t size)
{
    struct archive_bytes *bytes = arg;

    if (bytes->limit != 0 && bytes->size + size > bytes->limit) {
        return SARN_ERR_FULL;
    }
    while (bytes->room < bytes->size + size) {
        bytes->room = bytes->room == 0 ? 65536 : bytes->room * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        assert_non_null(bytes->data);
    }
    if (size > 0) {
        memcpy(bytes->data + bytes->size, data, size);
    }
    bytes->size += size;
    return SARN_OK;
}

sarn_status archive_bytes_read(void *arg, void *data, size_t *size)
{
    struct archive_bytes *bytes = arg;
    size_t end = bytes->end != 0 && bytes->end < bytes->size ? bytes->end : bytes->size;
    size_t left = bytes->at < end ? end - bytes->at : 0;
    size_t flipped;

    if (bytes->fail_at != 0 && bytes->at >= bytes->fail_at) {
        return SARN_ERR_IO;
    }
    *size = *size < left ? *size : left;
    *size = bytes->piece != 0 && bytes->piece < *size ? bytes->piece : *size;
    if (*size > 0) {
        memcpy(data, bytes->data + bytes->at, *size);
    }
    flipped = (bytes->flip_bit - 1) / 8;
    if (bytes->flip_bit != 0 && flipped >= bytes->at && flipped < bytes->at + *size) {
        ((uint8_t *)data)[flipped - bytes->at] ^=
            (uint8_t)(1u << ((bytes->flip_bit - 1) % 8));
    }
    bytes->at += *size;
    return SARN_OK;
}

void archive_bytes_free(struct archive_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct archive_bytes){.data = NULL};
}

void archive_bytes_after(struct archive_bytes *bytes,
                         sarn_log *log,
                         uint32_t format,
                         const struct sarn_archive_end *after)
{
    struct sarn_export out = SARN_EXPORT_INIT;
    struct sarn_error error;

    *bytes = (struct archive_bytes){.data = NULL};
    out.format = format;
    out.after = after;
    out.write = archive_bytes_write;
    out.arg = bytes;
    assert_ok(sarn_log_export(log, &out, &error), &error);
    assert_int_equal(out.bytes, bytes->size);
}

void archive_bytes_make(struct archive_bytes *bytes, sarn_log *log, uint32_t format)
{
    archive_bytes_after(bytes, log, format, NULL);
}

void archive_bytes_of(struct archive_bytes *bytes, const char *path, uint32_t format)
{
    struct sarn_error error;
    sarn_log *log;

    assert_ok(sarn_log_open(path, NULL, &log, &error), &error);
    archive_bytes_make(bytes, log, format);
    sarn_log_close(log);
}

sarn_status archive_bytes_look(struct archive_bytes *bytes,
                               struct sarn_archive_info *info,
                               struct sarn_error *error)
{
    bytes->at = 0;
    *info = (struct sarn_archive_info)SARN_ARCHIVE_INFO_INIT;
    return sarn_archive_look(archive_bytes_read, bytes, info, error);
}

sarn_status archive_bytes_import(struct archive_bytes *bytes,
                                 const char *path,
                                 struct sarn_import *in,
                                 struct sarn_error *error)
{
    bytes->at = 0;
    in->source = archive_bytes_read;
    in->arg = bytes;
    return sarn_log_import(path, in, error);
}
