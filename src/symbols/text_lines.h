/*
 * Lines and words of a text that need not end in a zero.
 */
#ifndef SIC_SYMBOLS_TEXT_LINES_H
#define SIC_SYMBOLS_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sic_text {
    const char *start;
    size_t size;
};

/* The line at *cursor, without its newline; *cursor moves behind it. False at the end of the text. */
bool sic_text_next_line(const char *text, size_t size, size_t *cursor, struct sic_text *line);
/* Takes the next word (up to a space) off the line. False when there is none. */
bool sic_text_next_word(struct sic_text *line, struct sic_text *word);
bool sic_text_equals(struct sic_text text, const char *string);
/* Copies into `buffer`, zero-terminated; false when it does not fit. */
bool sic_text_copy(struct sic_text text, char *buffer, size_t size);
/* A number in base 10 or 16 (0x optional), the whole text, at most 32 bits, or 64. */
bool sic_text_number(struct sic_text text, unsigned base, uint32_t *number);
bool sic_text_number64(struct sic_text text, unsigned base, uint64_t *number);
/* Splits at the first `separator`; false when there is none. */
bool sic_text_split(struct sic_text text, char separator, struct sic_text *before, struct sic_text *after);

#endif
