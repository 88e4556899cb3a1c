/* Any bytes as a topic, as a subject and what follows, and as what a topic may begin with: the three agree, and what is taken is valid. */
#include "proto/topic.h"
#include "tests/fuzz/fuzz.h"

static void check_subject(text_t subject)
{
    char room[SUBJECT_MAX];
    text_t channel, key;
    require(subject_valid(subject) && subject.length <= SUBJECT_MAX);
    subject_split(subject, &channel, &key);
    require(subject_is_symbol(subject) ? symbol_valid(key) : channel_valid(channel) && key_valid(key));
    require(text_equal((text_t){room, subject_print(room, channel, key)}, subject));
}

/* Every beginning of a topic can begin one. */
static void check_topic(text_t topic, text_t subject, text_t source)
{
    char room[TOPIC_MAX];
    check_subject(subject);
    require(source_valid(source) && topic_names(topic, subject, source));
    require(text_equal((text_t){room, topic_print(room, subject, source)}, topic));
    for (size_t length = 0; length <= topic.length; length++)
        require(topic_can_begin((text_t){topic.at, length}));
    text_t rest = {topic.at + topic.length - source.length - 1 - subject.length, subject.length + 1 + source.length}, found;
    require(subject_take(&rest, &found) && text_equal(found, subject) && text_equal(rest, source));
}

/* What can't begin one is not begun by anything longer. */
static void check_beginnings(text_t text)
{
    bool can = true;
    for (size_t length = 0; length <= text.length && length <= TOPIC_MAX + 8; length++) {
        bool now = topic_can_begin((text_t){text.at, length});
        require(can || !now);
        can = now;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t input = {(const char *)data, size}, rest = input, subject, source;
    if (topic_parse(input, &subject, &source))
        check_topic(input, subject, source);
    if (subject_take(&rest, &subject)) {
        check_subject(subject);
        require(rest.at == input.at + subject.length + 1 && rest.length == size - subject.length - 1);
    }
    if (subject_valid(input))
        check_subject(input);
    if (subject_is_any(input))
        require(!subject_valid(input));
    check_beginnings(input);
    return 0;
}
