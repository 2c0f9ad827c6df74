/* The scenarios of tests/scenarios, for test_truth.c. */
"all-features.scenario", "api-set-map.scenario", "broker.scenario", "kernel-views.scenario",
    "names-and-handles.scenario", "owners.scenario", "device-memory.scenario", "edges.scenario", "image.scenario",
    "large-pages.scenario", "offsets.scenario", "old-kernel.scenario", "page-states.scenario", "private.scenario",
    "process-maps-twice.scenario", "reserve.scenario", "seed.scenario", "subsections.scenario", "two-accounts.scenario",
    "two-processes.scenario", "vad-count.scenario", "five-levels.scenario",
