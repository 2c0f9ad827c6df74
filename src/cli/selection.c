#include "cli/selection.h"

#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t kind;
} kind_names[] = {
    {"image", SIC_SELECT_IMAGE},           {"file", SIC_SELECT_FILE},         {"paging-file", SIC_SELECT_PAGING_FILE},
    {"large-page", SIC_SELECT_LARGE_PAGE}, {"physical", SIC_SELECT_PHYSICAL},
};

bool sic_selection_add_word(struct sic_words *words, const char *word)
{
    const char **grown = realloc(words->words, (words->count + 1) * sizeof(*grown));

    if (!grown)
        return sic_fail_option("out of memory%s; close other programs and try again", "");
    words->words = grown;
    words->words[words->count++] = word;
    return true;
}

static uint32_t find_kind(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
        if (strlen(kind_names[i].name) == size && strncmp(kind_names[i].name, name, size) == 0)
            return kind_names[i].kind;
    }
    return 0;
}

bool sic_selection_add_kinds(struct sic_selection *selection, const char *kinds)
{
    const char *name = kinds;

    for (;;) {
        size_t size = strcspn(name, ",");
        uint32_t kind = find_kind(name, size);

        if (kind == 0)
            return sic_fail_option("--kind takes image, file, paging-file, large-page or physical, or some of them "
                                   "separated by commas, not '%s'",
                                   kinds);
        selection->kinds |= kind;
        if (name[size] == '\0')
            return true;
        name += size + 1;
    }
}

bool sic_selection_set_minimum(struct sic_selection *selection, const char *text)
{
    char *end;
    unsigned long count = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || count == 0 || count > 1000000)
        return sic_fail_option("--min-processes takes a number from 1 to 1000000, not '%s'", text);
    selection->minimum_processes = (uint32_t)count;
    return true;
}

void sic_selection_deinit(struct sic_selection *selection)
{
    free(selection->filters.words);
    free(selection->names.words);
    *selection = (struct sic_selection){0};
}
