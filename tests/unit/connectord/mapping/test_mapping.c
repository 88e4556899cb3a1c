/* Over 400 lines, but one idea: tables of messages and what is made of them. */
#include "connectord/mapping/mapping_test.h"

#include "common/buffer.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECEIVED_NS = 1762795474 };

static mapping_t *mapping;
static buffer_t told; /* what came of messages, a line each */
static char error[MAPPING_ERROR_MAX];

static void on_record(void *arg, const mapping_record_t *record)
{
    const trade_t *trade = &record->trade;
    (void)arg;
    if (text_equal(record->channel, TEXT("trades")))
        buffer_printf(&told, "%.*s %.*s %.*s %s %.*s %.*s\n", TEXT_ARG(trade->symbol), TEXT_ARG(trade->id),
                      TEXT_ARG(trade->timestamp), trade->side == SIDE_BUY ? "buy" : "sell", TEXT_ARG(trade->qty),
                      TEXT_ARG(trade->price));
    else
        buffer_printf(&told, "%.*s %.*s %.*s %.*s %.*s\n", TEXT_ARG(record->channel), TEXT_ARG(record->key),
                      TEXT_ARG(record->id), TEXT_ARG(record->timestamp), TEXT_ARG(record->data));
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    ck_assert_ptr_nonnull(sample.at);
    buffer_printf(&told, "fault: %s\n", reason);
}

/* What begins with x is unwanted, tBTCUSD is BTC-USD; others are ours. */
static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    (void)arg;
    (void)channel;
    *key = text_equal(native, TEXT("tBTCUSD")) ? TEXT("BTC-USD") : native;
    return !text_starts_with(native, TEXT("x"));
}

static const mapping_events_t events = {.record = on_record, .fault = on_fault, .key = on_key};

static void setup(void)
{
    told = buffer_new(0);
}

static void teardown(void)
{
    mapping_destroy(&mapping);
    buffer_release(&told);
}

/* JSON with single quotes, which no string here needs. */
static text_t quoted(const char *json)
{
    static char room[8][4096];
    static unsigned next;
    char *out = room[next++ % 8];
    size_t length = strlen(json);
    ck_assert_uint_lt(length, sizeof room[0]);
    for (size_t i = 0; i <= length; i++)
        out[i] = json[i] == '\'' ? '"' : json[i];
    return (text_t){out, length};
}

static void compile(const char *json)
{
    mapping_destroy(&mapping);
    mapping = mapping_load(quoted(json), error);
    ck_assert_msg(mapping, "%s", error);
}

static void expect(const char *message, const char *lines)
{
    buffer_clear(&told);
    mapping_run(mapping, quoted(message), RECEIVED_NS, &events, NULL);
    ck_assert_msg(text_equal(buffer_text(&told), text_of(lines)), "%s: expected\n%s, found\n%.*s", message, lines,
                  TEXT_ARG(buffer_text(&told)));
}

/* --- exchanges, as they speak --- */

#define OKX                                                                                                                    \
    "{'where':{'/arg/channel':'trades'},'each':'/data','symbol':'/instId','id':'/tradeId','timestamp':'/"                      \
    "ts','unit':'ms','price':'/px','qty':'/sz',"                                                                               \
    "'side':{'at':'/side','buy':'buy','sell':'sell'}}"

START_TEST(okx_has_an_array_of_records_and_its_numbers_in_quotes)
{
    compile(OKX);
    expect("{'arg':{'channel':'trades','instId':'BTC-USDT'},'data':[{'instId':'BTC-USDT','tradeId':'326','px':'30105.50','sz':'"
           "0.010','side':'buy','ts':'1652459225303'},"
           "{'instId':'BTC-USDT','tradeId':'327','px':'30105.4','sz':'1','side':'sell','ts':'1652459225400'}]}",
           "BTC-USDT 326 2022-05-13T16:27:05.303Z buy 0.010 30105.50\nBTC-USDT 327 2022-05-13T16:27:05.400Z sell 1 30105.4\n");
    expect("{'event':'subscribe','arg':{'channel':'tickers'}}", "");
    ck_assert_uint_eq(mapping_counts(mapping)->records, 2);
    ck_assert_uint_eq(mapping_counts(mapping)->other_messages, 1);
}
END_TEST

