/* Lines and their fields: ; between them, quotes around some, CRLF or LF at the end. */
#include "csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum bank_result
bank_csv_explain(struct bank_csv *csv, enum bank_result result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    /* It is set just above; compiled for two programs, clang-tidy 14 loses that. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(csv->reason, sizeof(csv->reason), format, arguments);
    va_end(arguments);
    return result;
}

enum bank_result bank_csv_line(struct bank_csv *csv)
{
    size_t size = 0;
    bool any = false, too_long = false, nul = false;
    int c;

    while ((c = getc(csv->file)) != EOF) {
        any = true;
        csv->bytes += 1;
        if (c == '\n') {
            break;
        }
        nul = nul || c == '\0';
        if (size < BANK_LINE_BYTES_MAX) {
            csv->text[size++] = (char)c;
        } else {
            too_long = true;
        }
    }
    if (ferror(csv->file)) {
        return bank_csv_explain(csv, BANK_UNREADABLE,
                                "cannot read on after line %llu: %s",
                                (unsigned long long)csv->line, strerror(errno));
    }
    if (!any) {
        return BANK_END;
    }
    csv->line += 1;
    if (size > 0 && csv->text[size - 1] == '\r') {
        size -= 1;
    }
    csv->text[size] = '\0';
    if (too_long) {
        return bank_csv_explain(csv, BANK_MALFORMED, "the line is longer than %u bytes",
                                BANK_LINE_BYTES_MAX);
    }
    if (nul) {
        return bank_csv_explain(csv, BANK_MALFORMED, "the line has a zero byte in it");
    }
    return BANK_ROW;
}

/* Take one field off *at, in place: quotes are taken away and "" becomes ". NULL: a
 * quote is where it cannot be. *at is NULL after the last field. */
static char *take_field(char **at)
{
    char *field = *at, *from = field, *to = field;

    if (*from == '"') {
        for (from++; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
            from += *from == '"';
            *to++ = *from;
        }
        if (*from++ != '"' || (*from != ';' && *from != '\0')) {
            return NULL;
        }
    } else {
        from += strcspn(from, ";\"");
        if (*from == '"') {
            return NULL;
        }
        to = from;
    }
    *at = *from == ';' ? from + 1 : NULL;
    *to = '\0';
    return field;
}

enum bank_result bank_csv_split(struct bank_csv *csv,
                                const char *const *columns,
                                int field_count,
                                char **fields)
{
    char *at = csv->text;
    int count = 0;

    while (at != NULL && count < field_count) {
        fields[count] = take_field(&at);
        if (fields[count] == NULL) {
            return bank_csv_explain(csv, BANK_MALFORMED, "%s has a quote out of place",
                                    columns[count]);
        }
        count += 1;
    }
    if (count < field_count) {
        return bank_csv_explain(csv, BANK_MALFORMED,
                                "%d fields instead of %d: %s is missing", count,
                                field_count, columns[count]);
    }
    if (at != NULL) {
        return bank_csv_explain(csv, BANK_MALFORMED, "more than %d fields",
                                field_count);
    }
    return BANK_ROW;
}

void bank_csv_begin(struct bank_csv *csv, FILE *file)
{
    struct stat info;

    csv->file = file;
    if (fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode)) {
        csv->total = (uint64_t)info.st_size;
    }
}

void bank_csv_close(struct bank_csv *csv)
{
    if (csv->file != NULL) {
        fclose(csv->file);
    }
    csv->file = NULL;
}
