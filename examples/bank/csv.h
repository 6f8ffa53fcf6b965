/* csv.h - a file of lines with ';'-separated fields, read with a bound on everything.
 */
#ifndef BANK_CSV_H
#define BANK_CSV_H

#include "bank.h"

struct bank_csv {
    FILE *file;
    uint64_t line;         /* The last one read, from 1. */
    uint64_t bytes, total; /* Read so far, of how many; total 0: not known. */
    char text[BANK_LINE_BYTES_MAX + 1];
    char reason[BANK_REASON_BYTES]; /* Why not. */
};

/* csv is all zero; file becomes its own. */
void bank_csv_begin(struct bank_csv *csv, FILE *file);
void bank_csv_close(struct bank_csv *csv);

/* The next line to csv->text, without its end: BANK_ROW, or BANK_MALFORMED with a
 * reason, BANK_END, BANK_UNREADABLE with a reason. */
enum bank_result bank_csv_line(struct bank_csv *csv);
/* Split csv->text, in place, into as many fields as there are columns; reasons name
 * them. BANK_ROW or BANK_MALFORMED. */
enum bank_result bank_csv_split(struct bank_csv *csv,
                                const char *const *columns,
                                int field_count,
                                char **fields);

/* Note why, and return result. */
enum bank_result
bank_csv_explain(struct bank_csv *csv, enum bank_result result, const char *format, ...)
    SARN_PRINTF(3, 4);

#endif
