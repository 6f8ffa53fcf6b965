/* What the commands that tell an execution something have in common: their options,
 * who asks, and how it went. */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* WORKFLOW/ID, or as its stream is called: WORKFLOW-ID. */
bool cli_execution_name(const char *word,
                        struct sarn_str *workflow,
                        struct sarn_str *workflow_id)
{
    size_t split = strcspn(word, "-/");

    if (split == 0 || word[split] == '\0' || word[split + 1] == '\0') {
        cli_complain("\"%s\" names no execution: say WORKFLOW/ID", word);
        return false;
    }
    *workflow = (struct sarn_str){word, (uint32_t)split};
    *workflow_id = sarn_str(word + split + 1);
    return true;
}

const char *cli_login_name(char login[CLI_LOGIN_BYTES])
{
    struct passwd entry, *user = NULL;
    char words[4096];

    if (getpwuid_r(getuid(), &entry, words, sizeof(words), &user) == 0 &&
        user != NULL) {
        snprintf(login, CLI_LOGIN_BYTES, "%s", user->pw_name);
    } else {
        snprintf(login, CLI_LOGIN_BYTES, "uid %lu", (unsigned long)getuid());
    }
    return login;
}

/* --- how it went --- */

/* Whatever is not here is CLI_FAILED. */
static const struct {
    sarn_status status;
    int leave_with;
} exits[] = {
    {SARN_OK, CLI_OK},
    {SARN_ERR_INVALID, CLI_USAGE},
    {SARN_ERR_TOO_LARGE, CLI_USAGE},
    {SARN_ERR_CORRUPT, CLI_WRONG},
    {SARN_ERR_NOT_FOUND, CLI_MISSING},
    {SARN_ERR_STATE, CLI_REFUSED},
    {SARN_ERR_REJECTED, CLI_REFUSED},
    {SARN_ERR_DENIED, CLI_REFUSED},
    {SARN_ERR_SCHEMA, CLI_REFUSED},
    {SARN_ERR_OVERLOADED, CLI_REFUSED},
    {SARN_ERR_EXISTS, CLI_REFUSED},
    {SARN_ERR_KEY_REUSED, CLI_REFUSED},
};

int cli_told(sarn_status status)
{
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
        if (exits[i].status == status) {
            return exits[i].leave_with;
        }
    }
    return CLI_FAILED;
}

static void print_done(const struct cli_control *said,
                       const struct cli_common *common,
                       struct sarn_str answer)
{
    if (common->json) {
        printf("{\"done\":");
        cli_print_json(sarn_str(said->command->name));
        if (answer.size > 0) {
            printf(",\"answer\":");
            fwrite(answer.data, 1, answer.size, stdout);
        }
        printf("}\n");
    } else if (answer.size > 0) {
        cli_print(false, CLI_PLAIN, answer);
        putchar('\n');
    }
}

static int tell(const struct cli_control *said, const struct cli_common *common)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str answer = {NULL, 0};
    struct sarn_error error = {SARN_ERR_NOMEM, "out of memory"};
    sarn_status status = SARN_ERR_NOMEM;

    if (arena != NULL) {
        status =
            sarn_control_at(said->words[0], &said->control, arena, &answer, &error);
    }
    if (status != SARN_OK) {
        cli_complain("%s", error.text);
    } else {
        print_done(said, common, answer);
    }
    sarn_arena_destroy(arena);
    return cli_finish(cli_told(status));
}

/* --- what is said --- */

#define OWN_OPTIONS 5u

static bool complete(struct cli_control *said, uint64_t tenant, const char *actor)
{
    struct sarn_control *control = &said->control;

    if (tenant > UINT32_MAX) {
        cli_complain("a tenant is a number of 32 bits");
        return false;
    }
    if (said->wants_reason && control->reason.size == 0) {
        cli_complain("say why with --reason: it is recorded; see sarn %s --help",
                     said->command->name);
        return false;
    }
    control->tenant = (uint32_t)tenant;
    control->actor =
        actor != NULL ? sarn_str(actor) : sarn_str(cli_login_name(said->login));
    control->origin = sarn_str("sarn");
    return said->of_promise || cli_execution_name(said->words[1], &control->workflow,
                                                  &control->workflow_id);
}

int cli_control_run(struct cli_control *said,
                    int argc,
                    char **argv,
                    const struct cli_option *more,
                    size_t more_count,
                    bool (*take)(struct cli_control *said))
{
    struct cli_common common = {0};
    struct cli_option options[OWN_OPTIONS + CLI_CONTROL_OPTIONS_MAX];
    const char *actor = NULL, *reason = NULL, *key = NULL, *payload = NULL;
    uint64_t tenant = 0;
    size_t count = 0;

    options[count++] = (struct cli_option){"actor", CLI_TEXT, &actor, 0};
    options[count++] = (struct cli_option){"reason", CLI_TEXT, &reason, 0};
    options[count++] = (struct cli_option){"key", CLI_TEXT, &key, 0};
    options[count++] = (struct cli_option){"tenant", CLI_NUMBER, &tenant, 0};
    if (said->takes_payload) {
        options[count++] = (struct cli_option){"payload", CLI_TEXT, &payload, 0};
    }
    for (size_t i = 0; i < more_count; i++) {
        options[count++] = more[i];
    }
    if (!cli_parse(said->command, argc, argv, options, count, &common, said->words,
                   said->word_count, said->words_needed)) {
        return cli_parse_status(&common);
    }
    said->control.reason = sarn_str(reason);
    said->control.key = sarn_str(key);
    said->control.json = sarn_str(payload);
    if (!complete(said, tenant, actor) || (take != NULL && !take(said))) {
        return CLI_USAGE;
    }
    if (access(said->words[0], F_OK) != 0) {
        cli_complain("there is no log at \"%s\"; check the path", said->words[0]);
        return CLI_FAILED;
    }
    return tell(said, &common);
}
