#include "common/pattern.h"

#include <stdint.h>

/* Goes back to the last '*' alone, and lets it stand for one character more: earlier ones need not be looked at again. */
bool pattern_matches(text_t pattern, text_t text)
{
    size_t at = 0, star = SIZE_MAX, from = 0;
    for (size_t i = 0; i < text.length;) {
        if (at < pattern.length && pattern.at[at] == '*') {
            star = at++;
            from = i;
        } else if (at < pattern.length && pattern.at[at] == text.at[i]) {
            at++;
            i++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (at < pattern.length && pattern.at[at] == '*')
        at++;
    return at == pattern.length;
}
