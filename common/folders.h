/* Folders on the way to a file. */
#pragma once

#include <stdbool.h>

/* Creates a folder and its parents, for the owner and the group, if they are missing. False, with errno, when one can't be
 * created; a file in the way is noticed when the folder is used. */
bool folders_make(const char *path);

/* The same for the folder of a file. */
bool folders_make_for(const char *file);
