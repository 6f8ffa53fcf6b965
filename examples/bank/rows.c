/* From a line of the bank's file to a checked row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

enum {
    TRANS_ID,
    ACCOUNT_ID,
    DATE,
    TYPE,
    OPERATION,
    AMOUNT,
    BALANCE,
    K_SYMBOL,
    BANK,
    ACCOUNT,
    FIELD_COUNT
};

static const char *const columns[FIELD_COUNT] = {
    "trans_id", "account_id", "date",     "type", "operation",
    "amount",   "balance",    "k_symbol", "bank", "account"};

/* Which type goes with which operation, and what it means. */
static const struct {
    const char *type, *operation;
    enum bank_kind kind;
    const char *text;
} meanings[] = {
    {"PRIJEM", "", BANK_DEPOSIT, "interest"},
    {"PRIJEM", "VKLAD", BANK_DEPOSIT, "cash in"},
    {"PRIJEM", "PREVOD Z UCTU", BANK_TRANSFER_IN, "from another bank"},
    {"VYDAJ", "", BANK_WITHDRAWAL, "interest"},
    {"VYDAJ", "VYBER", BANK_WITHDRAWAL, "cash out"},
    {"VYDAJ", "VYBER KARTOU", BANK_WITHDRAWAL, "card"},
    {"VYDAJ", "PREVOD NA UCET", BANK_TRANSFER_OUT, "to another bank"},
    {"VYBER", "", BANK_WITHDRAWAL, "cash out"},
    {"VYBER", "VYBER", BANK_WITHDRAWAL, "cash out"},
    {"VYBER", "VYBER KARTOU", BANK_WITHDRAWAL, "card"},
};

/* A trans_id that was used, and where. */
struct used {
    uint64_t trans_id, line; /* line 0: free. */
    uint64_t text_hash;      /* Of the whole line. */
};

struct bank_reader {
    struct bank_csv csv;
    struct used *used; /* Open addressing. */
    size_t slots, count;
};

#define SHOWN_BYTES 41u

/* The beginning of a field, fit to be shown: a field may be anything. */
static const char *show(const char *field, char shown[SHOWN_BYTES])
{
    size_t size = 0;

    for (; field[size] != '\0' && size + 1 < SHOWN_BYTES; size++) {
        shown[size] = field[size];
        if (field[size] < ' ' || field[size] > '~') {
            shown[size] = '?';
        }
    }
    shown[size] = '\0';
    return shown;
}

static enum bank_result malformed_field(struct bank_reader *reader,
                                        int column,
                                        const char *field,
                                        const char *wanted)
{
    char shown[SHOWN_BYTES];

    return bank_csv_explain(&reader->csv, BANK_MALFORMED, "%s \"%s\" is not %s",
                            columns[column], show(field, shown), wanted);
}

/* --- fields --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Decimal digits only. */
static bool parse_u64(const char *text, uint64_t *value)
{
    uint64_t v = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (!is_digit(*text) || v > (UINT64_MAX - digit) / 10) {
            return false;
        }
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

/* An id as a number, without leading zeros: one account has one name. */
static bool parse_id(const char *text, uint64_t *value, char id[BANK_ID_BYTES])
{
    if (!parse_u64(text, value)) {
        return false;
    }
    snprintf(id, BANK_ID_BYTES, "%llu", (unsigned long long)*value);
    return true;
}

/* "700", "700.5", "700.50" to minor units. */
static enum bank_result
parse_amount(struct bank_reader *reader, const char *text, int64_t *minor)
{
    uint64_t v = 0;
    int places = -1; /* Digits after the point; -1: no point yet. */
    bool fits = true, digits = false;

    for (const char *c = text[0] == '-' ? text + 1 : text; *c != '\0'; c++) {
        if (*c == '.' && places < 0 && digits) {
            places = 0;
            continue;
        }
        if (!is_digit(*c)) {
            return malformed_field(reader, AMOUNT, text, "a decimal number");
        }
        digits = true;
        places += places >= 0;
        fits = fits && v <= (INT64_MAX - (uint64_t)(*c - '0')) / 10;
        v = fits ? v * 10 + (uint64_t)(*c - '0') : v;
    }
    if (!digits || places == 0) {
        return malformed_field(reader, AMOUNT, text, "a decimal number");
    }
    if (places > 2) {
        return malformed_field(reader, AMOUNT, text, "of at most two decimal places");
    }
    for (int i = places < 0 ? 0 : places; i < 2; i++) {
        fits = fits && v <= INT64_MAX / 10;
        v = fits ? v * 10 : v;
    }
    if (text[0] == '-' || v == 0) {
        return malformed_field(reader, AMOUNT, text, "positive");
    }
    if (!fits) {
        return malformed_field(reader, AMOUNT, text, "within 64 bits of minor units");
    }
    *minor = (int64_t)v;
    return BANK_ROW;
}

/* The balance after the row is the bank's own; it is not used, but it must be a number.
 */
static bool is_balance(const char *text)
{
    const char *c = *text == '-' ? text + 1 : text;

    if (*text == '\0') {
        return true;
    }
    c += strspn(c, "0123456789");
    if (c == text || !is_digit(c[-1])) {
        return false;
    }
    if (*c == '.') {
        c += 1 + strspn(c + 1, "0123456789");
    }
    return *c == '\0' && is_digit(c[-1]);
}

/* YYMMDD, of the 20th century, to midnight UTC. */
static bool parse_date(const char *text, int64_t *time_us)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, days;
    bool leap;

    if (strlen(text) != 6 || strspn(text, "0123456789") != 6) {
        return false;
    }
    year = (text[0] - '0') * 10 + (text[1] - '0');
    month = (text[2] - '0') * 10 + (text[3] - '0');
    day = (text[4] - '0') * 10 + (text[5] - '0');
    leap = year % 4 == 0 && year != 0; /* 1900 was none. */
    if (month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (leap && month == 2)) {
        return false;
    }
    days = year * 365 + (year - 1) / 4 - 25567 + day - 1; /* 1900 to 1970: 25,567. */
    for (int m = 1; m < month; m++) {
        days += lengths[m - 1] + (leap && m == 2);
    }
    *time_us = (int64_t)days * 86400 * 1000000;
    return true;
}

