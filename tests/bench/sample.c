#include "tests/bench/sample.h"

#include "common/text.h"

static char *put(char *at, text_t text)
{
    memcpy(at, text.at, text.length);
    return at + text.length;
}

static char *put_u64(char *at, uint64_t value)
{
    return at + text_from_u64(at, value);
}

static char *put_digits(char *at, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_symbol(char *at, unsigned symbol)
{
    *at++ = 'S';
    return put(put_digits(at, symbol, 4), TEXT("-USD"));
}

/* A µs later with each trade; the hour comes round after an hour's worth of them. */
static char *put_time(char *at, uint64_t seq)
{
    at = put_digits(put(at, TEXT("2025-11-10T17:")), seq / 60000000 % 60, 2);
    *at++ = ':';
    at = put_digits(at, seq / 1000000 % 60, 2);
    *at++ = '.';
    return put_digits(at, seq % 1000000, 6);
}

size_t sample_symbol(char *out, unsigned symbol)
{
    return (size_t)(put_symbol(out, symbol) - out);
}

size_t sample_topic(char *out, unsigned symbol)
{
    return (size_t)(put(put_symbol(put(out, TEXT("trade.")), symbol), TEXT("." SAMPLE_SOURCE)) - out);
}

size_t sample_trade(char *out, unsigned symbol, uint64_t seq)
{
    char *at = put_u64(put(out, TEXT("{\"epoch\":")), SAMPLE_EPOCH);
    at = put_u64(put(at, TEXT(",\"seq\":")), seq);
    at = put_u64(put(at, TEXT(",\"seqnum\":")), seq);
    at = put_symbol(put(at, TEXT(",\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"")), symbol);
    at = put_time(put(at, TEXT("\",\"timestamp\":\"")), seq);
    at = put(at, TEXT("Z\",\"side\":\"buy\",\"qty\":0.00885072,\"price\":105383.80000,\"tradeId\":\""));
    at = put(put_u64(at, seq), TEXT("\",\"source\":\"" SAMPLE_SOURCE "\",\"received\":\""));
    return (size_t)(put(put_time(at, seq), TEXT("112Z\"}")) - out);
}

size_t sample_reading_topic(char *out, unsigned symbol)
{
    return (size_t)(put(put_symbol(put(out, TEXT("readings.")), symbol), TEXT("." SAMPLE_SOURCE)) - out);
}

/* As many bytes as a trade, about. */
size_t sample_reading(char *out, unsigned symbol, uint64_t seq)
{
    char *at = put_u64(put(out, TEXT("{\"epoch\":")), SAMPLE_EPOCH);
    at = put_u64(put(at, TEXT(",\"seq\":")), seq);
    at = put_symbol(put(at, TEXT(",\"channel\":\"readings\",\"key\":\"")), symbol);
    at = put_time(put(at, TEXT("\",\"timestamp\":\"")), seq);
    at = put_time(put(at, TEXT("Z\",\"source\":\"" SAMPLE_SOURCE "\",\"received\":\"")), seq);
    at = put(at, TEXT("112Z\",\"data\":{\"celsius\":21.50,\"bar\":2.050,\"rpm\":1480,\"state\":\"running\",\"n\":"));
    return (size_t)(put(put_u64(at, seq), TEXT("}}")) - out);
}

const sample_form_t sample_trades = {sample_topic, sample_trade, "", "{}"};
const sample_form_t sample_readings = {sample_reading_topic, sample_reading, "readings.", "{\"readings\":\"latest\"}"};

size_t sample_update(char *out, unsigned symbol, uint64_t seq)
{
    char *at = put(out, TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":"));
    at += sample_trade(at, symbol, seq);
    *at++ = '}';
    return (size_t)(at - out);
}

size_t sample_exchange(char *out, unsigned symbol, uint64_t seq)
{
    char *at = put_u64(put(out, TEXT("{\"seqnum\":")), seq);
    at = put_symbol(put(at, TEXT(",\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"")), symbol);
    at = put_time(put(at, TEXT("\",\"timestamp\":\"")), seq);
    at = put(at, TEXT("Z\",\"side\":\"buy\",\"qty\":0.00885072,\"price\":105383.80000,\"trade_id\":\""));
    return (size_t)(put(put_u64(at, seq), TEXT("\"}")) - out);
}

size_t sample_kraken(char *out, unsigned symbol, uint64_t seq)
{
    char *at = put(out, TEXT("{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"S"));
    at = put(put_digits(at, symbol, 4), TEXT("/USD\",\"side\":\"buy\",\"price\":105383.80000,\"qty\":0.00885072,"));
    at = put_u64(put(at, TEXT("\"ord_type\":\"limit\",\"trade_id\":")), seq);
    return (size_t)(put(put_time(put(at, TEXT(",\"timestamp\":\"")), seq), TEXT("Z\"}]}")) - out);
}

/* What follows a name, near the head of the text. */
static const char *behind(text_t head, text_t name)
{
    const char *found = memmem(head.at, head.length, name.at, name.length);
    return found ? found + name.length : NULL;
}

/* Where seqnum is, or seq, or a trade_id that is a number, which are the same. In an update it is always at the same place, which need not be searched for. */
static const char *seq_of(text_t head)
{
    static const char before[] = "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":{\"epoch\":1763941200123456,",
                      name[] = "\"seq\":";
    enum { AT = sizeof before - 1, NAME = sizeof name - 1 };
    if (head.length > AT + NAME && memcmp(head.at + AT, name, NAME) == 0)
        return head.at + AT + NAME;
    const char *found = behind(head, TEXT("\"seqnum\":"));
    if (!found)
        found = behind(head, TEXT("\"seq\":"));
    return found ? found : behind(head, TEXT("\"trade_id\":"));
}

uint64_t sample_read(const char *text, size_t length, unsigned *symbol)
{
    enum { HEAD = 224 };
    text_t head = {text, length < HEAD ? length : HEAD};
    const char *at = seq_of(head), *end = text + head.length;
    uint64_t seq = 0;
    for (; at && at < end && *at >= '0' && *at <= '9'; at++)
        seq = seq * 10 + (uint64_t)(*at - '0');
    if (!symbol || seq == 0)
        return seq;
    at = behind(head, TEXT("\"symbol\":\"S"));
    if (!at)
        at = behind(head, TEXT("\"key\":\"S"));
    *symbol = 0;
    for (int i = 0; at && i < 4; i++)
        *symbol = *symbol * 10 + (unsigned)(at[i] - '0');
    return seq;
}
