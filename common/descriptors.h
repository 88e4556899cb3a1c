/* How many file descriptors the process may use. */
#pragma once

/* Sets RLIMIT_NOFILE to as many, or to what the system allows, with a log line when that is fewer: higher than it was, or lower, since some
 * libraries' tables have its size, and a container's "infinity" would cost gigabytes. */
void descriptors_limit(unsigned wanted);
