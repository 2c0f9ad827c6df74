#include "difference/basis.h"

#include <string.h>

#define SYSTEM_PID 4u

/* The System process, which starts with the machine; NULL: it is not there. */
static const struct sic_process *find_system(const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        if (sic_scan_process(scan, i)->id == SYSTEM_PID)
            return sic_scan_process(scan, i);
    }
    return NULL;
}

/* The process that started first of those whose start is known; NULL: there is none. */
static const struct sic_process *find_first(const struct sic_scan *scan)
{
    const struct sic_process *first = NULL;

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        if (process->create_time != 0 && (!first || process->create_time < first->create_time))
            first = process;
    }
    return first;
}

/* Where System has no start time, the session manager has one: it is the first to start and runs until the end. */
static const char *compare_firsts(const struct sic_scan *left_scan, const struct sic_scan *right_scan, bool *is_same)
{
    const struct sic_process *left = find_first(left_scan), *right = find_first(right_scan);

    *is_same = left && right && left->id == right->id && left->create_time == right->create_time;
    return *is_same ? "kernel, its base and the start of the first process are the same"
                    : "when System started is unknown, and the first process is not the same";
}

static const char *compare_starts(const struct sic_scan *left_scan, const struct sic_scan *right_scan, bool *is_same)
{
    const struct sic_process *left = find_system(left_scan), *right = find_system(right_scan);

    *is_same = false;
    if (!left && !right) {
        *is_same = true;
        return "kernel and its base are the same, and neither side has a System process";
    }
    if (!left || !right)
        return "one side has no System process: whether it is the same boot is unknown";
    if (left->create_time == 0 && right->create_time == 0)
        return compare_firsts(left_scan, right_scan, is_same);
    *is_same = left->create_time == right->create_time;
    return *is_same ? "kernel, its base and the start of System are the same" : "System started at another time";
}

/* `reason`: what the files say of it. */
static const char *judge_running(const struct sic_difference_request *request, const char *reason, bool *is_same)
{
    const struct sic_process *left = find_system(request->old_side.scan), *right = find_system(request->new_side.scan);

    if (*is_same ||
        (left && right && left->create_time != right->create_time && left->create_time != 0 && right->create_time != 0))
        return reason;
    *is_same = true;
    return "both are scans of one running kernel, which lies where it lay";
}

struct sic_basis sic_basis_find(const struct sic_difference_request *request)
{
    const struct sic_wire_origin *left = request->old_side.origin, *right = request->new_side.origin;
    struct sic_basis basis = {.basis = SIC_DIFFERENCE_BY_PATH};

    if (strncmp(left->guid_age, right->guid_age, sizeof(left->guid_age)) != 0 || left->build != right->build) {
        basis.reason = "the kernels differ";
    } else if (left->kernel_base != right->kernel_base) {
        basis.reason = "the kernel lies elsewhere: another boot, or another machine";
    } else {
        basis.reason = compare_starts(request->old_side.scan, request->new_side.scan, &basis.is_same_boot);
        if (request->is_one_kernel)
            basis.reason = judge_running(request, basis.reason, &basis.is_same_boot);
    }
    if (request->by_path)
        basis.reason = "asked for";
    else if (basis.is_same_boot)
        basis.basis = SIC_DIFFERENCE_BY_START;
    return basis;
}
