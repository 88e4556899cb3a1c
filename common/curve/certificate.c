#include "common/curve/certificate.h"

#include "common/curve/rights.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

static bool refuse(char *why, const char *reason)
{
    snprintf(why, TRUSTED_FILE_WRONG_MAX, "%s", reason);
    return false;
}

/* --- its text --- */

static text_t next_line(text_t *rest)
{
    const char *end = rest->length > 0 ? memchr(rest->at, '\n', rest->length) : NULL;
    text_t line = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
    size_t gone = line.length + (end != NULL);
    *rest = (text_t){rest->at + gone, rest->length - gone};
    if (text_ends_with(line, TEXT("\r")))
        line.length--;
    return text_trim(line);
}

static text_t without_quotes(text_t value)
{
    bool quoted = value.length >= 2 && (value.at[0] == '"' || value.at[0] == '\'') && value.at[value.length - 1] == value.at[0];
    return quoted ? (text_t){value.at + 1, value.length - 2} : value;
}

/* "name = value"; false of every other line. */
static bool split(text_t line, text_t *name, text_t *value)
{
    const char *mark = line.length > 0 && line.at[0] != '#' ? memchr(line.at, '=', line.length) : NULL;
    if (!mark)
        return false;
    size_t length = (size_t)(mark - line.at);
    *name = text_trim((text_t){line.at, length});
    *value = without_quotes(text_trim((text_t){mark + 1, line.length - length - 1}));
    return true;
}

static bool keep(char *out, size_t room, text_t value)
{
    if (value.length >= room || (value.length > 0 && memchr(value.at, 0, value.length)))
        return false;
    memcpy(out, value.at, value.length);
    out[value.length] = 0;
    return true;
}

static bool keep_key(char out[static CERTIFICATE_KEY + 1], text_t value)
{
    unsigned char bytes[32];
    bool good = value.length == CERTIFICATE_KEY && keep(out, CERTIFICATE_KEY + 1, value) && zmq_z85_decode(bytes, out);
    explicit_bzero(bytes, sizeof bytes);
    return good;
}

static bool keep_member(certificate_t *self, text_t name, text_t value, char *why)
{
    if (text_equal(name, TEXT("public-key")))
        return keep_key(self->public_key, value) || refuse(why, "public-key: expected 40 characters of Z85");
    if (text_equal(name, TEXT("secret-key")))
        return keep_key(self->secret_key, value) || refuse(why, "secret-key: expected 40 characters of Z85");
    if (text_equal(name, TEXT("may")))
        return keep(self->may, sizeof self->may, value) || refuse(why, "may: expected at most 4095 bytes");
    if (text_equal(name, TEXT("serves")))
        return keep(self->serves, sizeof self->serves, value) || refuse(why, "serves: expected bus, replay or history");
    return true; /* what others have noted */
}

static bool fits(certificate_t *self, char *why)
{
    char belongs[CERTIFICATE_KEY + 1];
    text_t word;
    if (self->secret_key[0] && zmq_curve_public(belongs, self->secret_key) == -1)
        return refuse(why, "secret-key: libzmq can't use it");
    if (self->secret_key[0] && !self->public_key[0])
        memcpy(self->public_key, belongs, sizeof belongs);
    if (!self->public_key[0])
        return refuse(why, "expected a public-key");
    if (self->secret_key[0] && strcmp(belongs, self->public_key) != 0)
        return refuse(why, "expected the public-key of the secret-key, found another one");
    if (rights_valid(text_of(self->may), &word))
        return true;
    snprintf(why, TRUSTED_FILE_WRONG_MAX,
             "may: expected subscribe, subscribe:PREFIX, replay, history, clear or operate, found %.*s",
             TEXT_ARG(text_cut(word, 60)));
    return false;
}

bool certificate_parse(certificate_t *self, text_t content, char why[static TRUSTED_FILE_WRONG_MAX])
{
    text_t name, value;
    *self = (certificate_t){0};
    content = text_without_mark(content);
    while (content.length > 0)
        if (split(next_line(&content), &name, &value) && !keep_member(self, name, value, why))
            return false;
    return fits(self, why);
}

/* --- its file --- */

/* How many bytes; -1 with errno. */
static ssize_t read_all(int fd, char *out, size_t room)
{
    size_t length = 0;
    for (ssize_t more; length < room; length += (size_t)more) {
        more = read(fd, out + length, room - length);
        if (more == -1)
            return -1;
        if (more == 0)
            return (ssize_t)length;
    }
    errno = EFBIG;
    return -1;
}

static bool read_file(certificate_t *self, const char *path, trusted_file_t trust, char *wrong)
{
    char content[CERTIFICATE_BYTES_MAX], why[TRUSTED_FILE_WRONG_MAX];
    int fd = trusted_file_open(path, trust, wrong);
    if (fd == -1)
        return false;
    ssize_t length = read_all(fd, content, sizeof content);
    if (length == -1)
        refuse(why, strerror(errno));
    close(fd);
    bool good = length >= 0 && certificate_parse(self, (text_t){content, (size_t)length}, why);
    explicit_bzero(content, sizeof content);
    if (!good)
        snprintf(wrong, TRUSTED_FILE_WRONG_MAX, "%.300s: %.200s", path, why);
    return good;
}

bool certificate_read(certificate_t *self, const char *path, char wrong[static TRUSTED_FILE_WRONG_MAX])
{
    bool good = read_file(self, path, TRUSTED_FILE_GUARDED, wrong);
    if (!good || !self->secret_key[0])
        return good;
    certificate_forget(self);
    snprintf(wrong, TRUSTED_FILE_WRONG_MAX, "%.300s: expected no secret-key in a file for everybody", path);
    return false;
}

bool certificate_read_own(certificate_t *self, const char *path, char wrong[static TRUSTED_FILE_WRONG_MAX])
{
    if (!read_file(self, path, TRUSTED_FILE_SECRET, wrong))
        return false;
    if (self->secret_key[0])
        return true;
    snprintf(wrong, TRUSTED_FILE_WRONG_MAX, "%.300s: expected a secret-key", path);
    return false;
}

void certificate_forget(certificate_t *self)
{
    explicit_bzero(self, sizeof *self);
}
