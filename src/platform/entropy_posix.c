#include "platform/entropy.h"

#include <sys/random.h>
#include <time.h>

uint64_t sic_entropy(void)
{
    uint64_t number;
    struct timespec time;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) == (ssize_t)sizeof(number))
        return number;
    /* Early at boot there is none yet: the clock and this program's place in memory are better than nothing. */
    clock_gettime(CLOCK_MONOTONIC, &time);
    return ((uint64_t)time.tv_nsec << 32 ^ (uint64_t)time.tv_sec ^ (uint64_t)(uintptr_t)&number) *
           0x9e3779b97f4a7c15ull;
}
