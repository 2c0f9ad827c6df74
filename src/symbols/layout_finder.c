#include "symbols/layout_finder.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_SIZE 2048u

void sic_message_send(const struct sic_message_sink *sink, enum sic_message_level level, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list arguments;

    if (!sink || !sink->hear)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sink->hear(sink->context, level, text);
}
