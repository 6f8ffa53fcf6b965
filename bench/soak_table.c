#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "soak.h"

#define COLUMNS_MAX 256u

static char *copy_of(const char *text, size_t size)
{
    char *copy = strndup(text, size);

    if (copy == NULL) {
        soak_die("the figures", "out of memory");
    }
    return copy;
}

/* Words between commas, until the line ends. */
static void read_head(struct soak_table *table, const char *line)
{
    table->names = calloc(COLUMNS_MAX, sizeof(*table->names));
    if (table->names == NULL) {
        soak_die("the figures", "out of memory");
    }
    for (size_t size = strcspn(line, ",\n");; size = strcspn(line, ",\n")) {
        if (table->columns == COLUMNS_MAX) {
            soak_die("the figures", "too many columns");
        }
        table->names[table->columns++] = copy_of(line, size);
        if (line[size] != ',') {
            return;
        }
        line += size + 1;
    }
}

static void read_row(struct soak_table *table, const char *line)
{
    size_t cells = (size_t)table->columns * (table->rows + 1);
    double *more = realloc(table->cells, cells * sizeof(*more));

    if (more == NULL) {
        soak_die("the figures", "out of memory");
    }
    table->cells = more;
    more += (size_t)table->columns * table->rows;
    for (uint32_t i = 0; i < table->columns; i++) {
        char *end;

        more[i] = strtod(line, &end);
        if (end == line || *end != (i + 1 < table->columns ? ',' : '\n')) {
            soak_die("a row of figures", "is no row of numbers, or too short or long");
        }
        line = end + 1;
    }
    table->rows += 1;
}

void soak_table_read(const char *path, struct soak_table *table)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    *table = (struct soak_table){.columns = 0};
    if (file == NULL) {
        soak_die(path, "cannot be read");
    }
    if (getline(&line, &size, file) <= 0) {
        soak_die(path, "has no line that names its columns");
    }
    read_head(table, line);
    while (getline(&line, &size, file) > 0) {
        read_row(table, line);
    }
    free(line);
    fclose(file);
}

void soak_table_free(struct soak_table *table)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        free(table->names[i]);
    }
    free(table->names);
    free(table->cells);
}

bool soak_table_has(const struct soak_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        if (strcmp(table->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t soak_table_column(const struct soak_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        if (strcmp(table->names[i], name) == 0) {
            return i;
        }
    }
    soak_die(name, "there is no such column");
}

double soak_table_cell(const struct soak_table *table, uint32_t column, uint32_t row)
{
    return table->cells[(size_t)row * table->columns + column];
}
