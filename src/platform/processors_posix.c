#include "platform/processors.h"

#include <sched.h>

unsigned sic_processor_count(void)
{
    cpu_set_t allowed;
    int count;

    /* Those that this process may use, which can be fewer than the machine has. */
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return 1;
    count = CPU_COUNT(&allowed);
    return count > 0 ? (unsigned)count : 1;
}
