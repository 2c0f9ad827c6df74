#include "platform/console.h"

void sic_console_prepare(void)
{
}

char **sic_console_arguments(char **argv)
{
    return argv;
}
