/* Opening a log, with the bundled modules and those of shared objects. */
#include <dlfcn.h>
#include <string.h>

#include <sarn/financial_transaction.h>

#include "cli.h"

#define BUNDLED_COUNT 7u

/* The module of a shared object; it stays loaded until the process ends. */
static const struct sarn_module *load(const char *path)
{
    char local[4096];
    void *object;
    void *symbol;
    sarn_module_entry_fn *entry;

    /* Without a slash, dlopen would look in the library path. */
    snprintf(local, sizeof(local), "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    object = dlopen(local, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        cli_complain("cannot load the module: %s", dlerror());
        return NULL;
    }
    symbol = dlsym(object, SARN_MODULE_ENTRY);
    if (symbol == NULL) {
        cli_complain("%s is no module of Sarn: it has no function %s", path,
                     SARN_MODULE_ENTRY);
        dlclose(object);
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast for this. */
    /* The module stays loaded as long as the program runs. */
    /* cppcheck-suppress resourceLeak */
    return entry();
}

int cli_open(const char *path, const struct cli_list *modules, sarn_log **log)
{
    const struct sarn_module *registered[BUNDLED_COUNT + CLI_LIST_MAX] = {
        &sarn_payments_module,
        &sarn_users_module,
        &sarn_compliance_module,
        &sarn_analytics_module,
        &sarn_notifications_module,
        &sarn_funds_transfer_module,
        &sarn_financial_transaction_module};
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_status status;

    for (uint32_t i = 0; modules != NULL && i < modules->count; i++) {
        registered[BUNDLED_COUNT + i] = load(modules->items[i]);
        if (registered[BUNDLED_COUNT + i] == NULL) {
            return CLI_FAILED;
        }
    }
    if (modules != NULL) {
        options.modules = registered;
        options.module_count = BUNDLED_COUNT + modules->count;
    }
    status = sarn_log_open(path, &options, log, &error);
    return status == SARN_OK ? CLI_OK : cli_fail(status, &error);
}

int cli_fail(sarn_status status, const struct sarn_error *error)
{
    cli_complain("%s", error->text);
    /* A file that is not there is a failure; a stream that is not is an answer. */
    return status == SARN_ERR_CORRUPT ? CLI_WRONG : CLI_FAILED;
}
