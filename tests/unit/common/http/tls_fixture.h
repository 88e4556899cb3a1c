/* Certificates of a test's own, and a client of OpenSSL's. */
#pragma once

#include "common/http/tls_identity.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

static folder_t folder;

/* "folder/name.end". */
static inline const char *path_of(const char *name, const char *end)
{
    static char paths[4][120];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s.%s", folder.path, name, end);
    return path;
}

/* NAME.pem and NAME.key, for that name. more: what else openssl req is told. */
static inline void make_certificate(const char *name, const char *more)
{
    char command[600];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj /CN=%s "
             "-addext subjectAltName=DNS:%s %s -keyout %s -out %s 2>/dev/null",
             name, name, more, path_of(name, "key"), path_of(name, "pem"));
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own names */
    ck_assert_int_eq(chmod(path_of(name, "key"), 0600), 0);
}

static inline tls_identity_t *identity_of(const char *name)
{
    char wrong[TLS_IDENTITY_WRONG_MAX];
    tls_identity_t *identity = tls_identity_new(path_of(name, "pem"), path_of(name, "key"), wrong);
    ck_assert_msg(identity != NULL, "%s", wrong);
    return identity;
}

/* A client over a descriptor that does not block. */
static inline SSL *client_over(SSL_CTX *settings, int fd)
{
    SSL *client = SSL_new(settings);
    ck_assert_int_eq(SSL_set_fd(client, fd), 1);
    SSL_set_connect_state(client);
    return client;
}
