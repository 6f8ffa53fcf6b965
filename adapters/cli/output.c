/* What goes to the terminal, or to a script. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define PROGRESS_EVERY_US 100000

static const char *const style_codes[] = {
    [CLI_PLAIN] = "",        [CLI_DIM] = "\033[2m",  [CLI_BOLD] = "\033[1m",
    [CLI_GOOD] = "\033[32m", [CLI_BAD] = "\033[31m", [CLI_NAME] = "\033[36m"};

bool cli_use_color(const char *color)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (color != NULL && strcmp(color, "auto") != 0) {
        return strcmp(color, "always") == 0;
    }
    return (no_color == NULL || *no_color == '\0') && isatty(STDOUT_FILENO) == 1 &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

void cli_print(bool colored, enum cli_style style, struct sarn_str text)
{
    bool styled = colored && style != CLI_PLAIN;

    if (styled) {
        fputs(style_codes[style], stdout);
    }
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        /* A name from a log must not be able to command the terminal. */
        if (c < 0x20 || c == 0x7f) {
            printf("\\x%02x", c);
        } else {
            putchar(c);
        }
    }
    if (styled) {
        fputs("\033[0m", stdout);
    }
}

void cli_printf(bool colored, enum cli_style style, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    /* It is set just above; compiled for two programs, clang-tidy 14 loses that. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cli_print(colored, style, sarn_str(text));
}

void cli_put_json(FILE *to, struct sarn_str text)
{
    fputc('"', to);
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '"' || c == '\\') {
            fprintf(to, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(to, "\\u%04x", c);
        } else {
            fputc(c, to);
        }
    }
    fputc('"', to);
}

void cli_print_json(struct sarn_str text)
{
    cli_put_json(stdout, text);
}

void cli_time_text(int64_t time_us, char text[CLI_TIME_BYTES])
{
    int64_t us = time_us % 1000000;
    time_t seconds = (time_t)(time_us / 1000000 - (us < 0));
    struct tm tm;
    size_t size;

    if (gmtime_r(&seconds, &tm) == NULL) {
        snprintf(text, CLI_TIME_BYTES, "%lld us", (long long)time_us);
        return;
    }
    size = strftime(text, CLI_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + size, CLI_TIME_BYTES - size, ".%06dZ",
             (int)(us < 0 ? us + 1000000 : us));
}

void cli_complain(const char *format, ...)
{
    va_list arguments;

    fputs("sarn: ", stderr);
    va_start(arguments, format);
    /* It is set just above; compiled for two programs, clang-tidy 14 loses that. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int cli_finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_complain("cannot write to standard output");
        return CLI_FAILED;
    }
    return status;
}

/* --- progress --- */

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void cli_progress_begin(struct cli_progress *progress)
{
    *progress = (struct cli_progress){.start_us = now_us(),
                                      .terminal = isatty(STDERR_FILENO) == 1};
    progress->shown_us = progress->start_us;
}

double cli_progress_seconds(const struct cli_progress *progress)
{
    double seconds = (double)(now_us() - progress->start_us) / 1e6;

    return seconds < 1e-6 ? 1e-6 : seconds;
}

void cli_progress_show(struct cli_progress *progress, uint64_t done, uint64_t total)
{
    int64_t now = now_us();

    if (!progress->terminal || now - progress->shown_us < PROGRESS_EVERY_US) {
        return;
    }
    progress->shown_us = now;
    progress->open = true;
    if (total == 0) {
        fprintf(stderr, "\r\033[K%llu", (unsigned long long)done);
    } else {
        fprintf(stderr, "\r\033[K%3u%%  %llu of %llu",
                (unsigned)(100 * (double)done / (double)total),
                (unsigned long long)done, (unsigned long long)total);
    }
    fprintf(stderr, "  %.0f/s", (double)done / cli_progress_seconds(progress));
    fflush(stderr);
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (progress->open) {
        fputs("\r\033[K", stderr);
        progress->open = false;
    }
}
