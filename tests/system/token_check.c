/* token_check CONFIG: who brings each token of the standard input, a line each, as a gateway with that configuration says it: a JSON line each.
 *
 *     {"subject":"alice","role":"viewer","expires_ns":1700000000000000000}
 *     {"refused":"expired","status":401,"code":-32001}
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/json/json_write.h"
#include "gatewayd/auth/auth.h"

static void put_identity(json_writer_t *json, const identity_t *identity)
{
    json_put_text(json, "subject", identity_subject(identity));
    json_put_text(json, "role", role_name(identity->role));
    json_put_u64(json, "expires_ns", (uint64_t)identity->expires_ns);
}

static void put_refusal(buffer_t *out, json_writer_t *json, auth_refusal_t refusal)
{
    const auth_refusal_words_t *words = auth_refusal_words(refusal);
    json_put_text(json, "refused", text_of(words->word));
    json_put_u64(json, "status", words->status);
    json_put_name(json, TEXT("code"));
    buffer_printf(out, "%d", words->rpc_code);
}

static void judge(auth_t *auth, text_t token)
{
    identity_t identity;
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    auth_refusal_t refusal = auth_admit(auth, token, &identity);
    json_open_object(&json, NULL);
    if (refusal == AUTH_GRANTED)
        put_identity(&json, &identity);
    else
        put_refusal(&out, &json, refusal);
    json_close_object(&json);
    printf("%.*s\n", TEXT_ARG(buffer_text(&out)));
    fflush(stdout);
    identity_release(&identity);
    buffer_release(&out);
}

int main(int argc, char **argv)
{
    char *environment[] = {NULL}, *line = NULL;
    size_t room = 0;
    ssize_t length;
    config_t *config = argc == 2 ? config_load(argv[1], NULL, 0, environment) : NULL;
    loop_t *loop = config ? loop_new() : NULL;
    auth_t *auth = loop ? auth_new(loop, config) : NULL;
    int code = auth ? EXIT_SUCCESS : EXIT_FAILURE;
    while (auth && (length = getline(&line, &room, stdin)) > 0)
        judge(auth, (text_t){line, (size_t)length - (line[length - 1] == '\n')});
    free(line);
    auth_destroy(&auth);
    if (loop)
        loop_destroy(&loop);
    config_destroy(&config);
    return code;
}
