/* Plain bytes, no schema: append an event to the log that the first argument names, and
 * read it back, as a C or a C++ program. */
#include <stdio.h>
#include <string.h>

#include <sarn/sarn.h>

static sarn_status show(void *arg, const struct sarn_event *event)
{
    if (event->type_name.size == 6 && memcmp(event->type_name.data, "Hailed", 6) == 0) {
        *(int *)arg += 1;
        printf("%.*s: %.*s\n", (int)event->stream.size, event->stream.data,
               (int)event->payload.size, event->payload.data);
    }
    return SARN_OK;
}

int main(int argc, char **argv)
{
    static struct sarn_error error; /* Static: zeroed, in C and in C++. */
    static struct sarn_new_event event;
    static struct sarn_stream_append stream;
    static struct sarn_append append;
    struct sarn_str text = sarn_str("ahoy");
    sarn_engine *engine = NULL;
    int seen = 0;

    if (argc != 2 || sarn_open(argv[1], NULL, &engine, &error) != SARN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    event.type_name = "Hailed";
    event.data = &text;
    stream.stream = sarn_str("ship-1");
    stream.expected_version = SARN_NO_STREAM;
    stream.events = &event;
    stream.event_count = 1;
    append.struct_size = sizeof(append);
    append.streams = &stream;
    append.stream_count = 1;
    if (sarn_append_call(engine, &append, NULL, &error) != SARN_OK ||
        sarn_read(sarn_engine_log(engine), NULL, show, &seen, &error) != SARN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    sarn_close(engine);
    return seen == 1 ? 0 : 1;
}
