#include "cli/name_list.h"

#include <stdlib.h>
#include <string.h>

void sic_name_list_begin(struct sic_name_list *list, const struct sic_object_names *names, uint32_t section,
                         size_t room)
{
    *list = (struct sic_name_list){.names = names, .room = room};
    list->keys = sic_object_names_find(names, section, &list->count);
}

bool sic_name_list_next(struct sic_name_list *list, char **path)
{
    size_t size;

    *path = NULL;
    if (list->next == list->count || list->next == SIC_LISTED_LIMIT)
        return false;
    *path = sic_object_path(list->names, (uint32_t)list->keys[list->next].value);
    list->is_outside = sic_object_name_is_outside(list->names, (uint32_t)list->keys[list->next].value);
    size = (*path ? strlen(*path) : 0) + 1 + (list->is_outside ? sizeof(SIC_OUTSIDE_LABEL) : 0);
    if (size > list->room) {
        free(*path);
        *path = NULL;
        return false;
    }
    list->room -= size;
    list->next++;
    return true;
}
