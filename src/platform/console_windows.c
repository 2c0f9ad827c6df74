#include "platform/console.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <windows.h>

#include <shellapi.h>
#include <stdlib.h>

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif

void sic_console_prepare(void)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode;

    /* First of all: libraries that are loaded by name come from Windows' own folder, not from the program's. */
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);

    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    SetConsoleOutputCP(CP_UTF8);
    /* Before Windows 10 1511 the mode is refused, and colour would be shown as noise: see --color. */
    if (GetConsoleMode(output, &mode))
        SetConsoleMode(output, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

static char *to_utf8(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = size > 0 ? malloc((size_t)size) : NULL;

    if (text)
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
    return text;
}

char **sic_console_arguments(char **argv)
{
    int count;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **arguments = wide ? calloc((size_t)count + 1, sizeof(*arguments)) : NULL;

    (void)argv;
    for (int i = 0; arguments && i < count; i++) {
        arguments[i] = to_utf8(wide[i]);
        if (!arguments[i])
            return NULL;
    }
    LocalFree(wide);
    return arguments;
}
