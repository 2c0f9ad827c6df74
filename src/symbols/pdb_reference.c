#include "symbols/pdb_reference.h"

#include <stdio.h>
#include <string.h>

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool sic_pdb_reference_parse(const struct sic_pdb_reference *reference, uint8_t guid[16], uint32_t *age)
{
    /* A GUID's first three parts are numbers, stored with the low byte first; the rest is bytes. */
    static const uint8_t places[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t length = strlen(reference->guid_age);
    uint32_t value = 0;

    if (length < 33 || length > 40)
        return false;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_value(reference->guid_age[i]);

        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
        if (i < 32 && i % 2 == 1)
            guid[places[i / 2]] = (uint8_t)value;
        if (i == 31)
            value = 0;
    }
    *age = value;
    return true;
}

bool sic_pdb_reference_is_usable(const struct sic_pdb_reference *reference)
{
    static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    uint8_t guid[16];
    uint32_t age;

    return reference->name[0] != '\0' && reference->name[0] != '.' &&
           reference->name[strspn(reference->name, fit)] == '\0' && sic_pdb_reference_parse(reference, guid, &age);
}

void sic_pdb_reference_format_guid(const struct sic_pdb_reference *reference, char text[SIC_PDB_GUID_TEXT_SIZE])
{
    const char *digits = reference->guid_age;

    snprintf(text, SIC_PDB_GUID_TEXT_SIZE, "{%.8s-%.4s-%.4s-%.4s-%.12s}", digits, digits + 8, digits + 12, digits + 16,
             digits + 20);
}
