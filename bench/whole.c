/*
 * Times a whole process by the clock and by its processors, and its peak of memory that is not a file's: RssAnon,
 * sampled while it runs.
 *   whole RUNS COMMAND [ARGUMENT…]      standard output goes to /tmp/sic-bench.out, or $SIC_BENCH_OUTPUT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static long anonymous_kib(pid_t child)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            break;
    }
    if (file)
        fclose(file);
    return kib;
}

/* An empty file; to give up what an earlier run has written takes time that is not this one's. */
static int open_output(void)
{
    const char *output = getenv("SIC_BENCH_OUTPUT");

    return open(output ? output : "/tmp/sic-bench.out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static pid_t start(char **command, int output)
{
    pid_t child = fork();

    if (child == 0) {
        if (output < 0 || dup2(output, STDOUT_FILENO) < 0)
            _exit(126);
        execv(command[0], command);
        _exit(127);
    }
    return child;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static double run(char **command, int *status, double *processor)
{
    int output = open_output();
    double begun = now(), ended;
    pid_t child = start(command, output);
    struct rusage usage;

    wait4(child, status, 0, &usage);
    ended = now();
    close(output);
    *processor = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    return ended - begun;
}

/* A run of its own: sampling slows it down. */
static long peak_memory(char **command)
{
    struct timespec pause = {.tv_nsec = 200000};
    int output = open_output(), status;
    pid_t child = start(command, output);
    long peak = 0;

    while (waitpid(child, &status, WNOHANG) == 0) {
        long kib = anonymous_kib(child);

        if (kib > peak)
            peak = kib;
        nanosleep(&pause, NULL);
    }
    close(output);
    return peak;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
    int runs = argc > 2 ? atoi(argv[1]) : 0, status = 0;
    double times[99], processor[99];
    long peak = 0;

    if (runs < 1 || runs > 99) {
        fprintf(stderr, "usage: whole RUNS COMMAND [ARGUMENT...]\n");
        return 2;
    }
    (void)run(argv + 2, &status, &processor[0]);
    for (int i = 0; i < runs; i++)
        times[i] = run(argv + 2, &status, &processor[i]);
    for (int i = 0; i < 3 && i < runs; i++) {
        long kib = peak_memory(argv + 2);

        peak = kib > peak ? kib : peak;
    }
    qsort(times, (size_t)runs, sizeof(times[0]), compare);
    qsort(processor, (size_t)runs, sizeof(processor[0]), compare);
    printf("%.5f %.5f %.5f %ld %d %.5f %.5f\n", times[0], times[runs / 2], times[runs - 1], peak, WEXITSTATUS(status),
           processor[0], processor[runs / 2]);
    return 0;
}
