/*
 * The security attributes of a token.
 */
#ifndef SIC_CORE_TOKEN_ATTRIBUTES_H
#define SIC_CORE_TOKEN_ATTRIBUTES_H

#include "core/reader.h"

enum sic_low_privilege { SIC_LOW_PRIVILEGE_UNKNOWN, SIC_LOW_PRIVILEGE_NO, SIC_LOW_PRIVILEGE_YES };

/*
 * Whether the attributes at `attributes_va` (_TOKEN.pSecurityAttributes; 0: there are none) make an AppContainer one of
 * low privilege: the attribute WIN://NOALLAPPPKG is a number that is not 0. Unknown when the list cannot be read to
 * where that is decided.
 */
enum sic_low_privilege sic_token_low_privilege(const struct sic_reader *reader, uint64_t attributes_va);

#endif
