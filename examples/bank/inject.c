#include "inject.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Nobody sits here to review anything: what somebody should look at is given up soon.
 */
#define REVIEW_US INT64_C(1000000)

static const struct sarn_workflow *original(void)
{
    return sarn_financial_transaction_module.workflows[0];
}

/* The index of a step; its count: there is no such step. */
static uint32_t index_of(struct sarn_str id)
{
    uint32_t i = 0;

    while (i < original()->step_count &&
           !sarn_str_equal(sarn_str(original()->steps[i].id), id)) {
        i++;
    }
    return i;
}

/* --- what was asked for --- */

static bool complain_step(struct sarn_str step)
{
    fprintf(stderr,
            "bank: --fail %.*s: there is no step of that name; the steps are any",
            (int)step.size, step.data);
    for (uint32_t i = 0; i < original()->step_count; i++) {
        if (original()->steps[i].run != NULL) {
            fprintf(stderr, ", %s", original()->steps[i].id);
        }
    }
    fprintf(stderr, "\n");
    return false;
}

/* "0.2", ".2", "1": digits and a point, 0 to 1. */
static bool parse_rate(const char *text, double *rate)
{
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;

    if (digits == 0 || text[digits] != '\0') {
        return false;
    }
    *rate = strtod(text, &end);
    return end != text && *end == '\0' && *rate <= 1.0;
}

bool bank_failures_add(struct bank_failures *failures, const char *text)
{
    const char *colon = strrchr(text, ':');
    struct sarn_str step = {text, 0};
    double rate = 0.0;
    uint32_t i;

    if (colon == NULL || !parse_rate(colon + 1, &rate)) {
        fprintf(stderr,
                "bank: --fail %s: it takes a step and how often it fails, from 0 to 1, "
                "such as debit:0.1 or any:0.2\n",
                text);
        return false;
    }
    step.size = (uint32_t)(colon - text);
    if (sarn_str_equal(step, sarn_str("any"))) {
        for (i = 0; i < original()->step_count; i++) {
            failures->rates[i] = rate;
        }
        return true;
    }
    i = index_of(step);
    if (i == original()->step_count || original()->steps[i].run == NULL) {
        return complain_step(step);
    }
    failures->rates[i] = rate;
    return true;
}

bool bank_failures_seed(struct bank_failures *failures, const char *text)
{
    uint64_t seed = 0;
    const char *c = text;

    while (*c >= '0' && *c <= '9' && seed <= (UINT64_MAX - (uint64_t)(*c - '0')) / 10) {
        seed = seed * 10 + (uint64_t)(*c++ - '0');
    }
    if (c == text || *c != '\0') {
        fprintf(stderr, "bank: --seed %s: it takes a number of 64 bits\n", text);
        return false;
    }
    failures->seed = seed;
    return true;
}

/* --- the draw --- */

/* FNV-1a, 64 bits, with an end mark. */
static uint64_t mix(uint64_t hash, struct sarn_str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

/* Every bit of the result hangs on every bit of x (the finish of splitmix64). */
static uint64_t stir(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* From 0 to below 1: the same for the same seed, transaction and step. */
static double draw(uint64_t seed, struct sarn_str transaction, struct sarn_str step)
{
    uint64_t hash = stir(seed + UINT64_C(0x9e3779b97f4a7c15));

    return (double)(stir(mix(mix(hash, transaction), step)) >> 11) * 0x1p-53;
}

/* Every step's run, with failures: the original's is behind it. */
static sarn_status run(struct sarn_step_call *call)
{
    const struct bank_injection *injection = sarn_step_context(call);
    struct sarn_str step = sarn_step_id(call);
    uint32_t i = index_of(step);

    assert(i < original()->step_count);
    if (draw(injection->failures.seed, sarn_step_workflow_id(call), step) <
        injection->failures.rates[i]) {
        return sarn_step_fail(call, "injected", BANK_INJECTED "step %.*s, by --fail",
                              (int)step.size, step.data);
    }
    return original()->steps[i].run(call);
}

void bank_injection_init(struct bank_injection *injection,
                         const struct bank_failures *failures)
{
    *injection = (struct bank_injection){
        .context = {.transfers = {.struct_size = sizeof(injection->context.transfers)},
                    .struct_size = sizeof(injection->context)},
        .failures = *failures,
        .workflow = *original(),
        .module = sarn_financial_transaction_module};
    assert(original()->step_count <= BANK_STEPS_MAX &&
           original()->step_size == sizeof(struct sarn_step));
    for (uint32_t i = 0; i < original()->step_count; i++) {
        struct sarn_step *step = &injection->steps[i];

        *step = original()->steps[i];
        if (step->kind == SARN_STEP_SIGNAL) {
            step->timeouts.schedule_to_close_us = REVIEW_US;
        }
        if (failures->rates[i] > 0.0 && step->run != NULL) {
            step->run = run;
        }
    }
    injection->workflow.steps = injection->steps;
    injection->workflows[0] = &injection->workflow;
    injection->module.workflows = injection->workflows;
}
