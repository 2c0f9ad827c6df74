/*
 * Whose a process is when the scenario does not say: what processes of that name are on real machines.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT "S-1-5-21-1004336348-1177238915-682003330"
#define SYSTEM  "S-1-5-18"
#define USER    ACCOUNT "-1001"

#define LOW     0x1000u
#define MEDIUM  0x2000u
#define HIGHEST 0x4000u

/* Protection as in PS_PROTECTION: type in bits 0-2, signer in bits 4-7. */
static const struct known {
    const char *name, *user;
    uint32_t session, integrity;
    uint8_t protection;
    const char *family; /* of its package */
} known[] = {
    {"System", SYSTEM, 0, HIGHEST, 0x72, NULL},
    {"Registry", SYSTEM, 0, HIGHEST, 0x72, NULL},
    {"smss.exe", SYSTEM, 0, HIGHEST, 0x61, NULL},
    {"csrss.exe", SYSTEM, 0, HIGHEST, 0x61, NULL},
    {"wininit.exe", SYSTEM, 0, HIGHEST, 0x61, NULL},
    {"services.exe", SYSTEM, 0, HIGHEST, 0x61, NULL},
    {"lsass.exe", SYSTEM, 0, HIGHEST, 0, NULL},
    {"MsMpEng.exe", SYSTEM, 0, HIGHEST, 0x31, NULL},
    {"SgrmBroker.exe", SYSTEM, 0, HIGHEST, 0x62, NULL},
    {"spoolsv.exe", SYSTEM, 0, HIGHEST, 0, NULL},
    {"SearchIndexer.exe", SYSTEM, 0, HIGHEST, 0, NULL},
    {"SecurityHealthService.exe", SYSTEM, 0, HIGHEST, 0x31, NULL},
    {"VSSVC.exe", SYSTEM, 0, HIGHEST, 0, NULL},
    {"MpCmdRun.exe", "S-1-5-20", 0, HIGHEST, 0, NULL},
    {"WUDFHost.exe", "S-1-5-19", 0, HIGHEST, 0, NULL},
    {"winlogon.exe", SYSTEM, 1, HIGHEST, 0, NULL},
    {"LogonUI.exe", SYSTEM, 1, HIGHEST, 0, NULL},
    {"dwm.exe", "S-1-5-90-0-1", 1, HIGHEST, 0, NULL},
    {"fontdrvhost.exe", "S-1-5-96-0-1", 1, LOW, 0, "fontdrvhost"},
    {"MicrosoftEdge.exe", USER, 1, LOW, 0, "Microsoft.MicrosoftEdge_8wekyb3d8bbwe"},
    {"MicrosoftEdgeCP.exe", USER, 1, LOW, 0, "Microsoft.MicrosoftEdge_8wekyb3d8bbwe"},
    {"MicrosoftEdgeSH.exe", USER, 1, LOW, 0, "Microsoft.MicrosoftEdge_8wekyb3d8bbwe"},
    {"Windows.WARP.JITService.exe", "S-1-5-19", 1, LOW, 0, "WARPJITService"},
    {"SearchUI.exe", USER, 1, LOW, 0, "Microsoft.Windows.Cortana_cw5n1h2txyewy"},
    {"SkypeApp.exe", USER, 1, LOW, 0, "Microsoft.SkypeApp_kzf8qxf38zg5c"},
    {"Microsoft.Photos.exe", USER, 1, LOW, 0, "Microsoft.Windows.Photos_8wekyb3d8bbwe"},
    {"ShellExperienceHost.exe", USER, 1, LOW, 0, "Microsoft.Windows.ShellExperienceHost_cw5n1h2txyewy"},
    {"StartMenuExperienceHost.exe", USER, 1, LOW, 0, "Microsoft.Windows.StartMenuExperienceHost_cw5n1h2txyewy"},
    {"WindowsInternal.ComposableShell.Experiences.TextInput.InputApp.exe", USER, 1, LOW, 0, "InputApp_cw5n1h2txyewy"}};

/* A service host runs as one of three accounts. */
static struct known service_host(const struct lab_process *process)
{
    static const char *const users[] = {SYSTEM, "S-1-5-19", "S-1-5-20"};
    return (struct known){process->name, users[lab_mix(process->pid) % 3], 0, HIGHEST, 0, NULL};
}

/* Of two processes of these names the second is the user's session's. */
static bool is_second(const struct lab_scenario *scenario, const struct lab_process *process)
{
    if (strcmp(process->name, "csrss.exe"))
        return false;
    for (const struct lab_process *other = scenario->processes; other < process; other++)
        if (!strcmp(other->name, process->name))
            return true;
    return false;
}

static struct known look_up(const struct lab_scenario *scenario, const struct lab_process *process)
{
    if (!strcasecmp(process->name, "svchost.exe"))
        return service_host(process);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcasecmp(known[i].name, process->name)) {
            struct known found = known[i];
            found.session += is_second(scenario, process);
            return found;
        }
    }
    return (struct known){process->name, USER, 1, MEDIUM, 0, NULL};
}

/* A package's SID is made of a hash of its family's name; here of a simpler one. */
static char *package_sid(const char *family)
{
    char text[128];
    uint64_t hash = 0;
    for (; *family; family++)
        hash = lab_mix(hash + (uint8_t)*family);
    int used = snprintf(text, sizeof text, "S-1-15-2");
    for (unsigned i = 0; i < 7; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "-%u", (uint32_t)lab_mix(hash + i));
    return lab_copy_text(text);
}

void lab_identity_complete(struct lab_scenario *scenario, struct lab_process *process)
{
    struct lab_identity *identity = &process->identity;
    struct known found = look_up(scenario, process);
    if (identity->session == LAB_CHOOSE)
        identity->session = found.session;
    if (identity->protection == LAB_CHOOSE)
        identity->protection = found.protection;
    if (identity->integrity == LAB_CHOOSE)
        identity->integrity = identity->package ? LOW : found.integrity;
    if (identity->policy == LAB_CHOOSE)
        identity->policy = identity->integrity >= HIGHEST ? 1 : 3;
    if (!identity->package && !identity->user && found.family)
        identity->package = package_sid(found.family);
    if (!identity->user)
        identity->user = lab_copy_text(found.user);
    if (identity->package && !identity->capabilities)
        identity->capabilities = lab_copy_text("S-1-15-3-1,S-1-15-3-8");
}
