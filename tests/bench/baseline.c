/* baseline: the least that a part of the work costs with the same library, and none of ours around it.
 *
 *     baseline sub ENDPOINT COUNT         a SUB socket takes COUNT messages of two frames
 *     baseline lejp COUNT                 LEJP parses the text of COUNT trades, as an exchange sends them
 *     baseline sqlite FILE COUNT BATCH    trades go into a fresh file, BATCH in a transaction
 *     baseline router ENDPOINT BYTES      a ROUTER answers each request with as many bytes, until it is killed
 *
 * The first three print {"count":N,"seconds":S,"cpu":S}; sub begins to count with the first message.
 */
#include "common/clock.h"
#include "tests/bench/sample.h"

#include <libwebsockets.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { REQUEST_MAX = 4096, ROUTE_MAX = 256, ANSWER_MAX = 1 << 20 };

static double own_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int told(uint64_t count, int64_t start_ns, double cpu)
{
    printf("{\"count\":%llu,\"seconds\":%.4f,\"cpu\":%.4f}\n", (unsigned long long)count,
           (double)(clock_mono_ns() - start_ns) / 1e9, own_cpu() - cpu);
    return EXIT_SUCCESS;
}

static int run_sub(const char *endpoint, uint64_t count)
{
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_SUB);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "trade.", 6);
    if (zmq_connect(socket, endpoint) != 0)
        return EXIT_FAILURE;
    int64_t start_ns = 0;
    double cpu = 0;
    zmq_msg_t message;
    zmq_msg_init(&message);
    for (uint64_t taken = 0; taken < count && zmq_msg_recv(&message, socket, 0) >= 0;) {
        if (start_ns == 0) {
            start_ns = clock_mono_ns();
            cpu = own_cpu();
        }
        taken += !zmq_msg_more(&message);
    }
    return told(count, start_ns, cpu);
}

/* --- LEJP --- */

static const char *const paths[] = {"seqnum", "event", "channel", "symbol", "timestamp", "side", "qty", "price", "trade_id"};

typedef struct {
    size_t fields, bytes;
} parsed_t;

static signed char on_field(struct lejp_ctx *context, char reason)
{
    parsed_t *parsed = context->user;
    if ((reason & LEJP_FLAG_CB_IS_VALUE) && context->path_match) {
        parsed->fields++;
        parsed->bytes += context->npos;
    }
    return 0;
}

static int run_lejp(uint64_t count)
{
    char text[SAMPLE_MAX];
    parsed_t parsed = {0};
    struct lejp_ctx context;
    int64_t start_ns = clock_mono_ns();
    double cpu = own_cpu();
    for (uint64_t seq = 1; seq <= count; seq++) {
        size_t length = sample_exchange(text, 0, seq);
        lejp_construct(&context, on_field, &parsed, paths, LWS_ARRAY_SIZE(paths));
        if (lejp_parse(&context, (const unsigned char *)text, (int)length) < 0)
            return EXIT_FAILURE;
        lejp_destruct(&context);
    }
    return parsed.fields >= count * LWS_ARRAY_SIZE(paths) ? told(count, start_ns, cpu) : EXIT_FAILURE;
}

/* --- SQLite --- */

static int run_sqlite(const char *path, uint64_t count, uint64_t batch)
{
    static const char schema[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                                 "CREATE TABLE trade (stream INTEGER, epoch INTEGER, seq INTEGER, time_ns INTEGER, json BLOB,"
                                 " PRIMARY KEY (stream, epoch, seq)) WITHOUT ROWID;";
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO trade VALUES (1, ?1, ?2, ?3, ?4)", -1, &insert, NULL) != SQLITE_OK)
        return EXIT_FAILURE;
    int64_t start_ns = clock_mono_ns();
    double cpu = own_cpu();
    for (uint64_t seq = 1; seq <= count; seq++) {
        char text[SAMPLE_MAX];
        if (seq % batch == 1 % batch)
            sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        sqlite3_bind_int64(insert, 1, (int64_t)SAMPLE_EPOCH);
        sqlite3_bind_int64(insert, 2, (int64_t)seq);
        sqlite3_bind_int64(insert, 3, start_ns + (int64_t)seq);
        sqlite3_bind_blob(insert, 4, text, (int)sample_trade(text, 0, seq), SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE)
            return EXIT_FAILURE;
        sqlite3_reset(insert);
        if (seq % batch == 0 || seq == count)
            sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    told(count, start_ns, cpu);
    sqlite3_finalize(insert);
    return sqlite3_close(db) == SQLITE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- ROUTER --- */

static int run_router(const char *endpoint, size_t bytes)
{
    char route[ROUTE_MAX], request[REQUEST_MAX];
    static char answer[ANSWER_MAX];
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    if (bytes > ANSWER_MAX || zmq_bind(socket, endpoint) != 0)
        return EXIT_FAILURE;
    memset(answer, 'x', bytes);
    for (int length; (length = zmq_recv(socket, route, sizeof route, 0)) > 0;) {
        zmq_recv(socket, request, sizeof request, 0);
        zmq_recv(socket, request, sizeof request, 0);
        zmq_send(socket, route, (size_t)length, ZMQ_SNDMORE);
        zmq_send(socket, "", 0, ZMQ_SNDMORE);
        zmq_send(socket, answer, bytes, 0);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "sub") == 0 && argc == 4)
        return run_sub(argv[2], strtoull(argv[3], NULL, 10));
    if (strcmp(what, "lejp") == 0 && argc == 3)
        return run_lejp(strtoull(argv[2], NULL, 10));
    if (strcmp(what, "sqlite") == 0 && argc == 5)
        return run_sqlite(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    if (strcmp(what, "router") == 0 && argc == 4)
        return run_router(argv[2], strtoul(argv[3], NULL, 10));
    fprintf(stderr, "usage: baseline sub ENDPOINT COUNT | lejp COUNT | sqlite FILE COUNT BATCH | router ENDPOINT BYTES\n");
    return EXIT_FAILURE;
}
