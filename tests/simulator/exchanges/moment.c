#include "tests/simulator/exchanges/moment.h"

#include <stdio.h>
#include <string.h>

#include "tests/simulator/clock.h"

enum { SECONDS_END = 19 /* 2019-08-13T11:30:06 */, TEXT_BYTES = 48 };

/* Howard Hinnant's days_from_civil, the inverse of what writer.c uses. */
static int64_t days_since_1970(int year, unsigned month, unsigned day)
{
    year -= month <= 2;
    const int era = year / 400;
    const unsigned year_of_era = (unsigned)(year - era * 400);
    const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + (int64_t)day_of_era - 719468;
}

/* ".10014" in nanoseconds. */
static int64_t fraction_ns(const char *text)
{
    int64_t ns = 0, unit = NS_PER_S / 10;
    if (*text != '.')
        return 0;
    for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
        ns += (*text - '0') * unit;
    return ns;
}

int64_t moment_read(const char *text, size_t length)
{
    char copy[TEXT_BYTES];
    int year;
    unsigned month, day, hour, minute, second;
    if (length < SECONDS_END || length >= sizeof copy)
        return 0;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (sscanf(copy, "%4d-%2u-%2u%*1[T ]%2u:%2u:%2u", &year, &month, &day, &hour, &minute, &second) != 6 || year < 1970 ||
        month < 1 || month > 12)
        return 0;
    return (days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * NS_PER_S +
           fraction_ns(copy + SECONDS_END);
}
