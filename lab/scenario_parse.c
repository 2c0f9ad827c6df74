/*
 * The text of a scenario: one statement a line, words separated by blanks, "quoted" where they hold blanks, options as
 * NAME=VALUE, a comment from # to the end of the line.
 */
#include "parser.h"

#include "memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Cuts a line into words in place. Quotes may stand inside a word: path="C:\A B". */
static void split(struct lab_parser *parser, char *line)
{
    char *to = line;
    parser->count = 0;
    memset(parser->used, 0, sizeof parser->used);
    for (char *from = line;;) {
        while (isspace((unsigned char)*from))
            from++;
        if (!*from || *from == '#')
            return;
        if (parser->count == LAB_MAX_WORDS)
            LAB_REJECT(parser, "more than %d words", LAB_MAX_WORDS);
        parser->words[parser->count++] = to;
        bool quoted = false;
        for (; *from && (quoted || !isspace((unsigned char)*from)); from++) {
            if (*from == '"')
                quoted = !quoted;
            else
                *to++ = *from;
        }
        if (quoted)
            LAB_REJECT(parser, "a quote is not closed");
        if (*from)
            from++;
        *to++ = 0;
    }
}

const char *lab_parser_word(struct lab_parser *parser, int index, const char *what)
{
    if (index >= parser->count)
        LAB_REJECT(parser, "%s is missing", what);
    parser->used[index] = true;
    return parser->words[index];
}

const char *lab_parser_option(struct lab_parser *parser, const char *name)
{
    size_t size = strlen(name);
    for (int i = 1; i < parser->count; i++) {
        if (!strncmp(parser->words[i], name, size) && parser->words[i][size] == '=') {
            parser->used[i] = true;
            return parser->words[i] + size + 1;
        }
    }
    return NULL;
}

bool lab_parser_flag(struct lab_parser *parser, const char *name)
{
    for (int i = 1; i < parser->count; i++) {
        if (!strcmp(parser->words[i], name)) {
            parser->used[i] = true;
            return true;
        }
    }
    return false;
}

uint64_t lab_parser_number(struct lab_parser *parser, const char *text, int base, const char *what)
{
    char *end;
    uint64_t value = strtoull(text, &end, base);
    if (!isxdigit((unsigned char)*text) || *end)
        LAB_REJECT(parser, "%s is not a number: %s", what, text);
    return value;
}

uint64_t lab_parser_hex(struct lab_parser *parser, const char *name, uint64_t otherwise)
{
    const char *text = lab_parser_option(parser, name);
    return text ? lab_parser_number(parser, text, 16, name) : otherwise;
}

uint64_t lab_parser_count(struct lab_parser *parser, const char *name, uint64_t otherwise)
{
    const char *text = lab_parser_option(parser, name);
    return text ? lab_parser_number(parser, text, 0, name) : otherwise;
}

static uint8_t protection_option(struct lab_parser *parser, uint8_t otherwise)
{
    const char *text = lab_parser_option(parser, "protection");
    if (text && !lab_protection_parse(text, &otherwise))
        LAB_REJECT(parser, "no protection: %s", text);
    return otherwise;
}

static uint64_t size_word(struct lab_parser *parser, const char *text)
{
    static const char units[] = "KMG";
    char *end;
    uint64_t value = strtoull(text, &end, 0);
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (!isdigit((unsigned char)*text) || (*end && (!unit || end[1])))
        LAB_REJECT(parser, "not a size: %s", text);
    for (int i = 0; unit && i <= unit - units; i++)
        value *= 1024;
    return value;
}

static void on_off(struct lab_parser *parser, bool *setting)
{
    const char *text = lab_parser_word(parser, 1, "on or off");
    if (strcmp(text, "on") && strcmp(text, "off"))
        LAB_REJECT(parser, "on or off, not %s", text);
    *setting = !strcmp(text, "on");
}

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = lab_copy_text(value);
}

uint32_t lab_parser_section(struct lab_parser *parser, const char *id)
{
    for (size_t i = parser->scenario->section_count; i-- > 0;)
        if (!strcmp(parser->scenario->sections[i].id, id))
            return (uint32_t)i;
    LAB_REJECT(parser, "no section %s above this line", id);
    return 0;
}

