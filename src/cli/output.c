#include "cli/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE (64u * 1024u)
/* So much at once is written from where it is. */
#define DIRECT_SIZE (32u * 1024u)

static const char hex_digits[] = "0123456789abcdef";

bool sic_output_init(struct sic_output *output, FILE *stream)
{
    *output = (struct sic_output){.stream = stream, .buffer = malloc(BUFFER_SIZE), .size = BUFFER_SIZE};
    return output->buffer != NULL;
}

static void drain(struct sic_output *output)
{
    if (!output->failed && output->used > 0 && fwrite(output->buffer, 1, output->used, output->stream) != output->used)
        output->failed = true;
    output->used = 0;
}

void sic_output_discard(struct sic_output *output)
{
    free(output->buffer);
    output->buffer = NULL;
}

bool sic_output_finish(struct sic_output *output)
{
    drain(output);
    if (fflush(output->stream) != 0)
        output->failed = true;
    sic_output_discard(output);
    return !output->failed;
}

static void grow(struct sic_output *output)
{
    char *buffer = output->failed ? NULL : realloc(output->buffer, output->size * 2);

    if (buffer) {
        output->buffer = buffer;
        output->size *= 2;
    } else {
        output->failed = true;
        output->used = 0;
    }
}

/* Makes room when the buffer is full, or nearly: a buffer is far larger than any piece that is claimed at once. */
static void make_room(struct sic_output *output)
{
    if (output->stream)
        drain(output);
    else
        grow(output);
}

/* Room for `size` bytes (at most a few hundred), which the caller fills. */
static char *claim(struct sic_output *output, size_t size)
{
    char *place;

    if (output->used + size > output->size)
        make_room(output);
    place = output->buffer + output->used;
    output->used += size;
    return place;
}

void sic_output_bytes(struct sic_output *output, const char *bytes, size_t size)
{
    if (size >= DIRECT_SIZE && output->stream) {
        drain(output);
        output->failed = output->failed || fwrite(bytes, 1, size, output->stream) != size;
        return;
    }
    while (size > 0) {
        size_t piece = output->size - output->used;

        if (piece == 0) {
            make_room(output);
            continue;
        }
        if (piece > size)
            piece = size;
        memcpy(output->buffer + output->used, bytes, piece);
        output->used += piece;
        bytes += piece;
        size -= piece;
    }
}

void sic_output_text(struct sic_output *output, const char *text)
{
    sic_output_bytes(output, text, strlen(text));
}

void sic_output_format(struct sic_output *output, const char *format, ...)
{
    char text[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length > 0)
        sic_output_bytes(output, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

void sic_output_address(struct sic_output *output, uint64_t value)
{
    char *digits = claim(output, 16);

    for (unsigned i = 0; i < 16; i++)
        digits[i] = hex_digits[value >> (60 - 4 * i) & 0xf];
}

void sic_output_hex(struct sic_output *output, uint64_t value)
{
    unsigned count = 1;
    char *digits;

    while (count < 16 && value >> (4 * count) != 0)
        count++;
    digits = claim(output, count);
    for (unsigned i = 0; i < count; i++)
        digits[i] = hex_digits[value >> (4 * (count - 1 - i)) & 0xf];
}

void sic_output_decimal(struct sic_output *output, uint64_t value)
{
    char digits[20];
    size_t start = sizeof(digits);

    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sic_output_bytes(output, digits + start, sizeof(digits) - start);
}
