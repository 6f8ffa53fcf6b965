/* Four panels over time as an SVG: how much is done, how long it takes, how much memory
 * there is, how large the file is. */
#include <math.h>
#include <string.h>

#include "soak.h"

#define WIDTH  900.0
#define HEIGHT 190.0 /* Of a panel. */
#define LEFT   70.0
#define RIGHT  170.0 /* Names of the lines. */
#define TOP    30.0
#define BOTTOM 34.0
#define LINES  6u
#define PANELS 4u

struct line {
    const char *column, *name;
    double scale; /* The figure in the panel's unit. */
};

struct panel {
    const char *title;
    bool logarithmic;
    struct line lines[LINES];
};

#define KIB (1.0 / 1024)
#define MIB (1.0 / 1024 / 1024)

static const struct panel panels[PANELS] = {
    {"operations and events a second",
     false,
     {{"events_per_s", "events", 1},
      {"command_per_s", "commands", 1},
      {"append_per_s", "appends", 1},
      {"saga_per_s", "sagas", 1},
      {"look_per_s", "reads", 1}}},
    {"latency in ms from the intended time",
     true,
     {{"command_p50_ms", "command p50", 1},
      {"command_p99_ms", "command p99", 1},
      {"command_p999_ms", "command p99.9", 1},
      {"saga_p99_ms", "saga p99", 1},
      {"wake_p99_ms", "machine: wake p99", 1},
      {"sync_p99_ms", "machine: sync p99", 1}}},
    {"memory in MiB (the mapped file not counted)",
     false,
     {{"anon_kib", "anonymous pages", KIB}, {"heap_kib", "heap in use", KIB}}},
    {"file in MiB", false, {{"file_bytes", "file", MIB}, {"used_bytes", "used", MIB}}},
};

static const char *const colours[LINES] = {"#1f4e79", "#c0504d", "#e3a23a",
                                           "#4f8f4f", "#7a5195", "#7f7f7f"};

/* Where a panel's values lie on the paper. */
struct frame {
    const struct panel *panel;
    double top, low, high, end_s;
};

static double x_of(const struct frame *frame, double seconds)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * seconds / frame->end_s;
}

static double y_of(const struct frame *frame, double value)
{
    double part;

    if (frame->panel->logarithmic) {
        value = value < frame->low ? frame->low : value;
        part = log10(value / frame->low) / log10(frame->high / frame->low);
    } else {
        part = value / frame->high;
    }
    return frame->top + TOP + (HEIGHT - TOP - BOTTOM) * (1 - part);
}

/* A round number at or over value. */
static double rounded_up(double value)
{
    static const double steps[] = {1, 1.2, 1.6, 2, 3, 4, 6, 8, 10};
    double power = pow(10, floor(log10(value > 0 ? value : 1)));

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i] * power >= value) {
            return steps[i] * power;
        }
    }
    return 10 * power;
}

/* Is there a line i, and has the table its figures? */
static bool
has_line(const struct soak_table *table, const struct panel *panel, uint32_t i)
{
    return panel->lines[i].column != NULL &&
           soak_table_has(table, panel->lines[i].column);
}

static void set_frame(const struct soak_table *table,
                      const struct panel *panel,
                      double top,
                      struct frame *frame)
{
    double high = 0;

    for (uint32_t i = 0; i < LINES; i++) {
        uint32_t column = has_line(table, panel, i)
                              ? soak_table_column(table, panel->lines[i].column)
                              : 0;
        uint32_t rows = has_line(table, panel, i) ? table->rows : 0;

        for (uint32_t row = 0; row < rows; row++) {
            double value = soak_table_cell(table, column, row) * panel->lines[i].scale;

            high = value > high ? value : high;
        }
    }
    *frame = (struct frame){.panel = panel, .top = top, .low = 0.1};
    frame->high = panel->logarithmic ? pow(10, ceil(log10(high > 1 ? high : 1.1)))
                                     : rounded_up(high);
    frame->end_s =
        soak_table_cell(table, soak_table_column(table, "elapsed_s"), table->rows - 1);
}

static void draw_level(FILE *svg, const struct frame *frame, double value)
{
    double y = y_of(frame, value);

    fprintf(svg,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n"
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
            LEFT, y, WIDTH - RIGHT, y, LEFT - 6, y + 4, value);
}

static void draw_frame(FILE *svg, const struct frame *frame)
{
    double foot = frame->top + HEIGHT - BOTTOM;

    fprintf(svg, "<text x=\"%.1f\" y=\"%.1f\" font-weight=\"bold\">%s</text>\n", LEFT,
            frame->top + TOP - 10, frame->panel->title);
    if (frame->panel->logarithmic) {
        int powers = (int)lround(log10(frame->high / frame->low));

        for (int i = 0; i <= powers; i++) {
            draw_level(svg, frame, frame->low * pow(10, i));
        }
    } else {
        for (uint32_t i = 0; i <= 4; i++) {
            draw_level(svg, frame, frame->high * i / 4);
        }
    }
    for (uint32_t i = 0; i <= 6; i++) {
        double seconds = frame->end_s * i / 6;

        fprintf(svg,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3g min</text>\n",
                x_of(frame, seconds), foot + 18, seconds / 60);
    }
}

static void draw_line(FILE *svg,
                      const struct soak_table *table,
                      const struct frame *frame,
                      uint32_t i)
{
    const struct line *line = &frame->panel->lines[i];
    uint32_t column = soak_table_column(table, line->column);
    uint32_t time = soak_table_column(table, "elapsed_s");
    double y = frame->top + TOP + 8 + i * 18;

    fputs("<polyline fill=\"none\" stroke-width=\"1.4\" points=\"", svg);
    for (uint32_t row = 0; row < table->rows; row++) {
        fprintf(svg, "%.1f,%.1f ", x_of(frame, soak_table_cell(table, time, row)),
                y_of(frame, soak_table_cell(table, column, row) * line->scale));
    }
    fprintf(svg, "\" stroke=\"%s\"/>\n", colours[i]);
    fprintf(svg,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
            "stroke-width=\"3\"/>\n<text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
            WIDTH - RIGHT + 12, y, WIDTH - RIGHT + 32, y, colours[i],
            WIDTH - RIGHT + 38, y + 4, line->name);
}

bool soak_plot(const struct soak_table *table, const char *path)
{
    FILE *svg = fopen(path, "w");

    if (svg == NULL) {
        perror(path);
        return false;
    }
    fprintf(svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, HEIGHT * PANELS);
    for (uint32_t i = 0; i < PANELS && table->rows > 0; i++) {
        struct frame frame;

        set_frame(table, &panels[i], HEIGHT * i, &frame);
        draw_frame(svg, &frame);
        for (uint32_t k = 0; k < LINES; k++) {
            if (has_line(table, &panels[i], k)) {
                draw_line(svg, table, &frame, k);
            }
        }
    }
    fputs("</svg>\n", svg);
    return fclose(svg) == 0;
}
