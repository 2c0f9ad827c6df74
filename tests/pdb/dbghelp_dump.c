/*
 * Prints what dbghelp says of structures: usage: dbghelp_dump.exe FILE.dll < NAMES. Its lines are as in oracles.py,
 * for the structure's own members only: the names of bit-fields' units and of nested members are not looked into.
 */
#include <windows.h>

#include <dbghelp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HANDLE process;
static DWORD64 module;

static DWORD number(ULONG type, IMAGEHLP_SYMBOL_TYPE_INFO what, DWORD otherwise)
{
    DWORD value = 0;

    return SymGetTypeInfo(process, module, type, what, &value) ? value : otherwise;
}

static void print_member(const char *structure, ULONG member)
{
    WCHAR *name = NULL;
    ULONG64 length = 0;
    DWORD type = number(member, TI_GET_TYPE, 0);
    DWORD bit = number(member, TI_GET_BITPOSITION, (DWORD)-1);
    uint64_t offset = number(member, TI_GET_OFFSET, 0);

    if (!SymGetTypeInfo(process, module, member, TI_GET_SYMNAME, &name))
        return;
    SymGetTypeInfo(process, module, bit == (DWORD)-1 ? type : member, TI_GET_LENGTH, &length);
    printf("%s.%ls %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", structure, name, offset * 8 + (bit == (DWORD)-1 ? 0 : bit),
           bit == (DWORD)-1 ? (uint64_t)0 : length, bit == (DWORD)-1 ? length : (uint64_t)0);
    LocalFree(name);
}

static void print_structure(const char *structure)
{
    union {
        SYMBOL_INFO info;
        char room[sizeof(SYMBOL_INFO) + 512];
    } symbol = {.info = {.SizeOfStruct = sizeof(SYMBOL_INFO), .MaxNameLen = 500}};
    TI_FINDCHILDREN_PARAMS *children;
    ULONG64 length = 0;
    DWORD count;

    if (!SymGetTypeFromName(process, module, structure, &symbol.info)) {
        printf("%s absent\n", structure);
        return;
    }
    SymGetTypeInfo(process, module, symbol.info.TypeIndex, TI_GET_LENGTH, &length);
    printf("%s - - %" PRIu64 "\n", structure, (uint64_t)length);
    count = number(symbol.info.TypeIndex, TI_GET_CHILDRENCOUNT, 0);
    children = calloc(1, sizeof(*children) + count * sizeof(ULONG));
    children->Count = count;
    if (SymGetTypeInfo(process, module, symbol.info.TypeIndex, TI_FINDCHILDREN, children)) {
        for (DWORD i = 0; i < count; i++)
            print_member(structure, children->ChildId[i]);
    }
    free(children);
}

int main(int argument_count, char **arguments)
{
    char name[512];

    process = GetCurrentProcess();
    if (argument_count < 2 || !SymInitialize(process, ".", FALSE))
        return 1;
    module = SymLoadModuleEx(process, NULL, arguments[1], NULL, 0x180000000, 0x100000, NULL, 0);
    if (module == 0)
        return 2;
    while (fgets(name, sizeof(name), stdin) != NULL) {
        name[strcspn(name, "\r\n")] = '\0';
        print_structure(name);
    }
    return 0;
}
