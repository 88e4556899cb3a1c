/* The file of an overlay (overlay.h), beside the journal: replaced in one go, so that whoever is killed leaves the one before or the new one. */
#pragma once

#include "common/buffer.h"

enum { OVERLAY_FILE_BYTES = 4 << 20 /* at most */ };

#define OVERLAY_FILE         "overlay.json"
#define OVERLAY_FILE_DAMAGED "overlay.damaged.json"

typedef enum { OVERLAY_FILE_READ, OVERLAY_FILE_ABSENT, OVERLAY_FILE_UNREADABLE } overlay_file_t;

/* All of it; UNREADABLE, and why in errno: EFBIG where it is longer than it may be. */
overlay_file_t overlay_file_read(const char *folder, buffer_t *out);

/* On disk when it returns: that takes as long as the disk does. False with a log line: the file is as it was. */
bool overlay_file_write(const char *folder, text_t content);

/* It gets the other name, and what had that before is gone. False with a log line. */
bool overlay_file_set_aside(const char *folder);