/* Short, printable ASCII: it becomes part of a stream's name. */
static bool is_name(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return false;
        }
    }
    return strlen(text) <= BANK_FIELD_BYTES_MAX;
}

/* --- rows --- */

static enum bank_result find_meaning(struct bank_reader *reader,
                                     const char *type,
                                     const char *operation,
                                     struct bank_row *row)
{
    char shown[SHOWN_BYTES];
    bool known = false;

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (strcmp(type, meanings[i].type) != 0) {
            continue;
        }
        known = true;
        if (strcmp(operation, meanings[i].operation) == 0) {
            row->kind = meanings[i].kind;
            row->text = meanings[i].text;
            return BANK_ROW;
        }
    }
    if (!known) {
        return malformed_field(reader, TYPE, type, "PRIJEM, VYDAJ or VYBER");
    }
    return bank_csv_explain(&reader->csv, BANK_MALFORMED,
                            "operation \"%s\" does not go with type %s",
                            show(operation, shown), type);
}

static enum bank_result parse_fields(struct bank_reader *reader,
                                     char *fields[FIELD_COUNT],
                                     struct bank_row *row,
                                     uint64_t *trans_id)
{
    uint64_t account;
    enum bank_result result;

    if (!parse_id(fields[TRANS_ID], trans_id, row->trans_id)) {
        return malformed_field(reader, TRANS_ID, fields[TRANS_ID], "a number");
    }
    if (!parse_id(fields[ACCOUNT_ID], &account, row->account)) {
        return malformed_field(reader, ACCOUNT_ID, fields[ACCOUNT_ID], "a number");
    }
    if (!parse_date(fields[DATE], &row->value_us)) {
        return malformed_field(reader, DATE, fields[DATE], "a date as YYMMDD");
    }
    result = find_meaning(reader, fields[TYPE], fields[OPERATION], row);
    if (result == BANK_ROW) {
        result = parse_amount(reader, fields[AMOUNT], &row->minor);
    }
    if (result != BANK_ROW) {
        return result;
    }
    if (!is_balance(fields[BALANCE])) {
        return malformed_field(reader, BALANCE, fields[BALANCE], "a decimal number");
    }
    for (int i = BANK; i <= ACCOUNT; i++) {
        if (!is_name(fields[i])) {
            return malformed_field(reader, i, fields[i], "short printable ASCII");
        }
    }
    if (fields[BANK][0] == '\0' && fields[ACCOUNT][0] == '\0') {
        snprintf(row->other, sizeof(row->other), "external");
    } else {
        snprintf(row->other, sizeof(row->other), "%s:%s", fields[BANK],
                 fields[ACCOUNT]);
    }
    return BANK_ROW;
}

