#include "connectord/sources/definition_notes.h"

#include "common/buffer.h"
#include "common/json/json.h"
#include "common/json/json_write.h"
#include "common/log.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME     "definitions.ndjson"
#define NAME_OLD "definitions.old.ndjson"

enum { HASH_BYTES = 32, HASH_TEXT = 2 * HASH_BYTES, DEFINITION_MAX = 16 << 20, MS_DIGITS = 3 };

static bool read_all(int fd, size_t most, buffer_t *out)
{
    ssize_t got = 1;
    while (got > 0 && out->length < most) {
        char *room = buffer_room(out, 65536);
        got = room ? read(fd, room, 65536) : -1;
        if (got > 0)
            buffer_took(out, (size_t)got);
    }
    return got == 0;
}

/* The content's SHA-256 as hexadecimal digits. */
static bool hash_file(const char *path, char out[static HASH_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[HASH_BYTES];
    unsigned length = 0;
    buffer_t content = buffer_new(0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool hashed = fd != -1 && read_all(fd, DEFINITION_MAX, &content) &&
                  EVP_Digest(content.bytes, content.length, hash, &length, EVP_sha256(), NULL) == 1 && length == HASH_BYTES;
    for (size_t i = 0; hashed && i < HASH_BYTES; i++) {
        out[2 * i] = hex[hash[i] >> 4];
        out[2 * i + 1] = hex[hash[i] & 15];
    }
    if (fd != -1)
        close(fd);
    buffer_release(&content);
    return hashed;
}

/* The hash in the last line about the source; empty: there is none. */
static text_t last_hash(text_t notes, text_t source)
{
    text_t found = {0};
    while (notes.length > 0) {
        const char *end = memchr(notes.at, '\n', notes.length);
        text_t line = {notes.at, end ? (size_t)(end - notes.at) : notes.length}, name, hash;
        if (json_valid(line) && json_plain_string(json_member(line, "source"), &name) && text_equal(name, source) &&
            json_plain_string(json_member(line, "sha256"), &hash))
            found = hash;
        size_t taken = line.length + (end != NULL);
        notes = (text_t){notes.at + taken, notes.length - taken};
    }
    return found;
}

static bool append(int folder, text_t line)
{
    int fd = openat(folder, NAME, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    bool written = fd != -1 && write(fd, line.at, line.length) == (ssize_t)line.length;
    if (fd != -1)
        close(fd);
    return written;
}

/* False: they can't be read. Of a file that has become long nothing is read: it makes room. */
static bool read_notes(int folder, buffer_t *notes)
{
    struct stat status;
    int fd = openat(folder, NAME, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return true;
    bool long_enough = fstat(fd, &status) == 0 && status.st_size >= DEFINITION_NOTES_BYTES;
    bool read = long_enough ? renameat(folder, NAME, folder, NAME_OLD) == 0 : read_all(fd, DEFINITION_NOTES_BYTES, notes);
    close(fd);
    return read;
}

static void print(buffer_t *out, text_t source, const char *definition, text_t hash, uint64_t epoch, int64_t time_ns)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_time(&json, "time", time_ns, MS_DIGITS);
    json_put_u64(&json, "epoch", epoch);
    json_put_text(&json, "source", source);
    json_put_text(&json, "definition", text_of(definition));
    json_put_text(&json, "sha256", hash);
    json_close_object(&json);
    buffer_append(out, TEXT("\n"));
}

static bool note(int folder, text_t source, const char *definition, uint64_t epoch, int64_t time_ns)
{
    char digits[HASH_TEXT];
    text_t hash = {digits, sizeof digits};
    buffer_t notes = buffer_new(0), line = buffer_new(0);
    bool noted = hash_file(definition, digits) && read_notes(folder, &notes);
    if (noted && !text_equal(last_hash(buffer_text(&notes), source), hash)) {
        print(&line, source, definition, hash, epoch, time_ns);
        noted = buffer_ok(&line) && append(folder, buffer_text(&line));
    }
    buffer_release(&notes);
    buffer_release(&line);
    return noted;
}

bool definition_notes_put(const char *folder, text_t source, const char *definition, uint64_t epoch, int64_t time_ns)
{
    static log_limit_t limit;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool noted = fd != -1 && note(fd, source, definition, epoch, time_ns);
    if (!noted)
        log_warn_limited(&limit, "definition: can't be noted beside the journal", LOG_SLICE("source", source),
                         LOG_TEXT("definition", definition), LOG_TEXT("folder", folder), LOG_ERRNO());
    if (fd != -1)
        close(fd);
    return noted;
}
