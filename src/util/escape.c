#include "util/escape.h"

#include <stdbool.h>
#include <stdio.h>

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Characters that a terminal acts on, or that turn the reading direction around. */
static bool is_unfit(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || (character >= 0xd800 && character < 0xe000) ||
           character == 0x61c || (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) || (character >= 0x2060 && character <= 0x206f) ||
           character == 0xfeff || (character & 0xfffe) == 0xfffe || (character >= 0xfff9 && character <= 0xfffb) ||
           (character >= 0xe0000 && character < 0xe0080);
}

static size_t put_character(uint32_t character, char *buffer)
{
    if (is_unfit(character))
        return (size_t)sprintf(buffer, "\\u{%x}", (unsigned)character);
    if (character < 0x80) {
        buffer[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        buffer[0] = (char)(0xc0 | character >> 6);
        buffer[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        buffer[0] = (char)(0xe0 | character >> 12);
        buffer[1] = (char)(0x80 | (character >> 6 & 0x3f));
        buffer[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    buffer[0] = (char)(0xf0 | character >> 18);
    buffer[1] = (char)(0x80 | (character >> 12 & 0x3f));
    buffer[2] = (char)(0x80 | (character >> 6 & 0x3f));
    buffer[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

size_t sic_escape_utf16(const uint16_t *units, size_t length, char *buffer)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        uint32_t character = units[i];

        if (is_high_surrogate(character) && i + 1 < length && is_low_surrogate(units[i + 1]))
            character = 0x10000 + ((character - 0xd800) << 10) + (units[++i] - 0xdc00u);
        used += put_character(character, buffer + used);
    }
    buffer[used] = '\0';
    return used;
}

size_t sic_escape_bytes(const uint8_t *bytes, size_t length, char *buffer)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++)
        used += bytes[i] < 0x80 ? put_character(bytes[i], buffer + used)
                                : (size_t)sprintf(buffer + used, "\\u{%x}", bytes[i]);
    buffer[used] = '\0';
    return used;
}
