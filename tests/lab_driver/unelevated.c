/*
 * Starts a program with this user's token as it is without elevation: unelevated.exe PROGRAM. Ends with its status.
 */
#include <windows.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    TOKEN_LINKED_TOKEN linked;
    PROCESS_INFORMATION started;
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    HANDLE own, primary;
    DWORD size, status = 99;

    if (argc != 2 || !OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own) ||
        !GetTokenInformation(own, TokenLinkedToken, &linked, sizeof(linked), &size) ||
        !DuplicateTokenEx(linked.LinkedToken, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenPrimary, &primary) ||
        !CreateProcessAsUserA(primary, argv[1], NULL, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &started)) {
        fprintf(stderr, "unelevated: error %lu\n", GetLastError());
        return 99;
    }
    WaitForSingleObject(started.hProcess, INFINITE);
    GetExitCodeProcess(started.hProcess, &status);
    return (int)status;
}
