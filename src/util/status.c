#include "util/status.h"

#include <stdarg.h>
#include <stdio.h>

enum sic_status sic_error_set(struct sic_error *error, enum sic_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    /* Paths and names from files stand in messages: one line, and nothing that a terminal acts on. */
    for (char *c = error->message; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    return status;
}
