/*
 * The tree changes while the driver walks it: nodes are inserted, removed, freed, rotated, and their memory becomes
 * another process's. The changes are made between two reads of the driver, each whole, as the memory manager makes them
 * under its lock. Whatever comes, the scan ends, every view is one that its process had at some time meanwhile, and one
 * that was there all along is found, or its process is reported.
 */
#include "changing_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool is_reported(const struct sic_scan *scan, uint32_t process)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        if (problems[i].process == process)
            return true;
    }
    return false;
}

static bool has_view(const struct sic_scan *scan, const struct sic_process *process, const struct fact *fact)
{
    for (uint32_t i = process->first_view; i < process->first_view + process->view_count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);

        if (view->start_vpn == fact->start_vpn && view->first_prototype_pte == fact->prototype_pte)
            return true;
    }
    return false;
}

static void check_views(struct machine *machine, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        uint64_t eprocess_va = sic_scan_process(scan, view->process)->eprocess_va;

        if (!machine_find_fact(machine, eprocess_va, view->start_vpn, view->first_prototype_pte))
            fail_msg("process %llx never had a view at page %llx", (unsigned long long)eprocess_va,
                     (unsigned long long)view->start_vpn);
    }
}

/* Returns how many processes are reported. */
static unsigned check_facts(struct machine *machine, const struct sic_scan *scan)
{
    unsigned reported = 0;

    for (uint32_t p = 0; p < scan->processes.count; p++) {
        const struct sic_process *process = sic_scan_process(scan, p);

        if (is_reported(scan, p)) {
            reported++;
            continue;
        }
        for (size_t i = 0; i < machine->fact_count; i++) {
            const struct fact *fact = &machine->facts[i];

            if (fact->eprocess_va == process->eprocess_va && !fact->missed && !has_view(scan, process, fact))
                fail_msg("process %llu: its view at page %llx was there all along", (unsigned long long)process->id,
                         (unsigned long long)fact->start_vpn);
        }
    }
    return reported;
}

struct totals {
    unsigned rounds, answered, reported, changes[4];
    uint64_t most_copies;
};

static void run_round(const char *layout, uint64_t seed, struct totals *totals)
{
    static const uint64_t intervals[] = {1, 2, 5, 20, 100, 1000};
    static struct machine machine;
    struct sic_scan scan;
    uint32_t status;

    memset(&machine, 0, sizeof(machine));
    machine.random = seed * 0x9e3779b97f4a7c15ull;
    machine.interval = intervals[seed % 6];
    machine.last_copy = seed % 3 == 0 ? 200 : UINT64_MAX;
    rig_open(&machine.rig,
             seed % 2 ? "random --seed 61 --processes 14 --views 160 --privates 60"
                      : "build " SCENARIOS "/three-processes.scenario",
             layout);
    rig_start(&machine.rig);
    machine_init(&machine);
    ek_reset(&machine.rig.ek);
    machine_start(&machine);
    status = rig_ask(&machine.rig, 1 << 20);
    /* System itself may change too much to prove anything on it. */
    assert_true(status == RIG_SUCCESS || status == RIG_DATA_ERROR);
    totals->rounds++;
    if (status == RIG_SUCCESS) {
        rig_unpack(&machine.rig, &scan);
        check_views(&machine, &scan);
        totals->reported += check_facts(&machine, &scan);
        totals->answered++;
        sic_scan_deinit(&scan);
    }
    for (unsigned i = 0; i < 4; i++)
        totals->changes[i] += machine.changes[i];
    if (machine.rig.ek.copies > totals->most_copies)
        totals->most_copies = machine.rig.ek.copies;
    rig_stop(&machine.rig);
    rig_close(&machine.rig);
}

static void test_trees_that_change(void **state)
{
    static const char *const layouts[] = {"9600.16384", "14393.0", "19041.264", "26100"};
    unsigned rounds = ek_port.is_native ? 240 : 24;
    struct totals totals = {0};

    (void)state;
    for (unsigned i = 1; i <= rounds; i++)
        run_round(layouts[i % 4], i, &totals);
    print_message("%s: %u scans, %u answered; %u removals, %u nodes recycled, %u rotations, %u deletions; %u processes "
                  "reported; at most %llu copies\n",
                  ek_port.name, totals.rounds, totals.answered, totals.changes[0], totals.changes[1], totals.changes[2],
                  totals.changes[3], totals.reported, (unsigned long long)totals.most_copies);
    assert_true(totals.answered * 2 > totals.rounds && totals.reported > 0);
    assert_true(totals.changes[0] > rounds && totals.changes[1] > rounds && totals.changes[2] > rounds);
    /* Some eight walks of a few hundred nodes; an endless loop would go past any bound. */
    assert_true(totals.most_copies < 50000);
}

/* A tree that never holds still is reported as such; when it does, the answer is that of a machine at rest. */
static void test_unstable_process(void **state)
{
    static struct machine machine;
    const struct sic_problem *problems;
    unsigned unstable = 0;
    struct sic_scan scan;

    (void)state;
    memset(&machine, 0, sizeof(machine));
    machine.random = 5;
    machine.interval = 1;
    machine.last_copy = UINT64_MAX;
    machine.never_deletes = true;
    rig_open(&machine.rig, "build " SCENARIOS "/three-processes.scenario", "19041.264");
    rig_start(&machine.rig);
    machine_init(&machine);
    machine_start(&machine);
    assert_int_equal(rig_ask(&machine.rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&machine.rig, &scan);
    problems = scan.problems.elements;
    for (uint32_t i = 0; i < scan.problems.count; i++)
        unstable += problems[i].kind == SIC_PROBLEM_PROCESS_UNSTABLE;
    assert_true(unstable > 0);
    sic_scan_deinit(&scan);
    ek_reset(&machine.rig.ek);
    assert_int_equal(rig_ask(&machine.rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&machine.rig, &scan);
    assert_int_equal(scan.problems.count, 0);
    sic_scan_deinit(&scan);
    rig_stop(&machine.rig);
    rig_close(&machine.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees_that_change),
        cmocka_unit_test(test_unstable_process),
    };

    return cmocka_run_group_tests_name("driver changes", tests, NULL, NULL);
}
