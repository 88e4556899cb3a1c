/* File descriptors: what a process can't be without. */
#pragma once

#include <stdbool.h>

/* For the process itself (some 100), what listeners leave to it (listener.h), and some connections. */
enum { DESCRIPTORS_LEAST = 256 };

/* Are there so many? Where the process may, it takes them (RLIMIT_NOFILE). False with a log line that says what is needed: libraries abort where they get
 * none, and all connections would be refused. */
bool descriptors_suffice(void);
