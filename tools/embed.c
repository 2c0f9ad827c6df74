/*
 * Turns a text file into a C array: embed INPUT SYMBOL > OUTPUT. Runs at build time.
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    FILE *input;
    int byte;
    unsigned long size = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: embed INPUT SYMBOL\n");
        return 2;
    }
    input = fopen(argv[1], "rb");
    if (!input) {
        perror(argv[1]);
        return 1;
    }
    printf("#include <stddef.h>\n\nextern const char %s[];\nextern const size_t %s_size;\n\nconst char %s[] = {\n",
           argv[2], argv[2], argv[2]);
    while ((byte = getc(input)) != EOF)
        printf("%d,%s", byte, ++size % 32 == 0 ? "\n" : "");
    printf("0};\nconst size_t %s_size = %lu;\n", argv[2], size);
    fclose(input);
    return fflush(stdout) == 0 ? 0 : 1;
}
