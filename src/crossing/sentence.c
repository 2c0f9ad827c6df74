#include "crossing/sentence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows; NULL once memory ran out. */
struct text {
    char *bytes;
    size_t used;
    bool failed;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;
    char *grown;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    grown = text->failed || length < 0 ? NULL : realloc(text->bytes, text->used + (size_t)length + 1);
    if (!grown) {
        text->failed = true;
        return;
    }
    text->bytes = grown;
    va_start(arguments, format);
    vsnprintf(text->bytes + text->used, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->used += (size_t)length;
}

struct sentence {
    const struct sic_crossing_request *request;
    const struct sic_crossings *crossings;
    const struct sic_crossing *crossing;
    char *const *names;
    struct text text;
};

static void put_process(struct sentence *sentence, const struct sic_crossing_side *side, uint32_t index)
{
    uint32_t process = ((const uint32_t *)sentence->crossings->processes.elements)[side->processes.first + index];

    put(&sentence->text, "%s (PID %" PRIu64 ")", sentence->names[process],
        sic_scan_process(sentence->request->scan, process)->id);
}

/* "a.exe (PID 4) and 3 more [low integrity]", "the kernel". */
static void put_side(struct sentence *sentence, const struct sic_crossing_side *side)
{
    struct sic_trust trust = sic_trust_of_class(side->trust);
    char words[SIC_TRUST_TEXT_SIZE];

    if (trust.is_kernel) {
        put(&sentence->text, "the kernel");
        return;
    }
    put_process(sentence, side, 0);
    if (side->processes.count == SIC_SENTENCE_PROCESSES) {
        put(&sentence->text, " and ");
        put_process(sentence, side, 1);
    } else if (side->processes.count > SIC_SENTENCE_PROCESSES) {
        put(&sentence->text, " and %u more", side->processes.count - 1);
    }
    put(&sentence->text, " [%s]", sic_trust_format(&trust, words));
}

static bool is_one(const struct sic_crossing_side *side)
{
    return sic_trust_of_class(side->trust).is_kernel || side->processes.count == 1;
}

/* Whether the processes of both sides are the same: each could hurt another of them. */
static bool are_sides_same(const struct sentence *sentence)
{
    const struct sic_crossing_list *writers = &sentence->crossing->writers.processes;
    const struct sic_crossing_list *readers = &sentence->crossing->readers.processes;
    const uint32_t *processes = sentence->crossings->processes.elements;

    return writers->count == readers->count && writers->count > 1 &&
           memcmp(processes + writers->first, processes + readers->first, writers->listed * sizeof(*processes)) == 0;
}

/* The readers, and that they show it: "that b.exe (PID 8) [high integrity] shows", "that the other shows". */
static void put_readers(struct sentence *sentence, const char *before)
{
    const struct sic_crossing_side *readers = &sentence->crossing->readers;

    put(&sentence->text, "%s", before);
    if (are_sides_same(sentence)) {
        put(&sentence->text, "%s", readers->processes.count == 2 ? "the other shows" : "others of them show");
        return;
    }
    put_side(sentence, readers);
    put(&sentence->text, is_one(readers) ? " shows" : " show");
}

/* Of the names that are judged like the crossing the first: the one whose answer is the best. */
static const struct sic_crossing_name *best_name(const struct sentence *sentence)
{
    const struct sic_crossing *crossing = sentence->crossing;
    const struct sic_crossing_name *names = sentence->crossings->names.elements;
    enum sic_answer wanted = crossing->is_certain ? SIC_ANSWER_YES : SIC_ANSWER_UNKNOWN;

    for (uint32_t i = 0; i < crossing->names.listed; i++) {
        if (names[crossing->names.first + i].access.answer == wanted)
            return &names[crossing->names.first + i];
    }
    return NULL;
}

static void put_path(struct sentence *sentence, const struct sic_crossing_name *name)
{
    char *path = name ? sic_object_path(&sentence->request->meaning->names, name->name) : NULL;

    put(&sentence->text, "%s", path ? path : "it by a name");
    if (name && sic_object_name_is_outside(&sentence->request->meaning->names, name->name))
        put(&sentence->text, " outside the root");
    if (name && name->access.answer == SIC_ANSWER_YES && name->access.reason != SIC_ACCESS_GRANTED)
        put(&sentence->text, " (%s)", sic_access_reason_text(name->access.reason));
    free(path);
}

static void put_view(struct sentence *sentence)
{
    const struct sic_crossing *crossing = sentence->crossing;

    put_side(sentence, &crossing->writers);
    if (sic_trust_of_class(crossing->readers.trust).is_kernel) {
        put(&sentence->text, " can write a section that the kernel maps too, which does not tell what pages it shows");
        return;
    }
    put(&sentence->text, " can write %" PRIu64 " page%s", crossing->pages.pages, crossing->pages.pages == 1 ? "" : "s");
    put_readers(sentence, " that ");
}

static void put_handle(struct sentence *sentence)
{
    const struct sic_crossing *crossing = sentence->crossing;

    put_side(sentence, &crossing->writers);
    put(&sentence->text, "%s", is_one(&crossing->writers) ? " holds a handle" : " hold handles");
    put_readers(sentence, " that can map for writing what ");
}

static void put_name(struct sentence *sentence)
{
    const struct sic_crossing *crossing = sentence->crossing;
    const struct sic_crossing_name *name = best_name(sentence);

    if (!crossing->is_certain)
        put(&sentence->text, "Whether ");
    put_side(sentence, &crossing->writers);
    put(&sentence->text, " could open ");
    put_path(sentence, name);
    put_readers(sentence, " for writing, which ");
    if (!crossing->is_certain)
        put(&sentence->text, ", is not known: %s",
            name ? sic_access_reason_text(name->access.reason) : "no single name decides");
}

static void put_file(struct sentence *sentence)
{
    put(&sentence->text, "Whether ");
    put_side(sentence, &sentence->crossing->writers);
    put(&sentence->text, " could open the file for writing");
    put_readers(sentence, ", which ");
    put(&sentence->text, ", is not known: the file's own access control list is not in memory");
}

/* "low is below medium, another user". */
static void put_gap(struct sentence *sentence)
{
    const struct sic_crossing *crossing = sentence->crossing;
    const struct sic_trust writer = sic_trust_of_class(crossing->writers.trust);
    const struct sic_trust reader = sic_trust_of_class(crossing->readers.trust);
    const struct sic_trust_gap *gap = &crossing->gap;
    const char *separator =
        crossing->is_certain || crossing->way == SIC_CROSSING_VIEW || crossing->way == SIC_CROSSING_HANDLE ? ": "
                                                                                                           : "; ";

    if (crossing->relation == SIC_CROSSING_UNKNOWN) {
        put(&sentence->text, "%swhich of them is more trusted is not known.", separator);
        return;
    }
    if (gap->is_kernel) {
        put(&sentence->text, "%sthe kernel is above every process.", separator);
        return;
    }
    if (gap->is_protection)
        put(&sentence->text, "%sunprotected is below protected", separator);
    else if (gap->levels > 0)
        put(&sentence->text, "%s%s is below %s", separator, sic_trust_level_name(writer.level),
            sic_trust_level_name(reader.level));
    else if (gap->is_container)
        put(&sentence->text, "%sinside an AppContainer is below outside", separator);
    separator = gap->is_protection || gap->levels > 0 || gap->is_container ? ", " : separator;
    if (gap->is_user)
        put(&sentence->text, "%sanother user", separator);
    separator = gap->is_user ? ", " : separator;
    if (gap->is_session)
        put(&sentence->text, "%sanother session", separator);
    put(&sentence->text, ".");
}

char *sic_crossing_sentence(const struct sic_crossing_request *request, const struct sic_crossings *crossings,
                            const struct sic_crossing *crossing, char *const *names)
{
    struct sentence sentence = {.request = request, .crossings = crossings, .crossing = crossing, .names = names};

    switch (crossing->way) {
    case SIC_CROSSING_VIEW:
        put_view(&sentence);
        break;
    case SIC_CROSSING_HANDLE:
        put_handle(&sentence);
        break;
    case SIC_CROSSING_NAME:
        put_name(&sentence);
        break;
    default:
        put_file(&sentence);
        break;
    }
    put_gap(&sentence);
    if (!sentence.text.failed)
        return sentence.text.bytes;
    free(sentence.text.bytes);
    return NULL;
}
