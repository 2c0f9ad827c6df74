#include "live/trust.h"

#include "live/native.h"

#include <softpub.h>
#include <wincrypt.h>
#include <wintrust.h>

/* wincrypt.h of later headers: the chain must end in one of the roots that Microsoft's own products have. */
#define POLICY_MICROSOFT_ROOT ((LPCSTR)7)

#define SIGNER L"Microsoft Corporation"

/* Loaded from System32, not imported: an import would be looked for beside the program first. */
struct routines {
    LONG(WINAPI *verify)(HWND window, GUID *action, LPVOID data);
    CRYPT_PROVIDER_DATA *(WINAPI *provider_data)(HANDLE state);
    CRYPT_PROVIDER_SGNR *(WINAPI *signer)(CRYPT_PROVIDER_DATA *data, DWORD index, BOOL countersigner, DWORD other);
    BOOL(WINAPI *check_chain)
    (LPCSTR policy, PCCERT_CHAIN_CONTEXT chain, PCERT_CHAIN_POLICY_PARA parameters, PCERT_CHAIN_POLICY_STATUS status);
    DWORD(WINAPI *name)(PCCERT_CONTEXT certificate, DWORD type, DWORD flags, void *parameters, LPWSTR text, DWORD size);
};

static bool load(struct routines *routines)
{
    HMODULE wintrust = LoadLibraryExW(L"wintrust.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    HMODULE crypt32 = LoadLibraryExW(L"crypt32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    return SIC_FIND_ROUTINE(wintrust, "WinVerifyTrust", &routines->verify) &&
           SIC_FIND_ROUTINE(wintrust, "WTHelperProvDataFromStateData", &routines->provider_data) &&
           SIC_FIND_ROUTINE(wintrust, "WTHelperGetProvSignerFromChain", &routines->signer) &&
           SIC_FIND_ROUTINE(crypt32, "CertVerifyCertificateChainPolicy", &routines->check_chain) &&
           SIC_FIND_ROUTINE(crypt32, "CertGetNameStringW", &routines->name);
}

static bool is_microsofts_chain(const struct routines *routines, PCCERT_CHAIN_CONTEXT chain)
{
    CERT_CHAIN_POLICY_PARA parameters = {.cbSize = sizeof(parameters)};
    CERT_CHAIN_POLICY_STATUS status = {.cbSize = sizeof(status)};

    return chain && routines->check_chain(POLICY_MICROSOFT_ROOT, chain, &parameters, &status) && status.dwError == 0;
}

/* Of a signature that was verified. */
static bool is_microsofts_signature(const struct routines *routines, HANDLE state)
{
    CRYPT_PROVIDER_DATA *data = routines->provider_data(state);
    CRYPT_PROVIDER_SGNR *signer = data ? routines->signer(data, 0, FALSE, 0) : NULL;
    wchar_t name[128];

    if (!signer || signer->csCertChain == 0 || !signer->pasCertChain || !signer->pasCertChain[0].pCert)
        return false;
    routines->name(signer->pasCertChain[0].pCert, CERT_NAME_ATTR_TYPE, 0, (void *)szOID_ORGANIZATION_NAME, name,
                   sizeof(name) / sizeof(name[0]));
    return wcscmp(name, SIGNER) == 0 && is_microsofts_chain(routines, signer->pChainContext);
}

bool sic_trust_is_microsofts(void *handle, const wchar_t *path)
{
    GUID action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    WINTRUST_FILE_INFO file = {.cbStruct = sizeof(file), .pcwszFilePath = path, .hFile = handle};
    WINTRUST_DATA data = {
        .cbStruct = sizeof(data),
        .dwUIChoice = WTD_UI_NONE,
        .fdwRevocationChecks = WTD_REVOKE_NONE,
        .dwUnionChoice = WTD_CHOICE_FILE,
        .pFile = &file,
        .dwStateAction = WTD_STATEACTION_VERIFY,
        /* A machine without internet waits for nothing. */
        .dwProvFlags = WTD_CACHE_ONLY_URL_RETRIEVAL,
    };
    struct routines routines;
    bool is_trusted;

    if (!load(&routines))
        return false;
    is_trusted = routines.verify(NULL, &action, &data) == 0 && is_microsofts_signature(&routines, data.hWVTStateData);
    data.dwStateAction = WTD_STATEACTION_CLOSE;
    routines.verify(NULL, &action, &data);
    return is_trusted;
}
