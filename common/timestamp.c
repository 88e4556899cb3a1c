#include "common/timestamp.h"

#include "common/clock.h"

#include <assert.h>

/* Days are counted in years that begin on 1 March, so that the leap day comes last (Howard Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms"). No year before 0000 is met here, which spares the care for
 * negative numbers. */
typedef struct {
    unsigned year, month, day;
} date_t;

enum { DAYS_TO_1970 = 719468 /* since 0000-03-01 */, DAYS_IN_ERA = 146097 /* 400 years */, S_PER_DAY = 86400 };

static date_t date_from_days(unsigned days)
{
    days += DAYS_TO_1970;
    unsigned era = days / DAYS_IN_ERA;
    unsigned in_era = days % DAYS_IN_ERA;
    unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * in_year + 2) / 153; /* 0: March */
    unsigned day = in_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    return (date_t){era * 400 + year + (month <= 2), month, day};
}

static int days_from_date(date_t date)
{
    unsigned year = date.year - (date.month <= 2);
    unsigned month = date.month > 2 ? date.month - 3 : date.month + 9;
    unsigned in_year = (153 * month + 2) / 5 + date.day - 1;
    unsigned of_era = year % 400;
    return (int)(year / 400 * DAYS_IN_ERA + of_era * 365 + of_era / 4 - of_era / 100 + in_year) - DAYS_TO_1970;
}

static bool date_exists(date_t date)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year < 1969 || date.year > 2262 || date.month < 1 || date.month > 12 || date.day < 1)
        return false; /* the end of 1969 may come into range by its offset */
    bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return date.day <= days[date.month - 1] + (unsigned)(leap && date.month == 2);
}

static char *put_2(char *at, unsigned value, char behind)
{
    text_put_2(at, value);
    at[2] = behind;
    return at + 3;
}

static char *put_fraction(char *at, unsigned ns, int digits)
{
    char all[10];
    for (int i = 8; i > 0; i -= 2, ns /= 100)
        text_put_2(all + i - 1, ns % 100);
    all[0] = (char)('0' + ns);
    memcpy(at, all, (size_t)digits);
    return at + digits;
}

/* What is left to read. Each take_… moves it on, or returns false. */
typedef struct {
    const char *at, *end;
} timestamp_reader_t;

static inline bool take_2(timestamp_reader_t *reader, unsigned *value)
{
    if (reader->end - reader->at < 2)
        return false;
    unsigned tens = (unsigned char)reader->at[0] - (unsigned)'0', ones = (unsigned char)reader->at[1] - (unsigned)'0';
    reader->at += 2;
    *value = tens * 10 + ones;
    return tens <= 9 && ones <= 9;
}

static inline bool take_year(timestamp_reader_t *reader, unsigned *value)
{
    unsigned century, year;
    if (!take_2(reader, &century) || !take_2(reader, &year))
        return false;
    *value = century * 100 + year;
    return true;
}

static inline bool take_either(timestamp_reader_t *reader, char a, char b)
{
    if (reader->at == reader->end || (*reader->at != a && *reader->at != b))
        return false;
    reader->at++;
    return true;
}

static bool take_date(timestamp_reader_t *reader, date_t *date)
{
    return take_year(reader, &date->year) && take_either(reader, '-', '-') && take_2(reader, &date->month) &&
           take_either(reader, '-', '-') && take_2(reader, &date->day) && date_exists(*date);
}

static bool take_time(timestamp_reader_t *reader, unsigned *seconds)
{
    unsigned hour, minute, second;
    if (!take_2(reader, &hour) || !take_either(reader, ':', ':') || !take_2(reader, &minute) ||
        !take_either(reader, ':', ':') || !take_2(reader, &second) || hour > 23 || minute > 59 || second > 60)
        return false;
    *seconds = hour * 3600 + minute * 60 + (second == 60 ? 59 : second);
    return true;
}

static bool take_fraction(timestamp_reader_t *reader, unsigned *ns)
{
    *ns = 0;
    if (!take_either(reader, '.', '.'))
        return true;
    int digits = 0;
    for (; digits < 9 && reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; digits++)
        *ns = *ns * 10 + (unsigned)(*reader->at++ - '0');
    static const unsigned scale[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    *ns *= scale[digits];
    return digits > 0; /* a tenth digit is left over and fails as no offset */
}

static bool take_offset(timestamp_reader_t *reader, int *seconds)
{
    *seconds = 0;
    if (reader->at == reader->end || take_either(reader, 'Z', 'z'))
        return true;
    bool east = *reader->at == '+';
    unsigned hour, minute;
    if (!take_either(reader, '+', '-') || !take_2(reader, &hour) || !take_either(reader, ':', ':') ||
        !take_2(reader, &minute) || hour > 23 || minute > 59)
        return false;
    int offset = (int)(hour * 3600 + minute * 60);
    *seconds = east ? offset : -offset;
    return true;
}

size_t timestamp_print(char out[static TIMESTAMP_MAX], int64_t ns, int digits)
{
    assert(digits >= 0 && digits <= 9);
    ns = ns > 0 ? ns : 0;
    uint64_t seconds = (uint64_t)ns / NS_PER_S;
    unsigned fraction = (unsigned)((uint64_t)ns % NS_PER_S);
    date_t date = date_from_days((unsigned)(seconds / S_PER_DAY));
    unsigned time = (unsigned)(seconds % S_PER_DAY);
    text_put_2(out, date.year / 100);
    char *at = put_2(out + 2, date.year % 100, '-');
    at = put_2(at, date.month, '-');
    at = put_2(at, date.day, 'T');
    at = put_2(at, time / 3600, ':');
    at = put_2(at, time / 60 % 60, ':');
    at = put_2(at, time % 60, digits > 0 ? '.' : 'Z');
    if (digits == 0)
        return (size_t)(at - out);
    at = put_fraction(at, fraction, digits);
    *at++ = 'Z';
    return (size_t)(at - out);
}

bool timestamp_parse(text_t text, int64_t *ns)
{
    timestamp_reader_t reader = {text.at, text.length ? text.at + text.length : text.at};
    date_t date;
    unsigned time, fraction;
    int offset;
    if (!take_date(&reader, &date) || (!take_either(&reader, 'T', 't') && !take_either(&reader, ' ', ' ')) ||
        !take_time(&reader, &time) || !take_fraction(&reader, &fraction) || !take_offset(&reader, &offset) ||
        reader.at != reader.end)
        return false;
    int64_t result = (int64_t)days_from_date(date) * S_PER_DAY + time - offset;
    if (result < 0 || __builtin_mul_overflow(result, NS_PER_S, &result) || __builtin_add_overflow(result, fraction, &result))
        return false;
    *ns = result;
    return true;
}