START_TEST(bitfinex_speaks_in_arrays_with_the_side_as_a_sign)
{
    compile("[{'where':{'/1':'te'},'symbol':'/0','symbols':{'17470':'BTC-USD'},'id':'/2/0','timestamp':'/2/1','unit':'ms',"
            "'qty':{'at':'/2/2','abs':true},'price':'/2/3','side':{'sign_of':'/2/2'}},"
            "{'where':{'/1':{'is':'array'}},'each':'/1','symbol':'^/0','symbols':{'17470':'BTC-USD'},'id':'/0','timestamp':'/"
            "1','unit':'ms',"
            "'qty':{'at':'/2','abs':true},'price':'/3','side':{'sign_of':'/2'}}]");
    expect("[17470,'te',[401597395,1574694478808,-0.005,7245.3]]",
           "BTC-USD 401597395 2019-11-25T15:07:58.808Z sell 0.005 7245.3\n");
    expect("[17470,[[401597393,1574694475039,0.005,7244.9],[401597392,1574694475022,-1.0,7244.80]]]",
           "BTC-USD 401597393 2019-11-25T15:07:55.039Z buy 0.005 7244.9\nBTC-USD 401597392 2019-11-25T15:07:55.022Z sell 1.0 "
           "7244.80\n");
    expect("[17470,'tu',[401597395,1574694478808,-0.005,7245.3]]", "");
    expect("[17470,'hb']", "");
    expect("[17470,'te',[401597395,1574694478808,0,7245.3]]",
           "fault: side (/2/2): expected a number above or below 0, found 0\n");
}
END_TEST

START_TEST(coinbase_has_arrays_within_arrays_and_says_what_the_taker_did)
{
    compile("{'where':{'/channel':'market_trades'},'each':'/events/*/trades','symbol':'/product_id','id':'/"
            "trade_id','timestamp':'/time','price':'/price','qty':'/size',"
            "'side':{'at':'/side','buy':'BUY','sell':'SELL'}}");
    expect("{'channel':'market_trades','events':[{'type':'update','trades':[{'trade_id':'1','product_id':'BTC-USD','price':'1."
           "50','size':'2','side':'BUY',"
           "'time':'2026-04-07T14:30:02.789012Z'}]},{'trades':[]},{'trades':[{'trade_id':'2','product_id':'BTC-USD','price':'1'"
           ",'size':'2','side':'SELL',"
           "'time':'2026-04-07T14:30:03Z'}]}]}",
           "BTC-USD 1 2026-04-07T14:30:02.789012Z buy 2 1.50\nBTC-USD 2 2026-04-07T14:30:03Z sell 2 1\n");
    expect("{'channel':'market_trades','events':[{'type':'update'}]}",
           "fault: each (/events/*/trades): expected an array, found nothing\n");
}
END_TEST

START_TEST(binance_says_of_the_maker_whether_he_bought_and_its_symbols_are_the_connector_s_to_know)
{
    compile("{'where':{'/data/e':'trade'},'symbol':'/data/s','symbols':{'BTCUSDT':'BTC-USDT'},'id':'/data/t','timestamp':'/"
            "data/T','unit':'us','price':'/data/p','qty':'/data/q',"
            "'side':{'at':'/data/m','buy':true,'sell':false,'of':'maker'}}");
    expect("{'stream':'btcusdt@trade','data':{'e':'trade','s':'BTCUSDT','t':12345,'p':'0.001','q':'100','T':1672515782136123,'"
           "m':true}}",
           "BTC-USDT 12345 2022-12-31T19:43:02.136123Z sell 100 0.001\n");
    expect("{'data':{'e':'trade','s':'xETHUSDT','t':12345,'p':'0.001','q':'100','T':1672515782136123,'m':true}}", "");
    ck_assert_uint_eq(mapping_counts(mapping)->unwanted, 1);
}
END_TEST

