/* The files that VMware puts side by side. */
#ifndef SIC_IMAGE_VMWARE_H
#define SIC_IMAGE_VMWARE_H

#include "platform/file_map.h"

/*
 * Maps what belongs to VMware's file at `path`. Beside a .vmem: the .vmss or .vmsn of the same name, as *companion.
 * Beside a .vmss or .vmsn that holds no memory: the .vmem, as *file, and the state file becomes *companion. Where there
 * is nothing beside it, and for any other name, both stay as they are. The caller closes both.
 */
void vmware_open_companion(const char *path, struct sic_file_map *file, struct sic_file_map *companion);

#endif
