#include <time.h>
#include <unistd.h>

#include "bank.h"

#define SHOW_EVERY_US      100000  /* On a terminal. */
#define SHOW_EVERY_LINE_US 5000000 /* Elsewhere. */

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void bank_progress_begin(struct bank_progress *progress)
{
    *progress = (struct bank_progress){.start_us = now_us(),
                                       .terminal = isatty(STDERR_FILENO) == 1};
    progress->shown_us = progress->start_us;
}

int64_t bank_progress_elapsed_us(const struct bank_progress *progress)
{
    return now_us() - progress->start_us;
}

void bank_progress_show(struct bank_progress *progress,
                        uint64_t rows,
                        uint64_t done,
                        uint64_t total)
{
    int64_t now = now_us();
    double seconds = (double)(now - progress->start_us) / 1e6;
    char percent[16] = "";

    if (now - progress->shown_us <
        (progress->terminal ? SHOW_EVERY_US : SHOW_EVERY_LINE_US)) {
        return;
    }
    progress->shown_us = now;
    if (total > 0) {
        snprintf(percent, sizeof(percent), "%3u%%  ",
                 (unsigned)(100 * (double)done / (double)total));
    }
    fprintf(stderr, "%s%s%llu rows  %.0f rows/s%s",
            progress->terminal ? "\r\033[K" : "", percent, (unsigned long long)rows,
            (double)rows / seconds, progress->terminal ? "" : "\n");
    fflush(stderr);
    progress->open = progress->terminal;
}

void bank_progress_clear(struct bank_progress *progress)
{
    if (progress->open) {
        fputs("\r\033[K", stderr);
        progress->open = false;
    }
}
