/* Something under way for a client: a subscribe that waits, a question to history. Who works on it keeps it; when the client
 * goes it is cancelled. */
#pragma once

#include "common/list.h"

typedef struct task {
    list_t in_caller;                  /* caller_t.tasks */
    void (*cancel)(struct task *self); /* ends it, with an error for who asked: it is in no list then, and gone */
} task_t;
