/* One line of a scenario, cut into words: what scenario_parse.c and scenario_facts.c read statements with. */
#ifndef LAB_PARSER_H
#define LAB_PARSER_H

#include "bytes.h"
#include "scenario.h"

#define LAB_MAX_WORDS 40

struct lab_parser {
    struct lab_scenario *scenario;
    const char *name;
    unsigned line;
    char *words[LAB_MAX_WORDS];
    bool used[LAB_MAX_WORDS];
    int count;
};

/* Stops with the file's name and the line's number. */
#define LAB_REJECT(parser, ...) (fprintf(stderr, "%s:%u: ", (parser)->name, (parser)->line), lab_fail(__VA_ARGS__))

const char *lab_parser_word(struct lab_parser *parser, int index, const char *what);
/* The value of option NAME=VALUE, or NULL. */
const char *lab_parser_option(struct lab_parser *parser, const char *name);
bool lab_parser_flag(struct lab_parser *parser, const char *name);
uint64_t lab_parser_number(struct lab_parser *parser, const char *text, int base, const char *what);
uint64_t lab_parser_hex(struct lab_parser *parser, const char *name, uint64_t otherwise);
/* Decimal, or hexadecimal with 0x. */
uint64_t lab_parser_count(struct lab_parser *parser, const char *name, uint64_t otherwise);
uint32_t lab_parser_section(struct lab_parser *parser, const char *id);
/* The last process with this pid: pids are reused. */
uint32_t lab_parser_process(struct lab_parser *parser, const char *text);

/* scenario_facts.c: statements and options about names, handles, identities, and views of the kernel. */
void lab_parse_identity(struct lab_parser *parser, struct lab_process *process);
void lab_parse_name(struct lab_parser *parser);
void lab_parse_handle(struct lab_parser *parser);
void lab_parse_link(struct lab_parser *parser);
void lab_parse_directory(struct lab_parser *parser);
void lab_parse_peb(struct lab_parser *parser);
void lab_parse_kernel_view(struct lab_parser *parser);
void lab_parse_damage(struct lab_parser *parser);
void lab_parse_security(struct lab_parser *parser); /* scenario_security.c */

/* The same back to text. */
void lab_print_identity(const struct lab_process *process, FILE *file);
void lab_print_securities(const struct lab_scenario *scenario, FILE *file);
void lab_print_facts(const struct lab_scenario *scenario, FILE *file);

#endif
