#include "util/status.h"

#include <stdarg.h>
#include <stdio.h>

enum sic_status sic_error_set(struct sic_error *error, enum sic_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return status;
}
