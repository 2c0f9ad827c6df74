/*
 * Security descriptors from text, in the security descriptor definition language: O:SID G:SID D:flags(ace)…
 * S:flags(ace)…
 */
#ifndef LAB_SDDL_H
#define LAB_SDDL_H

#include <stddef.h>
#include <stdint.h>

/* A descriptor that the lab makes has at most so many bytes. */
#define LAB_SECURITY_LIMIT 0x20000u

/*
 * The self-relative descriptor of `text`, at most LAB_SECURITY_LIMIT bytes; *size gets their number. `slack` bytes
 * follow the last ACE of each ACL, as where one was made larger than it had to be. NULL, or what is wrong with the
 * text.
 */
const char *lab_sddl_build(const char *text, uint16_t slack, uint8_t *bytes, size_t *size);

#endif
