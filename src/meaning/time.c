#include "meaning/time.h"

#include <stdio.h>

#define UNITS_PER_SECOND 10000000u
#define SECONDS_PER_DAY  86400u
#define DAYS_PER_400     146097u /* years: the calendar repeats */

static bool is_leap_year(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of(unsigned month, unsigned year)
{
    static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return lengths[month] + (month == 1 && is_leap_year(year) ? 1u : 0u);
}

static unsigned days_of_year(unsigned year)
{
    return is_leap_year(year) ? 366 : 365;
}

bool sic_time_format(uint64_t time, char text[SIC_TIME_TEXT_SIZE])
{
    uint64_t seconds = time / UNITS_PER_SECOND, days = seconds / SECONDS_PER_DAY;
    unsigned rest = (unsigned)(seconds % SECONDS_PER_DAY), year, month = 0;

    if (time == 0 || days / DAYS_PER_400 >= 21)
        return false;
    year = 1601 + 400 * (unsigned)(days / DAYS_PER_400);
    days %= DAYS_PER_400;
    while (days >= days_of_year(year))
        days -= days_of_year(year++);
    while (days >= days_of(month, year))
        days -= days_of(month++, year);
    if (year > 9999)
        return false;
    snprintf(text, SIC_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month + 1, (unsigned)days + 1,
             rest / 3600, rest / 60 % 60, rest % 60);
    return true;
}
