#include "common/curve/known_peers.h"

#include "common/array.h"
#include "common/curve/rights.h"
#include "common/table.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ENDING ".pub"

struct known_peers {
    known_peer_t **keys; /* by name */
    size_t count, room;
    table_t *by_key;
};

static bool refuse(char *wrong, const char *path, const char *why)
{
    snprintf(wrong, TRUSTED_FILE_WRONG_MAX, "%.300s: %.200s", path, why);
    return false;
}

void known_peers_destroy(known_peers_t **self_p)
{
    known_peers_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        free(self->keys[i]);
    free(self->keys);
    table_destroy(&self->by_key);
    free(self);
}

/* Takes ownership. */
static bool add(known_peers_t *self, known_peer_t *key, const char *path, char *wrong)
{
    text_t public_key = text_of(key->certificate.public_key);
    const known_peer_t *other = table_get(self->by_key, public_key);
    char why[200] = "out of memory";
    if (other)
        snprintf(why, sizeof why, "expected a key of its own, found that of %s" ENDING, other->name);
    else if (self->count == KNOWN_PEERS_MAX)
        snprintf(why, sizeof why, "expected at most %d keys", KNOWN_PEERS_MAX);
    else if (ARRAY_RESERVE(&self->keys, &self->room, self->count + 1, KNOWN_PEERS_MAX) &&
             table_put(self->by_key, public_key, key)) {
        self->keys[self->count++] = key;
        return true;
    }
    free(key);
    return refuse(wrong, path, why);
}

static bool read_one(known_peers_t *self, const char *folder, text_t file, char *wrong)
{
    char path[600];
    text_t name = {file.at, file.length - strlen(ENDING)};
    snprintf(path, sizeof path, "%.300s/%.*s", folder, TEXT_ARG(file));
    if (name.length >= KNOWN_PEERS_NAME_MAX)
        return refuse(wrong, path, "expected a name of at most 63 bytes");
    known_peer_t *key = calloc(1, sizeof *key);
    if (!key)
        return refuse(wrong, path, "out of memory");
    memcpy(key->name, name.at, name.length);
    if (certificate_read(&key->certificate, path, wrong))
        return add(self, key, path, wrong);
    free(key);
    return false;
}

/* Hidden files are an editor's. */
static bool is_key(text_t file)
{
    return text_ends_with(file, TEXT(ENDING)) && file.length > strlen(ENDING) && file.at[0] != '.';
}

static int by_name(const void *a, const void *b)
{
    const known_peer_t *const *one = a, *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

static bool read_all(known_peers_t *self, const char *folder, char *wrong)
{
    const struct dirent *entry;
    bool good = true;
    DIR *files = opendir(folder);
    if (!files)
        return refuse(wrong, folder, strerror(errno));
    while (good && (entry = readdir(files)))
        good = !is_key(text_of(entry->d_name)) || read_one(self, folder, text_of(entry->d_name), wrong);
    closedir(files);
    if (self->count > 0)
        qsort(self->keys, self->count, sizeof *self->keys, by_name);
    return good;
}

known_peers_t *known_peers_read(const char *folder, char wrong[static TRUSTED_FILE_WRONG_MAX])
{
    known_peers_t *self = calloc(1, sizeof *self);
    refuse(wrong, folder, "out of memory");
    if (self && (self->by_key = table_new()) && read_all(self, folder, wrong))
        return self;
    known_peers_destroy(&self);
    return NULL;
}

size_t known_peers_count(const known_peers_t *self)
{
    return self->count;
}

const known_peer_t *known_peers_find(const known_peers_t *self, text_t public_key)
{
    return table_get(self->by_key, public_key);
}

const known_peer_t *known_peers_server(const known_peers_t *self, const char *service, size_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (rights_have(text_of(self->keys[i]->certificate.serves), text_of(service)) && number-- == 0)
            return self->keys[i];
    return NULL;
}
