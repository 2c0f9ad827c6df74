#include "lab_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

uint8_t *lab_world_bytes(const char *arguments, const char *format, size_t *size)
{
    char prefix[] = "/tmp/sic-world-XXXXXX", command[1024], path[64];
    int placeholder = mkstemp(prefix);
    uint8_t *bytes;
    FILE *file;

    assert_true(placeholder >= 0);
    close(placeholder);
    snprintf(command, sizeof(command), "%s random %s --format %s --no-truth --output %s >/dev/null", LAB_PROGRAM,
             arguments, format, prefix);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s.%s.dmp", prefix, format);
    file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    unlink(path);
    unlink(prefix);
    return bytes;
}
