/* Opening a log, with the bundled modules and those of shared objects. */
#include <dlfcn.h>
#include <string.h>

#include <sarn/financial_transaction.h>

#include "cli.h"

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

static bool is_loaded(const struct cli_modules *modules, const char *name)
{
    for (uint32_t i = 0; i < modules->count; i++) {
        if (strcmp(modules->items[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool cli_load_modules(const struct cli_list *files, struct cli_modules *modules)
{
    static const struct sarn_module *const bundled[] = {
        &sarn_payments_module,
        &sarn_users_module,
        &sarn_compliance_module,
        &sarn_analytics_module,
        &sarn_notifications_module,
        &sarn_funds_transfer_module,
        &sarn_financial_transaction_module};

    modules->count = 0;
    for (uint32_t i = 0; i < files->count; i++) {
        modules->items[modules->count] = load(files->items[i]);
        if (modules->items[modules->count] == NULL) {
            return false;
        }
        modules->count += 1;
    }
    /* A file may bring another version of a bundled module. */
    for (size_t i = 0; i < sizeof(bundled) / sizeof(bundled[0]); i++) {
        if (!is_loaded(modules, bundled[i]->name)) {
            modules->items[modules->count++] = bundled[i];
        }
    }
    return true;
}

int cli_open(const char *path, const struct cli_list *files, sarn_log **log)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct cli_modules modules = {.count = 0};
    struct sarn_error error;
    sarn_status status;

    if (files != NULL && !cli_load_modules(files, &modules)) {
        return CLI_FAILED;
    }
    options.modules = modules.items;
    options.module_count = modules.count;
    status = sarn_log_open(path, &options, log, &error);
    return status == SARN_OK ? CLI_OK : cli_fail(status, &error);
}

int cli_fail(sarn_status status, const struct sarn_error *error)
{
    cli_complain("%s", error->text);
    /* A file that is not there is a failure; a stream that is not is an answer. */
    return status == SARN_ERR_CORRUPT ? CLI_WRONG : CLI_FAILED;
}
