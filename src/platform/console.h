/*
 * Standard output and error, made alike on every system.
 */
#ifndef SIC_PLATFORM_CONSOLE_H
#define SIC_PLATFORM_CONSOLE_H

/* Lines end in a newline alone, text is UTF-8, and colour works where the console can show it. */
void sic_console_prepare(void);

#endif