static size_t slot_of(const struct used *used, size_t slots, uint64_t trans_id)
{
    size_t slot =
        (size_t)((trans_id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (slots - 1);

    while (used[slot].line != 0 && used[slot].trans_id != trans_id) {
        slot = (slot + 1) & (slots - 1);
    }
    return slot;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Note that this line uses trans_id. Where one before it did: *repeat, if that line was
 * the same to the letter, since the same thing is not done twice; else malformed. */
static enum bank_result
use_id(struct bank_reader *reader, uint64_t trans_id, uint64_t text_hash, bool *repeat)
{
    struct used *used = reader->used;
    size_t slot;

    if (reader->count >= reader->slots / 2) {
        size_t slots = reader->slots == 0 ? 4096 : reader->slots * 2;

        used = calloc(slots, sizeof(*used));
        if (used == NULL) {
            return bank_csv_explain(&reader->csv, BANK_UNREADABLE, "out of memory");
        }
        for (size_t i = 0; i < reader->slots; i++) {
            if (reader->used[i].line != 0) {
                used[slot_of(used, slots, reader->used[i].trans_id)] = reader->used[i];
            }
        }
        free(reader->used);
        reader->used = used;
        reader->slots = slots;
    }
    slot = slot_of(used, reader->slots, trans_id);
    *repeat = used[slot].line != 0 && used[slot].text_hash == text_hash;
    if (*repeat) {
        return BANK_ROW;
    }
    if (used[slot].line != 0) {
        return bank_csv_explain(
            &reader->csv, BANK_MALFORMED, "trans_id %llu is that of line %llu already",
            (unsigned long long)trans_id, (unsigned long long)used[slot].line);
    }
    used[slot] = (struct used){trans_id, reader->csv.line, text_hash};
    reader->count += 1;
    return BANK_ROW;
}

/* One line, which may repeat one before it. */
static enum bank_result
read_line(struct bank_reader *reader, struct bank_row *row, bool *repeat)
{
    char *fields[FIELD_COUNT] = {NULL};
    uint64_t trans_id = 0;
    uint64_t text_hash = 0;
    enum bank_result result;

    do {
        result = bank_csv_line(&reader->csv);
    } while (result == BANK_ROW &&
             reader->csv.text[0] == '\0'); /* A blank line is no row. */
    *row = (struct bank_row){.line = reader->csv.line};
    *repeat = false;
    if (result == BANK_ROW) {
        text_hash = hash_of(reader->csv.text);
        result = bank_csv_split(&reader->csv, columns, FIELD_COUNT, fields);
    }
    if (result == BANK_ROW) {
        result = parse_fields(reader, fields, row, &trans_id);
    }
    return result == BANK_ROW ? use_id(reader, trans_id, text_hash, repeat) : result;
}

enum bank_result
bank_reader_next(struct bank_reader *reader, struct bank_row *row, const char **reason)
{
    enum bank_result result;
    bool repeat;

    *reason = reader->csv.reason;
    do {
        result = read_line(reader, row, &repeat);
    } while (repeat);
    return result;
}

/* --- the file --- */

/* The first line names the columns; that is how a transactions file is known. What is
 * wrong is the reason. */
static bool check_header(struct bank_reader *reader)
{
    char *fields[FIELD_COUNT] = {NULL};
    char why[sizeof(reader->csv.reason)];
    enum bank_result result = bank_csv_line(&reader->csv);

    if (result == BANK_END) {
        (void)bank_csv_explain(&reader->csv, BANK_END, "is empty");
        return false;
    }
    if (result == BANK_ROW) {
        if (strncmp(reader->csv.text, "\xef\xbb\xbf", 3) ==
            0) { /* A byte order mark. */
            memmove(reader->csv.text, reader->csv.text + 3,
                    strlen(reader->csv.text) - 2);
        }
        result = bank_csv_split(&reader->csv, columns, FIELD_COUNT, fields);
    }
    for (int i = 0; i < FIELD_COUNT && result == BANK_ROW; i++) {
        char shown[SHOWN_BYTES];

        if (strcmp(fields[i], columns[i]) != 0) {
            result = bank_csv_explain(&reader->csv, BANK_MALFORMED,
                                      "column %d is \"%s\", not %s", i + 1,
                                      show(fields[i], shown), columns[i]);
        }
    }
    if (result != BANK_ROW) {
        snprintf(why, sizeof(why), "%s", reader->csv.reason);
        (void)bank_csv_explain(
            &reader->csv, result,
            "is not a file of transactions: its first line should be "
            "trans_id;account_id;date;..., but %s",
            why);
    }
    return result == BANK_ROW;
}

struct bank_reader *bank_reader_read(FILE *file, char reason[BANK_REASON_BYTES])
{
    struct bank_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        fclose(file);
        snprintf(reason, BANK_REASON_BYTES, "cannot be read: out of memory");
        return NULL;
    }
    bank_csv_begin(&reader->csv, file);
    if (!check_header(reader)) {
        snprintf(reason, BANK_REASON_BYTES, "%s", reader->csv.reason);
        bank_reader_close(reader);
        return NULL;
    }
    return reader;
}

struct bank_reader *bank_reader_open(const char *path)
{
    FILE *file = fopen(path, "rbe");
    char reason[BANK_REASON_BYTES];
    struct bank_reader *reader;

    if (file == NULL) {
        fprintf(stderr, "bank: cannot open %s: %s\n", path, strerror(errno));
        return NULL;
    }
    reader = bank_reader_read(file, reason);
    if (reader == NULL) {
        fprintf(stderr, "bank: %s %s\n", path, reason);
    }
    return reader;
}

void bank_reader_close(struct bank_reader *reader)
{
    if (reader != NULL) {
        bank_csv_close(&reader->csv);
        free(reader->used);
        free(reader);
    }
}

void bank_reader_progress(const struct bank_reader *reader,
                          uint64_t *done,
                          uint64_t *total)
{
    *done = reader->csv.bytes;
    *total = reader->csv.total;
}
