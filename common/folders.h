/* Folders on the way to a file. */
#pragma once

#include <stdbool.h>

/* Makes a folder, and those above it, for the owner and the group, where they are missing. False, and errno tells, when one can't be
 * made; a file in the way is noticed by whoever uses the folder. */
bool folders_make(const char *path);

/* The same for the folder that a file is to be in. */
bool folders_make_for(const char *file);
