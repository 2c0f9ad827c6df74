/* What the lab's tests share: running sic-lab, and looking at one world through the reader. */
#ifndef LAB_TEST_LAB_H
#define LAB_TEST_LAB_H

#include "reader.h"

#define MAX_PROCESSES 512

struct seen {
    struct reader reader;
    uint64_t system;                   /* EPROCESS of System */
    uint64_t processes[MAX_PROCESSES]; /* in list order */
    size_t process_count;
    uint64_t list_head;
};

struct node {
    uint64_t va, parent, start, end; /* end: last page */
    uint64_t flags;
};

/* Runs sic-lab with these arguments; the test fails when it does. */
void lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Opens a world's raw image and walks its process list, with the layout that the truth names. */
void seen_open(struct seen *seen, const char *prefix);
void seen_close(struct seen *seen);

/* The truth's text. The caller frees it. */
char *truth_text(const char *prefix);
void truth_string(const char *truth, const char *name, char *value, size_t size);

/* The first node of a process's tree; 0: none. Checks the sentinel where trees have one. */
uint64_t seen_tree(const struct seen *seen, uint64_t eprocess);

/* The view's control area, and the subsection that holds its first prototype PTE. */
uint64_t seen_area(const struct seen *seen, uint64_t node);
uint64_t seen_subsection(const struct seen *seen, uint64_t node);

/* A control area's count, of 32 or 64 bits. */
uint64_t seen_count(const struct seen *seen, uint64_t area, const char *field);

/* The nodes of a process in ascending order, with links, order and balance checked. Returns how many. */
size_t seen_nodes(const struct seen *seen, uint64_t eprocess, struct node *nodes, size_t limit);

uint64_t seen_field(const struct seen *seen, uint64_t object, const char *field);

/* Where an object's pool block begins behind its pool header: in front of the optional parts of its header. */
uint64_t seen_block(const struct seen *seen, uint64_t object);

/* 0 where the layout has no such flag. */
#define SEEN_FLAG(seen, node, name)                                                                                    \
    (reader_has(&(seen)->reader, "_MMVAD_FLAGS." name)                                                                 \
         ? reader_bits(&(seen)->reader, "_MMVAD_FLAGS." name, (node)->flags)                                           \
         : 0)

#endif
