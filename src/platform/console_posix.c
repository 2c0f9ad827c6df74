#include "platform/console.h"

#include <signal.h>
#include <unistd.h>

/*
 * An image is read through a mapping: where the file is cut short, or its disk fails, while it is read, the system
 * sends this signal. There is no going on from it.
 */
static void end_on_lost_page(int signal)
{
    static const char message[] =
        "sic: the image could not be read to its end: it became shorter, or its disk failed; copy it and try again\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);

    (void)signal;
    (void)written;
    _exit(2);
}

void sic_console_prepare(void)
{
    struct sigaction action = {.sa_handler = end_on_lost_page};

    sigaction(SIGBUS, &action, NULL);
}

char **sic_console_arguments(char **argv)
{
    return argv;
}