START_TEST(a_maker_s_side_is_turned_where_it_is_written_out)
{
    compile("{'symbol':'/s','id':'/i','timestamp':'/t','price':'/p','qty':'/q','side':{'at':'/"
            "side','buy':'buy','sell':'sell','of':'maker'}}");
    expect("{'s':'A-B','i':'1','t':'2021-04-17T16:39:04.7Z','p':1,'q':2,'side':'buy'}",
           "A-B 1 2021-04-17T16:39:04.7Z sell 2 1\n");
}
END_TEST

/* --- other channels --- */

START_TEST(another_channel_keeps_what_the_source_said)
{
    compile("{'channel':'readings','key':'/sensor','data':'/values','timestamp':'/at','unit':'s'}");
    expect("{'sensor':'cellar','at':1762795473.25,'values':{ 'temp' : 11.50,\n'text':'a  b \\' c' }}",
           "readings cellar  2025-11-10T17:24:33.25Z {\"temp\":11.50,\"text\":\"a  b \\\" c\"}\n");
}
END_TEST

START_TEST(without_a_time_a_record_has_that_of_its_arrival_and_without_more_it_is_whole)
{
    compile("{'channel':'readings','key':{'value':'cellar'},'id':'/n'}");
    expect(" {'n': 7 } ", "readings cellar 7 1970-01-01T00:00:01.762795474Z {\"n\":7}\n");
}
END_TEST

START_TEST(every_field_may_be_the_same_for_all_records)
{
    compile("{'each':'','channel':'readings','key':{'value':'k'},'id':{'value':'7'},'data':{'value':'{}'}}");
    expect("[{},{}]", "readings k 7 1970-01-01T00:00:01.762795474Z {}\nreadings k 7 1970-01-01T00:00:01.762795474Z {}\n");
    compile("{'channel':'readings','key':{'value':'k'},'id':{'value':'7'},'data':{'value':'{}'}}");
    expect("{}", "readings k 7 1970-01-01T00:00:01.762795474Z {}\n");
}
END_TEST

/* --- bad input --- */

#define GOOD_SYMBOL "'instId':'A-B',"
#define GOOD_ID     "'tradeId':'1',"
#define GOOD_TIME   "'ts':'1652459225303',"
#define GOOD_REST   "'px':'1.5','sz':'2','side':'buy'"

