/* archive_json.h - archives as lines of JSON: what their making and their reading have
 * in common. Both are behind engine/archive.h.
 *
 *   {"sarn_archive":{"format":1,"log_id":"...","begin":{...}}}        the first
 *   {"position":1,"stream":"a-1",...,"data":{...},"record":"..."}     for each event
 *   {"commit":{"first":1,"last":3,...},"record":"..."}                for each commit
 *   {"end":{...}}                                                     the last
 *
 * "record" is what the log stores, in base64, and it alone is read again: what stands
 * beside it was told from it, for people and other programs. Where the archive begins
 * gives the first record its position, and each has that of the one before it, and 1.
 */
#ifndef SARN_ENGINE_ARCHIVE_JSON_H
#define SARN_ENGINE_ARCHIVE_JSON_H

#include "engine/archive.h"

#define SARN__ARCHIVE_JSON_FORMAT 1u
/* Of a line, with its end. */
#define SARN__ARCHIVE_JSON_LINE_MAX (16u * 1024 * 1024)
/* Of the readable half of a line; an event that would have more is written without its
 * data being decoded. */
#define SARN__ARCHIVE_JSON_EVENT_MAX (8u * 1024 * 1024)
/* Keys of the file are twice a position, and 1. */
#define SARN__ARCHIVE_JSON_POSITION_MAX (UINT64_MAX >> 2)

#endif
