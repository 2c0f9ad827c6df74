/*
 * The directories of named objects.
 */
#ifndef SIC_CORE_DIRECTORY_H
#define SIC_CORE_DIRECTORY_H

#include "core/layout.h"
#include "core/scan.h"

/* Directories in directories: a sound machine has six or so. What lies deeper is not looked at. */
#define SIC_DIRECTORY_DEPTH_LIMIT 32u

#endif
