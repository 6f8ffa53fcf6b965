/* A module with its own schema: greet somebody twice, and read what was said. */
#include <stdio.h>
#include <string.h>

#include <sarn/sarn.h>

#include "greeting_schema.h"

static sarn_status decide(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct greeting_guest *guest = state;
    const struct greeting_greet *greet = command->data;
    struct greeting_greeted event = {.name = greet->name, .times = guest->times + 1};

    if (guest->times == 2) {
        return sarn_reject(decision, "%u times is enough.", guest->times);
    }
    return sarn_emit(decision, &greeting_greeted_type, &event);
}

static sarn_status
apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    struct greeting_guest *guest = state;

    (void)arena;
    guest->times = ((const struct greeting_greeted *)event->data)->times;
    return SARN_OK;
}

static const struct sarn_type *const commands[] = {&greeting_greet_type};
static const struct sarn_type *const events[] = {&greeting_greeted_type};
static const struct sarn_aggregate guest = {
    .category = "guest",
    .apply_version = 1,
    .state = &greeting_guest_type,
    .decide = decide,
    .apply = apply,
    .commands = commands,
    .command_count = 1,
    .events = events,
    .event_count = 1,
};
static const struct sarn_aggregate *const aggregates[] = {&guest};
static const struct sarn_module module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "greeting",
    .version = "1",
    .aggregates = aggregates,
    .aggregate_count = 1,
};

static sarn_status show(void *arg, const struct sarn_event *event)
{
    const struct greeting_greeted *greeted = event->data;

    if (event->type == &greeting_greeted_type) {
        *(uint32_t *)arg += greeted->times;
        printf("%.*s, %u\n", (int)greeted->name.size, greeted->name.data,
               greeted->times);
    }
    return SARN_OK;
}

int main(int argc, char **argv)
{
    const struct sarn_module *modules[] = {&module};
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_command command = SARN_COMMAND_INIT;
    struct greeting_greet greet = {.name = SARN_STR("Ada")};
    struct sarn_error error = {0};
    sarn_engine *engine = NULL;
    uint32_t times = 0;

    options.modules = modules;
    options.module_count = 1;
    if (argc != 2 || sarn_open(argv[1], &options, &engine, &error) != SARN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    command.stream = sarn_str("guest-ada");
    command.type = &greeting_greet_type;
    command.data = &greet;
    if (sarn_call(engine, &command, NULL, &error) != SARN_OK ||
        sarn_call(engine, &command, NULL, &error) != SARN_OK ||
        sarn_read(sarn_engine_log(engine), NULL, show, &times, &error) != SARN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    if (sarn_call(engine, &command, NULL, &error) != SARN_ERR_REJECTED) {
        fprintf(stderr, "A third greeting was not refused.\n");
        return 1;
    }
    printf("%s\n", error.text);
    sarn_close(engine);
    return times == 1 + 2 ? 0 : 1;
}
