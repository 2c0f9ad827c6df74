/*
 * Security descriptors of objects: who may open them, as the kernel keeps it.
 */
#ifndef SIC_CORE_SECURITY_H
#define SIC_CORE_SECURITY_H

#include "core/object.h"

/*
 * SECURITY_DESCRIPTOR_RELATIVE of winnt.h: {u8 revision 1, u8, u16 control, u32 owner, u32 group, u32 SACL, u32 DACL},
 * offsets from its start, 0: none. An ACL is {u8 revision, u8, u16 size, u16 count, u16} and its ACEs, each {u8 type,
 * u8 flags, u16 size}.
 */
#define SIC_SECURITY_HEADER_SIZE 20u
/* Larger descriptors are taken for damage. An ACL of its own can have as much; sound ones have some hundred bytes. */
#define SIC_SECURITY_SIZE_LIMIT 0x10000u
/* All descriptors of a scan together: beyond it, they stay unknown. Equal ones are one in the kernel's memory. */
#define SIC_SECURITY_BYTES_LIMIT 0x2000000u

/*
 * Whether `size` bytes are one whole self-relative descriptor, neither more nor less: SIDs, ACLs and the extents of
 * ACEs lie inside. What an ACE holds behind its header is not looked at: who judges does, and trusts no size in it.
 */
bool sic_security_is_sound(const uint8_t *bytes, uint32_t size);

/*
 * Fills in `security` of all directories and named sections of scan->names, which sic_directories_read filled. Each is
 * copied whole into scan->bytes, once for each address, behind those before it. One that was read, or is not there,
 * gets SIC_NAME_SECURITY_READ; one that cannot be read or contradicts itself has no flag and no bytes. False when
 * memory ran out or the reader is cancelled.
 */
bool sic_securities_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects);

#endif
