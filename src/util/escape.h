/*
 * Text from an image, made fit for a terminal and for JSON: valid UTF-8 without control characters. What is neither is
 * shown as \u{…}: control characters, directional overrides, halves of surrogate pairs.
 */
#ifndef SIC_UTIL_ESCAPE_H
#define SIC_UTIL_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that one UTF-16 unit can take, with the zero that ends the text. */
#define SIC_ESCAPE_UNIT_SIZE 9u

/* Writes the zero-terminated text; `buffer` has at least length * SIC_ESCAPE_UNIT_SIZE + 1 bytes. Returns its length.
 */
size_t sic_escape_utf16(const uint16_t *units, size_t length, char *buffer);

/* The same from single bytes; those from 0x80 on are shown as \u{…}. */
size_t sic_escape_bytes(const uint8_t *bytes, size_t length, char *buffer);

#endif
