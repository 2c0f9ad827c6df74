#include "util/pattern.h"

#include "util/fold.h"

#include <stddef.h>

/* Goes back to the last star only: what earlier stars took never needs to change. So the time is at most the product of
 * the lengths. */
bool sic_pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text != '\0') {
        const char *behind_pattern = pattern, *behind_text = text;

        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
            continue;
        }
        if (*pattern != '\0') {
            bool is_any = *pattern == '?';

            if (sic_fold_next(&behind_pattern) == sic_fold_next(&behind_text) || is_any) {
                pattern = behind_pattern;
                text = behind_text;
                continue;
            }
        }
        if (!star)
            return false;
        sic_fold_next(&retry);
        text = retry;
        pattern = star;
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
