/*
 * What the compiler calls by itself: the driver links with no C library.
 */
#include <stddef.h>

void *memcpy(void *target, const void *source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

void *memcpy(void *target, const void *source, size_t size)
{
    void *start = target;

    __asm__ volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(size) : : "memory");
    return start;
}

void *memmove(void *target, const void *source, size_t size)
{
    unsigned char *to = target;
    const unsigned char *from = source;

    if ((size_t)to - (size_t)from >= size)
        return memcpy(target, source, size);
    while (size > 0) {
        size--;
        ((volatile unsigned char *)to)[size] = from[size];
    }
    return target;
}

void *memset(void *target, int value, size_t size)
{
    void *start = target;

    __asm__ volatile("rep stosb" : "+D"(target), "+c"(size) : "a"(value) : "memory");
    return start;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const volatile unsigned char *a = left, *b = right;

    for (; size > 0; size--, a++, b++) {
        if (*a != *b)
            return *a < *b ? -1 : 1;
    }
    return 0;
}
