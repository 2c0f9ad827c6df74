#include "meaning/unread.h"

#include "meaning/identity.h"

void sic_unread_count(const struct sic_meaning *meaning, struct sic_unread *unread)
{
    const struct sic_scan *scan = meaning->scan;

    *unread = (struct sic_unread){
        .object_directories = !meaning->names.complete,
        .handle_tables = meaning->handles.unread,
    };
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        const struct sic_token *token = sic_process_token(scan, process);

        if (!(process->flags & SIC_PROCESS_EXITED))
            unread->tokens += !token || !(token->flags & SIC_TOKEN_READ);
    }
}
