/* Files that keys stand in, and who else may read or change them. */
#pragma once

#include "common/buffer.h"

enum { KEY_FILE_ERROR_MAX = 512 };

/* Appends the file's content. *is_private: only its owner may read it. False with `error`, which names the file: it is not there, is no plain file, is
 * longer than the buffer's limit, or others than its owner may write to it. */
bool key_file_read(const char *path, buffer_t *out, bool *is_private, char error[static KEY_FILE_ERROR_MAX]);

/* Overwrites what the buffer holds, and releases it. */
void key_file_forget(buffer_t *content);
