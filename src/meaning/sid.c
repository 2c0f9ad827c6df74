#include "meaning/sid.h"

#include "core/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Microsoft's "Well-known SIDs" and "Security identifiers" (learn.microsoft.com); the capabilities also in Raymond
 * Chen's "What are these SIDs of the form S-1-15-3-xxx?". English names: what a machine calls them is in no image.
 */
static const struct {
    const char *sid;
    const char *name;
} known[] = {
    {"S-1-0-0", "NULL SID"},
    {"S-1-1-0", "Everyone"},
    {"S-1-2-0", "LOCAL"},
    {"S-1-2-1", "CONSOLE LOGON"},
    {"S-1-3-0", "CREATOR OWNER"},
    {"S-1-3-1", "CREATOR GROUP"},
    {"S-1-3-4", "OWNER RIGHTS"},
    {"S-1-5-1", "DIALUP"},
    {"S-1-5-2", "NETWORK"},
    {"S-1-5-3", "BATCH"},
    {"S-1-5-4", "INTERACTIVE"},
    {"S-1-5-6", "SERVICE"},
    {"S-1-5-7", "ANONYMOUS LOGON"},
    {"S-1-5-8", "PROXY"},
    {"S-1-5-9", "ENTERPRISE DOMAIN CONTROLLERS"},
    {"S-1-5-10", "SELF"},
    {"S-1-5-11", "Authenticated Users"},
    {"S-1-5-12", "RESTRICTED"},
    {"S-1-5-13", "TERMINAL SERVER USER"},
    {"S-1-5-14", "REMOTE INTERACTIVE LOGON"},
    {"S-1-5-15", "This Organization"},
    {"S-1-5-17", "IUSR"},
    {"S-1-5-18", "SYSTEM"},
    {"S-1-5-19", "LOCAL SERVICE"},
    {"S-1-5-20", "NETWORK SERVICE"},
    {"S-1-5-33", "WRITE RESTRICTED"},
    {"S-1-5-113", "Local account"},
    {"S-1-5-114", "Local account and member of Administrators group"},
    {"S-1-5-32-544", "Administrators"},
    {"S-1-5-32-545", "Users"},
    {"S-1-5-32-546", "Guests"},
    {"S-1-5-32-547", "Power Users"},
    {"S-1-5-32-548", "Account Operators"},
    {"S-1-5-32-549", "Server Operators"},
    {"S-1-5-32-550", "Print Operators"},
    {"S-1-5-32-551", "Backup Operators"},
    {"S-1-5-32-552", "Replicator"},
    {"S-1-5-32-554", "Pre-Windows 2000 Compatible Access"},
    {"S-1-5-32-555", "Remote Desktop Users"},
    {"S-1-5-32-556", "Network Configuration Operators"},
    {"S-1-5-32-557", "Incoming Forest Trust Builders"},
    {"S-1-5-32-558", "Performance Monitor Users"},
    {"S-1-5-32-559", "Performance Log Users"},
    {"S-1-5-32-560", "Windows Authorization Access Group"},
    {"S-1-5-32-561", "Terminal Server License Servers"},
    {"S-1-5-32-562", "Distributed COM Users"},
    {"S-1-5-32-568", "IIS_IUSRS"},
    {"S-1-5-32-569", "Cryptographic Operators"},
    {"S-1-5-32-573", "Event Log Readers"},
    {"S-1-5-32-574", "Certificate Service DCOM Access"},
    {"S-1-5-32-575", "RDS Remote Access Servers"},
    {"S-1-5-32-576", "RDS Endpoint Servers"},
    {"S-1-5-32-577", "RDS Management Servers"},
    {"S-1-5-32-578", "Hyper-V Administrators"},
    {"S-1-5-32-579", "Access Control Assistance Operators"},
    {"S-1-5-32-580", "Remote Management Users"},
    {"S-1-5-32-581", "System Managed Accounts Group"},
    {"S-1-5-32-582", "Storage Replica Administrators"},
    {"S-1-5-32-583", "Device Owners"},
    {"S-1-5-64-10", "NTLM Authentication"},
    {"S-1-5-64-14", "SChannel Authentication"},
    {"S-1-5-64-21", "Digest Authentication"},
    {"S-1-5-65-1", "This Organization Certificate"},
    {"S-1-5-80-0", "ALL SERVICES"},
    {"S-1-5-83-0", "Virtual Machines"},
    {"S-1-5-84-0-0-0-0-0", "USER MODE DRIVERS"},
    {"S-1-5-90-0", "Window Manager Group"},
    {"S-1-5-96-0", "Font Driver Host"},
    {"S-1-15-2-1", "ALL APPLICATION PACKAGES"},
    {"S-1-15-2-2", "ALL RESTRICTED APPLICATION PACKAGES"},
    {"S-1-15-3-1", "internetClient"},
    {"S-1-15-3-2", "internetClientServer"},
    {"S-1-15-3-3", "privateNetworkClientServer"},
    {"S-1-15-3-4", "picturesLibrary"},
    {"S-1-15-3-5", "videosLibrary"},
    {"S-1-15-3-6", "musicLibrary"},
    {"S-1-15-3-7", "documentsLibrary"},
    {"S-1-15-3-8", "enterpriseAuthentication"},
    {"S-1-15-3-9", "sharedUserCertificates"},
    {"S-1-15-3-10", "removableStorage"},
    {"S-1-15-3-11", "appointments"},
    {"S-1-15-3-12", "contacts"},
    {"S-1-15-3-4096", "internetExplorer"},
    {"S-1-16-0", "Untrusted Mandatory Level"},
    {"S-1-16-4096", "Low Mandatory Level"},
    {"S-1-16-8192", "Medium Mandatory Level"},
    {"S-1-16-8448", "Medium Plus Mandatory Level"},
    {"S-1-16-12288", "High Mandatory Level"},
    {"S-1-16-16384", "System Mandatory Level"},
    {"S-1-16-20480", "Protected Process Mandatory Level"},
    {"S-1-18-1", "Authentication authority asserted identity"},
    {"S-1-18-2", "Service asserted identity"},
};

