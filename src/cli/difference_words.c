#include "cli/difference_words.h"

#include "cli/name_list.h"
#include "meaning/file_path.h"

const char *sic_change_word(enum sic_change change)
{
    static const char *const words[] = {"came", "went", "changed"};

    return words[change];
}

const char *const sic_process_change_words[SIC_PROCESS_CHANGE_COUNT] = {
    "exited", "exiting", "listed", "integrity", "protection", "app_container", "user", "session",
};

const char *const sic_section_change_words[SIC_SECTION_CHANGE_COUNT] = {"size", "name", "owners", "views", "regions"};

const char *const sic_crossing_change_words[SIC_CROSSING_CHANGE_COUNT] = {"way", "certainty", "processes"};

char *sic_section_title(const struct sic_listing *listing, uint32_t section)
{
    const struct sic_section *record = sic_scan_section(&listing->scan, section);
    char *title = sic_section_path(&listing->scan, &listing->meaning.drives, record);
    struct sic_name_list list;

    if (!title) {
        sic_name_list_begin(&list, &listing->meaning.names, section, SIC_NAMES_SIZE_LIMIT);
        sic_name_list_next(&list, &title);
    }
    return title ? title : sic_section_name(&listing->scan, record);
}