uint32_t lab_parser_process(struct lab_parser *parser, const char *text)
{
    uint64_t pid = lab_parser_number(parser, text, 10, "pid");
    for (size_t i = parser->scenario->process_count; i-- > 0;)
        if (parser->scenario->processes[i].pid == pid)
            return (uint32_t)i;
    LAB_REJECT(parser, "no process %s above this line", text);
    return 0;
}

static void parse_process(struct lab_parser *parser)
{
    const char *name = lab_parser_word(parser, 1, "the process's name"), *pid = lab_parser_option(parser, "pid"), *text;
    if (!pid)
        LAB_REJECT(parser, "pid= is missing");
    struct lab_process *process = lab_add_process(parser->scenario, name, lab_parser_number(parser, pid, 10, "pid"));
    process->parent = lab_parser_count(parser, "parent", process->parent);
    process->eprocess = lab_parser_hex(parser, "eprocess", 0);
    process->dtb = lab_parser_hex(parser, "dtb", 0);
    process->created = lab_parser_hex(parser, "created", 0);
    process->exited = lab_parser_hex(parser, "exited", 0);
    process->peb = lab_parser_hex(parser, "peb", process->peb);
    process->vad_count = (int64_t)lab_parser_count(parser, "vad-count", UINT64_MAX);
    if ((text = lab_parser_option(parser, "path")))
        process->path = lab_copy_text(text);
    lab_parse_identity(parser, process);
    if (process->eprocess % 16 || (process->eprocess && process->eprocess >> 56 != 0xff) || process->dtb % LAB_PAGE)
        LAB_REJECT(parser, "the address is not aligned or not in the kernel's half");
}

static enum lab_page_state parse_state(struct lab_parser *parser, const char *text)
{
    for (int i = 0; i <= LAB_PAGE_SUBSECTION; i++)
        if (!strcmp(text, lab_page_state_name((enum lab_page_state)i)))
            return (enum lab_page_state)i;
    LAB_REJECT(parser, "no state of a page: %s", text);
    return LAB_PAGE_MIX;
}

static enum lab_section_kind parse_kind(struct lab_parser *parser, const char *text)
{
    for (int i = 0; i <= LAB_SECTION_PHYSICAL; i++)
        if (!strcmp(text, lab_section_kind_name((enum lab_section_kind)i)))
            return (enum lab_section_kind)i;
    LAB_REJECT(parser, "no kind of section: %s", text);
    return LAB_SECTION_FILE;
}

/* section ID KIND [NAME] [pages=N] …; with pages= it gets its first subsection at once. */
static void parse_section(struct lab_parser *parser)
{
    const char *id = lab_parser_word(parser, 1, "the section's id"), *text;
    enum lab_section_kind kind = parse_kind(parser, lab_parser_word(parser, 2, "the kind of section"));
    bool named = kind == LAB_SECTION_FILE || kind == LAB_SECTION_IMAGE;
    for (size_t i = 0; i < parser->scenario->section_count; i++)
        if (!strcmp(parser->scenario->sections[i].id, id))
            LAB_REJECT(parser, "section %s exists already", id);
    struct lab_section *section =
        lab_add_section(parser->scenario, id, kind, named ? lab_parser_word(parser, 3, "the file's name") : NULL);
    uint64_t pages = lab_parser_count(parser, "pages", 0);
    uint8_t protection = protection_option(parser, kind == LAB_SECTION_IMAGE ? 7 : 4);
    uint64_t prototype = lab_parser_hex(parser, "prototype", 0);
    section->reserve = lab_parser_flag(parser, "reserve");
    section->cache_views = (uint32_t)lab_parser_count(parser, "cache-views", 0);
    section->name_absent = lab_parser_flag(parser, "name-paged-out");
    section->large_pages = lab_parser_flag(parser, "large-pages");
    if ((text = lab_parser_option(parser, "device")))
        section->device = lab_copy_text(strcmp(text, "none") ? text : "");
    section->frame = lab_parser_hex(parser, "frame", 0);
    if ((text = lab_parser_option(parser, "states")))
        section->states = parse_state(parser, text);
    if (pages)
        lab_add_subsection(section, pages, protection)->prototype = prototype;
    section->size = lab_parser_count(parser, "size", 0);
}

