/*
 * Tells every process of a name of a console event, as the console itself does: console_event.exe NAME EVENT, 2 being
 * the closing of its window. A thread is started in it that runs CtrlRoutine, which calls its handlers.
 */
#include <windows.h>

#include <tlhelp32.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tell(DWORD pid, DWORD_PTR event)
{
    /* System libraries have one address in all processes. */
    LPTHREAD_START_ROUTINE routine =
        (LPTHREAD_START_ROUTINE)(void (*)(void))GetProcAddress(GetModuleHandleA("kernelbase.dll"), "CtrlRoutine");
    HANDLE process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, pid);
    HANDLE thread = process && routine ? CreateRemoteThread(process, NULL, 0, routine, (void *)event, 0, NULL) : NULL;

    return thread ? 0 : 1;
}

int main(int argc, char **argv)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32 entry = {.dwSize = sizeof(entry)};
    int told = 0;

    if (argc != 3)
        return 99;
    for (BOOL more = Process32First(snapshot, &entry); more; more = Process32Next(snapshot, &entry)) {
        if (_stricmp(entry.szExeFile, argv[1]) == 0)
            told += tell(entry.th32ProcessID, strtoul(argv[2], NULL, 10)) == 0;
    }
    return told > 0 ? 0 : 1;
}
