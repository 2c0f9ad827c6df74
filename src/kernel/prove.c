#include "kernel/prove.h"

/* How much of the machine a proof reads. */
#define PROOF_PROCESS_LIMIT 64u

bool sic_layout_prove(const struct sic_reader *reader, const struct sic_layout *layout,
                      const struct sic_process_list *list, enum sic_proof_standard standard,
                      const struct sic_allocator *allocator, struct sic_proof *proof)
{
    struct sic_scan scan;
    bool proved;

    *proof = (struct sic_proof){0};
    if (sic_layout_first_bad_field(layout) != SIC_FIELD_COUNT) {
        proof->refusal = "a field that the walk needs is missing";
        return false;
    }
    sic_scan_init(&scan, allocator);
    proved = sic_process_list_read(&scan, reader, layout, list, PROOF_PROCESS_LIMIT) &&
             sic_prove_processes(&scan, reader, layout, standard, proof);
    sic_scan_deinit(&scan);
    return proved;
}