static const struct {
    const char *members, *lines;
} records[] = {
    {GOOD_SYMBOL GOOD_ID GOOD_TIME GOOD_REST, "A-B 1 2022-05-13T16:27:05.303Z buy 2 1.5\n"},
    {"'side':'buy','sz':2,'px':1.5,'ts':1652459225303,'tradeId':1,'more':[{'px':3}],'instId':'A-B'",
     "A-B 1 2022-05-13T16:27:05.303Z buy 2 1.5\n"},
    {GOOD_ID GOOD_TIME GOOD_REST, "fault: symbol (/instId): missing\n"},
    {"'instId':null," GOOD_ID GOOD_TIME GOOD_REST, "fault: symbol (/instId): missing\n"},
    {"'instId':{}," GOOD_ID GOOD_TIME GOOD_REST, "fault: symbol (/instId): expected a text or a number, found {}\n"},
    {"'instId':'no symbol'," GOOD_ID GOOD_TIME GOOD_REST, "fault: symbol (/instId): invalid, found no symbol\n"},
    {"'instId':'x-unwanted'," GOOD_ID GOOD_TIME GOOD_REST, ""},
    {GOOD_SYMBOL "'tradeId':[1]," GOOD_TIME GOOD_REST, "fault: id (/tradeId): expected a text or a number, found [1]\n"},
    {GOOD_SYMBOL "'tradeId':1.5," GOOD_TIME GOOD_REST, "fault: id (/tradeId): expected a text or a whole number, found 1.5\n"},
    {GOOD_SYMBOL "'tradeId':1e3," GOOD_TIME GOOD_REST, "fault: id (/tradeId): expected a text or a whole number, found 1e3\n"},
    {GOOD_SYMBOL "'tradeId':'1','tradeId':'2'," GOOD_TIME GOOD_REST, "fault: id (/tradeId): expected once, found twice\n"},
    {GOOD_SYMBOL "'tradeId':''," GOOD_TIME GOOD_REST, "fault: id (/tradeId): invalid, found \n"},
    {GOOD_SYMBOL GOOD_ID "'ts':1652459225," GOOD_REST,
     "fault: timestamp (/ts): expected milliseconds since 1970, found 1652459225\n"},
    {GOOD_SYMBOL GOOD_ID "'ts':'1652459225303000000'," GOOD_REST,
     "fault: timestamp (/ts): expected milliseconds since 1970, found 1652459225303000000\n"},
    {GOOD_SYMBOL GOOD_ID "'ts':'2022-05-13T16:27:05Z'," GOOD_REST,
     "fault: timestamp (/ts): expected milliseconds since 1970, found 2022-05-13T16:27:05Z\n"},
    {GOOD_SYMBOL GOOD_ID "'ts':-1," GOOD_REST, "fault: timestamp (/ts): expected milliseconds since 1970, found -1\n"},
    {GOOD_SYMBOL GOOD_ID "'ts':1.652459225303e12," GOOD_REST,
     "fault: timestamp (/ts): expected milliseconds since 1970, found 1.652459225303e12\n"},
    {GOOD_SYMBOL GOOD_ID "'ts':1652459225303.25," GOOD_REST, "A-B 1 2022-05-13T16:27:05.30325Z buy 2 1.5\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':'1.5.','sz':'2','side':'buy'", "fault: price (/px): expected a number, found 1.5.\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':'','sz':'2','side':'buy'", "fault: price (/px): expected a number, found \n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':'0x10','sz':'2','side':'buy'", "fault: price (/px): expected a number, found 0x10\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':'NaN','sz':'2','side':'buy'", "fault: price (/px): expected a number, found NaN\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':true,'sz':'2','side':'buy'", "fault: price (/px): expected a number, found true\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':[1.5],'sz':'2','side':'buy'",
     "fault: price (/px): expected a text or a number, found [1.5]\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':8.5E-5,'sz':'1234567890123456789012345678901234567890.10','side':'buy'",
     "A-B 1 2022-05-13T16:27:05.303Z buy 1234567890123456789012345678901234567890.10 8.5E-5\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':1,'sz':'2','side':'Buy'",
     "fault: side (/side): expected one of buy or sell, found Buy\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':1,'sz':'2','side':1", "fault: side (/side): expected one of buy or sell, found 1\n"},
    {GOOD_SYMBOL GOOD_ID GOOD_TIME "'px':1,'sz':'2'", "fault: side (/side): missing\n"},
    {"'instId':'\\u0041-B','tradeId':'\\u0031'," GOOD_TIME "'px':'1.\\u0035','sz':'2','side':'b\\u0075y'",
     "A-B 1 2022-05-13T16:27:05.303Z buy 2 1.5\n"},
};

START_TEST(a_bad_record_is_named_and_costs_nothing_around_it)
{
    char message[4096], expected[1024];
    static const char good[] = "{'instId':'A-B','tradeId':'9','ts':'1652459225303','px':'1','sz':'1','side':'sell'}";
    static const char line[] = "A-B 9 2022-05-13T16:27:05.303Z sell 1 1\n";
    compile(OKX);
    snprintf(message, sizeof message, "{'arg':{'channel':'trades'},'data':[%s,{%s},%s]}", good, records[_i].members, good);
    snprintf(expected, sizeof expected, "%s%s%s", line, records[_i].lines, line);
    expect(message, expected);
}
END_TEST

