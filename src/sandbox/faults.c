#include "sandbox/faults.h"

#include "base/text.h"
#include "sandbox/sandbox.h"

#include <stdatomic.h>

const struct fault_row fault_rows[FAULT_COUNT] = {
#define FAULTS_ROW(name, kind, follow, help) {#name, kind, help, follow},
    FAULTS(FAULTS_ROW)
#undef FAULTS_ROW
};

static const char *const names[FAULT_COUNT] = {
#define FAULTS_NAME(name, kind, follow, help) #name,
    FAULTS(FAULTS_NAME)
#undef FAULTS_NAME
};

bool fault_is_on(const struct sandbox *sandbox, enum fault fault)
{
    return atomic_load(&sandbox->faults[fault]);
}

bool fault_named(const char *name, enum fault *fault, struct error *error)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (text_equal(name, names[i])) {
            *fault = (enum fault)i;
            return true;
        }
    }
    const char *nearest = text_nearest(name, names, FAULT_COUNT);
    error_set(error, ERROR_USAGE, "no fault \"%s\"", name);
    if (nearest) {
        error_hint(error, "did you mean \"%s\"?", nearest);
    } else {
        error_hint(error, "\"greenboard sandbox faults\" lists them");
    }
    return false;
}

void fault_preset(struct sandbox *sandbox, enum fault fault)
{
    atomic_store(&sandbox->faults[fault], true);
}

bool fault_switch(struct sandbox *sandbox, enum fault fault, bool on, struct error *error)
{
    bool before = atomic_exchange(&sandbox->faults[fault], on);
    if (before == on || !fault_rows[fault].follow ||
        fault_rows[fault].follow(sandbox, error)) {
        return true;
    }
    atomic_store(&sandbox->faults[fault], before);
    return false;
}
