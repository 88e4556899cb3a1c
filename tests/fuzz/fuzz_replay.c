/* What is asked of connectord's replay, a request a line: each answer is valid JSON within its limit, and a range that is taken has the trades that
 * the journal has. */
#include "common/curve/rights.h"
#include "common/json/json.h"
#include "common/log.h"
#include "connectord/publish/replay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/temporary_folder.h"

#define EPOCH UINT64_C(1763941200123456)

enum { CAPACITY = 1 << 20, TRADES = 20, REQUESTS_MAX = 16 };

static folder_t folder;
static journal_t *journal;

static void on_renewed(void *arg)
{
    (void)arg;
}

static void remove_journal(void)
{
    journal_close(&journal);
    folder_remove(&folder);
}

static void append_all(text_t topic)
{
    journal_stream_t *stream = journal_stream(journal, topic);
    for (unsigned i = 1; i <= TRADES; i++) {
        char json[32];
        require(journal_append(journal, stream, (text_t){json, (size_t)snprintf(json, sizeof json, "{\"seq\":%u}", i)}));
    }
}

static void make_journal(void)
{
    folder = folder_new();
    journal = journal_open(folder.path, CAPACITY, EPOCH);
    require(journal != NULL);
    append_all(TEXT("trade.BTC-USD.a"));
    append_all(TEXT("trade.ETH-USD.a"));
}

static void check_answer(text_t answer)
{
    range_answer_t range;
    require(json_valid(answer));
    if (json_kind(json_member(answer, "ok")) != JSON_TRUE)
        require(json_kind(json_member(json_member(answer, "error"), "code")) == JSON_STRING);
    else if (json_kind(json_member(answer, "trades")) == JSON_ARRAY)
        require(range_answer_parse(answer, &range));
}

/* `ahead` begins a new epoch, which would last into what is tried next. */
static void prepare(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    if (journal && journal_epoch(journal) == EPOCH)
        return;
    if (journal)
        remove_journal();
    else
        atexit(remove_journal);
    make_journal();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t rest = {(const char *)data, size};
    prepare();
    renewal_t renewal = renewal_new(journal, on_renewed, NULL, 0);
    buffer_t answer = buffer_new((size_t)2 * REPLAY_ANSWER_BYTES);
    for (size_t asked = 0; rest.length > 0 && asked < REQUESTS_MAX; asked++) {
        replay_answer(journal, &renewal, NULL, TEXT(RIGHTS_ALL), take_until(&rest, '\n'), &answer);
        require(buffer_ok(&answer));
        check_answer(buffer_text(&answer));
    }
    buffer_release(&answer);
    return 0;
}
