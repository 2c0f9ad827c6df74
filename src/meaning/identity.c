#include "meaning/identity.h"

#include <stdio.h>

const struct sic_token *sic_process_token(const struct sic_scan *scan, const struct sic_process *process)
{
    return process->token < scan->tokens.count ? (const struct sic_token *)scan->tokens.elements + process->token
                                               : NULL;
}

const struct sic_sid *sic_token_sids(const struct sic_scan *scan, uint32_t first, uint32_t count)
{
    if (first > scan->sids.count || count > scan->sids.count - first)
        return NULL;
    return (const struct sic_sid *)scan->sids.elements + first;
}

const struct sic_sid *sic_token_user(const struct sic_scan *scan, const struct sic_token *token)
{
    const struct sic_sid *groups;

    if (!token || token->group_count == 0)
        return NULL;
    groups = sic_token_sids(scan, token->first_group, token->group_count);
    return groups && groups->sid.length > 0 ? groups : NULL;
}

enum sic_answer sic_token_is_app_container(const struct sic_token *token)
{
    if (!token || !(token->flags & SIC_TOKEN_PACKAGE_KNOWN))
        return SIC_ANSWER_UNKNOWN;
    return token->package.length > 0 ? SIC_ANSWER_YES : SIC_ANSWER_NO;
}

enum sic_answer sic_token_is_low_privilege(const struct sic_token *token)
{
    /* Of a token that is no AppContainer's the question has an answer without its attributes. */
    if (sic_token_is_app_container(token) == SIC_ANSWER_NO)
        return SIC_ANSWER_NO;
    if (!token || !(token->flags & SIC_TOKEN_ATTRIBUTES_KNOWN))
        return SIC_ANSWER_UNKNOWN;
    return token->flags & SIC_TOKEN_LOW_PRIVILEGE ? SIC_ANSWER_YES : SIC_ANSWER_NO;
}

enum sic_answer sic_process_is_wow64(const struct sic_process *process)
{
    if (!(process->flags & SIC_PROCESS_WOW64_KNOWN))
        return SIC_ANSWER_UNKNOWN;
    return process->flags & SIC_PROCESS_WOW64 ? SIC_ANSWER_YES : SIC_ANSWER_NO;
}

enum sic_answer sic_process_is_exiting(const struct sic_process *process)
{
    if (process->flags & SIC_PROCESS_EXITING)
        return SIC_ANSWER_YES;
    return process->flags & SIC_PROCESS_EXITING_KNOWN ? SIC_ANSWER_NO : SIC_ANSWER_UNKNOWN;
}

/* SECURITY_MANDATORY_…_RID of winnt.h. */
const char *sic_integrity_name(uint32_t integrity)
{
    switch (integrity) {
    case 0:
        return "untrusted";
    case 0x1000:
        return "low";
    case 0x2000:
        return "medium";
    case 0x2100:
        return "medium plus";
    case 0x3000:
        return "high";
    case 0x4000:
        return "system";
    case 0x5000:
        return "protected";
    default:
        return NULL;
    }
}

const char *sic_integrity_text(const struct sic_token *token, char buffer[SIC_INTEGRITY_TEXT_SIZE])
{
    if (!token || token->integrity == SIC_NONE)
        return "unknown";
    if (sic_integrity_name(token->integrity))
        return sic_integrity_name(token->integrity);
    snprintf(buffer, SIC_INTEGRITY_TEXT_SIZE, "0x%x", (unsigned)token->integrity);
    return buffer;
}

/* PS_PROTECTED_TYPE of the kernel's symbols. */
const char *sic_protection_type(uint8_t protection)
{
    static const char *const types[8] = {NULL, "PPL", "PP"};

    return types[protection & 7];
}

/* PS_PROTECTED_SIGNER of the kernel's symbols. */
const char *sic_protection_signer(uint8_t protection)
{
    static const char *const signers[16] = {NULL,      "Authenticode", "CodeGen",   "Antimalware", "Lsa",
                                            "Windows", "WinTcb",       "WinSystem", "App"};

    return signers[protection >> 4];
}

const char *sic_protected_text(const struct sic_process *process, char buffer[SIC_PROTECTED_TEXT_SIZE])
{
    const char *type = sic_protection_type(process->protection);
    const char *signer = sic_protection_signer(process->protection);

    if (!(process->flags & SIC_PROCESS_PROTECTION_KNOWN))
        return "unknown";
    if (process->protection == 0)
        return "none";
    if (type && signer)
        snprintf(buffer, SIC_PROTECTED_TEXT_SIZE, "%s (%s)", type, signer);
    else
        snprintf(buffer, SIC_PROTECTED_TEXT_SIZE, "0x%02x, which has no name", process->protection);
    return buffer;
}
