#include "cli/report.h"

#include <getopt.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

int sic_fail(const char *message)
{
    fprintf(stderr, "sic: %s\n", message);
    return SIC_EXIT_ERROR;
}

int sic_fail_to_write(void)
{
    fprintf(stderr,
            "sic: the output could not be written (%s): it is not whole; free space or check the pipe's reader\n",
            strerror(errno));
    return SIC_EXIT_ERROR;
}

bool sic_fail_option(const char *format, const char *value)
{
    fprintf(stderr, "sic: ");
    fprintf(stderr, format, value);
    fputc('\n', stderr);
    return false;
}

static void print_note(void *context, enum sic_message_level level, const char *text)
{
    (void)context;
    if (level == SIC_MESSAGE_NOTE)
        fprintf(stderr, "sic: %s\n", text);
}

static void print_all(void *context, enum sic_message_level level, const char *text)
{
    (void)context;
    (void)level;
    fprintf(stderr, "sic: %s\n", text);
}

struct sic_message_sink sic_message_printer(bool quiet, bool verbose)
{
    return (struct sic_message_sink){.hear = verbose ? print_all : quiet ? NULL : print_note};
}

const char *sic_offending_option(char **argv, char text[3])
{
    /* A letter among others of one word is told by optopt alone. */
    if (optopt <= 0 || optopt > 0x7f)
        return argv[optind - 1];
    text[0] = '-';
    text[1] = (char)optopt;
    text[2] = '\0';
    return text;
}
