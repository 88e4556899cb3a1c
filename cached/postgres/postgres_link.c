#include "cached/postgres/postgres_link.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* So that no call hangs for ever, whatever the other side or the network does; the URL may say otherwise. */
static const char *const keywords[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                       "keepalives_count", "tcp_user_timeout", "application_name",
                                       "dbname",           "client_encoding",  NULL};
enum { URL_AT = 6 };

static const char session_setup[] = "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s';"
                                    "SET client_min_messages = error; SET synchronous_commit = on";

void postgres_link_close(postgres_link_t *self)
{
    PQfinish(self->conn);
    self->conn = NULL;
}

/* The first line of a message, with our name before it. */
static store_result_t fail(postgres_link_t *self, store_result_t result, const char *what, char *error)
{
    while (isspace((unsigned char)*what))
        what++;
    snprintf(error, STORE_ERROR_MAX, "postgres: %.*s", (int)strcspn(what, "\n"), what);
    postgres_link_close(self);
    return result;
}

/* What passes by itself, by the first characters of its SQLSTATE: a lost connection, a shutdown, a timeout, a deadlock, too many
 * connections, a lock. None at all: the connection broke. */
static store_result_t meaning(const char *state)
{
    static const char *const passing[] = {"08", "57", "40", "533", "55P03", "25P03"};
    for (size_t i = 0; state && i < sizeof passing / sizeof *passing; i++)
        if (strncmp(state, passing[i], strlen(passing[i])) == 0)
            return STORE_AWAY;
    return state ? STORE_REFUSED : STORE_AWAY;
}

store_result_t postgres_link_check(postgres_link_t *self, const PGresult *result, char *error)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN)
        return STORE_OK;
    const char *what = PQresultErrorMessage(result);
    return fail(self, meaning(PQresultErrorField(result, PG_DIAG_SQLSTATE)), *what ? what : PQerrorMessage(self->conn), error);
}

static store_result_t hand_over(postgres_link_t *self, PGresult *result, PGresult **wanted, char *error)
{
    store_result_t checked = postgres_link_check(self, result, error);
    if (wanted && checked == STORE_OK) {
        *wanted = result;
        return checked;
    }
    PQclear(result);
    if (wanted)
        *wanted = NULL;
    return checked;
}

store_result_t postgres_link_run(postgres_link_t *self, PGresult **result, char *error, const char *format, ...)
{
    char statement[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(statement, sizeof statement, format, arguments);
    va_end(arguments);
    return hand_over(self, PQexec(self->conn, statement), result, error);
}

store_result_t postgres_link_run_with(postgres_link_t *self, PGresult **result, char *error, const char *statement, text_t text)
{
    const char *const values[] = {text.at};
    const int lengths[] = {(int)text.length}, binary[] = {1}; /* a text in binary needs no NUL behind it */
    return hand_over(self, PQexecParams(self->conn, statement, 1, NULL, values, lengths, binary, 0), result, error);
}

int64_t postgres_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

cursor_t postgres_cursor(const PGresult *result, int row, int column)
{
    return (cursor_t){(uint64_t)postgres_number(result, row, column), (uint64_t)postgres_number(result, row, column + 1)};
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg, (void)message;
}

/* A server that answers a ping, but does not let us in, has something against us: a password, a name. */
static store_result_t why_not_connected(postgres_link_t *self, const char *const *values, char *error)
{
    char what[STORE_ERROR_MAX];
    snprintf(what, sizeof what, "%s", self->conn ? PQerrorMessage(self->conn) : "out of memory");
    PGPing ping = PQpingParams(keywords, values, 1);
    return fail(self, ping == PQPING_OK || ping == PQPING_NO_ATTEMPT ? STORE_REFUSED : STORE_AWAY, what, error);
}

/* libpq's own message would show the URL. */
static bool url_is_good(const char *url)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    PQconninfoFree(options);
    PQfreemem(message);
    return options != NULL;
}

store_result_t postgres_link_ensure(postgres_link_t *self, char *error)
{
    const char *values[] = {"5", "10", "5", "3", "15000", "dataflow", self->url, "UTF8", NULL};
    _Static_assert(sizeof values / sizeof *values == sizeof keywords / sizeof *keywords, "a value for each keyword");
    if (self->conn)
        return STORE_OK;
    if (!url_is_good(values[URL_AT]))
        return fail(self, STORE_REFUSED, "expected a libpq URL: postgres://USER:PASSWORD@HOST:PORT/DATABASE", error);
    self->conn = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(self->conn) != CONNECTION_OK)
        return why_not_connected(self, values, error);
    PQsetNoticeProcessor(self->conn, ignore_notice, NULL);
    store_result_t result = postgres_link_run(self, NULL, error, "%s", session_setup);
    return result == STORE_OK ? postgres_schema_ensure(self, error) : result;
}
