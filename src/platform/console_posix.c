#include "platform/console.h"

void sic_console_prepare(void)
{
}
