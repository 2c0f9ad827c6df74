/*
 * Who may open an object when the scenario does not say: what such objects have on real machines, as far as published
 * descriptions and listings of them tell. docs/lab.md says how sure that is.
 */
#include "world.h"

#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER      "S-1-5-21-1004336348-1177238915-682003330-1001"
#define LOGON     "S-1-5-5-0-172013"
#define SYSTEM    "(A;;0xf000f;;;SY)(A;;0xf000f;;;BA)"
#define LOOK      "(A;;0x3;;;WD)"
#define LOOK_APPS "(A;;0x3;;;AC)(A;;0x3;;;S-1-15-2-2)"
#define LOW       "S:(ML;;NW;;;LW)"
#define TRUSTED   "S:(TL;;%s;;;S-1-19-512-8192)" /* what those below the kernel's own trust may */

/* What stands behind the session's number in \Sessions\N\REST; NULL: it is no such path. */
static const char *within_session(const char *path)
{
    if (strncasecmp(path, "\\Sessions\\", 10) || path[10] < '0' || path[10] > '9')
        return NULL;
    return path + 10 + strspn(path + 10, "0123456789");
}

/* Whether the path is that of the folder, or of something in it. */
static bool is_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return !strncasecmp(path, folder, length) && (!path[length] || path[length] == '\\');
}

/* The path inside of \BaseNamedObjects, of whichever session; NULL: elsewhere. "": the folder itself. */
static const char *within_named_objects(const char *path)
{
    static const char folder[] = "\\BaseNamedObjects";
    const char *rest = within_session(path);
    if (!rest)
        rest = path;
    return is_in(rest, folder) ? rest + strlen(folder) : NULL;
}

/* The package's SID in …\AppContainerNamedObjects\SID…, with its length; NULL: elsewhere. */
static const char *package_of(const char *path, int *length)
{
    static const char folder[] = "\\AppContainerNamedObjects\\";
    const char *rest = within_session(path);
    if (!rest || strncasecmp(rest, folder, strlen(folder)))
        return NULL;
    rest += strlen(folder);
    *length = (int)strcspn(rest, "\\");
    return strncmp(rest, "S-1-15-2-", 9) ? NULL : rest;
}

static const struct lab_process *process_of_package(const struct lab_scenario *scenario, const char *package,
                                                    int length)
{
    for (size_t i = 0; i < scenario->process_count; i++) {
        const char *own = scenario->processes[i].identity.package;
        if (own && !strncmp(own, package, (size_t)length) && !own[length])
            return &scenario->processes[i];
    }
    return NULL;
}

/* Who made a section: the first to have a handle, or a view. NULL: nobody that is known. */
static const struct lab_process *maker_of(const struct lab_scenario *scenario, const char *path)
{
    uint32_t section = UINT32_MAX;
    for (size_t i = 0; i < scenario->name_count; i++)
        if (!strcasecmp(scenario->names[i].path, path))
            section = scenario->names[i].section;
    for (size_t i = 0; i < scenario->handle_count; i++)
        if (scenario->handles[i].section == section)
            return &scenario->processes[scenario->handles[i].process];
    for (size_t i = 0; i < scenario->node_count; i++)
        if (scenario->nodes[i].kind == LAB_NODE_VIEW && scenario->nodes[i].section == section)
            return &scenario->processes[scenario->nodes[i].process];
    return NULL;
}

static const char *user_of(const struct lab_process *process)
{
    return process && process->identity.user && strcmp(process->identity.user, "none") ? process->identity.user : USER;
}

static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text_of(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return lab_copy_text(text);
}

static char *of_directory(const struct lab_world *world, const char *path)
{
    int length;
    const char *package = package_of(path, &length), *named = within_named_objects(path);
    if (package) {
        const char *user = user_of(process_of_package(world->scenario, package, length));
        return text_of("O:%sG:%sD:" SYSTEM "(A;;0xf000f;;;%s)(A;;0xf000f;;;%.*s)" LOW, user, user, user, length,
                       package);
    }
    if (named && !*named)
        return text_of("O:SYG:SYD:" SYSTEM "(A;;0x2000f;;;WD)(A;;0x2;;;RC)(A;;0x3;;;AC)" LOW);
    if (is_in(path, "\\RPC Control"))
        return text_of("O:SYG:SYD:" SYSTEM "(A;;0x7;;;WD)(A;;0x7;;;RC)(A;;0x7;;;AC)" LOW);
    if (is_in(path, "\\KnownDlls") || is_in(path, "\\KnownDlls32"))
        return text_of("O:BAG:SYD:" LOOK SYSTEM "(A;;0x3;;;RC)" LOOK_APPS TRUSTED, "0x20003");
    if (!path[1] || is_in(path, "\\Sessions"))
        return text_of("O:BAG:SYD:" LOOK SYSTEM "(A;;0x3;;;RC)" LOOK_APPS);
    return text_of("O:BAG:SYD:" LOOK SYSTEM "(A;;0x3;;;RC)");
}

/* A token's default DACL: the user and the system everything, the logon session reading; low makers' objects are low.
 */
static char *of_made_section(const struct lab_world *world, const char *path)
{
    const struct lab_process *maker = maker_of(world->scenario, path);
    const char *user = user_of(maker);
    bool is_low = maker && maker->identity.integrity < 0x2000;
    if (strncmp(user, "S-1-5-21-", 9))
        return text_of("O:%sG:SYD:(A;;0xf001f;;;SY)(A;;0xf001f;;;BA)(A;;0xf001f;;;%s)%s", user, user,
                       is_low ? LOW : "");
    return text_of("O:%sG:%.*s513D:(A;;0xf001f;;;%s)(A;;0xf001f;;;SY)(A;;0x2000d;;;" LOGON ")%s", user,
                   (int)(strrchr(user, '-') + 1 - user), user, user, is_low ? LOW : "");
}

static char *of_section(const struct lab_world *world, const char *path)
{
    int length;
    const char *package = package_of(path, &length);
    if (package) {
        const char *user = user_of(process_of_package(world->scenario, package, length));
        return text_of("O:%sG:%sD:(A;;0xf001f;;;%s)(A;;0xf001f;;;SY)(A;;0xf001f;;;%.*s)" LOW, user, user, user, length,
                       package);
    }
    if (is_in(path, "\\KnownDlls") || is_in(path, "\\KnownDlls32"))
        return text_of("O:BAG:SYD:(A;;0xd;;;WD)(A;;0xf001f;;;SY)(A;;0xf001f;;;BA)(A;;0xd;;;RC)(A;;0xd;;;AC)"
                       "(A;;0xd;;;S-1-15-2-2)" TRUSTED,
                       "0x2000d");
    if (within_session(path) || !within_named_objects(path))
        return of_made_section(world, path);
    /* Services say who may read what they share with all. */
    return text_of("O:SYG:SYD:(A;;0xf001f;;;SY)(A;;0xf001f;;;BA)(A;;0x5;;;AU)");
}

char *lab_security_usual(const struct lab_world *world, enum lab_type type, const char *path)
{
    if (type == LAB_TYPE_DIRECTORY)
        return of_directory(world, path);
    if (type == LAB_TYPE_SECTION)
        return of_section(world, path);
    if (type == LAB_TYPE_SYMBOLIC_LINK)
        return text_of("O:BAG:SYD:(A;;0x20001;;;WD)(A;;0xf0001;;;SY)(A;;0xf0001;;;BA)");
    return text_of("O:BAG:SYD:(A;;GRGX;;;WD)(A;;GA;;;SY)(A;;GA;;;BA)");
}
