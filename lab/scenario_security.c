/*
 * The statement that says who may open an object, from text and back to it.
 */
#include "parser.h"
#include "sddl.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum lab_security_state state;
} words[] = {{"none", LAB_SECURITY_NONE}, {"unreadable", LAB_SECURITY_UNREADABLE}, {"damaged", LAB_SECURITY_DAMAGED}};

#define NULL_DACL "O:SYG:SYD:NO_ACCESS_CONTROL"

static void check(struct lab_parser *parser, const char *sddl)
{
    uint8_t *bytes = lab_allocate(1, LAB_SECURITY_LIMIT);
    size_t size;
    const char *fault = lab_sddl_build(sddl, 0, bytes, &size);
    free(bytes);
    if (fault)
        LAB_REJECT(parser, "%s: %s", sddl, fault);
}

/* security PATH SDDL | none | null-dacl | unreadable | damaged */
void lab_parse_security(struct lab_parser *parser)
{
    const char *path = lab_parser_word(parser, 1, "the object's path");
    const char *text = lab_parser_word(parser, 2, "the descriptor");
    if (path[0] != '\\')
        LAB_REJECT(parser, "%s is no path of an object: it begins with \\", path);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcmp(words[i].word, text)) {
            lab_add_security(parser->scenario, path, NULL, words[i].state);
            return;
        }
    }
    if (!strcmp(text, "null-dacl"))
        text = NULL_DACL;
    check(parser, text);
    lab_add_security(parser->scenario, path, text, LAB_SECURITY_THERE);
}

void lab_print_securities(const struct lab_scenario *scenario, FILE *file)
{
    for (size_t i = 0; i < scenario->security_count; i++) {
        const struct lab_security *security = &scenario->securities[i];
        const char *text = security->sddl;
        for (size_t j = 0; j < sizeof words / sizeof *words; j++)
            if (words[j].state == security->state)
                text = words[j].word;
        fprintf(file, "security \"%s\" \"%s\"\n", security->path, text);
    }
}
