/*
 * Reads back what memory is and whose it is, by a walk of its own: from the root directory, the type table, the handle
 * tables, the tokens and the rings, as public descriptions of Windows give them, and holds it against the truth.
 * Each fact is written in the truth's own words and looked up there, in both directions: as many as the truth has.
 */
#include "test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PREFIX LAB_SCRATCH "/facts"

static void open_world(struct facts *facts)
{
    memset(facts, 0, sizeof *facts);
    seen_open(&facts->seen, PREFIX);
    facts->truth = truth_text(PREFIX);
    facts->build = (uint32_t)strtoul(strstr(facts->truth, "\"build\": ") + 9, NULL, 10);
    facts->types = facts_global(facts, "ObTypeIndexTable", 0x4fbe10);
    uint64_t cookie = facts_global(facts, "ObHeaderCookie", 0x4fb71c);
    if (facts->build >= 10240)
        reader_copy(&facts->seen.reader, cookie, &facts->cookie, 1);
}

static void check_world(void)
{
    struct facts *facts = calloc(1, sizeof *facts);
    open_world(facts);
    facts_check_types(facts);
    facts_check_namespace(facts);
    facts_check_handles(facts);
    facts_check_owners(facts);
    facts_check_pebs(facts);
    facts_check_sections(facts);
    facts_check_first_pages(facts);
    free(facts->truth);
    seen_close(&facts->seen);
    remove(PREFIX ".raw"); /* a file written over is flushed to the disk when it is closed */
    free(facts);
}

static void each_layout(void (*run)(const char *layout, unsigned number))
{
    char path[4096], line[1024], layout[64];
    unsigned number = 0;
    snprintf(path, sizeof path, "%s/layouts.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "layout %63s", layout) == 1)
            run(layout, number++);
    fclose(file);
    assert_true(number >= 19);
}

static void random_world(const char *layout, unsigned number)
{
    for (unsigned i = 0; i < 2; i++) {
        lab_run("random --seed %u --output %s --format raw --layout %s", 500 + number * 2 + i, PREFIX, layout);
        check_world();
    }
}

static void random_worlds(void **state)
{
    (void)state;
    each_layout(random_world);
}

static const char *const scenarios[] = {"all-features", "names-and-handles", "owners", "kernel-views", "api-set-map",
                                        "broker",       "security"};

static void scenario_world(const char *layout, unsigned number)
{
    (void)number;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        lab_run("build %s/%s.scenario --output %s --format raw --layout %s", LAB_SCENARIOS, scenarios[i], PREFIX,
                layout);
        check_world();
    }
}

/* Each of the scenarios about facts in each layout; and tables of all three levels are among them. */
static void scenario_worlds(void **state)
{
    (void)state;
    each_layout(scenario_world);
    assert_true(facts_levels_met[0] > 0 && facts_levels_met[1] > 0 && facts_levels_met[2] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_worlds), cmocka_unit_test(scenario_worlds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
