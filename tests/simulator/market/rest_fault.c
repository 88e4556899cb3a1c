#include "tests/simulator/market/rest_fault.h"

#include <string.h>

static const char *const names[REST_FAULTS] = {"good",  "status",  "slow",    "cut",     "html",      "huge",
                                               "empty", "overlap", "shuffle", "missing", "contradict"};

const char *rest_fault_name(rest_fault_kind_t kind)
{
    return names[kind];
}

rest_fault_kind_t rest_fault_find(const char *name)
{
    for (rest_fault_kind_t kind = REST_GOOD + 1; kind < REST_FAULTS; kind++)
        if (strcmp(names[kind], name) == 0)
            return kind;
    return REST_GOOD;
}

bool rest_fault_of_page(rest_fault_kind_t kind)
{
    return kind >= REST_OVERLAP;
}

rest_fault_kind_t rest_fault_take(sim_rest_fault_t *self, bool of_page)
{
    if (self->times == 0 || rest_fault_of_page(self->kind) != of_page)
        return REST_GOOD;
    self->times--;
    return self->kind;
}
