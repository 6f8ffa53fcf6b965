/* What the machine does meanwhile, whatever Sarn does: how late a thread wakes up, and
 * how long one page takes to be synced in a file beside the log. Where these drift, the
 * latencies of the load say nothing. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <unistd.h>

#include "soak.h"

#define PROBES_PER_S 20
#define PAGE_BYTES   4096u
#define PAGES        64u

void *soak_probe(void *arg)
{
    static const char page[PAGE_BYTES];
    struct soak *soak = arg;
    int file = open(soak->probe, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0) {
        soak_die(soak->probe, "cannot be written");
    }
    for (int64_t n = 0; !soak_stopping(soak); n++) {
        int64_t due = soak->begin_us + n * 1000000 / PROBES_PER_S, woken;

        soak_sleep_until(due);
        woken = soak_clock_us();
        soak_answered(soak, SOAK_WAKE, woken - due);
        if (pwrite(file, page, PAGE_BYTES, (off_t)(n % PAGES * PAGE_BYTES)) !=
                (ssize_t)PAGE_BYTES ||
            fdatasync(file) != 0) {
            soak_error(soak, "probe", "a page could not be written and synced");
        }
        soak_answered(soak, SOAK_SYNC, soak_clock_us() - woken);
    }
    (void)close(file);
    (void)unlink(soak->probe);
    return NULL;
}
