#include "cli/watch_print.h"

#include "cli/difference.h"
#include "cli/json_writer.h"
#include "cli/report.h"

#include <stdarg.h>
#include <stdio.h>

/* The end of what is printed of one scan. */
static enum sic_watch_answer finish(struct sic_output *output, enum sic_watch_answer answer)
{
    if (sic_output_finish(output))
        return answer;
    sic_fail_to_write();
    return SIC_WATCH_NOT_WRITTEN;
}

static enum sic_watch_answer fail_for_memory(void)
{
    sic_fail("out of memory; close other programs and try again");
    return SIC_WATCH_NOT_WRITTEN;
}

static void put_text(struct sic_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One short line. */
static void put_text(struct sic_output *output, const char *format, ...)
{
    char line[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    sic_output_text(output, line);
}

/* What every line of JSON begins with. `since` is NULL for the first scan. */
static void open_line(struct sic_json *json, struct sic_output *output, const char *time, const char *since,
                      const char *error)
{
    sic_json_init(json, output);
    json->is_one_line = true;
    sic_json_open_object(json, NULL);
    sic_json_string(json, "format", "sic-watch");
    sic_json_id(json, "version", 1);
    sic_json_string(json, "time", time);
    sic_json_string(json, "since", since);
    sic_json_string(json, "error", error);
}

/* Error messages are one line, but hold texts of Windows' and of the command line. */
static void copy_line(char *line, size_t size, const char *text)
{
    size_t length = 0;

    for (; length + 1 < size && text[length] != '\0'; length++)
        line[length] = (unsigned char)text[length] < 0x20 || text[length] == 0x7f ? ' ' : text[length];
    line[length] = '\0';
}

static void close_line(struct sic_json *json)
{
    sic_json_close_object(json);
    sic_json_finish(json);
}

/* What one owner maps alone is there for the crossings. */
static uint32_t count_shared(const struct sic_listing *listing)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < listing->regions.count; i++)
        count += listing->selected[i] && sic_region_is_shared(&listing->scan, &listing->regions.regions[i]);
    return count;
}

enum sic_watch_answer sic_watch_print_first(const struct sic_options *options, const struct sic_watched_scan *scan)
{
    const struct sic_listing *listing = &scan->listing;
    struct sic_output output;
    struct sic_json json;

    if (!sic_output_init(&output, stdout))
        return fail_for_memory();
    if (options->form == SIC_FORM_JSON) {
        open_line(&json, &output, scan->time, NULL, NULL);
        sic_json_bool(&json, "complete", sic_listing_is_complete(listing));
        sic_json_string(&json, "difference", NULL);
        close_line(&json);
    } else {
        put_text(&output, "%s first scan: %u processes, %u regions; what changes follows\n", scan->time,
                 (unsigned)listing->scan.processes.count, (unsigned)count_shared(listing));
    }
    return finish(&output, SIC_WATCH_SAME);
}

enum sic_watch_answer sic_watch_print_failure(const struct sic_options *options, const char *time, const char *since,
                                              const char *reason)
{
    struct sic_error line;
    struct sic_output output;
    struct sic_json json;

    /* As text it is said on standard error only. */
    if (options->form != SIC_FORM_JSON)
        return SIC_WATCH_SAME;
    if (!sic_output_init(&output, stdout))
        return fail_for_memory();
    copy_line(line.message, sizeof(line.message), reason);
    open_line(&json, &output, time, since, line.message);
    sic_json_bool(&json, "complete", false);
    sic_json_string(&json, "difference", NULL);
    close_line(&json);
    return finish(&output, SIC_WATCH_SAME);
}

static bool put_comparison(const struct sic_options *options, const struct sic_comparison *comparison,
                           const struct sic_watched_scan *old_scan, const struct sic_watched_scan *new_scan,
                           struct sic_output *output)
{
    bool is_different = comparison->difference.is_different;
    struct sic_json json;
    bool is_whole;

    if (options->form == SIC_FORM_JSON) {
        open_line(&json, output, new_scan->time, old_scan->time, NULL);
        sic_json_bool(&json, "complete", sic_listing_is_complete(&new_scan->listing));
        is_whole = sic_comparison_put_json(&json, "difference", comparison);
        close_line(&json);
        return is_whole;
    }
    put_text(output, "%s %s since %s\n", new_scan->time, is_different ? "changed" : "nothing changed", old_scan->time);
    if (!is_different)
        return true;
    is_whole = sic_comparison_print_text(comparison, options, false, sic_options_want_color(options), output);
    put_text(output, "\n");
    return is_whole;
}

enum sic_watch_answer sic_watch_print(const struct sic_options *options, const struct sic_watched_scan *old_scan,
                                      const struct sic_watched_scan *new_scan)
{
    enum sic_watch_answer answer = SIC_WATCH_NO_MEMORY;
    struct sic_comparison comparison;
    struct sic_output output;

    if (sic_comparison_init(&old_scan->listing, &new_scan->listing, options, false, &comparison) &&
        sic_output_init(&output, stdout)) {
        answer = comparison.difference.is_different ? SIC_WATCH_DIFFERENT : SIC_WATCH_SAME;
        if (!put_comparison(options, &comparison, old_scan, new_scan, &output))
            output.failed = true;
        answer = finish(&output, answer);
    }
    sic_comparison_deinit(&comparison);
    return answer;
}
