#include "infra/testkit/diff.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

#define ANY "..."

struct lines {
    struct sarn_str *lines;
    uint32_t count;
};

/* costs[i * width + j]: how many lines differ at least, from line i of the expected and
 * line j of the actual ones on. */
struct diff {
    struct lines expected, actual;
    uint16_t *costs;
    uint32_t width;
};

/* --- lines --- */

static struct sarn_str trim(const char *begin, const char *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t')) {
        begin += 1;
    }
    while (begin < end && (end[-1] == ' ' || end[-1] == '\t')) {
        end -= 1;
    }
    return (struct sarn_str){begin, (uint32_t)(end - begin)};
}

/* The lines of text that are not empty; without room, only how many. */
static uint32_t split(const char *text, struct sarn_str *lines)
{
    uint32_t count = 0;

    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        struct sarn_str line;

        end = end == NULL ? text + strlen(text) : end;
        line = trim(text, end);
        if (line.size > 0) {
            if (lines != NULL) {
                lines[count] = line;
            }
            count += 1;
        }
        text = *end == '\0' ? end : end + 1;
    }
    return count;
}

static sarn_status take(const struct sarn_heap *heap,
                        const char *text,
                        struct lines *lines,
                        struct sarn_error *error)
{
    lines->count = split(text, NULL);
    if (lines->count > SARN__DIFF_LINES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "%u lines are more than the %u that can be compared",
                          lines->count, SARN__DIFF_LINES_MAX);
    }
    lines->lines = sarn__heap_alloc(heap, (lines->count + 1) * sizeof(*lines->lines));
    if (lines->lines == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u lines",
                          lines->count);
    }
    (void)split(text, lines->lines);
    return SARN_OK;
}

/* --- costs --- */

static bool is_any(struct sarn_str line)
{
    return sarn_str_equal(line, sarn_str(ANY));
}

/* "parked: ..." is as good as any line that begins so. */
static bool matches(struct sarn_str expected, struct sarn_str actual)
{
    uint32_t dots = (uint32_t)strlen(ANY);

    if (expected.size > dots && actual.size >= expected.size - dots &&
        memcmp(expected.data + expected.size - dots, ANY, dots) == 0 &&
        memcmp(expected.data, actual.data, expected.size - dots) == 0) {
        return true;
    }
    return sarn_str_equal(expected, actual);
}

static uint16_t *cost_at(const struct diff *diff, uint32_t i, uint32_t j)
{
    return &diff->costs[(size_t)i * diff->width + j];
}

static uint16_t least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static uint16_t cost_of(const struct diff *diff, uint32_t i, uint32_t j)
{
    bool more_expected = i < diff->expected.count, more = j < diff->actual.count;
    struct sarn_str line =
        more_expected ? diff->expected.lines[i] : (struct sarn_str){NULL, 0};

    if (!more_expected) {
        return more ? (uint16_t)(1 + *cost_at(diff, i, j + 1)) : 0;
    }
    if (is_any(line)) {
        return more ? least(*cost_at(diff, i + 1, j), *cost_at(diff, i, j + 1))
                    : *cost_at(diff, i + 1, j);
    }
    if (!more) {
        return (uint16_t)(1 + *cost_at(diff, i + 1, j));
    }
    if (matches(line, diff->actual.lines[j])) {
        return *cost_at(diff, i + 1, j + 1);
    }
    return (uint16_t)(1 + least(*cost_at(diff, i + 1, j), *cost_at(diff, i, j + 1)));
}

static void fill_costs(struct diff *diff)
{
    for (uint32_t i = diff->expected.count + 1; i-- > 0;) {
        for (uint32_t j = diff->actual.count + 1; j-- > 0;) {
            *cost_at(diff, i, j) = cost_of(diff, i, j);
        }
    }
}

/* --- saying it --- */

static void write_line(struct sarn__text *text, const char *mark, struct sarn_str line)
{
    sarn__text_print(text, "%s", mark);
    sarn__text_add(text, line);
    sarn__text_print(text, "\n");
}

static void write_diff(const struct diff *diff, struct sarn__text *text)
{
    uint32_t i = 0, j = 0;

    while (i < diff->expected.count || j < diff->actual.count) {
        bool more_expected = i < diff->expected.count, more = j < diff->actual.count;
        uint16_t cost = *cost_at(diff, i, j);

        if (more_expected && is_any(diff->expected.lines[i])) {
            if (more && *cost_at(diff, i, j + 1) == cost) {
                write_line(text, "  ", diff->actual.lines[j++]);
            } else {
                i += 1;
            }
        } else if (more_expected && more &&
                   matches(diff->expected.lines[i], diff->actual.lines[j])) {
            write_line(text, "  ", diff->actual.lines[j++]);
            i += 1;
        } else if (more_expected && *cost_at(diff, i + 1, j) + 1 == cost) {
            write_line(text, "- ", diff->expected.lines[i++]);
        } else {
            write_line(text, "+ ", diff->actual.lines[j++]);
        }
    }
}

sarn_status sarn__diff(const struct sarn_heap *heap,
                       const char *expected,
                       const char *actual,
                       struct sarn__text *text,
                       bool *same,
                       struct sarn_error *error)
{
    struct diff diff = {.costs = NULL};
    sarn_status status = take(heap, expected, &diff.expected, error);

    if (status == SARN_OK) {
        status = take(heap, actual, &diff.actual, error);
    }
    if (status == SARN_OK) {
        diff.width = diff.actual.count + 1;
        diff.costs = sarn__heap_alloc(heap, (size_t)(diff.expected.count + 1) *
                                                diff.width * sizeof(*diff.costs));
        status = diff.costs != NULL ? SARN_OK
                                    : sarn__fail(error, SARN_ERR_NOMEM,
                                                 "out of memory for a comparison");
    }
    if (status == SARN_OK) {
        fill_costs(&diff);
        *same = *cost_at(&diff, 0, 0) == 0;
        if (!*same) {
            write_diff(&diff, text);
        }
    }
    sarn__heap_free(heap, diff.costs);
    sarn__heap_free(heap, diff.expected.lines);
    sarn__heap_free(heap, diff.actual.lines);
    return status;
}