static void parse_subsection(struct lab_parser *parser)
{
    struct lab_section *section =
        &parser->scenario->sections[lab_parser_section(parser, lab_parser_word(parser, 1, "the section's id"))];
    uint64_t pages = lab_parser_count(parser, "pages", 0);
    if (!pages)
        LAB_REJECT(parser, "pages= is missing");
    struct lab_subsection *subsection =
        lab_add_subsection(section, pages, protection_option(parser, section->kind == LAB_SECTION_IMAGE ? 1 : 4));
    subsection->prototype = lab_parser_hex(parser, "prototype", 0);
    subsection->shared = lab_parser_flag(parser, "shared");
    subsection->absent = lab_parser_flag(parser, "absent");
    if (subsection->absent && section->kind != LAB_SECTION_FILE)
        LAB_REJECT(parser, "only a file's subsection can be absent");
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static void parse_page(struct lab_parser *parser)
{
    struct lab_section *section =
        &parser->scenario->sections[lab_parser_section(parser, lab_parser_word(parser, 1, "the section's id"))];
    uint64_t page = lab_parser_number(parser, lab_parser_word(parser, 2, "the page's index"), 0, "the page's index");
    if (page >= section->pages)
        LAB_REJECT(parser, "section %s has %llu pages", section->id, (unsigned long long)section->pages);
    struct lab_page_content *content = lab_add_content(section, page);
    content->state = parse_state(parser, lab_parser_word(parser, 3, "the page's state"));
    content->frame = lab_parser_hex(parser, "frame", LAB_NO_FRAME);
    const char *text = lab_parser_option(parser, "bytes");
    for (; text && *text; text += 2) {
        if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0 || content->size == sizeof content->bytes)
            LAB_REJECT(parser, "bytes= takes up to %zu bytes in hexadecimal", sizeof content->bytes);
        content->bytes[content->size++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
    }
}

static void parse_place(struct lab_parser *parser, struct lab_node *node)
{
    node->start = lab_parser_hex(parser, "start", LAB_CHOOSE);
    node->deleting = lab_parser_flag(parser, "deleting");
    node->touch = !lab_parser_flag(parser, "untouched");
    if (node->start != LAB_CHOOSE && (node->start % LAB_PAGE || node->start >> 56))
        LAB_REJECT(parser, "the address is not that of a page in the user's half");
    if (!lab_node_pages(node))
        LAB_REJECT(parser, "a node has at least one page");
}

/* view PID SECTION [start=] [offset=] [pages=] [protection=] */
static void parse_view(struct lab_parser *parser)
{
    uint32_t process = lab_parser_process(parser, lab_parser_word(parser, 1, "the process's pid"));
    uint32_t index = lab_parser_section(parser, lab_parser_word(parser, 2, "the section's id"));
    const struct lab_section *section = &parser->scenario->sections[index];
    uint64_t offset = lab_parser_count(parser, "offset", 0);
    if (offset >= section->pages)
        LAB_REJECT(parser, "section %s has %llu pages", section->id, (unsigned long long)section->pages);
    uint64_t pages = lab_parser_count(parser, "pages", section->pages - offset);
    uint8_t protection = protection_option(parser, section->kind == LAB_SECTION_IMAGE ? 7 : 4);
    struct lab_node *node = lab_add_view(parser->scenario, process, index, offset, pages, protection);
    node->unlinked = lab_parser_flag(parser, "unlinked");
    node->unlisted = lab_parser_flag(parser, "unlisted");
    node->copied = lab_parser_flag(parser, "copied");
    parse_place(parser, node);
}

static void parse_private(struct lab_parser *parser)
{
    uint32_t process = lab_parser_process(parser, lab_parser_word(parser, 1, "the process's pid"));
    enum lab_node_kind kind = lab_parser_flag(parser, "long") ? LAB_NODE_PRIVATE_LONG : LAB_NODE_PRIVATE;
    uint64_t pages = lab_parser_count(parser, "pages", 1);
    struct lab_node *node = lab_add_node(parser->scenario, process, kind, pages, protection_option(parser, 4));
    node->garbage = lab_parser_flag(parser, "garbage");
    parse_place(parser, node);
}

static void parse_swizzle(struct lab_parser *parser)
{
    on_off(parser, &parser->scenario->swizzle);
    parser->scenario->invalid_pte_mask = lab_parser_hex(parser, "mask", parser->scenario->invalid_pte_mask);
}

static void parse_hole(struct lab_parser *parser)
{
    uint64_t first = lab_parser_number(parser, lab_parser_word(parser, 1, "the first frame"), 16, "the first frame");
    uint64_t count =
        lab_parser_number(parser, lab_parser_word(parser, 2, "the number of frames"), 16, "the number of frames");
    lab_add_hole(parser->scenario, first, count);
}

static void parse_setting(struct lab_parser *parser)
{
    struct lab_scenario *scenario = parser->scenario;
    const char *name = parser->words[0], *text = lab_parser_word(parser, 1, "a value");
    struct {
        const char *name;
        uint64_t *value;
    } addresses[] = {{"kernel-base", &scenario->kernel_base},
                     {"nonpaged-pool", &scenario->nonpaged_pool},
                     {"paged-pool", &scenario->paged_pool},
                     {"system-time", &scenario->system_time},
                     {"seed", &scenario->seed}};
    struct {
        const char *name;
        bool *value;
    } switches[] = {{"low-stub", &scenario->low_stub},
                    {"large-pages", &scenario->large_pages},
                    {"giant-page", &scenario->giant_page},
                    {"companions", &scenario->companions},
                    {"kdbg", &scenario->kdbg}};
    struct {
        const char *name;
        char **value;
    } texts[] = {{"kernel", &scenario->kernel}, {"layout", &scenario->layout}, {"guid", &scenario->guid_age}};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (!strcmp(addresses[i].name, name)) {
            *addresses[i].value = lab_parser_number(parser, text, 16, name);
            return;
        }
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (!strcmp(switches[i].name, name)) {
            on_off(parser, switches[i].value);
            return;
        }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(texts[i].name, name)) {
            set_text(texts[i].value, text);
            return;
        }
    if (!strcmp(name, "memory"))
        scenario->memory = size_word(parser, text);
    else if (!strcmp(name, "transition"))
        scenario->transition_percent = (uint32_t)lab_parser_number(parser, text, 10, name);
    else if (!strcmp(name, "nonpaged-transition"))
        scenario->nonpaged_transition_percent = (uint32_t)lab_parser_number(parser, text, 10, name);
    else if (!strcmp(name, "levels"))
        scenario->levels = (uint32_t)lab_parser_number(parser, text, 10, name);
    else if (!strcmp(name, "self-reference"))
        scenario->self_reference = (uint32_t)lab_parser_number(parser, text, 16, name);
    else
        LAB_REJECT(parser, "no such statement: %s", name);
}

