#include "meaning/text.h"

#include "util/escape.h"
#include "util/fold.h"

#include <stdlib.h>
#include <string.h>

bool sic_text_is_known(const struct sic_scan *scan, struct sic_string string)
{
    return string.offset <= scan->strings.count && string.length <= scan->strings.count - string.offset;
}

const uint16_t *sic_text_units(const struct sic_scan *scan, struct sic_string string)
{
    return (const uint16_t *)scan->strings.elements + string.offset;
}

char *sic_text_escape(const struct sic_scan *scan, struct sic_string string)
{
    if (!sic_text_is_known(scan, string))
        return NULL;
    return sic_text_join("", sic_text_units(scan, string), string.length);
}

char *sic_text_join(const char *prefix, const uint16_t *units, size_t length)
{
    size_t prefix_size = strlen(prefix);
    char *text = malloc(prefix_size + length * SIC_ESCAPE_UNIT_SIZE + 1);

    if (!text)
        return NULL;
    memcpy(text, prefix, prefix_size);
    sic_escape_utf16(units, length, text + prefix_size);
    return text;
}

bool sic_text_is_same(const uint16_t *left, const uint16_t *right, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (left[i] != right[i] && sic_fold_character(left[i]) != sic_fold_character(right[i]))
            return false;
    }
    return true;
}
