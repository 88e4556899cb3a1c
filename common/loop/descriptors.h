/* How many file descriptors the process may use. */
#pragma once

#include <stdbool.h>

/* For the process itself (some 100), what listeners leave to it (listener.h), and some connections. */
enum { DESCRIPTORS_LEAST = 256 };

/* Are there enough? Raises RLIMIT_NOFILE if allowed. False with a log line that says what is needed: libraries abort if they get
 * none, and all connections would be refused. */
bool descriptors_suffice(void);

/* Sets RLIMIT_NOFILE to as many, or to what the system allows, with a log line when that is fewer: higher than it was, or lower, since some
 * libraries' tables have its size, and a container's "infinity" would cost gigabytes. */
void descriptors_limit(unsigned wanted);
