#define _GNU_SOURCE

#include "infra/posix/process.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/fail.h"

struct sarn__process_mark {
    bool set;   /* False again in a child, where the kernel wipes the page. */
    bool wiped; /* The kernel does that; else the process id is asked for. */
    pid_t pid;
};

sarn_status sarn__process_mark_create(struct sarn__process_mark **mark,
                                      struct sarn_error *error)
{
    struct sarn__process_mark *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a page");
    }
    page->set = true;
    page->wiped = madvise(page, sizeof(*page), MADV_WIPEONFORK) == 0;
    page->pid = getpid();
    *mark = page;
    return SARN_OK;
}

void sarn__process_mark_destroy(struct sarn__process_mark *mark)
{
    if (mark != NULL) {
        munmap(mark, sizeof(*mark));
    }
}

bool sarn__process_mark_is_ours(const struct sarn__process_mark *mark)
{
    return mark->set && (mark->wiped || mark->pid == getpid());
}

static const struct sarn_process_ops ops = {
    .mark_create = sarn__process_mark_create,
    .mark_destroy = sarn__process_mark_destroy,
    .mark_is_ours = sarn__process_mark_is_ours,
};

const struct sarn_process_ops *sarn__posix_process(void)
{
    return &ops;
}
