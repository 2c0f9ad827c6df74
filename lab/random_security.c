/*
 * Who may open objects, by chance: descriptors of all kinds for sections and their folders, and tokens that are judged
 * by other rules than most.
 */
#include "generate.h"

#include "bytes.h"
#include "chooser.h"

#include <stdio.h>
#include <string.h>

static const char *pick(struct lab_chooser *chooser, const char *const *texts, size_t count)
{
    return texts[lab_choose_below(chooser, count)];
}

/* Those that some process of the world has, as a rule: else no ACE would ever count. */
static const char *random_sid(struct lab_chooser *chooser)
{
    static const char *const usual[] = {"WD",
                                        "AU",
                                        "SY",
                                        "BA",
                                        "BU",
                                        "RC",
                                        "AC",
                                        "OW",
                                        "S-1-15-2-2",
                                        "S-1-15-3-1",
                                        "S-1-15-3-8",
                                        "IU",
                                        "LS",
                                        "NS",
                                        "S-1-5-5-0-172013",
                                        "S-1-5-80-1-2-3-4-5",
                                        "AN"};
    struct lab_scenario *scenario = chooser->scenario;
    const struct lab_identity *identity =
        &scenario->processes[lab_choose_below(chooser, scenario->process_count)].identity;
    const char *own[] = {identity->user, identity->package, identity->restricted};
    const char *sid = own[lab_choose_below(chooser, 3)];
    if (sid && strncmp(sid, "none", 4) && !strchr(sid, ',') && lab_choose_chance(chooser, 40))
        return sid;
    return pick(chooser, usual, sizeof usual / sizeof *usual);
}

static void add_ace(struct lab_chooser *chooser, bool is_directory, char *text, size_t size)
{
    static const char *const section_rights[] = {"0xf001f", "0x2", "0x4", "0x6",  "0x1",     "0xd",     "GA",
                                                 "GW",      "GR",  "GX",  "GRGW", "0x40000", "SDRCWDWO"};
    static const char *const directory_rights[] = {"0xf000f", "0x3", "0x2", "0x1", "0x2000f", "GA", "GX", "GR"};
    static const char *const flags[] = {"", "", "", "", "", "OICI", "IO", "ID"};
    size_t used = strlen(text);
    const char *type = lab_choose_chance(chooser, 25) ? "D" : "A";
    const char *rights = is_directory
                             ? pick(chooser, directory_rights, sizeof directory_rights / sizeof *directory_rights)
                             : pick(chooser, section_rights, sizeof section_rights / sizeof *section_rights);
    const char *sid = random_sid(chooser);
    if (lab_choose_chance(chooser, 4))
        snprintf(text + used, size - used, "(X%s;;%s;;;%s;(Exists WIN://SYSAPPID))", type, rights, sid);
    else if (lab_choose_chance(chooser, 4))
        snprintf(text + used, size - used, "(O%s;;%s;bf967aba-0de6-11d0-a285-00aa003049e2;;%s)", type, rights, sid);
    else
        snprintf(text + used, size - used, "(%s;%s;%s;;;%s)", type, pick(chooser, flags, sizeof flags / sizeof *flags),
                 rights, sid);
}

static void add_sacl(struct lab_chooser *chooser, char *text, size_t size)
{
    static const char *const levels[] = {"S-1-16-0", "LW", "ME", "MP", "HI", "SI"};
    static const char *const policies[] = {"NW", "NW", "NW", "NWNR", "NX", "NWNRNX"};
    size_t used = strlen(text);
    if (!lab_choose_chance(chooser, 45))
        return;
    used += (size_t)snprintf(text + used, size - used, "S:");
    if (lab_choose_chance(chooser, 15))
        used += (size_t)snprintf(text + used, size - used, "(AU;SAFA;0xf001f;;;WD)");
    if (lab_choose_chance(chooser, 90))
        used +=
            (size_t)snprintf(text + used, size - used, "(ML;%s;%s;;;%s)", lab_choose_chance(chooser, 10) ? "IO" : "",
                             pick(chooser, policies, 6), pick(chooser, levels, 6));
    if (lab_choose_chance(chooser, 10))
        snprintf(text + used, size - used, "(TL;;0x2000d;;;S-1-19-512-8192)");
}

static void random_sddl(struct lab_chooser *chooser, bool is_directory, char *text, size_t size)
{
    static const char *const flags[] = {"", "", "P", "AI", "PAI"};
    int used = snprintf(text, size, "O:%s", random_sid(chooser));
    used += snprintf(text + used, size - (size_t)used, "G:SY");
    if (lab_choose_chance(chooser, 5)) {
        snprintf(text + used, size - (size_t)used, "D:NO_ACCESS_CONTROL");
    } else if (!lab_choose_chance(chooser, 4)) {
        snprintf(text + used, size - (size_t)used, "D:%s", pick(chooser, flags, 5));
        for (uint64_t i = lab_choose_below(chooser, lab_choose_chance(chooser, 5) ? 60 : 7); i > 0; i--)
            add_ace(chooser, is_directory, text, size);
    }
    add_sacl(chooser, text, size);
}

static void random_security(struct lab_chooser *chooser, const char *path, bool is_directory)
{
    static const enum lab_security_state states[] = {LAB_SECURITY_NONE, LAB_SECURITY_UNREADABLE, LAB_SECURITY_DAMAGED};
    char text[8192];
    if (lab_choose_chance(chooser, is_directory ? 8 : 20)) {
        lab_add_security(chooser->scenario, path, NULL, states[lab_choose_below(chooser, 3)]);
        return;
    }
    random_sddl(chooser, is_directory, text, sizeof text);
    lab_add_security(chooser->scenario, path, text, LAB_SECURITY_THERE);
}

static void random_token(struct lab_chooser *chooser, struct lab_identity *identity)
{
    static const uint8_t policies[] = {0, 1, 2, 3};
    if (lab_choose_chance(chooser, 15))
        identity->policy = policies[lab_choose_below(chooser, 4)];
    identity->no_traverse = lab_choose_chance(chooser, 20);
    identity->write_restricted = identity->restricted && lab_choose_chance(chooser, 30);
    if (lab_choose_chance(chooser, 15))
        identity->deny_only = lab_copy_text(lab_choose_chance(chooser, 50) ? "S-1-5-32-544" : "S-1-5-32-544,S-1-5-114");
}

void lab_random_security(struct lab_scenario *scenario, uint64_t seed)
{
    static const char *const folders[] = {"\\", "\\BaseNamedObjects", "\\KnownDlls", "\\RPC Control"};
    struct lab_chooser chooser = {scenario, lab_mix(seed + 0x5ec)};
    for (size_t i = 0; i < scenario->process_count; i++)
        random_token(&chooser, &scenario->processes[i].identity);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (lab_choose_chance(&chooser, 30))
            random_security(&chooser, folders[i], true);
    for (size_t i = 0; i < scenario->name_count; i++) {
        const char *path = scenario->names[i].path;
        char folder[256];
        if (lab_choose_chance(&chooser, 70))
            random_security(&chooser, path, false);
        snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '\\') - path), path);
        if (lab_choose_chance(&chooser, 10))
            random_security(&chooser, folder, true);
    }
}