static const struct {
    const char *message, *lines;
} messages[] = {
    {"{'arg':{'channel':'trades'},'data':{}}", "fault: each (/data): expected an array, found {}\n"},
    {"{'arg':{'channel':'trades'}}", "fault: each (/data): expected an array, found nothing\n"},
    {"{'arg':{'channel':'trades'},'data':[]}", ""},
    {"{'arg':{'channel':'trades'},'data':[1,[],null]}",
     "fault: symbol (/instId): missing\nfault: symbol (/instId): missing\nfault: symbol (/instId): missing\n"},
    {"{'arg':{'channel':'trades','channel':'trades'},'data':[]}",
     "fault: where: a member that it looks at stands there twice\n"},
    {"{'arg':{'channel':'trades'},'data':[],'data':[]}", "fault: each (/data): expected once, found twice\n"},
    {"{'arg':{'channel':'trades'},'data':[", "fault: expected JSON\n"},
    {"<html>502 Bad Gateway</html>", "fault: expected JSON\n"},
    {"", "fault: expected JSON\n"},
    {"[]", ""},
    {"'pong'", ""},
    {"{'arg':{'channel':['trades']},'data':[]}", ""},
};

START_TEST(a_bad_message_is_named_and_another_s_is_left_alone)
{
    compile(OKX);
    expect(messages[_i].message, messages[_i].lines);
}
END_TEST

START_TEST(a_value_that_is_missing_may_have_another_in_its_place)
{
    compile("{'symbol':{'at':'/s','else':'A-B'},'id':'/i','timestamp':'/t','price':'/p','qty':{'value':'1'},'side':{'at':'/"
            "d','buy':['b','B'],'sell':'s','else':'ignore'}}");
    expect("{'i':'1','t':'2021-04-17T16:39:04Z','p':1,'d':'B'}", "A-B 1 2021-04-17T16:39:04Z buy 1 1\n");
    expect("{'i':'1','t':'2021-04-17T16:39:04Z','p':1,'d':'?'}", "");
    ck_assert_uint_eq(mapping_counts(mapping)->unwanted, 1);
}
END_TEST

START_TEST(what_a_record_of_a_channel_can_t_have_is_refused)
{
    compile("{'channel':'readings','key':'/k','id':'/i','data':'/d'}");
    expect("{'k':'a','i':'1','d':[1]}", "fault: data (/d): expected an object, found [1]\n");
    expect("{'k':'a','i':'1','d':7}", "fault: data (/d): expected an object, found 7\n");
    expect("{'k':'a.b','i':'1','d':{}}", "fault: key (/k): invalid, found a.b\n");
    expect("{'k':'a','i':'1 2','d':{}}", "fault: id (/i): invalid, found 1 2\n");
    expect("{'k':'a','i':'1','d':[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
           "fault: data (/d): expected an object, found [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n");
}
END_TEST

START_TEST(data_that_is_too_long_is_refused)
{
    char message[3 * RECORD_DATA_MAX];
    compile("{'channel':'readings','key':{'value':'k'},'data':'/d'}");
    snprintf(message, sizeof message, "{\"d\":{\"\":\"%0*d\"}}", RECORD_DATA_MAX - 7, 0);
    mapping_run(mapping, text_of(message), RECEIVED_NS, &events, NULL);
    ck_assert_uint_eq(mapping_counts(mapping)->records, 1);
    snprintf(message, sizeof message, "{\"d\":{\"\":\"%0*d\"}}", RECORD_DATA_MAX - 6, 0);
    buffer_clear(&told);
    mapping_run(mapping, text_of(message), RECEIVED_NS, &events, NULL);
    ck_assert(text_equal(buffer_text(&told), TEXT("fault: data (/d): expected at most 4096 bytes, found more\n")));
}
END_TEST

