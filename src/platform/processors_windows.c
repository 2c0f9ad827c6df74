#include "platform/processors.h"

#include <windows.h>

unsigned sic_processor_count(void)
{
    SYSTEM_INFO information;

    GetSystemInfo(&information);
    return information.dwNumberOfProcessors > 0 ? information.dwNumberOfProcessors : 1;
}
