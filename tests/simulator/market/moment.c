#include "tests/simulator/market/moment.h"

#include <stdbool.h>

#include "tests/simulator/clock.h"

enum { SECONDS_END = 19 /* 2019-08-13T11:30:06 */ };

/* Howard Hinnant's days_from_civil, the inverse of what writer.c uses. month: 1 to 12. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t era = year / 400, year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* ".10014" in nanoseconds. */
static int64_t fraction_ns(const char *text, size_t length)
{
    int64_t ns = 0, unit = NS_PER_S / 10;
    if (length == 0 || *text != '.')
        return 0;
    for (size_t i = 1; i < length && text[i] >= '0' && text[i] <= '9'; i++, unit /= 10)
        ns += (text[i] - '0') * unit;
    return ns;
}

/* Whether there are digits wherever the pattern has a 0, and else what it has. */
static bool looks_like(const char *text, const char *pattern)
{
    for (; *pattern; pattern++, text++)
        if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
            return false;
    return true;
}

static int64_t number(const char *text, size_t digits)
{
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

int64_t moment_read(const char *text, size_t length)
{
    if (length < SECONDS_END || (!looks_like(text, "0000-00-00T00:00:00") && !looks_like(text, "0000-00-00 00:00:00")))
        return 0;
    const int64_t year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
    const int64_t second = (number(text + 11, 2) * 60 + number(text + 14, 2)) * 60 + number(text + 17, 2);
    if (year < 1970 || month < 1 || month > 12)
        return 0;
    return (days_since_1970(year, month, day) * 86400 + second) * NS_PER_S +
           fraction_ns(text + SECONDS_END, length - SECONDS_END);
}
