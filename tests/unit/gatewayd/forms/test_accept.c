/* Accept-Encoding, If-None-Match and gzip. */
#include "gatewayd/forms/accept.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <zlib.h>

static const struct {
    const char *header;
    bool gzip;
} encodings[] = {
    {"", false},
    {"gzip", true},
    {"GZip", true},
    {"x-gzip", true},
    {"deflate, gzip", true},
    {"deflate,gzip;q=1.0,*;q=0.5", true},
    {" gzip ; q=0.001", true},
    {"gzip;q=0", false},
    {"gzip; Q=0.000", false},
    {"gzip;q=0, *", false},
    {"*, gzip;q=0", false},
    {"*", true},
    {"*;q=0", false},
    {"identity", false},
    {"gzipped", false},
    {"br;q=1, identity;q=0.5", false},
    {",,;,gzip", true},
    {";;;", false},
};

START_TEST(an_encoding_is_taken_when_it_is_wanted)
{
    ck_assert_msg(accept_gzip(text_of(encodings[_i].header)) == encodings[_i].gzip, "%s", encodings[_i].header);
}
END_TEST

static const struct {
    const char *header;
    bool has;
} tags[] = {
    {"", false},
    {"\"a\"", true},
    {"W/\"a\"", true},
    {"\"b\"", false},
    {"\"b\", \"a\"", true},
    {"\"b\",W/\"a\"", true},
    {"*", true},
    {"a", false},
    {"\"a", false},
    {",,", false},
    {"\"a-gzip\"", true},
    {"W/\"a-gzip\"", true},
    {"\"b\", \"a-gzip\"", true},
    {"\"a--gzip\"", true},
    {"\"a-br\"", true},
    {"\"b-gzip\"", false},
    {"\"ab-gzip\"", false},
    {"\"a-gzip", false},
    {"\"a-gzip-gzip\"", false},
    {"\"a-\"", false},
    {"\"agzip\"", false},
    {"\"-gzip\"", false},
};

START_TEST(a_tag_is_found_in_the_list)
{
    ck_assert_msg(accept_has_tag(text_of(tags[_i].header), TEXT("\"a\"")) == tags[_i].has, "%s", tags[_i].header);
}
END_TEST

START_TEST(tags_tell_bytes_apart)
{
    char a[ACCEPT_TAG_SIZE], b[ACCEPT_TAG_SIZE];
    accept_tag(a, TEXT("{\"x\":1}"));
    accept_tag(b, TEXT("{\"x\":2}"));
    ck_assert_uint_eq(strlen(a), ACCEPT_TAG_SIZE - 1);
    ck_assert_str_ne(a, b);
    accept_tag(b, TEXT("{\"x\":1}"));
    ck_assert_str_eq(a, b);
}
END_TEST

START_TEST(what_is_compressed_comes_back)
{
    enum { LENGTH = 100000 };
    static char text[LENGTH], back[LENGTH];
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = "trades and candles"[i * i % 17];
    buffer_t out = buffer_new(0);
    buffer_append(&out, TEXT("before"));
    ck_assert(accept_compress(&out, (text_t){text, LENGTH}));
    ck_assert_uint_lt(out.length, LENGTH / 10);
    z_stream stream = {
        .next_in = (Bytef *)out.bytes + 6, .avail_in = (uInt)out.length - 6, .next_out = (Bytef *)back, .avail_out = LENGTH};
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    ck_assert_mem_eq(text, back, LENGTH);
    buffer_release(&out);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("accept");
    tcase_add_loop_test(tcase, an_encoding_is_taken_when_it_is_wanted, 0, sizeof encodings / sizeof *encodings);
    tcase_add_loop_test(tcase, a_tag_is_found_in_the_list, 0, sizeof tags / sizeof *tags);
    tcase_add_test(tcase, tags_tell_bytes_apart);
    tcase_add_test(tcase, what_is_compressed_comes_back);
    return RUN_TESTS("accept", tcase);
}
