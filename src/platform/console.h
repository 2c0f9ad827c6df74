/*
 * Standard output and error, made alike on every system.
 */
#ifndef SIC_PLATFORM_CONSOLE_H
#define SIC_PLATFORM_CONSOLE_H

/* Lines end in a newline alone, text is UTF-8, and colour works where the console can show it. */
void sic_console_prepare(void);

/*
 * The program's arguments in UTF-8: on Windows `argv` is in the system's code page, which loses what that lacks. The
 * result lives as long as the program; NULL when memory ran out.
 */
char **sic_console_arguments(char **argv);

#endif
