#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

static const struct sic_verb *const verbs[] = {&sic_verb_diff, &sic_verb_symbols, &sic_verb_profile};

const struct sic_verb *sic_verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    }
    return NULL;
}

void sic_verbs_print_usage(void)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        printf("       sic %s %s\n", verbs[i]->name, verbs[i]->usage);
}
