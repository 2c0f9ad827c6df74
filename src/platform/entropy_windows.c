#include "platform/entropy.h"

#include <windows.h>

uint64_t sic_entropy(void)
{
    LARGE_INTEGER time;

    /* The counter's low bits and this program's place in memory. */
    QueryPerformanceCounter(&time);
    return ((uint64_t)time.QuadPart ^ (uint64_t)GetCurrentProcessId() << 40 ^ (uint64_t)(uintptr_t)&time) *
           0x9e3779b97f4a7c15ull;
}
