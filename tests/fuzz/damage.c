/* A driver for fuzz_*.c without libFuzzer: each file named, as it is and then damaged
 * in ways drawn from a seed. usage: fuzz_x SEED ROUNDS FILE... */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX 65536u

/* xorshift64: enough to be different, and the same for the same seed. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One change: a bit, a byte, a word, a piece cut out, a piece doubled. */
static size_t damage(uint8_t *data, size_t size, uint64_t *state)
{
    size_t at = size > 0 ? draw(state) % size : 0;
    size_t length = size > at ? draw(state) % (size - at) % 64 : 0;
    uint64_t word = draw(state) % 4 == 0 ? UINT64_MAX : draw(state);

    switch (draw(state) % 5) {
    case 0:
        data[at] = (uint8_t)(data[at] ^ (1u << draw(state) % 8));
        return size;
    case 1:
        data[at] = (uint8_t)word;
        return size;
    case 2:
        memcpy(data + at, &word, size - at < 4 ? size - at : 4);
        return size;
    case 3:
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    default:
        if (size + length > INPUT_BYTES_MAX) {
            return size;
        }
        memmove(data + at + length, data + at, size - at);
        return size + length;
    }
}

/* In a block of exactly its size, so that reading past it is seen. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *block = malloc(size > 0 ? size : 1);

    if (block == NULL) {
        abort();
    }
    memcpy(block, data, size);
    LLVMFuzzerTestOneInput(block, size);
    free(block);
}

static void run_file(const uint8_t *file, size_t size, uint64_t *state, long rounds)
{
    static uint8_t data[INPUT_BYTES_MAX];

    run(file, size);
    for (long i = 0; i < rounds; i++) {
        size_t changed = size;

        memcpy(data, file, size);
        for (uint64_t n = draw(state) % 4 + 1; n > 0 && changed > 0; n--) {
            changed = damage(data, changed, state);
        }
        run(data, changed);
    }
}

int main(int argc, char **argv)
{
    static uint8_t file[INPUT_BYTES_MAX];
    uint64_t state = argc > 1 ? strtoull(argv[1], NULL, 10) | 1 : 1;
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

    for (int i = 3; i < argc; i++) {
        FILE *from = fopen(argv[i], "rb");
        size_t size = from != NULL ? fread(file, 1, sizeof(file), from) : 0;

        if (from == NULL) {
            fprintf(stderr, "%s cannot be read.\n", argv[i]);
            return EXIT_FAILURE;
        }
        fclose(from);
        run_file(file, size, &state, rounds);
    }
    printf("%d files, %ld rounds each, seed %s\n", argc - 3, rounds,
           argc > 1 ? argv[1] : "1");
    return argc > 3 ? EXIT_SUCCESS : EXIT_FAILURE;
}