static void parse_statement(struct lab_parser *parser)
{
    static const struct {
        const char *name;
        void (*parse)(struct lab_parser *);
    } statements[] = {{"process", parse_process},
                      {"section", parse_section},
                      {"view", parse_view},
                      {"private", parse_private},
                      {"page", parse_page},
                      {"hole", parse_hole},
                      {"subsection", parse_subsection},
                      {"swizzle", parse_swizzle},
                      {"name", lab_parse_name},
                      {"handle", lab_parse_handle},
                      {"link", lab_parse_link},
                      {"directory", lab_parse_directory},
                      {"peb", lab_parse_peb},
                      {"kernel-view", lab_parse_kernel_view},
                      {"damage", lab_parse_damage},
                      {"security", lab_parse_security}};
    size_t i = 0, count = sizeof statements / sizeof *statements;
    parser->used[0] = true;
    while (i < count && strcmp(statements[i].name, parser->words[0]))
        i++;
    if (i < count)
        statements[i].parse(parser);
    else
        parse_setting(parser);
    for (int j = 0; j < parser->count; j++)
        if (!parser->used[j])
            LAB_REJECT(parser, "nothing known as %s here", parser->words[j]);
}

void lab_scenario_parse(struct lab_scenario *scenario, FILE *file, const char *name)
{
    struct lab_parser parser = {.scenario = scenario, .name = name};
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) >= 0) {
        parser.line++;
        split(&parser, line);
        if (parser.count)
            parse_statement(&parser);
    }
    free(line);
    for (size_t i = 0; i < scenario->section_count; i++)
        if (!scenario->sections[i].subsection_count)
            lab_fail("%s: section %s has no pages", name, scenario->sections[i].id);
}
