#include "connectord/mapping/epoch_time.h"

enum { NS_DIGITS = 9 };

static int digits_of(int64_t unit_ns)
{
    int digits = 0;
    for (int64_t whole = 1000000000; whole > unit_ns; whole /= 10)
        digits++;
    return digits;
}

/* A fraction of a unit, in ns. */
static bool parse_fraction(text_t text, int64_t unit_ns, int64_t *ns)
{
    *ns = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        unit_ns /= 10;
        if (unit_ns == 0 && text.at[i] != '0')
            return false;
        *ns += unit_ns * (text.at[i] - '0');
    }
    return text.length > 0;
}

bool epoch_time_parse(text_t text, int64_t unit_ns, int64_t *ns, int *digits)
{
    const char *point = memchr(text.at, '.', text.length);
    text_t whole = {text.at, point ? (size_t)(point - text.at) : text.length};
    text_t fraction = {text.at + whole.length + 1, text.length - whole.length - (point != NULL)};
    uint64_t count;
    int64_t more = 0;
    if (!text_to_u64(whole, &count) || (point && !parse_fraction(fraction, unit_ns, &more)))
        return false;
    if (count > (uint64_t)((INT64_MAX - more) / unit_ns))
        return false;
    *ns = (int64_t)count * unit_ns + more;
    int told = digits_of(unit_ns) + (point ? (int)(fraction.length < NS_DIGITS ? fraction.length : NS_DIGITS) : 0);
    *digits = told < NS_DIGITS ? told : NS_DIGITS;
    return true;
}
