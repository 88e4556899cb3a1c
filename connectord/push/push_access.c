#include "connectord/push/push_access.h"

#include "common/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { FILE_MAX = PUSH_TOKEN_MAX + 64 /* with white space around it */ };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static text_t strip(text_t text)
{
    while (text.length > 0 && is_space(text.at[0]))
        text = (text_t){text.at + 1, text.length - 1};
    while (text.length > 0 && is_space(text.at[text.length - 1]))
        text.length--;
    return text;
}

static bool is_printable(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return true;
}

/* What a header can carry. Its length may be told, itself never. */
static bool take_token(push_access_t *self, const char *setting, text_t token, char *error)
{
    if (token.length < PUSH_TOKEN_MIN || token.length > PUSH_TOKEN_MAX) {
        snprintf(error, PUSH_ACCESS_ERROR_MAX, "%s: expected a token of %d to %d bytes, found %zu%s", setting, PUSH_TOKEN_MIN,
                 PUSH_TOKEN_MAX, token.length, token.length > PUSH_TOKEN_MAX ? " or more" : "");
        return false;
    }
    if (!is_printable(token)) {
        snprintf(error, PUSH_ACCESS_ERROR_MAX, "%s: expected a token of printable ASCII characters without spaces", setting);
        return false;
    }
    memcpy(self->token, token.at, token.length);
    self->length = token.length;
    return true;
}

static bool read_token(push_access_t *self, const char *path, char *error)
{
    char bytes[FILE_MAX];
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(error, PUSH_ACCESS_ERROR_MAX, "token_file: %.300s: can't open it: %s", path, strerror(errno));
        return false;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    bool failed = ferror(file);
    int reason = errno;
    fclose(file);
    if (!failed)
        return take_token(self, "token_file", strip((text_t){bytes, length}), error);
    snprintf(error, PUSH_ACCESS_ERROR_MAX, "token_file: %.300s: can't read it: %s", path, strerror(reason));
    return false;
}

bool push_access_init(push_access_t *self, const source_config_t *config, char error[static PUSH_ACCESS_ERROR_MAX])
{
    const char *path = source_config_setting(config, "token_file")->text;
    *self = (push_access_t){0};
    if (path[0] != '\0' && config->token[0] != '\0') {
        snprintf(error, PUSH_ACCESS_ERROR_MAX, "token_file: expected none beside token");
        return false;
    }
    if (!(path[0] != '\0' ? read_token(self, path, error) : take_token(self, "token", text_of(config->token), error)))
        return false;
    if (!(self->guesses = guesses_new()))
        snprintf(error, PUSH_ACCESS_ERROR_MAX, "token: out of memory");
    return self->guesses != NULL;
}

void push_access_release(push_access_t *self)
{
    guesses_destroy(&self->guesses);
    explicit_bzero(self->token, sizeof self->token);
    self->length = 0;
}

/* "Bearer TOKEN" (RFC 6750); empty for anything else. */
static text_t bearer(text_t authorization)
{
    const size_t scheme = sizeof "Bearer " - 1;
    if (authorization.length < scheme || strncasecmp(authorization.at, "Bearer ", scheme) != 0)
        return TEXT("");
    return text_trim((text_t){authorization.at + scheme, authorization.length - scheme});
}

push_verdict_t push_access_judge(push_access_t *self, text_t authorization, text_t peer, int64_t now_ns, uint64_t *wait_ms)
{
    text_t given = bearer(authorization);
    *wait_ms = 0;
    if (given.length == 0)
        return PUSH_UNNAMED;
    if (!guesses_try(self->guesses, peer, now_ns, wait_ms))
        return PUSH_LATER;
    bool right = secret_equal(given, (text_t){self->token, self->length});
    *wait_ms = guesses_tell(self->guesses, peer, right ? GUESS_RIGHT : GUESS_WRONG, now_ns);
    return right ? PUSH_ALLOWED : PUSH_WRONG;
}
