/* Requests on their way: many at once, with a bound, each told what became of it. */
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define IN_FLIGHT_MAX 4096u

bool bank_flights_create(struct import *import)
{
    import->flights = calloc(IN_FLIGHT_MAX, sizeof(*import->flights));
    for (size_t i = 0; import->flights != NULL && i < IN_FLIGHT_MAX; i++) {
        import->flights[i] = (struct flight){.next = import->free, .import = import};
        import->free = &import->flights[i];
    }
    return import->flights != NULL;
}

void bank_skip(struct import *import, uint64_t line, const char *reason)
{
    bank_progress_clear(&import->progress);
    fprintf(stderr, "line %llu: %s\n", (unsigned long long)line, reason);
    import->skipped += 1;
}

void bank_fail(struct import *import, sarn_status status, const char *text)
{
    if (!import->failed) {
        import->failed = true;
        import->error.status = status;
        snprintf(import->error.text, sizeof(import->error.text), "%s", text);
    }
}

void bank_out_of_memory(struct import *import)
{
    pthread_mutex_lock(&import->mutex);
    bank_fail(import, SARN_ERR_NOMEM, "out of memory");
    pthread_mutex_unlock(&import->mutex);
}

/* Is it the row that is wrong, and not the log? */
static bool is_refusal(sarn_status status)
{
    return status == SARN_ERR_REJECTED || status == SARN_ERR_COMPENSATED ||
           status == SARN_ERR_PARKED || status == SARN_ERR_KEY_REUSED;
}

/* Was it undone because --fail asked for that, now or when it was first imported? */
static bool was_injected(const struct sarn_reply *reply)
{
    return reply->status == SARN_ERR_COMPENSATED &&
           strncmp(reply->text, BANK_INJECTED, strlen(BANK_INJECTED)) == 0;
}

/* Count how a row ended. With the mutex. */
static void count(struct import *import,
                  const struct flight *flight,
                  const struct sarn_reply *reply)
{
    bool transfer =
        flight->kind == BANK_TRANSFER_IN || flight->kind == BANK_TRANSFER_OUT;

    if (reply->status == SARN_OK) {
        import->before += reply->repeated;
        import->transfers += !reply->repeated && transfer;
        import->bookings += !reply->repeated && !transfer;
    } else if (was_injected(reply)) {
        import->before += reply->repeated;
        import->compensated += !reply->repeated;
    } else if (is_refusal(reply->status)) {
        bank_skip(import, flight->line, reply->text);
    } else {
        bank_fail(import, reply->status, reply->text);
    }
}

/* Its place is free again. With the mutex. */
static void give_back(struct flight *flight)
{
    struct import *import = flight->import;

    flight->next = import->free;
    import->free = flight;
    import->in_flight -= 1;
}

void bank_landed(void *arg, const struct sarn_reply *reply)
{
    struct flight *flight = arg;
    struct import *import = flight->import;

    pthread_mutex_lock(&import->mutex);
    if (flight->line > 0) {
        count(import, flight, reply);
    } else if (reply->status != SARN_OK && !is_refusal(reply->status)) {
        /* A refusal here is no matter: it is so already, or the rows will say. */
        bank_fail(import, reply->status, reply->text);
    }
    give_back(flight);
    pthread_cond_signal(&import->landed);
    pthread_mutex_unlock(&import->mutex);
}

struct flight *bank_take_off(struct import *import, const struct bank_row *row)
{
    struct flight *flight;

    pthread_mutex_lock(&import->mutex);
    while (import->free == NULL && !import->failed) {
        pthread_cond_wait(&import->landed, &import->mutex);
    }
    flight = import->failed ? NULL : import->free;
    if (flight != NULL) {
        import->free = flight->next;
        import->in_flight += 1;
        flight->line = row == NULL ? 0 : row->line;
        flight->kind = row == NULL ? BANK_DEPOSIT : row->kind;
    }
    pthread_mutex_unlock(&import->mutex);
    return flight;
}

void bank_call_off(struct flight *flight, const struct sarn_error *error)
{
    struct import *import = flight->import;

    pthread_mutex_lock(&import->mutex);
    bank_fail(import, error->status, error->text);
    give_back(flight);
    pthread_mutex_unlock(&import->mutex);
}

bool bank_submit(struct import *import,
                 const struct bank_row *row,
                 const char *category,
                 const char *id,
                 const struct sarn_type *type,
                 const void *data)
{
    struct flight *flight = bank_take_off(import, row);
    struct sarn_command command = SARN_COMMAND_INIT;
    char stream[SARN_STREAM_NAME_BYTES_MAX + 1];
    struct sarn_error error;

    if (flight == NULL) {
        return false;
    }
    snprintf(stream, sizeof(stream), "%s-%s", category, id);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(row == NULL ? NULL : row->trans_id);
    command.origin = sarn_str(BANK_ORIGIN);
    if (sarn_submit(import->engine, &command, bank_landed, flight, &error) != SARN_OK) {
        bank_call_off(flight, &error);
        return false;
    }
    return true;
}
