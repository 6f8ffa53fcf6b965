/* What is said of archives. */
#include <string.h>

#include "archive.h"

int cli_archive_status(sarn_status status)
{
    if (status == SARN_OK || status == SARN_ERR_CORRUPT) {
        return status == SARN_OK ? CLI_OK : CLI_WRONG;
    }
    return status == SARN_ERR_STATE || status == SARN_ERR_EXISTS ||
                   status == SARN_ERR_BUSY
               ? CLI_REFUSED
               : CLI_FAILED;
}

const char *cli_format_name(uint32_t format)
{
    return format == SARN_ARCHIVE_JSON_LINES ? "json" : "binary";
}

/* --- hashes --- */

void cli_hash_text(const uint8_t hash[32], char text[CLI_HASH_BYTES])
{
    for (size_t i = 0; i < 32; i++) {
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }
}

bool cli_hash_parse(const char *text, uint8_t hash[32])
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    memset(hash, 0, 32);
    for (size_t i = 0; i < 64 && text[i] != '\0'; i++) {
        const char *digit = memchr(digits, text[i], sizeof(digits) - 1);

        if (digit == NULL) {
            break;
        }
        hash[i / 2] = (uint8_t)(hash[i / 2] << 4 | (digit - digits) % 16);
        if (i == 63 && text[64] == '\0') {
            return true;
        }
    }
    cli_complain("a hash has 64 hexadecimal digits, which \"%s\" has not", text);
    return false;
}

/* --- one archive --- */

static void say_end_json(FILE *to, const char *name, const struct sarn_archive_end *end)
{
    static const uint8_t zero[32] = {0};
    char hash[CLI_HASH_BYTES];

    cli_hash_text(end->hash, hash);
    fprintf(to, ",\"%s\":{\"position\":%llu", name, (unsigned long long)end->position);
    if (end->position == 0 || memcmp(end->hash, zero, sizeof(zero)) != 0) {
        fprintf(to, ",\"time_us\":%lld,\"hash\":\"%s\"", (long long)end->time_us, hash);
    }
    fputc('}', to);
}

static void say_json(FILE *to, const struct cli_account *account)
{
    char id[SARN_UUID_TEXT_BYTES];

    fprintf(to, "{\"complete\":%s", account->complete ? "true" : "false");
    if (account->log_id != NULL) {
        sarn_uuid_text(*account->log_id, id);
        fprintf(to, ",\"log_id\":\"%s\"", id);
    }
    if (account->format != NULL) {
        fprintf(to, ",\"format\":\"%s\"", account->format);
    }
    if (account->done != NULL) {
        fprintf(to, ",\"%s\":{\"events\":%llu,\"commits\":%llu", account->done,
                (unsigned long long)account->events,
                (unsigned long long)account->commits);
        fprintf(to, ",\"bytes\":%llu,\"seconds\":%.6f}",
                (unsigned long long)account->bytes, account->seconds);
    }
    if (account->begin != NULL) {
        say_end_json(to, "begin", account->begin);
    }
    say_end_json(to, "end", account->end);
    if (!account->complete && account->why != NULL) {
        fputs(",\"why\":", to);
        cli_put_json(to, sarn_str(account->why));
    }
    fputs("}\n", to);
}

static void say_run(FILE *to, const struct cli_account *account)
{
    fprintf(to, "%-11s %llu event%s in %llu commit%s", account->done,
            (unsigned long long)account->events, CLI_PLURAL(account->events),
            (unsigned long long)account->commits, CLI_PLURAL(account->commits));
    if (account->bytes > 0) {
        fprintf(to, ", %llu bytes", (unsigned long long)account->bytes);
    }
    fprintf(to, ", in %.2f s (%.0f events/s)\n", account->seconds,
            (double)account->events / account->seconds);
}

/* What lies between begin and end. */
static void say_range(FILE *to, const struct cli_account *account)
{
    uint64_t first = account->begin->position + 1, last = account->end->position;

    if (last < first) {
        fprintf(to, "holds       no events, behind position %llu\n",
                (unsigned long long)last);
    } else {
        fprintf(to, "holds       positions %llu to %llu\n", (unsigned long long)first,
                (unsigned long long)last);
    }
}

static void say_text(FILE *to, const struct cli_account *account)
{
    char id[SARN_UUID_TEXT_BYTES], hash[CLI_HASH_BYTES], time[CLI_TIME_BYTES];

    if (account->log_id != NULL) {
        sarn_uuid_text(*account->log_id, id);
        fprintf(to, "log         %s\n", id);
    }
    if (account->done != NULL) {
        say_run(to, account);
    }
    if (account->begin != NULL) {
        say_range(to, account);
    }
    if (account->end->position > 0) {
        cli_time_text(account->end->time_us, time);
        fprintf(to, "ends at     position %llu, %s\n",
                (unsigned long long)account->end->position, time);
    }
    cli_hash_text(account->end->hash, hash);
    fprintf(to, "head        %s\n", hash);
    if (account->format != NULL) {
        fprintf(to, "format      %s, %s", account->format,
                account->complete ? "complete" : "not complete");
        if (!account->complete && account->why != NULL && account->why[0] != '\0') {
            fprintf(to, ": %s", account->why);
        }
        fputc('\n', to);
    }
}

void cli_say_archive(FILE *to, const struct cli_account *account, bool json)
{
    if (json) {
        say_json(to, account);
    } else {
        say_text(to, account);
    }
}
