/* Whose keys are known: a folder with a file NAME.pub for each (certificate.h). */
#pragma once

#include "common/curve/certificate.h"

enum { KNOWN_PEERS_MAX = 4096, KNOWN_PEERS_NAME_MAX = 64 };

typedef struct {
    char name[KNOWN_PEERS_NAME_MAX]; /* of its file */
    certificate_t certificate;
} known_peer_t;

typedef struct known_peers known_peers_t;

/* NULL, with the reason in `wrong`, when one of its files is not as it should be, two have one key, or memory runs out. */
known_peers_t *known_peers_read(const char *folder, char wrong[static TRUSTED_FILE_WRONG_MAX]);
void known_peers_destroy(known_peers_t **self);

size_t known_peers_count(const known_peers_t *self);

/* NULL: nobody's. */
const known_peer_t *known_peers_find(const known_peers_t *self, text_t public_key);

/* Who serves this ("bus"), by name: number 0, 1, 2 …; NULL beyond the last. */
const known_peer_t *known_peers_server(const known_peers_t *self, const char *service, size_t number);
