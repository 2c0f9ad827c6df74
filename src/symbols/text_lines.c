#include "symbols/text_lines.h"

#include <string.h>

bool sic_text_next_line(const char *text, size_t size, size_t *cursor, struct sic_text *line)
{
    const char *start, *end;

    if (*cursor >= size)
        return false;
    start = text + *cursor;
    end = memchr(start, '\n', size - *cursor);
    *line = (struct sic_text){.start = start, .size = end ? (size_t)(end - start) : size - *cursor};
    *cursor += line->size + 1;
    if (line->size > 0 && start[line->size - 1] == '\r')
        line->size--;
    return true;
}

bool sic_text_next_word(struct sic_text *line, struct sic_text *word)
{
    while (line->size > 0 && (*line->start == ' ' || *line->start == '\t')) {
        line->start++;
        line->size--;
    }
    word->start = line->start;
    word->size = 0;
    while (line->size > 0 && *line->start != ' ' && *line->start != '\t') {
        line->start++;
        line->size--;
        word->size++;
    }
    return word->size > 0;
}

bool sic_text_equals(struct sic_text text, const char *string)
{
    return strlen(string) == text.size && memcmp(text.start, string, text.size) == 0;
}

bool sic_text_copy(struct sic_text text, char *buffer, size_t size)
{
    if (text.size >= size)
        return false;
    memcpy(buffer, text.start, text.size);
    buffer[text.size] = '\0';
    return true;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return 16;
}

bool sic_text_number64(struct sic_text text, unsigned base, uint64_t *number)
{
    uint64_t value = 0;

    if (base == 16 && text.size > 2 && text.start[0] == '0' && (text.start[1] | 0x20) == 'x') {
        text.start += 2;
        text.size -= 2;
    }
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)digit_value(text.start[i]);

        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *number = value;
    return true;
}

bool sic_text_number(struct sic_text text, unsigned base, uint32_t *number)
{
    uint64_t value;

    if (!sic_text_number64(text, base, &value) || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

bool sic_text_split(struct sic_text text, char separator, struct sic_text *before, struct sic_text *after)
{
    const char *found = memchr(text.start, separator, text.size);

    if (!found)
        return false;
    *before = (struct sic_text){.start = text.start, .size = (size_t)(found - text.start)};
    *after = (struct sic_text){.start = found + 1, .size = text.size - before->size - 1};
    return true;
}
