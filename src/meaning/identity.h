/*
 * Whose a process is: what its token and its protection mean.
 */
#ifndef SIC_MEANING_IDENTITY_H
#define SIC_MEANING_IDENTITY_H

#include "core/scan.h"

#include <stddef.h>

/* The process's token, or NULL: unknown. */
const struct sic_token *sic_process_token(const struct sic_scan *scan, const struct sic_process *process);

/* The user's SID, as a record of sic_scan.sids, or NULL: unknown. `token` may be NULL, as with all of these. */
const struct sic_sid *sic_token_user(const struct sic_scan *scan, const struct sic_token *token);

/* Records [first, first + count) of sic_scan.sids, or NULL when they are not all there. */
const struct sic_sid *sic_token_sids(const struct sic_scan *scan, uint32_t first, uint32_t count);

enum sic_answer { SIC_ANSWER_UNKNOWN, SIC_ANSWER_NO, SIC_ANSWER_YES };

enum sic_answer sic_token_is_app_container(const struct sic_token *token);
enum sic_answer sic_token_is_low_privilege(const struct sic_token *token);
enum sic_answer sic_process_is_wow64(const struct sic_process *process);
enum sic_answer sic_process_is_exiting(const struct sic_process *process);

/* "untrusted", "low", "medium", "medium plus", "high", "system", "protected"; NULL: a level without a name. */
const char *sic_integrity_name(uint32_t integrity);

#define SIC_INTEGRITY_TEXT_SIZE 24u

/* The name, "0x2010" for a level without one, or "unknown". */
const char *sic_integrity_text(const struct sic_token *token, char buffer[SIC_INTEGRITY_TEXT_SIZE]);

/* Of PS_PROTECTION: "PP", "PPL", NULL for none; "WinTcb", …, NULL for none or one without a name. */
const char *sic_protection_type(uint8_t protection);
const char *sic_protection_signer(uint8_t protection);

#define SIC_PROTECTED_TEXT_SIZE 48u

/* "PPL (WinTcb)", "none", "unknown". */
const char *sic_protected_text(const struct sic_process *process, char buffer[SIC_PROTECTED_TEXT_SIZE]);

#endif
