#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "infra/testkit/testkit.h"

struct words {
    const char *before, *after; /* The number. */
};

static const struct words words[SARN__FAULT_KINDS] = {
    [SARN__FAULT_BEFORE_COMMIT] = {"before commit ", ""},
    [SARN__FAULT_AFTER_COMMIT] = {"after commit ", ""},
    [SARN__FAULT_REPLY_LOST] = {"reply ", " lost"},
    [SARN__FAULT_REPLY_NEVER] = {"reply ", " never"},
    [SARN__FAULT_REPLY_DUPLICATE] = {"reply ", " twice"},
    [SARN__FAULT_REPLY_LATE] = {"reply ", " late"},
    [SARN__FAULT_REPLY_OVERTAKEN] = {"reply ", " overtaken"},
};

bool sarn__fault_is_of_commit(enum sarn__fault_kind kind)
{
    return kind == SARN__FAULT_BEFORE_COMMIT || kind == SARN__FAULT_AFTER_COMMIT;
}

bool sarn__fault_fits(enum sarn__fault_kind kind, const struct sarn__boundary *boundary)
{
    if (sarn__fault_is_of_commit(kind) != boundary->is_commit) {
        return false;
    }
    return (kind != SARN__FAULT_REPLY_NEVER || boundary->timed) &&
           (kind != SARN__FAULT_REPLY_DUPLICATE || boundary->repeatable);
}

bool sarn__faults_strike(const struct sarn__faults *faults,
                         enum sarn__fault_kind kind,
                         uint32_t nth)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        if (faults->faults[i].kind == kind && faults->faults[i].nth == nth) {
            return true;
        }
    }
    return false;
}

void sarn__faults_text(const struct sarn__faults *faults,
                       char text[SARN_TEST_FAULTS_BYTES])
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct words *of = &words[faults->faults[i].kind];

        snprintf(text + used, SARN_TEST_FAULTS_BYTES - used, "%s%s%u%s",
                 i == 0 ? "" : ", ", of->before, faults->faults[i].nth, of->after);
        used = strlen(text);
    }
}

/* One fault at *text, which moves behind it. */
static bool parse_one(const char **text, struct sarn__fault *fault)
{
    for (uint32_t kind = 1; kind < SARN__FAULT_KINDS; kind++) {
        const struct words *of = &words[kind];
        const char *at = *text;
        char *end = NULL;
        unsigned long nth;

        if (strncmp(at, of->before, strlen(of->before)) != 0) {
            continue;
        }
        at += strlen(of->before);
        nth = *at >= '1' && *at <= '9' ? strtoul(at, &end, 10) : 0;
        if (nth == 0 || nth > UINT32_MAX ||
            strncmp(end, of->after, strlen(of->after)) != 0) {
            continue;
        }
        *text = end + strlen(of->after);
        *fault = (struct sarn__fault){(enum sarn__fault_kind)kind, (uint32_t)nth};
        return true;
    }
    return false;
}

sarn_status sarn__faults_parse(const char *text,
                               struct sarn__faults *faults,
                               struct sarn_error *error)
{
    const char *at = text;

    *faults = (struct sarn__faults){.count = 0};
    while (*at != '\0') {
        if (faults->count == SARN__FAULTS_MAX ||
            !parse_one(&at, &faults->faults[faults->count])) {
            return sarn__fail(
                error, SARN_ERR_INVALID,
                "\"%.100s\" does not name faults, at most %u, as a report "
                "does: \"after commit 4, reply 2 lost\"",
                text, SARN__FAULTS_MAX);
        }
        faults->count += 1;
        at += strncmp(at, ", ", 2) == 0 && at[2] != '\0' ? 2 : 0;
    }
    return SARN_OK;
}
