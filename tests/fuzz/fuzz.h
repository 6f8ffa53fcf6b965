/* fuzz.h - one hostile input; every fuzz_*.c defines what is done with it.
 *
 * Under libFuzzer (clang, -DSARN_FUZZ=ON) the inputs are its own; otherwise damage.c
 * makes them out of the files that it is given, the same ones each time.
 */
#ifndef SARN_TESTS_FUZZ_H
#define SARN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Always 0. Whatever data is, it must not crash, hang or read elsewhere. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