/* --- mistakes in a mapping --- */

#define REST "'symbol':'/s','id':'/i','timestamp':'/t','price':'/p','qty':'/q'"
#define SIDE ",'side':{'at':'/d','buy':'b','sell':'s'}"

static const struct {
    const char *json, *error;
} mistakes[] = {
    {"", "mapping: expected JSON"},
    {"[]", "mapping: expected 1 to 8 rules, found 0"},
    {"[1]", "mapping[0]: expected an object, found 1"},
    {"{" REST SIDE ",'prize':'/x'}", "mapping: there is no key \"prize\" in a mapping"},
    {"{" REST "}", "mapping.side: missing"},
    {"[{" REST SIDE "},{" REST "}]", "mapping[1].side: missing"},
    {"{'id':'/i'}", "mapping.symbol: missing"},
    {"{" REST SIDE ",'key':'/k'}", "mapping.key: symbol and key exclude each other"},
    {"{" REST SIDE ",'data':''}", "mapping.data: trades have none"},
    {"{'channel':'readings','key':'/k','price':'/p'}", "mapping.price: only trades have one"},
    {"{'channel':'readings'}", "mapping.key: missing"},
    {"{'symbol':'s',"
     "'id':'/i'}",
     "mapping.symbol: expected a JSON Pointer, which is empty or begins with a slash, found \"s\""},
    {"{'symbol':{'at':'/s','value':'A-B'}}", "mapping.symbol: at and value exclude each other"},
    {"{'symbol':{'at':'/s','default':'A-B'}}", "mapping.symbol: expected at, else, value or abs, found \"default\""},
    {"{'symbol':{}}", "mapping.symbol: expected at or value"},
    {"{'symbol':7}", "mapping.symbol: expected a JSON Pointer or an object, found 7"},
    {"{" REST ",'side':'/d'}", "mapping.side: expected {\"at\", \"buy\", \"sell\"} or {\"sign_of\"}, found \"/d\""},
    {"{" REST ",'side':{'at':'/d'}}", "mapping.side: expected buy and sell beside at"},
    {"{" REST ",'side':{'at':'/d','sign_of':'/d'}}", "mapping.side: at and sign_of exclude each other"},
    {"{" REST ",'side':{'sign_of':'/d','buy':'b'}}", "mapping.side: sign_of and buy or sell exclude each other"},
    {"{" REST ",'side':{'at':'/d','buy':[],'sell':'s'}}", "mapping.side.buy: expected a text or more, found an empty array"},
    {"{" REST ",'side':{'at':'/d','buy':{},'sell':'s'}}", "mapping.side.buy: expected a text or an array of texts, found {}"},
    {"{" REST ",'side':{'at':'/d','buy':'b','sell':'s','of':'us'}}", "mapping.side.of: expected taker or maker, found \"us\""},
    {"{" REST SIDE ",'unit':'min'}", "mapping.unit: expected iso, s, ms, us or ns, found \"min\""},
    {"{" REST SIDE ",'where':['/a']}", "mapping.where: expected an object of JSON Pointers and texts, found ['/a']"},
    {"{" REST SIDE ",'where':{'a':'b'}}",
     "mapping.where: expected a JSON Pointer, which is empty or begins with a slash, found \"a\""},
    {"{" REST SIDE ",'each':'data'}",
     "mapping.each: expected a JSON Pointer, which is empty or begins with a slash, found \"data\""},
    {"{" REST SIDE ",'each':'/a/*/b/*/c/*/d'}", "mapping.each: expected at most 3 arrays within one another"},
    {"{" REST SIDE ",'symbols':{'a':1}}", "mapping.symbols: expected a text, found 1"},
    {"{" REST SIDE ",'symbols':{'a':'A-B','a':'A-C'}}", "mapping.symbols: \"a\" stands there twice"},
    {"{" REST SIDE ",'tests':{}}", "mapping.tests: expected an array, found {}"},
    {"{" REST SIDE ",'tests':[{'message':{},'records':[{}]}]}",
     "mapping.tests[0]: fault: expected none, found symbol (/s): missing"},
    {"{" REST SIDE ",'tests':[{'message':{},'fault':'price'}]}",
     "mapping.tests[0]: fault: expected \"price\", found symbol (/s): missing"},
    {"{" REST SIDE ",'tests':[{'message':{}}]}",
     "mapping.tests[0]: test: expected message, and records or fault, found {\"message\":{}}"},
    {"{" REST SIDE ",'where':{'/x':'y'},'tests':[{'message':{},'records':[{'side':'buy'}]}]}",
     "mapping.tests[0]: records: expected {\"side\":\"buy\"}, found no more"},
};

