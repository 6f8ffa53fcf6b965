/* codec.h - the codec port over FlatBuffers 2.0.8.
 *
 * Bytes are plain FlatBuffers: any FlatBuffers tool reads them with the schema. Values
 * equal to their default are not written; neither are structs that are all zero.
 */
#ifndef SARN_FLATBUFFERS_CODEC_H
#define SARN_FLATBUFFERS_CODEC_H

#include "ports/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Has no state: any number of copies are one. */
struct sarn_codec sarn__flatbuffers_codec(void);

#ifdef __cplusplus
}
#endif
#endif