/* Accounts of which there is one for each session. */
static const struct {
    const char *prefix;
    const char *name;
} by_session[] = {
    {"S-1-5-90-0-", "DWM-"},
    {"S-1-5-96-0-", "UMFD-"},
};

/* Accounts that each machine and each domain has, S-1-5-21-x-y-z-RID. They can be renamed, hence "built-in". */
static const struct {
    const char *rid;
    const char *name;
} in_domain[] = {
    {"-500", "built-in administrator"},
    {"-501", "built-in guest"},
    {"-503", "built-in default account"},
    {"-504", "built-in application guard account"},
};

bool sic_sid_format(const struct sic_scan *scan, struct sic_blob sid, char text[SIC_SID_TEXT_SIZE])
{
    const uint8_t *bytes;
    uint64_t authority = 0;
    int used;

    if (sid.offset > scan->bytes.count || sid.length > scan->bytes.count - sid.offset || sid.length < 8)
        return false;
    bytes = (const uint8_t *)scan->bytes.elements + sid.offset;
    if (bytes[0] != 1 || bytes[1] > 15 || sid.length != 8u + 4u * bytes[1])
        return false;
    for (unsigned i = 2; i < 8; i++)
        authority = authority << 8 | bytes[i];
    /* From 2^32 on authorities are written in hexadecimal ([MS-DTYP] 2.4.2.1). */
    used = snprintf(text, SIC_SID_TEXT_SIZE, authority >> 32 ? "S-1-0x%012" PRIx64 : "S-1-%" PRIu64, authority);
    for (unsigned i = 0; i < bytes[1]; i++)
        used += snprintf(text + used, SIC_SID_TEXT_SIZE - (size_t)used, "-%" PRIu32, sic_load32(bytes + 8 + 4 * i));
    return true;
}

/* One number and nothing else. */
static bool is_number(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* "-RID" of S-1-5-21-x-y-z-RID, else NULL. */
static const char *find_rid(const char *text)
{
    static const char domain[] = "S-1-5-21";
    const char *part = text + sizeof(domain) - 1;

    if (strncmp(text, domain, sizeof(domain) - 1) != 0)
        return NULL;
    for (unsigned i = 0; part && i < 3; i++)
        part = *part == '-' ? strchr(part + 1, '-') : NULL;
    return part && !strchr(part + 1, '-') ? part : NULL;
}

bool sic_sid_name(const char *text, char name[SIC_SID_NAME_SIZE])
{
    const char *rid = find_rid(text);

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(text, known[i].sid) == 0) {
            snprintf(name, SIC_SID_NAME_SIZE, "%s", known[i].name);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(by_session) / sizeof(by_session[0]); i++) {
        size_t size = strlen(by_session[i].prefix);

        if (strncmp(text, by_session[i].prefix, size) == 0 && is_number(text + size)) {
            snprintf(name, SIC_SID_NAME_SIZE, "%s%.10s", by_session[i].name, text + size);
            return true;
        }
    }
    for (size_t i = 0; rid && i < sizeof(in_domain) / sizeof(in_domain[0]); i++) {
        if (strcmp(rid, in_domain[i].rid) == 0) {
            snprintf(name, SIC_SID_NAME_SIZE, "%s", in_domain[i].name);
            return true;
        }
    }
    return false;
}
