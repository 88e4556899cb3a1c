#include "common/curve/rights.h"

#define SUBSCRIBE "subscribe"

/* Takes the first word off the text; empty at its end. */
static text_t next_word(text_t *rest)
{
    *rest = text_trim(*rest);
    size_t length = 0;
    while (length < rest->length && rest->at[length] != ' ' && rest->at[length] != '\t')
        length++;
    text_t word = {rest->at, length};
    *rest = (text_t){rest->at + length, rest->length - length};
    return word;
}

static bool names_prefix(text_t word)
{
    const text_t begin = TEXT(SUBSCRIBE ":");
    return text_starts_with(word, begin) && word.length > begin.length;
}

static bool is_right(text_t word)
{
    static const text_t rights[] = {TEXT_CONST(SUBSCRIBE), TEXT_CONST("replay"), TEXT_CONST("history"), TEXT_CONST("clear"),
                                    TEXT_CONST("operate")};
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if (text_equal(word, rights[i]))
            return true;
    return names_prefix(word);
}

bool rights_valid(text_t rights, text_t *word)
{
    while ((*word = next_word(&rights)).length > 0)
        if (!is_right(*word))
            return false;
    return true;
}

bool rights_have(text_t rights, text_t word)
{
    for (text_t one; (one = next_word(&rights)).length > 0;)
        if (text_equal(one, word))
            return true;
    return false;
}

bool rights_cover(text_t rights, text_t prefix)
{
    const size_t begin = sizeof SUBSCRIBE;
    for (text_t one; (one = next_word(&rights)).length > 0;)
        if (text_equal(one, TEXT(SUBSCRIBE)) ||
            (names_prefix(one) && text_starts_with(prefix, (text_t){one.at + begin, one.length - begin})))
            return true;
    return false;
}
