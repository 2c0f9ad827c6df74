#include "util/fold.h"

/* The character at *text, which moves behind it. A byte that begins no whole character stands for itself. */
static uint32_t next_character(const char **text)
{
    const unsigned char *bytes = (const unsigned char *)*text;
    unsigned more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : bytes[0] >= 0xc0 ? 1 : 0;
    uint32_t character = more == 0 ? bytes[0] : bytes[0] & (0x3fu >> more);

    for (unsigned i = 1; i <= more; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            *text += 1;
            return bytes[0];
        }
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    *text += 1 + more;
    return character;
}

/* Simple case folding, by the blocks of the Unicode character database in which capitals and small letters alternate or
 * stand a fixed distance apart. */
uint32_t sic_fold_character(uint32_t character)
{
    if ((character >= 'A' && character <= 'Z') || (character >= 0xc0 && character <= 0xde && character != 0xd7) ||
        (character >= 0x391 && character <= 0x3a9) || (character >= 0x410 && character <= 0x42f))
        return character + 0x20;
    if (character >= 0x400 && character <= 0x40f)
        return character + 0x50;
    if ((character >= 0x100 && character <= 0x137) || (character >= 0x14a && character <= 0x177) ||
        (character >= 0x460 && character <= 0x481) || (character >= 0x48a && character <= 0x4bf) ||
        (character >= 0x1e00 && character <= 0x1e95))
        return character | 1;
    if ((character >= 0x139 && character <= 0x148) || (character >= 0x179 && character <= 0x17e))
        return character + (character & 1);
    return character;
}

uint32_t sic_fold_next(const char **text)
{
    return sic_fold_character(next_character(text));
}

static bool begins_with(const char *text, const char *part)
{
    while (*part != '\0') {
        if (*text == '\0' || sic_fold_next(&text) != sic_fold_next(&part))
            return false;
    }
    return true;
}

bool sic_contains_ignoring_case(const char *text, const char *part)
{
    while (!begins_with(text, part)) {
        if (*text == '\0')
            return false;
        next_character(&text);
    }
    return true;
}
