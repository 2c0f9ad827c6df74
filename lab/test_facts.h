/* What the tests of the lab's facts share: one world, and the ways to read it and its truth. */
#ifndef LAB_TEST_FACTS_H
#define LAB_TEST_FACTS_H

#include "test_lab.h"

#define FACTS_MAX_SECTIONS 512

struct facts {
    struct seen seen;
    char *truth;
    uint64_t types; /* ObTypeIndexTable */
    uint32_t build;
    uint8_t cookie;
    unsigned directories, links, names, devices, events, securities;
    uint64_t found[FACTS_MAX_SECTIONS]; /* SECTION objects met so far */
    size_t found_count;
};

/* How many handle tables of one, two and three levels were read. */
extern unsigned facts_levels_met[3];

uint64_t facts_field(const struct facts *facts, uint64_t object, const char *name);
uint32_t facts_field32(const struct facts *facts, uint64_t object, const char *name);
/* A global of the kernel by the name of its column in data/kernels.txt; `made_up` where the kernel is. 0: none. */
uint64_t facts_global(const struct facts *facts, const char *name, uint32_t made_up);
/* The text of a UNICODE_STRING as JSON writes it: UTF-8, with quotes and backslashes escaped. */
void facts_text(const struct facts *facts, uint64_t va, char *text, size_t size);
/* The name of an object's type, through the table. */
void facts_type(const struct facts *facts, uint64_t object, char *name, size_t size);
void facts_check_tag(const struct facts *facts, uint64_t object, const char *type);
/* Where the name part of a header begins; 0: there is none. */
uint64_t facts_name_part(const struct facts *facts, uint64_t header);
/* What the name part of the header says; it must name this directory. */
void facts_name(const struct facts *facts, uint64_t object, uint64_t directory, char *name, size_t size);
/* The control area behind a SECTION object. */
uint64_t facts_area(const struct facts *facts, uint64_t object);
void facts_meet_section(struct facts *facts, uint64_t object);

bool facts_in_truth(const struct facts *facts, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The truth's text of one section, and of one process. */
void facts_section_text(const struct facts *facts, uint64_t area, char *text, size_t size);
const char *facts_process_text(const struct facts *facts, uint64_t eprocess, char *text, size_t size);
/* How often `what` stands in the text before `end`. */
unsigned facts_count(const char *text, const char *end, const char *what);

/* The security descriptor of the object whose path is `full`, as the truth writes it. */
void facts_check_security(struct facts *facts, uint64_t object, const char *full);

/* Each holds one kind of fact against the truth; names and handles come before sections, which count them. */
void facts_check_types(struct facts *facts);
void facts_check_namespace(struct facts *facts);
void facts_check_handles(struct facts *facts);
void facts_check_owners(struct facts *facts);
void facts_check_pebs(struct facts *facts);
void facts_check_sections(struct facts *facts);
void facts_check_first_pages(struct facts *facts);

#endif
