#include "symbols/pdb_cursor.h"

#include "symbols/codeview.h"
#include "symbols/msf.h"

#include <string.h>

/* Bytes behind each numeric leaf, by its distance from CV_LF_NUMERIC. 0: no fixed size, or no such leaf. */
static const uint8_t number_sizes[] = {
    [CV_LF_CHAR - CV_LF_NUMERIC] = 1,       [CV_LF_SHORT - CV_LF_NUMERIC] = 2,
    [CV_LF_USHORT - CV_LF_NUMERIC] = 2,     [CV_LF_LONG - CV_LF_NUMERIC] = 4,
    [CV_LF_ULONG - CV_LF_NUMERIC] = 4,      [CV_LF_REAL32 - CV_LF_NUMERIC] = 4,
    [CV_LF_REAL64 - CV_LF_NUMERIC] = 8,     [CV_LF_REAL80 - CV_LF_NUMERIC] = 10,
    [CV_LF_REAL128 - CV_LF_NUMERIC] = 16,   [CV_LF_QUADWORD - CV_LF_NUMERIC] = 8,
    [CV_LF_UQUADWORD - CV_LF_NUMERIC] = 8,  [CV_LF_REAL48 - CV_LF_NUMERIC] = 6,
    [CV_LF_COMPLEX32 - CV_LF_NUMERIC] = 8,  [CV_LF_COMPLEX64 - CV_LF_NUMERIC] = 16,
    [CV_LF_COMPLEX80 - CV_LF_NUMERIC] = 20, [CV_LF_COMPLEX128 - CV_LF_NUMERIC] = 32,
    [CV_LF_OCTWORD - CV_LF_NUMERIC] = 16,   [CV_LF_UOCTWORD - CV_LF_NUMERIC] = 16,
    [CV_LF_DECIMAL - CV_LF_NUMERIC] = 16,   [CV_LF_DATE - CV_LF_NUMERIC] = 8,
    [CV_LF_REAL16 - CV_LF_NUMERIC] = 2,
};

/* The next `size` bytes, or NULL and a fault. */
static const uint8_t *take(struct sic_pdb_cursor *cursor, uint32_t size, const char *wanted)
{
    const uint8_t *taken = cursor->at;

    if (cursor->fault == NULL && (size_t)(cursor->end - cursor->at) < size)
        cursor->fault = wanted;
    if (cursor->fault != NULL)
        return NULL;
    cursor->at += size;
    return taken;
}

uint8_t sic_pdb_cursor_u8(struct sic_pdb_cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 1, "one more byte");

    return bytes == NULL ? 0 : bytes[0];
}

uint16_t sic_pdb_cursor_u16(struct sic_pdb_cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 2, "2 more bytes");

    return bytes == NULL ? 0 : sic_msf_u16(bytes);
}

uint32_t sic_pdb_cursor_u32(struct sic_pdb_cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 4, "4 more bytes");

    return bytes == NULL ? 0 : sic_msf_u32(bytes);
}

static uint32_t number_size(uint16_t leaf)
{
    uint32_t index = (uint32_t)leaf - CV_LF_NUMERIC;

    return index < sizeof(number_sizes) ? number_sizes[index] : 0;
}

static bool is_signed_leaf(uint16_t leaf)
{
    return leaf == CV_LF_CHAR || leaf == CV_LF_SHORT || leaf == CV_LF_LONG || leaf == CV_LF_QUADWORD ||
           leaf == CV_LF_OCTWORD;
}

static bool is_integer_leaf(uint16_t leaf)
{
    return is_signed_leaf(leaf) || leaf == CV_LF_USHORT || leaf == CV_LF_ULONG || leaf == CV_LF_UQUADWORD ||
           leaf == CV_LF_UOCTWORD;
}

uint64_t sic_pdb_cursor_unsigned(struct sic_pdb_cursor *cursor)
{
    uint16_t leaf = sic_pdb_cursor_u16(cursor);
    uint32_t size = number_size(leaf);
    const uint8_t *bytes;
    uint64_t value = 0;

    if (leaf < CV_LF_NUMERIC)
        return leaf;
    if (!is_integer_leaf(leaf)) {
        cursor->fault = "a whole number";
        return 0;
    }
    bytes = take(cursor, size, "the bytes of a number");
    if (bytes == NULL)
        return 0;
    if (is_signed_leaf(leaf) && (bytes[size - 1] & 0x80) != 0)
        cursor->fault = "a number that is not negative";
    for (uint32_t i = size; i-- > 0;) {
        if (i >= 8 && bytes[i] != 0)
            cursor->fault = "a number of at most 64 bits";
        value = value << 8 | bytes[i];
    }
    return cursor->fault == NULL ? value : 0;
}

void sic_pdb_cursor_skip_number(struct sic_pdb_cursor *cursor)
{
    uint16_t leaf = sic_pdb_cursor_u16(cursor);

    if (leaf < CV_LF_NUMERIC)
        return;
    if (leaf == CV_LF_VARSTRING)
        take(cursor, sic_pdb_cursor_u16(cursor), "the bytes of a string");
    else if (leaf == CV_LF_UTF8STRING)
        sic_pdb_cursor_name(cursor);
    else if (number_size(leaf) == 0)
        cursor->fault = "a known kind of number";
    else
        take(cursor, number_size(leaf), "the bytes of a number");
}

struct sic_pdb_name sic_pdb_cursor_name(struct sic_pdb_cursor *cursor)
{
    const uint8_t *start = cursor->at;
    const uint8_t *zero = NULL;

    if (cursor->fault == NULL && cursor->at < cursor->end)
        zero = memchr(start, 0, (size_t)(cursor->end - start));
    if (zero == NULL) {
        if (cursor->fault == NULL)
            cursor->fault = "a name that ends with a zero byte";
        return (struct sic_pdb_name){"", 0};
    }
    cursor->at = zero + 1;
    return (struct sic_pdb_name){(const char *)start, (uint32_t)(zero - start)};
}

void sic_pdb_cursor_skip_padding(struct sic_pdb_cursor *cursor)
{
    while (cursor->fault == NULL && cursor->at < cursor->end && *cursor->at >= CV_LF_PAD0) {
        uint32_t size = *cursor->at & 0x0f;
        size_t left = (size_t)(cursor->end - cursor->at);

        if (size == 0)
            size = 1;
        cursor->at += size < left ? size : left;
    }
}
