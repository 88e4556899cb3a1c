/* Files that say who somebody is, or who is let in: nobody but their owner may change them, nor read those that hold a secret.
 *
 * What systemd hands over (the folder that CREDENTIALS_DIRECTORY names) is its owner's alone, also where the mode shows the mask of a list of who
 * may read it.
 */
#pragma once

enum { TRUSTED_FILE_WRONG_MAX = 512 };

typedef enum {
    TRUSTED_FILE_OPEN,    /* anybody may do what the mode says */
    TRUSTED_FILE_GUARDED, /* nobody but its owner may write to it */
    TRUSTED_FILE_SECRET   /* nor read it */
} trusted_file_t;

/* Its descriptor, for reading. -1, and `wrong` says why ("/etc/key.pem: expected mode …"): also where it is no file, since that might never end, or
 * never begin. */
int trusted_file_open(const char *path, trusted_file_t trust, char wrong[static TRUSTED_FILE_WRONG_MAX]);
