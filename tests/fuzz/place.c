#include "place.h"

#include <string.h>

#include "core/heap.h"
#include "engine/archive_walk.h"
#include "engine/commit.h"
#include "engine/log.h"
#include "engine/verify.h"
#include "infra/flatbuffers/codec.h"
#include "infra/memory/hash.h"
#include "infra/yajl/json.h"
#include "items.h"
#include "use_log.h"

static struct sarn_ports bare_ports(void)
{
    return (struct sarn_ports){.codec = sarn__flatbuffers_codec(),
                               .json = sarn__yajl_json(),
                               .hash = sarn__memory_hash(),
                               .heap = sarn__heap_or_malloc(NULL)};
}

void place_open(struct place *place)
{
    *place =
        (struct place){.store = sarn__memory_store_create(NULL), .ports = bare_ports()};
    must(place->store != NULL);
    must(sarn__memory_journal_open(place->store, 0, 1, &place->ports.journal, NULL) ==
         SARN_OK);
}

void place_close(struct place *place)
{
    place->ports.journal.ops->close(place->ports.journal.self);
    sarn__memory_store_destroy(place->store);
}

/* --- what a place holds --- */

static struct sarn_journal_state state_of(const struct place *place)
{
    struct sarn_journal_state state;

    must(place->ports.journal.ops->state(place->ports.journal.self, &state, NULL) ==
         SARN_OK);
    return state;
}

static void see_finding(void *arg, const char *text)
{
    (void)arg;
    must(text[0] != '\0');
}

void place_check(const struct place *place, const struct sarn_archive_end *end)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_journal_state state = state_of(place);

    check.finding = see_finding;
    must(state.last_position == end->position && state.last_commit == end->position);
    must(sarn__verify_journal(&place->ports.journal, &place->ports.hash, NULL, &check,
                              NULL) == SARN_OK);
    must(check.differences == 0 && check.events == end->position);
    use_log(&place->ports, NULL, 0, true);
}

static struct sarn_archive_end
end_of_commit(const struct place *place, uint64_t position, const void *bytes)
{
    struct sarn__commit commit;
    struct sarn_archive_end end;

    must(sarn__commit_decode(position,
                             (struct sarn_str){(const char *)bytes, SARN__COMMIT_BYTES},
                             &place->ports.hash, &commit, NULL) == SARN_OK);
    end = (struct sarn_archive_end){.position = commit.last, .time_us = commit.time_us};
    memcpy(end.hash, commit.hash, sizeof(end.hash));
    return end;
}

struct sarn_archive_end place_end(const struct place *place)
{
    struct sarn_journal_state state = state_of(place);

    if (state.last_position == 0) {
        return (struct sarn_archive_end){.position = 0};
    }
    return end_of_commit(place, state.last_position, state.commit);
}

struct sought {
    uint8_t bytes[SARN__COMMIT_BYTES];
    uint64_t position;
};

static sarn_status keep_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct sought *sought = arg;

    must(value.size == sizeof(sought->bytes));
    memcpy(sought->bytes, value.data, value.size);
    sought->position = position;
    return SARN_ERR_OVERLOADED; /* One is enough. */
}

/* The hash of a commit covers all that is before it. */
void place_check_prefix(const struct place *a, const struct place *b)
{
    struct sarn_journal_state state = state_of(a);
    const struct sarn_journal *journal = &b->ports.journal;
    struct sought sought = {.position = 0};
    uint64_t next = 0;

    if (state.last_position != 0) {
        (void)!journal->ops->commits(journal->self, state.last_position, keep_commit,
                                     &sought, &next, NULL);
        must(sought.position == state.last_position);
        must(memcmp(sought.bytes, state.commit, sizeof(sought.bytes)) == 0);
    }
}

/* --- out --- */

void place_export(const struct place *place,
                  uint32_t format,
                  struct archive_bytes *archive)
{
    struct sarn_export out = SARN_EXPORT_INIT;
    struct sarn_log log = {.ports = place->ports};
    struct sarn_archive_end end = place_end(place);

    must(sarn__log_init(&log, NULL, 0, false, NULL, NULL, NULL) == SARN_OK);
    out.format = format;
    out.write = archive_bytes_write;
    out.arg = archive;
    *archive = (struct archive_bytes){.data = NULL};
    must(sarn_log_export(&log, &out, NULL) == SARN_OK);
    must(out.end.position == end.position && out.events == end.position &&
         out.bytes == archive->size);
    must(memcmp(out.end.hash, end.hash, sizeof(end.hash)) == 0);
    sarn__log_done(&log);
}

/* --- in --- */

sarn_status place_look(struct archive_bytes *archive, struct sarn_archive_info *info)
{
    struct sarn_ports ports = bare_ports();
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    archive->at = 0;
    *info = (struct sarn_archive_info)SARN_ARCHIVE_INFO_INIT;
    status = sarn__archive_look(&ports, archive_bytes_read, archive, info, &error);
    if (status != SARN_OK) {
        must(error.status == status && error.text[0] != '\0');
        return status;
    }
    must(info->bytes <= archive->size && info->end.position >= info->begin.position);
    must(info->events == info->end.position - info->begin.position);
    must(!info->complete || info->why[0] == '\0');
    return status;
}

static sarn_status give_journal(void *arg,
                                const struct sarn__archive_entry *head,
                                struct sarn_journal *journal,
                                struct sarn_error *error)
{
    const struct place *place = arg;

    (void)head;
    (void)error;
    *journal = place->ports.journal;
    return SARN_OK;
}

sarn_status
place_import(struct place *place, struct archive_bytes *archive, struct sarn_import *in)
{
    struct sarn_ports ports = bare_ports();
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    archive->at = 0;
    *in = (struct sarn_import)SARN_IMPORT_INIT;
    in->source = archive_bytes_read;
    in->arg = archive;
    status = sarn__archive_import(&ports, give_journal, place, in, &error);
    must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
    return status;
}