START_TEST(a_mistake_in_a_mapping_is_told_with_its_path)
{
    ck_assert_ptr_null(mapping_load(quoted(mistakes[_i].json), error));
    text_t expected = text_starts_with(text_of(mistakes[_i].error), TEXT("mapping.where: expected an object"))
                          ? quoted(mistakes[_i].error)
                          : text_of(mistakes[_i].error);
    ck_assert_msg(text_equal(text_of(error), expected), "expected %s, found %s", mistakes[_i].error, error);
}
END_TEST

#define MESSAGE "'message':{'s':'tBTCUSD','i':'1','t':'2021-04-17T16:39:04Z','p':1.50,'q':2,'d':'b'}"

START_TEST(tests_in_a_mapping_compare_digit_for_digit)
{
    compile(
        "{" REST SIDE ",'tests':[{" MESSAGE
        ",'symbols':{'tBTCUSD':'BTC-USD'},'records':[{'symbol':'BTC-USD','price':1.50,'qty':'2','side':'buy','id':'1'}]}]}");
    ck_assert_uint_eq(mapping_counts(mapping)->records, 0); /* of live messages */
    ck_assert_ptr_null(mapping_load(
        quoted("{" REST SIDE ",'tests':[{" MESSAGE ",'symbols':{'tBTCUSD':'BTC-USD'},'records':[{'price':1.5}]}]}"), error));
    ck_assert_str_eq(error, "mapping.tests[0]: record 1: price: expected 1.5, found 1.50");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("mapping");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, okx_has_an_array_of_records_and_its_numbers_in_quotes);
    tcase_add_test(tests, bitfinex_speaks_in_arrays_with_the_side_as_a_sign);
    tcase_add_test(tests, coinbase_has_arrays_within_arrays_and_says_what_the_taker_did);
    tcase_add_test(tests, binance_says_of_the_maker_whether_he_bought_and_its_symbols_are_the_connector_s_to_know);
    tcase_add_test(tests, a_maker_s_side_is_turned_where_it_is_written_out);
    tcase_add_test(tests, another_channel_keeps_what_the_source_said);
    tcase_add_test(tests, without_a_time_a_record_has_that_of_its_arrival_and_without_more_it_is_whole);
    tcase_add_test(tests, every_field_may_be_the_same_for_all_records);
    tcase_add_loop_test(tests, a_bad_record_is_named_and_costs_nothing_around_it, 0, sizeof records / sizeof *records);
    tcase_add_loop_test(tests, a_bad_message_is_named_and_another_s_is_left_alone, 0, sizeof messages / sizeof *messages);
    tcase_add_test(tests, a_value_that_is_missing_may_have_another_in_its_place);
    tcase_add_test(tests, what_a_record_of_a_channel_can_t_have_is_refused);
    tcase_add_test(tests, data_that_is_too_long_is_refused);
    tcase_add_loop_test(tests, a_mistake_in_a_mapping_is_told_with_its_path, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, tests_in_a_mapping_compare_digit_for_digit);
    return RUN_TESTS("mapping", tests);
}
